"""Prompts as embeddings, by the text encoders that lie beside a network.

They are loaded one after another, each asked once for all prompts and let go, before the network is read: so they never
lie in memory beside it.

* Stable Diffusion 1 and 2: the last hidden state of CLIP, (77, D).
* Stable Diffusion 3: the last but one of two CLIPs side by side, widened with zeros, above T5's, (77 + 256, D); and the
  pooled outputs of both CLIPs, (P,).
* Flux: T5's last, (512, D), and CLIP's pooled output, (P,).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import attrs
import torch
from torch import Tensor, nn

from spectralkit.errors import DataError
from spectralkit.models.documents import REMEDY
from spectralkit.plugins.text import brief, reason
from spectralkit_models_diffusers.encoder import load_encoder, load_tokenizer
from spectralkit_models_diffusers.layout import Layout

T5_TOKENS = {"StableDiffusion3": 256, "Flux": 512}
"""How many tokens T5 is given, as the pipelines do by default."""


@attrs.frozen(eq=False)
class Told:
    """What encoders make of prompts, a row each.

    Args:
        tokens: (n, L, D).
        pooled: (n, P), where the network takes it.
    """

    tokens: Tensor
    pooled: Tensor | None = None


def stable_diffusion(layout: Layout, prompts: Sequence[str], dtype: torch.dtype, width: int) -> Told:
    """As ``StableDiffusionPipeline``; ``width`` is what the network takes."""
    told = _ask(layout, "text_encoder", prompts, dtype, lambda output: (output[0],))
    return Told(_fitting(told[0], width, layout))


def stable_diffusion_3(layout: Layout, prompts: Sequence[str], dtype: torch.dtype, width: int) -> Told:
    """As ``StableDiffusion3Pipeline``; without T5 its tokens are zeros, as there."""
    clips = [
        _ask(layout, name, prompts, dtype, lambda output: (output.hidden_states[-2], output[0]))
        for name in ("text_encoder", "text_encoder_2")
    ]
    words = torch.cat([tokens for tokens, _ in clips], dim=-1)
    if words.shape[-1] > width:
        raise _misfit(layout, words.shape[-1], width)
    count = T5_TOKENS["StableDiffusion3"]
    if "text_encoder_3" in layout.texts:
        (long,) = _ask(layout, "text_encoder_3", prompts, dtype, lambda output: (output[0],), length=count)
    else:
        long = words.new_zeros(len(prompts), count, width)
    words = nn.functional.pad(words, (0, width - words.shape[-1]))
    pooled = torch.cat([pooled for _, pooled in clips], dim=-1)
    return Told(torch.cat((words, _fitting(long, width, layout)), dim=-2), pooled)


def flux(layout: Layout, prompts: Sequence[str], dtype: torch.dtype, width: int) -> Told:
    """As ``FluxPipeline``."""
    (pooled,) = _ask(layout, "text_encoder", prompts, dtype, lambda output: (output.pooler_output,))
    (tokens,) = _ask(layout, "text_encoder_2", prompts, dtype, lambda output: (output[0],), length=T5_TOKENS["Flux"])
    return Told(_fitting(tokens, width, layout), pooled)


def _fitting(tokens: Tensor, width: int, layout: Layout) -> Tensor:
    if tokens.shape[-1] != width:
        raise _misfit(layout, tokens.shape[-1], width)
    return tokens


def _misfit(layout: Layout, given: int, width: int) -> DataError:
    return DataError(f"{layout.root}: its text encoders give {given} numbers a token, but its network takes {width}")


def _ask(
    layout: Layout,
    name: str,
    prompts: Sequence[str],
    dtype: torch.dtype,
    answer: Callable[[Any], tuple[Tensor, ...]],
    *,
    length: int | None = None,
) -> tuple[Tensor, ...]:
    """What one encoder makes of all prompts.

    Args:
        layout: Where it lies.
        name: Its folder.
        prompts: What it is asked.
        dtype: What it runs in.
        answer: What is taken of its output.
        length: Tokens that prompts are brought to; None is as many as its tokenizer says.
    """
    if name not in layout.texts:
        raise DataError(f"pipeline {layout.root} has no {name}, which its prompts need")
    tokenizer = load_tokenizer(layout.root / name.replace("text_encoder", "tokenizer"))
    encoder = load_encoder(layout.texts[name], dtype)
    length = length or min(tokenizer.model_max_length, encoder.config.max_position_embeddings)
    try:
        tokens = tokenizer(list(prompts), padding="max_length", max_length=length, truncation=True, return_tensors="pt")
        full = tokenizer(list(prompts), truncation=False)["input_ids"]
        for prompt, ids in zip(prompts, full, strict=True):
            if len(ids) > length:
                warnings.warn(
                    f"prompt {brief(prompt)} has {len(ids)} tokens, of which {name} reads {length}", stacklevel=2
                )
        mask = tokens.attention_mask if getattr(encoder.config, "use_attention_mask", False) else None
        with torch.no_grad():
            return answer(encoder(tokens.input_ids, attention_mask=mask, output_hidden_states=True))
    except (RuntimeError, ValueError, IndexError, KeyError, AttributeError, TypeError) as error:
        raise DataError(f"text encoder {layout.texts[name]} fails: {reason(error)}; {REMEDY}") from error
