"""The figures behind the verdicts: a table a model and setting, yardsticks first."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from pages.markdown import code, table
from pages.reproduction.distances import DIGITS, DISTANCES
from pages.reproduction.results import UNIT, Cell, Results
from pages.reproduction.roles import ROLES
from pages.reproduction.scene import Scene, Yardstick

SCORES = ("s-hf", "s-lf", "psnr", "s-dc", "s-g", "energy")
HEADER = (
    "images",
    "kd-lite0",
    "less standard's",
    "fd-lite0",
    "less standard's",
    "S_HF [0, 1]",
    "S_HF",
    "S_LF",
    "PSNR",
    "S_DC",
    "S_G",
    "energy",
    "ln power off, coarse to fine",
)


def figures(results: Results) -> Iterator[str]:
    """Headings and tables, where anything was run."""
    yield "## Figures"
    for role, setting in results.models:
        rows = [(method, cell) for (r, s, method), cell in results.cells.items() if (r, s) == (role, setting)]
        if not rows:
            continue
        scene = results.scenes[setting]
        lines = [_yardstick(scene, yardstick) for yardstick in scene.yardsticks(results.models[role, setting])]
        lines += [_cell(results, (role, setting, method), cell) for method, cell in rows]
        yield f"### `{role}`, {setting}"
        yield table(HEADER, lines)
        yield _caption(results, role, scene)


def _caption(results: Results, role: str, scene: Scene) -> str:
    """What the numbers depend on."""
    cells = [cell for (r, setting, _), cell in results.cells.items() if (r, setting) == (role, scene.setting.name)]
    seeds, samples = dict.fromkeys(seed for cell in cells for seed in cell.outcomes), results.plan.samples
    return (
        f"{ROLES[role].told}. N = {samples}, seeds {', '.join(map(str, seeds))}; distances to {len(scene.real)} real "
        f"crops; S_HF: mu = {scene.range_255.reference.mu:.2f} on [0, 255], {scene.detail.reference.mu:.2f} on [0, 1]; "
        f"S_G of white noise: about {1 - 0.869 / samples**0.5:.2f}."
    )


def _yardstick(scene: Scene, yardstick: Yardstick) -> tuple[str, ...]:
    features = yardstick.measures.features
    ones = torch.ones(1, len(features))
    kernel, frechet = (float(distance(features, scene.real, ones)) for distance in DISTANCES.values())
    scores = (f"{yardstick.scores[name]:.{_digits(name)}f}" if name in yardstick.scores else "" for name in SCORES)
    off = _off(yardstick.measures.power.mean(0), scene)
    return (
        yardstick.told,
        f"{kernel:.4f}",
        "",
        f"{frechet:.2f}",
        "",
        f"{yardstick.measures.detail.mean():.3f}",
        *scores,
        off,
    )


def _cell(results: Results, key: tuple[str, str, str], cell: Cell) -> tuple[str, ...]:
    role, setting, method = key
    distances: list[str] = []
    for name, digits in DIGITS.items():
        paired = method != "standard" and (role, setting, "standard") in results.cells
        less = results.difference(role, setting, (method, "standard"), name).told(digits) if paired else ""
        distances += [cell.told(name, digits), less]
    scores = (cell.told(name, _digits(name)) for name in SCORES)
    return (code(method), *distances, cell.told(UNIT), *scores, _off(cell.power(), results.scenes[setting]))


def _digits(name: str) -> int:
    return 2 if name == "psnr" else 3


def _off(power: Tensor, scene: Scene) -> str:
    return ", ".join(f"{float(octave):+.2f}" for octave in power - scene.power)
