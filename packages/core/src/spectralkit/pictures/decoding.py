"""A file decoded by whichever library reads its kind faithfully; every failure is told with the file's name."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from PIL import Image, UnidentifiedImageError

from spectralkit.errors import DataError, told
from spectralkit.pictures.layout import Decoded, Frame, Layout, Pixels, too_large
from spectralkit.pictures.pillow import open_pillow
from spectralkit.pictures.tiff import MAGIC, UndecodableError, open_tiff
from spectralkit.plugins.text import reason


def look(path: Path, frame: Frame | None = None, described: str = "") -> Layout:
    """What a file says of its picture; nothing is decoded.

    Args:
        path: The file.
        frame: Which image of a stack.
        described: What is wanted, in words; for the message.

    Raises:
        DataError: If it is missing, no image, too large, or a stack of which none is chosen.
    """
    with _told(path), _opened(path, described) as picture:
        layout = picture.layout
        layout.check(frame)
        return layout


def decode(path: Path, frame: Frame | None = None, described: str = "") -> Decoded:
    """The picture of a file.

    Args:
        path: The file.
        frame: Which image of a stack.
        described: What is wanted, in words; for the message.

    Raises:
        DataError: As :func:`look`, or if its content is damaged.
    """
    with _told(path):
        with _opened(path, described) as picture:
            try:
                return _decoded(picture, frame)
            except UndecodableError:
                _check_single(path, picture.layout)
        with open_pillow(path, described) as image:
            return _decoded(image, frame)


class _Picture(Protocol):
    """An open file of either library."""

    @property
    def layout(self) -> Layout: ...

    def decode(self, frame: Frame | None) -> Pixels: ...


@contextmanager
def _opened(path: Path, described: str) -> Iterator[_Picture]:
    if _is_tiff(path):
        with open_tiff(path) as stack:
            if not stack.is_plain:
                yield stack
                return
    with open_pillow(path, described) as image:
        yield image


def _decoded(picture: _Picture, frame: Frame | None) -> Decoded:
    layout = picture.layout
    layout.check(frame)
    return Decoded(picture.decode(frame), layout)


def _check_single(path: Path, layout: Layout) -> None:
    """Pillow reads one grey image of any depth, whatever its compression."""
    if layout.frames > 1 or layout.colours != "grey":
        raise DataError(f"image {path} is compressed in a way that needs a decoder: pip install imagecodecs")


def _strange(path: Path) -> str:
    """What a file is that no decoder knows, and the remedy."""
    if not path.stat().st_size:
        return "empty: remove it"
    if path.name.startswith("._"):
        return "what macOS keeps beside a picture, no picture: remove it"
    return "no PNG, JPEG, TIFF, BMP or WebP file: convert it first"


def _is_tiff(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) in MAGIC


@contextmanager
def _told(path: Path) -> Iterator[None]:
    # Of what decoders warn, the harmful is refused or fails to decode. By module, for threads share their filters.
    warnings.filterwarnings("ignore", module=r"(PIL|tifffile|imagecodecs)\b")
    try:
        yield
    except DataError:
        raise
    except UnidentifiedImageError as error:
        raise DataError(f"image {path} is {_strange(path)}") from error
    except Image.DecompressionBombError as error:
        raise too_large(path) from error
    except OSError as error:
        why = told(error) if error.strerror else f"its content is damaged ({error})"
        raise DataError(f"cannot read image {path}: {why}") from error
    except Exception as error:  # decoders fed with a stranger's bytes raise anything
        raise DataError(f"cannot read image {path}: its content is damaged ({reason(error)})") from error
