"""Strides that become dilations: where, of which rate, and that nothing but density changes."""

from dataclasses import replace

import numpy as np
import pytest
from healthy import healthy

from refnet import Graph, Node, mobilenet_v1, mobilenet_v2
from refnet.layers import Add, Conv2d, DepthwiseConv2d, MaxPool2d, PointwiseConv2d
from refnet.models import deeplab_mobilenet_v1, deeplab_mobilenet_v2, deeplab_resnet_101, resnet_101
from refnet.models.output_stride import dilated

BUILDERS = (deeplab_mobilenet_v1, deeplab_mobilenet_v2, deeplab_resnet_101)


@pytest.mark.parametrize("build", BUILDERS)
def test_every_output_stride_has_the_same_weights(build):
    parameters = [build(output_stride=each).parameters() for each in (8, 16, 32)]
    assert parameters[0] == parameters[1] == parameters[2]
    assert list(parameters[0]) == list(parameters[2])


def test_what_is_dilated():
    """At output stride 8: behind the stride of V2's block 7 the rate is 2, behind block 14's it is 4."""
    layers = {node.name: node.layer for node in deeplab_mobilenet_v2(output_stride=8).nodes}
    found = [(layers[f"block_{i}/depthwise"].stride, layers[f"block_{i}/depthwise"].dilation) for i in range(1, 18)]
    assert found == [(1, 1), (2, 1), (1, 1), (2, 1), (1, 1), (1, 1), (1, 1), *[(1, 2)] * 7, *[(1, 4)] * 3]


def test_multi_grid_multiplies():
    layers = {node.name: node.layer for node in deeplab_resnet_101(output_stride=8).nodes}
    assert [layers[f"conv5_{i}/conv2"].dilation for i in (1, 2, 3)] == [4, 8, 16]
    assert {layers[f"conv4_{i}/conv2"].dilation for i in range(1, 24)} == {2}
    assert [layers[f"{unit}/shortcut"].stride for unit in ("conv2_3", "conv3_4", "conv4_23")] == [2, 1, 1]


def bodies(build, **settings):
    """A body up to the map under the heads, as it is and with dilations."""
    net = build(classes=0, **settings)
    nodes = [node for node in net.nodes if not node.name.startswith(("conv_last", "pool")) or node.name == "pool1"]
    return net.inputs, nodes


def shift(size, output_stride):
    """Where the coarse grid begins in the dense one, under SAME: see output_stride.py."""
    first, stride, rate = 0, 1, 1
    for _ in range(5):
        if stride < output_stride:
            stride *= 2
        else:
            first += rate if size % 2 == 0 else 0
            rate *= 2
        size = -(-size // 2)
    return first


@pytest.mark.jit
@pytest.mark.parametrize("padding", ["same", "symmetric"])
@pytest.mark.parametrize("size", [33, 48, 50, 63, 64, 65])
@pytest.mark.parametrize(("build", "width"), [(mobilenet_v1, 0.25), (mobilenet_v2, 0.35)], ids=["v1", "v2"])
def test_the_coarse_map_is_part_of_the_dense_one(build, width, size, padding):
    """Exactly, borders included: V1 and V2 at output stride 8 and 16 hold what they have at 32."""
    inputs, nodes = bodies(build, width=width, resolution=size, padding=padding)
    assert_dense(inputs, nodes, lambda stride: shift(size, stride) if padding == "same" else 0)


@pytest.mark.jit
def test_the_coarse_map_of_resnet_is_part_of_the_dense_one():
    """What DeepLab's own testAtrousFullyConvolutionalValues (resnet_v1_beta_test.py) checks to four digits."""
    inputs, nodes = bodies(resnet_101, resolution=33, variant="beta")
    assert_dense(inputs, nodes, lambda stride: 0)


def assert_dense(inputs, nodes, first):
    """first: output stride -> place of the first coarse pixel in the dense map."""
    coarse = Graph("coarse", inputs, nodes)
    random = np.random.default_rng(4)
    weights = healthy(coarse, random)
    images = random.standard_normal((1, *inputs["images"]))
    wanted = coarse.forward(weights, images)
    for stride in (8, 16):
        start, step = first(stride), 32 // stride
        dense = Graph("dense", inputs, dilated(coarse.nodes, stride)).forward(weights, images)
        np.testing.assert_array_equal(dense[:, start::step, start::step], wanted)
        assert dense.shape[1] > wanted.shape[1]


@pytest.mark.jit
def test_a_wrong_rate_is_noticed():
    """The dense map with one dilation too small is no longer the coarse one in between."""
    inputs, nodes = bodies(mobilenet_v1, width=0.25, resolution=33)
    coarse = Graph("coarse", inputs, nodes)
    weights = healthy(coarse, np.random.default_rng(4))
    images = np.random.default_rng(5).standard_normal((1, 33, 33, 3))
    wrong = [
        replace(node, layer=replace(node.layer, dilation=1)) if node.name == "block_13/depthwise" else node
        for node in dilated(coarse.nodes, 16)
    ]
    dense = Graph("dense", inputs, wrong).forward(weights, images)
    assert not np.allclose(dense[:, ::2, ::2], coarse.forward(weights, images))


def test_a_pool_behind_the_output_stride_is_refused():
    nodes = [
        Node("a", Conv2d(4, 3, 8), ("images",)),
        Node("b", DepthwiseConv2d(3, 2), ("a",)),
        Node("c", MaxPool2d(3), ("b",)),
    ]
    with pytest.raises(ValueError, match="^node 'c': wanted no pooling beyond output stride 8, got MaxPool2d"):
        dilated(nodes, 8)


def test_values_of_different_density_do_not_meet():
    nodes = [
        Node("a", Conv2d(4, 3, 8), ("images",)),
        Node("b", DepthwiseConv2d(3, 2), ("a",)),
        Node("c", PointwiseConv2d(4), ("a",)),
        Node("d", Add(), ("b", "c")),
    ]
    with pytest.raises(ValueError, match="^node 'd': wanted inputs on one grid, got"):
        dilated(nodes, 8)
