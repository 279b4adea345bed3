"""S_HF falls with the high frequencies and S_LF with the low ones (Fig. 12)."""

from __future__ import annotations

from typing import cast

import torch
from matplotlib.lines import Line2D

from spectralkit.metric import MeanScore
from spectralkit_bench.figures.filtered import CUTOFFS, without_high, without_low
from spectralkit_bench.figures.material import Drawing, Material
from spectralkit_bench.figures.scatter import symbol
from spectralkit_bench.figures.style import COLOURS, PAGE, legend, panels

IMAGES = 16


def draw(material: Material) -> Drawing:
    """A panel a score, a line a filter."""
    subject = material.subjects[0]
    real = torch.stack(list(subject.targets(IMAGES)))
    fine, coarse = (cast(MeanScore, subject.metric(name)) for name in ("s-hf", "s-lf"))
    figure, axes = panels(PAGE, 2.3, 1, 2, sharey=True)
    filters = {"low frequencies removed": (without_low, "o"), "high frequencies removed": (without_high, "s")}
    for colour, (without, shape) in zip(COLOURS, filters.values(), strict=False):
        edited = [without(real, cutoff) for cutoff in CUTOFFS]
        for axis, values in (
            (axes[0], [fine.score(generated=images) for images in edited]),
            (axes[1], [coarse.score(source=real, generated=images) for images in edited]),
        ):
            mean = torch.stack([v.mean() for v in values])
            low, high = (torch.stack([v.quantile(q) for v in values]) for q in (0.1, 0.9))
            axis.fill_between(CUTOFFS, low, high, color=colour, alpha=0.2, lw=0)
            axis.plot(CUTOFFS, mean, color=colour, marker=shape)
    for axis, score in zip(axes, ("s-hf", "s-lf"), strict=True):
        axis.set_title(symbol(score))
        axis.set_xlabel("cut-off (cycles/pixel)")
        axis.set_xlim(0, CUTOFFS[-1] + 0.01)
    axes[0].set_ylabel("score")
    axes[0].set_ylim(top=1.02)
    styles = zip(filters, COLOURS, ("o", "s"), strict=False)
    legend(figure, [Line2D([], [], color=colour, marker=shape, label=name) for name, colour, shape in styles])
    return Drawing(
        figure,
        f"N = {len(real)} real target images, the first, without their low or their high frequencies, as in Fig. 11: "
        "means, and the middle 80 % of images. S_LF compares with the image before it was filtered.",
    )
