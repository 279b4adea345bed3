"""The image files that a person names, one by one or by their folder; looked for before anything is loaded."""

from __future__ import annotations

import stat
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

import attrs

from spectralkit.errors import DataError, told
from spectralkit.plugins.text import enumerated

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp"})

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


@attrs.frozen
class Input:
    """An image file that was found.

    Args:
        path: Where it lies.
        place: Where it lies below the folder that was named; its name, where it was named itself.
        fault: Why it cannot be read, where that is known already: a subfolder that cannot be looked into.
    """

    path: Path
    place: PurePosixPath
    fault: str = ""

    @property
    def stem(self) -> str:
        """Its place without the suffix: what pairs it with others, and names what is made of it."""
        return self.place.with_suffix("").as_posix()


def find_inputs(inputs: Sequence[Path], *, recursive: bool = False) -> list[Input]:
    """The image files among ``inputs``, folders opened, in order.

    Args:
        inputs: Files and folders.
        recursive: Whether to open subfolders too.

    Raises:
        DataError: If something is missing or no file, a folder holds no image, or two images would have one output
            name. What a folder holds may still be none: :func:`check_file`.
    """
    found: list[Input] = []
    for given in inputs:
        kind = _kind(given)
        if kind == "a folder":
            found.extend(_inside(given, recursive))
        elif kind == "a file":
            found.append(Input(given, PurePosixPath(given.name)))
        else:
            raise DataError(f"{given} is {kind}, neither an image file nor a folder: check the path")
    taken: dict[str, Path] = {}
    alike = []
    for one in found:
        if (other := taken.setdefault(one.stem, one.path)) is not one.path:
            alike.append(f"{other} and {one.path} would both become '{one.stem}'")
    if alike:
        raise DataError(f"{enumerated(alike)}: rename one of {'them' if len(alike) == 1 else 'each two'}")
    return found


def find_inside(folder: Path, *, recursive: bool = False) -> list[Input]:
    """:func:`find_inputs` of one folder, which is no file.

    Raises:
        DataError: As :func:`find_inputs` and :func:`check_folder`.
    """
    check_folder(folder)
    return find_inputs([folder], recursive=recursive)


def check_file(one: Input) -> None:
    """Refuse what has a fault, or is called an image and is none: to open a pipe might never end.

    Raises:
        DataError: Naming it.
    """
    if one.fault:
        raise DataError(one.fault)
    if (kind := _kind(one.path)) != "a file":
        raise DataError(f"{one.path} is called an image and is {kind}: remove it")


def check_folder(path: Path) -> None:
    """Refuse what is no folder.

    Raises:
        DataError: Naming it.
    """
    if not path.is_dir():
        raise DataError(f"no folder at {path}: check the path")


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


def _inside(folder: Path, recursive: bool) -> list[Input]:
    """The images in a folder."""
    found = [Input(path, _place(path, folder), fault) for path, fault in _below(folder, recursive, ())]
    if not found:
        closed = not recursive and any(path.is_dir() for path in _listed(folder))
        more = "; its subfolders are opened with recursive" if closed else ""
        raise DataError(f"folder {folder} holds no image: expected files ending in {', '.join(sorted(SUFFIXES))}{more}")
    return found


def _place(path: Path, folder: Path) -> PurePosixPath:
    return PurePosixPath(path.relative_to(folder).as_posix())


def _below(folder: Path, recursive: bool, above: tuple[tuple[int, int], ...]) -> Iterator[tuple[Path, str]]:
    """The images of a folder, then those of its subfolders, links followed; a subfolder that is none by its fault.

    Raises:
        DataError: If it cannot be looked into, or leads back to a folder that it lies in.
    """
    inside = _listed(folder)
    status = folder.stat()
    here = (status.st_dev, status.st_ino)
    if here in above:
        raise DataError(f"folder {folder} is a link that leads back to a folder above it: remove it")
    folders = [path for path in inside if path.is_dir()] if recursive else []
    yield from ((path, "") for path in inside if path.suffix.lower() in SUFFIXES and path not in folders)
    for path in folders:
        try:
            yield from _below(path, recursive, (*above, here))
        except DataError as error:
            yield path, str(error)


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        raise DataError(f"cannot look into folder {folder}: {told(error)}") from error
