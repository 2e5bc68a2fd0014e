"""What small networks learn of drawn scenes within minutes, and that shuffled answers teach nothing."""

import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.jit, pytest.mark.slow]


@pytest.fixture
def scenes(monkeypatch):
    """benchmarks/scenes.py, which is no package."""
    monkeypatch.setattr(sys, "path", [str(Path(__file__).parents[2] / "benchmarks"), *sys.path])
    import scenes

    yield scenes
    sys.modules.pop("scenes")


@pytest.mark.parametrize("task", ["detection", "segmentation"])
def test_eight_pictures_by_heart_and_sixty_four_unseen(scenes, task):
    found = {row["learnt"]: row["share"] for row in scenes.measured(task)}
    assert found["by heart"] >= 0.95
    assert found["unseen"] >= 0.5
    assert found["by heart, shuffled"] < 0.2
    assert found["unseen, shuffled"] < 0.2
