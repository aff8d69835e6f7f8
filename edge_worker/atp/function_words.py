"""Words that lean on what follows: a sentence seldom ends on one, a hesitation often does."""

from collections.abc import Mapping


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


FUNCTION_WORDS: Mapping[str, frozenset[str]] = {
    "de": _words("""
        der die das den dem des ein eine einen einem einer eines und oder aber weil dass ob wenn
        als wie in im am auf aus bei beim mit nach von vom zum zur für über unter durch ohne um
        gegen mein meine meinen meinem dein deine sein seine ihr ihre ihren unser unsere ich du er
        wir sehr ganz äh
    """),
    "en": _words("""
        a an the to of for from in on at with by about into and or but because so that who which
        if when while is are am was were be been has have had do does did can could will would
        should may might must my your his her our their its i you he she we they this these those
        very really um uh er
    """),
    "es": _words("""
        el la los las un una unos unas de del al a en con por para sin sobre desde hasta y e o u
        pero porque que si cuando como mi mis tu tus su sus nuestro nuestra me te se le les lo es
        son están soy era fue he ha han muy eh
    """),
    "fr": _words("""
        le la les l un une des de du d à au aux en dans avec pour par sans sur sous chez et ou mais
        parce que qu qui si quand comme mon ma mes ton ta tes son sa ses notre nos votre vos leur
        leurs je j tu il elle on nous vous ils elles me m te se s ne n c ce cette ces est sont suis
        ai ont très euh
    """),
    "it": _words("""
        il lo la i gli le l un uno una di del dello della dei degli delle a al allo alla ai agli
        alle da dal dalla in nel nella nei nelle con per su sul sulla tra fra e ed o ma perché che
        se quando come mio mia miei mie tuo tua suo sua nostro nostra mi ti si ci vi è sono ho ha
        hanno era molto ehm
    """),
    "pt": _words("""
        o a os as um uma uns umas de do da dos das em no na nos nas por pelo pela para pra com sem
        sobre até ao à aos às e ou mas porque que se quando como meu minha meus minhas seu sua seus
        suas nosso nossa este esta esse essa eu nós você ele ela me te lhe é são está estou sou era
        foi tem tenho muito hum
    """),
}
"""By language; a language that is not here is judged without them."""
