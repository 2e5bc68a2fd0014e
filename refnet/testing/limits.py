"""What a kernel supports, so that its author is only shown cases that it should get right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

from .arrangement import ORDERS
from .sizes import PADDINGS

Allowed = int | Sequence[int]
VALUES = ("integers", "reals")


@dataclass(frozen=True)
class Limits:
    """The cases to draw from. Each of the first five is a number or the allowed numbers, the simplest first.

    stride, dilation     along y and x
    filter_size          taps along y and x
    batch                images; give (0, 1, 2, 3) to include the empty batch
    groups               False: never; True: 1 to 4; or the allowed numbers. None: as the operation says,
                         which is False for the standard convolution and True for the grouped one. A standard
                         convolution with groups reads them from the shapes: channels of x / channels of w
    channels_multiple    input and output channels are multiples of this
    max_channels         by default 4, or twice the multiple
    max_size             rows and columns of the image; a filter that spans more makes it larger
    padding              kinds: "same" (odd pixel bottom/right), "symmetric", "valid", "explicit" (any four)
    memory_order         "C", "F", "strided" (every other element), "negative" (all axes backwards)
    square               the same filter, stride and dilation along y and x
    values               "integers" (compared exactly), "reals" (compared within the derived bound)
    """

    stride: Allowed = (1, 2, 3)
    dilation: Allowed = (1, 2, 3)
    filter_size: Allowed = (1, 2, 3, 4, 5)
    batch: Allowed = (1, 2, 3)
    groups: bool | Allowed | None = None
    channels_multiple: int = 1
    max_channels: int | None = None
    max_size: int = 8
    padding: str | Sequence[str] = PADDINGS
    memory_order: str | Sequence[str] = ORDERS
    square: bool = False
    values: str | Sequence[str] = VALUES

    def __post_init__(self) -> None:
        for name in ("stride", "dilation", "filter_size"):
            numbers(name, getattr(self, name), least=1)
        numbers("batch", self.batch, least=0)
        for name in ("channels_multiple", "max_size"):
            numbers(name, (getattr(self, name),), least=1)
        words("padding", self.padding, PADDINGS)
        words("memory_order", self.memory_order, ORDERS)
        words("values", self.values, VALUES)
        self.group_numbers("conv2d")
        if self.max_channels is not None and self.max_channels < self.channels_multiple:
            raise ValueError(
                f"max_channels: wanted at least channels_multiple = {self.channels_multiple}, "
                f"got {self.max_channels}"
            )

    def channel_multiples(self) -> range:
        """The allowed `channels / channels_multiple`."""
        most = self.max_channels or max(4, 2 * self.channels_multiple)
        return range(1, most // self.channels_multiple + 1)

    def group_numbers(self, operation: str) -> tuple[int, ...]:
        """The allowed numbers of groups of an operation."""
        allowed = operation == "grouped_conv2d" if self.groups is None else self.groups
        if isinstance(allowed, bool):
            return (1, 2, 3, 4) if allowed else (1,)
        return numbers("groups", allowed, least=1)

    def __str__(self) -> str:
        changed = [f for f in fields(self) if getattr(self, f.name) != f.default]
        return f"Limits({', '.join(f'{f.name}={getattr(self, f.name)!r}' for f in changed)})"


def numbers(name: str, allowed: Allowed, least: int) -> tuple[int, ...]:
    """A number or numbers as a tuple. Raises ValueError for none, and below `least`."""
    found = (allowed,) if isinstance(allowed, int) else tuple(allowed)
    if not found or not all(isinstance(n, int) and not isinstance(n, bool) and n >= least for n in found):
        raise ValueError(f"{name}: wanted whole numbers of at least {least}, got {allowed!r}")
    return found


def words(name: str, allowed: str | Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    """A word or words as a tuple. Raises ValueError for none, and for an unknown one."""
    found = (allowed,) if isinstance(allowed, str) else tuple(allowed)
    if not found or not set(found) <= set(known):
        raise ValueError(f"{name}: wanted some of {', '.join(known)}, got {allowed!r}")
    return found
