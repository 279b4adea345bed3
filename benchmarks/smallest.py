"""The smallest of the shipped models, as its training is configured."""

from __future__ import annotations

import attrs

from spectralkit_models_training.config import DiffusionConfig
from spectralkit_models_training.options import preset

SMALLEST = attrs.evolve(DiffusionConfig(**preset("train", "ihc-ddim", DiffusionConfig)), score="none")
"""``ddim``, without the samples that are scored now and then."""
