"""Whether a run depends on its seed: what draws nothing is run once, whatever the number of seeds."""

from __future__ import annotations

from spectralkit.models.model import Model, PixelCodec
from spectralkit_bench.tables.result import methods_of


def is_random(method: str, model: Model) -> bool:
    """Whether anything is drawn: by the method, as the process is entered, or by the codec."""
    entered = model.schedule.entry_noise > 0 or not isinstance(model.codec, PixelCodec)
    return entered or any(spec.stochastic for spec in methods_of(method))
