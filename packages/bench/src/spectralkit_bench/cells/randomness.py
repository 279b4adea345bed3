"""Whether a run depends on its seed: what draws nothing is run once, whatever the number of seeds."""

from __future__ import annotations

from spectralkit.inversion.expression import methods_of
from spectralkit.models.latent import LatentCodec
from spectralkit.models.model import Codec, Model, PixelCodec


def is_random(method: str, model: Model) -> bool:
    """Whether anything is drawn: by the method, as the process is entered, or by the codec."""
    drawn = model.schedule.entry_noise > 0 or _draws(model.codec)
    return drawn or any(spec.stochastic for spec in methods_of(method))


def _draws(codec: Codec) -> bool:
    """Whether encoding may draw: of a codec that nobody knows it must be supposed."""
    return codec.draws if isinstance(codec, LatentCodec) else not isinstance(codec, PixelCodec)
