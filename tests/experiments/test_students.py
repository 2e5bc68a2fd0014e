"""Each target's loss by its formula, and how students are judged whatever their outputs are."""

import numpy as np
import pytest

from refnet import mobilenet_v1
from refnet.data import Images
from refnet.experiments.attributes import attributes, mean_average_precision, probabilities_of
from refnet.experiments.learning import settings_of
from refnet.experiments.students import (
    ATTRIBUTE_LABELS,
    ATTRIBUTES,
    EMBEDDING,
    LABELS,
    SOFT,
    class_means,
    judged,
    nearness,
    outputs,
    scores_of_attributes,
    scores_of_classes,
    trainer_of,
)
from refnet.experiments.teachers import Teacher, features
from refnet.models import mobilenet_v1_attributes, mobilenet_v1_embedding
from refnet.training.trainer import Trainer

CLASSES = ("plain disc", "plain star", "striped disc", "striped star")
WORDS, TABLE = attributes(CLASSES)
BATCH = 4
LABELS_OF = np.array([0, 3, 1, 2])


def pictures(count, seed):
    images = np.random.default_rng(seed).integers(0, 256, (count, 32, 32, 3), dtype=np.uint8)
    return Images("noise", CLASSES, images, np.arange(count) % 4)


@pytest.fixture(scope="module")
def known():
    """A teacher with statistics of some images, so that its outputs differ from image to image."""
    net = mobilenet_v1(0.05, 32, 4, decay=0.0)
    weights = net.init(7)
    _, tape = net.train_forward(weights, scaled(pictures(16, 3)), 0)
    weights.update(tape.updates)
    return Teacher(net, weights, 1.0)


def scaled(dataset):
    return dataset.images.astype(np.float32) / np.float32(127.5) - 1


def softmax(z):
    z = z.astype(float)
    return np.exp(z) / np.exp(z).sum(1, keepdims=True)


def sigmoid(z):
    return 1 / (1 + np.exp(-z.astype(float)))


def wanted(name, known, images, z):
    """Loss and gradient of the target by their formulas, in float64."""
    taught = known.net.forward(known.weights, images)
    if name == SOFT:
        t, p = softmax(taught / 3), softmax(z / 3)
        return 9 * -(t * np.log(p)).sum(1).mean(), 3 * (p - t) / BATCH
    if name in (ATTRIBUTES, ATTRIBUTE_LABELS):
        t, p = softmax(taught) @ TABLE if name == ATTRIBUTES else TABLE[LABELS_OF], sigmoid(z)
        return -(t * np.log(p) + (1 - t) * np.log(1 - p)).sum(1).mean(), (p - t) / BATCH
    t = features(known.net).forward(known.weights, images).astype(float)
    return np.square(z - t).sum(1).mean(), 2 * (z - t) / BATCH


@pytest.mark.parametrize("name", [SOFT, ATTRIBUTES, ATTRIBUTE_LABELS, EMBEDDING])
def test_loss_and_gradient_of_each_target(name, known):
    outs = {SOFT: 4, EMBEDDING: 51}.get(name, 4)  # 4 words, 51 pooled features
    make = trainer_of(name, known, BATCH, TABLE, 3.0)
    student = make(mobilenet_v1(0.02, 32, outs), settings_of(BATCH, {}), 1, 4, 0, threads=1)
    images = scaled(pictures(BATCH, 5))
    z = np.random.default_rng(1).standard_normal((BATCH, outs), np.float32)
    loss, dz, _ = student.lesson(images, LABELS_OF, z)
    wanted_loss, wanted_dz = wanted(name, known, images, z)
    assert loss == pytest.approx(wanted_loss, rel=1e-4)
    np.testing.assert_allclose(dz, wanted_dz, rtol=1e-3, atol=1e-5)
    step = student.advance(images, LABELS_OF)
    assert np.isfinite(step.loss)
    assert step.correct == 0


def test_labels_have_the_ordinary_trainer_and_need_no_teacher():
    assert trainer_of(LABELS, None, BATCH, TABLE, 1.0) is Trainer
    trainer_of(ATTRIBUTE_LABELS, None, BATCH, TABLE, 1.0)
    with pytest.raises(ValueError, match="teacher: wanted one for the target 'soft targets', got none"):
        trainer_of(SOFT, None, BATCH, TABLE, 1.0)


def test_a_student_comes_nearer_to_what_it_is_taught(known):
    make = trainer_of(EMBEDDING, known, BATCH, TABLE, 1.0)
    recipe = settings_of(BATCH, {"schedule": "constant", "rate": 0.01})
    student = make(mobilenet_v1_embedding(0.05, 32, 51), recipe, 1, 20, 0, threads=1)
    images = scaled(pictures(BATCH, 5))
    losses = [student.advance(images, LABELS_OF).loss for _ in range(12)]
    assert losses[-1] < 0.7 * losses[0]


def test_scores_by_hand():
    z = np.array([[2.0, 1.0, -1.0, 0.5]])  # plain, disc, star, striped
    assert WORDS == ("plain", "disc", "star", "striped")
    np.testing.assert_allclose(scores_of_classes(ATTRIBUTES, z, TABLE), [[3.0, 1.0, 1.5, -0.5]])
    np.testing.assert_array_equal(scores_of_classes(SOFT, z, TABLE), z)
    np.testing.assert_array_equal(scores_of_attributes(ATTRIBUTE_LABELS, z, TABLE), z)
    p = softmax(z)[0]
    np.testing.assert_allclose(
        scores_of_attributes(LABELS, z, TABLE), [[p[0] + p[1], p[0] + p[2], p[1] + p[3], p[2] + p[3]]]
    )


def test_means_of_classes_and_distances_from_them():
    random = np.random.default_rng(0)
    embeddings, labels = random.standard_normal((20, 3)), np.arange(20) % 4
    means = class_means(embeddings, labels, 4)
    np.testing.assert_allclose(means, [embeddings[labels == k].mean(0) for k in range(4)])
    apart = [[-sum((x - m) ** 2) for m in means] for x in embeddings]
    np.testing.assert_allclose(nearness(embeddings, means), apart, atol=1e-12)
    with pytest.raises(ValueError, match="gallery: wanted images of all 5 classes, got none of class 4"):
        class_means(embeddings, labels, 5)


def test_classifiers_are_judged_by_outputs_and_by_means_of_their_features(known):
    gallery, test = pictures(12, 1), pictures(24, 2)
    found = judged(LABELS, known.net, known.weights, gallery, test, TABLE)
    z = known.net.forward(known.weights, scaled(test))
    assert found["accuracy"] == pytest.approx((z.argmax(1) == test.labels).mean())
    assert found["mean_ap"] == pytest.approx(mean_average_precision(probabilities_of(z, TABLE), TABLE[test.labels] > 0))
    e, g = (features(known.net).forward(known.weights, scaled(each)) for each in (test, gallery))
    means = np.array([g[gallery.labels == k].mean(0) for k in range(4)])
    nearest = np.square(e[:, None] - means).sum(2).argmin(1)
    assert found["nearest"] == pytest.approx((nearest == test.labels).mean())


def test_attribute_students_are_right_where_the_best_texture_and_shape_are(known):
    net = mobilenet_v1_attributes(0.05, 32, 4)
    weights = net.init(1) | {key: w for key, w in known.weights.items() if not key.startswith("classifier")}
    gallery, test = pictures(12, 1), pictures(24, 2)
    found = judged(ATTRIBUTES, net, weights, gallery, test, TABLE)
    z = outputs(net, weights, test)
    plain, disc = z[:, 0] > z[:, 3], z[:, 1] > z[:, 2]
    assert found["accuracy"] == pytest.approx((np.where(plain, 0, 2) + np.where(disc, 0, 1) == test.labels).mean())
    assert found["mean_ap"] == pytest.approx(mean_average_precision(z, TABLE[test.labels] > 0))


def test_an_embedding_has_the_means_alone(known):
    """One that is as its teacher's does as well as the teacher's."""
    gallery, test = pictures(12, 1), pictures(24, 2)
    own = judged(EMBEDDING, features(known.net), known.weights, gallery, test, TABLE)
    whole = judged(LABELS, known.net, known.weights, gallery, test, TABLE)
    assert own["accuracy"] == own["nearest"] == whole["nearest"]
    assert 0 < own["mean_ap"] <= 1
