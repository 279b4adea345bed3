"""What the pages say of the installed system is what the system says of itself; the comparison's rules hold."""

from __future__ import annotations

import json
from pathlib import Path

import generate
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pages import kept, methods
from pages.comparison import Outcome, emphasis
from pages.kept import spread
from pages.markdown import marked, table, with_section
from pages.rows import Row

from spectralkit.errors import ConfigurationError, SlotConflict
from spectralkit.plugins.registry import registry

DOCS = Path(__file__).parents[1]


@pytest.mark.parametrize("name", generate.SECTIONS)
def test_a_page_is_up_to_date(name):
    page = (DOCS / f"{name}.md").read_text()
    assert generate.rewritten(name, page) == page, f"run `python docs/generate.py {name}`"


def test_every_method_has_its_rows():
    for made in (methods.overview(), methods.facts()):
        assert all(f"| `{name}`" in made for name in registry().names("method"))


def test_the_matrix_is_symmetric():
    lines = methods.matrix().split("\n\n")[0].splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")][1:] for line in lines[2:]]
    assert cells == [list(column) for column in zip(*cells, strict=True)]
    assert all(cell for i, row in enumerate(cells) for j, cell in enumerate(row) if i != j)


def test_the_check_tells_a_stale_page(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(generate.SECTIONS, "methods", {"overview": lambda: "fresh"})
    page = tmp_path / "page.md"
    page.write_text(marked("overview", "stale"))
    assert generate.main(["methods", "--check", "--page", str(page)]) == 1
    assert "out of date" in capsys.readouterr().err
    assert generate.main(["methods", "--page", str(page)]) == 0
    assert generate.main(["methods", "--check", "--page", str(page)]) == 0
    assert page.read_text() == marked("overview", "fresh")


@given(st.text(alphabet="ab\n |<"), st.text(alphabet="ab\n |<"), st.text(alphabet="ab\n |<"))
def test_a_section_is_replaced_and_the_rest_left_alone(before, after, body):
    page = f"{before}{marked('x', 'old')}{after}"
    assert with_section(page, "x", body) == f"{before}{marked('x', body)}{after}"


def test_a_bar_does_not_end_a_cell():
    assert table(("a",), [("x|y",)]).splitlines()[2].count("|") == 2


@given(st.lists(st.one_of(st.none(), st.floats(0, 100)), min_size=1), st.booleans())
def test_emphasis_follows_its_rule(values, higher):
    marks = emphasis(values, higher_is_better=higher)
    present = [value for value in values if value is not None]
    for value, mark in zip(values, marks, strict=True):
        if value is None:
            assert mark == "{}"
        elif value == (max if higher else min)(present):
            assert mark == "**{}**"
        else:
            close = value >= 0.95 * max(present) if higher else 0.95 * value <= min(present)
            # At the very edge of 5 % the two ways of writing the rule may round differently.
            if abs(0.95 * value - min(present)) > 1e-9:
                assert mark == ("<u>{}</u>" if close else "{}")


def test_spread_is_the_sample_standard_deviation():
    assert spread([1.0, 3.0], 3) == "2.000 ± 1.414"
    assert spread([1.0], 2) == "1.00"


def test_a_drawn_latent_competes_with_its_images_only():
    drawn, inverted = (Outcome(Row(method), ({},)) for method in ("sdedit+ancestral", "ovg"))
    assert [drawn.counts(name) for name in ("s-g", "s-dc", "s-hf", "psnr")] == [False, False, True, True]
    assert inverted.counts("s-g")


def test_rows_are_read_and_checked():
    assert Row.read("null-class@7.5") == Row("null-class", 7.5)
    assert Row.read("ovg+taba") == Row("ovg+taba")
    with pytest.raises(ConfigurationError, match="METHOD@GUIDANCE"):
        Row.read("ovg@much")
    with pytest.raises(SlotConflict):
        Row.read("edict+bdia")


def compare(page: Path, cache: Path, *rows: str) -> str:
    small = ["--samples", "2", "--steps", "2", "--batch-size", "2", "--seeds", "1", "2"]
    words = ["comparison", "--model", "gaussian", *small, "--resume-dir", str(cache), "--page", str(page)]
    assert generate.main([*words, "--methods", *rows]) == 0
    return page.read_text()


def test_a_comparison_is_tabulated_and_resumed(tmp_path, monkeypatch):
    page, cache = tmp_path / "page.md", tmp_path / "cache"
    page.write_text("# Title\n")
    first = compare(page, cache, "standard", "taba")
    assert first.startswith("# Title\n\n<!-- begin generated: gaussian -->\n\n## Model `gaussian`\n")
    rows = {line.split("|")[1].strip(): line for line in first.splitlines() if line.startswith("| `")}
    assert list(rows) == ["`standard`", "`taba`"]
    documents = [json.loads(path.read_text()) for path in cache.glob("*/metrics.json")]
    assert len(documents) == 3, "a deterministic method is run once, a random one once a seed"
    plain = next(document for document in documents if document["config"]["method"] == "standard")
    assert f"{plain['scores']['psnr']:.2f}" in rows["`standard`"]
    assert "±" not in rows["`standard`"]
    assert rows["`taba`"].count("±") == 6  # five scores and the energy
    assert "| 4 F |" in rows["`standard`"]
    assert "| 3 F |" in rows["`taba`"]

    def unexpected(*arguments: object) -> None:
        raise AssertionError("this run is already there")

    monkeypatch.setattr(kept.runner, "run", unexpected)
    assert compare(page, cache, "standard", "taba") == first


def test_a_refused_row_says_why(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# Title\n")
    made = compare(page, tmp_path / "cache", "standard", "taba(steps=9)")
    assert "| `taba(steps=9)` | refused: see below |" in made
    assert "- `taba(steps=9)` is refused: taba would replace 9 steps" in made
