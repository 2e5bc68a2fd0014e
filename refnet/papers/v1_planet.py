"""MobileNet V1, section 4.4: PlaNet, which classifies photographs by the cell of the earth that they show.

The paper gives no number of cells. Both networks end in a dense layer to one class for each cell, so that a printed
number of parameters implies a range of cells; the two prints do not imply the same.
"""

from ..digits import Figure, parse_figure
from ..models.inception3 import inception_v3
from ..models.uses import planet_mobilenet
from ..models.v1 import mobilenet_v1
from .claim import Claim, Compute, Computed, Table, Value, undetermined
from .counted import MADDS, PARAMETERS
from .networks import Build, Networks, count

PLANET = Table("V1 section 4.4", zeros=True, source="V1 4.4")  # 3 + 10 = 13: the 10 reaches down to the unit
WHOLE, WHOLE_MADDS = "52", "5.74"  # PlaNet on Inception V3: million parameters, billion mult-adds
BODY, FINAL, TOGETHER = "3", "10", "13"  # PlaNet on MobileNet: million parameters
MOBILE_MADDS = "0.58 Million"

# Where one number of cells is needed: one that WHOLE allows. WHOLE_MADDS is the same for all of them.
CELLS = 14_771


def implied(printed: Figure, before: int, each: int) -> tuple[int, int]:
    """The least and the largest n for which `before + n * each` parameters round to the print."""
    low, high = (printed.value + half * printed.step / 2 - before for half in (-1, 1))
    return -int(-low // each), -int(-high // each) - 1  # half is rounded up: the upper end is outside


def cells_implied(networks: Networks, build: Build, printed: Figure, body: bool) -> tuple[int, int]:
    """The least and the largest number of cells whose parameters round to the print.

    body: whether the print is of the whole network, or of its last layer alone.
    """
    features = networks.cost(build, classes=1)["classifier"].weights
    before = networks.cost(build, classes=0).total(PLANET.parameters) if body else 0
    return implied(printed, before, features)


def _implied_by(networks: Networks) -> dict[str, tuple[int, int]]:
    """What each print implies."""
    return {
        WHOLE: cells_implied(networks, inception_v3, parse_figure(WHOLE, "M"), body=True),
        FINAL: cells_implied(networks, mobilenet_v1, parse_figure(FINAL, "M", significant_zeros=True), body=False),
        TOGETHER: cells_implied(networks, mobilenet_v1, parse_figure(TOGETHER, "M"), body=True),
    }


def _facts(ranges: dict[str, tuple[int, int]]) -> dict[str, Value | str]:
    """The ranges in words, and whether the two networks can have the same cells."""
    named = {WHOLE: "whole", FINAL: "final", TOGETHER: "together"}
    facts: dict[str, Value | str] = {
        f"{named[printed]}_{end}": value
        for printed, bounds in ranges.items()
        for end, value in zip(("low", "high"), bounds, strict=True)
    }
    least, most = max(low for low, _ in ranges.values()), min(high for _, high in ranges.values())
    facts["agree"] = "can have the same cells" if least <= most else "cannot have the same cells"
    return facts


def _whole(networks: Networks) -> Computed:
    ranges = _implied_by(networks)
    values = networks.parameters(inception_v3, classes=CELLS)
    return undetermined(values, "the number of PlaNet's cells", ranges[WHOLE], cells=CELLS, **_facts(ranges))


def _whole_madds(networks: Networks) -> Computed:
    """The number of cells hardly counts: all that the parameters allow give one print."""
    low, high = _implied_by(networks)[WHOLE]
    printed = parse_figure(WHOLE_MADDS, "B")
    ends = [printed.is_rounded(networks.cost(inception_v3, classes=cells).madds) for cells in (low, high)]
    facts = {"cells": CELLS, "low": low, "high": high, "so": "gives" if all(ends) else "does not give"}
    return Computed(networks.madds(inception_v3, classes=CELLS), facts=facts)


def _body(networks: Networks) -> Computed:
    return Computed(networks.parameters(mobilenet_v1, classes=0))


def _final(networks: Networks) -> Computed:
    rows = [row for row in networks.cost(planet_mobilenet).rows if row.node.startswith("classifier")]
    cells = networks.graph(planet_mobilenet).shapes["classifier"][0]
    ranges = _implied_by(networks)
    free = "the number of MobileNet's cells"
    return undetermined(count(rows, "parameters"), free, ranges[FINAL], cells=cells, **_facts(ranges))


def _printed_final() -> int:
    """The final layer as printed: as many parameters, and as many multiply-adds."""
    return int(parse_figure(FINAL, "M").value)


def _together(networks: Networks) -> Computed:
    body = networks.parameters(mobilenet_v1, classes=0)
    values = {name: number + _printed_final() for name, number in body.items()}
    return Computed(values, facts={"body": body[PLANET.parameters], "final": _printed_final()})


def _mobile_madds(networks: Networks) -> Computed:
    """One multiply-add for each weight of the final layer: these alone are more than the print."""
    body, final = networks.cost(mobilenet_v1).total("MADD-HEADLESS"), _printed_final()
    values = {"MADD": body + final, "MADD-HEADLESS": body, "FLOP-2": 2 * (body + final)}
    number = MOBILE_MADDS.split()[0]
    in_billions = parse_figure(number, "B").is_rounded(values["MADD"])
    refuted = in_billions and final > parse_figure(MOBILE_MADDS).value
    return Computed(values, refuted=refuted, facts={"final": final, "body": body, "number": number})


def _claim(
    id: str, printed: str, unit: str, what: str, compute: Compute, recorded: str = "exact", note: str = ""
) -> Claim:
    main = PLANET.madds if what.endswith(MADDS) else PLANET.parameters
    return Claim(id, PLANET.source, printed, unit, PLANET, what, compute, recorded, note, main)


_INCEPTION, _MOBILENET = "PlaNet on Inception V3", "PlaNet on MobileNet"

CLAIMS = [
    _claim(
        "V1-PL-52",
        WHOLE,
        "M",
        f"{_INCEPTION}, {PARAMETERS}",
        _whole,
        "not determinable",
        "With {cells} it has {value}. The MobileNet version implies {final_low} to {final_high} by its final layer and "
        "{together_low} to {together_high} by its sum: the two networks {agree}.",
    ),
    _claim(
        "V1-PL-574",
        WHOLE_MADDS,
        "B",
        f"{_INCEPTION}, {MADDS}",
        _whole_madds,
        "exact",
        "Counted with {cells} cells; every number of cells that V1-PL-52 allows, {low} to {high}, {so} the same print.",
    ),
    _claim("V1-PL-3", BODY, "M", f"{_MOBILENET}, body, {PARAMETERS}", _body),
    _claim(
        "V1-PL-10",
        FINAL,
        "M",
        f"{_MOBILENET}, final layer, {PARAMETERS}",
        _final,
        "not determinable",
        "With {cells} it has {value}. V1-PL-13 implies {together_low} to {together_high}, and V1-PL-52, of the "
        "full PlaNet, {whole_low} to {whole_high}: the two networks {agree}.",
    ),
    _claim(
        "V1-PL-13",
        TOGETHER,
        "M",
        f"{_MOBILENET}, {PARAMETERS}",
        _together,
        "exact",
        "The {body} of the body and the printed {final} of the final layer.",
    ),
    _claim(
        "V1-PL-058",
        MOBILE_MADDS,
        "-",
        f"{_MOBILENET}, {MADDS}",
        _mobile_madds,
        "erratum",
        "The body takes {body} and the final layer {final}, one for each of its weights; {number} billion is right.",
    ),
]
