"""Concat, shuffle, space to depth, resizing and cropping against torch's operations: values and gradients, float64."""

import numpy as np
import pytest
from layer_samples import run

from refnet import kernels
from refnet.layers import ChannelShuffle, Concat, CropAndResize, ResizeBilinear, SpaceToDepth

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch


def random(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def channels_first(x):
    return torch.from_numpy(np.ascontiguousarray(np.moveaxis(x, -1, 1))).requires_grad_()


def channels_last(tensor):
    return np.moveaxis(tensor.detach().numpy(), 1, -1)


def torchs(function, xs, dy):
    """Value and gradients of a function of maps, all of them given and returned channels last."""
    leaves = [channels_first(x) for x in xs]
    y = function(*leaves)
    gradients = torch.autograd.grad(y, leaves, channels_first(dy).detach())
    return channels_last(y), [channels_last(each) for each in gradients]


def test_cat():
    xs = [random(2, 3, 4, M, seed=M) for M in (2, 1, 5)]
    dy = random(2, 3, 4, 8)
    ran = run(Concat(3), {}, xs, dy)
    y, dxs = torchs(lambda *maps: torch.cat(maps, 1), xs, dy)
    np.testing.assert_array_equal(ran.y, y)
    for dx, wanted in zip(ran.dxs, dxs, strict=True):
        np.testing.assert_array_equal(dx, wanted)


@pytest.mark.parametrize("groups", [1, 2, 3, 6, 12])
def test_channel_shuffle(groups):
    x, dy = random(2, 3, 4, 12), random(2, 3, 4, 12, seed=1)
    ran = run(ChannelShuffle(groups), {}, [x], dy)
    y, (dx,) = torchs(lambda maps: torch.nn.functional.channel_shuffle(maps, groups), [x], dy)
    np.testing.assert_array_equal(ran.y, y)
    np.testing.assert_array_equal(ran.dxs[0], dx)


@pytest.mark.parametrize("block", [1, 2, 3])
def test_pixel_unshuffle_in_another_order_of_channels(block):
    """torch has the channel first and the place in the block second; TensorFlow, and refnet, the other way round."""
    M = 4
    x, dy = random(2, 6, 12, M), random(2, 6 // block, 12 // block, block * block * M, seed=1)
    order = np.arange(block * block * M).reshape(M, block * block).T.ravel()
    ran = run(SpaceToDepth(block), {}, [x], dy)
    y, (dx,) = torchs(lambda maps: torch.nn.functional.pixel_unshuffle(maps, block)[:, order], [x], dy)
    np.testing.assert_array_equal(ran.y, y)
    np.testing.assert_array_equal(ran.dxs[0], dx)


@pytest.mark.parametrize("align_corners", [True, False])
@pytest.mark.parametrize(
    ("hw", "output_hw"),
    [((5, 7), (11, 3)), ((4, 4), (8, 8)), ((9, 6), (3, 2)), ((1, 1), (3, 5)), ((6, 5), (1, 1)), ((7, 2), (7, 9))],
)
def test_interpolate(align_corners, hw, output_hw):
    x, like, dy = random(2, *hw, 3), random(2, *output_hw, 1), random(2, *output_hw, 3, seed=1)
    ran = run(ResizeBilinear(align_corners), {}, [x, like], dy)
    y, (dx,) = torchs(
        lambda maps: torch.nn.functional.interpolate(
            maps, size=output_hw, mode="bilinear", align_corners=align_corners
        ),
        [x],
        dy,
    )
    np.testing.assert_allclose(ran.y, y, rtol=0, atol=1e-14 * 9)
    np.testing.assert_allclose(ran.dxs[0], dx, rtol=0, atol=1e-14 * 9 * max(1, np.prod(output_hw) / np.prod(hw)))
    assert not ran.dxs[1].any()


def test_grid_sample_of_boxes():
    """torch samples at points from -1 to 1; with zeros outside it agrees for all points that are in the map."""
    x, boxes = random(2, 6, 7, 3), np.random.default_rng(1).uniform(0, 1, (2, 3, 4))
    dy = random(2, 3, 4, 5, 3, seed=2)
    ran = run(CropAndResize((4, 5)), {}, [x, boxes], dy)
    maps, edges = channels_first(x), torch.from_numpy(boxes).requires_grad_()
    y = torch.stack([sampled(maps, edges[:, r]) for r in range(3)], 1)  # (B, R, M, CH, CW)
    dmaps, dedges = torch.autograd.grad(y, [maps, edges], torch.from_numpy(np.moveaxis(dy, -1, 2).copy()))
    np.testing.assert_allclose(ran.y, np.moveaxis(y.detach().numpy(), 2, -1), rtol=0, atol=1e-13)
    np.testing.assert_allclose(ran.dxs[0], channels_last(dmaps), rtol=0, atol=1e-12)
    np.testing.assert_allclose(ran.dxs[1], dedges.numpy(), rtol=0, atol=1e-11)


def sampled(maps, edges):
    """One box (y1, x1, y2, x2) of each image, at 4 x 5 points."""
    way = [torch.linspace(0, 1, count, dtype=torch.float64) for count in (4, 5)]
    y, x = (edges[:, axis, None] * (1 - way[axis]) + edges[:, axis + 2, None] * way[axis] for axis in (0, 1))
    grid = torch.stack([x[:, None, :].expand(-1, 4, -1), y[:, :, None].expand(-1, -1, 5)], -1)
    return torch.nn.functional.grid_sample(maps, 2 * grid - 1, align_corners=True)


def test_kernels_give_float32_what_torch_gives_in_float32():
    x = random(2, 5, 6, 3).astype(np.float32)
    y = kernels.resize_bilinear_forward(x, (9, 8), False)
    maps = torch.from_numpy(np.moveaxis(x, -1, 1).copy())
    wanted = torch.nn.functional.interpolate(maps, size=(9, 8), mode="bilinear", align_corners=False)
    np.testing.assert_allclose(y, channels_last(wanted), rtol=0, atol=2e-6)
