"""One part of a diffusers directory, a network with its ``config.json``: without pickle, without remote code.

Plain diffusers reads what is written here (``UNet2DModel.from_pretrained(directory)``), and what diffusers writes is
read here, as safetensors. Memory is taken for what the file holds, not for what the configuration claims.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from spectralkit.errors import DataError, NonFiniteError, told
from spectralkit.models.documents import CONFIG, REMEDY, check_file, read_json
from spectralkit.plugins.text import brief, one_line
from spectralkit.torchvision_fix import repair_torchvision
from spectralkit.whole import write_whole

NAME = "diffusion_pytorch_model"
WEIGHTS = f"{NAME}.safetensors"
MAPPED = 1 << 23
"""Bytes of a file that are mapped at a time while it is converted."""

Cast = torch.dtype | Callable[[str], torch.dtype | None]
"""What tensors become: all of them one dtype, or each what its name asks for; None leaves it where it is, unread."""

MOST, LONGEST, DEEPEST = 1 << 20, 64, 512
"""Bounds on the numbers, the lists and the layers of a configuration: beyond them it is taken for damaged."""


def save_part(network: Any, directory: Path, dtype: torch.dtype = torch.float16) -> None:
    """Write a diffusers network into ``directory``, its weights in ``dtype``.

    Raises:
        OSError: If a file cannot be written whole.
    """
    directory.mkdir(parents=True, exist_ok=True)
    network.save_config(directory)
    state = network.state_dict()
    save_tensors({name: value.to(dtype).contiguous() for name, value in state.items()}, directory / WEIGHTS)


def save_tensors(tensors: Mapping[str, Tensor], path: Path) -> None:
    """Write tensors by name, all of them or none.

    Raises:
        OSError: If the file cannot be written whole.
    """
    from safetensors.torch import save

    write_whole(path, save(dict(tensors)))  # safetensors' own writing tells a full disk in an error of its own


def load_part(
    directory: Path,
    classes: Sequence[str],
    dtype: torch.dtype = torch.float32,
    config: Mapping[str, Any] | None = None,
) -> nn.Module:
    """The network of ``directory`` on the CPU, its weights in ``dtype``.

    Args:
        directory: Holds ``config.json`` and the weights.
        classes: Names of the diffusers classes that it may be of.
        dtype: Precision of the weights, whatever the file's.
        config: What it is built from; None is what ``config.json`` holds.

    Raises:
        DataError: If a file is missing, corrupt, of another class, or does not fit the other.
        NonFiniteError: If a weight is NaN or infinite.
    """
    config = read_json(directory / CONFIG) if config is None else config
    name = str(config.get("_class_name"))
    if name not in classes:
        raise DataError(f"checkpoint {directory / CONFIG} is of {brief(name)}: known here are {', '.join(classes)}")
    _check_bounds(config, directory / CONFIG)
    tensors = read_weights(directory, NAME, dtype)
    from accelerate import init_empty_weights

    _fill(_skeleton(torch.device("meta"), name, config, directory), tensors, directory)  # whether it fits at all
    network = _skeleton(init_empty_weights(include_buffers=False), name, config, directory)
    return _fill(network, tensors, directory).eval()


def read_weights(directory: Path, name: str, dtype: Cast) -> dict[str, Tensor]:
    """The tensors of ``directory``: of the file ``name``, of several with an index, or of a variant (``fp16``) of it.

    Raises:
        DataError: If a file is missing, a pickle, corrupt, or holds anything but floating-point numbers.
        NonFiniteError: If a value is NaN or infinite.
    """
    files = _files(directory, f"{name}.safetensors")
    return {key: value for path in files for key, value in load_tensors(path, dtype).items()}


def _files(directory: Path, whole: str) -> list[Path]:
    """Those of the weights: whole or in shards, and else a variant (``fp16``), whole or in shards."""
    if (directory / whole).exists():
        return [directory / whole]
    if (index := directory / f"{whole}.index.json").exists():
        return _shards(index)
    variants = sorted(directory.glob(f"{Path(whole).stem}.*.safetensors"))
    if single := [path for path in variants if "-of-" not in path.name]:
        variants = single
    elif indices := sorted(directory.glob(f"{whole}.index.*.json")):
        return _shards(indices[0])
    if len(variants) == 1:
        return variants
    pickled = next(iter(sorted(directory.glob("*.bin"))), None)
    if variants or pickled is None:
        return [directory / whole]  # which is not there, and says so when it is read
    raise DataError(
        f"checkpoint {pickled} is a pickle, which can run any code when it is read, so it is refused: save the model "
        "again with save_pretrained(directory), which writes safetensors"
    )


def _shards(index: Path) -> list[Path]:
    listed = read_json(index).get("weight_map")
    names = sorted(set(listed.values())) if isinstance(listed, dict) else []
    if not names or not all(isinstance(name, str) and Path(name).name == name for name in names):
        raise DataError(f"corrupt checkpoint {index}: it lists no files beside it; {REMEDY}")
    return [index.parent / name for name in names]


def load_tensors(path: Path, dtype: Cast) -> dict[str, Tensor]:
    """The tensors of a file in ``dtype``, all of them finite, in one copy.

    What already is stays where the file is mapped; the rest is converted one tensor at a time, the largest first, and
    the file is mapped anew each :data:`MAPPED` bytes, so that what has been read counts no more as memory of ours.

    Raises:
        DataError: If the file is missing, corrupt, or holds anything but floating-point numbers.
        NonFiniteError: If a value is NaN or infinite.
    """
    from safetensors import SafetensorError, safe_open

    check_file(path)
    choose = dtype if callable(dtype) else lambda _: dtype
    tensors: dict[str, Tensor] = {}
    waiting: list[tuple[int, str, torch.dtype]] = []
    try:
        with path.open("rb"):
            pass  # safetensors tells of a file that may not be read as of one that is not there
        with safe_open(path, framework="pt") as file:
            wanted = {name: kind for name in file.keys() if (kind := choose(name)) is not None}  # noqa: SIM118
            for name, chosen in wanted.items():
                value = file.get_tensor(name)
                if value.dtype == chosen:
                    tensors[name] = _sound(value, name, path, chosen)
                else:
                    waiting.append((value.nbytes, name, chosen))
                del value  # any tensor of it holds the whole mapping, and to look at one reads some of it
        waiting.sort()
        while waiting:
            with safe_open(path, framework="pt") as file:
                read = 0
                while waiting and read < MAPPED:
                    size, name, chosen = waiting.pop()
                    tensors[name] = _sound(file.get_tensor(name), name, path, chosen)
                    read += size
    except OSError as error:
        raise DataError(f"cannot read checkpoint {path}: {told(error)}") from error
    except (SafetensorError, RuntimeError, ValueError, KeyError) as error:
        raise DataError(f"corrupt checkpoint {path}: {one_line(error)[:300]}; {REMEDY}") from error
    return {name: tensors[name] for name in wanted}


def _sound(value: Tensor, name: str, path: Path, dtype: torch.dtype) -> Tensor:
    """``value`` in ``dtype``, where it holds finite floating-point numbers."""
    if not value.is_floating_point():
        raise DataError(f"corrupt checkpoint {path}: {name!r} holds {value.dtype}; {REMEDY}")
    value = value.to(dtype)
    # The ends tell of NaN and infinity alike, and take no memory of their own.
    if value.numel() and not all(torch.isfinite(end) for end in value.aminmax()):
        raise NonFiniteError(f"checkpoint {path} holds NaN or infinity in {name!r}: get a fresh copy or train it again")
    return value


def _skeleton(place: AbstractContextManager[Any], name: str, config: Mapping[str, Any], directory: Path) -> nn.Module:
    """The network as built within ``place``.

    On the meta device nothing takes memory, but what a constructor computes (position embeddings) is lost too; without
    memory for the weights alone, every weight is allocated for a moment.
    """
    repair_torchvision()
    import diffusers

    kind = getattr(diffusers, name)
    known = kind._get_init_keys(kind)
    try:
        with place:
            network = kind.from_config({key: value for key, value in config.items() if key in known})
    except Exception as error:  # a constructor fed with a stranger's values raises anything
        raise DataError(f"corrupt checkpoint {directory / CONFIG}: {one_line(error)[:300]}; {REMEDY}") from error
    # Some classes write more than their constructors take; what neither knows would be passed over in silence.
    for key in config.keys() - known - network.config.keys():
        if not key.startswith("_") and key not in ("id2label", "label2id"):  # names of classes build nothing
            raise DataError(
                f"checkpoint {directory / CONFIG} sets {brief(key)}, which diffusers does not know in a {name} here: "
                "use the version that wrote it"
            )
    assert isinstance(network, nn.Module)
    return network


def _fill(network: nn.Module, tensors: Mapping[str, Tensor], directory: Path) -> nn.Module:
    try:
        network.load_state_dict(tensors, assign=True)
    except RuntimeError as error:
        raise DataError(
            f"checkpoint {directory / WEIGHTS} does not fit its {CONFIG}: {one_line(error)[:300]}; {REMEDY}"
        ) from error
    return network


def _check_bounds(config: Mapping[str, Any], path: Path) -> None:
    """Refuse numbers that a constructor would loop over, or allocate, without end."""
    for key, value in config.items():
        items = value if isinstance(value, list) else [value]
        most = DEEPEST if "layers" in key else MOST
        if len(items) > LONGEST or any(isinstance(item, int | float) and not abs(item) <= most for item in items):
            raise DataError(f"corrupt checkpoint {path}: {key} is {brief(value)}, out of all bounds; {REMEDY}")
