"""Archives of arrays: whatever happens to their bytes, they are read as written or refused in a sentence."""

import io
import zipfile

import numpy as np
import pytest

from lossbench.errors import BadInput
from lossbench.files.npz import is_whole, read_headers, read_npz


def written(**arrays):
    sink = io.BytesIO()
    np.savez(sink, **arrays)
    return sink.getvalue()


ARRAYS = {"weight_1": np.arange(12.0).reshape(3, 4), "bias_1": np.zeros((3, 1), "float32"), "runs": np.array(["a", "bc"])}
WHOLE = written(**ARRAYS)


def damaged(seed):
    """The archive with bits flipped, an end cut off, or a piece of it copied over another."""
    draw = np.random.default_rng(seed)
    content, start, other = bytearray(WHOLE), *draw.integers(len(WHOLE), size=2)
    match seed % 3:
        case 0:
            content[start] ^= 1 << int(draw.integers(8))
        case 1:
            del content[start:]
        case 2:
            content[start : start + 20] = content[other : other + 20]
    return bytes(content)


@pytest.mark.slow
def test_a_damaged_archive_is_refused_or_has_only_arrays_that_were_written(tmp_path):
    path, refused = tmp_path / "a.npz", 0
    for seed in range(1500):
        path.write_bytes(damaged(seed))
        try:
            arrays = read_npz(path)
        except BadInput:
            refused += 1
            continue
        for name, array in arrays.items():
            assert name not in ARRAYS or np.array_equal(array, ARRAYS[name]), seed
    assert refused > 700


@pytest.mark.parametrize("cut", [0, 1, 30, len(WHOLE) // 2, len(WHOLE) - 1])
def test_an_archive_without_its_end_is_not_whole(cut, tmp_path):
    (tmp_path / "a.npz").write_bytes(WHOLE[:cut])
    assert not is_whole(tmp_path / "a.npz")
    (tmp_path / "a.npz").write_bytes(WHOLE)
    assert is_whole(tmp_path / "a.npz")


@pytest.mark.slow
def test_an_archive_with_a_changed_bit_is_not_whole(tmp_path):
    """Every bit of the arrays; of the rest of the archive some name nothing that is read, such as the time of day."""
    path, content = tmp_path / "a.npz", bytearray(WHOLE)
    for seed in range(300):
        at, bit = np.random.default_rng(seed).integers((len(WHOLE), 8))
        content[at] ^= 1 << bit
        path.write_bytes(content)
        content[at] ^= 1 << bit
        if is_whole(path):
            arrays = read_npz(path)
            assert arrays.keys() == ARRAYS.keys(), seed
            assert all(np.array_equal(arrays[name], ARRAYS[name]) for name in ARRAYS), seed
    assert not is_whole(tmp_path / "none.npz")


def test_headers_say_what_arrays_will_be(tmp_path):
    (tmp_path / "a.npz").write_bytes(WHOLE)
    assert read_headers(tmp_path / "a.npz") == {name: (array.shape, array.dtype) for name, array in ARRAYS.items()}
    assert read_npz(tmp_path / "a.npz", ["bias_1"]).keys() == {"bias_1"}
    with pytest.raises(BadInput, match="may have 10"):
        read_npz(tmp_path / "a.npz", largest=10)


@pytest.mark.slow
def test_what_would_unpack_to_more_than_the_file_is_not_unpacked(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", b"\0" * 50_000_000)
    with pytest.raises(BadInput, match="would have 50,000,000 bytes"):
        read_npz(tmp_path / "a.npz")
    np.savez(tmp_path / "o.npz", a=np.array([{}], dtype=object))
    with pytest.raises(BadInput, match="is damaged"):
        read_npz(tmp_path / "o.npz")
