"""Tables of a recipe, of the groups of weights, and of an evaluation."""

from collections import Counter
from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

from rich.table import Table

from ..graph import Graph
from ..tables import add_columns, table
from ..tasks.suppression import Found
from .evaluation import Evaluation
from .groups import GROUPS, weight_groups
from .recipes import Recipe, described

MOST_CLASSES = 25  # in a printed confusion matrix; --json has all


def recipe_table(recipe: Recipe) -> Table:
    """Every setting, the paper's value where that is another one, and where the paper's stands."""
    made = table(f"recipe {recipe.name}", "bold")
    add_columns(made, "setting", whole=True)
    add_columns(made, "value", right=True, whole=True)
    add_columns(made, "paper", right=True, whole=True)
    add_columns(made, "source of the paper's")
    for row in described(recipe):
        made.add_row(row.field, _value(row.value), _value(row.paper) if row.differs else "", row.source)
    return made


def _value(value: Any) -> str:
    if value is None:
        return "none"
    return f"{value:g}" if isinstance(value, float) else str(value)


def groups_table(net: Graph) -> Table:
    """One line per weight: which group it is in."""
    shapes = net.parameters()
    made = table(f"{net.name}: weights by group", "bold")
    add_columns(made, "weight", "group", whole=True)
    add_columns(made, "shape", right=True, whole=True)
    for key, group in weight_groups(net).items():
        made.add_row(key, group, "x".join(map(str, shapes[key].shape)))
    return made


def groups_summary(net: Graph) -> Table:
    """One line per group: what it is, how many weights and numbers."""
    found, parameters = weight_groups(net), net.parameters()
    numbers: Counter[str] = Counter()
    for key, group in found.items():
        numbers[group] += prod(parameters[key].shape)
    made = table("", "bold")
    add_columns(made, "group", whole=True)
    add_columns(made, "weights", "numbers", right=True, whole=True)
    add_columns(made, "what is in it")
    arrays = Counter(found.values())
    for group, text in GROUPS.items():
        made.add_row(group, f"{arrays[group]:,}", f"{numbers[group]:,}", text)
    return made


def evaluation_table(found: Any, classes: Sequence[str]) -> Table | str:
    """What an evaluation says class by class."""
    return confusion_table(found, classes) if isinstance(found, Evaluation) else shares_table(found.to_json(classes))


def shares_table(told: Mapping[str, Any]) -> Table:
    """One line per class: its average precision, or its intersection over union."""
    made = table("", "bold")
    add_columns(made, "class", whole=True)
    add_columns(made, "AP, %" if "ap" in told else "IoU, %", right=True, whole=True)
    for name, share in told["classes"].items():
        made.add_row(name, "-" if share is None else f"{100 * share:.2f}")
    return made


def found_table(found: Found, classes: Sequence[str]) -> Table:
    """One line per thing, the surest first."""
    made = table("boxes in pixels", "bold")
    add_columns(made, "class", whole=True)
    add_columns(made, "score, %", "top", "left", "bottom", "right", right=True, whole=True)
    for box, number, score in zip(found.boxes, found.classes, found.scores, strict=True):
        made.add_row(classes[number - 1], f"{100 * score:.1f}", *(f"{edge:.1f}" for edge in box))
    return made


def pixels_table(shares: Mapping[str, float]) -> Table:
    """One line per class that some pixel is of."""
    made = table("", "bold")
    add_columns(made, "class", whole=True)
    add_columns(made, "pixels, %", right=True, whole=True)
    for name, share in shares.items():
        if share:
            made.add_row(name, f"{100 * share:.2f}")
    return made


def confusion_table(found: Evaluation, classes: Sequence[str]) -> Table | str:
    """Rows: what it is. Columns: what it was taken for."""
    if len(classes) > MOST_CLASSES:
        return f"The confusion matrix of {len(classes)} classes is in --json."
    made = table("rows: what it is; columns: what it was taken for", "bold")
    add_columns(made, "", *classes, right=True, whole=True)
    for name, row in zip(classes, found.confusion, strict=True):
        made.add_row(name, *(str(count) if count else "." for count in row))
    return made
