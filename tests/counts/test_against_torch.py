"""Parameters and multiply-adds as torch counts them, of modules built from the independent reading."""

import pytest

from counts import independent
from refnet import conv_mobilenet, mobilenet_v1, mobilenet_v2, shallow_mobilenet

torch = pytest.importorskip("torch", reason="torch is not installed")
pytestmark = pytest.mark.torch


def modules(lines):
    """One module per line on torch's meta device, which holds no numbers; padding 1 on every side."""
    nn, built = torch.nn, []
    with torch.device("meta"):
        for line in lines:
            if line.kind == "fc":
                built += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(line.m, line.n)]
                continue
            stride = -(-line.size // line.out)
            groups = line.m if line.kind == "dw" else 1
            convolution = nn.Conv2d(
                line.m, line.n, line.taps, stride, padding=line.taps // 2, groups=groups, bias=False
            )
            built += [convolution, nn.BatchNorm2d(line.n)]
    return nn.Sequential(*built)


def numel(tensors):
    return sum(tensor.numel() for tensor in tensors)


def counted(network, resolution):
    """(trainable parameters, moving statistics, multiply-adds of a forward pass) by torch."""
    from torch.utils.flop_counter import FlopCounterMode

    statistics = [buffer for name, buffer in network.named_buffers() if "running" in name]
    with FlopCounterMode(display=False) as counter:
        network(torch.empty(1, 3, resolution, resolution, device="meta"))
    return numel(network.parameters()), numel(statistics), counter.get_total_flops() // 2


CASES = [
    (mobilenet_v1, 1.0, 224, 1000),
    (mobilenet_v1, 0.25, 128, 1000),
    (mobilenet_v2, 1.4, 224, 1000),
    (mobilenet_v2, 1.0, 224, 1000),
    (mobilenet_v2, 0.35, 96, 1000),
    (conv_mobilenet, 1.0, 224, 1000),
    (shallow_mobilenet, 1.0, 224, 1000),
    (mobilenet_v1, 0.37, 33, 7),
    (mobilenet_v2, 1.3, 101, 21),
]


@pytest.mark.parametrize(("build", "width", "resolution", "classes"), CASES)
def test_parameters_and_multiply_adds(build, width, resolution, classes):
    cost = build(width, resolution, classes, padding="symmetric").cost()
    if build is mobilenet_v2:
        lines = independent.v2(width, resolution, classes, "symmetric")
    else:
        lines = independent.v1(width, resolution, classes, "symmetric", body=build.__name__)
    trainable, statistics, madds = counted(modules(lines), resolution)
    assert cost.total("P-TRAINABLE") == trainable
    assert cost.parameters()["bn_statistics"] == statistics
    assert cost.madds == madds
