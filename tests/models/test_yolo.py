"""YOLOv2 against Redmon and Farhadi 2016 (Table 6, section 2) and Darknet's cfg/yolo-voc.2.0.cfg and cfg/yolo-voc.cfg.

Filters and sides are typed in from the configurations, which also give the order of the concatenation: `route
layers=-1,-3` puts the reorganised fine map in front of the coarse one.
"""

import numpy as np
import pytest

from refnet.models import yolo, yolo_v2

# (number, filters, kernel, side at 416) of each convolution in the configurations, up to the passthrough.
LAYERS = [
    (1, 32, 3, 416), (2, 64, 3, 208), (3, 128, 3, 104), (4, 64, 1, 104), (5, 128, 3, 104),
    (6, 256, 3, 52), (7, 128, 1, 52), (8, 256, 3, 52),
    (9, 512, 3, 26), (10, 256, 1, 26), (11, 512, 3, 26), (12, 256, 1, 26), (13, 512, 3, 26),
    (14, 1024, 3, 13), (15, 512, 1, 13), (16, 1024, 3, 13), (17, 512, 1, 13), (18, 1024, 3, 13),
    (19, 1024, 3, 13), (20, 1024, 3, 13),
]  # fmt: skip
STACKED = {"original": 2048, "later": 256}
variants = pytest.mark.parametrize("passthrough", STACKED)


@variants
def test_every_layer(passthrough):
    net = yolo_v2(passthrough=passthrough)
    for number, filters, _, side in LAYERS:
        for end in ("", "_bn", "_leaky"):
            assert net.shapes[f"conv_{number}{end}"] == (side, side, filters)
    assert net.shapes["passthrough/reorg"] == (13, 13, STACKED[passthrough])
    assert net.shapes["concat"] == (13, 13, STACKED[passthrough] + 1024)
    assert net.shapes["conv_21_leaky"] == (13, 13, 1024)
    assert net.shapes["predictions"] == (13, 13, 425)
    assert yolo_v2(classes=20).shapes["predictions"] == (13, 13, 125)


@variants
def test_parameters_by_hand(passthrough):
    weights, channels, before = 0, 0, 3
    for _, filters, kernel, _ in LAYERS:
        weights, channels, before = weights + kernel**2 * before * filters, channels + filters, filters
    if passthrough == "later":
        weights, channels = weights + 512 * 64, channels + 64
    weights += 9 * (STACKED[passthrough] + 1024) * 1024 + 1024 * 425
    cost = yolo_v2(passthrough=passthrough).cost()
    assert cost.total("P-WEIGHTS") == weights
    assert cost.total("P-BIAS") == weights + 425
    assert cost.total("P-ALL") == weights + 425 + 4 * (channels + 1024)


@variants
def test_the_passthrough_reads_the_last_fine_map_and_stands_first(passthrough):
    by_name = {node.name: node for node in yolo_v2(passthrough=passthrough).nodes}
    first = "passthrough/reorg" if passthrough == "original" else "passthrough/conv"
    assert by_name[first].inputs == ("conv_13_leaky",)
    assert by_name["concat"].inputs == ("passthrough/reorg", "conv_20_leaky")
    assert by_name["conv_21"].inputs == ("concat",)


def test_any_multiple_of_32():
    assert yolo_v2(608).shapes["predictions"] == (19, 19, 425)
    assert yolo_v2(32).shapes["predictions"] == (1, 1, 425)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"resolution": 400}, "resolution: wanted a multiple of 32, got 400"),
        ({"resolution": 0}, "resolution: wanted an integer of at least 1, got 0"),
        ({"classes": 0}, "classes: wanted an integer of at least 1, got 0"),
        ({"passthrough": "both"}, "passthrough: wanted one of original, later, got 'both'"),
        ({"passthrough": ["later"]}, r"passthrough: wanted one of original, later, got \['later'\]"),
    ],
)
def test_bad_settings(given, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        yolo_v2(**given)


@pytest.mark.jit
@variants
def test_it_runs(passthrough, monkeypatch):
    """With a sixteenth of the filters. The first channels of the concatenation are the fine map's 2x2 pixels."""
    thin = tuple(tuple((filters // 16, kernel) for filters, kernel in stage) for stage in yolo.BODY)
    monkeypatch.setattr(yolo, "BODY", thin)
    monkeypatch.setattr(yolo, "DETECTION", (64, 3))
    monkeypatch.setattr(yolo, "REDUCED", 4)
    net = yolo_v2(32, 3, passthrough)
    images = np.random.default_rng(0).standard_normal((2, 32, 32, 3)).astype(np.float32)
    taps = ("conv_13_leaky", "passthrough/conv_leaky", "conv_20_leaky", "concat")
    taps = [name for name in taps if name in net.shapes]
    y, maps = net.forward(net.init(0), images, taps=taps)
    assert y.shape == (2, 1, 1, 40)
    assert np.ptp(y, axis=0).min() > 0
    fine = maps["conv_13_leaky" if passthrough == "original" else "passthrough/conv_leaky"]
    stacked = np.concatenate([fine[:, 0, 0], fine[:, 0, 1], fine[:, 1, 0], fine[:, 1, 1]], axis=-1)
    np.testing.assert_array_equal(maps["concat"][:, 0, 0, : stacked.shape[-1]], stacked)
    np.testing.assert_array_equal(maps["concat"][:, 0, 0, stacked.shape[-1] :], maps["conv_20_leaky"][:, 0, 0])
