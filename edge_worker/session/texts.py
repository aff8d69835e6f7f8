"""What was heard, meant and spoken, in the contract's words."""

from edge_worker.atp.listened import PartialSpeech
from edge_worker.items import PlacedSpeech, SyncedSpeech, Utterance
from edge_worker.session.wording import passage, sentence
from mqtt_schemas import PhonemeSpan, SyncedSpeechMessage, UtteranceMessage, UtteranceStage


def partial_message(stream: str, partial: PartialSpeech, target_language: str) -> UtteranceMessage:
    """What has been heard so far of an utterance."""
    heard = partial.hypothesis
    return UtteranceMessage(
        stream=stream,
        utterance="partial",
        epoch=partial.epoch,
        stage=UtteranceStage.PARTIAL,
        start_ns=partial.start_ns,
        end_ns=partial.end_ns,
        source_language=heard.language,
        source_text=passage(heard.text),
        target_language=target_language,
        confidence=heard.confidence,
    )


def utterance_message(
    stream: str,
    utterance: Utterance,
    stage: UtteranceStage,
    placed: PlacedSpeech | None = None,
    *,
    off_camera: bool = False,
) -> UtteranceMessage:
    """An utterance, with its place where it has one."""
    return UtteranceMessage(
        stream=stream,
        utterance=utterance.id,
        epoch=utterance.epoch,
        stage=stage,
        start_ns=utterance.start_ns,
        end_ns=utterance.end_ns,
        source_language=utterance.source_language,
        source_text=passage(utterance.source_text),
        target_language=utterance.target_language,
        target_text=passage(utterance.target_text),
        via=utterance.via,
        confidence=utterance.confidence,
        verdict=utterance.verdict,
        reason=sentence(utterance.reason),
        off_camera=off_camera,
        placed_start_ns=placed.start_ns if placed else None,
        placed_end_ns=placed.end_ns if placed else None,
        speed=placed.speed if placed else None,
    )


def speech_message(
    stream: str,
    speech: SyncedSpeech,
    placed: PlacedSpeech | None = None,
    *,
    worker: str | None = None,
) -> SyncedSpeechMessage:
    """Translated speech, with its place where it has one, else with the worker that made it."""
    utterance = speech.utterance
    return SyncedSpeechMessage(
        stream=stream,
        worker=worker,
        utterance=utterance.id,
        language=utterance.target_language,
        epoch=utterance.epoch,
        text=passage(utterance.target_text),
        source_language=utterance.source_language,
        source_text=passage(utterance.source_text),
        via=utterance.via,
        confidence=utterance.confidence,
        sample_rate=speech.sample_rate,
        samples=len(speech.samples),
        phonemes=tuple(
            PhonemeSpan(symbol=one.symbol, start_ns=one.start_ns, end_ns=one.end_ns)
            for one in speech.phonemes
        ),
        source_start_ns=utterance.start_ns,
        source_end_ns=utterance.end_ns,
        placed_start_ns=placed.start_ns if placed else None,
        speed=placed.speed if placed else 1.0,
    )
