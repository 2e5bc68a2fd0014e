"""Cells and results that nobody trained a network for."""

import sys
from types import ModuleType

from refnet.experiments.experiment import Cell

BASIS = {"refnet": "0", "recipe": {"rate": 0.1}}


class Toy:
    """A module of refnet.experiments, in this process only, whose functions count how often they are called."""

    def __init__(self, monkeypatch):
        self.calls = []
        module = ModuleType("refnet.experiments.toy")
        module.double, module.fail, module.nan, module.bare = self.double, self.fail, self.nan, self.bare
        monkeypatch.setitem(sys.modules, module.__name__, module)

    def double(self, *, seed, by=2):
        self.calls.append(seed)
        return {"value": by * seed}

    def fail(self, *, seed):
        raise ArithmeticError(f"seed {seed} is\nnot lucky")

    def nan(self, *, seed):
        return {"value": seed * float("nan")}

    def bare(self, *, seed):
        return seed


def toy(function, seed, **settings):
    return Cell(f"toy:{function}", {"seed": seed, **settings})


def learned(accuracy, madds=1_000_000, weights=1_000):
    """What a cell that learned tells, but for what no claim reads."""
    return {"accuracy": accuracy / 100, "training_loss": 1.0, "madds": madds, "weights": weights}


def results_of(percents, seeds=3, wobble=0.01):
    """Arm -> results: the given accuracy in every seed, but for a little that the arms do not share."""
    return {
        arm: [learned(percent + wobble * ((seed + number) % 3)) for seed in range(seeds)]
        for number, (arm, percent) in enumerate(percents.items())
    }
