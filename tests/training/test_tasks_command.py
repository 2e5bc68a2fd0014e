"""Detection and segmentation as a user meets them: train, evaluate, go on, detect, segment, and misuse."""

import json

import numpy as np
import pytest
from click.testing import CliRunner
from refusals import refused

from refnet.cli import main
from refnet.data.shape_scenes import draw_scenes
from refnet.io.tensors import load_tensors
from refnet.training import checkpoints, subjects
from refnet.training.asked import asked_of, network_of

pytestmark = pytest.mark.jit
PIL = pytest.importorskip("PIL.Image")
TASKS = ("detection", "segmentation")
FINE = ("--set", "output_stride=8")


def invoke(*words):
    return CliRunner().invoke(main, [str(word) for word in words], env={"NO_COLOR": "1", "COLUMNS": "100"})


def refusal(*words, status=2):
    return refused(invoke(*words), status)


@pytest.fixture(scope="module")
def few():
    """A few drawn scenes, so that a run is a matter of seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subjects, "COUNTS", (32, 8))
        yield


def words(task, out, *more):
    options = ("--width", 0.1, "--resolution", 64, "--epochs", 2, "--batch", 8, "--threads", 1)
    return "train", "--task", task, *options, "--out", out, *more


@pytest.fixture(scope="module")
def runs(few, tmp_path_factory):
    """Task -> the folder of its run, what the command said."""
    root = tmp_path_factory.mktemp("tasks")
    found = {task: (root / task, invoke(*words(task, root / task))) for task in TASKS}
    PIL.fromarray(draw_scenes(1, 64).images[0]).save(root / "picture.png")
    return found


@pytest.fixture
def picture(runs):
    return runs["detection"][0].parent / "picture.png"


@pytest.mark.parametrize("task", TASKS)
def test_a_run_tells_what_it_is_and_how_it_ended(runs, task):
    folder, done = runs[task]
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("8 images: " + {"detection": "AP ", "segmentation": "mean IoU "}[task])
    assert "shape-scenes-64: 32 images to learn from, 8 to be judged by" in done.stderr.replace("\n", " ")
    assert (folder / "checkpoint.safetensors").exists()
    lines = [json.loads(text) for text in (folder / "metrics.jsonl").read_text().splitlines()]
    measures = {"detection": {"test_ap50", "test_ap"}, "segmentation": {"test_mean_iou", "test_accuracy"}}[task]
    assert measures | {"test_loss"} <= lines[-1].keys()
    assert (folder / "curves.png").exists()


@pytest.mark.parametrize("task", TASKS)
def test_evaluate_says_the_same_again(runs, task):
    folder, done = runs[task]
    again = invoke("evaluate", folder)
    assert again.exit_code == 0, again.output
    assert again.stdout.splitlines()[-1] == done.stdout.strip()
    told = json.loads(invoke("evaluate", folder, "--json").stdout)
    assert {"detection": "ap50", "segmentation": "mean_iou"}[task] in told
    assert told["images"] == 8


@pytest.mark.parametrize("task", TASKS)
def test_a_run_goes_on_to_the_same_bits(few, runs, task, tmp_path):
    """One epoch, then the other: the schedule is that of two."""
    from refnet.training.loop import Run

    whole, _ = load_tensors(runs[task][0] / "checkpoint.safetensors")
    with pytest.MonkeyPatch.context() as patch:

        def stop(self, asked):
            self.save()
            raise OSError("the power is gone")

        patch.setattr(Run, "_evaluate", stop)
        assert invoke(*words(task, tmp_path / "run")).exit_code == 2
    done = invoke(*words(task, tmp_path / "run", "--resume"))
    assert "going on behind step 4" in done.stderr.replace("\n", " ")
    again, _ = load_tensors(tmp_path / "run/checkpoint.safetensors")
    assert {key: each.tobytes() for key, each in again.items()} == {key: each.tobytes() for key, each in whole.items()}


def test_detect_tells_and_draws(runs, picture, tmp_path):
    folder, _ = runs["detection"]
    done = invoke("detect", picture, "--run", folder, "--least", 0.05, "--out", tmp_path / "boxes.png")
    assert done.exit_code == 0, done.output
    told = json.loads(invoke("detect", picture, "--run", folder, "--least", 0.05, "--json").stdout)
    assert all(set(thing) == {"class", "score", "box"} for thing in told["things"])
    assert (tmp_path / "boxes.png").read_bytes().startswith(b"\x89PNG")
    nothing = invoke("detect", picture, "--run", folder, "--least", 1)
    assert nothing.stdout == "Nothing found with a score of 1 or more; --least asks for less.\n"


def test_segment_tells_and_draws(runs, picture, tmp_path):
    folder, _ = runs["segmentation"]
    files = ("--out", tmp_path / "overlay.png", "--labels", tmp_path / "labels.png")
    done = invoke("segment", picture, "--run", folder, "--multi-scale", *files)
    assert done.exit_code == 0, done.output
    told = json.loads(invoke("segment", picture, "--run", folder, "--multi-scale", "--json").stdout)
    assert sum(told["shares"].values()) == pytest.approx(1)
    written = PIL.open(tmp_path / "labels.png")
    assert (written.mode, written.getpalette()[:3]) == ("P", [0, 0, 0])
    labels = np.asarray(written)
    assert labels.shape == (64, 64)
    assert (labels == 0).mean() == pytest.approx(told["shares"]["background"])
    assert (tmp_path / "overlay.png").read_bytes().startswith(b"\x89PNG")


def test_the_same_weights_with_finer_maps(few, runs, picture):
    """V2 Table 7: trained at output stride 16, used at 8."""
    folder, _ = runs["segmentation"]
    coarse, fine = (json.loads(invoke("evaluate", folder, *more, "--json").stdout) for more in ((), FINE))
    assert coarse["loss"] != fine["loss"]
    used = "segment", picture, "--run", folder, "--json"
    coarse, fine = (json.loads(invoke(*used, *more).stdout) for more in ((), FINE))
    assert coarse["network"].endswith("at stride 16")
    assert fine["network"].endswith("at stride 8")
    again = json.loads(invoke(*used, *FINE, "--set", "aspp=False").stdout)
    assert again["shares"] == fine["shares"]
    larger = invoke("segment", picture, "--run", folder, "--longest", 97)
    assert larger.exit_code == 0, larger.output


def test_a_setting_of_the_run_gives_way(runs):
    path = runs["segmentation"][0] / "checkpoint.safetensors"
    asked = {**asked_of(checkpoints.load(path), path), "more": ["output_stride=8", "aspp=False"]}
    assert network_of(asked).name.endswith("at stride 8")
    assert network_of(asked, ["output_stride=32"]).name.endswith("at stride 32")


def coco(root, boxes, names=("disc", "star")):
    """Two sets of two pictures each; the boxes of the first, x, y, width, height."""
    for split, categories in (("train2017", names), ("val2017", ("disc", "star"))):
        (root / split).mkdir(parents=True, exist_ok=True)
        (root / "annotations").mkdir(exist_ok=True)
        for i in (1, 2):
            PIL.fromarray(np.full((40, 50, 3), 100 * i, np.uint8)).save(root / split / f"{i}.png")
        told = {
            "images": [{"id": i, "file_name": f"{i}.png", "height": 40, "width": 50} for i in (1, 2)],
            "categories": [{"id": 3 * i, "name": name} for i, name in enumerate(categories)],
            "annotations": [
                {"id": n, "image_id": 1, "category_id": 0, "bbox": box, "iscrowd": 0} for n, box in enumerate(boxes)
            ],
        }
        (root / f"annotations/instances_{split}.json").write_text(json.dumps(told))
    return "--data", "coco", "--root", root


def test_cocos_files_are_learnt_and_what_is_of_no_use_is_told(tmp_path):
    data = coco(tmp_path, [[5, 5, 30, 30], [60, 5, 9, 9]])
    done = invoke(*words("detection", tmp_path / "run", *data, "--batch", 2))
    assert done.exit_code == 0, done.output
    assert "Note: 2 annotations are left out, the first: " in done.stderr
    assert "annotation 1: no part of its box [60, 5, 9, 9] lies in its picture" in done.stderr
    (tmp_path / "annotations/instances_train2017.json").unlink()
    again = invoke("evaluate", tmp_path / "run")  # needs only what it judges by
    assert again.exit_code == 0, again.output
    assert again.stdout.splitlines()[-1] == done.stdout.strip()


def test_sets_with_other_classes_are_refused(tmp_path):
    data = coco(tmp_path, [[5, 5, 30, 30]], names=("disc", "ring"))
    assert "instances_val2017: wanted the classes disc, ring, got disc, star" in refusal(
        *words("detection", tmp_path / "run", *data)
    )


def test_misuse(few, runs, picture, tmp_path):
    detection, segmentation = (runs[task][0] for task in TASKS)
    assert "wanted a network that learnt detection, got one that learnt segmentation" in refusal(
        "detect", picture, "--run", segmentation
    )
    assert "lost.png" in refusal("segment", tmp_path / "lost.png", "--run", segmentation)
    assert "nowhere.safetensors" in refusal("detect", picture, "--run", tmp_path / "nowhere.safetensors")
    assert "--labels: wanted a file that ends in .png" in refusal(
        "segment", picture, "--run", segmentation, "--labels", tmp_path / "x.jpg"
    )
    assert "--out: wanted a file that ends in" in refusal("detect", picture, "--run", detection, "--out", "x.doc")
    assert "--root: wanted with --data coco or voc" in refusal(*words("detection", tmp_path / "a", "--root", "."))
    assert "--root: wanted the folder that holds the files of voc" in refusal(
        *words("detection", tmp_path / "a", "--data", "voc")
    )
    assert "--data: wanted one of scenes, coco, voc, got 'digits'" in refusal(
        *words("segmentation", tmp_path / "a", "--data", "digits")
    )
    assert "coco's files are read for their boxes alone" in refusal(
        *words("segmentation", tmp_path / "a", "--data", "coco", "--root", tmp_path)
    )
    assert "instances_train2017.json" in refusal(
        *words("detection", tmp_path / "a", "--data", "coco", "--root", tmp_path)
    )
    assert "wanted boxes_1" in refusal("train", "mobilenet_v2", "--task", "detection", "--resolution", 64)
    assert "labels of detection are not smoothed, got 0.1" in refusal(
        *words("detection", tmp_path / "a", "--change", "smoothing=0.1")
    )
    assert "--resolution: wanted 32 to 641 for scenes, got 16" in refusal(
        "train", "--task", "detection", "--resolution", 16
    )
    used = "segment", picture, "--run", segmentation
    for option in ("--out", "--labels"):
        assert f"{option}: wanted another file than" in refusal(*used, option, picture)
    both = tmp_path / "both.png"
    assert "--labels: wanted another file than" in refusal(
        "segment", picture, "--run", segmentation, "--out", both, "--labels", both
    )
    assert "--out: wanted another file than" in refusal("detect", picture, "--run", detection, "--out", picture)
    assert "--data: voc is for --task detection or segmentation" in refusal("train", "--data", "voc")
    assert "--labels: no folder" in refusal(
        "segment", picture, "--run", segmentation, "--labels", tmp_path / "lost" / "x.png"
    )
    assert "augmentation: wanted one that leaves every box where it is or mirrors it" in refusal(
        *words("detection", tmp_path / "a", "--change", "augmentation=cifar")
    )
    text = tmp_path / "text.png"
    text.write_text("no picture")
    assert "wanted an image that Pillow can read" in refusal("detect", text, "--run", detection)
