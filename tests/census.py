"""Kernels that watch how long their results live."""

import weakref

import refnet.kernels


class Census:
    """The plain kernels, noting the most bytes of their own results that are alive when one returns."""

    def __init__(self):
        self.alive, self.most = {}, 0

    def __getattr__(self, name):
        def kernel(*arguments):
            y = getattr(refnet.kernels, name)(*arguments)
            self.alive[id(y)] = y.nbytes
            weakref.finalize(y, self.alive.pop, id(y))
            self.most = max(self.most, sum(self.alive.values()))
            return y

        return kernel
