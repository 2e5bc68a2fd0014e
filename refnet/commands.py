"""What every command of the command line does alike: one line for a mistake, JSON alone on standard output."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import click


@contextmanager
def one_line() -> Iterator[None]:
    """Around a command: what a check raised becomes one line on standard error, status 2, or 3 for a missing extra."""
    try:
        yield
    except KeyboardInterrupt:
        click.echo("Aborted!", err=True)
        raise SystemExit(130) from None
    except ImportError as error:
        _refuse(error, 3)
    except (ValueError, TypeError, KeyError, OverflowError, OSError) as error:
        _refuse(error, 2)


def _refuse(error: Exception, status: int) -> NoReturn:
    click.echo(f"Error: {_sentence(error)}", err=True)
    raise SystemExit(status) from error


def _sentence(error: Exception) -> str:
    text = error.args[0] if isinstance(error, KeyError) and error.args else error
    return " ".join(str(text).split())


def emit(data: Any) -> None:
    click.echo(json.dumps(data, indent=2))
