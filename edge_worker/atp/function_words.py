# ruff: noqa: RUF001 - the letters of many scripts are meant
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
    "ar": _words("""
        في من على إلى الى عن مع و أو او ثم لكن لأن لان أن ان إن بأن الذي التي الذين هذا هذه ذلك تلك
        كل بعض غير بين عند لدى حتى منذ إذا اذا لو كي لم لن لا ما قد سوف هو هي كان كانت يا حول تحت
        فوق أمام خلف أريد اريد يعني
    """),
    "nl": _words("""
        de het een van voor op in aan met bij naar uit over onder door zonder tegen om te en of maar
        omdat want dat die als wanneer terwijl hoe mijn jouw je zijn haar ons onze hun ik hij zij ze
        we wij jullie is ben was heb heeft had kan wil moet zal zou heel erg eh
    """),
    "pl": _words("""
        w we z ze na do od dla przy przez pod nad przed za o u bez po między i a oraz lub albo ale
        bo że żeby jeśli gdy kiedy jak który która które co mój moja moje twój twoja jego jej nasz
        ten ta to te jest są był była mam ma nie bardzo yyy
    """),
    "ro": _words("""
        un o unei unui cel cea cei de la în din pe cu pentru prin fără sub peste spre până și sau
        dar că să dacă când cum care ce mea meu mei tău ta lui ei lor al a ai ale este e sunt era am
        ai are au nu mă te se îl îi foarte ăă
    """),
    "ru": _words("""
        в во на с со к ко у о об от до из за по под над при про для без через между и а но или что
        чтобы если когда как который которая которые потому мой моя мои твой ваш ваша наш его её их
        этот эта это я ты мы вы он она они не ни есть был была очень э
    """),
    "tr": _words("""
        ve veya ya ama fakat ancak çünkü ki eğer bir bu şu o her hiç bazı çok daha en benim senin
        onun bizim sizin onların hem ne yani şey acaba sanki diye ııı
    """),
    "uk": _words("""
        в у на з зі із до від для по під над при про без через між за о об і й та а але або що щоб
        якщо коли як який яка які бо мій моя мої твій ваш ваша наш його її їх цей ця це я ти ми ви
        він вона вони не ні є був була дуже е
    """),
    "zh": _words("""
        的 地 得 和 跟 与 與 或 或者 在 把 被 给 給 对 對 从
        從 向 往 到 为 為 为了 為了 因为 因為 所以 但 但是 可是 如果 要是 虽然
        雖然 而 而且 这个 這個 那个 那個 一个 一個 我 你 您 他 她 它 我们 我們
        你们 你們 他们 他們 是 很 非常 想 要 会 會 能 就 也 都 还 還
        不 没 沒
    """),
}
"""By language; a language that is not here is judged without them."""
