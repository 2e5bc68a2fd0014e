"""The loop of a run: batches in, steps, lines of metrics, evaluations, checkpoints.

    folder/checkpoint.safetensors   the state, replaced in one step each time
    folder/metrics.jsonl            see `metrics.py`

A checkpoint is written at the end, when Ctrl-C asks to stop, and every so many seconds between: when it is written
changes no bit of the weights.
"""

from collections.abc import Iterator, Mapping
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
        self.sums, self.seconds, self.saved = Sums(dict(found.about.sums)), found.about.seconds, found.about.step

    def go(self) -> Outcome:
        """To the end, or until Ctrl-C. Raises NotFinite, OSError and what reading data raises; what was saved stays."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for name in (CHECKPOINT, METRICS):
            sweep(self.folder / name)
        self._journal = Journal(self.folder / METRICS, self.trainer.step)
        self._begin, self._before, test = perf_counter(), self.seconds, None
        self._saved_at = self._begin
        with asked_to_stop() as asked:
            for told in self._steps(asked):
                self._account(told)
                if self._epoch_ends():
                    test = self._evaluate()
                if asked.now or self.trainer.step == self.steps or perf_counter() - self._saved_at >= self.every:
                    self.save()
        finished = self.trainer.step == self.steps
        test = self.evaluation() if finished and test is None else test
        return Outcome(self.trainer.step, finished, self.seconds, self._waiting(), test)

    def _steps(self, asked: Asked) -> Iterator[Step]:
        """Do the steps that are left, one by one."""
        counted, last = 0.0, perf_counter()
        with Prefetched(self.batches, self.trainer.step, self.steps, self.workers) as ahead:
            for images, labels in ahead:
                self.waited, counted = self.waited + ahead.waited - counted, ahead.waited
                told = self.trainer.advance(images, labels)
                self.sums.add(told, perf_counter() - last)
                yield told
                last = perf_counter()  # what happened meanwhile, such as an evaluation, is no part of a step
                if asked.now:
                    return

    def _account(self, told: Step) -> None:
        """Tell of a step; write a line after every few."""
        step = self.trainer.step
        self.watch.step(step, told, self.sums.means()["images_per_second"])
        if step % EVERY == 0 or self._epoch_ends():
            self._write({**self.sums.means(), "rate": told.rate})
            self.sums = Sums()

    def _epoch_ends(self) -> bool:
        return self.trainer.step % len(self.batches) == 0 or self.trainer.step == self.steps

    def _evaluate(self) -> Judged:
        found = self.evaluation()
        measures = {f"test_{name}": value for name, value in found.measures.items()}
        self._write({"test_loss": found.loss, **measures, "waiting": self._waiting()})
        return found

    def evaluation(self) -> Judged:
        """Of the weights as they are now."""
        task = self.trainer.task
        source = task.in_order(self.test, self.batches.augmentation.central, self.batches.dtype)
        with Prefetched(source, 0, len(source), self.workers) as ahead:
            found = task.evaluate(self.trainer.net, self.trainer.best_weights, ahead)
            self.waited += ahead.waited
        return found

    def _write(self, told: Mapping[str, Any]) -> None:
        step, seconds = self.trainer.step, self._clock()
        line = {"step": step, "epoch": round(step / len(self.batches), 4), **told, "seconds": round(seconds, 3)}
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
        """All lines of metrics so far."""
        return self._journal.lines

    def save(self) -> None:
        """Write a checkpoint. Raises NotFinite before, OSError that says which checkpoint is still there."""
        self.trainer.check_finite()
        net, step = self.trainer.net, self.trainer.step
        about = checkpoints.About(net.name, self.what, step, self.steps, self.sums.values, self._clock())
        try:
            checkpoints.save(self.checkpoint, about, self.trainer.state())
        except OSError as error:
            there = "there is none before" if self.saved is None else f"that of step {self.saved} is as it was"
            raise OSError(error.errno, f"{error.strerror}; {there}", str(self.checkpoint)) from None
        self.saved, self._saved_at = step, perf_counter()
