"""Development sessions; ``nox -l`` lists them."""

from __future__ import annotations

import os
import tempfile
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import nox

nox.options.default_venv_backend = "virtualenv"
nox.options.reuse_existing_virtualenvs = True
nox.options.sessions = ["tests", "lint", "wheels"]

PACKAGES = sorted(path.parent for path in Path("packages").rglob("pyproject.toml"))
NAMES = [path.relative_to("packages").as_posix() for path in PACKAGES]
BUILD = ("hatchling", "editables")  # present beforehand, so that twenty builds need no environment each
TESTING = (
    *("hypothesis", "optuna", "piq", "playwright", "psutil", "pytest", "pytest-xdist", "ray", "scikit-image"),
    "transformers",
)
LINTING = ("hypothesis", "mypy", "nox", "optuna", "pytest", "ruff")  # what the sources import must be there for mypy


@cache
def metadata(package: Path) -> dict[str, Any]:
    """The [project] table of a package."""
    table: dict[str, Any] = tomllib.loads((package / "pyproject.toml").read_text())["project"]
    return table


def first_party(requirements: list[str]) -> set[Path]:
    """The packages of this repository among ``requirements``."""
    by_name = {metadata(path)["name"]: path for path in PACKAGES}
    names = {requirement.split("~")[0].split("[")[0].strip() for requirement in requirements}
    return {by_name[name] for name in names & set(by_name)}


def closure(package: Path) -> set[Path]:
    """A package with everything of this repository that it declares, directly or not."""
    found, waiting = set(), [package]
    while waiting:
        current = waiting.pop()
        if current not in found:
            found.add(current)
            waiting.extend(first_party(metadata(current).get("dependencies", [])))
    return found


def install(session: nox.Session, *packages: str, tools: tuple[str, ...] = ()) -> None:
    """Install tools, then packages editable without build isolation (6 s instead of a minute)."""
    session.install("-q", "-c", "constraints.txt", *BUILD, *tools)
    session.install("-q", "-c", "constraints.txt", "--no-build-isolation", *packages)


def pytest(session: nox.Session, *arguments: str) -> None:
    """Run pytest on both cores, one thread each."""
    session.run(
        *("python", "-m", "pytest", "-n", "2", "-q", *arguments),
        env={"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE", "PIP_NO_INPUT": "1"},
    )


@nox.session
def tests(session: nox.Session) -> None:
    """All packages together."""
    install(session, "-r", "requirements.txt", tools=TESTING)
    session.run("python", "-m", "pip", "check")
    pytest(session, *session.posargs)


@nox.session
@nox.parametrize("package", NAMES, ids=NAMES)
def tests_isolated(session: nox.Session, package: str) -> None:
    """One package with nothing but what it declares, so that an undeclared sibling fails to import."""
    path = Path("packages") / package
    declared = metadata(path).get("optional-dependencies", {}).get("test", [])
    needed = closure(path).union(*map(closure, first_party(declared)))
    editable = [word for sibling in sorted(needed) for word in ("-e", f"./{sibling}")]
    extra = [requirement for requirement in declared if not first_party([requirement])]
    install(session, *editable, tools=("hypothesis", "pytest", "pytest-xdist", *extra))
    pytest(session, str(path))


@nox.session
def lint(session: nox.Session) -> None:
    """Ruff, and mypy strict on every src."""
    install(session, "-r", "requirements.txt", tools=LINTING)
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy", *(str(path / "src") for path in PACKAGES), "noxfile.py")


@nox.session
def wheels(session: nox.Session) -> None:
    """Build every wheel, install them in a clean environment, and run the program."""
    session.install("-q", "-c", "constraints.txt", *BUILD)
    with tempfile.TemporaryDirectory() as folder:
        paths = [str(path) for path in PACKAGES]
        session.run(*("python", "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", folder, *paths))
        built = sorted(str(path) for path in Path(folder).glob("*.whl"))
        session.install("-q", "-c", "constraints.txt", "--force-reinstall", "--no-deps", *built)
        session.install("-q", "-c", "constraints.txt", *built)
        session.chdir(folder)  # away from the sources
        session.run("spectralkit", "plugins")
        session.run(
            *("spectralkit", "run", "--model", "edm", "--method", "ovg+taba"),
            *("--samples", "2", "--steps", "4", "--quiet", "--out", "out"),
        )


@nox.session
def bench(session: nox.Session) -> None:
    """Speed and memory as ratios, measured in alternation in one run."""
    install(session, "-r", "requirements.txt", tools=("piq", "pytorch-msssim"))
    session.run("python", "-m", "benchmarks", *session.posargs, env=os.environ | {"OMP_WAIT_POLICY": "PASSIVE"})


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation, warnings being errors."""
    install(session, "-r", "requirements.txt", tools=("sphinx", "furo", "myst-parser"))
    session.run("sphinx-build", "-W", "-b", "html", "docs", "docs/_build")
