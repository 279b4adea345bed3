"""Runs to report on, real and made up, and a browser to read the report in."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import attrs
import pytest
import torch

from spectralkit.models.pretrained import save_tensors
from spectralkit.running.config import RunConfig
from spectralkit.running.picture import write_image
from spectralkit.running.run import run

CHROMIUM = shutil.which("chromium")
BASE = RunConfig(model="gaussian", dataset="cells", steps=3, samples=4, metrics=("s-g", "s-dc", "psnr"))


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """``standard`` and ``ovg`` on the same samples, latents kept."""
    folder = tmp_path_factory.mktemp("runs")
    for method in ("standard", "ovg"):
        run(attrs.evolve(BASE, method=method), folder / method, save_latents=True)
    return folder / "standard", folder / "ovg"


Making = Callable[..., Path]


@pytest.fixture
def making(tmp_path: Path) -> Making:
    """Writes a run directory that no run made: its files say whatever a test wants."""

    def make(name: str, ids: Sequence[str] = ("a", "b", "c"), size: int = 16, **document: Any) -> Path:
        directory = tmp_path / name
        (directory / "samples").mkdir(parents=True)
        config = {"model": "none", "method": name, "dataset": "gone", **document.pop("config", {})}
        generator = torch.Generator().manual_seed(len(name))
        rows = [{"id": identifier, "psnr": 10.0 + i, "energy": 1.0} for i, identifier in enumerate(ids)]
        for identifier in ids:
            write_image(torch.rand(3, size, size, generator=generator), directory / "samples" / f"{identifier}.png")
        whole = {
            "scores": {"psnr": 10.0},
            "details": {"psnr": {}},
            "diagnostics": {},
            "samples": len(ids),
            "seed": 42,
            "cost": {"forwards": 6.0, "backwards": 0.0},
            "seconds": 1.0,
            "device": "cpu",
            "config": config,
            "versions": {"spectralkit": "0.1.0"},
            **document,
        }
        (directory / "metrics.json").write_text(json.dumps(whole))
        (directory / "run.toml").write_text(f"[run]\nmethod = {json.dumps(config['method'])}\n")
        with (directory / "samples.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        latents = {identifier: torch.randn(4, 16, 16, generator=generator) for identifier in ids}
        save_tensors(latents, directory / "latents.safetensors")
        return directory

    return make


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Headless Chromium."""
    reason = "needs a browser: apt-get install chromium, pip install playwright"
    playwright = pytest.importorskip("playwright.sync_api", reason=reason)
    if CHROMIUM is None:
        pytest.skip(reason)
    with playwright.sync_playwright() as started:
        found = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture
def reading(browser: Any) -> Iterator[Callable[..., Any]]:
    """Opens a report; whatever it logs, throws or asks the network for fails the test."""
    contexts, complaints = [], []

    def read(path: Path | None, fragment: str = "", **options: Any) -> Any:
        contexts.append(browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options}))
        page = contexts[-1].new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        page.on(
            "request", lambda asked: None if asked.url.startswith(("data:", "file:")) else complaints.append(asked.url)
        )
        if path is not None:
            page.goto(path.as_uri() + fragment)
        return page

    yield read
    for context in contexts:
        context.close()
    assert complaints == []
