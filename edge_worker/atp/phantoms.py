# ruff: noqa: RUF001 - the letters of many scripts are meant
"""Text that recognizers write when nobody spoke: film credits, thanks, notes in brackets."""

import re
from dataclasses import dataclass

from engines.text import unmarked

_CREDITS = re.compile(
    r"amara\.?\s?org|\bwww\.|https?:|dimatorzok"
    r"|\bsubtitl(es|ed) by|\btranscri(bed|ption) by|\bthanks? (you )?for watching|\bsubscribe to"
    r"|\blegendas? (por|pela|feitas?)|\blegendado por|\btranscrição (e|por)|\binscreva-se"
    r"|\bsubt[ií]tulos (realizados|por|creados)|\bgracias por ver|\bsuscríbete"
    r"|\bsous-titr(es|age)|\bmerci d'avoir regardé|\babonnez-vous"
    r"|\buntertitel(ung)?\b|\bfürs zuschauen|\bim auftrag des zdf|\bcopyright wdr"
    r"|\bsottotitoli|\bgrazie per (la visione|aver guardato)|\biscrivetevi al canale"
    r"|\bondertitel(ing|d)|\bbedankt voor het kijken|\btv gelderland"
    r"|\bnapisy (stworzone|wykonał|robi)|\bdziękuję za (obejrzenie|oglądanie)"
    r"|\bpentru vizionare|\bsă (vă abonați|dați like)|\bsubtitrarea"
    r"|\bсубтитр|\bспасибо за просмотр|\bпродолжение следует|\bподписывайтесь на"
    r"|\bдякую за перегляд|\bпідписуйтесь на"
    r"|\baltyazı|izlediğiniz için teşekkür|\babone ol"
    r"|ترجمة نانسي|اشتركوا في القناة|شكرا (لل|على ال)مشاهد"
    r"|以下是普通[话話]的句子|字幕|点赞|點贊|明[镜鏡][与與]|打[赏賞]支持|(谢谢|謝謝|感谢|感謝)(大家)?(观看|觀看|收看|收听|收聽)",
    re.IGNORECASE,
)
"""Nobody says these at a door: always rejected."""

_PLEASANTRIES = frozenset(
    {
        *("thank you", "thanks", "you", "bye", "bye bye", "okay", "oh", "so", "hmm", "the"),
        *("obrigado", "obrigada", "muito obrigado", "muito obrigada", "tchau", "e aí", "é", "e"),
        *("gracias", "muchas gracias", "adiós", "sí", "y", "merci", "merci beaucoup", "au revoir"),
        *("vielen dank", "danke", "tschüss", "ja", "grazie", "grazie mille", "ciao", "sì"),
        *("bedankt", "dank je wel", "dank u wel", "doei", "dziękuję", "dzięki", "tak", "no"),
        *("mulțumesc", "da", "спасибо", "большое спасибо", "да", "ну", "пока", "дякую", "так"),
        *("teşekkürler", "teşekkür ederim", "evet", "tamam", "شكرا", "شكرا لكم", "نعم"),
        *("谢谢", "謝謝", "谢谢大家", "謝謝大家", "再见", "再見", "嗯", "好", "啊"),
        *("o que é isso", "apenas de novo", "what is this", "qué es esto"),
    }
)
"""Said at doors as well: rejected only where the sound was hardly speech."""

_NOTE = re.compile(r"\[[^\]]*\]|\([^)]*\)|（[^）]*）|【[^】]*】|\*[^*]*\*|[♪♫🎵]+")
_SYLLABIC = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_NOT_LETTERS = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class PhantomOptions:
    """From where on text is not believed."""

    hardly_speech: float = 0.35
    """No-speech probability at which a pleasantry is not believed."""
    no_speech: float = 0.6
    """No-speech probability at which only confident text is believed."""
    confident: float = 0.6
    """Confidence that makes up for either."""
    blip_ns: int = 200_000_000
    """Less voice than this cannot have said a pleasantry."""
    letters_per_second: float = 40.0
    """Nobody speaks faster; counted over the voiced time plus one second. A Chinese character is a
    syllable and counts as three."""


def is_phantom(
    text: str,
    *,
    confidence: float,
    no_speech: float,
    voiced_ns: int,
    options: PhantomOptions = PhantomOptions(),
) -> bool:
    """Whether ``text`` was made up from sound that was no speech (empty text counts as such).

    Args:
        text: what the recognizer wrote.
        confidence: its mean token probability.
        no_speech: its probability that nobody spoke.
        voiced_ns: how much voice the voice detector found in the sound.
        options: thresholds.
    """
    spoken = unmarked(_NOTE.sub(" ", text))
    plain = _NOT_LETTERS.sub(" ", spoken.lower()).strip()
    if not plain or _CREDITS.search(spoken):
        return True
    if _letters(plain) > options.letters_per_second * (voiced_ns / 1e9 + 1.0):
        return True
    if no_speech > options.no_speech and confidence < options.confident:
        return True
    weak = no_speech > options.hardly_speech or confidence < options.confident
    return plain in _PLEASANTRIES and (weak or voiced_ns < options.blip_ns)


def _letters(plain: str) -> int:
    return len(plain) + 2 * len(_SYLLABIC.findall(plain))
