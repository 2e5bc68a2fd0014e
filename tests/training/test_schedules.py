"""Rates by step, by hand."""

from math import cos, pi

import pytest

from refnet.training import Constant, Cosine, Exponential


def test_constant():
    assert [Constant(0.1)(step) for step in (0, 7, 10**9)] == [0.1] * 3


def test_the_staircase_falls_at_whole_multiples():
    schedule = Exponential(0.045, 0.98, 10)
    assert [schedule(step) for step in (0, 9)] == [0.045] * 2
    assert [schedule(step) for step in (10, 19)] == pytest.approx([0.045 * 0.98] * 2)
    assert schedule(1000) == pytest.approx(0.045 * 0.98**100)


def test_without_a_staircase_it_falls_at_each_step():
    schedule = Exponential(1.0, 0.25, 10, staircase=False)
    assert [schedule(step) for step in (0, 5, 10)] == pytest.approx([1, 0.5, 0.25])


def test_steps_per_decay_need_not_be_whole():
    schedule = Exponential(1.0, 0.5, 2.5)
    assert [schedule(step) for step in range(6)] == [1, 1, 1, 0.5, 0.5, 0.25]


def test_cosine_goes_up_and_down():
    schedule = Cosine(0.2, 110, warmup=10)
    assert [schedule(step) for step in (0, 4, 9)] == pytest.approx([0.02, 0.1, 0.2])
    assert schedule(10) == pytest.approx(0.2)
    assert schedule(35) == pytest.approx(0.1 * (1 + cos(pi / 4)))
    assert schedule(60) == pytest.approx(0.1)
    assert schedule(110) == schedule(500) == 0
    assert 0 < schedule(109) < 1e-4


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Constant(float("nan")), "rate: wanted a finite number of at least 0, got nan"),
        (lambda: Exponential(-1, 0.9, 10), "rate: wanted a finite number of at least 0, got -1"),
        (lambda: Exponential(1, float("inf"), 10), "factor: wanted a finite number of at least 0, got inf"),
        (lambda: Exponential(1, 0.9, 0), "every: wanted a number of steps above 0, got 0"),
        (lambda: Cosine(1, 0), "steps: wanted an integer of at least 1, got 0"),
        (lambda: Cosine(1, 5, 5), "warmup: wanted fewer steps than all 5, got 5"),
    ],
)
def test_bad_settings(make, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        make()
