"""What detection and segmentation learn: gradients through whole networks, what is right, how they are judged."""

from functools import cache

import numpy as np
import pytest
from held_pieces import Held, Recording

from refnet import models
from refnet.data.augmentation import AUGMENTATIONS
from refnet.data.shape_scenes import CLASSES, draw_scenes
from refnet.data.truth import truth_of
from refnet.data.truth_batches import TruthBatches, TruthInOrder, mirror
from refnet.layers.base import STATISTICS
from refnet.tasks import multibox
from refnet.tasks.multibox import hard_negatives, targets_of
from refnet.tasks.predictions import divided
from refnet.tasks.things import Things
from refnet.training.recipes import RECIPES
from refnet.training.task import Classification, Detection, Segmentation
from refnet.training.trainer import Trainer

SCENES = draw_scenes(16, 64, seed=1)
NETWORKS = {
    Detection: lambda: models.ssdlite_mobilenet_v2(0.1, 64, len(CLASSES)),
    Segmentation: lambda: models.deeplab_mobilenet_v2(0.1, 64, len(CLASSES) + 1),
}
TASKS = pytest.mark.parametrize("task", NETWORKS, ids=lambda each: each.name)


def answers(count):
    return [SCENES.truth(index) for index in range(count)]


@pytest.mark.jit
@pytest.mark.parametrize(
    ("task", "build", "scenes", "h"),
    [
        (Detection, NETWORKS[Detection], SCENES, 2e-7),
        (Segmentation, NETWORKS[Segmentation], SCENES, 2e-7),
        (Segmentation, lambda: models.deeplab_resnet_101(33, len(CLASSES) + 1), draw_scenes(2, 33), 1e-9),
    ],
    ids=["SSDLite", "DeepLab on V2", "DeepLab on ResNet-101"],
)
def test_gradients_through_the_whole_network_are_those_of_differences(task, build, scenes, h, monkeypatch):
    """float64; ReLU and ReLU6 held to their pieces, the hardest negatives to what they are.

    Batch norm over two pictures bends so much that steps are this small.
    """
    first = cache(lambda _: hard_negatives(*given))
    given = []

    def held(*now):
        given.extend(now if not given else ())
        return first(None)

    monkeypatch.setattr(multibox, "hard_negatives", held)
    net, random = build(), np.random.default_rng(0)
    learnt, weights = task(net), net.init(0, np.float64)
    images, truths = TruthInOrder(scenes, 2, np.float64).batch(0)
    recording = Recording()
    outputs, tape = net.train_forward(weights, images, 0, kernels=recording)
    gradient = learnt.lesson(outputs, truths, 0.0).gradient
    _, gradients = net.backward(tape, gradient)
    direction = {
        key: random.standard_normal(w.shape) * np.sqrt((w**2).mean())
        for key, w in weights.items()
        if not key.endswith(STATISTICS)
    }

    def loss(t):
        moved = {key: w + t * direction.get(key, 0) for key, w in weights.items()}
        there, _ = net.train_forward(moved, images, 0, kernels=Held(recording.pieces))
        return learnt.lesson(there, truths, 0.0).loss

    wide, narrow = ((loss(step) - loss(-step)) / (2 * step) for step in (2 * h, h))
    projection = sum(float((gradients[key] * v).sum()) for key, v in direction.items())
    assert (4 * narrow - wide) / 3 == pytest.approx(projection, rel=1e-5)
    assert abs(projection) > 1e-3


def perfect(net):
    """Outputs of a detector that knows the first two pictures."""
    learnt = Detection(net)
    truths = answers(2)
    targets = targets_of([Things(each.boxes, each.things) for each in truths], learnt.defaults, learnt.slots)
    logits = 20 * np.eye(learnt.slots, dtype=np.float32)[targets.slots]
    shapes = {name: np.zeros((2, *net.shapes[name]), np.float32) for name in net.outputs}
    return learnt, divided(targets.codes, logits, shapes), truths


class Knowing:
    """A network that gives these outputs."""

    def __init__(self, outputs):
        self.outputs = outputs

    def forward(self, weights, images):
        return self.outputs


@pytest.mark.jit
def test_a_detector_that_knows_everything_has_an_average_precision_of_one():
    learnt, outputs, truths = perfect(NETWORKS[Detection]())
    loss, _, correct = learnt.lesson(outputs, truths, 0.0)
    assert correct == 2
    assert loss == pytest.approx(0, abs=1e-6)
    found = learnt.evaluate(Knowing(outputs), {}, [(np.zeros((2, 64, 64, 3), np.float32), truths)])
    assert found.precision.ap == pytest.approx(1)
    assert found.loss == pytest.approx(0, abs=1e-6)
    assert found.measures == {"ap50": pytest.approx(1), "ap": pytest.approx(1)}
    assert "AP 100.00 %" in found.sentence()
    assert set(found.to_json(CLASSES)["classes"]) <= set(CLASSES)


@pytest.mark.jit
def test_what_is_ignored_is_not_learnt():
    learnt, outputs, truths = perfect(NETWORKS[Detection]())
    crowds = [each._replace(ignored=np.ones(len(each.things), bool)) for each in truths]
    loss, gradient, _ = learnt.lesson(outputs, crowds, 0.0)
    assert loss == 0
    assert not any(each.any() for each in gradient.values())


@pytest.mark.jit
def test_a_segmenter_that_knows_everything_has_a_mean_iou_of_one():
    learnt, truths = Segmentation(NETWORKS[Segmentation]()), answers(2)
    labels = np.stack([each.labels for each in truths])
    outputs = 20 * np.eye(learnt.slots, dtype=np.float32)[np.where(labels == 255, 0, labels)]
    assert learnt.lesson(outputs, truths, 0.0).correct == 2
    found = learnt.evaluate(Knowing(outputs), {}, [(np.zeros((2, 64, 64, 3), np.float32), truths)])
    assert found.measures == {"mean_iou": 1, "accuracy": 1}
    assert "mean IoU 100.00 %" in found.sentence()
    told = found.to_json(CLASSES)["classes"]
    assert told["background"] == 1
    assert {each for each in told.values() if each is not None} == {1.0}


def test_boxes_alone_are_not_enough_for_segmentation():
    learnt = Segmentation(NETWORKS[Segmentation]())
    with pytest.raises(ValueError, match="labels: wanted a class for each pixel, got pictures with boxes only"):
        learnt.lesson(np.zeros((1, 64, 64, 9), np.float32), [truth_of([])], 0.0)


@pytest.mark.parametrize("task", [Classification, Detection, Segmentation], ids=lambda each: each.name)
def test_a_network_that_cannot_learn_it_is_refused(task):
    other = models.mobilenet_v2(0.1, 32, classes=4) if task is not Classification else NETWORKS[Detection]()
    with pytest.raises(ValueError, match=f"^{other.name}: wanted "):
        task(other)


@pytest.mark.jit
@TASKS
def test_a_few_steps_make_the_loss_smaller(task):
    batches = TruthBatches(SCENES, 8, 0, AUGMENTATIONS["flip"])
    trainer = Trainer(NETWORKS[task](), RECIPES["scenes"], 2, 24, 0, threads=1, task=task)
    told = [trainer.advance(*batches.batch(step)) for step in range(24)]
    losses = [each.loss for each in told]
    assert np.mean(losses[-4:]) < 0.8 * np.mean(losses[:4])
    assert all(0 <= each.correct <= each.images == 8 for each in told)


def test_batches_are_a_function_of_seed_and_step():
    one, same, other = (TruthBatches(SCENES, 4, seed, AUGMENTATIONS["flip"]) for seed in (3, 3, 4))
    for step in (5, 0):
        a, b = one.batch(step), same.batch(step)
        np.testing.assert_array_equal(a.images, b.images)
        assert all((x.boxes == y.boxes).all() for x, y in zip(a.answers, b.answers, strict=True))
    assert (other.batch(0).images != one.batch(0).images).any()
    assert one.batch(0).images.min() >= -1
    assert one.batch(0).images.max() <= 1


def test_a_mirrored_picture_has_mirrored_boxes_and_labels():
    """Of many batches some pictures are mirrored; each box still lies around labels of its class."""
    batches = TruthBatches(SCENES, 8, 0, AUGMENTATIONS["flip"])
    plain = SCENES.images / 127.5 - 1
    turned = 0
    for step in range(4):
        for index, image, truth in zip(batches.indices(step), *batches.batch(step), strict=True):
            there = SCENES.truth(index)
            mirrored = not np.allclose(image, plain[index], atol=1e-6)
            turned += mirrored
            np.testing.assert_allclose(image, plain[index][:, ::-1] if mirrored else plain[index], atol=1e-6)
            wanted = mirror(there) if mirrored else there
            np.testing.assert_array_equal(truth.boxes, wanted.boxes)
            np.testing.assert_array_equal(truth.labels, wanted.labels)
    assert 4 < turned < 28


def test_mirrored_twice_is_as_before():
    truth = SCENES.truth(3)
    again = mirror(mirror(truth))
    np.testing.assert_allclose(again.boxes, truth.boxes, atol=1e-15)
    np.testing.assert_array_equal(again.labels, truth.labels)
    y1, x1, y2, x2 = truth.boxes[0]
    np.testing.assert_allclose(mirror(truth).boxes[0], (y1, 1 - x2, y2, 1 - x1))
    assert mirror(truth_of([(0, 0, 1, 1, 2, 0, 0)])).labels is None


@pytest.mark.parametrize("name", ["cifar", "inception"])
def test_augmentation_that_moves_boxes_is_refused(name):
    with pytest.raises(ValueError, match="augmentation: wanted one that leaves every box where it is"):
        TruthBatches(SCENES, 4, 0, AUGMENTATIONS[name])
