"""The annotation beside a film is read with care."""

import json
from pathlib import Path

import pytest

from edge_worker.captions import Caption
from edge_worker.span import Span, covered_ns
from edge_worker.verify.reference import Reference, read_reference, reference_shift_ns
from tests.unit.verify.conftest import SECOND, as_if_translated


def test_reference_of_the_sample_lies_within_its_film(reference: Reference) -> None:
    assert (reference.source_language, reference.target_language) == ("pt", "en")
    assert len(reference.utterances) == 18
    ends = [u.span.end_ns for u in reference.utterances]
    starts = [u.span.start_ns for u in reference.utterances]
    assert all(a < b for a, b in zip(ends, starts[1:], strict=False))
    assert starts[0] > 1_000_000_000
    assert ends[-1] < reference.duration_ns
    assert 0.5 < reference.speech_share < 0.7


@pytest.mark.parametrize("field", ["duration_ns", "utterances", "source_language"])
def test_reference_when_a_field_is_missing_names_it(
    sample: Path, tmp_path: Path, field: str
) -> None:
    data = json.loads((sample / "reference.json").read_text(encoding="utf-8"))
    del data[field]
    path = tmp_path / "reference.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(ValueError, match=f"reference.json.*{field}"):
        read_reference(path)


def test_reference_when_it_is_no_json_says_so(tmp_path: Path) -> None:
    path = tmp_path / "reference.json"
    path.write_text("hello", encoding="utf-8")
    with pytest.raises(ValueError, match="not a reference annotation"):
        read_reference(path)


def test_covered_when_spans_meet_in_part_is_the_common_part() -> None:
    assert covered_ns(Span(10, 20), [Span(0, 12), Span(15, 16), Span(30, 40)]) == 3


def test_shift_when_the_film_began_later_is_found_by_what_was_said(reference: Reference) -> None:
    said = as_if_translated(reference, 30).entries
    late = [
        Caption(one.source_text.upper(), "", one.source.shifted(-3 * SECOND))
        for one in said[2:]
        if one.source is not None
    ]
    assert reference_shift_ns(reference, late) == -3 * SECOND


def test_shift_when_nothing_of_the_reference_was_said_is_unknown(reference: Reference) -> None:
    other = Caption("xyz", "", Span(0, SECOND))
    assert reference_shift_ns(reference, [other]) is None
