"""MobileNet V2, Table 4: the networks that it is compared with. Its own rows stand in `v2_tables.py`."""

from ..models.nasnet import nasnet_a_mobile
from ..models.shufflenet import first_channels, shufflenet_v1
from .claim import Claim, Computed
from .counted import MADDS, PARAMETERS, size_claim
from .networks import Networks
from .v2_tables import TABLE_4


def _shufflenet_madds(id: str, what: str, printed: str, width: float, other: int) -> Claim:
    """A claim on ShuffleNet's multiply-adds; other: a number of channels that the first convolution does not have."""

    def compute(networks: Networks) -> Computed:
        counted = networks.cost(shufflenet_v1, width=width, first=other).madds
        facts = {"first": first_channels(width), "other": other, "counted": counted}
        return Computed(networks.madds(shufflenet_v1, width=width), facts=facts)

    return Claim(
        id,
        TABLE_4.source,
        printed,
        "M",
        TABLE_4,
        f"{what}, {MADDS}",
        compute,
        "exact",
        "The first convolution has {first} channels, as in the code of its authors; with {other} it would be "
        "{counted}.",
        TABLE_4.madds,
    )


_ONE, _ONE_AND_A_HALF, _TWO = first_channels(1.0), 1.5, 2.0

CLAIMS = [
    size_claim("V2-T4-S15-P", TABLE_4, "ShuffleNet (1.5)", PARAMETERS, "3.4", shufflenet_v1, width=_ONE_AND_A_HALF),
    _shufflenet_madds("V2-T4-S15-M", "ShuffleNet (1.5)", "292", _ONE_AND_A_HALF, other=int(_ONE * _ONE_AND_A_HALF)),
    size_claim("V2-T4-S20-P", TABLE_4, "ShuffleNet (x2)", PARAMETERS, "5.4", shufflenet_v1, width=_TWO),
    _shufflenet_madds("V2-T4-S20-M", "ShuffleNet (x2)", "524", _TWO, other=_ONE),
    size_claim("V2-T4-NAS-P", TABLE_4, "NASNet-A", PARAMETERS, "5.3", nasnet_a_mobile),
    size_claim("V2-T4-NAS-M", TABLE_4, "NASNet-A", MADDS, "564", nasnet_a_mobile),
]
