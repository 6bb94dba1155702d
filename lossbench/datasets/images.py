"""The user's own images: a folder with a subfolder for each class, or an archive of arrays."""

import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from lossbench.data.examples import Examples
from lossbench.data.hold_out import HeldOut, Scaling
from lossbench.errors import BadInput, counted

Pixels = np.ndarray[tuple[int, ...], np.dtype[Any]]
SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp"}
LARGEST = 2**33  # bytes of all pixels as float64
KINDS = {"1": "L", "L": "L", "P": "RGB", "RGB": "RGB", "RGBA": "RGB", "LA": "L", "CMYK": "RGB"}


@dataclass(frozen=True, kw_only=True)
class Images(HeldOut):
    """Images of your own: a folder in which each class is a subfolder, or an .npz with arrays x and y.

    All images have one size. Those of a folder are grey where all are, else red, green and blue. The archive's x is
    (N, height, width), (N, height, width, channels) or (N, channels, height, width), and y (N,) names the class of each.
    Size: N images of channels × height × width, C classes.
    Task: classification.
    Options: path, relative to the current directory.
    Identities: classes count in sorted order, so of two the second is the 1.
    """

    path: str
    scaling: Scaling = "byte256"

    def examples(self) -> Examples:
        path = Path(self.path)
        if path.is_dir():
            pixels, names = _from_folder(path)
        elif path.suffix == ".npz":
            pixels, names = _from_archive(path)
        else:
            raise BadInput(f"dataset.path is {self.path!r}; it wants a folder with a subfolder for each class, or an .npz file.")
        classes, y = np.unique(names, return_inverse=True)
        if len(classes) < 2:
            kinds = counted(len(classes), "class", "classes")
            raise BadInput(f"{self.path} has images of {kinds}; there is something to learn from two on.")
        inputs = tuple(int(side) for side in pixels.shape[1:])
        return Examples(pixels.reshape(len(pixels), -1), y.astype(np.int64), tuple(map(str, classes)), inputs)


def _from_folder(folder: Path) -> tuple[Pixels, Pixels]:
    """Images (N, channels, height, width) of a folder's subfolders, and the name of each one's (N,). Raises BadInput."""
    files = [file for part in sorted(folder.iterdir()) if part.is_dir() for file in sorted(part.iterdir())]
    files = [file for file in files if file.suffix.lower() in SUFFIXES]
    if not files:
        raise BadInput(
            f"{folder} has no images in subfolders, one for each class; their names end in {', '.join(sorted(SUFFIXES))}."
        )
    kinds = {file: _opened(file) for file in files}
    sizes = dict.fromkeys(size for _, size in kinds.values())
    if len(sizes) > 1:
        other = next(file for file in files if kinds[file][1] != kinds[files[0]][1])
        raise BadInput(
            f"{files[0]} has {_spoken(kinds[files[0]][1])} pixels and {other} {_spoken(kinds[other][1])}; all have one size."
        )
    mode = "RGB" if any(kind == "RGB" for kind, _ in kinds.values()) else "L"
    _refuse_huge(len(files) * len(mode) * next(iter(sizes))[0] * next(iter(sizes))[1], folder)
    pixels = np.stack([_pixels(file, mode) for file in files])
    return pixels, np.array([file.parent.name for file in files])


def _opened(file: Path) -> tuple[str, tuple[int, int]]:
    """Whether an image is grey (L) or coloured (RGB), and its width and height, without its pixels."""
    try:
        with Image.open(file) as image:
            return KINDS.get(image.mode, "RGB"), image.size
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError, ValueError) as error:
        raise BadInput(f"{file} cannot be read as an image ({error}).") from error


def _pixels(file: Path, mode: str) -> Pixels:
    """An image's pixels (channels, height, width), bytes."""
    try:
        with Image.open(file) as image:
            pixels = np.asarray(image.convert(mode))
    except (OSError, ValueError, SyntaxError) as error:
        raise BadInput(f"{file} cannot be read as an image ({error}).") from error
    return pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)


def _from_archive(path: Path) -> tuple[Pixels, Pixels]:
    """Images (N, channels, height, width) of an archive, and each one's class (N,). Raises BadInput."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files if name in {"x", "y"}}
    except (OSError, ValueError, TypeError, EOFError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        raise BadInput(f"{path} cannot be read as an .npz of images ({error}).") from error
    if arrays.keys() != {"x", "y"}:
        lacking = " or ".join(sorted({"x", "y"} - arrays.keys()))
        raise BadInput(f"{path} has no array called {lacking}; wanted are x, images, and y, classes.")
    x, y = arrays["x"], arrays["y"]
    if x.ndim not in (3, 4) or y.shape != x.shape[:1] or not x.size or x.dtype.kind not in "buif" or y.dtype.kind not in "buiU":
        raise BadInput(
            f"{path} has x {x.shape} of {x.dtype} and y {y.shape} of {y.dtype}; wanted are images (N, height, width), "
            "(N, height, width, channels) or (N, channels, height, width), and a class (N,) for each, a number or a name."
        )
    _refuse_huge(x.size, path)
    if x.ndim == 3:
        return x[:, None], y
    return (x.transpose(0, 3, 1, 2) if x.shape[3] <= min(4, x.shape[1] - 1) else x), y


def _refuse_huge(numbers: int, path: Path) -> None:
    if 8 * numbers > LARGEST:
        raise BadInput(
            f"{path} has {numbers:,} numbers in its images, which are {8 * numbers / 2**30:,.0f} GiB; at most 8 are read."
        )


def _spoken(size: tuple[int, int]) -> str:
    return f"{size[1]} × {size[0]}"
