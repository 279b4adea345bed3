"""Registration."""

from __future__ import annotations

from spectralkit.plugins import CommandSpec, hookimpl


@hookimpl
def spectralkit_commands() -> tuple[CommandSpec, ...]:
    """What is done with many runs, or with those that are done."""
    return (
        CommandSpec(
            name="compare",
            target="spectralkit_bench.commands.compare:command",
            summary="Compare methods on one model and data set: a table and a picture",
        ),
        CommandSpec(
            name="sweep",
            target="spectralkit_bench.commands.sweep:command",
            summary="Vary parameters of a method, and find what is gained in one score for what is lost in another",
        ),
        CommandSpec(
            name="figures",
            target="spectralkit_bench.figures.command:figures",
            summary="Draw the figures of finished runs: spectra, noise maps, correlations, velocities",
        ),
        CommandSpec(
            name="bench",
            target="spectralkit_bench.commands.bench:command",
            summary="Run grids of models, data sets, methods and seeds in a store, and print their tables",
        ),
        CommandSpec(
            name="report",
            target="spectralkit_bench.report.command:command",
            summary="Write a report of finished runs: one HTML file to look at, compare and share",
        ),
    )
