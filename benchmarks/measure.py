"""A candidate against its floor: alternating runs, the median of the ratios, and the peak memory of each."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import attrs
import torch
from torch.profiler import ProfilerActivity, profile

Work = Callable[[], object]
MEBIBYTE = 2**20


@attrs.frozen
class Row:
    """One line of the table.

    Args:
        name: What is compared.
        ratio: Median of candidate over floor, in time; for a speed-up, of floor over candidate.
        spread: Half the distance between the quartiles of the ratios.
        bound: What the ratio is held to, as text.
        memory: Peak memory of candidate and floor, MiB.
    """

    name: str
    ratio: float
    spread: float
    bound: str
    memory: tuple[float, float]


def device() -> torch.device:
    """CUDA where there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def seconds(work: Work) -> float:
    """Wall time of one run, the accelerator's queue drained."""
    started = time.perf_counter()
    work()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - started


def peak(work: Work) -> float:
    """Peak memory that torch allocates during one run, MiB."""
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        work()
        return (torch.cuda.max_memory_allocated() - before) / MEBIBYTE
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        work()
    results = profiler.profiler.kineto_results if profiler.profiler else None
    events = [e for e in results.events() if e.name() == "[memory]"] if results else []
    total = highest = 0
    for event in sorted(events, key=lambda e: e.start_ns()):
        total += event.nbytes()
        highest = max(highest, total)
    return highest / MEBIBYTE


def compare(name: str, candidate: Work, floor: Work, bound: str, *, speedup: bool = False, rounds: int = 9) -> Row:
    """Time both in alternation, the order swapped every round, after one warm-up of each."""
    memory = peak(candidate), peak(floor)
    ratios = []
    for i in range(rounds):
        first, second = (candidate, floor) if i % 2 else (floor, candidate)
        a, b = seconds(first), seconds(second)
        ratio = a / b if i % 2 else b / a
        ratios.append(1 / ratio if speedup else ratio)
    low, middle, high = statistics.quantiles(ratios, n=4)
    return Row(name, middle, (high - low) / 2, bound, memory)
