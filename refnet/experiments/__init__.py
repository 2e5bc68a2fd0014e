"""The papers' experiments at a scale that one machine can run: what `refnet experiment` does.

How to read it, bottom up: `experiment.py` (what an experiment is), `learning.py` (a cell that trains a network),
`cells.py` with `basis.py` (finished cells on disk), `worker.py` and `grid.py` (the missing ones, computed beside each
other), `pairs.py` (differences over seeds, and what follows from them), `findings.py` (the claims judged), `report.py`
and `page.py` (what is shown), `command.py`; then a file for each experiment, which `registry.py` lists.
"""

from typing import TYPE_CHECKING

from ..lazy import lazily

if TYPE_CHECKING:  # what type checkers and editors see; at run time a name is imported when it is asked for
    from .cells import Cells as Cells
    from .experiment import Arm as Arm
    from .experiment import Cell as Cell
    from .experiment import Claim as Claim
    from .experiment import Column as Column
    from .experiment import Experiment as Experiment
    from .experiment import Size as Size
    from .pairs import Interval as Interval
    from .pairs import finding as finding
    from .pairs import interval as interval
    from .registry import NAMES as NAMES
    from .registry import named as named

_HOME = {
    "Arm": "experiment",
    "Cell": "experiment",
    "Cells": "cells",
    "Claim": "experiment",
    "Column": "experiment",
    "Experiment": "experiment",
    "Interval": "pairs",
    "NAMES": "registry",
    "Size": "experiment",
    "finding": "pairs",
    "interval": "pairs",
    "named": "registry",
}

__all__ = sorted(_HOME)

__getattr__, __dir__ = lazily(__name__, __all__, _HOME)
