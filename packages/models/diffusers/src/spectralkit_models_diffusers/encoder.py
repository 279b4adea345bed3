"""A text encoder, CLIP or T5, and its tokenizer, as transformers saves them.

transformers builds the module of tensors that are read here: it would map the file beside what it makes of it, which
comes to three times the weights where the file is of another precision.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from spectralkit.errors import ConfigurationError, DataError
from spectralkit.models.documents import CONFIG, REMEDY, read_json
from spectralkit.models.pretrained import read_weights
from spectralkit.plugins.text import brief, one_line
from spectralkit.torchvision_fix import repair_torchvision

KINDS = ("CLIPTextModel", "CLIPTextModelWithProjection", "T5EncoderModel")


def _transformers() -> Any:
    """The library, without its progress bars."""
    repair_torchvision()
    try:
        import transformers
    except ImportError as error:
        raise ConfigurationError(
            "prompts are encoded by transformers, which is not installed: pip install "
            "'spectralkit-models-diffusers[text]'"
        ) from error
    transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()
    return transformers


def load_tokenizer(directory: Path) -> Any:
    """A tokenizer.

    Raises:
        DataError: If it is missing or corrupt.
        ConfigurationError: If transformers is not installed.
    """
    library = _transformers()
    if not directory.is_dir():
        raise DataError(f"no tokenizer at {directory}: {REMEDY}")
    try:
        return library.AutoTokenizer.from_pretrained(directory, local_files_only=True, trust_remote_code=False)
    except Exception as error:  # tokenizers fed with a stranger's files raise anything
        raise DataError(f"corrupt tokenizer {directory}: {one_line(error)[:300]}; {REMEDY}") from error


def load_encoder(directory: Path, dtype: torch.dtype) -> Any:
    """A text encoder on the CPU, its weights in ``dtype``, in one copy.

    Raises:
        DataError: If it is missing, corrupt, of another class, or its weights are not those of its configuration.
        NonFiniteError: If a weight is NaN or infinite.
        ConfigurationError: If transformers is not installed.
    """
    library, config = _transformers(), read_json(directory / CONFIG)
    kind = next(iter(config.get("architectures") or ("CLIPTextModel",)))
    if kind not in KINDS:
        raise DataError(f"text encoder {directory / CONFIG} is of {brief(kind)}: known here are {', '.join(KINDS)}")
    tensors = read_weights(directory, "model", _precision(kind, dtype))
    try:
        built = getattr(library, kind)
        encoder, found = built.from_pretrained(
            None,
            config=built.config_class.from_pretrained(directory, local_files_only=True),
            state_dict=tensors,
            dtype=dtype,
            output_loading_info=True,
        )
    except Exception as error:  # a constructor fed with a stranger's values raises anything
        raise DataError(f"corrupt text encoder {directory}: {one_line(error)[:300]}; {REMEDY}") from error
    if found["missing_keys"]:  # which would be random numbers
        raise DataError(f"text encoder {directory} lacks the weight {min(found['missing_keys'])!r}; {REMEDY}")
    if found["unexpected_keys"]:
        raise DataError(
            f"text encoder {directory} holds the weight {min(found['unexpected_keys'])!r}, which no {kind} of its "
            f"{CONFIG} has; {REMEDY}"
        )
    return encoder.eval()


def _precision(kind: str, dtype: torch.dtype) -> Callable[[str], torch.dtype | None]:
    """What transformers makes of each weight, so that it takes ours as they are and makes no second copy."""

    def precision(name: str) -> torch.dtype | None:
        if name.endswith("position_ids"):
            return None  # 0, 1, ...: older files hold it, every encoder counts by itself
        # What T5 multiplies by wo exceeds the largest number of float16.
        return torch.float32 if (kind, dtype) == ("T5EncoderModel", torch.float16) and ".wo." in name else dtype

    return precision
