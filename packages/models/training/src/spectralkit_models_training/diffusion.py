"""A class-conditional diffusion model as a task: on pixels or on latents, any process, U-Net or DiT."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import attrs
import torch
from torch import Tensor, nn

from spectralkit.data import TrainingSet
from spectralkit.diffusion.denoiser import NetworkDenoiser
from spectralkit.diffusion.schedule import LevelBatch
from spectralkit.models.backbone import told
from spectralkit.models.card import Card
from spectralkit.models.checkpoint import save_checkpoint
from spectralkit.models.model import Codec, Model
from spectralkit.models.prior import generate
from spectralkit_models_training.config import DiffusionConfig
from spectralkit_models_training.objective import Objective
from spectralkit_models_training.scoring import Yardstick
from spectralkit_models_training.source import Source
from spectralkit_models_training.task import Batch, Rival, Shown

COUNT = 64
"""Pictures that are scored."""

ROWS = 8
"""Pictures of each condition that are shown."""


@attrs.frozen(eq=False)
class DiffusionTask:
    """Learns to denoise samples under their domain's label.

    Args:
        module: diffusers' network; its last class is the null class.
        config: How.
        data: Whose domains are the conditions; the last is the target.
        source: Of samples.
        objective: Of the regression.
        codec: Between pixels and samples.
        card: What the checkpoint will say, but for ``training``.
        autoencoder: Of a latent diffusion.
        yardstick: Scores pictures of the target domain.
    """

    module: nn.Module
    config: DiffusionConfig
    data: TrainingSet
    source: Source
    objective: Objective
    codec: Codec
    card: Card
    autoencoder: nn.Module | None
    yardstick: Yardstick
    rivals: ClassVar[tuple[Rival, ...]] = ()

    def draw(self, step: int, batch: int, generator: torch.Generator) -> Batch:
        small = step < self.config.small_steps
        domains = _domains(shares(self.config, len(self.data.conditions)), 2 * batch if small else batch, generator)
        x0 = self.source.draw(domains, small, generator)
        dropped = torch.rand(len(domains), generator=generator) < self.config.p_uncond
        levels = self.objective.draw(len(domains), generator)
        eps = torch.randn(x0.shape, generator=generator)
        classes = torch.where(dropped, len(self.data.conditions), domains)
        return x0, eps, classes, levels.label, levels.alpha, levels.sigma

    def loss(self, module: nn.Module, batch: Batch, step: int) -> Tensor:
        x0, eps, classes, label, alpha, sigma = batch
        problem = self.objective.problem(x0, eps, LevelBatch(label, alpha, sigma))
        output = module(problem.scaled, problem.label, class_labels=classes, return_dict=False)[0]
        return problem.loss(output)

    def show(self, module: nn.Module) -> Shown:
        model = self.model(module)
        rows, steps = [], self.config.sample_steps
        for condition in model.conditions:
            count = COUNT if condition == self.data.conditions[-1] else ROWS
            rows.append(generate(model, condition, count, steps=steps, seed=self.config.seed))
        return Shown(torch.cat([row[:ROWS] for row in rows]), ROWS, self.yardstick.scores(rows[-1]))

    def model(self, module: nn.Module) -> Model:
        """``module`` as what a run loads."""
        network, table = told(module)
        return Model(
            name="training",
            denoiser=NetworkDenoiser(network, self.objective.process.parameterization),
            schedule=self.objective.process.schedule,
            codec=self.codec,
            conditions={name: table[i : i + 1] for i, name in enumerate(self.card.conditions)},
            null=table[-1:],
            shape=self.card.shape,
            dataset=self.card.dataset,
        )

    def export(self, module: nn.Module, directory: Path, training: dict[str, Any]) -> None:
        save_checkpoint(directory, module, attrs.evolve(self.card, training=training), self.autoencoder)


def shares(config: DiffusionConfig, conditions: int) -> Tensor:
    """(K,) probabilities of the domains: the target is the last, the sources share the rest."""
    if conditions == 1:
        return torch.ones(1, dtype=torch.float64)
    row = torch.full((conditions,), (1 - config.p_target) / (conditions - 1), dtype=torch.float64)
    row[-1] = config.p_target
    return row


def _domains(probabilities: Tensor, batch: int, generator: torch.Generator) -> Tensor:
    return torch.multinomial(probabilities, batch, replacement=True, generator=generator)
