"""Inference at machine speed: a graph and its weights become a program.

    program = refnet.compile(net, weights, batch=1, threads=None)
    logits = program(images)
    print(program.explain())

How to read it, in the order in which it happens: `matching.py` (which nodes are one operation), `values.py` (how a
value lies in memory), `tables.py` (each operation's numbers in the order in which its kernel reads them), `planning.py`
(how long a value is needed) and `arena.py` (where it lies meanwhile), `compiling.py` (all of these), `program.py`
(running it), `explaining.py`. The compiled part is `kernels/tiled/program.py`.
"""

from typing import TYPE_CHECKING

from ..lazy import lazily

if TYPE_CHECKING:  # what type checkers and editors see; at run time a name is imported when it is asked for
    from .compiling import compile as compile
    from .program import Program as Program

_HOME = {"Program": "program", "compile": "compiling"}

__all__ = sorted(_HOME)

__getattr__, __dir__ = lazily(__name__, __all__, _HOME)
