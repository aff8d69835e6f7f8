from edge_worker.session.epochs import Epochs


def test_epoch_when_it_is_new_then_it_is_in_force() -> None:
    epochs = Epochs()
    assert epochs.enter("a", "a")
    assert epochs.enter("b", "b")
    assert epochs.current == "b"


def test_epoch_when_it_is_over_then_it_counts_only_as_the_senders_newest() -> None:
    epochs = Epochs()
    epochs.enter("a", "a")
    epochs.enter("b", "b")
    assert not epochs.enter("a", "b")
    assert epochs.current == "b"
    assert epochs.enter("a", "a")
    assert not epochs.enter("b", "a")
    assert epochs.current == "a"
