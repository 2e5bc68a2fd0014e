"""How well a small detector and a small segmenter learn drawn scenes, and that answers of other pictures teach nothing.

    python benchmarks/scenes.py --json | python benchmarks/measured.py --keep scenes
    python benchmarks/scenes.py --task segmentation

by heart   eight pictures, judged by those    unseen     as many as `refnet train` has, judged by 64 others
shuffled   the same, but each picture is learnt with the truth of the one before; judged by what is true

The measure is average precision at an overlap of 0.50, or mean intersection over union.
"""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import click
import numpy as np

from refnet import Graph, models, printing
from refnet.bench.machine import machine, versions
from refnet.data.augmentation import AUGMENTATIONS
from refnet.data.shape_scenes import CLASSES, Scenes, draw_scenes
from refnet.data.truth_batches import TruthBatches, TruthInOrder
from refnet.tables import add_columns, print_table, table
from refnet.training.recipes import RECIPES, Recipe
from refnet.training.subjects import COUNTS, SIZES, TEST, TRAIN
from refnet.training.task import SCENES, TASKS
from refnet.training.trainer import Trainer

WIDTH, FEW = 0.35, 8
BY_HEART = replace(RECIPES["scenes"], batch=FEW, epochs=200, augmentation="none", warmup_epochs=20.0)


class Setting(NamedTuple):
    """build: the network. unseen: the recipe for many pictures. measure: that of `Judged.measures`."""

    build: Callable[[int], Graph]
    unseen: Recipe
    measure: str


SETTINGS = {
    "detection": Setting(
        lambda size: models.ssdlite_mobilenet_v2(WIDTH, size, len(CLASSES)), RECIPES["scenes"], "ap50"
    ),
    "segmentation": Setting(
        lambda size: models.deeplab_mobilenet_v2(WIDTH, size, len(CLASSES) + 1, output_stride=8),
        replace(RECIPES["scenes"], batch=8, epochs=3),
        "mean_iou",
    ),
}


def shuffled(scenes: Scenes) -> Scenes:
    """Each picture with the truth of the one before."""
    boxes, things = ([each[-1], *each[:-1]] for each in (scenes.boxes, scenes.things))
    return replace(scenes, boxes=boxes, things=things, labels=np.roll(scenes.labels, 1, axis=0))


def learnt(task: str, pictures: Scenes, judged_by: Scenes, recipe: Recipe, threads: int | None) -> dict[str, Any]:
    """The measure at the end, and the seconds that all steps took; kernels are compiled before."""
    setting = SETTINGS[task]
    batches = TruthBatches(pictures, recipe.batch, 0, AUGMENTATIONS[recipe.augmentation])
    steps, net = recipe.epochs * len(batches), setting.build(pictures.shape[0])
    Trainer(net, recipe, len(batches), steps, 0, threads, task=TASKS[task]).advance(*batches.batch(0))
    trainer = Trainer(net, recipe, len(batches), steps, 0, threads, task=TASKS[task])
    begin = time.perf_counter()
    for step in range(steps):
        trainer.advance(*batches.batch(step))
    seconds = time.perf_counter() - begin
    order = TruthInOrder(judged_by, SCENES)
    found = trainer.task.evaluate(net, trainer.best_weights, map(order.batch, range(len(order))))
    return {"steps": steps, "seconds": round(seconds, 1), "share": found.measures[setting.measure]}


def measured(task: str, threads: int | None = None) -> list[dict[str, Any]]:
    """A row for each way to learn."""
    (side, _), setting = SIZES[task], SETTINGS[task]
    pictures, unseen = (draw_scenes(COUNTS[part], side, split=part) for part in (TRAIN, TEST))
    few = draw_scenes(FEW, side)
    ways = {"by heart": (few, few, BY_HEART), "unseen": (pictures, unseen, setting.unseen)}
    rows = []
    for way, (given, judged_by, recipe) in ways.items():
        for name, own in ((way, given), (f"{way}, shuffled", shuffled(given))):
            found = learnt(task, own, judged_by, recipe, threads)
            rows.append({"task": task, "measure": setting.measure, "learnt": name, **found})
    return rows


@click.command(help=__doc__)
@click.option("--task", "chosen", multiple=True, type=click.Choice(list(SETTINGS)), default=list(SETTINGS))
@click.option("--threads", type=int, help="[default: one per core]")
@click.option("--json", "as_json", is_flag=True)
def main(chosen: tuple[str, ...], threads: int | None, as_json: bool) -> None:
    rows = [row for task in chosen for row in measured(task, threads)]
    if as_json:
        print(json.dumps({"machine": machine(), "versions": versions(), "rows": rows}, indent=1))
        return
    made = table("", "bold")
    add_columns(made, "task", "learnt", "measure", whole=True)
    add_columns(made, "%", "steps", "seconds", right=True, whole=True)
    for row in rows:
        share, seconds = f"{100 * row['share']:.1f}", f"{row['seconds']:.0f}"
        made.add_row(row["task"], row["learnt"], row["measure"], share, f"{row['steps']:,}", seconds)
    print_table(made, printing.console(markup=False))


if __name__ == "__main__":
    main()
