"""What `refnet bench` prints: a table for each row with every engine, one line for each row, the blocks, the steps."""

from collections.abc import Iterator, Sequence
from statistics import median

from rich.table import Table

from ..tables import add_columns, table
from .blocks import WHOLE, Times, block_data
from .intervals import Estimate
from .rows import OWN, Case, Row

FEW = 4  # rows, each of which has a table of its own
RATIO = "Ratios are those of the blocks' medians; the median of them, and in parentheses the interval"


def milliseconds(seconds: float) -> str:
    """Three digits, or all before the point."""
    value = 1000 * seconds
    return f"{value:.{max(0, 2 - len(str(int(value))) + 1)}f}"


def interval(estimate: Estimate) -> str:
    return f"{estimate.median:.2f} ({estimate.low:.2f} to {estimate.high:.2f})"


def title(case: Case) -> str:
    return f"{case.net.name}, batch {case.batch}, {threads(case.threads)}"


def threads(count: int) -> str:
    return "1 thread" if count == 1 else f"{count} threads"


def tables(rows: Sequence[Row]) -> Iterator[Table | str]:
    """All that is to be printed of a comparison."""
    timed = [row for row in rows if not row.refused]
    if len(rows) <= FEW:
        yield from (engines(row) for row in timed)
    if len(timed) > 1:
        yield summary(timed)
    yield from (refusal(row) for row in rows if row.refused)
    yield from certainty([row.ratio(peer) for row in timed if (peer := row.fastest_peer())])
    yield from notes(rows)


def certainty(estimates: Sequence[Estimate]) -> Iterator[str]:
    """What the intervals are."""
    if estimates:
        least = 100 * min(each.confidence for each in estimates)
        yield f"{RATIO} that holds its true median with {least:.1f} %."


def engines(row: Row) -> Table:
    """One line for each engine of one row."""
    made = table(f"{title(row.case)}: {row.madds:,} multiply-adds")
    add_columns(made, "engine", whole=True)
    add_columns(made, "median ms", "minimum ms", "% of peak", "times as fast", right=True, whole=True)
    add_columns(made, "form", whole=True)
    for name, lane in row.lanes.items():
        ratio = "" if name == OWN else interval(row.ratio(name))
        form = str(lane.form) if lane.trials else ""
        share = f"{row.share(name):.1f}"
        version = f"{name} {lane.engine.version()}"
        made.add_row(version, milliseconds(lane.median), milliseconds(lane.minimum), share, ratio, form)
    return made


def summary(rows: Sequence[Row]) -> Table:
    """One line for each row: refnet beside the fastest of the others."""
    made = table()
    add_columns(made, "network", whole=True)
    add_columns(made, "batch", "threads", "refnet ms", "minimum", "% of peak", right=True, whole=True)
    add_columns(made, "peer", whole=True)
    add_columns(made, "its ms", "times as fast", right=True, whole=True)
    for row in rows:
        lane, peer = row.lanes[OWN], row.fastest_peer()
        theirs = () if peer is None else (peer, milliseconds(row.lanes[peer].median), interval(row.ratio(peer)))
        times = milliseconds(lane.median), milliseconds(lane.minimum), f"{row.share(OWN):.1f}"
        made.add_row(row.case.net.name, str(row.case.batch), str(row.case.threads), *times, *theirs)
    return made


def step_tables(rows: Sequence[Row]) -> Iterator[Table | str]:
    """All that is to be printed of a comparison of training steps."""
    yield from (steps(row) for row in rows if not row.refused)
    yield from (refusal(row) for row in rows if row.refused)
    timed = [row for row in rows if not row.refused]
    if shares := [row.share_of_time(peer) for row in timed if (peer := row.fastest_peer())]:
        yield "Ratios: refnet's over the other's, so below 1 refnet takes less."
        yield from certainty(shares)
    yield from notes(rows)


def steps(row: Row) -> Table:
    """One line for each engine: a step's time, its share of the peer's, and the memory that it takes."""
    made = table(f"a step of training, {title(row.case)}: {row.madds:,} multiply-adds")
    add_columns(made, "engine", whole=True)
    headings = "median ms", "minimum ms", "% of peak", "times' ratio", "memory MB", "memories' ratio"
    add_columns(made, *headings, right=True, whole=True)
    own = row.lanes[OWN].bytes
    for name, lane in row.lanes.items():
        share = "" if name == OWN else interval(row.share_of_time(name))
        memory = "" if lane.bytes is None else f"{lane.bytes / 1e6:,.0f}"
        part = f"{own / lane.bytes:.2f}" if name != OWN and own and lane.bytes else ""
        times = milliseconds(lane.median), milliseconds(lane.minimum), f"{row.share(name):.1f}"
        made.add_row(f"{name} {lane.engine.version()}", *times, share, memory, part)
    return made


def refusal(row: Row) -> str:
    """Who was wrong, and by how much."""
    found = (f"{name} is {lane.distance:.1e} off" for name, lane in row.lanes.items() if lane.wrong)
    return f"REFUSED {title(row.case)}: {', '.join(found)} of the largest value, in float64 (wanted at most 1e-4)."


def notes(rows: Sequence[Row]) -> Iterator[str]:
    """Who did not take part, and why, each said once."""
    said = dict.fromkeys(f"{name}: {reason}." for row in rows for name, reason in row.absent.items())
    yield from said


def blocks(times: Times) -> Table:
    """Where the time goes."""
    data, case = block_data(times), times.case
    made = table(f"{title(case)}: by block")
    add_columns(made, "block", whole=True)
    add_columns(made, "multiply-adds", "%", "median ms", "% of time", "% of peak", right=True, whole=True)
    total, madds = data["sum_of_medians"], sum(times.madds.values())
    for row in data["blocks"]:
        part = 100 * row["madds"] / max(madds, 1), 100 * row["median"] / total
        cells = f"{part[0]:.1f}", milliseconds(row["median"]), f"{part[1]:.1f}", f"{row['peak_percent']:.1f}"
        made.add_row(row["block"], f"{row['madds']:,}", *cells)
    for name, seconds in (("sum", total), (WHOLE, median(times.whole))):
        share = f"{times.share(madds, seconds):.1f}"
        made.add_row(name, f"{madds:,}", "", milliseconds(seconds), "", share)
    return made
