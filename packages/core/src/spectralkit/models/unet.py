"""The class-conditional U-Net of the shipped checkpoints: diffusers' ``UNet2DModel`` behind a learned class table.

The table has K + 1 rows, the last of them the null class, and lies outside the U-Net, so that a condition is always an
embedding: null-class inversion optimises one, negative-prompt inversion interpolates between two.
"""

from __future__ import annotations

from typing import cast

import attrs
from torch import Tensor, nn

from spectralkit.torchvision_fix import repair_torchvision


@attrs.frozen
class UNetConfig:
    """Architecture of :class:`ConditionalUNet`.

    Args:
        channels: Image channels.
        widths: Feature channels per resolution, finest first.
        blocks: Residual blocks per resolution.
        groups: Groups of the group normalisation.
    """

    channels: int = 3
    widths: tuple[int, ...] = attrs.field(default=(24, 48, 96, 144), converter=tuple)
    blocks: int = 1
    groups: int = 8


class ConditionalUNet(nn.Module):
    """``F(x, label, embedding)``; fully convolutional, sides divisible by ``2 ** (len(widths) - 1)``."""

    def __init__(self, config: UNetConfig, classes: int) -> None:
        super().__init__()
        repair_torchvision()
        from diffusers import UNet2DModel

        depth = len(config.widths)
        self.unet = UNet2DModel(
            in_channels=config.channels,
            out_channels=config.channels,
            block_out_channels=config.widths,
            layers_per_block=config.blocks,
            down_block_types=("DownBlock2D",) * depth,
            up_block_types=("UpBlock2D",) * depth,
            norm_num_groups=config.groups,
            class_embed_type="identity",
            add_attention=False,
        )
        self.table = nn.Embedding(classes + 1, 4 * config.widths[0])
        self.multiple = 2 ** (depth - 1)

    def forward(self, x: Tensor, label: Tensor, embedding: Tensor) -> Tensor:
        """(B, C, H, W), (B,), (B, D) -> (B, C, H, W)."""
        return cast(Tensor, self.unet(x, label, class_labels=embedding, return_dict=False)[0])

    def embed(self, classes: Tensor) -> Tensor:
        """Rows of the class table."""
        return cast(Tensor, self.table(classes))


def null_index(network: ConditionalUNet) -> int:
    """The row of the null class."""
    return network.table.num_embeddings - 1
