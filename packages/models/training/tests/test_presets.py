"""Presets are what the paper's Table 7 says, and what the command takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from spectralkit.cli.main import main
from spectralkit_models_training.autoencoder.config import AutoencoderConfig
from spectralkit_models_training.config import DiffusionConfig
from spectralkit_models_training.options import preset, presets

TABLE_7 = {
    "table7-bbbc021-pixel-ddim": (64, 5e-5, "constant", 0.995, 80_000, {}),
    "table7-bbbc021-pixel-edm": (64, 1e-4, "cosine", 0.999, 100_000, {"sigma_data": 0.5, "p_mean": -1.2}),
    "table7-edges2shoes-ddim": (128, 5e-5, "cosine", 0.995, 80_000, {}),
    "table7-edges2shoes-edm": (128, 5e-5, "constant", 0.995, 80_000, {"sigma_data": 0.7, "p_mean": -0.4}),
    "table7-bbbc021-ddim": (128, 5e-5, "cosine", 0.995, 80_000, {}),
    "table7-bbbc021-edm": (128, 5e-5, "cosine", 0.995, 80_000, {"sigma_data": 1.14, "p_mean": -1.89}),
    "table7-bbbc021-dit-ddim": (128, 5e-5, "cosine", 0.995, 120_000, {}),
    "table7-bbbc021-dit-edm": (128, 5e-5, "cosine", 0.995, 120_000, {"sigma_data": 0.5, "p_mean": -1.2}),
}


@pytest.mark.parametrize("name", TABLE_7)
def test_table_7(name: str) -> None:
    batch, learning_rate, schedule, ema, steps, process = TABLE_7[name]
    config = DiffusionConfig(**preset("train", name, DiffusionConfig))
    assert (config.batch, config.learning_rate, config.schedule) == (batch, learning_rate, schedule)
    assert (config.ema, config.steps, config.optimiser) == (ema, steps, "adamw")
    given = dict(config.settings.get("process", {}))
    assert given.pop("p_std", 1.2) == 1.2
    assert given == process
    assert config.process == name.rsplit("-", 1)[-1]
    assert (config.backbone == "dit") == ("dit" in name)
    assert (config.space == "pixel") == ("pixel" in name)
    latent = config.space == "latent"
    assert config.latent_spread == (process.get("sigma_data", 1) if latent else 1)  # sigma_data is that of the latents
    assert "--set dataset.root=DIR" in presets("train")[name].read_text()  # without which it cannot be begun


def test_the_page_names_every_preset() -> None:
    page = (Path(__file__).parents[4] / "docs/training.md").read_text().partition("## Presets")[2]
    for name in (*presets("train"), *presets("train-autoencoder")):
        assert f"`{name}`" in page


def test_every_preset_is_a_configuration() -> None:
    for name in presets("train"):
        DiffusionConfig(**preset("train", name, DiffusionConfig))
    for name in presets("train-autoencoder"):
        AutoencoderConfig(**preset("train-autoencoder", name, AutoencoderConfig))


@pytest.mark.parametrize("choice", ["--backbone {unet,dit}", "--space {pixel,latent}", "--schedule {constant,cosine"])
def test_the_help_says_what_an_option_can_be(choice: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--help"]) == 0
    assert choice in capsys.readouterr().out
