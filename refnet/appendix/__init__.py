"""The V2 paper's appendix A, checked: two lemmas, a theorem, a chain of inequalities, and Figure 1's spirals."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # what type checkers and editors see; at run time a name is imported when it is asked for
    from .chain import STEPS as STEPS
    from .collapse import collapsed as collapsed
    from .collapse import estimate as estimate
    from .collapse import preserved_patterns as preserved_patterns
    from .folding import fold as fold
    from .lemmas import lemma_1_counterexamples as lemma_1_counterexamples
    from .lemmas import lemma_2_counterexamples as lemma_2_counterexamples
    from .spirals import reconstruction as reconstruction

_HOME = {
    "preserved_patterns": "collapse",
    "collapsed": "collapse",
    "estimate": "collapse",
    "STEPS": "chain",
    "fold": "folding",
    "lemma_1_counterexamples": "lemmas",
    "lemma_2_counterexamples": "lemmas",
    "reconstruction": "spirals",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"refnet.appendix has no {name!r}")
    return getattr(import_module(f".{_HOME[name]}", __name__), name)


def __dir__() -> list[str]:
    return __all__
