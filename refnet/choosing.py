"""From what a user typed to a graph: a model's name, or a graph in a Python file of their own."""

import inspect
import runpy
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from . import models
from .graph import Graph


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
        near = get_close_matches(model, models.__all__, n=2) or models.__all__
        raise ValueError(f"model: no model {model!r}; known: {', '.join(near)}, or a file and a name: my_file.py:net")
    builder = getattr(models, model)
    unknown = set(settings) - set(inspect.signature(builder).parameters)
    if unknown:
        raise ValueError(f"{model}: has no setting {', '.join(sorted(unknown))}")
    graph: Graph = builder(**settings)
    return graph


def settings_of(model: str, settings: dict[str, Any]) -> dict[str, Any]:
    """Width, resolution and classes as built: what was given, or the builder's defaults; None for a user's own file."""
    if model not in models.__all__:
        return dict.fromkeys(("width", "resolution", "classes"))
    defaults = inspect.signature(getattr(models, model)).parameters
    return {name: settings.get(name, defaults[name].default) for name in ("width", "resolution", "classes")}


def _from_file(model: str) -> Graph:
    """Run a user's file and take the graph, or what a function without arguments returns, under the name."""
    path, _, name = model.rpartition(":")
    if not path or not name or name.endswith(".py"):
        raise ValueError(f"model: wanted a file and a name, such as my_file.py:net; got {model!r}")
    if not Path(path).is_file():
        raise ValueError(f"model: no file {path!r}")
    try:
        found = runpy.run_path(path).get(name)
        graph = found() if callable(found) else found
    except Exception as error:  # a user's file may raise anything
        raise ValueError(f"{path}: {type(error).__name__}: {error}") from error
    if not isinstance(graph, Graph):
        raise ValueError(f"{path}: wanted a refnet.Graph named {name!r}, got {type(graph).__name__}")
    return graph
