"""The library that draws figures, which is an extra."""

import os
from pathlib import Path
from typing import Any

# Okabe and Ito's colours, which people with any colour vision tell apart.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
BLUE, VERMILION, GREEN, PURPLE, ORANGE, _ = COLOURS


def load_matplotlib(what: str) -> Any:
    """Its module `figure`. Raises ImportError that names the extra; what: how the message begins."""
    try:
        from matplotlib import figure
    except ModuleNotFoundError as error:
        if error.name != "matplotlib":
            raise
        raise ImportError(f"{what} drawn by matplotlib: pip install '.[plots]' in the folder of refnet") from None
    return figure


def check_figure(option: str, path: str) -> None:
    """What can be known to fail is said before anything is computed. option: that names the file.

    Raises ValueError for a kind of file that cannot be drawn, or a place where none can be written; ImportError as
    above.
    """
    kinds = load_matplotlib(f"{option}: the picture is").Figure().canvas.get_supported_filetypes()
    if Path(path).suffix[1:] not in kinds:
        raise ValueError(f"{option}: wanted a file that ends in .{', .'.join(sorted(kinds))}, got {path!r}")
    check_folder(option, path)


def check_folder(option: str, path: str) -> None:
    """Raises ValueError where a file cannot be written: its folder is not there or must not be written, it is one."""
    folder = Path(path).absolute().parent
    if not folder.is_dir():
        raise ValueError(f"{option}: no folder {str(Path(path).parent)!r}")
    if Path(path).is_dir():
        raise ValueError(f"{option}: wanted a file, got the folder {path!r}")
    if not os.access(path if Path(path).exists() else folder, os.W_OK):
        raise ValueError(f"{option}: {path!r} cannot be written")


def plain_logarithm(axis: Any) -> None:
    """Mark a logarithmic axis at 1, 2, 5, 10, 20, ... and not with powers of ten; more closely if it is short."""
    from matplotlib import ticker

    low, high = axis.get_view_interval()
    axis.set_major_locator(ticker.LogLocator(10, (1, 2, 5) if high > 10 * low else (1, 1.5, 2, 3, 4, 5, 6, 8)))
    axis.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(ticker.NullFormatter())


def finish(axes: Any, title: str = "", **look: Any) -> None:
    """The title, at the left, and what every panel has. look: of the title."""
    axes.set_title(title, loc="left", **look)
    axes.grid(color="0.9", linewidth=0.6)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
