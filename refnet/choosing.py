"""From what a user typed to a graph: a model's name, or a graph in a Python file of their own."""

import inspect
import runpy
import sys
import traceback
from ast import literal_eval
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from difflib import get_close_matches
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

from . import models
from .counting import CONVENTIONS
from .graph import Graph
from .papers.networks import MEANINGS, MIN16, RHO2, TFPROF, Networks, Number
from .papers.v1_faces import headless_madds


def build(model: str, settings: dict[str, Any]) -> Graph:
    """The graph called `mobilenet_v2` (with its builder's settings) or `my_file.py:net`.

    Raises ValueError, in one line, for an unknown name, a setting that the model does not have, or a file that does
    not give a graph.
    """
    if ".py:" in model or model.endswith(".py"):
        if settings:
            raise ValueError(f"{', '.join(settings)}: settings belong to refnet's own models; {model} sets its own")
        return _from_file(model)
    if model not in models.__all__:
        near = ", ".join(get_close_matches(model, models.__all__, n=2))
        known = f"near: {near}" if near else "`refnet models` lists them"
        raise ValueError(f"model: no model {model!r}; {known}, or a file and a name: my_file.py:net")
    builder = getattr(models, model)
    unknown = set(settings) - set(inspect.signature(builder).parameters)
    if unknown:
        known = ", ".join(inspect.signature(builder).parameters)
        raise ValueError(f"{model}: has no setting {', '.join(sorted(unknown))}; it has {known}")
    graph: Graph = builder(**settings)
    return graph


def settings_of(model: str, settings: dict[str, Any]) -> dict[str, Any]:
    """Width, resolution and classes as built: what was given, or the builder's defaults; None where there is none."""
    if model not in models.__all__:
        return dict.fromkeys(("width", "resolution", "classes"))
    defaults = {name: each.default for name, each in inspect.signature(getattr(models, model)).parameters.items()}
    return {name: settings.get(name, defaults.get(name)) for name in ("width", "resolution", "classes")}


def assigned(words: Iterable[str], options: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as a user typed them, "output_stride=8", to name and value; what is no literal stays a string.

    options: settings that have an option of their own, None where it was not given. Raises ValueError for a word
    without a name or an equals sign, and for a name that is given twice.
    """
    found = {name: value for name, value in options.items() if value is not None}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals or not name.isidentifier():
            raise ValueError(f"--set: wanted NAME=VALUE, such as output_stride=8, got {word!r}")
        if name in found:
            raise ValueError(f"--set: {name} is given twice")
        try:
            found[name] = literal_eval(text)
        except (ValueError, SyntaxError):
            found[name] = text
    return found


def summary(model: str) -> str:
    """The first sentence of a builder's documentation, without the name that it repeats."""
    return (inspect.getdoc(getattr(models, model)) or "").splitlines()[0]


class Reading(NamedTuple):
    """One way to count one model."""

    convention: str
    quantity: str
    meaning: str
    value: int | Fraction


def readings(model: str, settings: dict[str, Any], net: Graph) -> list[Reading]:
    """Every way to count this model: all conventions, those that need its builder, and V2's tables read literally."""
    found = counted(net)
    if model not in models.__all__:
        return found
    special = _special(model, settings, net)
    found += [Reading(name, "multiply-adds", MEANINGS[name], Fraction(value)) for name, value in special.items()]
    if "expand_first" in inspect.signature(getattr(models, model)).parameters:
        literal = build(model, {**settings, "expand_first": True})
        remark = "; with an expansion where t = 1, as Tables 1 and 2 read literally"
        found += [each for each in counted(literal, remark) if each.convention in ("MADD", "P-WEIGHTS")]
    return found


def _special(model: str, settings: dict[str, Any], net: Graph) -> dict[str, Number]:
    """Multiply-adds under the conventions that are no function of a graph's rows, where the audit uses them."""
    builder, networks = getattr(models, model), Networks()
    counts = networks.madds(builder, **settings)
    found = {name: counts[name] for name in (RHO2,) if name in counts}
    if "output_stride" in inspect.signature(builder).parameters:
        found[TFPROF] = networks.segmentation_madds(builder, [net.inputs["images"][0]], **settings)[TFPROF]
    if builder is models.mobilenet_v1:
        scale = {name: settings[name] for name in ("width", "resolution") if name in settings}
        headless = headless_madds(networks, **scale)
        found |= {name: headless[name] for name in (MIN16,) if name in headless}
    return found


def counted(net: Graph, remark: str = "") -> list[Reading]:
    """A graph under every convention; the remark is added to what each means."""
    totals = net.cost().totals().items()
    known = ((CONVENTIONS[name], count) for name, count in totals)
    return [Reading(each.name, each.quantity, each.meaning + remark, count) for each, count in known]


def _from_file(model: str) -> Graph:
    """Run a user's file and take the graph, or what a function without arguments returns, under the name."""
    path, _, name = model.rpartition(":")
    if not path or not name or name.endswith(".py"):
        raise ValueError(f"model: wanted a file and a name, such as my_file.py:net; got {model!r}")
    if not Path(path).is_file():
        raise ValueError(f"model: no file {path!r}")
    try:
        with redirect_stdout(sys.stderr), _beside(path):
            found = runpy.run_path(path)
            graph = found[name]() if callable(found.get(name)) else found.get(name)
    except (Exception, SystemExit) as error:  # a user's file may raise anything
        raise ValueError(f"{path}: {_what_happened(error, path)}") from error
    if name not in found:
        near = get_close_matches(name, found, n=2)
        raise ValueError(f"{path}: no name {name!r} in it" + (f"; near names: {', '.join(near)}" if near else ""))
    if not isinstance(graph, Graph):
        raise ValueError(f"{path}: wanted a refnet.Graph named {name!r}, got {type(graph).__name__}")
    return graph


@contextmanager
def _beside(path: str) -> Iterator[None]:
    """What stands in the file's folder can be imported, as when the file is run as a script."""
    before = list(sys.path)
    sys.path.insert(0, str(Path(path).resolve().parent))
    try:
        yield
    finally:
        sys.path[:] = before


def _what_happened(error: BaseException, path: str) -> str:
    """The exception in a few words, and the line of the user's file that it came from."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == path]
    place = f" in line {lines[-1]}" if lines else ""
    return f"{type(error).__name__}{place}: {error}".rstrip(": ")
