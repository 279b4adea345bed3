"""The page: templates that escape all they are given, with style and scripts inlined.

Its content security policy lets nothing run but these scripts, by their digests, and nothing be fetched at all: what a
hostile name could smuggle past the escaping would still be dead.
"""

from __future__ import annotations

import base64
import hashlib
import math
from functools import cache
from importlib import resources
from typing import TextIO

import jinja2
from markupsafe import Markup

from spectralkit import __version__
from spectralkit_bench.report.charts.curves import curves
from spectralkit_bench.report.content import Content
from spectralkit_bench.report.evidence import LatentView, view, with_white
from spectralkit_bench.report.numbers import share, short
from spectralkit_bench.report.palette import rules
from spectralkit_bench.report.pictures import white
from spectralkit_bench.report.verdict import RULE
from spectralkit_metrics_spectral import PatchTest

SCRIPTS = ("sorting", "choosing", "thumbnails", "zooming", "wiping", "viewing", "printing")
STYLES = ("page", "tables", "charts", "viewer")

SIGNS = {"white": "✓", "partly": "◐", "collapsed": "✕", "inflated": "▲", "drawn": "○", "unknown": "?"}


def render(content: Content, file: TextIO) -> None:
    """Write the page piece by piece."""
    sheets = [*(asset(f"{name}.css") for name in STYLES), rules(len(content.methods))]
    styles, scripts = Markup("\n".join(sheets)), [asset(f"{name}.js") for name in SCRIPTS]
    labels = {picture.key: picture.label for picture in content.shown[0].pictures}
    file.writelines(
        _environment()
        .get_template("page.html")
        .generate(
            content=content,
            labels=labels,
            styles=styles,
            scripts=[Markup(script) for script in scripts],
            policy=_policy(styles, scripts),
            image_spectra=curves("Mean spectra of the images", content.averages.curves(labels)),
            latent_spectra=curves("Mean spectra of the latents", with_white(content.noises.curves(labels))),
            noise=_noise(content),
            rule=RULE,
            signs=SIGNS,
            version=__version__,
        )
    )


@cache
def asset(name: str) -> str:
    """A style sheet or a script of this package."""
    return (resources.files(__package__) / "assets" / name).read_text(encoding="utf-8").strip()


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader(__package__, "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(short=short, share=share)
    environment.tests["nan"] = math.isnan
    return environment


def _policy(styles: str, scripts: list[str]) -> str:
    allowed = " ".join(map(_digest, scripts))
    return (
        f"default-src 'none'; img-src data:; style-src {_digest(styles)}; script-src {allowed}; "
        "base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _noise(content: Content) -> LatentView | None:
    """White noise as the first latent would show it; None without latents."""
    latent = next((view for shown in content.shown for view in shown.latents), None)
    if latent is None:
        return None
    return view("white", "white noise", white(latent.shape), PatchTest())
