"""Figures of finished runs: all of them are drawn, nothing is cut off, and what is missing is told in a line."""

from __future__ import annotations

import itertools
import shutil
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import attrs
import matplotlib
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text
from PIL import Image

from spectralkit.cli.main import main
from spectralkit.errors import ConfigurationError, DataError
from spectralkit.running import loader
from spectralkit.running.config import RunConfig
from spectralkit.running.loader import Keeping
from spectralkit.running.run import run
from spectralkit_bench.figures.catalogue import LINES, PLOTS, POINTS, Plot, chosen, formats
from spectralkit_bench.figures.drawing import drawings
from spectralkit_bench.figures.energy import white_energies
from spectralkit_bench.figures.explained_variance import gaussian_band
from spectralkit_bench.figures.filtered import without_high, without_low
from spectralkit_bench.figures.material import Material
from spectralkit_bench.figures.naming import labels
from spectralkit_bench.figures.norms import histogram
from spectralkit_bench.figures.scatter import pearson
from spectralkit_bench.figures.style import DPI, PAGE, line, marker, styled
from spectralkit_bench.figures.style import handles as handles_of
from spectralkit_bench.finding import finished
from spectralkit_bench.finished import Finished
from spectralkit_bench.sweep.front import front
from spectralkit_metrics_spectral import band_energies
from spectralkit_metrics_spectral.diagnostics import cumulated_variance

SIZE, SAMPLES = 32, 4
SEEDS = (42, 17)

CONFIG = RunConfig(
    model="gaussian",
    dataset="cells",
    steps=3,
    samples=SAMPLES,
    metrics=("s-g", "s-dc", "s-hf", "s-lf", "psnr"),
    settings={"dataset": {"size": SIZE, "count": SAMPLES}, "model": {"process": "edm"}},
)
METHODS = ("standard", "ovg(eta_hf=1000.0, eta_lf=0.0001, clip=0.5)+taba")


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    """Three runs: two seeds of one method, which saved their latents, and another method, which did not."""
    folder = tmp_path_factory.mktemp("runs")

    cells = [(METHODS[0], SEEDS[0]), (METHODS[0], SEEDS[1]), (METHODS[1], SEEDS[0])]
    for number, (method, seed) in enumerate(cells):
        run(attrs.evolve(CONFIG, method=method, seed=seed), folder / str(number), save_latents=number < 2)
    return tuple(folder / str(number) for number in range(3))


@pytest.fixture(scope="module")
def material(done: tuple[Path, ...]) -> Material:
    return Material.of([Finished.read(path) for path in done], few=2)


@pytest.fixture(scope="module")
def drawn(done: tuple[Path, ...], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("figures") / "out"
    words = ["--out", str(out), "--format", "png,svg", "--samples", "2", "--quiet"]
    assert main(["figures", *map(str, done), *words]) == 0
    return out


@pytest.mark.parametrize("plot", PLOTS, ids=lambda plot: plot.name)
def test_every_figure_is_drawn(drawn: Path, plot: Plot) -> None:
    with Image.open(drawn / f"{plot.name}.png") as image:
        image.load()
        assert image.width <= PAGE * DPI
    assert ET.parse(drawn / f"{plot.name}.svg").getroot().tag.endswith("svg")


@pytest.mark.parametrize("plot", PLOTS, ids=lambda plot: plot.name)
def test_a_caption_tells_the_number_of_samples_and_the_figure_of_the_paper(drawn: Path, plot: Plot) -> None:
    sections = (drawn / "captions.md").read_text().split("## ")
    (caption,) = (section for section in sections if section.startswith(f"{plot.name}\n"))
    assert "N = " in caption
    assert plot.paper in caption
    if plot.apart != "data" and plot.name != "explained-variance":
        assert f"N = {SAMPLES} a run" in caption
        assert f"{CONFIG.steps} steps" in caption


@pytest.mark.parametrize("plot", PLOTS, ids=lambda plot: plot.name)
def test_texts_are_readable_whole_and_clear_of_the_data(
    material: Material, plot: Plot, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts: list[Text] = []
    draw = Text.draw

    def spied(text: Text, *arguments: object) -> None:
        texts.append(text)
        draw(text, *arguments)

    monkeypatch.setattr(Text, "draw", spied)
    for _, drawing in drawings(plot, material):
        figure: Figure = drawing.figure
        with styled():
            FigureCanvasAgg(figure).draw()
        page = figure.bbox.padded(1.5)  # a glyph's last pixel, and a half
        for text in filter(Text.get_text, texts):
            box = text.get_window_extent()
            assert text.get_fontsize() >= 7, text
            assert page.contains(box.x0, box.y0), text
            assert page.contains(box.x1, box.y1), text
        for legend, axes in itertools.product(figure.legends, figure.axes):
            assert not legend.get_window_extent().overlaps(axes.get_window_extent())
        texts.clear()


def test_matplotlib_is_left_as_it_was(material: Material) -> None:
    matplotlib.rcParams["font.size"] = 11.5
    before = dict(matplotlib.rcParams)
    list(drawings(chosen("slope")[0], material))
    assert dict(matplotlib.rcParams) == before
    matplotlib.rcdefaults()


def test_the_same_runs_give_the_same_files(done: tuple[Path, ...], drawn: Path, tmp_path: Path) -> None:
    words = ["--only", "norms,flags", "--format", "svg,pdf", "--quiet", "--samples", "2"]
    for name in "ab":
        assert main(["figures", *map(str, done), *words, "--out", str(tmp_path / name)]) == 0
    for file in ("norms.svg", "norms.pdf", "flags.svg"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()
    assert (tmp_path / "a" / "norms.svg").read_bytes() == (drawn / "norms.svg").read_bytes()
    assert (tmp_path / "a" / "norms.pdf").read_bytes().startswith(b"%PDF")


def test_samples_inverted_again_are_those_of_the_run(material: Material) -> None:
    for subject in material.subjects[:2]:
        torch.testing.assert_close(subject.again.latent, subject.latents[:2], rtol=1e-4, atol=1e-4)


def test_runs_that_differ_in_their_seed_share_a_label(material: Material) -> None:
    assert [subject.rank for subject in material.subjects] == [0, 0, 1]
    assert len(material.firsts) == 2
    assert material.firsts[0].label == "standard"


def test_labels_tell_what_differs_and_nothing_else() -> None:

    other = attrs.evolve(CONFIG, scale=4, settings={**CONFIG.settings, "model": {"process": "ddim"}})
    assert labels([CONFIG, CONFIG]) == ["standard", "standard"]
    first, second = labels([CONFIG, other])
    assert "process='edm'" in first
    assert "process='ddim'" in second
    assert "x4" in second
    assert "steps" not in first + second


def test_long_labels_of_which_the_same_is_left_are_numbered() -> None:
    methods = [
        f"ovg(eta_hf=1000.0,eta_lf=0.0001,clip={clip},window='hann')+taba(steps=2)" for clip in (0.25, 0.5, 0.75)
    ]
    found = labels([attrs.evolve(CONFIG, method=method) for method in (*methods, methods[0])])
    assert len(set(found)) == 3
    assert found[3] == found[0]
    assert all(len(label) <= 60 for label in found)
    assert found[1].endswith("(2)")


def test_what_differs_where_names_are_cut_is_not_taken_for_the_same() -> None:
    """Models whose paths end alike, and data sets whose parameters begin alike."""
    deep = "/a/very/long/path/to/pictures/that/nobody/would/want/to/read/in/a/legend"
    models = [attrs.evolve(CONFIG, model=f"./runs/{name}/final") for name in "ab"]
    roots = [attrs.evolve(CONFIG, settings={"dataset": {"root": f"{deep}/{name}"}}) for name in "ab"]
    assert labels(models) == ["standard, ./runs/a/final", "standard, ./runs/b/final"]
    assert labels([models[0], CONFIG]) == ["standard, final", "standard, gaussian"]
    assert len(set(labels(roots))) == 2
    runs = [Finished(directory=Path(), config=one, document={}, rows=(), loader=Keeping()) for one in roots]
    assert len(Material.of(runs, 1).apart("data")) == 2


def test_data_sets_whose_names_differ_in_letters_that_no_file_has_do_not_share_one(done: tuple[Path, ...]) -> None:
    run = Finished.read(done[0])
    seeded = [{**run.config.settings, "dataset": {"size": SIZE, "seed": seed}} for seed in (1, -1)]
    runs = [attrs.evolve(run, config=attrs.evolve(run.config, settings=settings)) for settings in seeded]
    stems = [stem for stem, _ in drawings(chosen("filtered")[0], Material.of(runs, 1))]
    assert stems == ["filtered-cells-size-32-seed-1", "filtered-cells-size-32-seed-1-2"]


@pytest.mark.parametrize("name", ["$\\foo$", "a$b$c", "x_y^z$", "cost in $"])
def test_dollars_in_a_name_are_no_mathematics(done: tuple[Path, ...], name: str) -> None:
    """Not even in the same title as some."""
    runs = [Finished.read(path) for path in done[:2]]
    runs[1] = attrs.evolve(runs[1], config=attrs.evolve(runs[1].config, model=name, method="taba"))
    material = Material.of(runs, few=1)
    assert name in material.subjects[1].label
    for plot in chosen("tradeoff,norms,qualitative,flags,explained-variance"):
        ((_, drawing),) = drawings(plot, material)
        texts = [text.get_text() for text in drawing.figure.findobj(Text)]
        expected = "".join(name.replace("$", r"\$").split())
        assert any(expected in "".join(text.split()) for text in texts), plot.name


@pytest.mark.filterwarnings("always:boxes stand for")
def test_letters_that_the_font_lacks_are_told_once(
    done: tuple[Path, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(done[0], tmp_path / "run")
    path = tmp_path / "run" / "metrics.json"
    path.write_text(path.read_text().replace('"gaussian"', '"\u65e5\u672c"'))
    words = ["--only", "norms,tradeoff", "--format", "png,svg", "--quiet", "--out", str(tmp_path / "out")]
    assert main(["figures", str(tmp_path / "run"), str(done[1]), *words]) == 0
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("boxes stand for letters that the font of the figures lacks: \u65e5\u672c")


@pytest.mark.filterwarnings("always:.*is not drawn")
def test_what_is_missing_is_told_in_a_line(
    done: tuple[Path, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--only", "explained-variance,tradeoff,slope", "--out", str(tmp_path / "out")]
    assert main(["figures", str(done[2]), *words]) == 0
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert "explained-variance is not drawn" in lines[0]
    assert f"run {done[2]} again with --save-latents" in lines[0]
    assert "tradeoff is not drawn" in lines[1]
    assert "name more" in lines[1]
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"captions.md", "slope.png"}
    assert "Not drawn: tradeoff" in (tmp_path / "out" / "captions.md").read_text()


def test_a_run_without_what_a_figure_takes_is_left_out_and_named(material: Material) -> None:
    ((_, drawing),) = drawings(chosen("explained-variance")[0], material)
    assert f"Without {material.firsts[1].label}" in drawing.caption


def many(done: tuple[Path, ...], count: int) -> Material:
    """So many methods: one run under as many weights of guidance."""
    run = Finished.read(done[0])
    return Material.of([attrs.evolve(run, config=attrs.evolve(run.config, guidance=1.0 + i)) for i in range(count)], 2)


@pytest.mark.parametrize(("look", "most"), [(line, LINES), (marker, POINTS)])
def test_no_two_methods_look_alike(look: Callable[[int], dict[str, object]], most: int) -> None:
    assert len({repr(look(rank)) for rank in range(most)}) == most
    with pytest.raises(IndexError):
        look(most)


@pytest.mark.parametrize("plot", [plot for plot in PLOTS if plot.looks], ids=lambda plot: plot.name)
def test_more_methods_than_looks_are_not_drawn(done: tuple[Path, ...], plot: Plot) -> None:
    with pytest.raises(
        DataError, match=rf"{plot.looks + 1} methods cannot be told apart .* {plot.looks} can: name few"
    ):
        next(drawings(plot, many(done, plot.looks + 1)))


@pytest.mark.parametrize(("name", "look"), [("explained-variance", line), ("gaussianity", marker)])
def test_as_many_methods_as_looks_are_drawn_each_in_its_own(
    done: tuple[Path, ...], name: str, look: Callable[[int], dict[str, object]]
) -> None:
    """Those alone that the figure shows count, here the last of more."""
    (plot,) = chosen(name)
    material = Material(many(done, 2 * plot.looks).subjects[plot.looks :])
    ((_, drawing),) = drawings(plot, material)
    handles = drawing.figure.legends[0].legend_handles[: plot.looks]
    with styled():
        expected = handles_of({f"{rank}": rank for rank in range(plot.looks)}, look)
    assert [seen(handle) for handle in handles] == [seen(handle) for handle in expected]


def seen(one: Line2D) -> tuple[object, ...]:
    return one.get_color(), one.get_linestyle(), one.get_marker(), one.get_markerfacecolor(), one._dash_pattern


def told(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["figures", *words]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    return line


def test_bad_input_is_one_line(done: tuple[Path, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = ["--out", str(tmp_path / "out")]
    one = str(done[2])
    assert "no figure is called 'spectrum': did you mean" in (line := told([one, *out, "--only", "spectrum"], capsys))
    assert all(plot.name in line for plot in PLOTS)
    assert "has latents" in told([one, *out, "--only", "explained-variance"], capsys)
    assert "--format knows png, pdf, svg, not 'gif'" in told([one, *out, "--format", "gif"], capsys)
    assert "--samples must be at least 1" in told([one, *out, "--samples", "0"], capsys)
    assert "is no run directory" in told([str(tmp_path), *out], capsys)
    shutil.copytree(one, tmp_path / "damaged")
    (tmp_path / "damaged" / "metrics.json").write_text("{")
    assert "is damaged" in told([str(tmp_path / "damaged"), *out], capsys)
    (tmp_path / "taken").mkdir()
    assert "already exists" in told([one, "--out", str(tmp_path / "taken")], capsys)
    assert not (tmp_path / "out").exists()


def test_a_folder_of_runs_stands_for_those_that_are_done(done: tuple[Path, ...], tmp_path: Path) -> None:
    runs = tmp_path / "store" / "runs"
    runs.mkdir(parents=True)
    with pytest.raises(DataError, match=r"no run in .* is finished yet"):
        finished([tmp_path / "store"])
    for path, name in zip(done, ("c", "b", ".a.partial"), strict=True):
        shutil.copytree(path, runs / name)
    found = finished([tmp_path / "store", runs / "c", done[2]])
    assert [run.directory for run in found] == [runs / "b", runs / "c", done[2]]  # by seed, each once


def test_runs_of_the_same_data_share_it_and_their_model(
    done: tuple[Path, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = []
    build = loader.build_model
    monkeypatch.setattr(loader, "build_model", lambda *names, **given: loaded.append(names) or build(*names, **given))
    first, second = Material.of(finished(done[:2]), few=1).subjects
    assert first.run.dataset is second.run.dataset
    assert first.metric("s-hf") is second.metric("s-hf")
    assert first.again.latent.shape == second.again.latent.shape
    assert len(loaded) == 1


def test_latents_of_other_samples_are_told(done: tuple[Path, ...], tmp_path: Path) -> None:
    shutil.copytree(done[2], tmp_path / "copy")
    shutil.copy(done[0] / "latents.safetensors", tmp_path / "copy")
    copy = Finished.read(tmp_path / "copy")
    rows = tuple({**row, "id": f"other-{row['id']}"} for row in copy.rows)

    material = Material.of([attrs.evolve(copy, rows=rows)], few=2)
    with pytest.raises(DataError, match=r"is damaged \(latents\.safetensors"):
        list(drawings(chosen("explained-variance")[0], material))


def test_images_of_another_shape_than_the_data_sets_are_told(done: tuple[Path, ...]) -> None:
    run = Finished.read(done[0])
    smaller = {**run.config.settings, "dataset": {"size": 16, "count": SAMPLES}}
    material = Material.of([attrs.evolve(run, config=attrs.evolve(run.config, settings=smaller))], few=2)
    with pytest.raises(DataError, match=r"its images are 3x16x16, and the translated ones 3x32x32"):
        list(drawings(chosen("spectra")[0], material))


@pytest.mark.parametrize("text", ["", ",", "nothing"])
def test_names_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ConfigurationError):
        chosen(text)
    with pytest.raises(ConfigurationError):
        formats(text)


@pytest.mark.parametrize(("count", "dimension"), [(8, 300), (40, 64)])
def test_white_noise_lies_within_the_band_and_a_smooth_field_does_not(count: int, dimension: int) -> None:
    generator = torch.Generator().manual_seed(1)
    low, high = gaussian_band(count, dimension)
    for _ in range(5):
        rows = torch.randn(count, dimension, generator=generator, dtype=torch.float64)
        curve = cumulated_variance(rows)
        assert (low <= curve + 1e-9).all()
        assert (curve <= high + 1e-9).all()
    smooth = rows.cumsum(dim=1)
    assert (cumulated_variance(smooth)[:3] > high[:3]).all()


@given(st.lists(st.floats(0.01, 3), min_size=1, max_size=60), st.integers(2, 10**6))
def test_a_histogram_has_area_one_and_holds_every_value(ratios: list[float], d: int) -> None:
    density, edges = histogram(ratios, d)
    assert float((density * np.diff(edges)).sum()) == pytest.approx(1)
    assert edges[0] <= min(ratios)
    assert max(ratios) <= edges[-1]


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=20))
def test_the_front_is_what_nothing_else_is_better_than(points: list[tuple[float, float]]) -> None:
    best = front(points)

    def better(a: tuple[float, float], b: tuple[float, float]) -> bool:
        return a != b and a[0] >= b[0] and a[1] >= b[1]

    for i, point in enumerate(points):
        assert (i in best) != any(better(other, point) for other in points)
    ups = [points[i][1] for i in best]
    assert ups == sorted(ups, reverse=True)


def test_two_points_have_no_correlation() -> None:
    assert np.isnan(pearson([0, 1], [0, 1]))
    assert np.isnan(pearson([0, 1, 2], [5, 5, 5]))
    assert np.isnan(pearson([0, 1, 2], [5, 6, float("nan")]))
    assert pearson([0, 1, 2], [3, 2, 1]) == pytest.approx(-1)


def test_filters_keep_the_mean_and_what_they_should() -> None:
    images = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    torch.testing.assert_close(without_high(images, 0.8), images)  # beyond the corner of the modes
    flat = without_low(images, 0.8)
    torch.testing.assert_close(flat, images.mean(dim=(-2, -1), keepdim=True).expand_as(flat))


def test_white_noise_has_power_one_in_every_band() -> None:
    white = torch.randn(400, 1, 24, 24, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    shares = white_energies(white)
    assert float(shares.sum()) == pytest.approx(1)
    power = band_energies([white], (0.0625, 0.25))[0].mean(dim=0) / shares
    torch.testing.assert_close(power, torch.ones_like(power), rtol=0.05, atol=0)  # 3 sd of the coarse band's few modes
