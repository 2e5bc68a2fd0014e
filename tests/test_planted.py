"""The planted mistakes fit the code as it is: a patch that applies nowhere would kill nothing and prove nothing."""

from pathlib import Path

import pytest
from planted.mistakes import HARMLESS, MISTAKES

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("mistake", [*MISTAKES, HARMLESS], ids=lambda each: each.name)
def test_it_changes_exactly_one_place(mistake):
    assert (ROOT / mistake.file).read_text(encoding="utf-8").count(mistake.old) == 1
    assert mistake.new != mistake.old
    assert all((ROOT / name).exists() for name in mistake.tests)


def test_names_are_different():
    assert len({each.name for each in MISTAKES}) == len(MISTAKES)
