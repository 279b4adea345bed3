"""Registration."""

from __future__ import annotations

from spectralkit.plugins import MethodSpec, hookimpl


@hookimpl
def spectralkit_methods() -> tuple[MethodSpec, ...]:
    """TABA."""
    return (
        MethodSpec(
            name="taba",
            target="spectralkit_methods_taba.taba:taba",
            summary="Replaces the first inversion steps by one forward noising",
            citation='Staniszewski, Kucinski & Deja 2025, "There and Back Again"',
            stochastic=True,
            cost="(N - K) F + N F",
        ),
    )
