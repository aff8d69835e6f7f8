from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from engines import EngineUnavailableError
from engines.asr import SAMPLE_RATE
from engines.asr.whisper import WhisperRecognizer, _fastest, _script
from engines.catalogue import Catalogue

CLIPS = Path(__file__).parents[2] / "data" / "speech_pt"


@pytest.fixture(scope="module")
def whisper() -> WhisperRecognizer:
    folder = Catalogue.load().locate("whisper-base")
    if folder is None:
        pytest.skip("whisper-base is not on this machine")
    return WhisperRecognizer(folder, threads=2)


def _clip(start_s: float, end_s: float) -> NDArray[np.float32]:
    with av.open(str(CLIPS / "u01.flac")) as container:
        frames = [frame.to_ndarray().reshape(-1) for frame in container.decode(audio=0)]
    samples = np.concatenate(frames).astype(np.float32) / np.float32(32768)
    return samples[int(start_s * SAMPLE_RATE) : int(end_s * SAMPLE_RATE)]


def test_loading_from_a_folder_without_model_names_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailableError, match=r"model\.bin is missing"):
        WhisperRecognizer(tmp_path)


@pytest.mark.models
def test_loading_a_broken_model_says_so(tmp_path: Path) -> None:
    for name in ("model.bin", "config.json", "tokenizer.json"):
        (tmp_path / name).write_text("{}")
    with pytest.raises(EngineUnavailableError, match="cannot be loaded"):
        WhisperRecognizer(tmp_path)


@pytest.mark.models
def test_transcribe_of_a_sentence_gives_its_words(whisper: WhisperRecognizer) -> None:
    heard = whisper.transcribe(_clip(0.3, 2.4), language="pt-BR")
    assert heard.text == "Olá, aqui é o encanador."
    assert heard.language == "pt"
    assert 0.7 < heard.confidence <= 1.0
    assert heard.no_speech < 0.1


@pytest.mark.models
def test_transcribe_with_a_prefix_gives_only_what_follows_it(whisper: WhisperRecognizer) -> None:
    heard = whisper.transcribe(_clip(0.3, 7.4), language="pt", prefix="Olá, aqui é o encanador.")
    assert heard.text.startswith("O s")
    assert "Olá" not in heard.text
    assert heard.confidence > 0.7


@pytest.mark.models
def test_languages_heard_puts_the_spoken_language_first(whisper: WhisperRecognizer) -> None:
    heard = whisper.languages_heard(_clip(2.7, 7.4))
    assert next(iter(heard)) == "pt"
    assert heard["pt"] > 0.9
    assert sum(heard.values()) == pytest.approx(1.0, abs=0.01)
    assert set(heard) == whisper.languages


@pytest.mark.models
def test_language_then_text_of_the_same_sound_encodes_once(
    whisper: WhisperRecognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded: list[int] = []
    encode = whisper._model.encode

    def counted(features: object) -> object:
        encoded.append(1)
        return encode(features)

    monkeypatch.setattr(whisper._model, "encode", counted)
    samples = _clip(0.3, 2.4)
    whisper.languages_heard(samples)
    whisper.transcribe(samples, language="pt")
    assert len(encoded) == 1
    whisper.transcribe(samples.copy(), language="pt")
    assert len(encoded) == 2


@pytest.mark.models
def test_translate_to_english_gives_english(whisper: WhisperRecognizer) -> None:
    heard = whisper.translate_to_english(_clip(7.3, 9.4), language="pt")
    assert heard.language == "en"
    assert "open" in heard.text.lower()


@pytest.mark.models
@pytest.mark.parametrize("samples", [0, 1, 100, SAMPLE_RATE])
def test_transcribe_of_silence_of_any_length_is_empty(
    whisper: WhisperRecognizer, samples: int
) -> None:
    heard = whisper.transcribe(np.zeros(samples, np.float32), language="pt")
    assert heard.text == ""
    assert heard.confidence == 0.0


@pytest.mark.models
def test_transcribe_refuses_too_much_sound_and_unknown_languages(
    whisper: WhisperRecognizer,
) -> None:
    with pytest.raises(ValueError, match="more than the 30 s"):
        whisper.transcribe(np.zeros(31 * SAMPLE_RATE, np.float32), language="pt")
    with pytest.raises(ValueError, match="does not know the language 'tlh'"):
        whisper.transcribe(_clip(0.3, 2.4), language="tlh")


@pytest.mark.models
def test_transcribe_when_a_script_is_asked_for_then_the_prompt_takes_nothing_from_the_text(
    whisper: WhisperRecognizer,
) -> None:
    heard = whisper.transcribe(_clip(0.3, 2.4), language="zh-tw")
    assert heard.language == "zh"
    assert "\u666e\u901a\u8a71" not in heard.text


@pytest.mark.parametrize(
    ("tag", "script"),
    [("zh", ""), ("zh-TW", "hant"), ("zh_CN", "hans"), ("zh-Hant-HK", "hant"), ("pt-br", "")],
)
def test_script_is_what_the_tag_asks_for(tag: str, script: str) -> None:
    assert _script(tag) == script


@pytest.mark.parametrize(
    ("device", "supported", "chosen"),
    [
        ("cpu", {"int8", "float32"}, "int8"),
        ("cpu", {"float32"}, "float32"),
        ("cuda", {"float16", "int8", "float32"}, "float16"),
        ("cuda", {"int8", "float32"}, "int8"),
    ],
)
def test_arithmetic_is_the_fastest_that_the_device_has(
    device: str, supported: set[str], chosen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ctranslate2.get_supported_compute_types", lambda _: supported)
    assert _fastest(device) == chosen


def test_arithmetic_when_there_is_no_such_device_then_says_so() -> None:
    with pytest.raises(EngineUnavailableError, match="no device 'tpu'"):
        _fastest("tpu")
