"""The training of translators as a task, and of their discriminators as its rivals."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import attrs
import torch
from torch import Tensor, nn

from spectralkit.api import translate
from spectralkit.diffusion.frozen import frozen, place_of
from spectralkit.models.model import Model
from spectralkit_methods_cyclediff.cyclediff import cyclediff
from spectralkit_methods_cyclediff.directory import Facts, save_translators
from spectralkit_methods_cyclediff.training import losses
from spectralkit_methods_cyclediff.training.components import Components
from spectralkit_methods_cyclediff.training.config import CyclediffConfig
from spectralkit_methods_cyclediff.training.networks import Judges, Pair
from spectralkit_methods_cyclediff.translators import Domain, Translators
from spectralkit_models_training.scoring import Yardstick
from spectralkit_models_training.task import Batch, Rival, Shown

SHOWN = 8
"""Crops in a picture's row."""


@attrs.frozen(eq=False)
class CyclediffTask:
    """Translators against discriminators, on components of a frozen model.

    Args:
        config: How.
        model: The diffusion model.
        names: Of source and target.
        source: Components of the source.
        target: Components of the target.
        crops: (N, C, H, W) in [0, 1] of the source, which are translated to be shown and scored.
        yardstick: Scores images of the target.
        facts: Of the directory that is exported, but for ``training``.
        module: The translators.
        judges: The discriminators.
    """

    config: CyclediffConfig
    model: Model
    names: tuple[str, str]
    source: Components
    target: Components
    crops: Tensor
    yardstick: Yardstick
    facts: Facts
    module: Pair
    judges: Judges

    @property
    def rivals(self) -> tuple[Rival, ...]:
        return (Rival("discriminators", self.judges, self.discrimination),)

    def draw(self, step: int, batch: int, generator: torch.Generator) -> Batch:
        """Components and times of both domains, and (B, 2) numbers in [0, 1) for the discriminators' pools."""
        drawn = (*self.source.draw(batch, generator), *self.target.draw(batch, generator))
        return (*drawn, torch.rand(batch, 2, generator=generator))

    def loss(self, module: nn.Module, batch: Batch, step: int) -> Tensor:
        source, time_s, target, time_t, _ = batch
        made = losses.Translated(*(made.float() for made in module(source, time_s, target, time_t)))
        judges = frozen(self.judges, source.device)
        return (
            self.config.adversarial * losses.adversarial(made, time_s, time_t, judges.of_source, judges.of_target)
            + self.config.cycle * losses.cycle(made, source, target)
            + self.config.identity * losses.identity(made, source, target)
        )

    def discrimination(self, module: nn.Module, batch: Batch, step: int) -> Tensor:
        """The discriminators' loss, on translations as they are by now."""
        source, time_s, target, time_t, lots = batch
        pair = frozen(self.module, source.device)
        with torch.no_grad():
            fake_s, fake_t = pair.to_source(target, time_t), pair.to_target(source, time_s)
        verdicts = module((source, time_s), (target, time_t), (fake_s, time_t), (fake_t, time_s), lots)
        return losses.discrimination([row.float() for row in verdicts])

    def show(self, module: nn.Module) -> Shown:
        """Crops of the source above their translations, and how like the target those are."""
        method, device = cyclediff(self.translators(module)), place_of(module).device
        model = self.model.to(device)
        made = []
        for first in range(0, len(self.crops), SHOWN):
            ids = [f"shown-{i}" for i in range(first, first + SHOWN)]
            out = translate(
                model,
                method,
                self.crops[first : first + SHOWN],
                source=self.names[0],
                target=self.names[1],
                steps=self.config.sample_steps,
                seed=self.config.seed,
                ids=ids,
            )
            made.append(out.images.cpu())
        images = torch.cat(made)
        return Shown(torch.cat((self.crops[:SHOWN], images[:SHOWN])), SHOWN, self.yardstick.scores(images))

    def translators(self, module: nn.Module) -> Translators:
        """``module`` as what a run loads."""
        pair = cast(Pair, module)
        source, target = (Domain(name, self.model.conditions[name]) for name in self.names)
        return Translators(
            source=source,
            target=target,
            shape=self.facts.shape,
            to_target=pair.to_target,
            to_source=pair.to_source,
            model=self.facts.model,
        )

    def export(self, module: nn.Module, directory: Path, training: dict[str, Any]) -> None:
        save_translators(self.translators(module), attrs.evolve(self.facts, training=training), directory)
