from edge_worker.session.presence import Presence

SECOND_NS = 1_000_000_000


def test_presence_when_both_tracks_come_then_nothing_is_missing() -> None:
    presence = Presence()
    for at in range(20):
        presence.picture(at * SECOND_NS)
        presence.sound(at * SECOND_NS)
    assert presence.lacks() == ()
    assert presence.without_picture_ns == 0


def test_presence_when_a_track_stays_away_for_five_seconds_then_it_is_named() -> None:
    for here, missing in (("picture", "sound"), ("sound", "picture")):
        presence = Presence()
        told = []
        for at in range(8):
            getattr(presence, here)(at * SECOND_NS)
            told.append([name for name, _ in presence.lacks()])
        assert told == [[]] * 6 + [[missing]] * 2


def test_presence_when_the_missing_track_comes_then_it_is_over() -> None:
    presence = Presence()
    for at in range(8):
        presence.picture(at * SECOND_NS)
    presence.sound(8 * SECOND_NS)
    assert presence.lacks() == ()
