"""A directory of translators, read and written without pickle.

to-target/, to-source/       the networks, as diffusers saves them, in half precision
conditions.safetensors       the two embeddings that they were trained under
cyclediff.json               what they are for, and what made them (:class:`Facts`)
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import torch

from spectralkit.errors import DataError
from spectralkit.models.documents import REMEDY, read_json
from spectralkit.models.pretrained import load_part, load_tensors, save_part, save_tensors
from spectralkit.plugins.text import one_line
from spectralkit.running.document import as_json
from spectralkit_methods_cyclediff.translators import Domain, Translator, Translators

FILE, CONDITIONS = "cyclediff.json", "conditions.safetensors"
FORMAT = "spectralkit-cyclediff-1"


def _shape(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


@attrs.frozen(kw_only=True)
class Facts:
    """The contents of ``cyclediff.json``.

    Args:
        model: What the diffusion model was called.
        diffusion: What became of it in training: ``frozen``.
        process: Its process, with the parameters.
        dataset: Registered name of the data.
        source: Name of one condition.
        target: Name of the other.
        shape: (C, H, W) of the states.
        training: Configuration, digests and versions of the training run.

    Raises:
        DataError: If a value is of the wrong type or impossible.
    """

    model: str
    diffusion: str = "frozen"
    process: dict[str, Any]
    dataset: str
    source: str
    target: str
    shape: tuple[int, int, int] = attrs.field(converter=_shape)
    training: dict[str, Any]

    def __attrs_post_init__(self) -> None:
        names = (self.model, self.diffusion, self.dataset, self.source, self.target)
        if not all(isinstance(name, str) for name in names):
            raise DataError("model, diffusion, dataset, source and target must be texts")
        shape = self.shape if isinstance(self.shape, tuple) else ()
        if len(shape) != 3 or not all(type(side) is int and side > 0 for side in shape):
            raise DataError("shape must be (channels, height, width), positive whole numbers")
        if not isinstance(self.process, dict) or not isinstance(self.training, dict):
            raise DataError("process and training must be tables")


def save_translators(translators: Translators, facts: Facts, directory: Path) -> None:
    """Write translators with :class:`Translator` networks into an empty directory.

    Raises:
        OSError: If a file cannot be written whole.
    """
    for name, network in (("to-target", translators.to_target), ("to-source", translators.to_source)):
        save_part(network.network, directory / name)
    domains = {"source": translators.source, "target": translators.target}
    rows = {name: domain.embedding.detach().cpu().float().contiguous() for name, domain in domains.items()}
    save_tensors(rows, directory / CONDITIONS)
    document = {"format": FORMAT, **attrs.asdict(facts)}
    (directory / FILE).write_text(as_json(document), encoding="utf-8")


def read_translators(directory: Path) -> Translators:
    """The translators of a directory, on the CPU in float32.

    Raises:
        DataError: If a file is missing, corrupt, or does not fit the others.
        NonFiniteError: If a weight is NaN or infinite.
    """
    path = directory / FILE
    if not path.is_file():
        raise DataError(
            f"no translators at {directory}: name a directory that holds {FILE}, as `spectralkit train-cyclediff` makes"
        )
    facts = _facts(path)
    rows = load_tensors(directory / CONDITIONS, torch.float32)
    if rows.keys() != {"source", "target"}:
        raise DataError(f"corrupt translators {directory / CONDITIONS}: it must hold source and target; {REMEDY}")
    networks: list[Any] = [load_part(directory / name, ["UNet2DModel"]) for name in ("to-target", "to-source")]
    if any(network.config.in_channels != facts.shape[0] for network in networks):
        raise DataError(f"corrupt translators {path}: its networks are for other channels than its shape's; {REMEDY}")
    return Translators(
        source=Domain(facts.source, rows["source"]),
        target=Domain(facts.target, rows["target"]),
        shape=facts.shape,
        to_target=Translator(networks[0]),
        to_source=Translator(networks[1]),
        model=facts.model,
        place=f"in {directory}",
    )


def _facts(path: Path) -> Facts:
    document = read_json(path)
    try:
        if document.pop("format", None) != FORMAT:
            raise DataError(f"its format is not '{FORMAT}', or it was written by another version")
        return Facts(**document)
    except (DataError, TypeError) as error:
        told = one_line(error).replace("Facts.__init__() ", "it ")  # Python names the constructor
        raise DataError(f"corrupt translators {path}: {told}; {REMEDY}") from error
