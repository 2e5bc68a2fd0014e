"""Sizes of feature maps: how many pixels a window produces, and how much padding a rule asks for.

One axis at a time, plain integers, no arrays. Legend:

    size      pixels of the input along the axis        filter    taps of the filter along the axis
    stride    step of the window                        dilation  step between two taps
    before    padded pixels on the low side             after     padded pixels on the high side

The window spans `dilation * (filter - 1) + 1` pixels.
"""


def output_size(size: int, filter: int, stride: int, dilation: int, before: int, after: int) -> int:
    """Number of positions at which the whole window fits into `before + size + after` pixels."""
    return (before + size + after - dilation * (filter - 1) - 1) // stride + 1


def same_padding(size: int, filter: int, stride: int, dilation: int) -> tuple[int, int]:
    """TensorFlow's SAME: `ceil(size / stride)` outputs; an odd pixel of padding goes after.

    >>> same_padding(224, 3, 2, 1), same_padding(97, 3, 2, 1)
    ((0, 1), (1, 1))
    """
    outputs = -(-size // stride)
    total = max((outputs - 1) * stride + dilation * (filter - 1) + 1 - size, 0)
    return total // 2, total - total // 2


def ceil_padding(size: int, filter: int, stride: int, dilation: int) -> tuple[int, int]:
    """As many pixels after as the window needs to reach the last one: Caffe's rounding up of pooled sizes.

    A window that would begin behind the last pixel, as one with a stride of more than its span may, is left out.

    >>> ceil_padding(54, 3, 2, 1), ceil_padding(27, 3, 2, 1)
    ((0, 1), (0, 0))
    """
    beyond = max(size - dilation * (filter - 1) - 1, 0)
    steps = min(-(-beyond // stride), (size - 1) // stride)
    return 0, max(steps * stride - beyond, 0)


def symmetric_padding(filter: int, dilation: int) -> tuple[int, int]:
    """The same padding on both sides whatever the size, `dilation * (filter - 1) // 2`; torchvision's, for odd filters.

    >>> symmetric_padding(3, 1)
    (1, 1)
    """
    each = dilation * (filter - 1) // 2
    return each, each


def taps_inside(size: int, filter: int, stride: int, dilation: int, before: int, after: int) -> int:
    """How many (output, tap) pairs along the axis read a pixel of the image and not of the padding.

    A convolution's products that contribute are the product of this number over both axes, times channels.

    >>> taps_inside(224, 3, 1, 1, 1, 1)  # 3 * 224 taps, of which 2 fall outside
    670
    """
    outputs = output_size(size, filter, stride, dilation, before, after)
    inside = 0
    for k in range(filter):
        shift = k * dilation - before  # output o reads pixel o * stride + shift
        first = max(0, -(shift // stride))
        last = min(outputs - 1, (size - 1 - shift) // stride)
        inside += max(0, last - first + 1)
    return inside
