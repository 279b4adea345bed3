"""``metrics.md``: its tables are what the metrics say today, its code works, its plots are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pages import conventions, metrics

from spectralkit.plugins.registry import registry

DOCS = Path(__file__).parents[1]
PAGE = (DOCS / "metrics.md").read_text(encoding="utf-8")


def cells(table: str) -> list[list[str]]:
    """Of every line but the rule below the header."""
    lines = [line for line in table.splitlines() if line.startswith("| ") and not line.startswith("| ---")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def section(name: str) -> str:
    begin, end = (f"<!-- {edge} generated: {name} -->" for edge in ("begin", "end"))
    return PAGE.partition(begin)[2].partition(end)[0]


def agree(written: str, made: str) -> bool:
    """Alike, or two numbers that differ by one in the last digit: threads change the order of sums."""
    if written == made or not re.fullmatch(r"-?\d+\.\d+", written):
        return written == made
    digits = len(written.partition(".")[2])
    return abs(float(written) - float(made)) < 1.5 * 10**-digits


def assert_up_to_date(written: str, made: str) -> None:
    old, new = cells(written), cells(made)
    assert [line[0] for line in old] == [line[0] for line in new], "run `python docs/generate_metrics.py tables`"
    for before, after in zip(old, new, strict=True):
        # A column that is not made here (the feature network takes too long for a test) stands last.
        assert all(map(agree, before, after)), (before, after)


def test_every_metric_is_told_of():
    assert section("overview").strip() == metrics.overview()
    untold = PAGE.replace(section("overview"), "")
    assert all(f"`{name}`" in untold for name in registry().names("metric"))


def test_the_scores_of_latents_are_up_to_date():
    assert_up_to_date(section("latents"), metrics.latent_table())


def test_the_scores_of_images_are_up_to_date():
    assert_up_to_date(section("images"), metrics.image_table(distances=False))


@pytest.mark.parametrize("stale", ["0.96", "0.951", "n/a"])
def test_a_stale_number_is_noticed(stale):
    assert agree("0.94", "0.95")
    assert agree("∞", "∞")
    assert not agree(stale, "0.94")


def test_tau_is_credited_to_its_law():
    assert_up_to_date(section("thresholds"), conventions.thresholds())
    assert [row[1] for row in cells(section("thresholds"))[1:]] == ["0.611", "1.071", "1.310"]


def test_what_conventions_cost_is_up_to_date():
    assert_up_to_date(section("conventions"), conventions.conventions())


def test_a_metric_alone(capsys):
    alone, together = {}, {}
    for snippet, names in zip(
        re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL), (alone, together), strict=True
    ):
        exec(snippet, names)
    first, second, third = capsys.readouterr().out.split("\n", 2)
    assert float(first.split()[0]) == pytest.approx(0.986, abs=0.005)
    assert "tau" in first
    assert len(second.split()) > 2
    assert all(f"'{name}': tensor(" in third for name in ("s-g", "s-dc", "s-hf", "s-lf"))
    found = together["scores"].compute()
    assert found["s-lf"] == together["scores"]["s-lf"](together["sources"], together["outputs"])
    assert found["s-dc"] == pytest.approx(float(first.split()[0]), abs=0.005)


def test_the_plots_are_there_and_small():
    shown = re.findall(r"\]\(figures/(.+?)\)", PAGE)
    assert sorted(shown) == sorted(path.name for path in (DOCS / "figures").glob("s-*.png"))
    assert len(shown) == 3
    assert all((DOCS / "figures" / name).stat().st_size <= 60_000 for name in shown)
