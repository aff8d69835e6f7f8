# ruff: noqa: RUF001 - the letters of many scripts are meant
import pytest

from edge_worker.atp.phantoms import is_phantom

from .fakes import MS, SECOND


def _phantom(
    text: str, confidence: float = 0.9, no_speech: float = 0.01, voiced_ns: int = SECOND
) -> bool:
    return is_phantom(text, confidence=confidence, no_speech=no_speech, voiced_ns=voiced_ns)


@pytest.mark.parametrize(
    "text",
    [
        "Legendas pela comunidade Amara.org",
        "Legendas por Sônia Ruberti",
        "Subtítulos realizados por la comunidad de Amara.org",
        "Sous-titres réalisés para la communauté d'Amara.org",
        "Thanks for watching!",
        "Untertitel im Auftrag des ZDF für funk, 2017",
        "Sottotitoli creati dalla comunità Amara.org",
        "TV GELDERLAND 2021",
        "Napisy stworzone przez społeczność Amara.org",
        "Vă mulțumim pentru vizionare!",
        "Субтитры сделал DimaTorzok",
        "Продолжение следует...",
        "Дякую за перегляд!",
        "Altyazı M.K.",
        "İzlediğiniz için teşekkür ederim.",
        "اشتركوا في القناة",
        "ترجمة نانسي قنقر",
        "شكراً للمشاهدة",
        "请不吝点赞 订阅 转发 打赏支持明镜与点点栏目",
        "字幕由 Amara.org 社群提供",
        "謝謝觀看",
        "（音乐）",
        "[Música]",
        "♪♪♪",
        " ... ",
        "",
    ],
)
def test_credits_notes_and_nothing_are_phantoms_however_sure(text: str) -> None:
    assert _phantom(text, confidence=0.99)


def test_thanks_clearly_spoken_are_heard() -> None:
    assert not _phantom("Obrigado.")
    assert not _phantom("Thank you.", voiced_ns=400 * MS)


@pytest.mark.parametrize(
    "text",
    [
        "Спасибо.",
        "Дякую!",
        "谢谢。",
        "謝謝",
        "شُكْرًا",
        "Teşekkürler.",
        "Mulțumesc.",
        "Dziękuję.",
        "Bedankt.",
    ],
)
def test_thanks_of_any_language_are_heard_only_where_somebody_spoke(text: str) -> None:
    assert not _phantom(text)
    assert _phantom(text, voiced_ns=100 * MS)


def test_text_of_syllables_is_faster_said_than_it_is_long() -> None:
    assert _phantom("我有一个包裹要给三楼的邻居请开门" * 2, voiced_ns=SECOND)
    assert not _phantom("我有一个包裹要给三楼的邻居", voiced_ns=2 * SECOND)


def test_thanks_from_hardly_any_speech_are_phantoms() -> None:
    assert _phantom("Obrigado.", no_speech=0.5)
    assert _phantom("Obrigado.", confidence=0.4)
    assert _phantom("Obrigado.", voiced_ns=100 * MS)


def test_unsure_words_from_probably_no_speech_are_phantoms() -> None:
    assert _phantom("O que você quer dizer?", confidence=0.5, no_speech=0.8)
    assert not _phantom("O que você quer dizer?", confidence=0.8, no_speech=0.8)


def test_more_text_than_anybody_can_say_is_a_phantom() -> None:
    assert _phantom("abc def ghi " * 20, voiced_ns=500 * MS)
    assert not _phantom("Tenho uma encomenda para o apartamento doze.", voiced_ns=2 * SECOND)
