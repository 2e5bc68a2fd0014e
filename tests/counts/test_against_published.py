"""Counts that the official repository publishes beside its trained networks, and which the papers do not print.

TF-slim, research/slim/nets/mobilenet_v1.md and research/slim/nets/mobilenet/README.md: million multiply-adds and
million parameters of every checkpoint.
"""

import pytest

from refnet import mobilenet_v1, mobilenet_v2
from refnet.digits import parse_figure

# width -> parameters, and by resolution the multiply-adds
V1 = {
    1.0: ("4.24", {224: 569, 192: 418, 160: 291, 128: 186}),
    0.75: ("2.59", {224: 317, 192: 233, 160: 162, 128: 104}),
    0.5: ("1.34", {224: 150, 192: 110, 160: 77, 128: 49}),
    0.25: ("0.47", {224: 41, 192: 34, 160: 21, 128: 14}),
}
V2 = {
    1.4: ("6.06", {224: 582}),
    1.3: ("5.34", {224: 509}),
    1.0: ("3.47", {224: 300, 192: 221, 160: 154, 128: 99, 96: 56}),
    0.75: ("2.61", {224: 209, 192: 153, 160: 107, 128: 69, 96: 39}),
    0.5: ("1.95", {224: 97, 192: 71, 160: 50, 128: 32, 96: 18}),
    0.35: ("1.66", {224: 59, 192: 43, 160: 30, 128: 20, 96: 11}),
}
# Cells of V1's page that its own paper contradicts: 325 M for 0.75 at 224, 149 M for 0.5 at 224. The row of 0.75 is
# smaller throughout, and 0.25 at 192 would cost more than the sides allow: (192/224)^2 of 41 is 30.
CONTRADICTED = {(0.75, 224), (0.75, 192), (0.75, 160), (0.75, 128), (0.5, 224), (0.25, 192)}


def cells(table):
    return [(width, side, madds, params) for width, (params, row) in table.items() for side, madds in row.items()]


@pytest.mark.parametrize(("width", "side", "madds", "parameters"), cells(V2))
def test_v2_cuts_multiply_adds_and_rounds_kernels(width, side, madds, parameters):
    cost = mobilenet_v2(width=width, resolution=side).cost()
    assert parse_figure(str(madds), "M", significant_zeros=True).is_cut(cost.madds)
    assert parse_figure(parameters, "M").is_rounded(cost.total("P-WEIGHTS"))


@pytest.mark.parametrize(("width", "side", "madds", "parameters"), cells(V1))
def test_v1_rounds_both_and_counts_batch_norm_without_scale(width, side, madds, parameters):
    cost = mobilenet_v1(width=width, resolution=side, classes=1001).cost()
    assert parse_figure(parameters, "M").is_rounded(cost.total("P-SLIM"))
    rounded = parse_figure(str(madds), "M", significant_zeros=True).is_rounded(cost.madds)
    assert rounded == ((width, side) not in CONTRADICTED)
