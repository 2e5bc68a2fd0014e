"""How much of a core's peak the tiled kernels reach, layer by layer of MobileNetV2, beside the plain ones and NumPy.

    python benchmarks/tiles.py                 a table of V2's layers at 224 x 224, batch 1, float32
    python benchmarks/tiles.py --gradients     the same for both gradients
    python benchmarks/tiles.py --shapes        the matrix product's loop with other sizes of tiles

Peak: multiply-adds on a tile of registers, and nothing else. It is measured in each round, between the contestants,
which take turns; a round's rates are divided by that round's peak. What is printed is the median over the rounds, in
per cent of the peak. One thread: NumPy's matrix product is told so, before NumPy is loaded.

    loop     the tiled loop alone, on packed operands
    tiled    the public function: packs, calls, unpacks
    plain    the plain kernel
    numpy    a matrix product of the same size, without packing or unpacking (pointwise layers only)
"""

import os
import statistics
import time
from collections.abc import Callable
from typing import Any, NamedTuple

for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import click  # noqa: E402
import numpy as np  # noqa: E402
from rich.console import Console  # noqa: E402
from rich.table import Table  # noqa: E402

import refnet  # noqa: E402
from refnet import kernels  # noqa: E402
from refnet.bench.peak import peak_task  # noqa: E402
from refnet.kernels import tiled  # noqa: E402
from refnet.kernels.tiled import depthwise, matmul, shapes  # noqa: E402
from refnet.kernels.tiled.packing import Panels, Source, Target, empty_map, pad_columns  # noqa: E402
from refnet.kernels.tiled.shapes import TileShape  # noqa: E402

ROUNDS = 15
SECONDS = 0.004  # a contestant's turn in a round, at least
Task = Callable[[], object]


class Layer(NamedTuple):
    """A convolution of the network: the kernels' name for it, arguments of forward, multiply-adds."""

    name: str
    operation: str
    arguments: tuple[Any, ...]
    madds: int


def rate(task: Task, madds: int) -> float:
    """Multiply-adds per second over one turn."""
    calls, begin = 0, time.perf_counter()
    while (spent := time.perf_counter() - begin) < SECONDS:
        task()
        calls += 1
    return calls * madds / spent


def shares(tasks: dict[str, Task], madds: int) -> dict[str, float]:
    """Each task's median share of the peak, in per cent."""
    top, its_madds = peak_task(shapes.matrix_strips(1000, np.float32)[0].shape, 20_000)
    for task in (top, *tasks.values()):
        task()  # compiles
    found: dict[str, list[float]] = {name: [] for name in tasks}
    for _ in range(ROUNDS):
        for name, task in tasks.items():
            highest = rate(top, its_madds)
            found[name].append(100 * rate(task, madds) / highest)
    return {name: statistics.median(values) for name, values in found.items()}


def layers() -> list[Layer]:
    """V2-1.0-224's convolutions, each kind and size once, with the arrays and arguments that the graph passes."""
    found: dict[Any, Layer] = {}

    def noting(name: str) -> Callable[..., Any]:
        def kernel(x, w, *window):
            y = getattr(kernels, name)(x, w, *window)
            operation = name.removesuffix("_forward")
            inputs = w.shape[0] if w.ndim == 2 else np.prod(w.shape[: 2 if w.ndim == 3 else 3])
            label = f"{operation} {'x'.join(map(str, x.shape[1:]))} -> {'x'.join(map(str, y.shape[1:]))}"
            found.setdefault(label, Layer(label, operation, (x, w, *window), int(y.size * inputs)))
            return y

        return kernel

    names = ("conv2d_forward", "depthwise_conv2d_forward", "pointwise_conv2d_forward")
    namespace = {name: getattr(kernels, name) for name in kernels.__all__} | {name: noting(name) for name in names}
    net = refnet.mobilenet_v2()
    images = np.random.default_rng(0).standard_normal((1, 224, 224, 3)).astype(np.float32)
    net.forward(net.init(np.random.default_rng(0)), images, kernels=type("Noting", (), namespace))
    return list(found.values())


def loop_of(function: Callable[..., Any], arguments: tuple[Any, ...]) -> Task:
    """What a tiled function gives to its compiled loops, to be given to them again and again."""
    calls: list[tuple[Any, tuple[Any, ...]]] = []
    homes = ((matmul, "window_sums"), (matmul, "pixel_sums"), (depthwise, "tap_sums"), (depthwise, "tap_products"))
    loops = [(module, name, getattr(module, name)) for module, name in homes]
    for module, name, loop in loops:
        setattr(module, name, lambda *given, loop=loop: calls.append((loop, given)))
    try:
        function(*arguments)
    finally:
        for module, name, loop in loops:
            setattr(module, name, loop)
    return lambda: [loop(*given) for loop, given in calls]


def contestants(name: str, arguments: tuple[Any, ...]) -> dict[str, Task]:
    """The loop, the tiled function, the plain one."""
    fast, plain = getattr(tiled, name), getattr(kernels, name)
    return {
        "loop": loop_of(fast, arguments),
        "tiled": lambda: fast(*arguments),
        "plain": lambda: plain(*arguments),
    }


def forward_tasks(layer: Layer) -> list[tuple[str, dict[str, Task]]]:
    tasks = contestants(f"{layer.operation}_forward", layer.arguments)
    x, w = layer.arguments[:2]
    if w.ndim == 2:
        tasks["numpy"] = lambda: x.reshape(-1, w.shape[0]) @ w
    return [(layer.name, tasks)]


def gradient_tasks(layer: Layer) -> list[tuple[str, dict[str, Task]]]:
    x, w, *window = layer.arguments
    dy = np.ones_like(getattr(tiled, f"{layer.operation}_forward")(*layer.arguments))
    sizes = ([x.shape[1:3]], [w.shape[:2]]) if window else ([], [])
    parts = (("input_gradient", (dy, w, *sizes[0], *window)), ("filter_gradient", (dy, x, *sizes[1], *window)))
    return [(f"{layer.name}, {part}", contestants(f"{layer.operation}_{part}", given)) for part, given in parts]


def compare(tasks_of: Callable[[Layer], list[tuple[str, dict[str, Task]]]], title: str) -> Table:
    """One row for each layer; then the share of all layers together, by their multiply-adds and times."""
    table, columns = Table(title=title), ("loop", "tiled", "plain", "numpy")
    table.add_column("layer (per cent of the peak of one core)")
    for column in columns:
        table.add_column(column, justify="right")
    times = dict.fromkeys(columns, 0.0)
    total = 0
    for layer in layers():
        for name, tasks in tasks_of(layer):
            found = shares(tasks, layer.madds)
            table.add_row(name, *(f"{found[column]:.0f}" if column in found else "" for column in columns))
            total += layer.madds
            for column in found:
                times[column] += layer.madds / found[column]
    table.add_section()
    table.add_row("all of these", *(f"{total / times[column]:.0f}" for column in columns[:3]), "")
    return table


def compare_shapes(pixels: int = 784, depth: int = 384) -> Table:
    """The matrix product's loop on tiles of other sizes; numbers of sums that spill are slow."""
    table = Table(title=f"tiles for {pixels} x {depth} times {depth} x (4 tiles), float32")
    table.add_column("rows x vectors (per cent of the peak of one core)")
    table.add_column("loop", justify="right")
    for vectors in (1, 2, 3):
        for rows in (4, 6, 8, 10, 12, 14):
            shape = TileShape(rows, vectors, shapes.lanes(np.float32), "float32")
            name, task = f"{rows} x {vectors}", shape_task(shape, pixels, depth)
            table.add_row(name, f"{shares({name: task}, pixels * depth * 4 * shape.channels)[name]:.0f}")
    return table


def shape_task(shape: TileShape, pixels: int, depth: int) -> Task:
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((pixels, depth)), rng.standard_normal((depth, 4 * shape.channels))
    w = pad_columns(w.astype(np.float32)).reshape(depth, 4, shape.channels).transpose(1, 0, 2).ravel()
    y = empty_map(1, pixels, 1, 4 * shape.channels, np.float32)
    source = Source(x.astype(np.float32).ravel(), np.arange(pixels) * depth, np.zeros(1, np.int64), depth)
    target = Target(y.values, y.all_beginnings())
    return lambda: matmul.window_sums(shape, source, Panels(w, depth, 4, 0), target)


@click.command(help=(__doc__ or "").partition("\n")[0])
@click.option("--gradients", is_flag=True, help="Both gradients, instead of the layers.")
@click.option("--shapes", "other_shapes", is_flag=True, help="The matrix product's loop with other sizes of tiles.")
def main(gradients: bool, other_shapes: bool) -> None:
    if other_shapes:
        table = compare_shapes()
    elif gradients:
        table = compare(gradient_tasks, "MobileNetV2 1.0 at 224 x 224, gradients, batch 1, float32")
    else:
        table = compare(forward_tasks, "MobileNetV2 1.0 at 224 x 224, forward, batch 1, float32")
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
