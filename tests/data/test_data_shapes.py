"""shapes-64: the same pixels everywhere, each picture of its class, and a file that may be there or not."""

import hashlib
import os

import numpy as np
import pytest

from refnet.data import drawing, load, scenes, shapes

# Of the first chunk of either split, seed 0. A machine that gives another one draws another data set.
DIGESTS = ("1cde56e21aac4a59", "f41586e019175723")


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """The user's cache folder, where 96 images are worth a file."""
    monkeypatch.setattr(shapes, "user_cache_folder", lambda *_: tmp_path)
    monkeypatch.setattr(shapes, "_KEPT_FROM", 96)
    return tmp_path


def files(cache):
    return sorted(path for path in cache.rglob("*") if path.is_file())


def test_the_pictures_are_those_of_every_other_machine():
    found = tuple(hashlib.sha256(scenes.chunk_of_pictures(0, split, 0).tobytes()).hexdigest()[:16] for split in (0, 1))
    assert found == DIGESTS


def test_chance_is_that_of_the_raw_generator():
    """What NumPy promises: PCG64's first numbers for a seed. Its high halves, scaled, are ours."""
    raw = np.random.PCG64(np.random.SeedSequence((1, 2))).random_raw(1000)
    found = scenes.Chance(1, 2).whole((-3, 9), 10, 100)
    assert found.ravel().tolist() == [-3 + ((int(number) >> 32) * 13 >> 32) for number in raw]
    assert (found.min(), found.max(), found.dtype) == (-3, 9, np.int32)


def test_a_moved_colour_keeps_its_distance_where_there_is_room():
    colour = np.array([[0, 128, 255]] * 500, np.int32)
    amount = abs(scenes.Chance(5).moved(colour, (30, 110)) - colour)
    assert (amount.min(), amount.max()) == (30, 110)
    moved = scenes.Chance(5).moved(colour, (30, 110))
    assert ((moved >= 0) & (moved <= 255)).all()
    assert {-1, 1} == set(np.sign(moved - colour)[:, 1])


def test_the_splits_have_all_classes_alike_and_do_not_share_pictures():
    train, test = load("shapes-64", counts=(192, 96))
    assert (len(train), len(test), train.shape, len(train.classes)) == (192, 96, (64, 64, 3), 24)
    assert train.classes[:4] == ("plain disc", "striped disc", "dotted disc", "plain ring")
    assert set(np.bincount(train.labels)) == {8}
    pictures = {image.tobytes() for part in (train, test) for image in part.read(np.arange(len(part)))}
    assert len(pictures) == 192 + 96


def test_fewer_pictures_are_the_first_ones():
    many, few = (load("shapes-64", counts=(count, 24)).train for count in (150, 50))
    assert (many.read(np.arange(50)) == few.read(np.arange(50))).all()
    assert (shapes.TRAIN, shapes.TEST) == (20_000, 4_000)


def test_another_seed_draws_other_pictures():
    first, other = (load("shapes-64", seed=seed, counts=(24, 24)).train.read(np.arange(24)) for seed in (0, 1))
    assert (first != other).mean() > 0.9


def test_another_resolution_shows_the_same_pictures():
    full = load("shapes-64", counts=(24, 24)).train.read(np.arange(24)).astype(float)
    half = load("shapes-64", 32, counts=(24, 24)).train
    assert half.shape == (32, 32, 3)
    means = full.reshape(24, 32, 2, 32, 2, 3).mean(axis=(2, 4))
    assert (half.read(np.arange(24)) == np.rint(means)).all()


def one_object(shape, texture, radius=200, turn=0, x=256, y=256):
    """One white thing with black texture; its n is 1."""

    def value(*numbers):
        return np.array(numbers, np.int32)

    white, black = np.full((1, 3), 255, np.int32), np.zeros((1, 3), np.int32)
    places = value(x), value(y), value(radius), value(turn)
    return drawing.Objects(value(shape), value(texture), *places, white, black, value(200), value(0))


def painted(things, colour=100):
    canvas = np.full((1, 3, 64, 64), colour, np.uint16)
    drawing.paint(canvas, things, np.ones(1, bool))
    return canvas[0, 0]


# Places in units of the radius, to the right and down, that are inside and outside of each shape.
LANDMARKS = {
    "disc": ([(0, 0), (0.6, 0.6), (0, -0.85)], [(0.7, 0.7), (0, 0.95)]),
    "ring": ([(0.75, 0), (0, -0.75), (0.5, 0.5)], [(0, 0), (0.4, 0), (0.8, 0.8)]),
    "square": ([(0, 0), (0.68, 0.68), (-0.68, 0.68)], [(0.85, 0), (0, -0.85)]),
    "triangle": ([(0, 0), (0, -0.9), (0.75, 0.4), (-0.75, 0.4)], [(0, 0.6), (0.5, -0.3), (-0.5, -0.3)]),
    "star": ([(0, 0), (0, 1.0), (0.9, 0.3), (-0.9, 0.3)], [(0, -0.6), (0.6, 0.8), (0.55, -0.2)]),
    "cross": ([(0, 0), (0.85, 0.2), (-0.2, -0.85)], [(0.5, 0.5), (-0.5, 0.5), (0.98, 0)]),
    "heart": ([(0, 0), (0, 0.6), (0.55, -0.6), (-0.55, -0.6)], [(0, -0.9), (0.6, 0.5), (-0.6, 0.5)]),
    "crescent": ([(0, 0.7), (0.75, 0.35), (-0.75, 0.35)], [(0, 0), (0, -0.5), (0.7, 0.9)]),
}


@pytest.mark.parametrize("turn", [0, 40, 128, 200])
@pytest.mark.parametrize("shape", LANDMARKS)
def test_each_shape_covers_what_its_name_says(shape, turn):
    picture = painted(one_object(list(drawing.SHAPES).index(shape), drawing.PLAIN, turn=turn))
    angle = 2 * np.pi * turn / 256
    for inside, places in zip((True, False), LANDMARKS[shape], strict=True):
        for u, v in places:
            x, y = u * np.cos(angle) - v * np.sin(angle), u * np.sin(angle) + v * np.cos(angle)
            more_than_half = picture[int(32 + 25 * y), int(32 + 25 * x)] > (255 + 100) / 2
            assert more_than_half == inside, (u, v)


@pytest.mark.parametrize("shape", LANDMARKS)
def test_a_mirrored_shape_is_the_same_shape_turned_to_the_other_side(shape):
    """So flips keep the class. Shifts of negative numbers round down: a few 256ths of a pixel are not alike."""
    number = list(drawing.SHAPES).index(shape)
    left, right = (painted(one_object(number, drawing.PLAIN, turn=turn)).astype(int) for turn in (237, 19))
    assert abs(left - right[:, ::-1]).max() < 12
    assert scenes.TURN[0] == -scenes.TURN[1]


def test_every_shape_has_its_landmarks():
    assert set(LANDMARKS) == set(drawing.SHAPES)


def test_the_edge_runs_through_the_middle_of_a_half_covered_pixel():
    """A square of 19 pixels to each side of the picture's middle, moved by half a pixel."""
    square = list(drawing.SHAPES).index("square")
    radius = 8 * 19 * 1024 // 760
    row = painted(one_object(square, drawing.PLAIN, radius, x=256 + 4), 0)[32]
    assert (row[15:51] == 255).all()
    assert row[:13].max() == row[52:].max() == 0
    assert 100 < row[13] < 155
    assert 100 < row[51] < 155


def test_textures_are_what_they_are_called():
    square = list(drawing.SHAPES).index("square")
    inside = [painted(one_object(square, texture))[16:48, 16:48] for texture in range(3)]
    plain, striped, dotted = inside
    assert (plain == 255).all()
    assert (striped == striped[:1]).all()  # stripes run up and down
    assert 0.35 < (striped < 128).mean() < 0.65
    assert (dotted == dotted.T).all()
    assert 0.1 < (dotted < 128).mean() < 0.45
    assert (dotted != striped).any()


@pytest.mark.parametrize("shape", [*range(len(drawing.SHAPES) + 1)])
def test_nothing_of_a_shape_is_lost_beside_the_part_that_is_painted(shape, monkeypatch):
    for radius, turn, x, y in ((33, 3, 250, 260), (60, 77, 0, 100), (100, 130, 510, 505), (170, 201, 300, 40)):
        thing = one_object(shape, drawing.DOTTED, radius, turn, x, y)
        part = painted(thing)
        with monkeypatch.context() as patch:
            patch.setattr(drawing, "_REACH", 1 << 16)  # all of the picture
            assert (painted(thing) == part).all()


def test_only_what_is_present_is_painted():
    canvas = np.zeros((1, 3, 64, 64), np.uint16)
    drawing.paint(canvas, one_object(0, drawing.PLAIN), np.zeros(1, bool))
    assert not canvas.any()


def test_the_pictures_are_kept_and_found_again(cache, monkeypatch):
    drawn = load("shapes-64", counts=(120, 24)).train.read(np.arange(120))
    assert [file.name.rpartition("-")[2] for file in files(cache)] == ["120.npy"]
    monkeypatch.setattr(shapes, "pictures", lambda *_: pytest.fail("they were drawn again"))
    found = shapes._kept(0, 0, 120)
    assert (found == drawn).all()
    assert not found.flags.writeable


def test_a_file_that_is_torn_or_foreign_is_drawn_anew(cache):
    drawn = load("shapes-64", counts=(96, 24)).train.read(np.arange(96))
    (file,) = files(cache)
    whole = file.read_bytes()
    for wrong in (b"", whole[:1000], whole[:60], b"something else"):
        file.write_bytes(wrong)
        assert (load("shapes-64", counts=(96, 24)).train.read(np.arange(96)) == drawn).all()
        assert file.read_bytes() == whole


def test_another_drawing_is_another_file(cache, monkeypatch):
    load("shapes-64", counts=(96, 24))
    other = cache / "drawing.py"
    other.write_text("# edited")
    monkeypatch.setattr(drawing, "__file__", str(other))
    load("shapes-64", counts=(96, 24))
    assert len(list(cache.rglob("*.npy"))) == 2


def test_old_files_go(cache):
    killed = cache / "refnet" / "shapes-64" / ".x-0-train-96.npy.1.part"  # of a process that did not come to an end
    killed.parent.mkdir(parents=True)
    killed.write_bytes(bytes(100))
    os.utime(killed, (0, 0))
    for seed in range(shapes._KEPT_FILES + 2):
        load("shapes-64", seed=seed, counts=(96, 24))
    assert not killed.exists()
    left = {file.name.split("-")[1] for file in files(cache)}
    assert left == {str(seed) for seed in range(2, shapes._KEPT_FILES + 2)}


@pytest.mark.parametrize("place", ["no home", "a file in the way", "a full disk"])
def test_without_a_place_for_the_file_the_pictures_are_there(cache, monkeypatch, place):
    def refuse(stream, images, **_):
        stream.write(images.tobytes()[:1000])
        raise OSError(28, "No space left on device")

    if place == "no home":
        monkeypatch.setattr(shapes, "user_cache_folder", lambda *_: None)
    if place == "a file in the way":
        (cache / "refnet").write_text("")
    if place == "a full disk":
        monkeypatch.setattr(np, "save", refuse)
    assert len(load("shapes-64", counts=(96, 24)).train) == 96
    assert [file for file in files(cache) if file.stat().st_size] == []
