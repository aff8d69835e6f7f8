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
