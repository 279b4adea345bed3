"""Directories as they come: what is told, what is refused, what it costs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import diffusers
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

import spectralkit as sk
from spectralkit.cli.main import main
from spectralkit.errors import ConfigurationError, DataError, UnknownNameError
from spectralkit.models.trained import trained_on
from spectralkit.plugins.catalog import MARKS
from spectralkit.testing import suite
from spectralkit_models_diffusers._plugin import FILES

WEIGHTS = "diffusion_pytorch_model.safetensors"


def test_the_core_knows_the_same_files():
    assert MARKS["diffusers"] == FILES


@pytest.mark.parametrize("pipeline", [diffusers.DDPMPipeline, diffusers.DDIMPipeline])
def test_pixel_pipelines_serve_with_one_condition(pipeline, save, small):
    scheduler = diffusers.DDPMScheduler() if pipeline is diffusers.DDPMPipeline else small.ddim()
    model = sk.load_model(save(pipeline(small.unet(), scheduler)))
    assert (model.shape, model.multiple, list(model.conditions)) == ((3, 16, 16), 2, ["any"])
    network, process, conditions = model.told
    assert "UNet2DModel" in network
    assert type(scheduler).__name__ in process
    assert "linear 0.0001 to 0.02" in process
    assert ("clip_sample" in process) == (pipeline is diffusers.DDPMPipeline)
    assert "'any'" in conditions


def test_a_pipeline_of_ones_own_conditions_by_name_and_number(save, small):
    directory = save(small.unet(num_class_embeds=3), small.ddim())
    config = json.loads((directory / "config.json").read_text())
    (directory / "config.json").write_text(json.dumps({**config, "id2label": {"0": "benign", "1": "malignant"}}))
    model = sk.load_model(directory)
    assert list(model.conditions) == ["benign", "malignant"]
    assert torch.equal(model.condition("1").embedding, model.condition("malignant").embedding)
    assert model.null is not None
    assert "the null class, assumed because id2label leaves it out" in model.told[2]
    with pytest.raises(UnknownNameError, match="did you mean 'benign'"):
        model.condition("benin")


def test_the_same_as_a_registered_model(save, small):
    directory = save(small.unet(), small.ddim())
    named = sk.load_model("diffusers", directory=directory)
    assert named.told == sk.load_model(directory).told
    verdicts = list(suite("model", "diffusers", directory=directory).check())
    # With one condition there is nothing to translate into, and nothing to guide or to differentiate by.
    alone = {"describes-itself", "can-be-differentiated"}
    assert {verdict.law.name for verdict in verdicts if verdict.broken} == alone, verdicts


def test_every_law_of_models_holds_for_a_latent_one_with_classes(save, small):
    directory = save(diffusers.DiTPipeline(small.dit(), small.vae(), small.ddim()))
    verdicts = list(suite("model", "diffusers", directory=directory).check())
    broken = {verdict.law.name: verdict.broken for verdict in verdicts if verdict.broken}
    assert broken.keys() <= {"codes-images"}, broken  # a random autoencoder does not undo what it does


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_weights_are_in_the_precision_that_was_asked_for(dtype, save, small):
    model = sk.load_model(save(diffusers.DiTPipeline(small.dit(), small.vae(), small.ddim())), dtype=dtype)
    assert {p.dtype for p in model.denoiser.network.parameters()} == {dtype}
    assert model.codec.dtype == model.null.dtype == dtype
    out = sk.translate(
        model, sk.load_method("standard"), torch.rand(1, 3, 16, 16), source="0", target="1", steps=2, guidance=2.0
    )
    assert out.images.dtype == torch.float32
    assert torch.isfinite(out.images).all()


def test_the_precision_by_name(save, small):
    model = sk.load_model(save(small.unet(), small.ddim()), precision="bfloat16")
    assert {p.dtype for p in model.denoiser.network.parameters()} == {torch.bfloat16}


def test_shards_and_variants_are_read(save, small):
    network = small.unet()
    whole, sharded, half, both = (save(network, small.ddim()) for _ in range(4))
    for directory, variant in ((sharded, None), (both, "fp16")):
        network.save_pretrained(directory, max_shard_size="20KB", variant=variant)
        (directory / WEIGHTS).unlink(missing_ok=True)
        assert len(list(directory.glob("*.safetensors"))) > 1
    (half / WEIGHTS).rename(half / "diffusion_pytorch_model.fp16.safetensors")
    first, *others = (sk.load_model(path).denoiser.network.state_dict() for path in (whole, sharded, half, both))
    for other in others:
        torch.testing.assert_close(other, first)


def test_a_transformer_that_an_older_version_saved(save, small):
    directory = save(diffusers.DiTPipeline(small.dit(), small.vae(), small.ddim()))
    current, path = sk.load_model(directory), directory / "transformer" / "config.json"
    older = {"_class_name": "Transformer2DModel", "norm_type": "ada_norm_zero", "only_cross_attention": False}
    config = {**json.loads(path.read_text()), **older, "cross_attention_dim": None, "use_linear_projection": False}
    path.write_text(json.dumps(config))
    model = sk.load_model(directory)
    assert "DiTTransformer2DModel" in model.told[0]
    x, level = torch.rand(1, 4, 8, 8), model.schedule.levels(4)[2]
    condition = model.condition("3")
    assert torch.equal(model.denoiser(x, level, condition).eps, current.denoiser(x, level, condition).eps)
    path.write_text(json.dumps({**config, "num_vector_embeds": 8}))
    with pytest.raises(DataError, match="num_vector_embeds"):
        sk.load_model(directory)


@pytest.mark.parametrize("folder", ["vae", "vqvae"])
def test_latent_pipelines_without_text(folder, save, small, tmp_path):
    if folder == "vqvae":
        quantised = diffusers.VQModel(
            latent_channels=3, num_vq_embeddings=8, norm_num_groups=4, block_out_channels=(8,)
        )
        directory = save(diffusers.LDMPipeline(quantised, small.unet(), small.ddim()))
        size = 16
    else:
        directory = save(small.unet(in_channels=4, out_channels=4))
        parts = {"unet": "UNet2DModel", "vae": "AutoencoderKL", "scheduler": "DDIMScheduler"}
        shutil.move(directory, tmp_path / "unet")
        shutil.move(tmp_path / "unet", directory / "unet")
        small.vae().save_pretrained(directory / "vae")
        small.ddim().save_pretrained(directory / "scheduler")
        index = {"_class_name": "DiffusionPipeline", **{name: ["diffusers", kind] for name, kind in parts.items()}}
        (directory / "model_index.json").write_text(json.dumps(index))
        size = 32
    model = sk.load_model(directory)
    assert model.shape == (3, size, size)
    out = sk.translate(
        model, sk.load_method("standard"), torch.rand(1, *model.shape), source="any", target="any", steps=3
    )
    assert torch.isfinite(out.images).all()


@pytest.mark.parametrize("size", [32, (32, 64)])
def test_another_size(size, save, small):
    directory = save(small.unet(), small.ddim())
    model = sk.load_model(directory, size=size)
    assert model.shape[1:] == (size if isinstance(size, tuple) else (size, size))
    with pytest.raises(ConfigurationError, match="multiples of 2"):
        sk.load_model(directory, size=31)
    fixed = save(diffusers.DiTPipeline(small.dit(), small.vae(), small.ddim()))
    with pytest.raises(ConfigurationError, match="size cannot be 32x32: the network's positions are fixed, to 16x16"):
        sk.load_model(fixed, size=32)


def test_another_size_is_told(save, small, tmp_path, monkeypatch, capsys):
    """That of ``model.size``, and that of a data set; a network of fixed positions refuses both."""
    pytest.importorskip("spectralkit_datasets_folder")
    monkeypatch.chdir(tmp_path)
    directory = save(small.unet(), small.ddim())
    assert "own are 16x16" in sk.load_model(directory, size=32).told[-1]
    assert sk.load_model(directory, size=16).told == sk.load_model(directory).told
    for i in range(4):
        Image.effect_noise((32, 32), 50 + i).convert("RGB").save(f"{i}.png")
    words = ["run", "--model", str(directory), "--dataset", "folder", "--steps", "2", "--out"]
    data = ["--set", "dataset.target=.", "--set", "dataset.degrade=blur", "--set", "dataset.size=32"]
    assert main([*words, "out", *data]) == 0
    assert "\nsize        images of 3x32x32; the model's own are 3x16x16\n" in capsys.readouterr().err
    assert main([*words, "own", *data, "--set", "model.size=32"]) == 0
    assert "\nsize        images of 3x32x32, as asked for; the network's own are 16x16\n" in capsys.readouterr().err
    fixed = save(diffusers.DiTPipeline(small.dit(), small.vae(), small.ddim()))
    assert main([*words, "fixed", *data, "--model", str(fixed), "--source", "1", "--target", "2"]) == 2
    assert "has images of 3x32x32, but model" in capsys.readouterr().err


def test_a_pickle_is_refused_with_the_reason(save, small):
    directory = save(small.unet(), small.ddim())
    torch.save(load_file(directory / WEIGHTS), directory / "diffusion_pytorch_model.bin")
    (directory / WEIGHTS).unlink()
    with pytest.raises(DataError, match=r"diffusion_pytorch_model\.bin is a pickle, which can run any code"):
        sk.load_model(directory)


def test_what_is_missing_or_foreign_is_told(save, small, tmp_path):
    directory = save(small.unet())
    with pytest.raises(DataError, match=r"holds no scheduler_config\.json.*save_pretrained"):
        sk.load_model(directory)
    (directory.parent / "model_index.json").write_text("{}")
    told = rf"{directory} is a part of the pipeline {directory.parent}: name the pipeline"
    with pytest.raises(DataError, match=told):
        sk.load_model(directory)
    directory = save(small.unet(), small.ddim())
    (directory / WEIGHTS).unlink()
    with pytest.raises(DataError, match=WEIGHTS):
        sk.load_model(directory)
    directory = save(small.unet(class_embed_type="timestep"), small.ddim())
    with pytest.raises(DataError, match="class_embed_type = 'timestep'"):
        sk.load_model(directory)
    directory = save(small.unet(in_channels=6), small.ddim())
    with pytest.raises(DataError, match="in_channels = 6 and out_channels = 3"):
        sk.load_model(directory)
    directory = save(small.unet(), small.ddim())
    weights = load_file(directory / WEIGHTS)
    save_file({**weights, "conv_in.bias": weights["conv_in.bias"] / 0}, directory / WEIGHTS)
    with pytest.raises(sk.errors.NonFiniteError, match=r"conv_in\.bias"):
        sk.load_model(directory)


def test_values_that_make_no_sense_are_told(save, small):
    directory = save(diffusers.DiTPipeline(small.dit(), small.vae(), small.ddim()))
    for null in (-1, 6):
        with pytest.raises(ConfigurationError, match="classes are 0 to 5"):
            sk.load_model(directory, null=null)
    vae = directory / "vae" / "config.json"
    kept = json.loads(vae.read_text())
    for key, value in (("scaling_factor", "one"), ("scaling_factor", -1), ("block_out_channels", [])):
        vae.write_text(json.dumps({**kept, key: value}))
        with pytest.raises(DataError, match=r"vae.config\.json"):
            sk.load_model(directory)
    vae.write_text(json.dumps(kept))
    index = json.loads((directory / "model_index.json").read_text())
    (directory / "model_index.json").write_text(json.dumps({**index, "id2label": {"9": "cat"}}))
    with pytest.raises(DataError, match="id2label names class 9 'cat'"):
        sk.load_model(directory)


def test_a_hub_id_is_taken_from_the_cache_alone(save, small, tmp_path, monkeypatch):
    from huggingface_hub import constants

    cache = tmp_path / "cache"
    snapshot = cache / "models--somebody--cats" / "snapshots" / "0123456789abcdef0123456789abcdef01234567"
    snapshot.parent.mkdir(parents=True)
    save(small.unet(), small.ddim()).rename(snapshot)
    (cache / "models--somebody--cats" / "refs").mkdir()
    (cache / "models--somebody--cats" / "refs" / "main").write_text(snapshot.name)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
    assert sk.load_model("somebody/cats").name == "somebody/cats"
    (snapshot / WEIGHTS).unlink()
    with pytest.raises(DataError, match=r"or fetch what the copy lacks with `hf download somebody/cats`"):
        sk.load_model("somebody/cats")
    with pytest.raises(DataError, match=r"fetch it first with `hf download somebody/dogs`"):
        sk.load_model("somebody/dogs")


def test_without_the_package_a_line_says_what_to_install(save, small):
    directory = save(small.unet(), small.ddim())
    words = ["translate", "x.png", "--model", str(directory)]
    Image.new("RGB", (16, 16)).save(directory / "x.png")
    done = subprocess.run(
        [sys.executable, "-m", "spectralkit", *words],
        cwd=directory,
        env={**os.environ, "SPECTRALKIT_BLOCK": "diffusers"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "model 'diffusers' is not available: plugin diffusers" in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_program_tells_three_lines_and_translates(save, small, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    directory = save(diffusers.DiTPipeline(small.dit(), small.vae(), small.ddim()))
    Image.effect_noise((16, 16), 50).convert("RGB").save("x.png")
    words = ["translate", "x.png", "--model", str(directory), "--source", "1", "--target", "4", "--steps", "3"]
    assert main([*words, "--out", "out"]) == 0
    lines = capsys.readouterr().err.splitlines()
    assert [line.split()[0] for line in lines] == ["network", "process", "conditions"]
    with Image.open("out/x.png") as image:
        assert image.size == (16, 16)
    assert main([*words, "--out", "quiet", "--quiet"]) == 0
    assert capsys.readouterr().err == ""


def test_a_run_needs_a_data_set_and_maps_its_domains(save, small, tmp_path, monkeypatch, capsys):
    for package in ("spectralkit_datasets_ihc", "spectralkit_metrics_image"):
        pytest.importorskip(package)
    monkeypatch.chdir(tmp_path)
    directory = save(small.unet(num_class_embeds=3, sample_size=64), small.ddim())
    with pytest.raises(ConfigurationError, match="name a data set with --dataset"):
        trained_on(str(directory))
    words = ["run", "--model", str(directory), "--dataset", "ihc", "--samples", "2", "--steps", "2", "--device", "cpu"]
    assert main(words) == 2
    assert "name its own conditions for" in capsys.readouterr().err
    assert main([*words, "--source", "0", "--target", "2", "--metrics", "psnr", "--out", "out", "--quiet"]) == 0
    assert 'source = "0"' in Path("out/run.toml").read_text()
    alone = save(small.unet(sample_size=64), small.ddim())
    assert main([*words, "--model", str(alone), "--metrics", "psnr", "--quiet", "--out", "alone"]) == 0
