"""The players: two translators, two patch discriminators with the translations that they remember."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from spectralkit.errors import ConfigurationError
from spectralkit.torchvision_fix import repair_torchvision
from spectralkit_methods_cyclediff.training.config import CyclediffConfig
from spectralkit_methods_cyclediff.training.losses import Translated
from spectralkit_methods_cyclediff.translators import Translator

Timed = tuple[Tensor, Tensor]
"""Components, (B, C, H, W), and their times, (B,)."""


def translator(config: CyclediffConfig, shape: tuple[int, ...]) -> Translator:
    """A fresh translator of states of (C, H, W), the identity.

    Raises:
        ConfigurationError: If its widths do not fit the sides.
    """
    repair_torchvision()
    from diffusers import UNet2DModel

    depth = len(config.widths)
    if any(side % 2 ** (depth - 1) for side in shape[1:]):
        raise ConfigurationError(
            f"a translator of {depth} widths halves the state's sides {shape[1]} and {shape[2]} {depth - 1} times, "
            "which does not come out even: choose fewer widths"
        )
    network = UNet2DModel(
        sample_size=shape[1:],
        in_channels=shape[0],
        out_channels=shape[0],
        block_out_channels=config.widths,
        layers_per_block=config.layers,
        down_block_types=["DownBlock2D"] * depth,
        up_block_types=["UpBlock2D"] * depth,
        norm_num_groups=config.groups,
        add_attention=False,
    )
    nn.init.zeros_(network.conv_out.weight)
    nn.init.zeros_(network.conv_out.bias)
    return Translator(network)


class Pair(nn.Module):
    """G and H.

    Args:
        config: Of both.
        shape: (C, H, W) of a state.
    """

    def __init__(self, config: CyclediffConfig, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.to_target, self.to_source = (translator(config, shape) for _ in range(2))

    def forward(self, source: Tensor, time_s: Tensor, target: Tensor, time_t: Tensor) -> Translated:
        """Both domains there, back, and through the translator that should leave them alone.

        Args:
            source: (B, C, H, W), components of the source.
            time_s: (B,), their times.
            target: (B, C, H, W), components of the target.
            time_t: (B,), their times.
        """
        # The first two of the three uses of each translator are one batch.
        fake_t, same_t = self.to_target(torch.cat((source, target)), torch.cat((time_s, time_t))).chunk(2)
        fake_s, same_s = self.to_source(torch.cat((target, source)), torch.cat((time_t, time_s))).chunk(2)
        back_s, back_t = self.to_source(fake_t, time_s), self.to_target(fake_s, time_t)
        return Translated(fake_t, fake_s, back_s, back_t, same_s, same_t)


class Judge(nn.Module):
    """A patch discriminator (Isola et al. 2017) that is told a component's time, as one more channel.

    Args:
        widths: Channels at a half, a quarter, ... of the side.
        channels: Of a component.
    """

    def __init__(self, widths: tuple[int, ...], channels: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels += 1
        for index, width in enumerate(widths):
            layers.append(nn.Conv2d(channels, width, 4, stride=2, padding=1))
            layers.extend([nn.GroupNorm(1, width)] if index else [])  # the first layer sees amplitudes as they are
            layers.append(nn.LeakyReLU(0.2))
            channels = width
        self.layers = nn.Sequential(*layers, nn.Conv2d(channels, 1, 3, padding=1))

    def forward(self, component: Tensor, time: Tensor) -> Tensor:
        """(B, C, H, W) and (B,) in [0, 1] -> (B, 1, h, w), a verdict a patch."""
        told = (2 * time - 1).view(-1, 1, 1, 1).expand(-1, 1, *component.shape[2:])
        return cast(Tensor, self.layers(torch.cat((component, told), dim=1)))


class Pool(nn.Module):
    """Earlier translations (Shrivastava et al. 2017): half of what is shown is one of them, in exchange for the new.

    Args:
        size: How many are held.
        shape: (C, H, W) of each.
    """

    held: Tensor
    times: Tensor
    count: Tensor

    def __init__(self, size: int, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.register_buffer("held", torch.zeros(size, *shape))
        self.register_buffer("times", torch.zeros(size))
        self.register_buffer("count", torch.tensor(0))

    @torch.no_grad()
    def forward(self, fakes: Tensor, times: Tensor, lots: Tensor) -> tuple[Tensor, Tensor]:
        """(B, C, H, W) and their (B,) times, drawn by (B,) numbers in [0, 1) -> the same of what is shown."""
        shown, when = fakes.float().clone(), times.clone()
        for row, time, lot in zip(shown, when, lots.tolist(), strict=True):
            size, count = len(self.held), int(self.count)
            if count < size:
                self.held[count], self.times[count] = row, time
                self.count += 1
            elif lot >= 0.5:
                place = int((2 * lot - 1) * size)
                earlier, then = self.held[place].clone(), self.times[place].clone()
                self.held[place], self.times[place] = row, time
                row.copy_(earlier)
                time.copy_(then)
        return shown, when


class Judges(nn.Module):
    """The discriminators of both domains, each with its pool.

    Args:
        config: Of both.
        shape: (C, H, W) of a state.
    """

    def __init__(self, config: CyclediffConfig, shape: tuple[int, ...]) -> None:
        super().__init__()
        least = 2 ** len(config.judge_widths)
        if min(shape[1:]) < least:
            raise ConfigurationError(
                f"discriminators of {len(config.judge_widths)} widths need states of {least} a side, got {shape[1]}x"
                f"{shape[2]}: choose fewer judge-widths"
            )
        self.of_source, self.of_target = (Judge(config.judge_widths, shape[0]) for _ in range(2))
        self.pool_source, self.pool_target = (Pool(config.pool, shape) for _ in range(2))

    def forward(self, source: Timed, target: Timed, fake_s: Timed, fake_t: Timed, lots: Tensor) -> list[Tensor]:
        """Verdicts on real and on shown components of the source, then of the target.

        Args:
            source: Components of the source.
            target: Components of the target.
            fake_s: Translations of the target.
            fake_t: Translations of the source.
            lots: (B, 2) numbers in [0, 1), what the pools draw by.
        """
        verdicts: list[Tensor] = []
        for judge, pool, real, fake, lot in (
            (self.of_source, self.pool_source, source, fake_s, lots[:, 0]),
            (self.of_target, self.pool_target, target, fake_t, lots[:, 1]),
        ):
            shown = pool(*fake, lot)
            verdicts += cast(Tensor, judge(*map(torch.cat, zip(real, shown, strict=True)))).chunk(2)
        return verdicts
