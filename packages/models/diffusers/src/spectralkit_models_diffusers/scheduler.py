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
from spectralkit_models_diffusers.config import (
    BETWEEN,
    EDM,
    FLOW,
    INNER,
    PLAIN,
    WHOLE,
    Config,
    defaults_of,
    read_config,
)
from spectralkit_models_diffusers.edm import read_edm
from spectralkit_models_diffusers.flow import read_flow
from spectralkit_models_diffusers.frame import Sigmas
from spectralkit_models_diffusers.schedule import Rule, TrainedSchedule

PREDICTIONS: dict[str, Parameterization] = {
    "epsilon": EpsParameterization(),
    "sample": X0Parameterization(),
    "original_sample": X0Parameterization(),
    "v_prediction": VParameterization(),
}


RISING = ("linear", "scaled_linear", "sigmoid")
"""Betas that rise from beta_start to beta_end."""

SHAPED = ("squaredcos_cap_v2", "exp", "laplace")
"""Those that have their own ends."""

AS_THEY_FALL = ("Euler", "Heun", "LMS")
"""Whose networks are told timesteps of a Karras grid that are no whole numbers."""


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
    if config.name in EDM:
        process, told = read_edm(config, final)
        return Reading(process, None, told)
    return _discrete(config, int(T), final, clip)


def _discrete(config: Config, T: int, final: Final | None, clip: bool | None) -> Reading:
    rule = _rule(config)
    kind = config.one_of("prediction_type", tuple(PREDICTIONS))
    table, betas = _alphas_bar(config, T)
    schedule = TrainedSchedule(
        alphas_bar=table,
        spacing=_spacing(config),
        offset=_offset(config, T),
        final=final or _final(config),
        rule=rule,
        ends=_ends(config, table) if rule == "karras" else (None, None),
        rounds=rule == "karras" and not config.name.startswith(AS_THEY_FALL),
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


def _rule(config: Config) -> Rule:
    """How the grid is laid; Karras's only where each of its levels is one that is expressed here."""
    if not config.values.get("use_karras_sigmas"):
        return "between" if config.name in BETWEEN else "inner" if config.name in INNER else "whole"
    if config.name not in (*BETWEEN, *INNER):
        raise config.refusal("use_karras_sigmas", f"which a {config.name} does not know")
    if config.name.startswith("DEIS") or (config.name.startswith("UniPC") and _final(config) == "level"):
        raise config.refusal("use_karras_sigmas", f"by which a {config.name} of these keys stays at its last level")
    if config.name == "DPMSolverMultistepScheduler" and config["beta_schedule"] == "squaredcos_cap_v2":
        raise config.refusal("use_karras_sigmas", f"whose timesteps a {config.name} cuts off for squaredcos_cap_v2")
    return "karras"


def _spacing(config: Config) -> Spacing:
    if "timestep_spacing" not in defaults_of(config.name):
        return "linspace"  # DPMSolverSinglestepScheduler knows no other
    spacing: Spacing = config.one_of("timestep_spacing", get_args(Spacing))
    return spacing


def _offset(config: Config, T: int) -> int:
    if "steps_offset" not in defaults_of(config.name):
        return 0
    return int(config.number("steps_offset", lambda n: n == int(n) and 0 <= n < T, f"in 0 ... {T - 1}"))


def _ends(config: Config, table: tuple[float, ...]) -> tuple[float | None, float | None]:
    """Of a grid of Karras: those of the configuration; else Euler's are of its grid, and others of the whole table."""
    given = config.values.get("sigma_min"), config.values.get("sigma_max")
    if config.name in BETWEEN:
        return given
    whole = (math.sqrt((1 - abar) / abar) for abar in (table[0], table[-1]))
    low, high = (end or own for end, own in zip(given, whole, strict=True))
    return low, high


def _final(config: Config) -> Final:
    if config.name in WHOLE:
        always = config.name.startswith("DDPM")
        return "clean" if always or config.one_of("set_alpha_to_one", (True, False)) else "level"
    if config.name.startswith("DEIS"):
        return "level"
    knows = "final_sigmas_type" in defaults_of(config.name)
    kind = config.one_of("final_sigmas_type", ("zero", "sigma_min")) if knows else "zero"
    return "level" if kind == "sigma_min" else "clean"


def _alphas_bar(config: Config, T: int) -> tuple[tuple[float, ...], str]:
    """The very numbers that diffusers trains on, which are of float32: in float64 they differ by 5e-7."""
    import diffusers

    betas = config["trained_betas"]
    if betas is None:
        told = config.one_of("beta_schedule", (*RISING, *SHAPED))
        start = config.number("beta_start", lambda b: 0 < b < 1, "a number between 0 and 1")
        end = config.number("beta_end", lambda b: start <= b < 1, "a number from beta_start to 1")
        told = f"{told} {start:g} to {end:g}" if told in RISING else told
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
    except NotImplementedError as error:
        raise config.refusal("beta_schedule", f"which a {config.name} does not know") from error
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
    follows = config.name.startswith(("DDPM", "Heun"))
    return Clip(config.positive("clip_sample_range"), follows=follows)


def _told(config: Config, schedule: TrainedSchedule, kind: str, betas: str, clip: Clip | None) -> str:
    offset = f" + {schedule.offset}" if schedule.offset and schedule.spacing == "leading" else ""
    ends = "a clean image" if schedule.final == "clean" else "timestep 0"
    laid = {"karras": " by Karras", "inner": " of one more, without its lowest"}.get(schedule.rule, "")
    grid = f"{schedule.spacing}{offset}{laid}"
    told = f"{config.name}: {schedule.timesteps} timesteps, betas {betas}, {kind}, grid {grid}, ends at {ends}"
    if clip is not None:
        told += (
            f", images clipped to {clip.bound:g} at each step as clip_sample says (--set model.clip=False leaves it)"
        )
    if config.passed:
        told += f"; passed over, as another class was asked for: {', '.join(config.passed)}"
    elif not config.name.startswith("DDIM"):
        told += "; assumed: its solver is the method's"
    return told
