"""`refnet experiment`: what a user asks for, and who does it. Imports wait until it is asked for."""

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from ..commands import emit, one_line

if TYPE_CHECKING:
    from .cells import Cells
    from .experiment import Arm, Cell, Experiment, Size
    from .report import Done

OUT = "runs/experiments"


@click.command(short_help="Repeat experiments of the papers.")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--size", "size_name", type=click.Choice(["quick", "full"]), default="full", show_default=True)
@click.option("--seeds", type=click.IntRange(min=2), help="Seeds 0 to N - 1 of each arm.  [default: the size's]")
@click.option("--steps", type=click.IntRange(min=1), help="Of each training run.  [default: the size's]")
@click.option("--data", type=click.Choice(["shapes-64", "cifar10"]), help="Images.  [default: shapes-64]")
@click.option("--root", metavar="FOLDER", help="Where the files of cifar10 are.")
@click.option("--processes", type=click.IntRange(min=1), help="That compute cells.  [default: one per core]")
@click.option("--out", metavar="FOLDER", default=OUT, show_default=True, help="Of finished cells.")
@click.option("--figure", metavar="FILE", help="Draw the results of the one NAME: .png, .svg or .pdf.")
@click.option("--shipped", is_flag=True, help="Tell what the results say that come with refnet, and compute nothing.")
@click.option("--json", "as_json", is_flag=True, help="JSON on standard output, with every result.")
@one_line()
def experiment(names: Sequence[str], as_json: bool, shipped: bool, **given: Any) -> None:
    """Repeat experiments of the papers: NAME, or a list of them without one.

    Each arm runs with each seed; what the paper says is then judged by differences within seeds and their 95 %
    interval: as in the paper, opposite, undecided. A finished cell (one arm, one seed) is kept in --out and never
    computed again: after Ctrl-C the same command goes on. The exit status is 1 if a cell failed.
    """
    from .. import printing
    from ..figures import check_figure
    from ..tables import print_table
    from . import page, registry
    from .report import to_json

    if shipped:
        _check_none("without --shipped, which computes nothing")
        _tell_shipped(names, as_json)
        return
    if not names:
        _check_none("with a NAME")
        _list(as_json)
        return
    if not given["out"]:
        raise ValueError("--out: wanted a folder, got ''")
    if given["figure"] is not None:
        if len(names) != 1:
            raise ValueError(f"--figure: wanted with one NAME, got {len(names)}")
        check_figure("--figure", given["figure"])
    plans = [(each, _size(each, given)) for each in map(registry.named, dict.fromkeys(names))]
    kept = _kept(given["out"])
    done, failed = _conducted(plans, kept, given)
    for each in done:
        _draw(given["figure"], each)
    if as_json:
        emit({"experiments": [to_json(each, kept.basis) for each in done]})
    else:
        out = printing.console(markup=False)
        for number, each in enumerate(done):
            for part in ("\n" if number else "", *page.pages(each)):
                print_table(part, out)
    if failed:
        raise SystemExit(1)


def _check_none(wanted: str) -> None:
    """Raises ValueError for an option on how to compute, which nobody would hear: wanted says how it goes with it."""
    context = click.get_current_context()
    for option in context.command.params:
        name = str(option.name)
        if name in ("names", "shipped", "as_json"):
            continue
        if context.get_parameter_source(name) is not ParameterSource.DEFAULT:
            raise ValueError(f"{option.opts[0]}: wanted {wanted}")


def _list(as_json: bool) -> None:
    from .. import printing
    from ..tables import print_table
    from . import page, registry

    known = [registry.named(name) for name in registry.NAMES]
    if as_json:
        emit({"experiments": [{"name": each.name, "source": each.source, "question": each.question} for each in known]})
    else:
        print_table(page.listed(known), printing.console(markup=False))


def _tell_shipped(names: Sequence[str], as_json: bool) -> None:
    from .. import printing
    from ..tables import print_table
    from . import page, registry
    from .shipped import shipped

    known = {each["name"]: each for each in shipped()}
    wanted = [registry.named(name).name for name in dict.fromkeys(names)]
    if absent := [name for name in wanted if name not in known]:
        raise ValueError(f"--shipped: wanted NAME of {', '.join(known) or 'none yet'}; got {absent[0]!r}")
    found = [known[name] for name in wanted or known]
    if as_json:
        emit({"experiments": found})
    else:
        print_table(page.shipped(found), printing.console(markup=False))


def _size(chosen: "Experiment", given: Mapping[str, Any]) -> "Size":
    """The size with what the user has otherwise. Raises ValueError for what this experiment does not have."""
    size = chosen.sizes[given["size_name"]]
    root = None if given["root"] is None else os.path.abspath(given["root"])
    training = {"steps": given["steps"], "source": given["data"], "root": root}
    changes = {name: value for name, value in training.items() if value is not None}
    if changes and not size.steps:
        raise ValueError(f"{chosen.name}: wanted without --steps, --data and --root, for it trains nothing")
    if given["root"] is not None and given["data"] != "cifar10":
        raise ValueError("--root: wanted with --data cifar10 only")
    if given["seeds"] is not None:
        changes["seeds"] = given["seeds"]
    return size._replace(**changes)


def _kept(folder: str) -> "Cells":
    from .basis import basis
    from .cells import Cells

    return Cells(folder, basis())


def _conducted(
    plans: Sequence[tuple["Experiment", "Size"]], kept: "Cells", given: Mapping[str, Any]
) -> tuple[list["Done"], bool]:
    """Compute what is missing -> the experiments that are whole, and whether a cell failed; it is told why."""
    from .findings import cells_of, gathered
    from .report import Done

    cells = {chosen.name: cells_of(chosen, size) for chosen, size in plans}
    errors = _filled([cell for found in cells.values() for _, _, cell in found], kept, given["processes"])
    done = []
    for chosen, size in plans:
        wrong = [each for each in cells[chosen.name] if each[2].key in errors]
        _tell(chosen.name, wrong, errors)
        if not wrong:
            done.append(Done(chosen, given["size_name"], size, *gathered(chosen, size, kept)))
    return done, bool(errors)


def _tell(name: str, wrong: Sequence[tuple["Arm", int, "Cell"]], errors: Mapping[str, str]) -> None:
    for arm, seed, cell in wrong:
        click.echo(f"{name}: {arm.name}, seed {seed}: {errors[cell.key]}", err=True)


def _filled(cells: Sequence["Cell"], kept: "Cells", processes: int | None) -> Mapping[str, str]:
    """Compute the missing ones of these cells, with a bar on a terminal. Key of a cell that failed -> why."""
    from ..bench.progress import progress
    from ..kernels.tiled.threads import default_threads
    from . import preparing
    from .grid import fill, missing

    absent = missing(cells, kept)
    if not absent:
        return {}
    kept.prepare()
    count = min(len(absent), processes or default_threads())
    with progress(len(absent)) as bar:
        bar.say("reading images")
        preparing.read_images(absent)
        if count > 1:
            bar.say("compiling")
            preparing.compile_kernels(absent)
        bar.say(f"{len(absent)} cells in {count} process{'es' if count > 1 else ''}")
        return fill(absent, kept, count, lambda _: bar.done())


def _draw(path: str | None, done: "Done") -> None:
    from ..figures import load_matplotlib

    if path is None:
        return
    figure = load_matplotlib("--figure: the picture is").Figure(figsize=(9, 5), layout="constrained")
    done.experiment.draw(figure, done.results)
    figure.suptitle(f"{done.experiment.question}\n{done.experiment.source}", fontsize="medium")
    figure.savefig(path, dpi=120)
