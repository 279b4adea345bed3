"""Samples in shards: the numbers, the table and the images are those of one piece."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from spectralkit.errors import DataError
from spectralkit.running.config import RunConfig
from spectralkit.running.loader import Keeping
from spectralkit.running.portion import Shard
from spectralkit.running.run import merge_shards, run, run_shard
from spectralkit_bench.finished import Finished

CONFIG = RunConfig(
    model="gaussian",
    method="ovg+taba",
    dataset="cells",
    steps=2,
    samples=9,
    batch_size=2,
    metrics=("s-g", "s-dc", "s-hf", "s-lf", "psnr", "ssim", "fd-lite0", "kd-lite0"),
)


def sharded(folder: Path, of: int, loader: Keeping) -> Finished:
    """The run in so many shards, each with metrics that have seen nothing else."""
    whole = folder / f"in{of}"
    (whole / "samples").mkdir(parents=True)
    portions = []
    for index in range(of):
        part = folder / f"shard{index}of{of}"
        part.mkdir()
        portions.append(run_shard(part, CONFIG, Shard(index, of), loader))
        for path in (part / "samples").iterdir():
            path.rename(whole / "samples" / path.name)
    merge_shards(whole, CONFIG, portions, loader)
    return Finished.read(whole)


@pytest.mark.filterwarnings("ignore::spectralkit_metrics_perceptual.RankDeficiencyWarning")
def test_one_shard_and_seven_give_the_same_numbers(tmp_path: Path) -> None:
    loader = Keeping()
    run(CONFIG, tmp_path / "run", save_latents=True)
    one, seven, plain = sharded(tmp_path, 1, loader), sharded(tmp_path, 7, loader), Finished.read(tmp_path / "run")
    assert set(plain.scores) == set(CONFIG.metrics or ())
    assert plain.scores == one.scores
    assert seven.scores == pytest.approx(one.scores, rel=1e-6, abs=1e-6)
    assert seven.ids == one.ids == plain.ids
    assert [path.name for path in sorted((tmp_path / "in7").iterdir())] == [
        path.name for path in sorted((tmp_path / "run").iterdir())
    ]
    for name, latent in one.latents().items():
        torch.testing.assert_close(seven.latents()[name], latent)
    documents = [json.loads((tmp_path / name / "metrics.json").read_text()) for name in ("in7", "run")]
    assert documents[0]["cost"] == documents[1]["cost"]
    assert documents[0]["versions"] == documents[1]["versions"]
    assert (tmp_path / "in7" / "grid.png").read_bytes() == (tmp_path / "run" / "grid.png").read_bytes()


@pytest.mark.parametrize(("count", "of"), [(9, 7), (7, 7), (10, 3), (1, 1)])
def test_shards_are_all_samples_in_order(count: int, of: int) -> None:
    parts = [list(Shard(index, of).indices(count)) for index in range(of)]
    assert [i for part in parts for i in part] == list(range(count))
    assert all(parts)


def test_ids_that_two_shards_share_are_told(tmp_path: Path) -> None:
    config, loader = RunConfig(model="gaussian", dataset="cells", steps=1, samples=1, metrics=("psnr",)), Keeping()
    portion = run_shard(tmp_path, config, Shard(0, 1), loader)
    with pytest.raises(DataError, match="two samples of one id"):
        merge_shards(tmp_path, config, [portion, portion], loader)
