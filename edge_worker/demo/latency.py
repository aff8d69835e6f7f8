"""How long after a sentence ended is its translation heard?"""

from collections.abc import Sequence

from edge_worker.demo.record import SpokenUtterance
from edge_worker.verify.reference import ReferenceUtterance

_REACH_NS = 300_000_000
"""A cut may place the end of an utterance this much before the annotated end."""


def speaker_of_end(
    sentence: ReferenceUtterance, spoken: Sequence[SpokenUtterance]
) -> SpokenUtterance | None:
    """The spoken utterance that covers the end of ``sentence``; None when it was not spoken."""
    end_ns = sentence.span.end_ns
    near = [
        u
        for u in spoken
        if u.source.start_ns < end_ns <= u.source.end_ns + _REACH_NS
        and u.source.overlap_ns(sentence.span) > 0
    ]
    return max(near, key=lambda u: u.source.overlap_ns(sentence.span), default=None)


def first_sounds_s(
    reference: Sequence[ReferenceUtterance],
    spoken: Sequence[SpokenUtterance],
    camera_start_utc_ns: int,
) -> dict[str, float]:
    """Seconds from the end of each sentence to its first translated sound, by sentence id.

    The end is the last voiced sample of the annotation, at the wall time it was captured
    (``camera_start_utc_ns`` + media time). The first sound is the publishing of the out segment
    with the first audible translated sample of the utterance that covers that end. Where one
    utterance joined several sentences, a later sentence starts later in it: in proportion to its
    place in the source. Sentences that were never spoken are missing here and counted elsewhere.
    """
    latencies = {}
    for sentence in reference:
        u = speaker_of_end(sentence, spoken)
        if u is None or u.first_publish_utc_ns is None or u.placed is None:
            continue
        before_ns = max(0, sentence.span.start_ns - u.source.start_ns)
        share = before_ns / u.source.duration_ns
        first_ns = u.first_publish_utc_ns + round(share * u.placed.duration_ns)
        ended_ns = camera_start_utc_ns + sentence.span.end_ns
        latencies[sentence.id] = (first_ns - ended_ns) / 1e9
    return latencies
