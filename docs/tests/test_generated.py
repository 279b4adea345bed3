"""What the pages say of the installed system is what it says of itself; a comparison is placed as it was written."""

from __future__ import annotations

import json
from pathlib import Path

import generate
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pages import methods
from pages.markdown import marked, table, with_section

from spectralkit.cli.main import main as spectralkit
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


TOY = ("--model", "gaussian", "--dataset", "ihc", "--scale", "8", "--samples", "2", "--steps", "2", "--seeds", "1,2")


def compare(out: Path, methods: str) -> None:
    assert spectralkit(["compare", *TOY, "--methods", methods, "--quiet", "--out", str(out)]) == 0


def place(page: Path, out: Path) -> str:
    assert generate.main(["comparison", str(out), "--page", str(page)]) == 0
    return page.read_text()


def test_a_comparison_is_placed_with_what_it_depends_on(tmp_path, monkeypatch):
    """What a reader needs beside the numbers comes with compare's own notes."""
    page, out = tmp_path / "page.md", tmp_path / "first"
    page.write_text("# Title\n")
    monkeypatch.setattr("sys.argv", ["spectralkit", "compare", "--model", "gaussian"])
    compare(out, "standard,taba,sdedit,taba(steps=9)")
    made = place(page, out)
    assert made.startswith("# Title\n\n<!-- begin generated: gaussian -->\n\n## gaussian on ihc x8\n")
    rows = {line.split("|")[1].strip(): line for line in made.splitlines() if line.startswith("| `")}
    runs = [json.loads(path.read_text()) for path in out.glob("runs/*/metrics.json")]
    plain = next(one for one in runs if one["config"]["method"] == "standard")
    assert f"{plain['scores']['psnr']:.2f}" in rows["`standard`"]
    assert "±" not in rows["`standard`"]
    assert rows["`taba`"].count("±") == 6  # five scores and the energy
    assert "| 4 F |" in rows["`standard`"]
    assert "| 3 F |" in rows["`taba`"]
    assert f"| {plain['seconds']:.1f} |" in rows["`standard`"]
    assert "| (" in rows["`sdedit`"], "latents that were drawn are in brackets"
    null, real = plain["details"]["s-g"]["expected under the null"], plain["details"]["s-hf"]
    for fact in (
        "- taba(steps=9) is refused: taba would replace 9 steps",
        "- in brackets: latents that are no image of an inversion",
        f"- S_G of white noise at this number of samples: about {null:.2f}",
        f"- S_HF compares with mu {real['mu']:.4g}, real images {real['real images']:.0f}",
        "- 2 samples, 2 steps, seeds 1, 2, on cpu",
        "- made by `spectralkit compare --model gaussian`",
    ):
        assert fact in made

    compare(tmp_path / "second", "standard")
    again = place(page, tmp_path / "second")
    assert again.count("<!-- begin generated: gaussian -->") == 1
    assert "`taba`" not in again


def test_what_is_no_comparison_is_told(tmp_path, capsys):
    page = tmp_path / "page.md"
    page.write_text("# Title\n")
    assert generate.main(["comparison", str(tmp_path), "--page", str(page)]) == 2
    assert "is no comparison: name the --out of a `spectralkit compare`" in capsys.readouterr().err
    assert page.read_text() == "# Title\n"
