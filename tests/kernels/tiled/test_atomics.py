"""Each atomic operation alone, by several threads at once, and read back from the cache of compiled code."""

import threading

import numba
import numpy as np
import pytest
from numba.core.errors import TypingError
from processes import python

from refnet.kernels.jit import jit
from refnet.kernels.tiled import atomics
from refnet.kernels.tiled.atomics import compare_and_swap, fetch_add, load, pause, store, yield_processor

pytestmark = pytest.mark.jit

TURNS = 300_000


@jit
def loaded(state, i):
    return load(state, i)


@jit
def stored(state, i, new):
    store(state, i, new)


@jit
def added(state, i, number):
    return fetch_add(state, i, number)


@jit
def swapped(state, i, old, new):
    return compare_and_swap(state, i, old, new)


@jit
def waited():
    pause()
    yield_processor()


@jit
def counted_by_adding(state, turns):
    for _ in range(turns):
        fetch_add(state, 1, 1)
        pause()  # keeps the compiler from adding all at once, if it could


@jit
def counted_by_swapping(state, turns):
    for _ in range(turns):
        seen = load(state, 1)
        while not compare_and_swap(state, 1, seen, seen + 1):
            seen = load(state, 1)
        pause()


@jit
def passed_on(state, numbers, me, turns):
    """Two threads, in turn, add 1 to all numbers; state[0] says whose turn it is. -> times that a number was old"""
    old = 0
    for turn in range(me, turns, 2):
        while load(state, 0) != turn:
            yield_processor()
        for i in range(numbers.size):
            old += numbers[i] != turn
            numbers[i] = turn + 1
        store(state, 0, turn + 1)
    return old


def together(function, *arguments, threads):
    """Call function(*arguments, *one entry of threads) for all entries at once; the answers."""
    answers = []
    workers = [threading.Thread(target=lambda a=a: answers.append(function(*arguments, *a))) for a in threads]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return answers


BIG = 2**62 + 12345


def test_each_operation_changes_one_number():
    state = np.array([7, BIG, -7])
    assert loaded(state, 1) == BIG
    assert added(state, 1, -5) == BIG
    assert state.tolist() == [7, BIG - 5, -7]
    assert not swapped(state, 1, BIG, 3)
    assert state.tolist() == [7, BIG - 5, -7]
    assert swapped(state, 1, BIG - 5, -BIG)
    assert state.tolist() == [7, -BIG, -7]
    assert stored(state, 1, 9) is None
    assert state.tolist() == [7, 9, -7]
    assert waited() is None


@pytest.mark.parametrize("count", [counted_by_adding, counted_by_swapping], ids=["fetch_add", "compare_and_swap"])
def test_no_turn_of_several_threads_is_lost(count):
    state = np.zeros(3, np.int64)
    count(state, 0)  # compiled before they start
    together(count, state, threads=[(TURNS,)] * 4)
    assert state.tolist() == [0, 4 * TURNS, 0]


def test_what_was_written_before_a_store_is_seen_after_the_load():
    state, numbers = np.zeros(1, np.int64), np.zeros(64, np.int64)
    passed_on(state, numbers, 0, 0)
    assert together(passed_on, state, numbers, threads=[(0, 1000), (1, 1000)]) == [0, 0]
    assert (numbers == 1000).all()


READ_ONLY = np.zeros(4, np.int64)
READ_ONLY.flags.writeable = False
WRONG = {
    "int32": np.zeros(4, np.int32),
    "two axes": np.zeros((4, 4), np.int64),
    "gaps": np.zeros(4, np.int64)[::2],
    "read-only": READ_ONLY,
}


@pytest.mark.parametrize("kind", WRONG)
@pytest.mark.parametrize("name", ["load", "store", "fetch_add", "compare_and_swap"])
def test_another_array_ends_the_compilation_with_a_message(name, kind):
    write = getattr(atomics, name)
    numbers = {"load": "0", "compare_and_swap": "0, 1, 2"}.get(name, "0, 1")
    function = numba.njit(eval(f"lambda state: write(state, {numbers})", {"write": write}))
    with pytest.raises(TypingError, match=f"{name}: wanted a writable array of int64, flat and contiguous, for state"):
        function(WRONG[kind])


def test_a_fraction_is_no_number_to_add():
    with pytest.raises(TypingError, match="fetch_add: wanted integers behind state, got float64"):
        numba.njit(lambda state: fetch_add(state, 0, 0.5))(np.zeros(1, np.int64))


KEPT = """
import numpy as np
from test_atomics import passed_on
print(passed_on(np.zeros(1, np.int64), np.zeros(3, np.int64), 0, 1))
print(sum(passed_on.stats.cache_hits.values()))
"""


def test_compiled_code_with_a_function_of_the_system_is_kept(tmp_path):
    assert python(KEPT, NUMBA_CACHE_DIR=str(tmp_path)) == ["0", "0"]
    assert python(KEPT, NUMBA_CACHE_DIR=str(tmp_path)) == ["0", "1"], "the second process loads"
