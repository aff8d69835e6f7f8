import socket
from collections.abc import Callable
from typing import cast

import numpy as np
import pytest
from wyoming.asr import Transcribe, Transcript, TranscriptChunk, TranscriptStart, TranscriptStop
from wyoming.audio import AudioChunk, AudioStop
from wyoming.error import Error
from wyoming.event import Event

from engines import EngineTimeoutError, EngineUnavailableError
from engines.asr import UnknownLanguageError
from engines.asr.wyoming import ASSUMED_CONFIDENCE, WyomingRecognizer
from tests.unit.wyoming_server import Answer, HangUp, asr, serving

SPEECH = np.linspace(-0.5, 0.5, 20_000, dtype=np.float32)
EAR = asr(("tiny", ["pt", "en"]), ("big", ["pt_BR", "de-DE"]))


def saying(*answer: Event | bytes) -> Callable[[Event], Answer]:
    """Answers so once the sound has ended."""
    return lambda event: answer if AudioStop.is_type(event.type) else ()


def test_languages_are_those_of_the_servers_models() -> None:
    with serving(EAR) as uri:
        assert WyomingRecognizer(uri).languages == {"pt", "en", "de"}
        assert WyomingRecognizer(uri, model="tiny").languages == {"pt", "en"}


def test_transcribe_sends_the_sound_as_16_bit_in_the_servers_own_name_of_the_language() -> None:
    asked: list[Event] = []

    def answer(event: Event) -> Answer:
        asked.append(event)
        return [Transcript(" Bom dia. ").event()] if AudioStop.is_type(event.type) else []

    with serving(EAR, answer) as uri:
        heard = WyomingRecognizer(uri, model="big").transcribe(SPEECH, language="pt")
    assert (heard.text, heard.language) == ("Bom dia.", "pt")
    assert heard.confidence == ASSUMED_CONFIDENCE
    request = Transcribe.from_event(asked[0])
    assert (request.name, request.language) == ("big", "pt_BR")
    chunks = [AudioChunk.from_event(event) for event in asked if AudioChunk.is_type(event.type)]
    assert {(chunk.rate, chunk.width, chunk.channels) for chunk in chunks} == {(16_000, 2, 1)}
    sent = np.frombuffer(b"".join(chunk.audio for chunk in chunks), "<i2") / 32767
    np.testing.assert_allclose(sent, SPEECH, atol=1e-4)


def test_transcribe_when_the_server_streams_then_the_pieces_are_joined() -> None:
    pieces = [
        TranscriptStart(language="pt-BR").event(),
        TranscriptChunk("Bom ").event(),
        TranscriptChunk("dia.").event(),
        TranscriptStop().event(),
    ]
    with serving(EAR, saying(*pieces)) as uri:
        heard = WyomingRecognizer(uri).transcribe(SPEECH, language="pt")
    assert (heard.text, heard.language) == ("Bom dia.", "pt")


def test_transcribe_when_a_whole_text_comes_before_the_pieces_end_then_it_counts() -> None:
    pieces = [TranscriptChunk("Bon d").event(), Transcript("Bom dia.").event()]
    with serving(EAR, saying(*pieces)) as uri:
        assert WyomingRecognizer(uri).transcribe(SPEECH, language="pt").text == "Bom dia."


def test_transcribe_when_nothing_was_heard_then_no_confidence() -> None:
    with serving(EAR, saying(Transcript("").event())) as uri:
        assert WyomingRecognizer(uri).transcribe(SPEECH, language="pt").confidence == 0.0


def test_languages_heard_when_the_server_names_it_then_its_text_is_not_asked_for_again() -> None:
    asked: list[str] = []

    def answer(event: Event) -> Answer:
        asked.append(event.type)
        said = [Transcript("Guten Tag.", language="de-DE").event()]
        return said if AudioStop.is_type(event.type) else []

    with serving(EAR, answer) as uri:
        ear = WyomingRecognizer(uri)
        assert ear.languages_heard(SPEECH) == {"de": 1.0}
        assert ear.transcribe(SPEECH, language="de").text == "Guten Tag."
    assert asked.count("audio-stop") == 1


def naming(
    *languages: str | None, text: str = "Guten Tag."
) -> tuple[Callable[[Event], Answer], list[str]]:
    """Names these languages one after another; what it was asked."""
    asked: list[str] = []
    left = [*languages]

    def answer(event: Event) -> Answer:
        if not AudioStop.is_type(event.type):
            return []
        asked.append(event.type)
        language = left.pop(0)
        return [Transcript(text if language != "" else "", language=language or None).event()]

    return answer, asked


def test_languages_heard_when_the_server_names_none_then_says_what_to_set_and_gives_up() -> None:
    answer, asked = naming(None, None, None)
    with serving(EAR, answer) as uri:
        ear = WyomingRecognizer(uri)
        for _ in range(5):
            with pytest.raises(UnknownLanguageError, match="set the stream's source_language"):
                ear.languages_heard(SPEECH)
    assert len(asked) == 3


def test_languages_heard_when_noise_comes_between_then_the_server_is_asked_on() -> None:
    noise = ""
    answer, asked = naming(noise, noise, noise, noise, None, None, "de-DE", None, None, "pt")
    with serving(EAR, answer) as uri:
        ear = WyomingRecognizer(uri)
        heard = []
        for _ in range(10):
            try:
                heard.append(ear.languages_heard(SPEECH))
            except UnknownLanguageError:
                continue
    assert (heard, len(asked)) == ([{"de": 1.0}, {"pt": 1.0}], 10)


def test_languages_heard_when_the_server_knows_one_then_it_is_that() -> None:
    with serving(asr(("vosk", ["pt"]))) as uri:
        assert WyomingRecognizer(uri).languages_heard(SPEECH) == {"pt": 1.0}


def test_transcribe_when_the_language_is_unknown_then_names_those_that_are_known() -> None:
    with serving(EAR) as uri, pytest.raises(UnknownLanguageError, match=r"'ja'.*de, en, pt"):
        WyomingRecognizer(uri).transcribe(SPEECH, language="ja")


def test_transcribe_when_given_what_it_cannot_take_then_refuses_without_asking() -> None:
    with serving(EAR) as uri:
        ear = WyomingRecognizer(uri)
        assert not ear.takes_prefix
        with pytest.raises(ValueError, match="takes no prefix"):
            ear.transcribe(SPEECH, language="pt", prefix="Bom")
        with pytest.raises(ValueError, match=r"31\.2 s"):
            ear.transcribe(np.zeros(500_000, np.float32), language="pt")
        with pytest.raises(UnknownLanguageError, match="only transcribes"):
            ear.translate_to_english(SPEECH, language="pt")


@pytest.mark.parametrize(
    ("answer", "what"),
    [
        ([Error("secret words", "Crash").event()], r"reports an error \(Crash"),
        ([b"HTTP/1.1 400 Bad Request\r\n\r\n"], "not the Wyoming protocol"),
        ([b'{"type": "transcript", "payload_length": 9}\nshort'], "did not answer within"),
        ([b'["a", "list"]\n'], "not the Wyoming protocol"),
        ([b'{"type": "transcript", "data_length": "9"}\n'], "not the Wyoming protocol"),
        ([b'{"no": "type"}\n'], "not the Wyoming protocol"),
        ([b'{"type": "error", "data": [1]}\n'], "not the Wyoming protocol"),
        ([b'{"type": "transcript", "payload_length": 1e24}\n'], "not the Wyoming protocol"),
        (
            [b'{"type": "transcript", "payload_length": 100000000000000}\n'],
            "sent more than 64000000",
        ),
        ([b'{"type": "info", "data_length": 1' + b"0" * 24 + b"}\n"], "sent more than 4000000"),
        ([b'{"type": "info", "data": ' + b"[" * 200_000 + b"\n"], "not the Wyoming protocol"),
        ([b"x" * 5_000_000], "sent more than 4000000"),
    ],
)
def test_transcribe_when_the_server_answers_badly_then_a_clear_error(
    answer: Answer, what: str
) -> None:
    with serving(EAR, saying(*answer)) as uri:
        ear = WyomingRecognizer(uri, timeout_s=1.0)
        with pytest.raises(EngineUnavailableError, match=what) as error:
            ear.transcribe(SPEECH, language="pt")
    assert uri in str(error.value)
    assert "secret" not in str(error.value)


def test_transcribe_when_the_server_hangs_up_then_the_next_call_works() -> None:
    answers = [[], [Transcript("Olá.").event()]]

    def answer(event: Event) -> Answer:
        if not AudioStop.is_type(event.type):
            return ()
        if said := answers.pop(0):
            return said
        raise HangUp

    with serving(EAR, answer) as uri:
        ear = WyomingRecognizer(uri)
        with pytest.raises(EngineUnavailableError, match="ended the conversation"):
            ear.transcribe(SPEECH, language="pt")
        assert ear.transcribe(SPEECH, language="pt").text == "Olá."


def test_transcribe_when_the_server_is_silent_then_gives_up_and_spares_the_queue() -> None:
    asked: list[Event] = []

    def answer(event: Event) -> Answer:
        asked.append(event)
        return ()

    with serving(EAR, answer) as uri:
        ear = WyomingRecognizer(uri, timeout_s=0.2)
        with pytest.raises(EngineUnavailableError, match=r"within 0\.2 s"):
            ear.transcribe(SPEECH, language="pt")
        before = len(asked)
        with pytest.raises(EngineUnavailableError, match="left alone for 5 s"):
            ear.transcribe(SPEECH, language="pt")
    assert len(asked) == before


def test_transcribe_when_the_server_floods_then_stops_reading() -> None:
    flood = b'{"type": "transcript-chunk", "payload_length": 70000000}\n' + bytes(70_000_000)
    with serving(EAR, saying(flood)) as uri:
        ear = WyomingRecognizer(uri)
        with pytest.raises(EngineUnavailableError, match="more than 64000000 bytes"):
            ear.transcribe(SPEECH, language="pt")


@pytest.mark.parametrize(
    ("info", "model", "what"),
    [
        (asr(), "", "offers no speech recognition"),
        (EAR, "huge", "no recognition model 'huge', only tiny, big"),
        (Event("info", {"asr": [{"name": 1}]}), "", "describes itself"),
        (Event("info", {"asr": 3}), "", "describes itself"),
        (asr((cast("str", 5), ["pt"])), "", "describes itself"),
        (asr(("tiny", cast("list[str]", None))), "", "describes itself"),
    ],
)
def test_load_when_the_server_is_of_another_kind_then_says_so(
    info: Event, model: str, what: str
) -> None:
    with serving(info) as uri, pytest.raises(EngineUnavailableError, match=what):
        WyomingRecognizer(uri, model=model)


def test_load_when_nobody_listens_then_names_the_address() -> None:
    with serving(EAR) as uri:
        pass
    with pytest.raises(EngineUnavailableError, match=rf"{uri} cannot be reached"):
        WyomingRecognizer(uri)


def test_load_when_a_language_is_no_text_then_the_others_count() -> None:
    with serving(asr(("tiny", ["pt", cast("str", None), ""]))) as uri:
        assert WyomingRecognizer(uri).languages == {"pt"}


def test_load_when_the_server_does_not_even_connect_then_says_that(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def late(*_: object) -> socket.socket:
        raise TimeoutError

    monkeypatch.setattr("socket.create_connection", late)
    with pytest.raises(EngineTimeoutError, match="could not be reached within 2 s"):
        WyomingRecognizer("tcp://192.0.2.1:10300")


@pytest.mark.parametrize(
    "uri", ["", "localhost:10300", "tcp://localhost", "http://a:1", "tcp://a:x"]
)
def test_load_when_the_address_is_wrong_then_says_what_fits(uri: str) -> None:
    with pytest.raises(ValueError, match="tcp://host:port"):
        WyomingRecognizer(uri)
