"""Print the table."""

from __future__ import annotations

import argparse

import torch

from benchmarks import grids, inversion, loading, metrics, training
from benchmarks.measure import device

PARTS = {
    "grids": grids.rows,
    "inversion": inversion.rows,
    "loading": loading.rows,
    "metrics": metrics.rows,
    "training": training.rows,
}


def main() -> None:
    """Measure and print row by row."""
    parser = argparse.ArgumentParser(prog="nox -s bench --")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)} (default: all)")
    chosen = parser.parse_args().parts or list(PARTS)
    for name in chosen:
        if name not in PARTS:
            parser.error(f"unknown part {name!r}: choose of {', '.join(PARTS)}")
    print(f"torch {torch.__version__} on {device()}, {torch.get_num_threads()} threads")
    print(f"{'':54} {'ratio':>7} {'+-':>6} {'bound':>8} {'MiB':>8} {'floor MiB':>10}")
    for name in chosen:
        for row in PARTS[name]():
            memory = f"{row.memory[0]:8.0f} {row.memory[1]:10.0f}"
            print(f"{row.name:54} {row.ratio:7.3f} {row.spread:6.3f} {row.bound:>8} {memory}", flush=True)


if __name__ == "__main__":
    main()
