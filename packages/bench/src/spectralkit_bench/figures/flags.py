"""Which patches of a noise map are too smooth to be noise? (Fig. 8)"""

from __future__ import annotations

from typing import cast

import torch
from matplotlib.axes import Axes
from torch import Tensor

from spectralkit.metric import build_metric
from spectralkit.running.picture import shorten
from spectralkit_bench.figures.material import Drawing, Material, Subject
from spectralkit_bench.figures.style import PAGE, framed, noise_map, row_label, tiles, wrapped
from spectralkit_metrics_spectral import DecorrelationScore

SHOWN, LONGEST = 3, 20
"""Noise maps of a run, and letters of a sample's id."""


def draw(material: Material) -> Drawing:
    """A row a run: a few noise maps, each beside its mask."""
    subjects = material.firsts
    shown = min(SHOWN, *(len(subject.ids) for subject in subjects))
    figure, grid = tiles(len(subjects) + 1, 2 * shown, PAGE, titles=len(subjects) + 2)
    shape = subjects[0].some_latents.shape[1:]
    white = torch.randn(shown, *shape, generator=torch.Generator().manual_seed(0))
    rows = [("white noise", white, _test(subjects[0]))]
    rows += [(subject.label, subject.some_latents[:shown], _test(subject)) for subject in subjects]
    for axes, (label, latents, test) in zip(grid, rows, strict=True):
        row_label(axes[0], wrapped(label, 15))
        for i, mask in enumerate(test.mask(latents)[:, 0]):
            noise_map(axes[2 * i], latents[i])
            _mask(axes[2 * i + 1], mask, test.patch_test.k)
    for i, identifier in enumerate(subjects[0].ids[:shown]):
        grid[1][2 * i].set_title(shorten(identifier, LONGEST), fontsize=7, pad=2)
    constants = _test(subjects[0]).patch_test.describe((shape[0], shape[1], shape[2]))
    return Drawing(
        figure,
        "Left of each pair: the first channel of the noise map; right: the middles of flagged patches in white, and 1 "
        "less their share, S_DC, above; no patch has its middle in the grey margin. "
        f"k = {constants['k']:g}, tau = {constants['tau']:.3f}, {constants['channels needed']:g} of {shape[0]} "
        f"channels; of white noise a share of {constants['flagged under the null']:.2g} is flagged.",
    )


def _mask(axis: Axes, mask: Tensor, k: int) -> None:
    """A mask where its patches have their middles, within the frame of the noise map."""
    height, width = mask.shape
    margin = (k - 1) / 2
    frame = (margin - 0.5, margin + width - 0.5, margin + height - 0.5, margin - 0.5)
    axis.imshow(mask.numpy(), cmap="gray", vmin=0, vmax=1, extent=frame)
    axis.set_xlim(-0.5, width + k - 1.5)
    axis.set_ylim(height + k - 1.5, -0.5)
    axis.set_facecolor("0.6")
    framed(axis, rf"$S_{{DC}}$ {1 - float(mask.mean()):.2f}")


def _test(subject: Subject) -> DecorrelationScore:
    settings = subject.run.config.settings.get("s-dc", {})
    return cast(DecorrelationScore, build_metric("s-dc", settings, dataset=None))
