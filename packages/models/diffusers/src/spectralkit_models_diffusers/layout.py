"""What lies where in a directory that diffusers saved: a pipeline with its folders, or a bare network."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from spectralkit.errors import DataError
from spectralkit.models.documents import CONFIG, read_json
from spectralkit.plugins.text import brief
from spectralkit_models_diffusers.config import FILE as SCHEDULER

INDEX = "model_index.json"
NETWORKS = ("unet", "transformer")
AUTOENCODERS = ("vae", "vqvae")
TEXTS = ("text_encoder", "text_encoder_2", "text_encoder_3")
PASSED = frozenset(("scheduler", "safety_checker", "feature_extractor", "image_encoder"))
"""Folders of a pipeline that the network does without."""


@attrs.frozen
class Layout:
    """A directory.

    Args:
        root: Where.
        pipeline: Class of the pipeline; empty of a bare network.
        network: Folder of the network.
        scheduler: The scheduler's configuration.
        autoencoder: Its folder, of a latent diffusion.
        texts: Folders of text encoders by name.
        labels: Names of classes by number.
    """

    root: Path
    pipeline: str
    network: Path
    scheduler: Path
    autoencoder: Path | None = None
    texts: Mapping[str, Path] = attrs.field(factory=dict)
    labels: Mapping[int, str] = attrs.field(factory=dict)


def read_layout(root: Path) -> Layout:
    """The layout of ``root``.

    Raises:
        DataError: If a part is missing, or there is one that is not understood.
    """
    if not (root / INDEX).exists():
        return _bare(root)
    index = read_json(root / INDEX)
    parts = {name: part for name, part in index.items() if isinstance(part, list) and part and part[-1] is not None}
    known = {*NETWORKS, *AUTOENCODERS, *TEXTS, *PASSED, *(name.replace("text_encoder", "tokenizer") for name in TEXTS)}
    for name in parts.keys() - known:
        raise DataError(
            f"pipeline {root / INDEX} has the part {brief(name)} ({brief(parts[name][-1])}), which is not understood "
            "here: save the network and the scheduler alone"
        )
    networks = [name for name in NETWORKS if name in parts]
    if len(networks) != 1:
        raise DataError(f"pipeline {root / INDEX} must have one network, {' or '.join(NETWORKS)}")
    return Layout(
        root=root,
        pipeline=str(index.get("_class_name")),
        network=root / networks[0],
        scheduler=_scheduler(root),
        autoencoder=next((root / name for name in AUTOENCODERS if name in parts), None),
        texts={name: root / name for name in TEXTS if name in parts},
        labels=_labels(index, root / INDEX),
    )


def _bare(root: Path) -> Layout:
    return Layout(root, "", root, _scheduler(root), labels=_labels(read_json(root / CONFIG), root / CONFIG))


def _scheduler(root: Path) -> Path:
    places = (root / "scheduler" / SCHEDULER, root / SCHEDULER)
    found = next((path for path in places if path.exists()), None)
    if found is None and (root.parent / INDEX).is_file():
        raise DataError(f"{root} is a part of the pipeline {root.parent}: name the pipeline")
    if found is None:
        raise DataError(
            f"{root} holds no {SCHEDULER}, which tells the process that the network was trained on: save the scheduler "
            f"there too, scheduler.save_pretrained({str(root / 'scheduler')!r})"
        )
    return found


def _labels(document: Mapping[str, Any], path: Path) -> dict[int, str]:
    """``id2label``, whose keys JSON makes text."""
    labels = document.get("id2label") or {}
    if not isinstance(labels, dict) or not all(
        str(key).isdecimal() and isinstance(value, str) and value.strip() for key, value in labels.items()
    ):
        raise DataError(f"{path}: id2label must give each class number a name, got {brief(labels)}")
    return {int(key): " ".join(value.split()) for key, value in labels.items()}
