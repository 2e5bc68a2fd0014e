"""What was measured once, on one machine, for the README: tables from the files in benchmarks/measured/.

    refnet bench mobilenet_v2 mobilenet_v1 --json | python benchmarks/measured.py --keep inference
    refnet bench --sweep v2 --batch 8 --peers onnxruntime,openvino --blocks 9 --runs 3 --json \
        | python benchmarks/measured.py --keep batch-v2
    refnet bench ssdlite_mobilenet_v2 deeplab_mobilenet_v2 --json | python benchmarks/measured.py --keep tasks
    python benchmarks/digits.py --json | python benchmarks/measured.py --keep digits
    python benchmarks/measured.py                       the tables
    python benchmarks/measured.py --write               put them into the README

A file keeps everything that the command said but the single runs' times: machine, versions, settings, medians, minima,
ratios with their intervals. The names of the files are those of the tables below.
"""

import json
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from refnet.experiments.pairs import interval as paired

FOLDER = Path(__file__).parent / "measured"
README = Path(__file__).parent.parent / "README.md"
NAMES = {"onnxruntime": "ONNX Runtime", "openvino": "OpenVINO", "torch": "torch"}
SWEEPS = {"sweep-v2": "V2, batch 1", "sweep-v1": "V1, batch 1", "batch-v2": "V2, batch 8", "batch-v1": "V1, batch 8"}
STEPS = ("training-96", "training-224")

Data = dict[str, Any]


def keep(name: str, text: str) -> None:
    """Keep what a command wrote, without the single runs of a bench."""
    data = json.loads(text)
    for row in rows_of(data):
        row.get("peak", {}).pop("madds_per_second", None)
        for engine in row.get("engines", ()):
            engine.pop("blocks", None)
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{name}.json").write_text(json.dumps(data, indent=1) + "\n")


def kept(name: str) -> Data:
    found: Data = json.loads((FOLDER / f"{name}.json").read_text())
    return found


def rows_of(data: Data) -> list[Data]:
    """Of inference, or of training."""
    found: list[Data] = data.get("rows") or data["training"]
    return found


def engines(row: Data) -> dict[str, Data]:
    return {each["name"]: each for each in row["engines"]}


def interval(found: Data) -> str:
    return f"{found['median']:.2f} ({found['low']:.2f}-{found['high']:.2f})"


def lines(header: list[str], rows: list[list[str]]) -> str:
    """A table in Markdown; all columns but the first are numbers."""
    marks = ["---", *["---:"] * (len(header) - 1)]
    return "".join(f"| {' | '.join(row)} |\n" for row in [header, marks, *rows])


def where(data: Data) -> str:
    """The machine and the versions."""
    machine, versions, width = data["machine"], data["versions"], data["machine"]["float32_per_register"]
    peers = ", ".join(f"{NAMES[name]} {each['version']}" for name, each in data["peers"].items() if name in NAMES)
    return (
        f"{machine['cores']} cores of an {machine['processor']} with vectors of {width} float32;\n"
        f"Python {versions['python']}, Numba {versions['numba']}, {peers}"
    )


def inference() -> str:
    return beside_peers("inference", "one image")


def uses() -> str:
    return beside_peers("tasks", "detection and segmentation")


def beside_peers(file: str, title: str) -> str:
    """refnet's times, and how many times as fast it is as each peer."""
    rows = []
    for row in rows_of(kept(file)):
        own, peers = engines(row)["refnet"], {name: each for name, each in engines(row).items() if name in NAMES}
        name = f"{row['network']}, {row['threads']} thread{'s' * (row['threads'] > 1)}"
        ratios = [interval(peers[each]["ratio"]) if each in peers else "-" for each in NAMES]
        best = own["peak_percent"] * own["median"] / own["minimum"]
        times = f"{1e3 * own['median']:.2f} ({1e3 * own['minimum']:.2f})"
        rows.append([name, times, *ratios, f"{own['peak_percent']:.0f} ({best:.0f})"])
    against = (f"times as fast as {name}" for name in NAMES.values())
    header = [title, "refnet, ms", *against, "% of the peak"]
    return lines(header, rows)


def sweeps() -> str:
    rows = []
    for name, label in (each for each in SWEEPS.items() if (FOLDER / f"{each[0]}.json").exists()):
        found = rows_of(kept(name))
        for threads in sorted({row["threads"] for row in found}):
            ratios = [row["ratio"]["median"] for row in found if row["threads"] == threads]
            slower = sum(ratio < 1 for ratio in ratios)
            spread = (min(ratios), statistics.median(ratios), max(ratios))
            label_of_row = f"{label}, {threads} thread{'s' * (threads > 1)}"
            rows.append([label_of_row, str(len(ratios)), *(f"{each:.2f}" for each in spread), str(slower)])
    return lines(["all configurations", "how many", "lowest ratio", "median", "highest", "slower than the peer"], rows)


def training() -> str:
    rows = []
    for row in (row for name in STEPS for row in rows_of(kept(name))):
        own, torch = engines(row)["refnet"], engines(row)["torch"]
        name = f"{row['network']}, batch {row['batch']}, {row['threads']} thread{'s' * (row['threads'] > 1)}"
        memory = own["memory_bytes"] / torch["memory_bytes"]
        times = [f"{own['median']:.2f}", f"{torch['median']:.2f}", interval(torch["share_of_time"])]
        rows.append([name, *times, f"{memory:.2f}"])
    return lines(["a step of training", "refnet, s", "torch, s", "share of torch's time", "of its memory"], rows)


def speed() -> Iterator[str]:
    yield f"Measured by these commands on {where(kept('inference'))}.\n"
    yield inference()
    yield (
        "Times and shares of the peak are medians, in brackets those of the fastest run: the machine was a virtual one "
        "with\nneighbours. Ratios are medians over blocks in which all take turns, with the interval that holds the "
        "median; for all\nconfigurations, to the faster of ONNX Runtime and OpenVINO.\n"
    )
    yield sweeps()
    yield uses()
    yield training()


def digits() -> Iterator[str]:
    data = kept("digits")
    rows = [
        [row["model"], row["engine"], *(f"{each:.2f}" for each in row["percents"]), f"{row['mean']:.2f}"]
        for row in rows_of(data)
    ]
    seeds = [f"seed {seed}" for seed in range(len(rows[0]) - 3)]
    yield lines(["", "", *seeds, "mean"], rows)
    for model in sorted({row["model"] for row in rows_of(data)}, reverse=True):
        found = {row["engine"]: row["percents"] for row in rows_of(data) if row["model"] == model}
        mean, low, high = paired([a - b for a, b in zip(found["refnet"], found["torch"], strict=True)])
        spread = f"95 % interval {low:+.2f} to {high:+.2f}"
        yield f"{model}, refnet less torch: {mean:+.2f} points in the mean over the seeds ({spread}).\n"


def scenes() -> Iterator[str]:
    names = {"ap50": "average precision at an overlap of 0.50", "mean_iou": "mean intersection over union"}
    rows = [
        [f"{row['task']}, {row['learnt']}", names[row["measure"]], f"{100 * row['share']:.1f}", f"{row['steps']:,}"]
        + [f"{row['seconds']:.0f}"]
        for row in rows_of(kept("scenes"))
    ]
    yield lines(["", "measure", "%", "steps", "seconds"], rows)


BLOCKS = {"measured": speed, "digits": digits, "scenes": scenes}


def text(block: str) -> str:
    return "\n".join(BLOCKS[block]())


def with_tables(readme: str) -> str:
    """The README with the tables as they are now, each block between two comments."""
    for block in BLOCKS:
        begin, end = f"<!-- {block}: python benchmarks/measured.py --write -->\n", f"<!-- {block} -->\n"
        before, rest = readme.split(begin)
        readme = f"{before}{begin}\n{text(block)}\n{end}{rest.split(end)[1]}"
    return readme


def main(arguments: list[str]) -> None:
    if arguments[:1] == ["--keep"]:
        keep(arguments[1], sys.stdin.read())
    elif arguments == ["--write"]:
        README.write_text(with_tables(README.read_text()))
    else:
        print("\n".join(map(text, BLOCKS)))


if __name__ == "__main__":
    main(sys.argv[1:])
