"""The command line: `refnet count`, `refnet audit`, `refnet testcases`.

Results go to standard output, as tables or with --json as JSON alone; everything else goes to standard error.
Exit status: 0 fine, 1 a check failed, 2 wrong usage, 3 an optional dependency is missing.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from . import __version__


@contextmanager
def one_line() -> Iterator[None]:
    """Turn what a check raised into one line on standard error: status 2, or 3 for a missing extra."""
    try:
        yield
    except (ValueError, TypeError, KeyError, OverflowError, OSError) as error:
        raise _Refused(_sentence(error), 2) from error
    except ImportError as error:
        raise _Refused(_sentence(error), 3) from error


class _Refused(click.ClickException):
    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def _sentence(error: Exception) -> str:
    text = error.args[0] if isinstance(error, KeyError) and error.args else error
    return " ".join(str(text).split())


def _emit(data: Any) -> None:
    click.echo(json.dumps(data, indent=2))


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="refnet")
def main() -> None:
    """MobileNet V1 and V2 by hand, and every count of their papers recomputed."""


@main.command()
@click.argument("model")
@click.option("--width", type=float, help="Width multiplier alpha; any number above 0.")
@click.option("--resolution", type=int, help="Input height and width in pixels; any from 32.")
@click.option("--classes", type=int, help="Number of classes; 0 for pooled features without a classifier.")
@click.option("--padding", type=click.Choice(["same", "symmetric", "valid"]), help="Padding of the convolutions.")
@click.option("--expansion", type=float, help="Expansion factor t (MobileNet V2).")
@click.option("--by", type=click.Choice(["layer", "type"]), help="One line per layer, or per type of layer.")
@click.option("--explain", metavar="FIGURE", help="List the conventions that give this figure, e.g. 314M.")
@click.option("--json", "as_json", is_flag=True, help="JSON on standard output.")
def count(model: str, by: str | None, explain: str | None, as_json: bool, **options: Any) -> None:
    """Count multiply-adds and parameters of MODEL under every convention.

    MODEL is mobilenet_v1, mobilenet_v2, conv_mobilenet, shallow_mobilenet, or a graph of your own: my_file.py:net.
    """
    from . import choosing, printing
    from .digits import parse_figure

    settings = {name: value for name, value in options.items() if value is not None}
    with one_line():
        net = choosing.build(model, settings)
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
            data["explain"] = printing.explanation_rows(cost, figure)
        _emit(data)
        return
    view = {None: printing.conventions, "layer": printing.layers, "type": printing.types}[by]
    out = printing.console()
    if figure is not None and explain is not None:
        out.print(printing.explanation(net, explain, figure))
    if figure is None or by:
        out.print(view(net))
