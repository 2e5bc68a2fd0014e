"""What several processes would each do first, done once before: images drawn or read, kernels compiled."""

from collections.abc import Iterable, Mapping
from typing import Any

from .experiment import Cell
from .learning import images_of, learn, network, settings_of

SHAPE = ("width", "resolution", "expansion")  # settings of a builder that change no kernel


def read_images(cells: Iterable[Cell]) -> None:
    """Those that these cells need, as stored.

    Raises what reading images raises: a folder that is not there is one mistake, and not one in every cell.
    """
    for settings in _kinds(cells):
        images_of(**{**settings["images"], "resolution": None})


def compile_kernels(cells: Iterable[Cell]) -> None:
    """Take one step with each kind of network that these cells name, so that what it compiles is on disk."""
    for settings in _kinds(cells):
        few = images_of(**{**settings["images"], "train": 48, "test": 2})
        builder = {**settings["builder"], "width": 0.1}
        learn(network(settings["model"], builder, few), few, settings_of(2, settings["changes"]), 1, seed=0)


def _kinds(cells: Iterable[Cell]) -> Iterable[Mapping[str, Any]]:
    """The settings of cells that learn, one for all that need the same images and the same kernels."""
    return {str(_kind(cell.settings)): cell.settings for cell in cells if "images" in cell.settings}.values()


def _kind(settings: Mapping[str, Any]) -> list[Any]:
    """Cells of which one prepares for all."""
    images, builder = (
        sorted((name, value) for name, value in settings[each].items() if name not in SHAPE)
        for each in ("images", "builder")
    )
    return [images, settings["model"], settings["changes"], builder]
