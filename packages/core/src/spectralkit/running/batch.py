"""One batch translated under a run's options; what comes of it is held to its contract."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor

from spectralkit import api
from spectralkit.inversion.parts import Parts
from spectralkit.models.model import Model
from spectralkit.models.result import Output
from spectralkit.plugins.registered import blaming
from spectralkit.running.config import RunConfig
from spectralkit.running.contract import check_images, check_records


def translate_batch(
    model: Model,
    method: Parts,
    images: Tensor,
    ids: Sequence[str],
    *,
    conditions: tuple[str, str],
    options: RunConfig,
    advance: Callable[[], None],
) -> Output:
    """``sk.translate`` with the options of a run.

    Args:
        model: What translates.
        method: How.
        images: (B, C, H, W) in [0, 1].
        ids: One per image.
        conditions: Source and target.
        options: Steps, seed, guidance and label.
        advance: Called after each transition.

    Raises:
        SpectralkitError: If something does not fit, or a plugin fails; the plugin is named.
    """
    with blaming("method", "model", "parameterization"):
        output = api.translate(
            model,
            method,
            images,
            source=conditions[0],
            target=conditions[1],
            steps=options.steps,
            seed=options.seed,
            ids=ids,
            guidance=options.guidance,
            inversion_guidance=options.inversion_guidance,
            label=options.label,
            progress=lambda done, total, stage: advance(),
        )
        check_images(model.codec, output.images, len(images), tuple(images.shape[1:]))
        check_records(method, output.records, len(images))
    return output
