"""Hypothesis, run quietly inside a check: same cases every time, nothing printed, nothing left on disk."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from .strategies import load_hypothesis
from .subject import Complaint

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

Drawn = TypeVar("Drawn")


def first_complaint(
    judge: Callable[[Drawn], None], strategy: SearchStrategy[Drawn], max_examples: int, seed: int
) -> Complaint | None:
    """The shrunk complaint that `judge` raises on cases of a strategy, or None.

    Raises AssertionError where a case is judged differently the second time.
    """
    hypothesis = load_hypothesis()
    settings = hypothesis.settings(
        max_examples=max_examples,
        deadline=None,
        database=None,
        derandomize=False,
        print_blob=False,
        report_multiple_bugs=False,
        phases=(hypothesis.Phase.generate, hypothesis.Phase.shrink),
        suppress_health_check=list(hypothesis.HealthCheck),
        verbosity=hypothesis.Verbosity.quiet,
    )

    def judged(case: Drawn) -> None:
        judge(case)

    run = hypothesis.seed(seed)(settings(hypothesis.given(strategy)(judged)))
    try:
        with _no_folder():
            run()
    except Complaint as complaint:
        return complaint
    except hypothesis.errors.Flaky as error:
        raise AssertionError(
            f"the function answered the same case differently the second time ({error})"
        ) from None
    return None


@contextmanager
def _no_folder() -> Iterator[None]:
    """Hypothesis keeps its notes about the caller's source files in a folder that vanishes, not in theirs."""
    from hypothesis import configuration

    before = vars(configuration).get("__hypothesis_home_directory")
    with tempfile.TemporaryDirectory() as folder:
        configuration.set_hypothesis_home_dir(folder)
        try:
            yield
        finally:
            configuration.set_hypothesis_home_dir(before)
