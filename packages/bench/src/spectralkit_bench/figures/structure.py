"""How S_LF is made: what is left of two images after the low-pass, and how it differs (Fig. 13)."""

from __future__ import annotations

from typing import cast

from torch import Tensor

from spectralkit_bench.figures.material import Drawing, Material, Subject
from spectralkit_bench.figures.style import PAGE, framed, picture, row_label, tiles, wrapped
from spectralkit_metrics_spectral import LowFrequencyScore
from spectralkit_metrics_spectral.lowfrequency import coarse, shape_mask


def draw(material: Material) -> Drawing:
    """A row for the sample that scored best, and one for the worst."""
    scored = [
        (value, subject, identifier)
        for subject in material.subjects
        for identifier, value in subject.run.values("s-lf").items()
    ]
    rows = [max(scored, key=lambda row: row[0]), min(scored, key=lambda row: row[0])]
    metric = cast(LowFrequencyScore, rows[0][1].metric("s-lf"))
    shown = [_row(subject, identifier, metric) for _, subject, identifier in rows]
    largest = max(float(images["difference"].abs().mean(dim=0).max()) for images in shown) or 1.0
    shape = material.subjects[0].run.dataset.shape
    figure, grid = tiles(2, len(shown[0]), PAGE, shape[1] / shape[2], titles=6)
    for axes, images, (value, subject, _) in zip(grid, shown, rows, strict=True):
        row_label(axes[0], wrapped(subject.label, 16))
        *pictures, difference = images.values()
        for axis, image in zip(axes, pictures, strict=False):
            picture(axis, image)
        axes[-1].imshow(difference.abs().mean(dim=0).numpy(), cmap="gray", vmin=0, vmax=largest)
        error = float(difference.square().mean())
        framed(axes[-1], rf"$S_{{LF}}$ {value:.2f}" "\n" f"MSE {error:.4f}")
    for axis, head in zip(grid[0], shown[0], strict=True):
        axis.set_title("\n".join(filter(None, (head.replace(": ", "\n"), axis.get_title()))), fontsize=7, pad=2)
    return Drawing(
        figure,
        f"Above sample '{rows[0][2]}', below sample '{rows[1][2]}'. Structure is compared as {metric.structure}, after "
        f"an ideal low-pass of radius {metric.kappa / 2:g} cycles per pixel; the difference is white at {largest:.2g}.",
    )


def _row(subject: Subject, identifier: str, metric: LowFrequencyScore) -> dict[str, Tensor]:
    """Pictures (C, H, W) by what they are; the last is a signed difference."""
    sample = next(subject.run.samples([identifier]))
    pair = {"source": sample.source[None], "translated": subject.generated(identifier)[None]}
    shown = {name: image[0] for name, image in pair.items()}
    if metric.structure == "masked-grey":
        shown |= {f"{name}: mask": shape_mask(image)[0] for name, image in pair.items()}
    smooth = {f"{name}: low-pass": coarse(image, metric.structure, metric.kappa)[0] for name, image in pair.items()}
    first, second = smooth.values()
    return shown | smooth | {"difference": second - first}
