"""Padded lines of a map, as a standard convolution reads them: between zeros, without padded channels.

So each line of a filter meets one run of numbers, wherever it stands.
"""

from typing import Any, NamedTuple

from numpy.typing import NDArray

from ..jit import inlined

Array = NDArray[Any]


class Source(NamedTuple):
    """Images in memory, each of height x width pixels; and what of a line is wanted.

    A pixel's `inputs` channels lie `channels` numbers apart from the next one's. Of each line `columns` pixels are
    taken, behind `left` pixels of zeros; padded lines are `pitch` numbers long.
    """

    x: int
    height: int
    width: int
    channels: int
    inputs: int
    left: int
    columns: int
    pitch: int


@inlined
def gather(source: Source, image: int, iy: int, lines: int, place: int, memory: Array) -> None:
    """So many lines of an image from row iy on -> memory from `place` on; outside of the image they are zeros."""
    for i in range(lines):
        start = place + i * source.pitch
        if iy + i < 0 or iy + i >= source.height:
            clear(memory, start, start + source.pitch)
            continue
        inside = start + source.left * source.inputs
        clear(memory, start, inside)
        clear(memory, inside + source.columns * source.inputs, start + source.pitch)
        x = source.x + (image * source.height + iy + i) * source.width * source.channels
        if source.channels == source.inputs:
            for j in range(source.columns * source.inputs):
                memory[inside + j] = memory[x + j]
        else:
            for j in range(source.columns):
                for m in range(source.inputs):
                    memory[inside + j * source.inputs + m] = memory[x + j * source.channels + m]


@inlined
def clear(memory: Array, start: int, stop: int) -> None:
    """Zeros from start to stop -> memory."""
    for i in range(start, stop):
        memory[i] = 0
