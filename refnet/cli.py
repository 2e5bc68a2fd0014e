"""The command line: `refnet count`, `models`, `audit`, `memory`, `appendix`, `bench`, `train`, `evaluate`, `detect`,
`segment`, `experiment`, `export`, `testcases`.

Results go to standard output, as tables or with --json as JSON alone; everything else goes to standard error.
Exit status: 0 fine, 1 a check failed, 2 wrong usage, 3 an optional dependency is missing.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from . import __version__
from .bench.command import bench
from .commands import Quiet, emit, one_line
from .experiments.command import experiment
from .training.command import evaluate, train
from .training.use_command import detect, segment

if TYPE_CHECKING:
    from .papers.audit import Audit

COUNT = click.IntRange(min=1)
SPLIT = "First split bottlenecks in so many parts, all whose inner maps nothing else reads; the title says how many."


def _builder_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The settings of a model's builder, as `count` and `memory` take them."""
    options = (
        click.option("--width", type=float, help="Width multiplier alpha; any number above 0."),
        click.option("--resolution", type=int, help="Input height and width in pixels; any from 32."),
        click.option("--classes", type=int, help="Number of classes; 0 for pooled features without a classifier."),
        click.option(
            "--padding", type=click.Choice(["same", "symmetric", "valid"]), help="Padding of the convolutions."
        ),
        click.option("--expansion", type=float, help="Expansion factor t (MobileNet V2)."),
        click.option("--set", "more", metavar="NAME=VALUE", multiple=True, help="Any other setting of the builder."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.group(cls=Quiet, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="refnet")
def main() -> None:
    """MobileNet V1 and V2 by hand, and every count of their papers recomputed."""


for _command in (bench, train, evaluate, detect, segment, experiment):
    main.add_command(_command)


@main.command()
@click.argument("model")
@_builder_options
@click.option("--by", type=click.Choice(["layer", "type"]), help="One line per layer, or per type of layer.")
@click.option(
    "--explain",
    metavar="FIGURE",
    help="List the conventions that give this figure, e.g. 314M; 290.M has three digits, 290M two.",
)
@click.option("--json", "as_json", is_flag=True, help="JSON on standard output.")
@one_line()
def count(
    model: str, by: str | None, explain: str | None, as_json: bool, more: tuple[str, ...], **options: Any
) -> None:
    """Count multiply-adds and parameters of MODEL under every convention.

    MODEL is mobilenet_v1, mobilenet_v2, ... (`refnet models` lists them), or a graph of your own: my_file.py:net.
    """
    from . import choosing, printing
    from .digits import parse_figure
    from .tables import print_table

    settings = choosing.assigned(more, options)
    net = choosing.build(model, settings)
    for name in net.unread():
        click.echo(f"Note: nothing reads {name!r}, and it is no output; it is counted all the same.", err=True)
    figure = parse_figure(explain) if explain is not None else None
    if as_json:
        cost = net.cost()
        data = {"model": model, **choosing.settings_of(model, settings), "madds": cost.madds}
        data |= {"parameters": cost.parameters(), "conventions": cost.totals()}
        if by == "layer":
            data["layers"] = printing.layer_rows(net)
        elif by == "type":
            data["types"] = printing.type_rows(cost)
        if figure is not None:
            data["explain"] = printing.explanation_rows(choosing.readings(model, settings, net), figure)
        emit(data)
        return
    view = {None: printing.conventions, "layer": printing.layers, "type": printing.types}[by]
    out = printing.console(markup=False)
    if figure is not None and explain is not None:
        print_table(printing.explanation(net, choosing.readings(model, settings, net), explain, figure), out)
    if figure is None or by:
        print_table(view(net), out)


@main.command("models")
@click.option("--json", "as_json", is_flag=True, help="JSON on standard output.")
@one_line()
def list_models(as_json: bool) -> None:
    """List every model with its size, as its paper has it."""
    from . import printing
    from .tables import print_table

    rows = printing.model_rows()
    if as_json:
        emit({"models": rows})
    else:
        print_table(printing.models_table(rows), printing.console(markup=False))


@main.command(short_help="Memory that the activations of MODEL need.")
@click.argument("model")
@_builder_options
@click.option("--bytes", "size", type=COUNT, default=4, show_default=True, help="Bytes per value; the papers have 2.")
@click.option("--fresh", is_flag=True, help="Batch norm, bias and activations take memory of their own.")
@click.option("--split", metavar="PARTS", type=COUNT, help=SPLIT)
@click.option("--by", type=click.Choice(["layer", "block", "size"]), help="One line per layer, block or size of map.")
@click.option("--train", is_flag=True, help="Also what a training step keeps for its backward pass.")
@click.option("--json", "as_json", is_flag=True, help="JSON on standard output.")
@one_line()
def memory(
    model: str,
    size: int,
    fresh: bool,
    split: int | None,
    by: str | None,
    train: bool,
    as_json: bool,
    more: tuple[str, ...],
    **options: Any,
) -> None:
    """Memory that the activations of MODEL need: V2 eq. (2), layer by layer and with a block as one operation.

    MODEL is as for `refnet count`.
    """
    from . import choosing, memory_page, printing
    from . import memory as plans
    from .rewrites.split import split_bottlenecks
    from .tables import print_table

    settings = choosing.assigned(more, options)
    net = choosing.build(model, settings)
    net = net if split is None else split_bottlenecks(net, split)
    plan = plans.plan(net, size, in_place=not fresh)
    training = plans.training(net, size) if train else None
    if as_json:
        settings_of = choosing.settings_of(model, settings)
        emit({"model": model, **settings_of, **memory_page.to_json(net, plan, by, training)})
        return
    out = printing.console(markup=False)
    if by:
        print_table(memory_page.sizes(net, plan) if by == "size" else memory_page.steps(plan, by), out)
    print_table(memory_page.summary(plan, training), out)
    out.print(memory_page.notes(plan))


@main.command()
@click.option("--paper", type=click.Choice(["v1", "v2", "notes"]), help="Only the claims of one paper.")
@click.option("--table", metavar="NUMBER", help="Only the claims of one table.")
@click.option("--id", "claim", metavar="ID", help="One claim, under every convention side by side.")
@click.option("--core", is_flag=True, help="Only the main tables, as plain text.")
@click.option("--markdown", is_flag=True, help="Markdown tables on standard output.")
@click.option("--report", metavar="FILE.html", help="Write every claim into one page that needs no network.")
@click.option("--execute", is_flag=True, help="Also run every convolution through the kernels, on ones.")
@click.option("--json", "as_json", is_flag=True, help="JSON on standard output.")
@one_line()
def audit(
    paper: str | None,
    table: str | None,
    claim: str | None,
    core: bool,
    markdown: bool,
    report: str | None,
    execute: bool,
    as_json: bool,
) -> None:
    """Recompute what the papers print, and judge each figure.

    The exit status is 1 if a verdict differs from the recorded one, or if an executed count differs.
    """
    from . import papers, printing

    beside = {"--json": as_json, "--paper": paper, "--table": table, "--id": claim, "--report": report}
    if core and any(beside.values()):
        got = ", ".join(name for name, given in beside.items() if given)
        raise ValueError(f"--core: wanted alone or with --execute, got {got} beside it")
    if markdown and (as_json or core or execute):
        raise ValueError("--markdown: wanted without --json, --core and --execute")
    if report is None:
        done = papers.run_audit(paper, table, claim)
    else:
        done = papers.write_report(report, paper, table, claim)
        click.echo(f"{report}: {len(done.results)} claims", err=True)
    executed = _executed() if execute else []
    if as_json:
        from .papers.executed_page import to_json

        emit(done.to_json() | ({"executed": to_json(executed)} if execute else {}))
    elif core or markdown or report is None:
        _show(done, core, markdown, hint=not execute)
    if execute and not as_json:
        from .papers.executed_page import render_executed

        render_executed(executed, printing.console())
    if done.changed or (execute and _executed_status(executed)):
        raise SystemExit(1)


def _show(done: "Audit", core: bool, markdown: bool, hint: bool) -> None:
    """The audit on standard output: the main tables as plain text, Markdown, or everything for a terminal."""
    from . import papers, printing

    if core:
        click.echo(papers.core_tables(done))
        for result in done.changed:
            click.echo(f"CHANGED {result.claim.id}: recorded {result.claim.recorded}, now {result.verdict}", err=True)
    elif markdown:
        click.echo(papers.markdown_tables(done), nl=False)
    else:
        papers.render(done, printing.console(), hint=hint)


@main.command()
@click.option("--draws", type=click.IntRange(min=40), default=4000, show_default=True, help="Random cases per number.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="JSON on standard output.")
@one_line()
def appendix(draws: int, seed: int, as_json: bool) -> None:
    """Evaluate V2's appendix A: lemmas, theorem, inequalities, and Figure 1's spirals."""
    from .appendix.findings import findings

    found = findings(draws, seed)
    if as_json:
        emit(found)
        return
    from . import printing
    from .appendix.page import render

    render(found, printing.console(markup=False))


def _executed() -> Any:
    from .papers.executed_page import execute_with_progress

    return execute_with_progress()


def _executed_status(executed: Any) -> int:
    from .papers.executed import exit_status

    return exit_status(executed)


@main.command()
@click.argument("model")
@click.option("--out", required=True, metavar="FILE.onnx", help="The file; one of that name is replaced.")
@_builder_options
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the fresh weights.")
@click.option("--batch", type=int, help="Images per run; by default any number.")
@click.option("--fold", is_flag=True, help="Fold batch norm into the convolutions before.")
@click.option("--layout", type=click.Choice(["NHWC", "NCHW"]), default="NHWC", show_default=True)
@one_line()
def export(
    model: str, out: str, seed: int, batch: int | None, fold: bool, layout: str, more: tuple[str, ...], **options: Any
) -> None:
    """Write MODEL, as for `refnet count`, with fresh weights as an ONNX file; refnet.io.onnx.save writes yours."""
    from . import choosing
    from .io.onnx import save

    net = choosing.build(model, choosing.assigned(more, options))
    save(out, net, net.init(seed), batch, fold, layout)
    click.echo(out)


@main.command()
@click.option("--out", required=True, metavar="DIR", help="A new or empty folder.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--count", type=click.IntRange(min=1), default=20, show_default=True, help="Cases per operation.")
@click.option(
    "--dtype", type=click.Choice(["float64", "float32", "float16", "int8"]), default="float32", show_default=True
)
@click.option("--layout", type=click.Choice(["NHWC", "NCHW"]), default="NHWC", show_default=True)
@one_line()
def testcases(out: str, seed: int, count: int, dtype: str, layout: str) -> None:
    """Write test cases as .npz files with a JSON index, for kernels that Python cannot call."""
    from .testing import write_testcases

    click.echo(write_testcases(out, seed=seed, dtype=dtype, layout=layout, count=count))
