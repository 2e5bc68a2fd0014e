"""Learning rates: functions from the number of steps done so far to the rate of the next one.

    schedule = Exponential(0.045, factor=0.98, every=steps_per_epoch)
    schedule(0), schedule(1), ...
"""

from dataclasses import dataclass
from math import cos, floor, pi

from ..layers.base import check_count
from .numbers import check_number


@dataclass(frozen=True)
class Constant:
    """Always the same rate."""

    rate: float

    def __post_init__(self) -> None:
        check_number(self.rate, "rate")

    def __call__(self, step: int) -> float:
        return float(self.rate)


@dataclass(frozen=True)
class Exponential:
    """`rate * factor ** (step / every)`; with a staircase the exponent is cut to an integer.

    As tf.train.exponential_decay; the official trainers have the staircase.
    """

    rate: float
    factor: float
    every: float
    staircase: bool = True

    def __post_init__(self) -> None:
        check_number(self.rate, "rate")
        check_number(self.factor, "factor")
        if not check_number(self.every, "every"):
            raise ValueError("every: wanted a number of steps above 0, got 0")

    def __call__(self, step: int) -> float:
        times = step / self.every
        return float(self.rate * self.factor ** (floor(times) if self.staircase else times))


@dataclass(frozen=True)
class Cosine:
    """Up in a straight line for `warmup` steps, then down along half a cosine to 0 after `steps`.

    Loshchilov and Hutter (2016), eq. (5), without restarts; the warm-up of Goyal et al. (2017), section 2.2.
    """

    rate: float
    steps: int
    warmup: int = 0

    def __post_init__(self) -> None:
        check_number(self.rate, "rate")
        check_count(self.steps, "steps")
        if check_count(self.warmup, "warmup", least=0) >= self.steps:
            raise ValueError(f"warmup: wanted fewer steps than all {self.steps}, got {self.warmup}")

    def __call__(self, step: int) -> float:
        if step < self.warmup:
            return float(self.rate * (step + 1) / self.warmup)
        share = min(1.0, (step - self.warmup) / (self.steps - self.warmup))
        return float(self.rate * (1 + cos(pi * share)) / 2)


Schedule = Constant | Exponential | Cosine
