"""diffusers' class-conditional networks, fresh from their shapes; the null class comes last."""

from __future__ import annotations

from typing import Any

from torch import nn

from spectralkit.errors import ConfigurationError
from spectralkit.torchvision_fix import repair_torchvision
from spectralkit_models_training.config import DiffusionConfig


def backbone(config: DiffusionConfig, channels: int, side: int, classes: int) -> Any:
    """The network that a configuration asks for.

    Args:
        config: Its shape.
        channels: Of what it denoises.
        side: Of what it denoises; a U-Net takes other sizes too.
        classes: K; the network knows K + 1, the last of them the null class.

    Raises:
        ConfigurationError: If the shape is impossible, or does not fit the side.
    """
    repair_torchvision()
    return (unet if config.backbone == "unet" else dit)(config, channels, side, classes)


def unet(config: DiffusionConfig, channels: int, side: int, classes: int) -> Any:
    """``UNet2DModel`` (Ho et al. 2020), convolutional but for the attention at the resolutions that ask for it."""
    from diffusers import UNet2DModel

    depth = len(config.widths)
    for width in config.widths:
        if width % config.groups:
            raise ConfigurationError(f"widths must be multiples of groups, {config.groups}, got {width}")
    for each in (side, side // 2) if config.small_steps else (side,):
        if each % 2 ** (depth - 1):
            raise ConfigurationError(
                f"a U-Net of {depth} resolutions halves a side of {each} {depth - 1} times, which does not come out "
                "even: choose fewer widths or another size"
            )
    if beyond := [level for level in config.attention if level > depth]:
        raise ConfigurationError(f"attention at resolution {beyond[0]}, but widths has only {depth}")
    attends = [level in config.attention for level in range(1, depth + 1)]
    return UNet2DModel(
        sample_size=side,
        in_channels=channels,
        out_channels=channels,
        block_out_channels=config.widths,
        layers_per_block=config.layers,
        down_block_types=["AttnDownBlock2D" if attended else "DownBlock2D" for attended in attends],
        up_block_types=["AttnUpBlock2D" if attended else "UpBlock2D" for attended in reversed(attends)],
        norm_num_groups=config.groups,
        attention_head_dim=config.groups,
        add_attention=any(attends),  # in the middle too, as in Stable Diffusion
        num_class_embeds=classes + 1,
    )


def dit(config: DiffusionConfig, channels: int, side: int, classes: int) -> Any:
    """``DiTTransformer2DModel`` (Peebles & Xie 2023), every block the identity at first."""
    from diffusers import DiTTransformer2DModel

    if side % config.patch:
        raise ConfigurationError(f"patches of {config.patch} do not divide a side of {side}: choose another patch")
    if config.hidden % config.heads:
        raise ConfigurationError(f"hidden {config.hidden} is no multiple of heads {config.heads}")
    if config.hidden % 4:  # sines and cosines of two coordinates
        raise ConfigurationError(f"hidden {config.hidden} is no multiple of 4: choose another")
    network = DiTTransformer2DModel(
        num_attention_heads=config.heads,
        attention_head_dim=config.hidden // config.heads,
        in_channels=channels,
        out_channels=channels,
        num_layers=config.depth,
        sample_size=side,
        patch_size=config.patch,
        num_embeds_ada_norm=classes,
    )
    for block in network.transformer_blocks:
        _silence(block.norm1.linear)
        block.norm1.emb.class_embedder.dropout_prob = 0.0  # labels are dropped where batches are drawn
    _silence(network.proj_out_1)
    _silence(network.proj_out_2)
    return network


def _silence(layer: nn.Linear) -> None:
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
