"""``scheduler_config.json`` as a process: exactly, or refused by the name of the key that has no counterpart here.

A scheduler of diffusers is three things: the noise that the network was trained on, a grid of timesteps, and a solver.
The first two are taken over; the solver is what a method of this toolkit is. So what shapes a solver alone (PNDM's
``skip_prk_steps``, DDPM's ``variance_type``) is passed over, and what changes a level or a prediction is not.
"""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path
from typing import get_args

import attrs

from spectralkit.diffusion.betas import BetaSchedule
from spectralkit.diffusion.parameterization import (
    EpsParameterization,
    Parameterization,
    VParameterization,
    X0Parameterization,
)
from spectralkit.diffusion.process import Process
from spectralkit.diffusion.schedule import MOST_TIMESTEPS, Final, Spacing
from spectralkit.errors import DataError
from spectralkit.plugins.text import one_line
from spectralkit_models_diffusers.clipped import Clip
from spectralkit_models_diffusers.config import FLOW, PLAIN, Config, defaults_of, read_config
from spectralkit_models_diffusers.flow import Sigmas, read_flow
from spectralkit_models_diffusers.schedule import Rule, TrainedSchedule

PREDICTIONS: dict[str, Parameterization] = {
    "epsilon": EpsParameterization(),
    "sample": X0Parameterization(),
    "original_sample": X0Parameterization(),
    "v_prediction": VParameterization(),
}


@attrs.frozen
class Reading:
    """What a configuration comes to.

    Args:
        process: Levels and the meaning of the network's output.
        clip: How the predicted image is clipped, where it is.
        told: The process in words, with what was assumed.
        dynamic: Whether the levels are those of one size of images.
    """

    process: Process
    clip: Clip | None
    told: str
    dynamic: bool = False


def read_scheduler(
    path: Path, *, sigmas: Sigmas, name: str | None = None, final: Final | None = None, clip: bool | None = None
) -> Reading:
    """The process of a scheduler's configuration.

    Args:
        path: The file.
        sigmas: How the pipeline lays the grid of a flow.
        name: The class it is read as; None is its own.
        final: What the clean level is; None is what the configuration says.
        clip: Whether the predicted image is clipped; None is what the configuration says.

    Raises:
        DataError: If the file is missing, or a key has a value that cannot be expressed exactly.
    """
    config = read_config(path, name)
    for key, known in PLAIN.items():
        if key in config.values and key not in config.passed:
            config.one_of(key, known)
    T = config.number("num_train_timesteps", lambda n: n == int(n) and 1 <= n <= MOST_TIMESTEPS, "a whole number")
    if config.name == FLOW:
        process, told = read_flow(config, int(T), sigmas)
        return Reading(process, None, f"{config.name}: {told}", dynamic=bool(config["use_dynamic_shifting"]))
    return _discrete(config, int(T), final, clip)


def _discrete(config: Config, T: int, final: Final | None, clip: bool | None) -> Reading:
    euler = config.name.startswith("Euler")
    rule: Rule = "whole" if not euler else "karras" if config.values.get("use_karras_sigmas") else "between"
    if not euler and config.values.get("use_karras_sigmas"):
        raise config.refusal("use_karras_sigmas", f"which a {config.name} does not know")
    spacing = config.one_of("timestep_spacing", get_args(Spacing))
    kind = config.one_of("prediction_type", tuple(PREDICTIONS))
    ends = (config.values.get("sigma_min"), config.values.get("sigma_max")) if rule == "karras" else (None, None)
    table, betas = _alphas_bar(config, T)
    schedule = TrainedSchedule(
        alphas_bar=table,
        spacing=spacing,
        offset=int(config.number("steps_offset", lambda n: n == int(n) and 0 <= n < T, f"in 0 ... {T - 1}")),
        final=final or _final(config, euler),
        rule=rule,
        ends=ends,
    )
    if schedule.final == "clean" and kind in ("sample", "original_sample"):
        raise config.refusal(
            "prediction_type",
            f"and a {config.name} of these keys ends at a clean image, where a predicted image tells no noise: "
            "--set model.final=level ends at timestep 0",
        )
    if table[-1] == 0 and kind == "epsilon":
        raise config.refusal(
            "rescale_betas_zero_snr", "and predicts the noise, which tells no image where none is left"
        )
    clipped = _clip(config) if clip or clip is None else None
    return Reading(Process(schedule, PREDICTIONS[kind]), clipped, _told(config, schedule, kind, betas, clipped))


def _final(config: Config, euler: bool) -> Final:
    if euler:
        zero = config.one_of("final_sigmas_type", ("zero", "sigma_min")) if "final_sigmas_type" in config.values else ""
        return "level" if zero == "sigma_min" else "clean"
    if config.name == "DDPMScheduler":
        return "clean"
    return "clean" if config.one_of("set_alpha_to_one", (True, False)) else "level"


def _alphas_bar(config: Config, T: int) -> tuple[tuple[float, ...], str]:
    """The very numbers that diffusers trains on, which are of float32: in float64 they differ by 5e-7."""
    import diffusers

    betas = config["trained_betas"]
    if betas is None:
        told = config.one_of("beta_schedule", get_args(BetaSchedule))
        start = config.number("beta_start", lambda b: 0 < b < 1, "a number between 0 and 1")
        end = config.number("beta_end", lambda b: start <= b < 1, "a number from beta_start to 1")
        told = told if told == "squaredcos_cap_v2" else f"{told} {start:g} to {end:g}"
    else:
        told = "trained"
        fits = isinstance(betas, list) and len(betas) == T
        if not fits or not all(isinstance(b, float | int) and 0 < b < 1 for b in betas):
            raise config.refusal("trained_betas", f"expected {T} numbers between 0 and 1, one a timestep")
    names = (
        "num_train_timesteps",
        "beta_start",
        "beta_end",
        "beta_schedule",
        "trained_betas",
        "rescale_betas_zero_snr",
    )
    given = {key: config[key] for key in names if key in defaults_of(config.name)}
    if config.values.get("rescale_betas_zero_snr") and "rescale_betas_zero_snr" not in given:
        raise config.refusal("rescale_betas_zero_snr", f"which a {config.name} does not know")
    try:
        table = getattr(diffusers, config.name)(**given).alphas_cumprod.double().tolist()
    except Exception as error:  # a constructor fed with a stranger's values raises anything
        raise DataError(f"scheduler {config.path} cannot be built: {one_line(error)[:300]}") from error
    # Euler's last level of a rescaled table is a floor, which may lie above the one before.
    climbing = table[:-1] if given.get("rescale_betas_zero_snr") else table
    if not all(math.isfinite(a) and 0 <= a < 1 for a in table) or any(b >= a for a, b in pairwise(climbing)):
        raise config.refusal("beta_schedule", "whose levels do not climb from clean to noisy")
    return tuple(table), told + (", rescaled to end in noise alone" if given.get("rescale_betas_zero_snr") else "")


def _clip(config: Config) -> Clip | None:
    if "clip_sample" not in defaults_of(config.name) or not config.one_of("clip_sample", (True, False)):
        return None
    return Clip(config.positive("clip_sample_range"), follows=config.name == "DDPMScheduler")


def _told(config: Config, schedule: TrainedSchedule, kind: str, betas: str, clip: Clip | None) -> str:
    offset = f" + {schedule.offset}" if schedule.offset and schedule.spacing == "leading" else ""
    ends = "a clean image" if schedule.final == "clean" else "timestep 0"
    grid = f"{schedule.spacing}{offset}{' by Karras' if schedule.rule == 'karras' else ''}"
    told = f"{config.name}: {schedule.timesteps} timesteps, betas {betas}, {kind}, grid {grid}, ends at {ends}"
    if clip is not None:
        told += (
            f", images clipped to {clip.bound:g} at each step as clip_sample says (--set model.clip=False leaves it)"
        )
    if config.passed:
        told += f"; passed over, as another class was asked for: {', '.join(config.passed)}"
    elif config.name not in ("DDIMScheduler", "DDIMInverseScheduler"):
        told += "; assumed: its solver is the method's"
    return told
