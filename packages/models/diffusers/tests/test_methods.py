"""The laws of methods, of every method, on the networks of a pixel, a latent, a text and a flow pipeline in float64."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import attrs
import diffusers
import pytest
import torch

import spectralkit as sk
from spectralkit.errors import ConfigurationError
from spectralkit.inversion.context import Context
from spectralkit.inversion.driver import top_index, translate
from spectralkit.inversion.meter import Meter
from spectralkit.inversion.noise import Noise
from spectralkit.inversion.parts import Parts
from spectralkit.models.model import Model
from spectralkit.plugins.registry import registry
from spectralkit.testing import methods
from spectralkit.testing.law import natural_images
from spectralkit_models_diffusers.text import T5_TOKENS

PIPELINES = ("pixel", "latent", "text", "flow")
METHODS = [r.spec.name for r in registry().all("method") if not r.spec.trained]
REFUSED = {("edict", "flow")}
"""edict divides by alpha, which is 0 where a flow ends."""


@attrs.frozen(eq=False)
class Setting:
    """A pipeline in the place of the kit's own random network."""

    name: str
    model: Model
    guidance: float = 2.0

    def problem(self, parts: Parts, seed: int, target: int = 1) -> Context:
        names, model = list(self.model.conditions), self.model
        noise = Noise(seed, [f"s{i}" for i in range(methods.BATCH)])
        images = natural_images(seed, methods.BATCH, model.shape).double()
        return Context(
            denoiser=model.denoiser,
            schedule=model.schedule,
            levels=model.schedule.levels(methods.STEPS),
            top=top_index(parts, methods.STEPS),
            x0=model.codec.encode(images, noise).double(),
            source=model.condition(names[0]),
            target=model.condition(names[target]),
            inversion_guidance=self.guidance,
            sampling_guidance=self.guidance,
            noise=noise,
            label="current",
            meter=Meter(methods.BATCH),
        )


@pytest.fixture(scope="session")
def setting(small: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A pipeline by its kind, saved and loaded once."""

    def made(kind: str) -> tuple[Any, dict[str, Any]]:
        words: dict[str, Any] = {"prompts": ["a cat", "a dog"]}
        scheduler = small.ddim(beta_schedule="scaled_linear", steps_offset=1, set_alpha_to_one=False)
        if kind == "pixel":
            return small.unet(num_class_embeds=3, sample_size=8), {"null": 2}
        if kind == "latent":
            return diffusers.DiTPipeline(small.dit(), small.vae(), scheduler), {}
        pytest.importorskip("transformers", reason="prompts need the extra [text]")
        return (small.stable_diffusion(scheduler) if kind == "text" else small.stable_diffusion_3()), words

    @cache
    def load(kind: str) -> Setting:
        directory: Path = tmp_path_factory.mktemp(kind)
        part, parameters = made(kind)
        part.save_pretrained(directory)
        if kind == "pixel":
            small.ddim(set_alpha_to_one=False, steps_offset=1).save_pretrained(directory / "scheduler")
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(T5_TOKENS, "StableDiffusion3", 4)  # of 256, over which the laws would take minutes
            return Setting(kind, sk.load_model(directory, dtype=torch.float64, **parameters))

    return load


@pytest.mark.filterwarnings("ignore")  # of methods that say what suits them
@pytest.mark.parametrize("kind", PIPELINES)
@pytest.mark.parametrize("name", METHODS)
def test_a_method_keeps_its_laws(name: str, kind: str, setting: Any) -> None:
    registered, found = registry().resolve("method", name), setting(kind)
    parts = sk.load_method(name)
    if (name, kind) in REFUSED:
        with pytest.raises(ConfigurationError):
            translate(parts, found.problem(parts, 0))
        return
    subject = methods.Subject(registered.spec, parts, (found,))
    for law in methods.laws(registered.spec):
        law.verify(subject, 0)
