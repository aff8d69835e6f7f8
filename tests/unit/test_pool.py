"""Models that come when they are asked for and go when others are wanted."""

import gc
import threading
import time
import weakref

import pytest

from engines.pool import Pool


class Engine:
    def __init__(self, name: str) -> None:
        self.name = name


def test_get_when_asked_twice_then_it_is_loaded_once() -> None:
    made: list[str] = []

    def load(name: str) -> Engine:
        made.append(name)
        return Engine(name)

    pool = Pool(load, capacity=2)
    assert pool.get("a") is pool.get("a")
    assert (made, pool.loaded) == (["a"], ("a",))


def test_get_when_there_is_no_room_then_what_was_asked_for_longest_ago_goes() -> None:
    pool = Pool(Engine, capacity=2)
    for name in ("a", "b", "a", "c"):
        pool.get(name)
    assert pool.loaded == ("a", "c")


def test_get_when_one_leaves_while_it_is_used_then_its_user_keeps_it_and_then_it_is_freed() -> None:
    pool = Pool(Engine, capacity=1)
    used = pool.get("a")
    freed = weakref.ref(used)
    pool.get("b")
    assert used.name == "a"
    del used
    gc.collect()
    assert freed() is None


def test_get_when_loading_fails_then_it_is_said_and_tried_again_at_the_next_time() -> None:
    attempts: list[str] = []

    def load(name: str) -> Engine:
        attempts.append(name)
        if len(attempts) == 1:
            raise OSError("damaged")
        return Engine(name)

    pool = Pool(load, capacity=1)
    with pytest.raises(OSError, match="damaged"):
        pool.get("a")
    assert pool.loaded == ()
    assert pool.get("a").name == "a"


def test_get_when_loading_fails_while_another_waits_then_what_that_one_loads_is_in_the_pool() -> (
    None
):
    attempts: list[str] = []
    waiting = threading.Event()

    def load(name: str) -> Engine:
        attempts.append(name)
        if len(attempts) == 1:
            assert waiting.wait(20)
            time.sleep(0.05)  # the other is at the lock by now; were it not, it would load anew
            raise OSError("damaged")
        return Engine(name)

    pool = Pool(load, capacity=2)

    def fail() -> None:
        with pytest.raises(OSError, match="damaged"):
            pool.get("a")

    failing = threading.Thread(target=fail)
    failing.start()

    def ask() -> None:
        waiting.set()
        pool.get("a")

    second = threading.Thread(target=ask)
    second.start()
    for thread in (failing, second):
        thread.join(20)
    assert pool.loaded == ("a",)
    pool.get("a")
    assert len(attempts) == 2


def test_get_when_another_is_still_loading_then_it_does_not_wait_for_it() -> None:
    begun, goes_on = threading.Event(), threading.Event()

    def load(name: str) -> Engine:
        if name == "slow":
            begun.set()
            assert goes_on.wait(20)
        return Engine(name)

    pool = Pool(load, capacity=4)
    slow = threading.Thread(target=pool.get, args=("slow",))
    slow.start()
    assert begun.wait(20)
    assert pool.get("quick").name == "quick"
    assert pool.loaded == ("quick",)
    goes_on.set()
    slow.join(20)
    assert set(pool.loaded) == {"quick", "slow"}


def test_get_when_two_ask_for_the_same_at_once_then_it_is_loaded_once() -> None:
    made: list[str] = []
    both = threading.Barrier(2)

    def load(name: str) -> Engine:
        made.append(name)
        return Engine(name)

    pool = Pool(load, capacity=2)

    def ask() -> None:
        both.wait(20)
        pool.get("a")

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert made == ["a"]


def test_keep_only_when_some_are_wanted_then_the_others_go() -> None:
    pool = Pool(Engine, capacity=4)
    for name in ("a", "b", "c"):
        pool.get(name)
    pool.keep_only({"b"})
    assert pool.loaded == ("b",)
