import pytest

from edge_worker.load import LoadMeter
from edge_worker.metrics import ProcessMeter


async def test_load_when_a_child_took_its_seconds_with_it_then_nothing_is_below_zero(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    meter = ProcessMeter()
    seconds = iter([9.0, 4.0])
    monkeypatch.setattr(meter, "cpu_s", lambda: next(seconds))
    load = LoadMeter(meter)
    assert (await load.measure()).tau > 0
    assert (await load.measure()).tau == 0.0
    assert load.newest.memory_bytes > 0
