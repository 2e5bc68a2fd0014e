"""Memory with canaries before and after each array, for loops that are not checked."""

import numpy as np

GUARD = 201  # numbers on each side: more than a tile is wide, and odd, so that no vector is aligned


class Guarded:
    """Runs a loop on copies of its arrays. Numbers beside an array are NaN, and offsets lead to a NaN."""

    def __init__(self, loop):
        self.loop = loop
        self.calls = 0

    def __call__(self, *arguments):
        self.calls += 1
        self.copies = []
        self.loop(*map(self.moved, arguments))
        for array, around in self.copies:
            inside, canary = around[GUARD:-GUARD], canary_of(array)
            array[...] = inside
            for side in (around[:GUARD], around[-GUARD:]):
                np.testing.assert_array_equal(side, np.full(GUARD, canary, array.dtype), "written outside")

    def moved(self, argument):
        if hasattr(argument, "_fields"):  # one of the packed types
            return type(argument)(*map(self.moved, argument))
        if not isinstance(argument, np.ndarray):
            return argument
        around = np.full(argument.size + 2 * GUARD, canary_of(argument), argument.dtype)
        around[GUARD:-GUARD] = argument
        self.copies.append((argument, around))
        return around[GUARD:-GUARD]


def canary_of(array):
    """NaN; or the offset of a number before the array, which is a NaN."""
    return np.nan if array.dtype.kind == "f" else -GUARD // 2
