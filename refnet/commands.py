"""What every command of the command line does alike: one line for a mistake, JSON alone on standard output."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import click

# 128 + 13: what a shell says of a program that was stopped because nobody reads its output.
NOBODY_READS = 141


class Quiet(click.Group):
    """Commands that end without a word where nobody reads their output on, as in `refnet audit | head -1`."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            try:
                return super().invoke(ctx)
            finally:
                sys.stdout.flush()
        except (BrokenPipeError, SystemExit) as end:
            if not isinstance(end, BrokenPipeError) and not isinstance(end.__context__, BrokenPipeError):
                raise
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the interpreter flushes once more
            raise SystemExit(NOBODY_READS) from None


@contextmanager
def one_line() -> Iterator[None]:
    """Around a command: what a check raised becomes one line on standard error, status 2, or 3 for a missing extra."""
    try:
        yield
    except KeyboardInterrupt:
        click.echo("Aborted!", err=True)
        raise SystemExit(130) from None
    except BrokenPipeError:
        raise  # see Quiet
    except ImportError as error:
        _refuse(error, 3)
    except (ValueError, TypeError, KeyError, OverflowError, OSError, MemoryError) as error:
        _refuse(error, 2)


def _refuse(error: Exception, status: int) -> NoReturn:
    click.echo(f"Error: {_sentence(error)}", err=True)
    raise SystemExit(status) from error


def _sentence(error: Exception) -> str:
    text = error.args[0] if isinstance(error, KeyError) and error.args else error
    return " ".join(str(text).split()) or ("out of memory" if isinstance(error, MemoryError) else type(error).__name__)


def emit(data: Any) -> None:
    click.echo(json.dumps(data, indent=2))
