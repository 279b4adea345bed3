"""The specs point at what they say, and asking for them costs no network."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest

import spectralkit_metrics_perceptual as package
from spectralkit_metrics_perceptual._plugin import spectralkit_commands, spectralkit_metrics


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
