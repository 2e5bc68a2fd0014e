"""What `refnet experiment` prints: the experiments there are, what one of them found, what comes with refnet."""

from collections.abc import Iterable, Iterator, Mapping
from textwrap import fill
from typing import Any

from rich.table import Table

from ..tables import add_columns, table
from .experiment import Column, Experiment, Results, Size
from .findings import Judged, judged, spread
from .pairs import Interval
from .report import Done


def listed(experiments: Iterable[Experiment]) -> Table:
    """One line per experiment."""
    made = table("", "bold")
    add_columns(made, "name", whole=True)
    add_columns(made, "of the papers", "question")
    for each in experiments:
        made.add_row(each.name, each.source, each.question)
    return made


def pages(done: Done) -> Iterator[Table | str]:
    """Question, arms, claims, notes: in the order in which they are printed."""
    experiment = done.experiment
    yield f"{experiment.name}: {experiment.question}"
    yield f"{experiment.source}. {_setting(done.size_name, done.size)}, {done.seconds:,.0f} s of computing."
    yield ""
    yield arms(experiment, done.results)
    if experiment.claims:
        yield ""
        yield claims(judged(experiment, done.results))
    if experiment.notes:
        yield "\nWhat differs from the paper:"
        yield from (f"- {note}" for note in experiment.notes)


def _setting(name: str, size: Size) -> str:
    told = f"Size {name}: {size.seeds} seeds"
    if not size.steps:
        return told
    images = f"{size.train:,} images of {size.source} to train on, {size.test:,} to test with"
    return f"{told}, {size.steps:,} steps of {size.batch}, {images}"


def arms(experiment: Experiment, results: Results) -> Table:
    """A line per arm: means over the seeds, and the standard deviation where the seeds differ."""
    made = table("", "bold")
    add_columns(made, "", whole=True)
    lines = [[_cell(column, results, arm) for column in experiment.columns] for arm in results]
    for column, cells in zip(experiment.columns, zip(*lines, strict=True), strict=True):
        title = fill(column.title, max(map(len, cells)), break_long_words=False)  # titles fold, figures do not
        add_columns(made, title, right=True, whole=True)
    for arm, line in zip(results, lines, strict=True):
        made.add_row(arm, *line)
    return made


def _cell(column: Column, results: Results, arm: str) -> str:
    mean, deviation = spread(column, results, arm)
    return format(mean, column.form) + (f"±{format(deviation, column.form)}" if deviation else "")


def claims(found: Iterable[Judged]) -> Table:
    """A line per claim: by how much the paper is right there, if it prints that, and here, with the interval."""
    made = _claims_table()
    for each in found:
        told = each.claim
        made.add_row(*_line(f"{told.source}: {told.text}", told.paper, told.unit, each.interval, each.finding))
    return made


def shipped(found: Iterable[Mapping[str, Any]]) -> Table:
    """A line per claim of the results that come with refnet, as JSON has them, under a line per experiment."""
    made = _claims_table()
    for each in found:
        made.add_row(f"{each['name']}", style="bold")
        for one in each["claims"]:
            known = Interval(one["mean"], one["low"], one["high"])
            made.add_row(*_line(f"{one['source']}: {one['claim']}", one["paper"], one["unit"], known, one["finding"]))
    return made


def _claims_table() -> Table:
    made = table("", "bold")
    add_columns(made, "the paper")
    add_columns(made, "there", "here", right=True, whole=True)
    add_columns(made, "95 % interval", right=True, whole=True)
    add_columns(made, "unit")
    add_columns(made, "finding", whole=True)
    return made


def _line(text: str, paper: float | None, unit: str, known: Interval, finding: str) -> tuple[str, ...]:
    mean, low, high = (_signed(value) for value in known)
    spread = "every seed alike" if known.low == known.high else f"{low} to {high}"
    return text, "" if paper is None else f"{paper:+.2f}", mean, spread, unit, finding


def _signed(value: float) -> str:
    """With two decimals, or as many as tell it from zero."""
    return f"{value:+.2f}" if abs(value) >= 0.005 or not value else f"{value:+.1g}"
