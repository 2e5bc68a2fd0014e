"""`refnet detect` and `refnet segment`: what a trained network says of a picture. Imports wait until then."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from ..commands import emit, one_line

if TYPE_CHECKING:
    from ..graph import Graph
    from ..layers.base import Array


def _shared(command: Any) -> Any:
    """What both commands ask for."""
    options = (
        click.argument("image"),
        click.option("--run", metavar="FOLDER", required=True, help="Of `refnet train`, or its checkpoint."),
        click.option("--out", metavar="FILE", help="Draw it onto the picture: .png, .svg or .pdf."),
        click.option("--threads", type=int, help="They change no bit.  [default: one per core]"),
        click.option("--json", "as_json", is_flag=True, help="JSON on standard output."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command(short_help="Find things in IMAGE.")
@_shared
@click.option("--least", type=click.FloatRange(0, 1), default=0.5, show_default=True, help="Score of a thing.")
@one_line()
def detect(image: str, run: str, out: str | None, threads: int | None, as_json: bool, least: float) -> None:
    """What is where in IMAGE, by a network that learnt it: classes, scores, and boxes in pixels."""
    from .. import printing
    from ..figures import check_figure
    from ..tables import print_table
    from ..tasks.detection import Detector
    from .printing import found_table

    if out is not None:
        check_figure("--out", out)
        _check_other("--out", out, image)
    net, weights, classes = _network(run, "detection")
    picture = _picture(image)
    found = Detector(net, weights, threads).detect(picture, least)
    if out is not None:
        from ..tasks.drawings import draw_boxes

        draw_boxes(out, picture, found, classes)
    if as_json:
        rows = zip(found.boxes.tolist(), found.classes.tolist(), found.scores.tolist(), strict=True)
        things = [{"class": classes[number - 1], "score": score, "box": box} for box, number, score in rows]
        emit({"network": net.name, "image": image, "least": least, "things": things})
        return
    if not len(found.boxes):
        click.echo(f"Nothing found with a score of {least:g} or more; --least asks for less.")
        return
    print_table(found_table(found, classes), printing.console(markup=False))


@click.command(short_help="Name each pixel of IMAGE.")
@_shared
@click.option("--multi-scale", is_flag=True, help="At six scales, mirrored too: MF in V2 Table 7.")
@click.option(
    "--longest",
    type=click.IntRange(1, 4097),
    help="Pixels of the longer side, for the network.  [default: as it learnt]",
)
@click.option("--set", "more", metavar="NAME=VALUE", multiple=True, help="Another setting of the network's builder.")
@click.option("--labels", metavar="FILE.png", help="Write the class of each pixel, with a palette.")
@one_line()
def segment(
    image: str,
    run: str,
    out: str | None,
    threads: int | None,
    as_json: bool,
    multi_scale: bool,
    longest: int | None,
    more: tuple[str, ...],
    labels: str | None,
) -> None:
    """Which class each pixel of IMAGE is of, by a network that learnt it: the share of each class.

    The picture keeps its proportions, where those that the network learnt from were stretched to squares.
    --set output_stride=8 has finer maps, by the same weights.
    """
    from .. import printing
    from ..figures import check_figure
    from ..models.deeplab import SCALES
    from ..tables import print_table
    from ..tasks.segmentation import Segmenter
    from .printing import pixels_table

    if out is not None:
        check_figure("--out", out)
        _check_other("--out", out, image)
    if labels is not None:
        _check_png(labels)
        _check_other("--labels", labels, image, out)
    net, weights, classes = _network(run, "segmentation", more)
    picture = _picture(image)
    ((height, width, _),) = net.inputs.values()
    longest = max(height, width) if longest is None else longest
    found = Segmenter(net, weights, threads, longest).segment(picture, SCALES if multi_scale else (1.0,), multi_scale)
    if out is not None:
        from ..tasks.drawings import draw_labels

        draw_labels(out, picture, found, classes)
    if labels is not None:
        from ..data.folder import load_pillow
        from ..tasks.drawings import palette

        written = load_pillow().frombytes("P", found.shape[::-1], found.tobytes())
        written.putpalette(palette())
        written.save(labels)
    names = ("background", *classes)
    shares = {name: float((found == number).mean()) for number, name in enumerate(names)}
    if as_json:
        emit({"network": net.name, "image": image, "shares": shares})
        return
    print_table(pixels_table(shares), printing.console(markup=False))


def _check_other(option: str, path: str, *others: str | None) -> None:
    """Raises ValueError where a file would be written over another one of the command."""
    from pathlib import Path

    for other in others:
        if other is not None and Path(path).resolve() == Path(other).resolve():
            raise ValueError(f"{option}: wanted another file than {other}")


def _check_png(path: str) -> None:
    """Of --labels, before anything is computed. Raises ValueError."""
    from ..figures import check_folder

    if not path.lower().endswith(".png"):
        raise ValueError(f"--labels: wanted a file that ends in .png, got {path!r}")
    check_folder("--labels", path)


def _network(run: str, task: str, more: Sequence[str] = ()) -> tuple["Graph", Mapping[str, Any], tuple[str, ...]]:
    """The network of a run, its weights, the names of its classes. Raises ValueError for a run of another task."""
    from . import checkpoints
    from .asked import asked_of, checkpoint_of, network_of

    path = checkpoint_of(run)
    found = checkpoints.load(path)
    asked = asked_of(found, path)
    if asked["task"] != task:
        raise ValueError(f"{path}: wanted a network that learnt {task}, got one that learnt {asked['task']}")
    net = network_of(asked, more)
    return net, found.fitting(net, path), tuple(asked["classes"])


def _picture(path: str) -> "Array":
    """(h, w, 3) uint8. Raises ImportError without Pillow, ValueError or OSError that names the file."""
    from pathlib import Path

    from ..data.folder import picture

    return picture(Path(path))
