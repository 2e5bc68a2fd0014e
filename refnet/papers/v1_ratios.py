"""MobileNet V1, section 4.2: how many times smaller, cheaper and how much more accurate than older networks.

Ratios are computed from the networks, and beside them from the figures that Tables 8 and 9 print.
"""

from fractions import Fraction

from ..digits import parse_figure
from .claim import UNCOUNTED, Claim, Compute, Computed, Table, Value
from .counted import MADDS, PARAMETERS
from .networks import Networks, Number
from .v1_comparisons import ALEXNET, GOOGLENET, MOBILENET, REDUCED, SQUEEZENET, VGG, Row

SECTION_4_2 = Table("V1 section 4.2", source="V1 4.2")
BOUND, GAIN = "2.5", "4"  # "more than 2.5 times less computation"; "4% better", of two networks


def _ratio(more: Row, less: Row, quantity: str) -> Compute:
    """How many times more `more` has, under each convention that counts both; and the same of the printed figures."""

    def compute(networks: Networks) -> Computed:
        return Computed(_ratios(networks, more, less, quantity), facts={"prints": _of_prints(more, less, quantity)})

    return compute


def _ratios(networks: Networks, more: Row, less: Row, quantity: str) -> dict[str, Number]:
    above, below = more.counts(networks, quantity), less.counts(networks, quantity)
    return {name: Fraction(above[name]) / Fraction(below[name]) for name in below if name in above}


def _of_prints(more: Row, less: Row, quantity: str) -> Fraction:
    return Fraction(more.printed(quantity)) / Fraction(less.printed(quantity))


def _two_units(networks: Networks) -> Computed:
    """SqueezeNet's print counts operations, MobileNet's multiply-adds: their quotient compares two units."""
    ours, theirs = REDUCED.counts(networks, MADDS), SQUEEZENET.counts(networks, MADDS)
    madds, flops = SECTION_4_2.madds, "FLOP-2"
    multiply_adds, operations = parse_figure(REDUCED.madds, "M"), parse_figure(SQUEEZENET.madds, "M")
    of_ours = multiply_adds.reading(ours[madds]) and not multiply_adds.reading(ours[flops])
    of_theirs = operations.reading(theirs[flops]) and not operations.reading(theirs[madds])
    facts: dict[str, Value | str] = {
        "prints": _of_prints(SQUEEZENET, REDUCED, MADDS),
        "mixed": Fraction(theirs[flops]) / Fraction(ours[madds]),
        "madds": madds,
        "flops": flops,
    }
    values = _ratios(networks, SQUEEZENET, REDUCED, MADDS)
    return Computed(values, refuted=bool(of_ours and of_theirs), facts=facts)


def _more_than(networks: Networks) -> Computed:
    """The ratio as a multiple of the printed bound."""
    values = _ratios(networks, GOOGLENET, MOBILENET, MADDS)
    measured = values[SECTION_4_2.madds] / Fraction(BOUND)
    return Computed(values, measured=(measured,), facts={"prints": _of_prints(GOOGLENET, MOBILENET, MADDS)})


def _gain(id: str, name: str, other: Row) -> Claim:
    """How much more accurate the reduced MobileNet is; rounding the two accuracies could move it by two half units."""

    def compute(networks: Networks) -> Computed:
        better, worse = Fraction(REDUCED.accuracy), Fraction(other.accuracy)
        difference, printed, unit = better - worse, parse_figure(GAIN), parse_figure(REDUCED.accuracy).step
        least, largest = difference - unit, difference + unit
        facts: dict[str, Value | str] = {
            "better": REDUCED.accuracy,
            "worse": other.accuracy,
            "largest": largest,
            "relative": 100 * difference / worse,
        }
        refuted = printed.rounded(largest) < printed.value or printed.rounded(least) > printed.value
        return Computed({UNCOUNTED: difference}, refuted=refuted, facts=facts)

    note = (
        "The paper's own table prints {better}% and {worse}%; however these were rounded, the difference is at most "
        "{largest}. As a share of the other's accuracy it is {relative}%."
    )
    what = f"accuracy above {name}"
    return Claim(id, SECTION_4_2.source, GAIN, "%", SECTION_4_2, what, compute, "erratum", note)


_PRINTS = "The quotient of the two printed figures is {prints}."


def _text(
    id: str,
    printed: str,
    what: str,
    quantity: str,
    compute: Compute,
    recorded: str,
    note: str = _PRINTS,
    word: str = "",
) -> Claim:
    """A ratio of section 4.2."""
    table = SECTION_4_2
    main = table.madds if quantity == MADDS else table.parameters
    return Claim(id, table.source, printed, "x", table, what, compute, recorded, note, main, word=word)


CLAIMS = [
    _text("V1-X32", "32", "VGG 16, size", PARAMETERS, _ratio(VGG, MOBILENET, PARAMETERS), "convention"),
    _text("V1-X27", "27", "VGG 16, mult-adds", MADDS, _ratio(VGG, MOBILENET, MADDS), "exact"),
    _text(
        "V1-X25",
        f"more than {BOUND}",
        "GoogLeNet, mult-adds",
        MADDS,
        _more_than,
        "approximate",
        f"GoogLeNet takes {{value}} times the multiply-adds. {_PRINTS}",
        "more than",
    ),
    _text("V1-X45", "45", "AlexNet, size", PARAMETERS, _ratio(ALEXNET, REDUCED, PARAMETERS), "convention"),
    _text("V1-X94", "9.4", "AlexNet, mult-adds", MADDS, _ratio(ALEXNET, REDUCED, MADDS), "convention"),
    _text(
        "V1-X22",
        "22",
        "SqueezeNet, mult-adds",
        MADDS,
        _two_units,
        "erratum",
        "The quotient of the two printed figures is {prints}, but SqueezeNet's is {flops} and MobileNet's {madds}: so "
        "mixed it is {mixed}, in one unit half of that.",
    ),
    _gain("V1-ACC4A", "AlexNet", ALEXNET),
    _gain("V1-ACC4S", "SqueezeNet", SQUEEZENET),
]
