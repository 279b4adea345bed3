"""What runs on a cluster: shards of cells, one after the other, on models that stay loaded."""

from __future__ import annotations

import io
import tarfile
import tempfile
from pathlib import Path
from typing import Any

import attrs

from spectralkit.running.config import RunConfig
from spectralkit.running.loader import Keeping
from spectralkit.running.portion import Portion, Shard
from spectralkit.running.run import run_shard
from spectralkit_bench.executors.work import why


@attrs.frozen
class Returned:
    """What an actor sends back.

    Args:
        images: The folder ``samples``, a tar file.
        portion: All else of the shard; None if it failed.
        error: Why it failed.
    """

    images: bytes = b""
    portion: Portion | None = None
    error: str = ""


class Runner:
    """What an actor is: a loader, and shards run with it."""

    def __init__(self) -> None:
        self._loader = Keeping()

    def run(self, options: dict[str, Any], shard: Shard) -> Returned:
        """Run a shard in a folder of its own, and return what has become of it."""
        with tempfile.TemporaryDirectory() as folder:
            try:
                portion = run_shard(Path(folder), RunConfig(**options), shard, self._loader)
            except OSError:  # the machine's failure: another may do better
                raise
            except Exception as error:
                return Returned(error=why(error))
            images = io.BytesIO()
            with tarfile.open(fileobj=images, mode="w") as archive:
                archive.add(Path(folder) / "samples", arcname="samples")
            return Returned(images.getvalue(), portion)
