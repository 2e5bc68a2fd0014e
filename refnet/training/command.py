"""`refnet train` and `refnet evaluate`: what a user asks for, and who does it. Imports wait until it is asked for."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..commands import emit, one_line

if TYPE_CHECKING:
    from ..graph import Graph
    from .loop import Outcome, Run
    from .recipes import Recipe

TASK_NAMES = ("classification", "detection", "segmentation")
RECIPE_NAMES = ("small", "scenes", "paper-v1", "paper-v2", "slim-v1", "slim-v2")


def _network_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The settings of a model's builder but those that the data decide."""
    options = (
        click.option("--width", type=float, help="Width multiplier alpha; any number above 0."),
        click.option("--resolution", type=int, help="Height and width of the images; by default those of the data."),
        click.option("--set", "more", metavar="NAME=VALUE", multiple=True, help="Any other setting of the builder."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command(short_help="Train MODEL on images.")
@click.argument("model", required=False)
@click.option("--task", type=click.Choice(TASK_NAMES), default=TASK_NAMES[0], show_default=True)
@_network_options
@click.option("--data", help="digits, shapes-64, mnist, cifar10, a folder; scenes, coco, voc.  [default: by task]")
@click.option("--root", metavar="FOLDER", help="Where the files of mnist, cifar10, coco or voc are.")
@click.option("--recipe", type=click.Choice(RECIPE_NAMES), help="[default: by task]")
@click.option("--change", "changes", metavar="NAME=VALUE", multiple=True, help="Another value in the recipe.")
@click.option("--epochs", type=int, help="How long.  [default: the recipe's]")
@click.option("--batch", type=int, help="Images per step.  [default: the recipe's]")
@click.option("--rate", type=float, help="The highest learning rate.  [default: the recipe's]")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of weights, order, dropout.")
@click.option("--threads", type=int, help="They change no bit.  [default: one per core]")
@click.option("--workers", type=click.IntRange(min=0), default=1, show_default=True, help="Threads that read data.")
@click.option("--out", metavar="FOLDER", help="Of checkpoint, metrics, curves.  [default: runs/MODEL-DATA-SEED]")
@click.option("--resume", is_flag=True, help="Go on from the checkpoint in the folder, if one is there.")
@click.option("--groups", is_flag=True, help="Print which weight is in which group, and train nothing.")
@click.option("--json", "as_json", is_flag=True, help="JSON on standard output.")
@one_line()
def train(**given: Any) -> None:
    """Train MODEL, as for `refnet count`, by default mobilenet_v2 on digits.

    Other tasks are learnt from drawn scenes, by default: detection by ssdlite_mobilenet_v2, segmentation by
    deeplab_mobilenet_v2. Prints the recipe, with what the papers have where it differs. Ctrl-C saves and leaves; the
    same command with --resume goes on, to the same bits as if nothing had happened.
    """
    from .. import printing
    from ..tables import print_table
    from . import printing as tables
    from .subjects import PARTS, subject

    given = subject(given["task"]).with_defaults(given)
    recipe = _recipe(given)
    given = {**given, **_places(given)}
    folder = None if given["groups"] else _folder(given)
    train_on, judge_by = _pictures(given, PARTS)
    _check_classes(train_on.classes, judge_by)
    net = recipe.network(subject(given["task"]).network(given, train_on))
    if given["groups"]:
        out = printing.console(markup=False)
        print_table(tables.groups_table(net), out)
        print_table(tables.groups_summary(net), out)
        return
    run = _run(given, recipe, train_on, judge_by, net, folder or Path(_name(given, net)))
    _tell(run, recipe, net)
    outcome = _watched(run)
    _draw(run)
    _finish(run, outcome, given["as_json"])


def _places(given: Mapping[str, Any]) -> dict[str, Any]:
    """What names a file or a folder, as it is called from anywhere: a checkpoint keeps it."""
    from ..data import SOURCES

    path, colon, name = given["model"].rpartition(":")
    found = {"model": f"{Path(path).resolve()}:{name}"} if colon and Path(path).is_file() else {}
    if given["task"] == "classification" and given["data"] not in SOURCES and Path(given["data"]).is_dir():
        found["data"] = str(Path(given["data"]).resolve())
    return found | ({} if given["root"] is None else {"root": str(Path(given["root"]).resolve())})


def _folder(given: Mapping[str, Any]) -> Path | None:
    """The run's, if the user named it. Raises ValueError for one that cannot be used: before data are read."""
    if given["out"] is None:
        return None
    folder = Path(given["out"])
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"--out: wanted a folder, or a name for a new one, got the file {folder}")
    _check_free(folder, given["resume"])
    return folder


def _name(given: Mapping[str, Any], net: "Graph") -> str:
    return f"runs/{net.name}-{Path(given['data']).name}-{given['seed']}".replace(" ", "-")


def _check_free(folder: Path, resume: bool) -> None:
    from .loop import CHECKPOINT

    if (folder / CHECKPOINT).exists() and not resume:
        raise ValueError(f"{folder}: a checkpoint is there: --resume goes on from it, --out names another folder")


def _pictures(given: Mapping[str, Any], parts: Sequence[int]) -> list[Any]:
    """To learn from, to be judged by; says on standard error how many annotations are of no use."""
    from .subjects import subject

    found = subject(given["task"]).load(given, parts)
    left_out = [text for pictures in found for text in getattr(pictures, "left_out", ())]  # COCO's have some
    if left_out:
        click.echo(f"Note: {len(left_out):,} annotations are left out, the first: {left_out[0]}", err=True)
    return found


def _check_classes(wanted: Sequence[str], pictures: Any) -> None:
    """Raises ValueError for pictures of other classes than a network learns or has learnt, or in another order."""
    if list(pictures.classes) != list(wanted):
        names, got = (", ".join(classes) for classes in (wanted, pictures.classes))
        raise ValueError(f"{pictures.name}: wanted the classes {names}, got {got}")


def _recipe(given: Mapping[str, Any]) -> "Recipe":
    from .. import choosing
    from .recipes import recipe

    options = {name: given[name] for name in ("epochs", "batch", "rate")}
    try:
        changes = choosing.assigned(given["changes"], options)
    except ValueError as error:
        raise ValueError(str(error).replace("--set", "--change").replace("output_stride=8", "smoothing=0.1")) from None
    return recipe(given["recipe"], changes)


def _run(
    given: Mapping[str, Any], recipe: "Recipe", train_on: Any, judge_by: Any, net: "Graph", folder: Path
) -> "Run":
    """The run, at its beginning or where it was left."""
    from dataclasses import asdict
    from hashlib import sha256

    from ..data.augmentation import AUGMENTATIONS
    from ..layers.base import check_choice
    from . import checkpoints
    from .asked import WORDS
    from .loop import Run
    from .task import TASKS
    from .trainer import Trainer

    augmentation = AUGMENTATIONS[check_choice(recipe.augmentation, AUGMENTATIONS, "augmentation")]
    task = TASKS[given["task"]]
    batches = task(net).batches(train_on, recipe, given["seed"], augmentation)
    steps = recipe.epochs * len(batches)
    what = {name: given[name] for name in WORDS}
    what |= {"recipe": asdict(recipe), "classes": list(train_on.classes), "shape": list(train_on.shape)}
    what |= {"images": [len(train_on), len(judge_by)], "nodes": sha256(repr(net.nodes).encode()).hexdigest()}
    trainer = Trainer(net, recipe, len(batches), steps, given["seed"], given["threads"], task=task)
    run = Run(trainer, batches, judge_by, folder, steps, what, given["workers"])
    _check_free(folder, given["resume"])
    if run.checkpoint.exists():
        found = checkpoints.load(run.checkpoint)
        _check_same(run, found.about.run)
        run.restore(found)
    return run


def _check_same(run: "Run", before: Mapping[str, Any]) -> None:
    """Raises ValueError that names the first setting in which the run of the checkpoint was another one."""
    if before.get("nodes") != run.what["nodes"]:
        raise ValueError(f"{run.checkpoint}: wanted a run with this network {run.trainer.net.name}, got another's")
    for name, value in run.what.items():
        old, new = before.get(name), list(value) if isinstance(value, tuple) else value
        if isinstance(new, dict) and isinstance(old, dict) and old != new:
            name = next(field for field in new if old.get(field) != new[field])
            old, new = old.get(name), new[name]
        if old != new:
            raise ValueError(f"{run.checkpoint}: wanted a run with {name} {new!r}, got one with {name} {old!r}")


def _tell(run: "Run", recipe: "Recipe", net: "Graph") -> None:
    """What is about to happen, on standard error."""
    from rich.console import Console

    from ..tables import print_table
    from .printing import recipe_table
    from .statistics import warning

    err = Console(stderr=True, markup=False, highlight=False)
    print_table(recipe_table(recipe), err)
    per, train = len(run.batches), run.batches.dataset
    err.print(f"{net.name} on {train.name}: {len(train):,} images to learn from, {len(run.test):,} to be judged by")
    begin = f"going on behind step {run.trainer.step:,}" if run.saved is not None else "from the beginning"
    err.print(f"{run.steps:,} steps, {per} in an epoch, {begin}; in {run.folder}")
    if recipe.schedule == "cosine" and recipe.warmup_epochs >= recipe.epochs:
        err.print("The warm-up would take the whole run: it takes half of it.")
    if text := warning(net, run.steps):
        err.print(f"Warning: {text}.")


def _watched(run: "Run") -> "Outcome":
    """The run, with somebody looking on. Ends the command with status 1 where a number is not finite."""
    from .display import shown
    from .trainer import NotFinite

    try:
        with shown(run.steps, run.trainer.step) as run.watch:
            return run.go()
    except NotFinite as error:
        click.echo(f"Error: {error}", err=True)
        raise SystemExit(1) from None


def _draw(run: "Run") -> None:
    from .curves import draw

    try:
        draw(run.folder / "curves.png", run.lines, run.trainer.net.name, run.trainer.recipe.smoothing)
    except (ImportError, OSError) as error:  # the run itself is whole
        click.echo(f"Note: {error}", err=True)


def _finish(run: "Run", outcome: "Outcome", as_json: bool) -> None:
    """The result on standard output; status 130 where Ctrl-C ended it."""
    click.echo(f"{outcome.seconds:.1f} s, {100 * outcome.waiting:.2f} % of them waiting for data", err=True)
    judged = outcome.test is not None
    if outcome.finished and not judged:
        click.echo("Stopped behind the last step, before the network was judged; --resume does that.", err=True)
    if not outcome.finished:
        click.echo(f"Stopped behind step {outcome.step} of {run.steps}; --resume goes on from there.", err=True)
    data: dict[str, Any] = {"network": run.trainer.net.name, **run.what, "folder": str(run.folder)}
    data |= {"step": outcome.step, "steps": run.steps, "seconds": outcome.seconds, "waiting": outcome.waiting}
    if as_json:
        test = None if outcome.test is None else outcome.test.to_json(run.test.classes)
        emit(data | {"test": test})
    elif outcome.test is not None and outcome.finished:
        click.echo(outcome.test.sentence())
    if not outcome.finished or not judged:
        raise SystemExit(130)


@click.command(short_help="Judge a trained network.")
@click.argument("checkpoint")
@click.option("--data", help="Other images, with the same classes.  [default: those that it was trained on]")
@click.option("--root", metavar="FOLDER", help="Where the files of mnist, cifar10, coco or voc are.")
@click.option("--set", "more", metavar="NAME=VALUE", multiple=True, help="Another setting of the network's builder.")
@click.option("--workers", type=click.IntRange(min=0), default=1, show_default=True, help="Threads that read data.")
@click.option("--json", "as_json", is_flag=True, help="JSON on standard output, with all classes.")
@one_line()
def evaluate(
    checkpoint: str, data: str | None, root: str | None, more: tuple[str, ...], workers: int, as_json: bool
) -> None:
    """Top-1, top-5 and confusion matrix of CHECKPOINT on its test images; average precision, or mean IoU.

    CHECKPOINT is a file that `refnet train` wrote, or the folder of its run. Moving averages are judged where there
    are any. Of another folder of images that is not divided, all are judged. --set output_stride=8 segments with finer
    maps, by the same weights.
    """
    from .. import printing
    from ..data.augmentation import AUGMENTATIONS
    from ..data.prefetch import Prefetched
    from ..tables import print_table
    from . import checkpoints
    from .asked import asked_of, checkpoint_of, network_of
    from .display import counted
    from .printing import evaluation_table
    from .subjects import TEST
    from .task import TASKS

    path = checkpoint_of(checkpoint)
    found = checkpoints.load(path)
    run = asked_of(found, path)
    given = {**run} | {name: value for name, value in (("data", data), ("root", root)) if value is not None}
    if data is not None:  # whatever of the run's was about its own images does not hold for these
        given |= {"root": root, "resolution": run["shape"][0]}
        given["whole"] = _places(given).get("data") != _places(run).get("data")
    (judge_by,) = _pictures(given, [TEST])
    _check_classes(run["classes"], judge_by)
    net = network_of(run, more)
    weights, task = found.fitting(net, path), TASKS[run["task"]](net)
    source = task.in_order(judge_by, AUGMENTATIONS[run["recipe"]["augmentation"]].central, "float32")
    with Prefetched(source, 0, len(source), workers) as batches, counted(len(source)) as watched:
        judged = task.evaluate(net, weights, watched(batches))
    if as_json:
        told = {"network": net.name, "checkpoint": str(path), "step": found.about.step, "data": given["data"]}
        emit(told | judged.to_json(judge_by.classes))
        return
    out = printing.console(markup=False)
    print_table(evaluation_table(judged, judge_by.classes), out)
    out.print(judged.sentence())
