"""Small pipelines with random weights, saved as diffusers saves them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from spectralkit.torchvision_fix import repair_torchvision

repair_torchvision()
import diffusers  # noqa: E402  (imports only after the repair)

Save = Callable[..., Path]


def built(kind: Any, changes: dict[str, Any], *, seed: int = 0, **settings: Any) -> Any:
    """A network of random weights, to be asked."""
    torch.manual_seed(seed)
    return kind(**{**settings, **changes}).eval()


def stirred(network: Any) -> Any:
    """Weights that answer something: those of last layers may begin at zero."""
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    return network


def unet(**changes: Any) -> Any:
    return built(
        diffusers.UNet2DModel,
        changes,
        sample_size=16,
        in_channels=3,
        out_channels=3,
        block_out_channels=(8, 16),
        layers_per_block=1,
        down_block_types=("DownBlock2D", "AttnDownBlock2D"),
        up_block_types=("AttnUpBlock2D", "UpBlock2D"),
        norm_num_groups=4,
        attention_head_dim=4,
    )


def dit(**changes: Any) -> Any:
    network = built(
        diffusers.DiTTransformer2DModel,
        changes,
        sample_size=8,
        in_channels=4,
        out_channels=8,
        num_layers=2,
        num_attention_heads=2,
        attention_head_dim=4,
        num_embeds_ada_norm=5,
        patch_size=2,
        norm_num_groups=1,
    )
    return stirred(network)


def vae(**changes: Any) -> Any:
    return built(
        diffusers.AutoencoderKL,
        changes,
        seed=1,
        in_channels=3,
        out_channels=3,
        latent_channels=4,
        block_out_channels=(8, 8),
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        norm_num_groups=4,
        sample_size=16,
    )


def ddim(**changes: Any) -> Any:
    return diffusers.DDIMScheduler(**{"clip_sample": False, **changes})


@pytest.fixture
def save(tmp_path: Path) -> Save:
    """Saves a pipeline, or a bare network with a scheduler, and says where."""

    def saved(part: Any, scheduler: Any | None = None) -> Path:
        directory = tmp_path / f"saved{len(list(tmp_path.iterdir()))}"
        part.save_pretrained(directory)
        if scheduler is not None:
            scheduler.save_pretrained(directory / "scheduler")
        return directory

    return saved


@pytest.fixture(scope="session")
def small() -> Any:
    """The parts by name."""
    networks = (unet, dit, vae, conditional_unet, sd3, flux)
    parts = (*networks, ddim, clip, t5, stable_diffusion, stable_diffusion_3, flux_pipeline)
    return SimpleNamespace(**{part.__name__: part for part in parts})


# --- prompts ----------------------------------------------------------------------------------------------------------

LETTERS = "abcdefghijklmnopqrstuvwxyz"


def clip(
    projected: bool = False, width: int = 12, seed: int = 2, between: int = 16, layers: int = 3
) -> tuple[Any, Any]:
    """A tiny CLIP and its tokenizer: letters, and letters at the end of a word."""
    import transformers

    torch.manual_seed(seed)
    words = [*LETTERS, *(f"{letter}</w>" for letter in LETTERS), "<|startoftext|>", "<|endoftext|>"]
    vocabulary = {word: number for number, word in enumerate(words)}
    tokenizer = transformers.CLIPTokenizer(vocab=vocabulary, merges=[], model_max_length=16)
    config = transformers.CLIPTextConfig(
        vocab_size=len(words),
        hidden_size=width,
        intermediate_size=between,
        num_hidden_layers=layers,
        num_attention_heads=2,
        max_position_embeddings=16,
        projection_dim=width,
        bos_token_id=len(words) - 2,
        eos_token_id=len(words) - 1,
        pad_token_id=len(words) - 1,
    )
    kind = transformers.CLIPTextModelWithProjection if projected else transformers.CLIPTextModel
    return kind(config).eval(), tokenizer


def t5(width: int = 24, between: int = 16, layers: int = 1) -> tuple[Any, Any]:
    """A tiny T5 and its tokenizer."""
    import tokenizers
    import transformers

    torch.manual_seed(3)
    pieces = [
        ("<pad>", 0.0),
        ("</s>", 0.0),
        ("<unk>", -10.0),
        *((letter, -2.0) for letter in LETTERS),
        ("\u2581", -2.0),
    ]
    inner = tokenizers.Tokenizer(tokenizers.models.Unigram(pieces, unk_id=2))
    inner.pre_tokenizer = tokenizers.pre_tokenizers.Metaspace()
    inner.post_processor = tokenizers.processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=inner, pad_token="<pad>", eos_token="</s>", unk_token="<unk>", model_max_length=512
    )
    config = transformers.T5Config(
        vocab_size=len(pieces),
        d_model=width,
        d_kv=4,
        d_ff=between,
        num_layers=layers,
        num_heads=2,
        decoder_start_token_id=0,
    )
    return transformers.T5EncoderModel(config).eval(), tokenizer


def conditional_unet(**changes: Any) -> Any:
    return built(
        diffusers.UNet2DConditionModel,
        changes,
        sample_size=8,
        in_channels=4,
        out_channels=4,
        block_out_channels=(8, 16),
        layers_per_block=1,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        cross_attention_dim=12,
        attention_head_dim=4,
        norm_num_groups=4,
    )


def sd3(**changes: Any) -> Any:
    network = built(
        diffusers.SD3Transformer2DModel,
        changes,
        sample_size=8,
        patch_size=2,
        in_channels=4,
        out_channels=4,
        num_layers=2,
        attention_head_dim=4,
        num_attention_heads=4,
        joint_attention_dim=24,
        caption_projection_dim=16,
        pooled_projection_dim=24,
        pos_embed_max_size=16,
    )
    return stirred(network)


def flux(**changes: Any) -> Any:
    network = built(
        diffusers.FluxTransformer2DModel,
        changes,
        in_channels=16,
        num_layers=1,
        num_single_layers=1,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=24,
        pooled_projection_dim=12,
        axes_dims_rope=(4, 4, 8),
        guidance_embeds=True,
    )
    return stirred(network)


def stable_diffusion(scheduler: Any | None = None) -> Any:
    encoder, tokenizer = clip()
    return diffusers.StableDiffusionPipeline(
        vae(scaling_factor=0.18215),
        encoder,
        tokenizer,
        conditional_unet(),
        scheduler or diffusers.PNDMScheduler(beta_schedule="scaled_linear", skip_prk_steps=True, steps_offset=1),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def stable_diffusion_3(scheduler: Any | None = None, third: bool = True) -> Any:
    (one, words), (two, more), (three, pieces) = clip(True), clip(True, seed=4), t5()
    return diffusers.StableDiffusion3Pipeline(
        sd3(),
        scheduler or diffusers.FlowMatchEulerDiscreteScheduler(shift=3.0),
        vae(scaling_factor=1.5, shift_factor=0.06),
        *(one, words, two, more),
        *((three, pieces) if third else (None, None)),
    )


def flux_pipeline(scheduler: Any | None = None, **changes: Any) -> Any:
    (one, words), (two, pieces) = clip(), t5()
    scheduler = scheduler or diffusers.FlowMatchEulerDiscreteScheduler(shift=3.0, use_dynamic_shifting=True)
    autoencoder = vae(scaling_factor=0.36, shift_factor=0.11)
    return diffusers.FluxPipeline(scheduler, autoencoder, one, words, two, pieces, flux(**changes))
