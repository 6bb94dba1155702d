"""Threads do what they are given, tell what fails, and end."""

import threading
import time

import pytest

from lossbench.engine.threads import lent_threads, threads


def test_every_task_is_done_when_it_returns_and_threads_end_with_the_loan() -> None:
    before, done = threading.active_count(), [0, 0, 0]

    def add(index: int) -> None:
        time.sleep(0.001 * index)
        done[index] += 1

    with lent_threads(3):
        for times in range(1, 20):
            threads().do([lambda index=index: add(index) for index in range(3)])
            assert done == [times] * 3
        assert threading.active_count() == before + 2
        with lent_threads(1):
            assert threads().count == 3
    assert threading.active_count() == before
    assert threads().count == 1


def test_what_a_task_raises_is_raised_and_the_threads_go_on() -> None:
    def fails() -> None:
        raise ZeroDivisionError

    done: list[int] = []
    with lent_threads(2):
        for tasks in ([lambda: done.append(1), fails], [fails, lambda: done.append(1)]):
            with pytest.raises(ZeroDivisionError):
                threads().do(tasks)
        threads().do([lambda: done.append(1)] * 2)
    assert len(done) == 4


def test_an_interrupt_leaves_no_thread_behind() -> None:
    before = threading.active_count()

    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), lent_threads(2):
        threads().do([interrupted, lambda: time.sleep(0.05)])
    assert threading.active_count() == before


def test_what_is_lent_in_one_thread_is_not_lent_in_another() -> None:
    counts: list[int] = []
    with lent_threads(2):
        other = threading.Thread(target=lambda: counts.append(threads().count))
        other.start()
        other.join()
    assert counts == [1]
