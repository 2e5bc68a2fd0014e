"""Convolutions as a user of refnet.testing might have written them: NumPy slices, one matrix product per tap.

They share nothing with refnet. Each takes refnet's layout; `in_layout` wraps one for another layout,
`summed_in` says the dtype of the sums.
"""

import numpy as np


def windows(x, filter_hw, stride, dilation, pads):
    """The padded image's pixels that each tap sees: yields ky, kx, (B, OH, OW, M)."""
    (sy, sx), (ry, rx), (top, bottom, left, right) = stride, dilation, pads
    wide = np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)))
    OH = (wide.shape[1] - ry * (filter_hw[0] - 1) - 1) // sy + 1
    OW = (wide.shape[2] - rx * (filter_hw[1] - 1) - 1) // sx + 1
    for ky, kx in np.ndindex(*filter_hw):
        rows = slice(ky * ry, ky * ry + (OH - 1) * sy + 1, sy)
        columns = slice(kx * rx, kx * rx + (OW - 1) * sx + 1, sx)
        yield ky, kx, wide[:, rows, columns]


def conv2d(x, w, stride, dilation, pads, sums=np.float64):
    y = sum(
        seen.astype(sums) @ w[ky, kx].astype(sums)
        for ky, kx, seen in windows(x, w.shape[:2], stride, dilation, pads)
    )
    return y.astype(np.int32 if x.dtype == np.int8 else x.dtype)


def depthwise_conv2d(x, w, stride, dilation, pads, sums=np.float64):
    y = sum(
        seen.astype(sums) * w[ky, kx].astype(sums)
        for ky, kx, seen in windows(x, w.shape[:2], stride, dilation, pads)
    )
    return y.astype(np.int32 if x.dtype == np.int8 else x.dtype)


def pointwise_conv2d(x, w, sums=np.float64):
    return (x.astype(sums) @ w.astype(sums)).astype(np.int32 if x.dtype == np.int8 else x.dtype)


def grouped_conv2d(x, w, stride, dilation, pads, groups, sums=np.float64):
    parts = zip(np.split(x, groups, axis=3), np.split(w, groups, axis=3), strict=True)
    return np.concatenate([conv2d(xs, ws, stride, dilation, pads, sums) for xs, ws in parts], axis=3)


def conv2d_backward(dy, x, w, stride, dilation, pads):
    """A tap's window of the padded dx collects dy @ w.T; a tap of dw is the window's pixels times dy."""
    (top, bottom, left, right), (_, H, W, M) = pads, x.shape
    wide = np.zeros((len(x), top + H + bottom, left + W + right, M))
    dw = np.zeros(w.shape)
    places = np.arange(wide[..., 0].size).reshape(wide.shape[:3] + (1,))
    seen = zip(
        windows(x, w.shape[:2], stride, dilation, pads),
        windows(places, w.shape[:2], stride, dilation, (0,) * 4),
        strict=True,
    )
    for (ky, kx, pixels), (_, _, where) in seen:
        dw[ky, kx] = np.tensordot(pixels.astype(float), dy.astype(float), axes=([0, 1, 2], [0, 1, 2]))
        np.add.at(wide.reshape(-1, M), where[..., 0], dy.astype(float) @ w[ky, kx].astype(float).T)
    return wide[:, top : top + H, left : left + W].astype(x.dtype), dw.astype(w.dtype)


def depthwise_conv2d_backward(dy, x, w, stride, dilation, pads):
    """A depthwise convolution is a standard one whose filter is diagonal; its gradient is the diagonal."""
    M = x.shape[3]
    full = np.zeros((*w.shape, M), w.dtype)
    full[:, :, range(M), range(M)] = w
    dx, dw = conv2d_backward(dy, x, full, stride, dilation, pads)
    return dx, dw[:, :, range(M), range(M)]


def pointwise_conv2d_backward(dy, x, w):
    dx, dw = conv2d_backward(dy, x, w[None, None], (1, 1), (1, 1), (0, 0, 0, 0))
    return dx, dw[0, 0]


def grouped_conv2d_backward(dy, x, w, stride, dilation, pads, groups):
    split = (np.split(a, groups, axis=3) for a in (dy, x, w))
    parts = [conv2d_backward(*arrays, stride, dilation, pads) for arrays in zip(*split, strict=True)]
    return tuple(np.concatenate(gradients, axis=3) for gradients in zip(*parts, strict=True))


def nchw(function, filter_axes):
    """`function` for NCHW images and filters whose axes are `filter_axes` of refnet's."""
    back = np.argsort(filter_axes)

    def to_nhwc(a):
        return a.transpose(0, 2, 3, 1)

    def forward(x, w, *settings):
        return function(to_nhwc(x), w.transpose(back), *settings).transpose(0, 3, 1, 2)

    return forward
