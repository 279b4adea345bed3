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


def held(key):
    return 1024 * int(re.search(rf"{key}:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])


small, large, dtype = *sys.argv[1:3], getattr(torch, sys.argv[3])
sk.load_model(small, dtype=dtype)  # imports everything
Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
before = held("VmRSS")
network = sk.load_model(large, dtype=dtype).denoiser.network
print((held("VmHWM") - before) / sum(p.nbytes for p in network.parameters()))
"""


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="the peak is read from /proc")
@pytest.mark.parametrize(("saved", "asked"), [("float32", "float32"), ("float32", "float16"), ("float16", "float32")])
def test_the_peak_is_at_most_a_tenth_above_the_weights(saved, asked, save, small):
    size = {"num_attention_heads": 8, "attention_head_dim": 64, "num_layers": 16}
    large = save(small.dit(**size).to(getattr(torch, saved)), small.ddim())
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(save(small.dit(), small.ddim())), str(large), asked],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert 0.9 < float(done.stdout) <= 1.1
