"""A model is loaded in one copy: the peak of a process of its own, over what it held before."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

CODE = """
import re, sys
from pathlib import Path

import torch

import spectralkit as sk
from spectralkit_models_diffusers.encoder import load_encoder


def held(key):
    return 1024 * int(re.search(rf"{key}:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])


def network(directory, dtype):
    return sk.load_model(directory, dtype=dtype).denoiser.network


load, small, large = {"network": network, "encoder": load_encoder}[sys.argv[1]], Path(sys.argv[2]), Path(sys.argv[3])
dtype = getattr(torch, sys.argv[4])
load(small, dtype)  # imports everything
Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
before = held("VmRSS")
made = load(large, dtype)
print((held("VmHWM") - before) / sum(p.nbytes for p in made.parameters()))
"""

PRECISIONS = [("float32", "float32"), ("float32", "float16"), ("float16", "float32")]
pytestmark = pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="the peak is read from /proc")


def peak(what: str, small: Path, large: Path, dtype: str) -> float:
    """That of a process that loads ``large``, over its weights."""
    words = [sys.executable, "-c", CODE, what, str(small), str(large), dtype]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return float(done.stdout)


@pytest.mark.parametrize(("saved", "asked"), PRECISIONS)
def test_the_peak_is_at_most_a_tenth_above_the_weights(saved, asked, save, small):
    size = {"num_attention_heads": 8, "attention_head_dim": 64, "num_layers": 16}
    large = save(small.dit(**size).to(getattr(torch, saved)), small.ddim())
    assert 0.9 < peak("network", save(small.dit(), small.ddim()), large, asked) <= 1.1


@pytest.mark.parametrize(
    ("kind", "saved", "asked"),
    [*(("t5", *pair) for pair in PRECISIONS), ("t5", "float32", "bfloat16"), ("clip", "float32", "float16")],
)
def test_that_of_a_text_encoder_too(kind, saved, asked, save, small):
    pytest.importorskip("transformers", reason="prompts need the extra [text]")
    encoder = {"clip": small.clip, "t5": small.t5}[kind]
    large, _ = encoder(width=512, between=2048, layers=32)
    assert 0.9 < peak("encoder", save(encoder()[0]), save(large.to(getattr(torch, saved))), asked) <= 1.1
