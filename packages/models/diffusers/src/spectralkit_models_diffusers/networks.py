"""diffusers' networks as ``F(x, label, embedding)``, with what they can be told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import attrs
import torch
from torch import Tensor, nn

from spectralkit.diffusion.frozen import frozen
from spectralkit.errors import ConfigurationError, DataError
from spectralkit.models.backbone import told
from spectralkit.models.documents import CONFIG
from spectralkit.models.own import Called
from spectralkit.models.pretrained import load_part
from spectralkit.plugins.text import brief
from spectralkit_models_diffusers.conditions import Conditions, classes, prompts_told, unconditional
from spectralkit_models_diffusers.frame import Frame
from spectralkit_models_diffusers.layout import Layout
from spectralkit_models_diffusers.prompted import Flux, Joint, Prompted, packed
from spectralkit_models_diffusers.text import Told, flux, stable_diffusion, stable_diffusion_3

PLAIN: dict[str, tuple[Any, ...]] = {
    "class_embed_type": (None,),
    "addition_embed_type": (None,),
    "encoder_hid_dim_type": (None,),
    "time_cond_proj_dim": (None,),
}
"""Keys by which a network takes what nobody can tell it here, and the values by which it does not."""

TOKENS = 77
"""Tokens of a prompt that nobody encodes."""


@attrs.frozen
class Wishes:
    """What somebody wants a network to be told.

    Args:
        null: Number of the class that stands for none.
        prompts: Texts that become conditions.
        negative: The prompt that guidance leads away from; None is the empty one.
    """

    null: int | None = None
    prompts: tuple[str, ...] = ()
    negative: str | None = None


@attrs.frozen(eq=False)
class Network:
    """A network that is ready to be asked.

    Args:
        module: ``F(x, label, embedding)``.
        conditions: What it can be told.
        told: It in words.
        guided: Whether it takes the weight of guidance as the last number of the embedding.
    """

    module: nn.Module
    conditions: Conditions
    told: str
    guided: bool = False


class Halved(nn.Module):
    """The first half of the channels of what a network returns; the second is a variance that it learned."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor, label: Tensor, embedding: Tensor) -> Tensor:
        """(B, C, H, W), (B,), (B, ...) -> (B, C, H, W)."""
        return cast(Tensor, self.network(x, label, embedding)[:, : x.shape[1]])


def load_network(layout: Layout, frame: Frame, dtype: torch.dtype, wishes: Wishes) -> Network:
    """The network of a directory; text encoders are read, asked and let go before it.

    Raises:
        DataError: If a part is missing, corrupt, or takes what nobody can tell it here.
        ConfigurationError: If it cannot be told what is wished.
    """
    path = layout.network / CONFIG
    for key, known in PLAIN.items():
        if frame.config.get(key) not in known:
            raise DataError(f"network {path} has {key} = {brief(frame.config[key])}, which cannot be expressed here")
    taken = frame.config["in_channels"]
    given = frame.config.get("out_channels") or taken
    halved = given == 2 * taken
    if given != taken and not halved:
        raise DataError(f"network {path} has in_channels = {taken} and out_channels = {given}: it predicts no state")
    if frame.name in CLASSIFIED:
        if wishes.prompts or wishes.negative is not None:
            raise ConfigurationError(f"a {frame.name} takes no prompts: leave them out")
        raw = load_part(layout.network, [frame.name], dtype, frame.document)
        module, conditions = CLASSIFIED[frame.name](raw, layout.labels, wishes.null)
        guided = False
    else:
        if wishes.null is not None:
            raise ConfigurationError(f"null cannot be {wishes.null}: a {frame.name} takes no classes")
        wrap, encode = PROMPTED[frame.name]
        guided = bool(frame.config.get("guidance_embeds"))
        conditions = _prompts(layout, frame, wishes, guided, lambda texts, width: encode(layout, texts, dtype, width))
        raw = load_part(layout.network, [frame.name], dtype, frame.document)
        module = wrap(frozen(raw))
    if halved:
        module = Halved(module)
    return Network(module.eval(), conditions, _described(raw, frame.name, halved), guided)


def _described(network: nn.Module, name: str, halved: bool) -> str:
    weights = sum(p.numel() for p in network.parameters())
    precision = str(next(network.parameters()).dtype).removeprefix("torch.")
    told = f"{name}, {weights / 1e6:.3g} million weights in {precision}"
    if halved:
        told += ", of whose output the first half is used (the rest is a learned variance)"
    return told


def _unet(network: Any, labels: Mapping[int, str], null: int | None) -> tuple[nn.Module, Conditions]:
    count = network.config.num_class_embeds
    if count is None:
        if null is not None:
            raise ConfigurationError(f"null cannot be {null}: the network takes no classes")
        return Called(frozen(network), conditional=False), unconditional()
    module, table = told(network)
    if null is None and labels and set(labels) == set(range(count - 1)):
        why = f"the last of {count} rows is the null class, assumed because id2label leaves it out"
        return module, classes(table, labels, count - 1, why)
    why = "no null class, so guidance must stay 1 (--set model.null=NUMBER names one)"
    return module, classes(table, labels, null, why if null is None else f"class {null} is the null class")


def _dit(network: Any, labels: Mapping[int, str], null: int | None) -> tuple[nn.Module, Conditions]:
    module, table = told(network)
    count = network.config.num_embeds_ada_norm
    row = count if null is None and len(table) == count + 1 else null
    return module, classes(table, labels, row, "no null class" if row is None else f"row {row} is the null class")


CLASSIFIED: dict[str, Callable[[Any, Mapping[int, str], int | None], tuple[nn.Module, Conditions]]] = {
    "UNet2DModel": _unet,
    "DiTTransformer2DModel": _dit,
}
"""Networks that take a class, or nothing."""

Encode = Callable[[Layout, Sequence[str], torch.dtype, int], Told]

PROMPTED: dict[str, tuple[Callable[[Any], nn.Module], Encode]] = {
    "UNet2DConditionModel": (Prompted, stable_diffusion),
    "SD3Transformer2DModel": (Joint, stable_diffusion_3),
    "FluxTransformer2DModel": (Flux, flux),
}
"""Networks that take prompts, and who encodes them."""


def _prompts(
    layout: Layout, frame: Frame, wishes: Wishes, guided: bool, encode: Callable[[Sequence[str], int], Told]
) -> Conditions:
    width = frame.config.get("joint_attention_dim") or frame.config.get("cross_attention_dim")
    if type(width) is not int:
        raise DataError(
            f"network {layout.network / CONFIG} has cross_attention_dim = {brief(width)}, which is no number"
        )
    if guided and wishes.negative is not None:
        raise ConfigurationError(f"this {frame.name} is told its guidance as a number and takes no negative prompt")
    if layout.texts:
        away = () if guided else (wishes.negative or "",)
        texts = tuple(dict.fromkeys((*(wishes.prompts or ("",)), *away)))
        rows = packed(encode(texts, width))
        by_text = {text: rows[i : i + 1] for i, text in enumerate(texts)}
        return prompts_told(by_text, wishes.prompts, wishes.negative, guided)
    if wishes.prompts or wishes.negative is not None:
        raise ConfigurationError(f"{layout.root} holds no text encoder to take prompts: name the whole pipeline")
    pooled = frame.config.get("pooled_projection_dim")
    blank = torch.zeros(1, TOKENS, width)
    row = packed(Told(blank, None if pooled is None else blank.new_zeros(1, pooled)))
    return unconditional(row, f"zeros in place of a prompt's {TOKENS} tokens, assumed as there is no text encoder")
