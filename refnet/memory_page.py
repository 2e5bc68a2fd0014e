"""What `refnet memory` shows: M(G) and what is live, step by step if wanted; as tables and as JSON."""

from typing import Any

from rich.table import Table

from .graph import Graph
from .memory import Largest, Memory, Step, Training, largest_by_size, maps
from .tables import add_columns, table

# What waits for the addition at a residual block's end: by block it is an input of the operation anyway.
RESIDUAL_INPUT = {"layer": {"m": False, "live": True}, "block": {"m": True, "live": True}}


def to_json(net: Graph, memory: Memory, by: str | None, training: Training | None) -> dict[str, Any]:
    """Everything in values (elements) and bytes; what is counted and what is not."""
    data: dict[str, Any] = {"graph": net.name, "bytes_per_value": memory.bytes_per_value}
    data["counted"] = {"residual_input": RESIDUAL_INPUT, "weights": False, "in_place_activations": memory.in_place}
    for name in ("layer", "block"):
        data[f"by_{name}"] = {"m": _row(memory, memory.m(name)), "live": _row(memory, memory.peak(name))}
    data["weights"] = {"values": memory.weights, "bytes": memory.bytes(memory.weights)}
    if by == "size":
        data["sizes"] = [_largest(memory, each) for each in largest_by_size(maps(net)).values()]
    elif by:
        data["steps"] = [_row(memory, step) for step in memory.steps(by)]
    if training:
        data["training"] = {
            "batch": training.batch,
            "values": training.values,
            "masks": training.masks,
            "statistics": training.statistics,
            "bytes": training.bytes,
        }
    return data


def _row(memory: Memory, step: Step) -> dict[str, Any]:
    parts = {name: getattr(step, name) for name in ("inputs", "outputs", "inner", "held", "values", "live")}
    return {"operation": step.name, **parts, "bytes": memory.bytes(step.values), "live_bytes": memory.bytes(step.live)}


def _largest(memory: Memory, each: Largest) -> dict[str, Any]:
    return {**each._asdict(), "bytes": memory.bytes(each.values)}


def summary(memory: Memory, training: Training | None) -> Table:
    """M(G) and what is live, layer by layer and with a block as one operation; weights and tape beside."""
    made = _table(f"{memory.name}: activations of one image, {memory.bytes_per_value} bytes each", "", "where")
    for by, how in (("layer", "layer by layer"), ("block", "a block as one operation")):
        m, peak = memory.m(by), memory.peak(by)
        made.add_row(f"M(G), {how}", m.name, *_numbers(memory, m.values))
        made.add_row(f"live, {how}", peak.name, *_numbers(memory, peak.live))
    made.add_row("weights (P-ALL)", "", *_numbers(memory, memory.weights))
    if training:
        stored = training.values + training.masks + training.statistics
        made.add_row("tape of a training step", "", f"{stored:,}", f"{training.bytes:,}")
    return made


def notes(memory: Memory) -> str:
    """What these numbers count and what not."""
    place = "write onto their input" if memory.in_place else "take memory of their own, as in refnet's kernels"
    return (
        "M(G): inputs + outputs + |op|, V2 eq. (2); the input of a residual block counts by block. live: also what "
        "waits for a later operation, so the residual input counts by layer too. Weights do not count. Batch norm, "
        f"bias and activations {place}."
    )


def steps(memory: Memory, by: str) -> Table:
    """One line per layer or block."""
    made = _table(memory.name, by, numbers=("inputs", "outputs", "inner", "held", "M(G)", "bytes"))
    for step in memory.steps(by):
        numbers = (step.inputs, step.outputs, step.inner, step.held, step.values, memory.bytes(step.values))
        made.add_row(step.name, *(f"{each:,}" for each in numbers))
    return made


def sizes(net: Graph, memory: Memory) -> Table:
    """V2 Table 3 for this network: the largest map of each size that must exist."""
    made = _table(f"{net.name}: largest map of each size, a block as one operation", "size", "where", "channels")
    for (height, width), each in largest_by_size(maps(net)).items():
        made.add_row(f"{height}x{width}", each.node, f"{each.channels:,}", *_numbers(memory, each.values))
    return made


def _numbers(memory: Memory, values: int) -> tuple[str, str]:
    return f"{values:,}", f"{memory.bytes(values):,}"


def _table(title: str, *columns: str, numbers: tuple[str, ...] = ("values", "bytes")) -> Table:
    made = table(title)
    add_columns(made, *columns)
    add_columns(made, *numbers, right=True, whole=True)
    return made
