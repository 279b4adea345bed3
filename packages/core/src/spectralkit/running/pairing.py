"""Pictures of several folders that belong together by name, and latents that belong to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

import attrs
import torch
from torch import Tensor

from spectralkit.errors import DataError, SpectralkitError, told
from spectralkit.models.pretrained import load_tensors
from spectralkit.pictures.finding import Input, find_inside
from spectralkit.pictures.sifting import named


@attrs.frozen
class Pairing:
    """What belongs together.

    Args:
        names: Of the generated images that all else was found for, in order.
        files: The files of a role (``generated``, ``source``, ``reference``), by name.
        latents: By name; None where none were given.
        alone: What was left out, in words.
    """

    names: tuple[str, ...]
    files: Mapping[str, Mapping[str, Input]]
    latents: Mapping[str, Tensor] | None
    alone: tuple[str, ...]


def pair(folders: Mapping[str, Path], latents: Path | None, recursive: bool) -> Pairing:
    """Pair the pictures of ``folders`` by their names without suffixes.

    Args:
        folders: By role; ``generated`` is one of them.
        latents: A safetensors file, by image, or by image and tile as ``translate`` writes it.
        recursive: Whether subfolders are opened too; they are part of the name.

    Raises:
        DataError: If a folder cannot be used, or nothing belongs together.
    """
    files = {
        role: {one.stem: one for one in find_inside(folder, recursive=recursive)} for role, folder in folders.items()
    }
    known = None if latents is None else read_latents(latents)
    places: dict[str, tuple[Path, Sequence[str]]] = {
        role: (folders[role], list(found)) for role, found in files.items()
    }
    if known is not None and latents is not None:
        places["latent"] = (latents, list(known))
    _, generated = places.pop("generated")
    alone = []
    for role, (path, there) in places.items():
        alone += _missing(f"generated images have no {role} in {path}", generated, there)
        alone += _missing(f"of {path} ({role}) have no generated image", there, generated)
    names = tuple(name for name in generated if all(name in there for _, there in places.values()))
    if not names:
        raise DataError(f"no image is complete: {'; '.join(alone)}: give them the same names")
    return Pairing(names, files, known, tuple(alone))


def _missing(told: str, wanted: Sequence[str], there: Sequence[str]) -> list[str]:
    known = set(there)
    lacking = [name for name in wanted if name not in known]
    if not lacking:
        return []
    return [f"{len(lacking)} {told}: {named(lacking)}"]


def read_latents(path: Path) -> dict[str, Tensor]:
    """Latents (C, H, W) by the names of their images.

    Raises:
        DataError: If the file cannot be read, or an image has several tiles.
    """
    if not path.is_file():
        raise DataError(f"no file of latents at {path}: check the path")
    try:
        tensors = load_tensors(path, torch.float32)
    except OSError as error:
        raise DataError(f"cannot read latents {path}: {told(error)}") from error
    except SpectralkitError as error:  # it speaks of a checkpoint
        raise DataError(
            f"latents {path} are damaged, not finite, or no latents: name what --save-latents has written"
        ) from error
    found: dict[str, Tensor] = {}
    for key, latent in tensors.items():
        name = _name(key)
        if name in found:
            raise DataError(f"latents {path} have several tiles of {name}: evaluate images of the model's own size")
        if latent.ndim != 3:
            raise DataError(f"latents {path}: {key} has the shape {tuple(latent.shape)}, expected (C, H, W)")
        found[name] = latent
    return found


def _name(key: str) -> str:
    """``folder/a`` of ``folder/a.png#0``; what ``run`` writes is a name already."""
    image, hash_, tile = key.rpartition("#")
    return PurePosixPath(image).with_suffix("").as_posix() if hash_ and tile.isdecimal() else key
