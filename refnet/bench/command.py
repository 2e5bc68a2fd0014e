"""`refnet bench`: what a user asks for, and who does it. Nothing is imported until it is asked for."""

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any

import click

from ..commands import emit, one_line

if TYPE_CHECKING:
    from .race import Race
    from .rows import Case

DEFAULT_MODEL = "mobilenet_v2"
INFERENCE_RUNS, TRAINING_RUNS, BLOCKS = 25, 2, 11
TRAINING_CASES = ((224, 16), (96, 32))  # resolution, batch
V1_SCALES = tuple(product((1.0, 0.75, 0.5, 0.25), (224, 192, 160, 128)))  # V1 section 4.2: widths, resolutions


class Several(click.ParamType[tuple[Any, ...]]):
    """Numbers with commas between them."""

    def __init__(self, kind: Callable[[str], Any], name: str) -> None:
        self.kind, self.name = kind, name

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[Any, ...]:
        if isinstance(value, tuple):
            return value
        try:
            return tuple(dict.fromkeys(self.kind(word) for word in str(value).split(",")))
        except ValueError:
            self.fail(f"wanted {self.name} with commas between, got {value!r}", param, ctx)


def _count(word: str) -> int:
    value = int(word)
    if value < 1:
        raise ValueError
    return value


COUNTS = Several(_count, "integers of at least 1")
FACTORS = Several(float, "numbers")


@click.command(short_help="Time MODEL beside other engines on this machine.")
@click.argument("model", nargs=-1)
@click.option("--width", type=FACTORS, metavar="LIST", help="Width multipliers, e.g. 1.0,0.5.")
@click.option("--resolution", type=COUNTS, metavar="LIST", help="Input heights and widths in pixels.")
@click.option("--batch", type=COUNTS, metavar="LIST", help="Images per run.  [default: 1; in training 16 or 32]")
@click.option("--threads", type=COUNTS, metavar="LIST", help="Numbers of threads.  [default: 1, and one per core]")
@click.option("--set", "more", metavar="NAME=VALUE", multiple=True, help="Any other setting of the builder.")
@click.option("--sweep", type=click.Choice(["v1", "v2"]), help="The paper's 16 or 21 configurations.")
@click.option("--training", is_flag=True, help="A step of training, beside torch; and the memory that it takes.")
@click.option("--by", type=click.Choice(["operation"]), help="Where refnet's own time goes.")
@click.option("--peers", metavar="LIST", help="Of onnxruntime, openvino, torch, torch.compile, none.")
@click.option("--blocks", type=click.IntRange(min=1), default=BLOCKS, show_default=True, help="In each all take turns.")
@click.option("--runs", type=click.IntRange(min=1), help="Of each engine in each block.  [default: 25; in training 2]")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of weights and images.")
@click.option("--plot", metavar="FILE", help="Draw cost against multiply-adds, and the roofline: .png, .svg or .pdf.")
@click.option("--json", "as_json", is_flag=True, help="JSON on standard output, with every run's time.")
@one_line()
def bench(**given: Any) -> None:
    """Time MODEL, as for `refnet count`, beside ONNX Runtime, OpenVINO and torch: whichever are installed.

    Everybody runs in this one process, in turns, with the same weights, on as many threads. Beforehand each result is
    held against one in float64; where one is wrong the row is refused, and the exit status is 1. What is timed is
    float32, with batch norm folded where the engine is faster so. Leave the machine alone meanwhile. Ctrl-C shows
    what is finished.
    """
    from . import comparison

    words = None if given["peers"] is None else [word.strip() for word in given["peers"].split(",")]
    race = _race(given)
    _refuse_contradictions(given)
    comparison.check(given["plot"])
    cases = list(_cases(given))
    if given["by"]:
        found = comparison.operations(cases, race, given["seed"])
    else:
        compare = comparison.training if given["training"] else comparison.inference
        found = compare(cases, words, race, given["seed"])
    if given["as_json"]:
        emit(found.data)
    else:
        comparison.show(found)
    if given["plot"]:
        comparison.draw(given["plot"], found)
    if found.interrupted:
        raise KeyboardInterrupt
    if found.refused:
        raise SystemExit(1)


def _race(given: dict[str, Any]) -> "Race":
    from .race import Race

    runs = given["runs"] or (TRAINING_RUNS if given["training"] else INFERENCE_RUNS)
    return Race(given["blocks"], runs, warmups=1 if given["training"] else 3)


def _refuse_contradictions(given: dict[str, Any]) -> None:
    """Raise ValueError for options that exclude each other."""
    beside = {
        "MODEL": given["model"],
        "--width": given["width"],
        "--resolution": given["resolution"],
        "--training": given["training"],
        "--by": given["by"],
        "--plot": given["plot"],
        "--peers": given["peers"],
    }
    alone = {
        "--sweep": ("MODEL", "--width", "--resolution", "--training"),
        "--by": ("--training", "--plot", "--peers"),
        "--training": ("--plot",),
    }
    for option, others in alone.items():
        wrong = [name for name in others if beside[name]]
        if given[option.removeprefix("--")] and wrong:
            raise ValueError(f"{option}: wanted without {', '.join(others)}; got {', '.join(wrong)} beside it")


def _cases(given: dict[str, Any]) -> Iterator["Case"]:
    """Every combination of what was asked for. Raises ValueError where one is impossible, before any is measured."""
    from .. import choosing
    from ..layers.base import check_threads
    from .machine import cores
    from .rows import Case

    threads = [check_threads(count) for count in given["threads"] or dict.fromkeys((1, cores()))]
    for model, settings, batches in _networks(given):
        settings = choosing.assigned(given["more"], settings)
        net = choosing.build(model, settings)
        for batch, count in product(batches, threads):
            yield Case(model, choosing.settings_of(model, settings), net, batch, count)


def _networks(given: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], Sequence[int]]]:
    """Model, settings of its builder, batches."""
    batches = given["batch"] or (1,)
    if given["sweep"]:
        from ..papers.v2_tables import SCALES

        model, scales = ("mobilenet_v1", V1_SCALES) if given["sweep"] == "v1" else ("mobilenet_v2", SCALES)
        yield from ((model, {"width": width, "resolution": side}, batches) for width, side in scales)
        return
    models, widths = given["model"] or (DEFAULT_MODEL,), given["width"] or (None,)
    if given["training"] and not given["resolution"] and not given["batch"]:
        sizes: Sequence[tuple[int | None, Sequence[int]]] = [(side, (batch,)) for side, batch in TRAINING_CASES]
    else:
        sizes = [(side, batches) for side in given["resolution"] or (None,)]
    for model, width, (side, each) in product(models, widths, sizes):
        yield model, {"width": width, "resolution": side}, each
