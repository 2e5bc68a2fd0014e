"""What training needs beside the graph."""

from typing import TYPE_CHECKING

from ..lazy import lazily

if TYPE_CHECKING:  # what type checkers and editors see; at run time a name is imported when it is asked for
    from .averages import ExponentialMovingAverage as ExponentialMovingAverage
    from .groups import decayed as decayed
    from .groups import weight_groups as weight_groups
    from .losses import distillation as distillation
    from .losses import sigmoid_cross_entropy as sigmoid_cross_entropy
    from .losses import softmax_cross_entropy as softmax_cross_entropy
    from .losses import squared_difference as squared_difference
    from .optimizers import SGD as SGD
    from .optimizers import RMSProp as RMSProp
    from .schedules import Constant as Constant
    from .schedules import Cosine as Cosine
    from .schedules import Exponential as Exponential
    from .statistics import recalibrate as recalibrate
    from .statistics import with_decay as with_decay

_HOME = {
    "Constant": "schedules",
    "Cosine": "schedules",
    "Exponential": "schedules",
    "ExponentialMovingAverage": "averages",
    "RMSProp": "optimizers",
    "SGD": "optimizers",
    "decayed": "groups",
    "distillation": "losses",
    "recalibrate": "statistics",
    "sigmoid_cross_entropy": "losses",
    "softmax_cross_entropy": "losses",
    "squared_difference": "losses",
    "weight_groups": "groups",
    "with_decay": "statistics",
}

__all__ = sorted(_HOME)

__getattr__, __dir__ = lazily(__name__, __all__, _HOME)
