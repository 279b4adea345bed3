"""The image files that a person names, one by one or by their folder; looked for before anything is loaded."""

from __future__ import annotations

import stat
from collections.abc import Sequence
from pathlib import Path

from spectralkit.errors import DataError, told

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp"})

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
_MOST_TOLD = 5


def find_images(inputs: Sequence[Path]) -> list[Path]:
    """The image files among ``inputs``, folders opened (not their subfolders), in order.

    Raises:
        DataError: If something is missing or no file, a folder holds no image or something that is called one and is
            none, or two images would have one output name.
    """
    paths: list[Path] = []
    for given in inputs:
        kind = _kind(given)
        if kind == "a folder":
            paths.extend(_inside(given))
        elif kind == "a file":
            paths.append(given)
        else:
            raise DataError(f"{given} is {kind}, neither an image file nor a folder: check the path")
    names: dict[str, Path] = {}
    for path in paths:
        if path.stem in names:
            raise DataError(f"{names[path.stem]} and {path} would both become '{path.stem}.png': rename one of them")
        names[path.stem] = path
    return paths


def _kind(path: Path) -> str:
    """What lies at ``path``, in words.

    Raises:
        DataError: If nothing does, or it may not be looked at.
    """
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:  # ValueError: a null character
        if path.name and _is_link(path):
            return "a link that leads nowhere or in a circle"
        if isinstance(error, FileNotFoundError):
            raise DataError(f"no image or folder at {path}: {told(error).partition(': ')[2]}") from error
        why = told(error) if isinstance(error, OSError) else error
        raise DataError(f"cannot look at {path}: {why}") from error
    return _KINDS.get(stat.S_IFMT(mode), "a file")


def _is_link(path: Path) -> bool:
    try:
        return stat.S_ISLNK(path.lstat().st_mode)
    except (OSError, ValueError):
        return False


def _inside(folder: Path) -> list[Path]:
    """The images in a folder."""
    try:
        named = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
    except OSError as error:
        raise DataError(f"cannot look into folder {folder}: {told(error)}") from error
    if not named:
        raise DataError(f"folder {folder} holds no image: expected files ending in {', '.join(sorted(SUFFIXES))}")
    strangers = [f"{path.name} is {kind}" for path in named if (kind := _kind(path)) != "a file"]
    if strangers:
        more = f" and {len(strangers) - _MOST_TOLD} more" if len(strangers) > _MOST_TOLD else ""
        raise DataError(
            f"folder {folder} holds what is called an image and is none: {', '.join(strangers[:_MOST_TOLD])}{more}: "
            "remove it, or name the images one by one"
        )
    return named
