"""Run a task in several gloo processes: does a metric reduce to the value one process gives?"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch import Tensor, distributed
from torch.multiprocessing.spawn import start_processes


def _work(rank: int, world: int, task: Callable[[int], Tensor], folder: str) -> None:
    torch.set_num_threads(1)  # the parent's thread pool does not survive the fork
    distributed.init_process_group("gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=world)
    torch.save(task(rank), f"{folder}/{rank}.pt")
    distributed.destroy_process_group()


def across_processes(task: Callable[[int], Tensor], world: int = 2) -> list[Tensor]:
    """Results of ``task(rank)``, one per rank of a process group of ``world`` processes on this machine.

    The processes are forked, so the task may be a closure and imports are not repeated.

    Args:
        task: Returns a tensor; inside it ``torch.distributed`` is initialised.
        world: Number of processes.
    """
    with TemporaryDirectory() as folder:
        start_processes(_work, args=(world, task, folder), nprocs=world, start_method="fork")  # type: ignore[no-untyped-call]
        return [torch.load(Path(folder) / f"{rank}.pt", weights_only=True) for rank in range(world)]
