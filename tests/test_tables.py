"""Tables on narrow consoles: prose folds, digits and names are whole."""

import io

import pytest
from rich.console import Console

from refnet.tables import add_columns, print_table, table


def printed(width):
    made = table("counts")
    add_columns(made, "what is counted", "name")
    add_columns(made, "madds", right=True, whole=True)
    made.add_row("every multiply-add of every convolution", "block_13/depthwise_relu6", "1,237,129,408")
    out = io.StringIO()
    print_table(made, Console(width=width, file=out, color_system=None))
    return out.getvalue()


@pytest.mark.parametrize("width", [20, 40, 60, 80, 100])
def test_no_digit_and_no_word_is_lost(width):
    text = printed(width)
    assert "1,237,129,408" in text
    assert "…" not in text
    assert all(word in text for word in ("every", "multiply-add", "convolution", "block_13/"))


@pytest.mark.parametrize("width", [60, 80, 100])
def test_it_keeps_to_a_console_that_is_wide_enough(width):
    assert max(map(len, printed(width).splitlines())) <= width


def test_a_text_is_printed_as_it_is():
    out = io.StringIO()
    print_table("no convention gives it", Console(width=80, file=out))
    assert out.getvalue() == "no convention gives it\n"
