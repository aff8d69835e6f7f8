from edge_worker.session.visit import Visit

SECOND_NS = 1_000_000_000


def test_visit_when_somebody_rang_then_it_lasts_two_minutes_from_the_last_word() -> None:
    now_ns = 0
    visit = Visit(lambda: now_ns)
    visit.go_on()
    seen = [visit.lasts]
    visit.begin()
    for later_ns in (119 * SECOND_NS, 119 * SECOND_NS, 121 * SECOND_NS):
        now_ns += later_ns
        seen.append(visit.lasts)
        visit.go_on()
    seen.append(visit.lasts)
    assert seen == [False, True, True, False, False]
