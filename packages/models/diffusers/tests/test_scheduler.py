"""The process of a scheduler's configuration: the same levels as diffusers', or a refusal by name."""

from __future__ import annotations

import itertools
import json
from inspect import signature
from pathlib import Path
from typing import Any

import diffusers
import pytest
import torch

from spectralkit.diffusion.betas import betas
from spectralkit.errors import ConfigurationError, DataError
from spectralkit_models_diffusers.config import FILE
from spectralkit_models_diffusers.frame import Sigmas
from spectralkit_models_diffusers.schedule import TrainedSchedule
from spectralkit_models_diffusers.scheduler import Reading, read_scheduler

# diffusers hands its tensors to numpy in a way that numpy is about to end.
pytestmark = pytest.mark.filterwarnings("ignore:__array(__|_wrap__):DeprecationWarning")

NOISES = [
    {"beta_schedule": "linear"},
    {"beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012},
    {"beta_schedule": "squaredcos_cap_v2"},
    {"trained_betas": [0.001 + 0.00001 * t for t in range(200)], "num_train_timesteps": 200},
    {"beta_schedule": "linear", "rescale_betas_zero_snr": True, "prediction_type": "v_prediction"},
]


def read(scheduler: Any, folder: Path, **arguments: Any) -> Reading:
    scheduler.save_pretrained(folder)
    return read_scheduler(folder / FILE, **{"sigmas": Sigmas(), **arguments})


def written(folder: Path, **keys: Any) -> Path:
    (folder / FILE).write_text(json.dumps(keys))
    return folder / FILE


WHOLE = ["DDIMScheduler", "DDIMParallelScheduler", "DDPMScheduler", "DDPMParallelScheduler"]
EULERS = ["EulerDiscreteScheduler", "HeunDiscreteScheduler", "LMSDiscreteScheduler", "KDPM2DiscreteScheduler"]
DPMS = ["DPMSolverMultistepScheduler", "UniPCMultistepScheduler", "DEISMultistepScheduler"]


@pytest.mark.parametrize("noise", NOISES, ids=str)
@pytest.mark.parametrize("name", [*WHOLE, *EULERS, *DPMS])
def test_alphas_bar_are_those_of_diffusers(name, noise, tmp_path):
    if (
        "rescale_betas_zero_snr" in noise
        and "rescale_betas_zero_snr" not in signature(getattr(diffusers, name)).parameters
    ):
        pytest.skip("a key that the class does not know")
    if noise.get("beta_schedule") == "squaredcos_cap_v2" and name == "LMSDiscreteScheduler":
        pytest.skip("a noise that the class does not know")
    scheduler = getattr(diffusers, name)(**noise)
    schedule = read(scheduler, tmp_path).process.schedule
    assert isinstance(schedule, TrainedSchedule)
    ours = torch.tensor(schedule.alphas_bar, dtype=torch.float64)
    torch.testing.assert_close(ours, scheduler.alphas_cumprod.double(), rtol=0, atol=1e-7)


@pytest.mark.parametrize(
    ("name", "noise"), [("DDPMScheduler", "sigmoid"), ("DDPMScheduler", "laplace"), ("HeunDiscreteScheduler", "exp")]
)
def test_noises_that_a_single_class_knows(name, noise, tmp_path):
    scheduler = getattr(diffusers, name)(beta_schedule=noise)
    ours = torch.tensor(read(scheduler, tmp_path).process.schedule.alphas_bar, dtype=torch.float64)
    torch.testing.assert_close(ours, scheduler.alphas_cumprod.double(), rtol=0, atol=1e-7)


@pytest.mark.parametrize("noise", NOISES[:3], ids=str)
def test_alphas_bar_are_those_of_the_formula(noise, tmp_path):
    """In float64 to what float32 betas can hold: half a unit in the last place of each of 1000 factors."""
    schedule = read(diffusers.DDIMScheduler(**noise), tmp_path).process.schedule
    assert isinstance(schedule, TrainedSchedule)
    exact = betas(noise["beta_schedule"], noise.get("beta_start", 1e-4), noise.get("beta_end", 0.02), 1000)
    ours = torch.tensor(schedule.alphas_bar, dtype=torch.float64)
    torch.testing.assert_close(ours, torch.cumprod(1 - exact, 0), rtol=0, atol=1e-6)


def test_linear_and_scaled_linear_are_not_taken_for_one_another(tmp_path):
    linear, scaled = (
        read(diffusers.DDIMScheduler(beta_schedule=name), tmp_path / name).process.schedule
        for name in ("linear", "scaled_linear")
    )
    assert linear.alphas_bar[500] == pytest.approx(0.078, abs=1e-3)
    assert scaled.alphas_bar[500] == pytest.approx(0.331, abs=1e-3)


@pytest.mark.parametrize("spacing", ["leading", "trailing", "linspace"])
@pytest.mark.parametrize("name", [*WHOLE, "EulerDiscreteScheduler", "LMSDiscreteScheduler", *DPMS])
@pytest.mark.parametrize("steps", [10, 7])
def test_the_grid_is_that_of_diffusers(name, spacing, steps, tmp_path):
    scheduler = getattr(diffusers, name)(timestep_spacing=spacing, steps_offset=1 * (spacing == "leading"))
    levels = read(scheduler, tmp_path).process.schedule.levels(steps)
    scheduler.set_timesteps(steps)
    told = torch.tensor([level.label for level in levels[:0:-1]])
    torch.testing.assert_close(told, scheduler.timesteps.float())
    assert all(a.sigma <= b.sigma for a, b in itertools.pairwise(levels))


@pytest.mark.parametrize("spacing", ["leading", "linspace", "trailing"])
@pytest.mark.parametrize("karras", [False, True])
@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("EulerDiscreteScheduler", {"final_sigmas_type": "zero"}),
        ("EulerDiscreteScheduler", {"final_sigmas_type": "sigma_min"}),
        ("HeunDiscreteScheduler", {}),
        ("LMSDiscreteScheduler", {}),
        ("KDPM2DiscreteScheduler", {}),
        ("DPMSolverMultistepScheduler", {"final_sigmas_type": "zero"}),
        ("DPMSolverMultistepScheduler", {"final_sigmas_type": "sigma_min"}),
        ("UniPCMultistepScheduler", {"final_sigmas_type": "zero"}),
        ("DEISMultistepScheduler", {}),
        ("DPMSolverSinglestepScheduler", {"final_sigmas_type": "zero"}),
    ],
    ids=str,
)
def test_the_sigmas_of_a_solver_are_ratios(name, keys, spacing, karras, tmp_path):
    scheduler = getattr(diffusers, name)(**keys, use_karras_sigmas=karras)
    if name != "DPMSolverSinglestepScheduler":
        scheduler = scheduler.from_config({**scheduler.config, "timestep_spacing": spacing, "steps_offset": 1})
    if karras and name.startswith("DEIS"):
        with pytest.raises(DataError, match="use_karras_sigmas = True, by which"):
            read(scheduler, tmp_path)
        return
    levels = read(scheduler, tmp_path).process.schedule.levels(12)
    scheduler.set_timesteps(12)
    twice = name in ("HeunDiscreteScheduler", "KDPM2DiscreteScheduler")  # which walk to a level and half a step back
    sigmas = scheduler.sigmas.unique_consecutive() if twice else scheduler.sigmas
    ratios = torch.tensor([level.nsr for level in reversed(levels)])
    torch.testing.assert_close(ratios, sigmas, rtol=1e-5, atol=1e-7)
    told = torch.tensor([level.label for level in levels[:0:-1]])
    times = scheduler.timesteps.float()
    times = torch.cat((times[:1], times[2::2])) if twice else times
    torch.testing.assert_close(told, times, rtol=1e-4, atol=1e-2)
    assert all(abs(level.alpha**2 + level.sigma**2 - 1) < 1e-12 for level in levels)


@pytest.mark.parametrize(("one", "final"), [(True, 1.0), (False, None)])
def test_the_clean_level_is_what_the_scheduler_ends_at(one, final, tmp_path):
    scheduler = diffusers.DDIMScheduler(set_alpha_to_one=one)
    clean = read(scheduler, tmp_path).process.schedule.levels(10)[0]
    assert clean.alpha**2 == pytest.approx(final or float(scheduler.alphas_cumprod[0]))


@pytest.mark.parametrize(
    "scheduler",
    [
        diffusers.FlowMatchEulerDiscreteScheduler(),
        diffusers.FlowMatchEulerDiscreteScheduler(shift=3.0),
        diffusers.FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True),
        diffusers.FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True, time_shift_type="linear", base_shift=1.2),
    ],
    ids=["plain", "shift", "dynamic", "linear"],
)
@pytest.mark.parametrize("even", [False, True])
@pytest.mark.parametrize("steps", [1, 9])
def test_the_levels_of_a_flow_are_those_of_diffusers(scheduler, even, steps, tmp_path):
    tokens = 900
    schedule = read(scheduler, tmp_path, sigmas=Sigmas(even, tokens)).process.schedule
    config = scheduler.config
    rise = (config.max_shift - config.base_shift) / (config.max_image_seq_len - config.base_image_seq_len)
    mu = config.base_shift + rise * (tokens - config.base_image_seq_len)
    given = torch.linspace(1, 1 / steps, steps).tolist() if even else None
    scheduler.set_timesteps(None if even else steps, sigmas=given, mu=mu if config.use_dynamic_shifting else None)
    levels = schedule.levels(steps)
    sigmas = torch.tensor([level.sigma for level in reversed(levels)])
    torch.testing.assert_close(sigmas, scheduler.sigmas, rtol=1e-5, atol=1e-6)
    told = torch.tensor([level.label for level in levels[:0:-1]])
    torch.testing.assert_close(told, scheduler.timesteps, rtol=1e-5, atol=1e-3)


@pytest.mark.parametrize(
    ("keys", "named"),
    [
        ({"_class_name": "LCMScheduler"}, "_class_name = 'LCMScheduler'"),
        ({"_class_name": "EDMEulerScheduler", "prediction_type": "v_prediction"}, "prediction_type = 'v_prediction'"),
        ({"_class_name": "EDMEulerScheduler", "sigma_max": 0.001}, "sigma_max = 0.001"),
        ({"_class_name": "DPMSolverMultistepScheduler", "use_flow_sigmas": True}, "use_flow_sigmas = True"),
        ({"_class_name": "DPMSolverMultistepScheduler", "use_lu_lambdas": True}, "use_lu_lambdas = True"),
        ({"_class_name": "DPMSolverMultistepScheduler", "lambda_min_clipped": -5}, "lambda_min_clipped = -5"),
        (
            {
                "_class_name": "DPMSolverMultistepScheduler",
                "beta_schedule": "squaredcos_cap_v2",
                "use_karras_sigmas": True,
            },
            "use_karras_sigmas = True",
        ),
        (
            {"_class_name": "UniPCMultistepScheduler", "use_karras_sigmas": True, "final_sigmas_type": "sigma_min"},
            "use_karras_sigmas = True",
        ),
        ({"beta_schedule": "sigmoid"}, "beta_schedule = 'sigmoid'"),
        ({"prediction_type": "flow"}, "prediction_type = 'flow'"),
        ({"timestep_spacing": "even"}, "timestep_spacing = 'even'"),
        ({"thresholding": True}, "thresholding = True"),
        ({"trained_betas": [0.1, 0.2]}, "trained_betas = "),
        ({"beta_start": 2}, "beta_start = 2"),
        ({"beta_end": "0.02"}, "beta_end = '0.02'"),
        ({"num_train_timesteps": 10**9}, "num_train_timesteps = 1000000000"),
        ({"num_train_timesteps": True}, "num_train_timesteps = True"),
        ({"steps_offset": -1}, "steps_offset = -1"),
        ({"set_alpha_to_one": "yes"}, "set_alpha_to_one = 'yes'"),
        ({"prediction_type": "sample"}, "prediction_type = 'sample'"),
        ({"rescale_betas_zero_snr": True}, "rescale_betas_zero_snr = True"),
        ({"use_karras_sigmas": True}, "use_karras_sigmas = True"),
        ({"snr_gamma": 5}, "snr_gamma = 5"),
        ({"clip_sample_range": 0}, "clip_sample_range = 0"),
        ({"_class_name": "EulerDiscreteScheduler", "interpolation_type": "log_linear"}, "interpolation_type = "),
        ({"_class_name": "EulerDiscreteScheduler", "timestep_type": "continuous"}, "timestep_type = "),
        ({"_class_name": "EulerDiscreteScheduler", "use_beta_sigmas": True}, "use_beta_sigmas = True"),
        ({"_class_name": "EulerDiscreteScheduler", "final_sigmas_type": "one"}, "final_sigmas_type = 'one'"),
        ({"_class_name": "FlowMatchEulerDiscreteScheduler", "shift_terminal": 0.02}, "shift_terminal = 0.02"),
        ({"_class_name": "FlowMatchEulerDiscreteScheduler", "invert_sigmas": True}, "invert_sigmas = True"),
        ({"_class_name": "FlowMatchEulerDiscreteScheduler", "use_karras_sigmas": True}, "use_karras_sigmas = True"),
        ({"_class_name": "FlowMatchEulerDiscreteScheduler", "shift": 0}, "shift = 0"),
        (
            {"_class_name": "FlowMatchEulerDiscreteScheduler", "use_dynamic_shifting": True},
            "use_dynamic_shifting = True",
        ),
    ],
    ids=str,
)
def test_what_cannot_be_expressed_is_refused_by_key_and_value(keys, named, tmp_path):
    path = written(tmp_path, **{"_class_name": "DDIMScheduler", **keys})
    with pytest.raises(DataError) as told:
        read_scheduler(path, sigmas=Sigmas())
    assert named in str(told.value)
    assert str(path) in str(told.value)


def test_keys_of_other_schedulers_are_passed_over_as_diffusers_does(tmp_path):
    """As the configurations of Stable Diffusion 1.5 and 2.1 hold them."""
    path = written(tmp_path, _class_name="PNDMScheduler", skip_prk_steps=True, clip_sample=False, steps_offset=1)
    assert read_scheduler(path, sigmas=Sigmas()).process.schedule.levels(50)[1].label == 1


def test_a_class_and_a_clean_level_of_ones_own(tmp_path):
    path = written(tmp_path, _class_name="LCMScheduler", prediction_type="sample", original_inference_steps=50)
    reading = read_scheduler(path, sigmas=Sigmas(), name="DDIMScheduler", final="level", clip=False)
    assert reading.process.schedule.levels(5)[0].sigma > 0
    assert reading.clip is None
    assert "passed over, as another class was asked for: original_inference_steps" in reading.told


def test_too_many_steps_are_refused(tmp_path):
    schedule = read(diffusers.DDIMScheduler(num_train_timesteps=20), tmp_path).process.schedule
    with pytest.raises(ConfigurationError, match="between 1 and 20"):
        schedule.levels(21)
