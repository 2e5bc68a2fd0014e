"""How well both families learn the digits with the defaults of `refnet train`, and how well torch does the same.

    python benchmarks/digits.py --json | python benchmarks/measured.py --keep digits
    python benchmarks/digits.py --models mobilenet_v1 --seeds 2

Each run has a twin: the same first weights, order of images, dropout masks, recipe and evaluation, and torch for every
layer, gradient and update (`refnet.bench.twin`). In float32 two such runs part within some steps, as two of torch do
whose tensors lie otherwise in memory: what can be compared is where they end, on average.
"""

import json
import time
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from multiprocessing import get_context
from typing import Any

import click
import numpy as np

from refnet import models, printing
from refnet.bench.machine import machine, versions
from refnet.bench.torch_engine import Torch
from refnet.bench.twin import Twin
from refnet.data import Batches, in_order, load
from refnet.data.augmentation import AUGMENTATIONS
from refnet.kernels.tiled.threads import default_threads
from refnet.tables import add_columns, print_table, table
from refnet.training.evaluation import BATCH, evaluate
from refnet.training.recipes import RECIPES
from refnet.training.trainer import Trainer

FAMILIES = ("mobilenet_v2", "mobilenet_v1")
ENGINES = {"refnet": Trainer, "torch": Twin}
RECIPE = RECIPES["small"]

Run = tuple[str, str, int]  # model, engine, seed


def accuracy(run: Run) -> tuple[float, float]:
    """Share of the test digits that are right after all epochs, and the seconds that took. One thread."""
    model, engine, seed = run
    data = load("digits")
    height, _, _ = data.train.shape
    net = getattr(models, model)(resolution=height, classes=len(data.train.classes))
    augmentation = AUGMENTATIONS[RECIPE.augmentation]
    batches = Batches(data.train, RECIPE.batch, seed, augmentation)
    steps = RECIPE.epochs * len(batches)
    begin = time.perf_counter()
    trainer = ENGINES[engine](net, RECIPE, len(batches), steps, seed, threads=1)
    for step in range(steps):
        trainer.advance(*batches.batch(step))
    seconds = time.perf_counter() - begin
    return evaluate(trainer.net, trainer.best_weights, in_order(data.test, BATCH, augmentation.central)).top1, seconds


def measured(chosen: tuple[str, ...], seeds: int, processes: int) -> list[dict[str, Any]]:
    """A row for each model and engine."""
    runs = list(product(chosen, ENGINES, range(seeds)))
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        found = dict(zip(runs, pool.map(accuracy, runs), strict=True))
    rows = []
    for model, engine in product(chosen, ENGINES):
        own = [found[model, engine, seed] for seed in range(seeds)]
        percents, seconds = [100 * right for right, _ in own], [round(took, 1) for _, took in own]
        told = {"percents": percents, "mean": float(np.mean(percents)), "seconds": seconds}
        rows.append({"model": model, "engine": engine, **told})
    return rows


@click.command(help=__doc__)
@click.option("--models", "chosen", multiple=True, type=click.Choice(FAMILIES), default=FAMILIES, show_default=True)
@click.option("--seeds", type=click.IntRange(min=1), default=5, show_default=True)
@click.option("--processes", type=click.IntRange(min=1), default=default_threads, help="[default: one per core]")
@click.option("--json", "as_json", is_flag=True)
def main(chosen: tuple[str, ...], seeds: int, processes: int, as_json: bool) -> None:
    rows = measured(chosen, seeds, processes)
    if as_json:
        told = {"machine": machine(), "versions": versions() | {"torch": Torch().version()}, "rows": rows}
        print(json.dumps(told, indent=1))
        return
    made = table("accuracy on the test digits, %", "bold")
    add_columns(made, "model", "engine", whole=True)
    add_columns(made, *(f"seed {seed}" for seed in range(seeds)), "mean", right=True, whole=True)
    for row in rows:
        made.add_row(row["model"], row["engine"], *(f"{each:.2f}" for each in row["percents"]), f"{row['mean']:.2f}")
    print_table(made, printing.console(markup=False))


if __name__ == "__main__":
    main()
