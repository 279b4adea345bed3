"""A candidate against its floor: alternating runs, the ratio of the fastest, and the peak memory of each."""

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
        ratio: Candidate over floor, in time; for a speed-up, floor over candidate.
        spread: Half the distance between the quartiles of the rounds' ratios.
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
    """Time both in alternation, the order swapped every round, after one warm-up of each.

    The ratio is that of the fastest runs: what else the machine does can only slow a run down.
    """
    memory = peak(candidate), peak(floor)
    times: tuple[list[float], list[float]] = ([], [])
    for i in range(rounds):
        for which in (0, 1) if i % 2 else (1, 0):
            times[which].append(seconds((candidate, floor)[which]))
    over, under = reversed(times) if speedup else times
    low, _, high = statistics.quantiles([a / b for a, b in zip(over, under, strict=True)], n=4)
    return Row(name, min(over) / min(under), (high - low) / 2, bound, memory)
