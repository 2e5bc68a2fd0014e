"""The V2 paper's appendix A, checked: two lemmas, a theorem, a chain of inequalities, and Figure 1's spirals."""

from typing import TYPE_CHECKING

from ..lazy import lazily

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

__getattr__, __dir__ = lazily(__name__, __all__, _HOME)
