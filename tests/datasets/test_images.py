"""Images of a folder and of an archive, as they come and as they may be broken."""

import numpy as np
import pytest
from PIL import Image

from lossbench.data.loading import describe
from lossbench.datasets.images import Images
from lossbench.errors import BadInput

RNG = np.random.default_rng(3)


def saved(folder, name, pixels):
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(folder / name)


@pytest.fixture
def animals(tmp_path):
    for number in range(4):
        saved(tmp_path, f"cat/{number}.png", RNG.integers(0, 256, (5, 7), np.uint8))
        saved(tmp_path, f"dog/{number}.png", RNG.integers(0, 256, (5, 7), np.uint8))
    (tmp_path / "cat" / "notes.txt").write_text("no image")
    return tmp_path


def test_a_folder_has_a_class_for_each_subfolder(animals) -> None:
    data = Images(path=str(animals), scaling="none")
    examples = data.examples()
    assert (examples.classes, examples.inputs, examples.y.tolist()) == (("cat", "dog"), (1, 5, 7), [0] * 4 + [1] * 4)
    np.testing.assert_array_equal(examples.x[1].reshape(5, 7), np.asarray(Image.open(animals / "cat" / "1.png")))
    assert describe(data).shape.inputs == (1, 5, 7)


def test_one_coloured_image_makes_all_of_them_three_channels(animals) -> None:
    pixels = RNG.integers(0, 256, (5, 7, 3), np.uint8)
    saved(animals, "dog/9.png", pixels)
    examples = Images(path=str(animals)).examples()
    assert examples.inputs == (3, 5, 7)
    np.testing.assert_array_equal(examples.x[-1].reshape(3, 5, 7), pixels.transpose(2, 0, 1))


@pytest.mark.parametrize(("shape", "inputs"), [((6, 5, 7), (1, 5, 7)), ((6, 5, 7, 3), (3, 5, 7)), ((6, 3, 5, 7), (3, 5, 7))])
def test_an_archive_holds_images_in_any_of_three_orders(shape, inputs, tmp_path) -> None:
    x = RNG.integers(0, 256, shape)
    np.savez(tmp_path / "mine.npz", x=x, y=np.array(["b", "a"] * 3))
    examples = Images(path=str(tmp_path / "mine.npz")).examples()
    assert (examples.inputs, examples.classes) == (inputs, ("a", "b"))
    assert float(examples.x.sum()) == float(x.sum())
    assert examples.x[0][-1] == x[0].reshape(-1)[-1]


def broken(folder, case):
    path = folder / "mine.npz"
    if case == "archive":
        path.write_bytes(b"PK no archive")
    elif case == "names":
        np.savez(path, images=np.zeros((2, 3, 3)))
    elif case == "shape":
        np.savez(path, x=np.zeros((4, 9)), y=np.arange(4))
    elif case == "objects":
        np.savez(path, x=np.array([None, 1]), y=np.arange(2))
    elif case == "class":
        np.savez(path, x=np.zeros((4, 3, 3)), y=np.zeros(4, int))
    return path


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("archive", "cannot be read as an .npz"),
        ("names", "has no array called x or y; wanted are x, images, and y, classes"),
        ("shape", r"has x \(4, 9\) of float64"),
        ("objects", "cannot be read as an .npz"),
        ("class", "has images of 1 class"),
        ("missing", "cannot be read as an .npz"),
    ],
)
def test_a_broken_archive_is_refused_in_a_sentence(case, message, tmp_path) -> None:
    with pytest.raises(BadInput, match=message):
        Images(path=str(broken(tmp_path, case))).examples()


def test_a_broken_folder_is_refused_in_a_sentence(animals, tmp_path) -> None:
    with pytest.raises(BadInput, match="wants a folder with a subfolder for each class"):
        Images(path=str(tmp_path / "nowhere")).examples()
    with pytest.raises(BadInput, match="has no images in subfolders"):
        Images(path=str(animals / "cat")).examples()
    saved(animals, "dog/9.png", RNG.integers(0, 256, (6, 7), np.uint8))
    with pytest.raises(BadInput, match=r"has 5 × 7 pixels and .*9\.png 6 × 7; all have one size"):
        Images(path=str(animals)).examples()
    (animals / "dog" / "9.png").write_bytes(b"no image")
    with pytest.raises(BadInput, match=r"9\.png cannot be read as an image"):
        Images(path=str(animals)).examples()
