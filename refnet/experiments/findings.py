"""What follows from results: a line per arm, and the claims judged seed by seed."""

from collections.abc import Mapping, Sequence
from statistics import fmean, stdev
from typing import NamedTuple

from .cells import Cells
from .experiment import Arm, ByArm, Cell, Claim, Column, Experiment, Results, Size
from .pairs import Interval, finding, interval


class Judged(NamedTuple):
    """advantages: seed by seed. finding: that of the interval."""

    claim: Claim
    advantages: Sequence[float]
    interval: Interval
    finding: str


class Spread(NamedTuple):
    """Of a column, for one arm: the mean over the seeds and the standard deviation."""

    mean: float
    deviation: float


def cells_of(experiment: Experiment, size: Size) -> list[tuple[Arm, int, Cell]]:
    """Every arm with every seed: seed by seed, so that what an interrupted grid has is whole seeds."""
    arms = experiment.arms(size)
    return [(arm, seed, arm.cell(seed)) for seed in range(size.seeds) for arm in arms]


def gathered(experiment: Experiment, size: Size, kept: Cells) -> tuple[Results, float]:
    """The results by arm, and the seconds that they took. Raises KeyError for a cell that is not finished."""
    results: dict[str, list[Mapping[str, object]]] = {arm.name: [] for arm in experiment.arms(size)}
    seconds = 0.0
    for arm, seed, cell in cells_of(experiment, size):
        found = kept.find(cell)
        if found is None:
            raise KeyError(f"{experiment.name}: {arm.name}, seed {seed}, is not finished")
        results[arm.name].append(found.result)
        seconds += found.seconds
    return results, seconds


def judged(experiment: Experiment, results: Results) -> list[Judged]:
    """Every claim of the experiment. Raises ValueError for fewer than two seeds."""
    return [_judged(claim, list(by_seed(results))) for claim in experiment.claims]


def by_seed(results: Results) -> Sequence[ByArm]:
    """The same results seed by seed, arm by arm."""
    return [dict(zip(results, row, strict=True)) for row in zip(*results.values(), strict=True)]


def _judged(claim: Claim, seeds: Sequence[ByArm]) -> Judged:
    advantages = [claim.advantage(by_arm) for by_arm in seeds]
    known = interval(advantages)
    return Judged(claim, advantages, known, finding(known))


def spread(column: Column, results: Results, arm: str) -> Spread:
    values = [float(column.value(result)) for result in results[arm]]
    return Spread(fmean(values), stdev(values))
