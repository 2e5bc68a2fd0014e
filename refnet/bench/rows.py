"""One row of a comparison: one network, one batch, one number of threads, and everybody who can run it.

    share    of the peak that as many threads reached in the same block: madds / (seconds * peak)
    ratio    a peer's time over refnet's, block by block: above 1 refnet is faster
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Any, NamedTuple

from ..graph import Graph
from . import intervals, judge, peak
from .engines import Engine, Form, Session, Task, Unable
from .healthy import healthy_weights, inputs_of
from .intervals import Estimate
from .progress import Progress
from .race import Race, Run

OWN = "refnet"
TRIAL = Race(blocks=3, runs=7, warmups=2, pause=0.02)  # to find an engine's fastest form


class Case(NamedTuple):
    """What is to be run. settings: those of the model's builder, for the record."""

    model: str
    settings: Mapping[str, Any]
    net: Graph
    batch: int
    threads: int


@dataclass(frozen=True)
class Lane:
    """One engine in one row.

    blocks   of seconds; empty where the row was refused       distance   from the true result, see `judge.py`
    trials   form -> median seconds, where there were several  gradients  their distance; 0 where there are none
    bytes    of activations, where the engine says it
    """

    engine: Engine
    form: Form
    settings: Mapping[str, Any]
    distance: float
    trials: Mapping[str, float]
    bytes: int | None
    blocks: Sequence[Sequence[float]] = ()
    gradients: float = 0.0

    @property
    def wrong(self) -> bool:
        return not (self.distance <= judge.TOLERANCE and self.gradients <= judge.GRADIENT_TOLERANCE)

    @property
    def median(self) -> float:
        return median(run for block in self.blocks for run in block)

    @property
    def minimum(self) -> float:
        return min(run for block in self.blocks for run in block)


@dataclass(frozen=True)
class Row:
    """lanes: by engine, refnet first. absent: engine -> why it has none. madds: of one run.

    peaks: multiply-adds per second by block. bytes_read: what any engine must read or write at least.
    """

    case: Case
    lanes: Mapping[str, Lane]
    absent: Mapping[str, str]
    madds: int
    peaks: Sequence[float] = ()
    bytes_read: int = 0

    @property
    def refused(self) -> bool:
        return any(lane.wrong for lane in self.lanes.values())

    def share(self, name: str) -> float:
        """Median over the blocks, in per cent."""
        pairs = zip(self.lanes[name].blocks, self.peaks, strict=True)
        return 100 * median(self.madds / (median(block) * top) for block, top in pairs)

    def fastest_peer(self) -> str | None:
        peers = [name for name in self.lanes if name != OWN]
        return min(peers, key=lambda name: self.lanes[name].median, default=None)

    def ratio(self, name: str) -> Estimate:
        """How many times as fast refnet is."""
        return intervals.estimate(intervals.ratios(self.lanes[name].blocks, self.lanes[OWN].blocks))

    def share_of_time(self, name: str) -> Estimate:
        """refnet's time as a share of a peer's."""
        return intervals.estimate(intervals.ratios(self.lanes[OWN].blocks, self.lanes[name].blocks))


def compare(case: Case, engines: Sequence[Engine], race: Race, seed: int, bar: Progress) -> Row:
    """Prepare everybody, judge, and race; a row with a wrong result is returned without times.

    The bar moves by as many steps as there are blocks, in any case.
    """
    task = Task(case.net, healthy_weights(case.net, seed), inputs_of(case.net, case.batch, seed + 2), case.threads)
    bar.say("the true result, in float64")
    true = judge.true_outputs(task)
    lanes: dict[str, Lane] = {}
    sessions: dict[str, Session] = {}
    absent = {engine.name: f"not installed: {', '.join(engine.missing())}" for engine in engines if engine.missing()}
    for engine in engines:
        if engine.name not in absent:
            bar.say(f"preparing {engine.name}")
            try:
                lanes[engine.name], sessions[engine.name] = _prepared(engine, task, true)
            except Unable as reason:
                absent[engine.name] = str(reason)
    madds = case.net.cost().madds * case.batch
    row = Row(case, lanes, absent, madds, bytes_read=_bytes(task, true))
    return raced(row, {name: each.run for name, each in sessions.items()}, race, bar)


def _prepared(engine: Engine, task: Task, true: Mapping[str, Any]) -> tuple[Lane, Session]:
    """The engine in its fastest form; or in the first one whose result is wrong."""
    sessions = {str(form): (form, engine.prepare(task, form)) for form in engine.forms}
    distances = {name: judge.distance(session.outputs(), true) for name, (_, session) in sessions.items()}
    worst = max(distances, key=lambda name: distances[name])
    trials: dict[str, float] = {}
    chosen = worst
    if distances[worst] <= judge.TOLERANCE and len(sessions) > 1:
        times = TRIAL.hold({name: session.run for name, (_, session) in sessions.items()}).runs
        trials = {name: median(run for block in blocks for run in block) for name, blocks in times.items()}
        chosen = min(trials, key=lambda name: trials[name])
    form, session = sessions[chosen]
    return Lane(engine, form, session.settings, distances[chosen], trials, session.bytes), session


def raced(row: Row, runs: Mapping[str, Run], race: Race, bar: Progress) -> Row:
    """The row with everybody's times, or as it is if it was refused."""
    if row.refused:
        for _ in range(race.blocks):
            bar.done()
        return row
    bar.say("racing")
    ceiling = peak.multiply_adds(row.case.threads)
    try:
        times = race.hold(runs, {"peak": ceiling.rate}, bar.done)
    finally:
        ceiling.close()
    lanes = {name: replace(lane, blocks=times.runs[name]) for name, lane in row.lanes.items()}
    return replace(row, lanes=lanes, peaks=times.between["peak"])


def _bytes(task: Task, true: Mapping[str, Any]) -> int:
    """What every engine has to read or write at least: weights with batch norm folded, inputs, outputs; float32."""
    weights = task.net.cost().total("P-FOLDED")
    outside = sum(x.size for x in task.inputs.values()) + sum(y.size for y in true.values())
    return int(4 * (weights + outside))
