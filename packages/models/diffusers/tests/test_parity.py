"""Inversion and sampling against diffusers' own loops, on small pipelines with random weights, saved and loaded.

Which label the network is told, as diffusers does it: ``DDIMScheduler``, ``EulerDiscreteScheduler`` and
``FlowMatchEulerDiscreteScheduler`` tell the level that a step leaves, which sampling here does too; while
``DDIMInverseScheduler`` tells the noisier level that its step leads to: ``label="next"``. The grids are even in these
tests where diffusers' DDIM strides by T // N whatever the grid.
"""

from __future__ import annotations

import json
from typing import Any

import diffusers
import pytest
import torch
from torch import Tensor

import spectralkit as sk
from spectralkit.diffusion.ancestral import drift, split
from spectralkit.testing.law import natural_images
from spectralkit_models_diffusers.clipped import ClippedDenoiser

STEPS = 10
CLOSE = {"rtol": 1e-5, "atol": 1e-4}  # relative too, for random networks lead states far beyond the unit scale
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def invert(network: Any, scheduler: Any, x: Tensor, steps: int = STEPS, **told: Any) -> Tensor:
    inverse = diffusers.DDIMInverseScheduler.from_config(scheduler.config)
    inverse.set_timesteps(steps)
    for t in inverse.timesteps:
        x = inverse.step(network(x, t, **told).sample[:, : x.shape[1]], t, x).prev_sample
    return x


def walk(network: Any, scheduler: Any, x: Tensor, steps: int = STEPS, **told: Any) -> Tensor:
    scheduler.set_timesteps(steps)
    for t in scheduler.timesteps:
        scaled = scheduler.scale_model_input(x, t) if hasattr(scheduler, "scale_model_input") else x
        x = scheduler.step(network(scaled, t, **told).sample[:, : x.shape[1]], t, x, return_dict=False)[0]
    return x


def compare(model: Any, inverted: Any, network: Any, scheduler: Any, x: Tensor, *, steps: int = STEPS) -> Tensor:
    """What is sampled from ``inverted`` against diffusers' own walk from ``x``; the images."""
    out = sk.sample(model, sk.load_method("standard"), inverted, target="any")
    expected = walk(network, scheduler, x, steps)
    torch.testing.assert_close(out.images, ((expected + 1) / 2).clamp(0, 1), **CLOSE)
    return out.images


def images(shape: tuple[int, int, int] = (3, 16, 16)) -> Tensor:
    return natural_images(0, 2, shape)


VARIANTS = [
    {},
    {"prediction_type": "v_prediction", "beta_schedule": "scaled_linear"},
    {"set_alpha_to_one": False, "steps_offset": 1, "beta_schedule": "squaredcos_cap_v2"},
    {"prediction_type": "sample", "set_alpha_to_one": False, "steps_offset": 1},
    {"timestep_spacing": "trailing", "prediction_type": "v_prediction", "rescale_betas_zero_snr": True},
    {"clip_sample": True},
    {"clip_sample": True, "clip_sample_range": 0.7, "prediction_type": "v_prediction"},
]


@pytest.mark.parametrize("keys", VARIANTS, ids=str)
@torch.no_grad()
def test_ddim_inverts_and_samples_as_diffusers(keys, save, small):
    network, scheduler = small.unet(), small.ddim(**keys)
    model = sk.load_model(save(diffusers.DDIMPipeline(network, scheduler)))
    inverted = sk.invert(model, sk.load_method("standard"), images(), source="any", steps=STEPS, label="next")
    if keys.get("timestep_spacing") != "trailing":  # of which DDIMInverseScheduler knows no final level
        torch.testing.assert_close(inverted.latent, invert(network, scheduler, 2 * images() - 1), **CLOSE)
    assert float(compare(model, inverted, network, scheduler, inverted.latent).std()) > 0.01


@pytest.mark.parametrize(
    "scheduler",
    [
        diffusers.EulerDiscreteScheduler(timestep_spacing="leading", steps_offset=1),
        diffusers.EulerDiscreteScheduler(prediction_type="v_prediction"),
        diffusers.EulerDiscreteScheduler(use_karras_sigmas=True, beta_schedule="scaled_linear"),
        diffusers.EulerDiscreteScheduler(timestep_spacing="trailing", final_sigmas_type="sigma_min"),
    ],
    ids=["leading", "v", "karras", "trailing"],
)
@torch.no_grad()
def test_euler_samples_as_diffusers(scheduler, save, small):
    network = small.unet()
    model = sk.load_model(save(network, scheduler))
    inverted = sk.invert(model, sk.load_method("standard"), images(), source="any", steps=STEPS)
    top = inverted.context.levels[-1]
    compare(model, inverted, network, scheduler, inverted.inversion.latent / top.alpha)  # Euler's state is x / alpha


@pytest.mark.parametrize(
    "scheduler",
    [
        diffusers.DPMSolverMultistepScheduler(solver_order=1, beta_schedule="scaled_linear"),
        diffusers.DPMSolverMultistepScheduler(solver_order=1, use_karras_sigmas=True, prediction_type="v_prediction"),
        diffusers.DPMSolverMultistepScheduler(
            solver_order=1, timestep_spacing="leading", final_sigmas_type="sigma_min"
        ),
        diffusers.DPMSolverSinglestepScheduler(solver_order=1),
        diffusers.UniPCMultistepScheduler(solver_order=1, disable_corrector=list(range(STEPS))),
        diffusers.DEISMultistepScheduler(solver_order=1, timestep_spacing="trailing"),
    ],
    ids=["scaled", "karras", "sigma_min", "single", "unipc", "deis"],
)
@torch.no_grad()
def test_a_solver_of_first_order_samples_as_diffusers(scheduler, save, small):
    """Of which it is the deterministic transition, exactly."""
    network = small.unet()
    model = sk.load_model(save(network, scheduler))
    inverted = sk.invert(model, sk.load_method("standard"), images(), source="any", steps=STEPS)
    compare(model, inverted, network, scheduler, inverted.inversion.latent)


@pytest.mark.parametrize(
    "scheduler",
    [
        diffusers.EDMEulerScheduler(),
        diffusers.EDMEulerScheduler(sigma_schedule="exponential", sigma_data=1.0, sigma_max=40.0),
        diffusers.EDMEulerScheduler(final_sigmas_type="sigma_min", rho=5.0),
        diffusers.EDMDPMSolverMultistepScheduler(solver_order=1),
    ],
    ids=["karras", "exponential", "sigma_min", "dpm"],
)
@torch.no_grad()
def test_edm_samples_as_diffusers(scheduler, save, small):
    """Where the scheduler ends at ``sigma_min``, its last step stands still."""
    network = small.unet()
    model = sk.load_model(save(network, scheduler))
    inverted = sk.invert(model, sk.load_method("standard"), images(), source="any", steps=STEPS)
    still = scheduler.config.final_sigmas_type == "sigma_min"
    made = compare(model, inverted, network, scheduler, inverted.inversion.latent, steps=STEPS + still)
    assert float(made.std()) > 0.01
    assert (inverted.context.levels[0].sigma == 0) is not still


@pytest.mark.parametrize("shift", [1.0, 3.0])
@torch.no_grad()
def test_flow_samples_as_diffusers(shift, save, small):
    network, scheduler = small.unet(), diffusers.FlowMatchEulerDiscreteScheduler(shift=shift)
    model = sk.load_model(save(network, scheduler))
    inverted = sk.invert(model, sk.load_method("standard"), images(), source="any", steps=STEPS)
    compare(model, inverted, network, scheduler, inverted.inversion.latent)


@pytest.mark.parametrize("step", [1, 4, STEPS])
@torch.no_grad()
def test_ddpm_with_the_ancestral_method_has_the_mean_of_diffusers(step, save, small, monkeypatch):
    """Of one step, clipped images included: the posterior mean in x_t and x0_hat."""
    network = small.unet()
    scheduler = diffusers.DDPMScheduler()
    model = sk.load_model(save(diffusers.DDPMPipeline(network, scheduler)))
    assert isinstance(model.denoiser, ClippedDenoiser)
    levels = model.schedule.levels(STEPS)
    scheduler.set_timesteps(STEPS)
    monkeypatch.setattr(scheduler, "_get_variance", lambda *_, **__: torch.zeros(()))  # the mean alone
    x = torch.randn(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    t = scheduler.timesteps[STEPS - step]
    raw = network(x, t).sample
    assert (scheduler.step(raw, t, x).pred_original_sample.abs() == 1).float().mean() > 0.01  # some of it is clipped
    prediction = model.denoiser(x, levels[step], model.condition("any"))
    mean = drift(prediction, levels[step - 1], split(levels[step], levels[step - 1], eta=1.0).down)
    torch.testing.assert_close(mean, scheduler.step(raw, t, x).prev_sample, **CLOSE)


@torch.no_grad()
def test_classes_are_told_as_diffusers_tells_them(save, small):
    network, scheduler = small.unet(num_class_embeds=4), small.ddim()
    directory = save(network, scheduler)
    model = sk.load_model(directory)
    assert list(model.conditions) == ["0", "1", "2", "3"]
    assert model.null is None
    inverted = sk.invert(model, sk.load_method("standard"), images(), source="2", steps=STEPS, label="next")
    told = {"class_labels": torch.tensor([2, 2])}
    torch.testing.assert_close(inverted.latent, invert(network, scheduler, 2 * images() - 1, **told), **CLOSE)
    guided = sk.load_model(directory, null=3)
    assert list(guided.conditions) == ["0", "1", "2"]
    level, x = guided.schedule.levels(STEPS)[5], 2 * images() - 1
    t = torch.tensor(level.label)
    null, conditional = (network(x, t, class_labels=torch.tensor([c, c])).sample for c in (3, 1))
    eps = guided.denoiser(x, level, guided.condition("1"), 4.0).eps
    torch.testing.assert_close(eps, null + 4 * (conditional - null), **CLOSE)


@torch.no_grad()
def test_a_transformer_with_an_autoencoder_samples_as_its_pipeline(save, small):
    labels = dict(enumerate(("tench, Tinca tinca", "crane", "crane", "cat", "dog")))
    pipeline = diffusers.DiTPipeline(small.dit(), small.vae(scaling_factor=0.18215), small.ddim())
    index = (directory := save(pipeline)) / "model_index.json"  # into which the names are written by hand
    index.write_text(json.dumps({**json.loads(index.read_text()), "id2label": labels}))
    model = sk.load_model(directory)
    assert model.shape == (3, 16, 16)
    assert list(model.conditions) == ["tench, Tinca tinca", "crane (1)", "crane (2)", "cat", "dog"]
    assert torch.equal(model.condition("Tinca tinca").embedding, model.condition("0").embedding)
    assert torch.equal(model.condition("4").embedding, model.condition("dog").embedding)
    x0 = pipeline.vae.encode(2 * images() - 1).latent_dist.mean * 0.18215
    torch.testing.assert_close(sk.encode(model, images()), x0, **CLOSE)
    inverted = sk.invert(model, sk.load_method("standard"), images(), source="cat", steps=STEPS, label="next")
    network = _Dit(pipeline.transformer)
    latent = invert(network, pipeline.scheduler, x0, class_labels=torch.tensor([3, 3]))
    torch.testing.assert_close(inverted.latent, latent, **CLOSE)
    x = walk(network, pipeline.scheduler, inverted.latent, class_labels=torch.tensor([4, 4]))
    expected = (pipeline.vae.decode(x / 0.18215).sample / 2 + 0.5).clamp(0, 1)
    out = sk.sample(model, sk.load_method("standard"), inverted, target="dog")
    torch.testing.assert_close(out.images, expected, **CLOSE)


class _Dit:
    """Called as a U-Net is."""

    def __init__(self, network: Any) -> None:
        self.network = network

    def __call__(self, x: Tensor, t: Tensor, **told: Any) -> Any:
        return self.network(x, timestep=t.expand(len(x)), **told)
