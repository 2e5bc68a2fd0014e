"""The loop of a run: batches in, steps, lines of metrics, evaluations, checkpoints.

    folder/checkpoint.safetensors   the state, replaced in one step each time
    folder/metrics.jsonl            see `metrics.py`

A checkpoint is written at the end, when Ctrl-C asks to stop, and every so many seconds between, before anything is
judged: when it is written changes no bit of the weights. Ctrl-C also ends an evaluation, which then has no line.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

from ..data.prefetch import Prefetched
from ..io.files import sweep
from . import checkpoints
from .interrupt import Asked, asked_to_stop
from .metrics import EVERY, Journal, Sums
from .task import Judged
from .trainer import Step, Trainer

CHECKPOINT, METRICS = "checkpoint.safetensors", "metrics.jsonl"
SECONDS = 15.0  # between checkpoints


class Watch:
    """Who looks on; here nobody. step: steps done so far. line: of metrics."""

    def step(self, step: int, told: Step, images_per_second: float) -> None: ...

    def line(self, line: Mapping[str, Any]) -> None: ...

    def stopping(self) -> None:
        """Ctrl-C has been noted."""


class _Stopped(Exception):
    """An evaluation that somebody has asked to stop."""


def _until(asked: Asked | None, batches: Iterable[Any]) -> Iterator[Any]:
    """The batches. Raises _Stopped once somebody asks to stop."""
    for batch in batches:
        if asked is not None and asked.now:
            raise _Stopped
        yield batch


class Outcome(NamedTuple):
    """step: steps done. finished: whether those are all. waiting: the share of the time that went by without data."""

    step: int
    finished: bool
    seconds: float
    waiting: float
    test: Judged | None


@dataclass
class Run:
    """One run; `go` takes it to its end, and `restore` lets it go on from a checkpoint.

    batches  to learn from, as the trainer's task makes them  test     pictures to be judged by
    what     the user's own words, kept in each checkpoint    steps    of the whole run
    workers  threads that make batches                        every    seconds between checkpoints
    """

    trainer: Trainer
    batches: Any
    test: Any
    folder: Path
    steps: int
    what: Mapping[str, Any] = field(default_factory=dict)
    workers: int = 1
    every: float = SECONDS
    watch: Watch = field(default_factory=Watch)
    sums: Sums = field(default_factory=Sums)
    seconds: float = 0.0
    saved: int | None = None
    waited: float = 0.0
    _journal: Journal | None = None
    _begin: float = field(default_factory=perf_counter)  # when this process began or went on; seconds before that
    _before: float = 0.0
    _saved_at: float = field(default_factory=perf_counter)

    @property
    def checkpoint(self) -> Path:
        return self.folder / CHECKPOINT

    def restore(self, found: checkpoints.Checkpoint) -> None:
        """Go on from there. Raises ValueError or TypeError that names the file, and where it is another one's both
        networks."""
        found.fitting(self.trainer.net, self.checkpoint)
        try:
            self.trainer.restore(found.arrays, found.about.step)
        except (ValueError, TypeError) as error:
            raise type(error)(f"{self.checkpoint}: {error}") from None
        self.sums, self.saved = Sums(dict(found.about.sums)), found.about.step
        self.seconds = self._before = found.about.seconds

    def go(self) -> Outcome:
        """To the end, or until Ctrl-C. Raises NotFinite, OSError and what reading data raises; what was saved stays."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for name in (CHECKPOINT, METRICS):
            sweep(self.folder / name)
        self._journal = Journal(self.folder / METRICS, self.trainer.step)
        self._begin = self._saved_at = perf_counter()
        test = None
        with asked_to_stop(self.watch.stopping) as asked:
            if self.saved is not None and self._epoch_ends() and not self._is_judged():
                test = self._evaluate(asked)
            for told in self._steps(asked):
                self._account(told)
                if self._done() or perf_counter() - self._saved_at >= self.every:
                    self.save()
                if self._epoch_ends() and not asked.now:
                    test = self._evaluate(asked)
            if self.trainer.step and self.saved != self.trainer.step:
                self.save()
        finished = self._done()
        test = self.evaluation() if finished and test is None and not asked.now else test
        return Outcome(self.trainer.step, finished, self.seconds, self._waiting(), test)

    def _steps(self, asked: Asked) -> Iterator[Step]:
        """Do the steps that are left, one by one."""
        counted, last = 0.0, perf_counter()
        with Prefetched(self.batches, self.trainer.step, self.steps, self.workers) as ahead:
            for images, labels in ahead:
                if asked.now:
                    return
                self.waited, counted = self.waited + ahead.waited - counted, ahead.waited
                told = self.trainer.advance(images, labels)
                self.sums.add(told, perf_counter() - last)
                yield told
                last = perf_counter()  # what happened meanwhile, such as an evaluation, is no part of a step

    def _account(self, told: Step) -> None:
        """Tell of a step; write a line after every few."""
        step = self.trainer.step
        self.watch.step(step, told, self.sums.means()["images_per_second"])
        if step % EVERY == 0 or self._epoch_ends():
            self._write({**self.sums.means(), "rate": told.rate})
            self.sums = Sums()

    def _epoch_ends(self) -> bool:
        return self.trainer.step % len(self.batches) == 0 or self._done()

    def _done(self) -> bool:
        return self.trainer.step == self.steps

    def _is_judged(self) -> bool:
        """Whether there is a line of how well the network did after this step."""
        return any("test_loss" in line and line["step"] == self.trainer.step for line in self.lines)

    def _evaluate(self, asked: Asked) -> Judged | None:
        """None where Ctrl-C asks to stop meanwhile."""
        try:
            found = self.evaluation(asked)
        except _Stopped:
            return None
        measures = {f"test_{name}": value for name, value in found.measures.items()}
        self._write({"test_loss": found.loss, **measures, "waiting": self._waiting()})
        return found

    def evaluation(self, asked: Asked | None = None) -> Judged:
        """Of the weights as they are now."""
        task = self.trainer.task
        source = task.in_order(self.test, self.batches.augmentation.central, self.batches.dtype)
        with Prefetched(source, 0, len(source), self.workers) as ahead:
            found = task.evaluate(self.trainer.net, self.trainer.best_weights, _until(asked, ahead))
            self.waited += ahead.waited
        return found

    def _write(self, told: Mapping[str, Any]) -> None:
        step, seconds = self.trainer.step, self._clock()
        line = {"step": step, "epoch": round(step / len(self.batches), 4), **told, "seconds": round(seconds, 3)}
        if self._journal is not None:
            self._journal.add(line)
        self.watch.line(line)

    def _clock(self) -> float:
        self.seconds = self._before + perf_counter() - self._begin
        return self.seconds

    def _waiting(self) -> float:
        spent = self._clock() - self._before
        return self.waited / spent if spent else 0.0

    @property
    def lines(self) -> list[dict[str, Any]]:
        """All lines of metrics so far; none before `go`."""
        return [] if self._journal is None else self._journal.lines

    def save(self) -> None:
        """Write a checkpoint. Raises NotFinite before, OSError that says which checkpoint is still there."""
        self.trainer.check_finite()
        net, step = self.trainer.net, self.trainer.step
        self.folder.mkdir(parents=True, exist_ok=True)
        about = checkpoints.About(net.name, self.what, step, self.steps, self.sums.values, self._clock())
        try:
            checkpoints.save(self.checkpoint, about, self.trainer.state())
        except OSError as error:
            there = "there is none before" if self.saved is None else f"that of step {self.saved} is as it was"
            raise OSError(error.errno, f"{error.strerror}; {there}", str(self.checkpoint)) from None
        self.saved, self._saved_at = step, perf_counter()
