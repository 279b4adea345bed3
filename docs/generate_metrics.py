"""Rewrite the generated parts of metrics.md.

python docs/generate_metrics.py tables     the tables (a minute: one of the columns runs a feature network)
python docs/generate_metrics.py figures    the calibration plots in docs/figures; needs matplotlib
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from pages import conventions, metrics
from pages.markdown import with_section

PAGE = Path(__file__).with_name("metrics.md")
TABLES = {
    "overview": metrics.overview,
    "thresholds": conventions.thresholds,
    "latents": metrics.latent_table,
    "images": metrics.image_table,
    "conventions": conventions.conventions,
}


def write_tables() -> None:
    """Replace every table of the page."""
    page = PAGE.read_text(encoding="utf-8")
    for name, made in TABLES.items():
        page = with_section(page, name, made())
    PAGE.write_text(page, encoding="utf-8")


def write_figures() -> None:
    """Draw the plots."""
    from pages import calibration  # noqa: PLC0415  # the only part that needs matplotlib

    calibration.write(PAGE.with_name("figures"))


def main(words: list[str] | None = None) -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("tables", "figures"))
    {"tables": write_tables, "figures": write_figures}[parser.parse_args(words).what]()


if __name__ == "__main__":
    sys.exit(main())
