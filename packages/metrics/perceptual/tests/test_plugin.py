"""The specs point at what they say, and asking for them costs no network."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import spectralkit_metrics_perceptual as package
from spectralkit_metrics_perceptual import weights
from spectralkit_metrics_perceptual._plugin import spectralkit_commands, spectralkit_metrics
from spectralkit_metrics_perceptual.weights import INCEPTION, KNOWN, NETS, inception_lacks, lpips_lacks

ROLES = ("generated", "reference", "targets")


def test_targets_exist_and_agree_on_the_direction() -> None:
    for spec in (*spectralkit_metrics(), *spectralkit_commands()):
        module, _, attribute = spec.target.partition(":")
        assert getattr(import_module(module), attribute)
    assert not any(spec.higher_is_better for spec in spectralkit_metrics())


def test_every_public_name_is_there() -> None:
    assert [getattr(package, name).__name__ for name in package.__all__] == package.__all__
    with pytest.raises(AttributeError, match="has no attribute 'fod'"):
        _ = package.fod


def test_the_command_imports_no_torch() -> None:
    code = "import sys, spectralkit_metrics_perceptual.command; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["fid"], "fid: weights-inception-2015-12-05-6726825d.pth is not in "),
        (["kid"], "kid: weights-inception-2015-12-05-6726825d.pth is not in "),
        (["lpips"], "lpips: alexnet-owt-7be5be79.pth is not in "),
        (["lpips", "--set", "lpips.net=vgg"], "lpips: vgg16-397923af.pth is not in "),
        (["lpips", "--set", "lpips.net=squeeze"], "lpips: squeezenet1_1-b8a52dc0.pth is not in "),
    ],
)
@pytest.mark.parametrize("command", [["run"], ["evaluate", *(f"--{role}=." for role in ROLES)]])
def test_absent_weights_are_told_before_torch_is_imported(
    command: list[str], given: list[str], told: str, empty_cache: Path
) -> None:
    words = [*command, "--out", str(empty_cache / "out"), "--metrics", *given]
    code = "import sys; from spectralkit.cli.main import main; sys.exit(main(sys.argv[1:]) + ('torch' in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code, *words], check=False, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith(f"spectralkit: error: {told}{empty_cache}: place it there, it is published at https:")
    assert done.stderr.count("\n") == 1
    assert not list(empty_cache.iterdir())


def test_weights_that_are_there_leave_nothing_to_tell(empty_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for each in KNOWN:
        each.path.touch()
    assert str(inception_lacks()).startswith(f"the SHA-256 of {INCEPTION.path} does not begin with 6726825d: replace")
    monkeypatch.setattr(weights, "matches", lambda path, digits: True)
    assert [inception_lacks(), *map(lpips_lacks, NETS)] == [None] * 4
