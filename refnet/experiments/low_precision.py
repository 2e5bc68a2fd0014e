"""`low-precision`: V2 section 4 chose ReLU6 "because of its robustness when used with low-precision computation"."""

from collections.abc import Callable

from . import low_precision_figure
from .experiment import Arm, ByArm, Claim, Column, Experiment, Result, Size
from .learning import changes_for
from .precisions import BYTES, FLOAT16, FLOAT32, MAPS
from .sizes import SIZES

RELU6, RELU = "ReLU6", "ReLU"
MODEL = "mobilenet_v2"


def arms(size: Size) -> list[Arm]:
    common = {"model": MODEL, "changes": changes_for(MODEL), "ranges": size.more["ranges"], **size.learning}
    builders = {name: {"width": size.more["width"], "activation": name.lower()} for name in (RELU6, RELU)}
    return [Arm(name, "precisions:quantized", {**common, "builder": builder}) for name, builder in builders.items()]


def changed(result: Result, way: str) -> float:
    """Images that are taken for another class than in float32, in %."""
    return 100 * float(result["changed"][way])


def logit_error(result: Result, way: str) -> float:
    """Root mean square of the error of the logits, in % of the logits'."""
    return 100 * float(result["logit_errors"][way])


def _less(measure: Callable[[Result, str], float], way: str) -> Callable[[ByArm], float]:
    """By how much ReLU6 has less of it than ReLU."""
    return lambda found: measure(found[RELU], way) - measure(found[RELU6], way)


_SOURCE = "V2 section 4"
CLAIMS = (
    Claim(
        "With 8-bit weights and stored activations a network with ReLU6 takes fewer images for another class than in "
        "float32 than one with ReLU.",
        _SOURCE,
        "% of the images",
        _less(changed, BYTES),
    ),
    Claim(
        "With 8-bit weights and stored activations the logits change less with ReLU6 than with ReLU.",
        _SOURCE,
        "% of the logits",
        _less(logit_error, BYTES),
    ),
    Claim(
        "With 8-bit stored activations alone the logits change less with ReLU6 than with ReLU.",
        _SOURCE,
        "% of the logits",
        _less(logit_error, MAPS),
    ),
    Claim(
        "With float16 weights and stored activations the logits change less with ReLU6 than with ReLU.",
        _SOURCE,
        "% of the logits",
        _less(logit_error, FLOAT16),
    ),
)


def _accuracy(way: str) -> Callable[[Result], float]:
    return lambda result: 100 * float(result["accuracies"][way])


def _error(way: str) -> Callable[[Result], float]:
    return lambda result: logit_error(result, way)


COLUMNS = (
    *(Column(f"accuracy, {way}, %", _accuracy(way)) for way in (FLOAT32, FLOAT16, MAPS, BYTES)),
    Column("class changed, 8 bits, %", lambda result: changed(result, BYTES)),
    Column("error of logits, float16, %", _error(FLOAT16), ".3f"),
    Column("error of logits, 8-bit maps, %", _error(MAPS), ".1f"),
    Column("error of logits, 8 bits, %", _error(BYTES), ".1f"),
)

EXPERIMENT = Experiment(
    name="low-precision",
    source="V2 section 4",
    question="Is a network with ReLU6 more robust than one with ReLU when it is computed with few bits?",
    sizes=SIZES["low-precision"],
    arms=arms,
    columns=COLUMNS,
    claims=CLAIMS,
    draw=low_precision_figure.draw,
    notes=(
        "The paper states the robustness and measures nothing; its source, V1, gives no figure either.",
        "Few bits are simulated: numbers are rounded to 8 bits or float16, and sums are taken in float32.",
        "8 bits: one scale and zero per tensor, over the least and greatest number of each kernel (batch norm folded) "
        "and of each stored map on 256 training images; biases stay in float32.",
        "Networks are trained in float32 and rounded afterwards.",
    ),
)
