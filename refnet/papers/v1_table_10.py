"""MobileNet V1, Table 10: Stanford Dogs, with Inception V3 beside MobileNet.

The column of parameters is of networks with one class per breed. The column of mult-adds repeats the figures of the
tables before it, which are of networks with ImageNet's classes; so this table's multiply-adds are counted on those.
"""

from typing import Any

from ..digits import parse_figure
from ..models.inception3 import inception_v3
from ..models.v1 import mobilenet_v1
from .claim import Claim, Compute, Computed, Table
from .counted import MADDS, PARAMETERS, size_claim
from .networks import Build, Networks

TABLE_10 = Table("V1 Table 10")
BREEDS, IMAGENET = 120, 1000  # classes of Stanford Dogs, of the tables before

INCEPTION_PARAMETERS = "23.2"
_REPEATED = f"like the tables that it repeats, though the parameters beside it are those of {BREEDS}"


def _madds(printed: str, build: Build, **settings: Any) -> Compute:
    """Multiply-adds with ImageNet's classes, and whether the print is that of a network with one class per breed."""

    def compute(networks: Networks) -> Computed:
        breeds = networks.cost(build, classes=BREEDS, **settings).madds
        fits = parse_figure(printed, "M").reading(breeds) is not None
        facts = {
            "imagenet": IMAGENET,
            "classes": BREEDS,
            "breeds": breeds,
            "fits": "gives the same print" if fits else "does not give the print",
            "column": "like the rest of the column" if build is inception_v3 else _REPEATED,
        }
        return Computed(networks.madds(build, classes=IMAGENET, **settings), facts=facts)

    return compute


def _madds_claim(id: str, what: str, printed: str, recorded: str, build: Build, **settings: Any) -> Claim:
    return Claim(
        id,
        TABLE_10.name,
        printed,
        "M",
        TABLE_10,
        f"{what}, {MADDS}",
        _madds(printed, build, **settings),
        recorded,
        "Counted with {imagenet} classes, {column}; with the {classes} breeds it is {breeds}, which {fits}.",
        TABLE_10.madds,
    )


def _inception_parameters(networks: Networks) -> Computed:
    """And how many classes would make the print."""
    features, one_class = (networks.cost(inception_v3, classes=n).total("P-WEIGHTS") for n in (0, 1))
    printed = parse_figure(INCEPTION_PARAMETERS, "M")
    fitting = [n for n in range(IMAGENET + 1) if printed.is_rounded(features + n * (one_class - features))]
    facts = {
        "classes": BREEDS,
        "imagenet": IMAGENET,
        "whole": networks.cost(inception_v3).total("P-WEIGHTS"),
        "least": min(fitting, default=0),
        "most": max(fitting, default=0),
    }
    return Computed(networks.parameters(inception_v3, classes=BREEDS), facts=facts)


def _mobilenet_claims(width: float, side: int, madds: str, parameters: str) -> list[Claim]:
    stem, what = f"V1-T10-{width:g}-{side}", f"{width:g} MobileNet-{side}"
    settings: dict[str, Any] = {"width": width, "resolution": side}
    return [
        _madds_claim(f"{stem}-M", what, madds, "exact", mobilenet_v1, **settings),
        size_claim(f"{stem}-P", TABLE_10, what, PARAMETERS, parameters, mobilenet_v1, classes=BREEDS, **settings),
    ]


CLAIMS = [
    _madds_claim("V1-T10-I3-M", "Inception V3", "5000", "convention", inception_v3),
    Claim(
        "V1-T10-I3-P",
        TABLE_10.name,
        INCEPTION_PARAMETERS,
        "M",
        TABLE_10,
        f"Inception V3, {PARAMETERS}",
        _inception_parameters,
        "unexplained",
        "Counted with the {classes} breeds. With {imagenet} classes it would be {whole}; only {least} to {most} "
        "classes would give the print.",
        TABLE_10.parameters,
    ),
    *_mobilenet_claims(1.0, 224, "569", "3.3"),
    *_mobilenet_claims(0.75, 224, "325", "1.9"),
    *_mobilenet_claims(1.0, 192, "418", "3.3"),
    *_mobilenet_claims(0.75, 192, "239", "1.9"),
]
