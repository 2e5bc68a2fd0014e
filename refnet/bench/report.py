"""A comparison as JSON: everything that was measured, so that every printed number can be computed again."""

from collections.abc import Sequence
from typing import Any

from .intervals import Estimate
from .race import Race
from .rows import OWN, Lane, Row

RATIO = "the peer's time over refnet's, medians block by block: above 1 refnet is faster"


def measurement(race: Race) -> dict[str, Any]:
    """How it was measured."""
    return {
        "blocks": race.blocks,
        "runs": race.runs,
        "warmups": race.warmups,
        "pause": race.pause,
        "clock": "time.perf_counter",
        "unit": "seconds",
        "ratio": RATIO,
    }


def row_data(row: Row) -> dict[str, Any]:
    """One row; without times if it was refused."""
    case = row.case
    found = {
        "model": case.model,
        **case.settings,
        "network": case.net.name,
        "batch": case.batch,
        "threads": case.threads,
        "madds": row.madds,
        "bytes_read": row.bytes_read,
        "refused": row.refused,
        "absent": dict(row.absent),
        "engines": [lane_data(row, name) for name in row.lanes],
    }
    if row.refused:
        return found
    fastest = row.fastest_peer()
    peak = {"madds_per_second": list(row.peaks)}
    return found | {"peak": peak, "fastest_peer": fastest, "ratio": _ratio(row, fastest)}


def _ratio(row: Row, name: str | None) -> dict[str, Any] | None:
    return None if name is None or OWN not in row.lanes else estimate_data(row.ratio(name))


def estimate_data(estimate: Estimate) -> dict[str, float]:
    return estimate._asdict()


def step_data(row: Row) -> dict[str, Any]:
    """One row of training: as one of inference, but for what only one of them has."""
    found = {name: value for name, value in row_data(row).items() if name != "bytes_read"}
    for lane in found["engines"]:
        lane["memory_bytes"] = lane.pop("activation_bytes")
        lane["gradient_distance"] = row.lanes[lane["name"]].gradients
        del lane["form"], lane["trials"]
        if lane["name"] != OWN and not row.refused:
            lane["share_of_time"] = estimate_data(row.share_of_time(lane["name"]))
    return found


def lane_data(row: Row, name: str) -> dict[str, Any]:
    """One engine in one row."""
    lane: Lane = row.lanes[name]
    found: dict[str, Any] = {
        "name": name,
        "version": lane.engine.version(),
        "form": str(lane.form),
        "settings": dict(lane.settings),
        "distance": lane.distance,
        "wrong": lane.wrong,
        "trials": dict(lane.trials),
        "activation_bytes": lane.bytes,
    }
    if row.refused:
        return found
    times = {"median": lane.median, "minimum": lane.minimum, "peak_percent": row.share(name)}
    against = {} if name == OWN else {"ratio": _ratio(row, name)}
    return found | times | against | {"blocks": rounded(lane.blocks)}


def rounded(blocks: Sequence[Sequence[float]]) -> list[list[float]]:
    """Seconds to the nanosecond, which is what the clock has."""
    return [[round(run, 9) for run in block] for block in blocks]
