"""Crop and resize: boxes of a map, each sampled on a grid of points between its pixels (TensorFlow's operation of
this name; sampling without rounding is Mask R-CNN's RoIAlign, section 3, here with one point per bin and the outermost
points on the box's edges).

    B images · R boxes of each · H, W rows and columns of the map · M channels · CH, CW rows and columns of a sample

    x (B, H, W, M)    boxes (B, R, 4): (y1, x1, y2, x2) in units of H-1 and W-1    y (B, R, CH, CW, M)
    dx, dboxes, dy: gradients, shaped like x, boxes, y

    b image · r box · cy, cx point of the sample · m channel
    py, px  where the point lies, in pixels · top, bottom, left, right  the pixels around it
    ty, tx  how far it lies from top to bottom, from left to right: 0 to 1

A point outside of 0..H-1 or 0..W-1 is 0, and so are its gradients; so is one that is no number. Positions are float64
for every dtype; sums accumulate in float64 and are rounded once. A NaN or an infinity of the map reaches every point
with its pixel among the four, also where the weight is 0.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .jit import jit

Array = NDArray[Any]
Pair = tuple[int, int]


@jit
def _way(c: int, count: int) -> tuple[int, int]:
    """Point c of `count` -> (step, steps): it lies step/steps of the way from a box's edge to the opposite one.

    A single point lies in the middle."""
    if count == 1:
        return 1, 2
    return c, count - 1


@jit
def _point(edge1: float, edge2: float, c: int, count: int, size: int) -> float:
    """Point c of `count` between two edges -> its pixel. Exact on the edges of a box that is the whole map, so that
    no rounding puts them outside."""
    step, steps = _way(c, count)
    return (np.float64(edge1) * (steps - step) + np.float64(edge2) * step) * (size - 1) / steps


@jit
def _around(point: float, size: int) -> tuple[int, int, float]:
    """A point in the map -> the pixel before it, the one after, the way between. On the last pixel the whole way is
    behind, so that the pixel after is always in the map."""
    before = max(min(int(point), size - 2), 0)
    return before, min(before + 1, size - 1), point - before


@jit
def crop_and_resize_forward(x: Array, boxes: Array, crop_hw: Pair) -> Array:
    """`y[b,r,cy,cx,m]` is x at the point (py, px), bilinear between the four pixels around it, with

    `py = y1 * (H-1) + cy * (y2-y1) * (H-1) / (CH-1)`, or the middle of the box for CH = 1; px alike.

    Shapes: x (B, H, W, M), boxes (B, R, 4), crop_hw (CH, CW) -> y (B, R, CH, CW, M). The weights belong to the
    positions, so no multiply-adds are counted. Backward needs x and boxes.
    """
    B, H, W, M = x.shape
    R = boxes.shape[1]
    CH, CW = crop_hw
    y = np.zeros((B, R, CH, CW, M), x.dtype)
    for b in range(B):
        for r in range(R):
            for cy in range(CH):
                py = _point(boxes[b, r, 0], boxes[b, r, 2], cy, CH, H)
                for cx in range(CW):
                    px = _point(boxes[b, r, 1], boxes[b, r, 3], cx, CW, W)
                    if 0 <= py <= H - 1 and 0 <= px <= W - 1:
                        top, bottom, ty = _around(py, H)
                        left, right, tx = _around(px, W)
                        for m in range(M):
                            above = (1 - tx) * x[b, top, left, m] + tx * x[b, top, right, m]
                            below = (1 - tx) * x[b, bottom, left, m] + tx * x[b, bottom, right, m]
                            y[b, r, cy, cx, m] = (1 - ty) * above + ty * below
    return y


@jit
def _map_gradient(dy: Array, boxes: Array, input_hw: Pair) -> Array:
    """A sample's gradient goes to its four pixels with the weights of the forward pass:

    `dx[b,top,left,m] += (1-ty) * (1-tx) * dy[b,r,cy,cx,m]`, and the other three alike.

    Shapes: dy (B, R, CH, CW, M), boxes (B, R, 4), input_hw (H, W) -> dx (B, H, W, M).
    """
    B, R, CH, CW, M = dy.shape
    H, W = input_hw
    dx = np.zeros((B, H, W, M), np.float64)
    for b in range(B):
        for r in range(R):
            for cy in range(CH):
                py = _point(boxes[b, r, 0], boxes[b, r, 2], cy, CH, H)
                for cx in range(CW):
                    px = _point(boxes[b, r, 1], boxes[b, r, 3], cx, CW, W)
                    if 0 <= py <= H - 1 and 0 <= px <= W - 1:
                        top, bottom, ty = _around(py, H)
                        left, right, tx = _around(px, W)
                        for m in range(M):
                            above, below = (1 - ty) * dy[b, r, cy, cx, m], ty * dy[b, r, cy, cx, m]
                            dx[b, top, left, m] += (1 - tx) * above
                            dx[b, top, right, m] += tx * above
                            dx[b, bottom, left, m] += (1 - tx) * below
                            dx[b, bottom, right, m] += tx * below
    return dx.astype(dy.dtype)


@jit
def _boxes_gradient(dy: Array, x: Array, boxes: Array) -> Array:
    """A sample's gradient times the slope of x at its point, and how far each edge moves the point.

    `slope_y = along_y + tx * across`, with `along_y = x[b,bottom,left,m] - x[b,top,left,m]` and across the twist of the
    surface, `x[b,bottom,right,m] - x[b,bottom,left,m] - x[b,top,right,m] + x[b,top,left,m]`; slope_x alike. The point
    that lies step/steps of the way from y1 to y2 moves by `(H-1) * (steps-step)/steps` with y1, and by
    `(H-1) * step/steps` with y2. On a whole pixel the slope changes: taken is the one towards the next pixel, on the
    last pixel the one from the pixel before. Along an axis of one pixel it is 0.

    Shapes: dy (B, R, CH, CW, M), x (B, H, W, M), boxes (B, R, 4) -> dboxes like boxes.
    """
    B, R, CH, CW, M = dy.shape
    B, H, W, M = x.shape
    dboxes = np.zeros(boxes.shape, np.float64)
    for b in range(B):
        for r in range(R):
            for cy in range(CH):
                py = _point(boxes[b, r, 0], boxes[b, r, 2], cy, CH, H)
                y_step, y_steps = _way(cy, CH)
                for cx in range(CW):
                    px = _point(boxes[b, r, 1], boxes[b, r, 3], cx, CW, W)
                    x_step, x_steps = _way(cx, CW)
                    if 0 <= py <= H - 1 and 0 <= px <= W - 1:
                        top, bottom, ty = _around(py, H)
                        left, right, tx = _around(px, W)
                        dpy, dpx = np.float64(0), np.float64(0)
                        for m in range(M):
                            g, corner = np.float64(dy[b, r, cy, cx, m]), np.float64(x[b, top, left, m])
                            along_y, along_x = x[b, bottom, left, m] - corner, x[b, top, right, m] - corner
                            across = x[b, bottom, right, m] - corner - along_y - along_x
                            dpy += (along_y + tx * across) * g
                            dpx += (along_x + ty * across) * g
                        dboxes[b, r, 0] += dpy * (H - 1) * (y_steps - y_step) / y_steps
                        dboxes[b, r, 1] += dpx * (W - 1) * (x_steps - x_step) / x_steps
                        dboxes[b, r, 2] += dpy * (H - 1) * y_step / y_steps
                        dboxes[b, r, 3] += dpx * (W - 1) * x_step / x_steps
    return dboxes.astype(boxes.dtype)


@jit
def crop_and_resize_backward(dy: Array, x: Array, boxes: Array) -> tuple[Array, Array]:
    """Both gradients: dy (B, R, CH, CW, M) -> dx like x (B, H, W, M), dboxes like boxes (B, R, 4)."""
    return _map_gradient(dy, boxes, x.shape[1:3]), _boxes_gradient(dy, x, boxes)
