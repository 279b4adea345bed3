"""Train a class-conditional U-Net on an unpaired training set, resumably.

The loss is the unweighted squared error of the raw output F against the parameterization's target. A label is
replaced by the null class with probability ``p_uncond``. AdamW, linear warm-up, gradient clip 1, exponential moving
average ``min(ema, (1 + m) / (10 + m))`` with ``m = max(0, step - 100)``, updated after the optimiser's step.

Crops grow: early updates use half the side at twice the batch.
"""

from __future__ import annotations

import copy
import time
from pathlib import Path

import attrs
import torch
from torch import Tensor, nn

from spectralkit.data import TrainingSet
from spectralkit.diffusion.parameterization import Parameterization
from spectralkit.diffusion.schedule import Schedule
from spectralkit.models.unet import ConditionalUNet, null_index


@attrs.frozen
class TrainingConfig:
    """Hyper-parameters of one training run; the defaults made the shipped checkpoints.

    Args:
        steps: Updates in all.
        small_steps: Of these, how many on crops of half the side at twice the batch, which cost half the time.
        batch: Samples an update.
        size: Side of the crops.
        learning_rate: Of AdamW, after warm-up.
        warmup: Updates of linear warm-up.
        final_decay: Updates over which the rate falls linearly to zero at the end.
        ema: Largest decay of the moving average.
        p_uncond: Probability of the null class in place of the label.
        p_target: Probability of the target domain; the sources share the rest.
        clip: Bound on the gradient's norm.
        seed: Of weights, data, levels and noise.
    """

    steps: int = 3300
    small_steps: int = 2000
    batch: int = 16
    size: int = 64
    learning_rate: float = 3e-4
    warmup: int = 200
    final_decay: int = 800
    ema: float = 0.999
    p_uncond: float = 0.1
    p_target: float = 0.5
    clip: float = 1.0
    seed: int = 0


@attrs.define(eq=False)
class Trainer:
    """The state of one run: network, average, optimiser, generator and step; saved and restored as a whole."""

    network: ConditionalUNet
    schedule: Schedule
    parameterization: Parameterization
    data: TrainingSet
    config: TrainingConfig
    step: int = 0
    average: ConditionalUNet = attrs.field(init=False)
    optimiser: torch.optim.Optimizer = attrs.field(init=False)
    generator: torch.Generator = attrs.field(init=False)
    loss: float = attrs.field(default=float("nan"), init=False)

    def __attrs_post_init__(self) -> None:
        self.average = copy.deepcopy(self.network).requires_grad_(False)
        self.optimiser = torch.optim.AdamW(self.network.parameters(), lr=self.config.learning_rate, weight_decay=0.0)
        self.generator = torch.Generator().manual_seed(self.config.seed)

    def rate(self) -> float:
        """The learning rate's factor: warm-up, plateau, linear decay."""
        config = self.config
        return min(1.0, (self.step + 1) / config.warmup, (config.steps - self.step) / config.final_decay)

    def draw_domains(self, batch: int) -> Tensor:
        """Random classes: the target (the last) with probability ``p_target``, else a uniform source."""
        sources = len(self.data.conditions) - 1
        is_target = torch.rand(batch, generator=self.generator) < self.config.p_target
        source = torch.randint(sources, (batch,), generator=self.generator)
        return torch.where(is_target, torch.tensor(sources), source)

    def batch_loss(self) -> Tensor:
        """Mean squared error of one random batch."""
        small = self.step < self.config.small_steps
        size, batch = (self.config.size // 2, self.config.batch * 2) if small else (self.config.size, self.config.batch)
        domains = self.draw_domains(batch)
        x0 = self.data.draw(domains.tolist(), size, self.generator) * 2 - 1
        dropped = torch.rand(batch, generator=self.generator) < self.config.p_uncond
        classes = torch.where(dropped, torch.tensor(null_index(self.network)), domains)
        levels = self.schedule.draw(batch, self.generator)
        alpha, sigma = (v.float().view(-1, 1, 1, 1) for v in (levels.alpha, levels.sigma))
        eps = torch.randn(x0.shape, generator=self.generator)
        x = alpha * x0 + sigma * eps
        scaled = self.parameterization.input_scale(alpha, sigma) * x
        output = self.network(scaled, levels.label.float(), self.network.embed(classes))
        return nn.functional.mse_loss(output, self.parameterization.target(x0, eps, alpha, sigma))

    def update(self) -> None:
        """One optimiser step and one step of the moving average."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.config.learning_rate * self.rate()
        loss = self.batch_loss()
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        nn.utils.clip_grad_norm_(self.network.parameters(), self.config.clip)
        self.optimiser.step()
        self.step += 1
        self._update_average()
        self.loss = loss.item()

    @torch.no_grad()
    def _update_average(self) -> None:
        m = max(0, self.step - 100)
        decay = min(self.config.ema, (1 + m) / (10 + m)) if self.step > 100 else 0.0
        for mean, value in zip(self.average.parameters(), self.network.parameters(), strict=True):
            mean.lerp_(value, 1 - decay)

    def save(self, path: Path) -> None:
        """Write the whole state to ``path`` atomically."""
        state = {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "generator": self.generator.get_state(),
            "step": self.step,
        }
        partial = path.with_suffix(".partial")
        torch.save(state, partial)
        partial.replace(path)

    def restore(self, path: Path) -> None:
        """Continue from a state written by :meth:`save`."""
        state = torch.load(path, weights_only=True)
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.generator.set_state(state["generator"])
        self.step = state["step"]


def train(trainer: Trainer, state: Path, every: int = 250) -> None:
    """Run to the configured number of steps, saving the state every ``every`` steps."""
    if state.exists():
        trainer.restore(state)
    start, losses = time.perf_counter(), []
    while trainer.step < trainer.config.steps:
        trainer.update()
        losses.append(trainer.loss)
        if trainer.step % every == 0 or trainer.step == trainer.config.steps:
            trainer.save(state)
            rate = (time.perf_counter() - start) / len(losses)
            print(
                f"step {trainer.step} loss {sum(losses[-every:]) / len(losses[-every:]):.4f} {rate:.2f} s/step",
                flush=True,
            )
