"""What `refnet bench` prints: a table for each row with every engine, one line for each row, the blocks, the steps."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from math import floor, log10
from statistics import median

from rich.table import Table

from ..tables import table
from . import judge
from .intervals import CONFIDENCE, Estimate, coverage
from .operations import WHOLE, Times, operations_data
from .rows import OWN, Case, Row

FEW = 4  # rows, each of which has a table of its own
RATIO = "Ratios are those of the blocks' medians; the median of them, and in parentheses the interval"
FASTER = "refnet is so many times as fast as each other: its time over refnet's, block by block."
OPERATIONS = (
    "An operation is named after its last layer; `Program.explain` lists all. Each is timed by itself, with its threads"
    " called and waited for each time: small ones take less time inside of the program."
)
ENOUGH = next(n for n in count(1) if coverage(n, 1) >= CONFIDENCE)  # blocks, for an interval that is sure enough


def milliseconds(seconds: float) -> str:
    """Three digits, or all before the point."""
    value = 1000 * seconds
    return f"{value:.{max(0, 2 - floor(log10(value)))}f}" if value > 0 else "0"


def interval(estimate: Estimate) -> str:
    """A single value has none."""
    sure = f" ({estimate.low:.2f} to {estimate.high:.2f})" if estimate.confidence > 0 else ""
    return f"{estimate.median:.2f}{sure}"


def title(case: Case) -> str:
    return f"{case.net.name}, batch {case.batch}, {threads(case.threads)}"


def threads(count: int) -> str:
    return "1 thread" if count == 1 else f"{count} threads"


def tables(rows: Sequence[Row]) -> Iterator[Table | str]:
    """All that is to be printed of a comparison."""
    timed = [row for row in rows if not row.refused]
    if len(rows) <= FEW:
        for row in timed:
            yield engines(row)
            yield from memory(row)
    if len(timed) > 1:
        yield summary(timed)
    yield from (refusal(row) for row in rows if row.refused)
    if ratios := [row.ratio(peer) for row in timed if (peer := row.fastest_peer())]:
        yield FASTER
        yield certainty(ratios)
    if any(row.share(name) > 100 for row in timed for name in row.lanes):
        yield "More than 100 % of the peak: the machine was slower while that was measured. Measure again."
    yield from notes(rows)


def certainty(estimates: Sequence[Estimate]) -> str:
    """What the intervals are. estimates: at least one."""
    least = min(each.confidence for each in estimates)
    few = f" So few blocks say little: {ENOUGH} are wanted at least." if least < CONFIDENCE else ""
    return f"{RATIO} that holds its true median with {100 * least:.1f} %.{few}"


def grid(heading: str, aligned: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """A table none of whose cells is ever folded or cut. aligned: l or r for each column."""
    made = table(heading)
    for at, (name, side) in enumerate(zip(columns, aligned, strict=True)):
        width = max(len(row[at]) for row in (columns, *rows))
        made.add_column(name, justify="right" if side == "r" else "left", no_wrap=True, min_width=width)
    for row in rows:
        made.add_row(*row)
    return made


def version(row: Row, name: str) -> str:
    return f"{name} {row.lanes[name].engine.version()}"


def engines(row: Row) -> Table:
    """One line for each engine of one row."""
    found = []
    for name, lane in row.lanes.items():
        ratio = "" if name == OWN else interval(row.ratio(name))
        times = milliseconds(lane.median), milliseconds(lane.minimum), f"{row.share(name):.1f}"
        found.append((version(row, name), *times, ratio, str(lane.form) if lane.trials else ""))
    columns = "engine", "median ms", "minimum ms", "% of peak", "refnet is", "form"
    return grid(f"{title(row.case)}: {row.madds:,} multiply-adds", "lrrrrl", columns, found)


def memory(row: Row) -> Iterator[str]:
    """What refnet's activations take, where its program says so."""
    if size := row.lanes[OWN].bytes:
        yield f"refnet's activations take at most {size:,} bytes."


def summary(rows: Sequence[Row]) -> Table:
    """One line for each row: refnet beside the fastest of the others."""
    found = []
    for row in rows:
        lane, peer, case = row.lanes[OWN], row.fastest_peer(), row.case
        theirs = ("", "", "")
        if peer is not None:
            theirs = peer, milliseconds(row.lanes[peer].median), interval(row.ratio(peer))
        times = milliseconds(lane.median), milliseconds(lane.minimum), f"{row.share(OWN):.1f}"
        found.append((case.net.name, str(case.batch), str(case.threads), *times, *theirs))
    columns = "network", "batch", "threads", "ms", "minimum", "% of peak", "peer", "its ms", "refnet is"
    return grid("refnet and the fastest of the others", "lrrrrrlrr", columns, found)


def step_tables(rows: Sequence[Row]) -> Iterator[Table | str]:
    """All that is to be printed of a comparison of training steps."""
    yield from (steps(row) for row in rows if not row.refused)
    yield from (refusal(row) for row in rows if row.refused)
    timed = [row for row in rows if not row.refused]
    if shares := [row.share_of_time(peer) for row in timed if (peer := row.fastest_peer())]:
        yield "Ratios: refnet's over the other's, so below 1 refnet takes less."
        yield certainty(shares)
    yield from notes(rows)


def steps(row: Row) -> Table:
    """One line for each engine: a step's time, its share of the peer's, and the memory that it takes."""
    found, own = [], row.lanes[OWN].bytes
    for name, lane in row.lanes.items():
        share = "" if name == OWN else interval(row.share_of_time(name))
        memory = "" if lane.bytes is None else f"{lane.bytes / 1e6:,.0f}"
        part = f"{own / lane.bytes:.2f}" if name != OWN and own and lane.bytes else ""
        times = milliseconds(lane.median), milliseconds(lane.minimum), f"{row.share(name):.1f}"
        found.append((version(row, name), *times, share, memory, part))
    columns = "engine", "median ms", "minimum ms", "% of peak", "times' ratio", "memory MB", "memories' ratio"
    heading = f"a step of training, {title(row.case)}: {row.madds:,} multiply-adds"
    return grid(heading, "lrrrrrr", columns, found)


def refusal(row: Row) -> str:
    """Who was wrong, and by how much."""
    results = {name: lane.distance for name, lane in row.lanes.items() if not lane.distance <= judge.TOLERANCE}
    gradients = {name: lane.gradients for name, lane in row.lanes.items() if lane.wrong and name not in results}
    found = []
    if results:
        found.append(f"{_off(results)} of the largest value, in float64 (wanted at most {judge.TOLERANCE:.0e})")
    if gradients:
        found.append(f"{_off(gradients)} of a gradient, in float64 (wanted at most {judge.GRADIENT_TOLERANCE:.0e})")
    return f"REFUSED {title(row.case)}: {'; '.join(found)}."


def _off(distances: Mapping[str, float]) -> str:
    return ", ".join(f"{name} is {distance:.1e} off" for name, distance in distances.items())


def notes(rows: Sequence[Row]) -> Iterator[str]:
    """Who did not take part, and why, each said once."""
    said = dict.fromkeys(f"{name}: {reason}." for row in rows for name, reason in row.absent.items())
    yield from said


def operations(times: Times) -> Table:
    """Where the time goes."""
    data, found = operations_data(times), []
    total, madds = data["sum_of_medians"], sum(each.madds for each in times.operations)
    for row in data["operations"]:
        part = 100 * row["madds"] / max(madds, 1), 100 * row["median"] / total
        cells = f"{part[0]:.1f}", milliseconds(row["median"]), f"{part[1]:.1f}", f"{row['peak_percent']:.1f}"
        found.append((row["operation"], row["kernel"], f"{row['madds']:,}", *cells))
    for name, seconds in (("sum", total), (WHOLE, median(times.whole))):
        found.append((name, "", f"{madds:,}", "", milliseconds(seconds), "", f"{times.share(madds, seconds):.1f}"))
    columns = "operation", "kernel", "multiply-adds", "%", "median ms", "% of time", "% of peak"
    return grid(f"{title(times.case)}: by operation", "llrrrrr", columns, found)
