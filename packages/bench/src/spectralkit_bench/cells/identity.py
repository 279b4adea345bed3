"""What a run is known by: two runs of one key give the same scores.

The key is the SHA-256 of the resolved configuration, every default filled in, of the model's digest, of the state of
files that the configuration names (see :mod:`spectralkit_bench.cells.files`), and of the versions of the core, of
everything that took part, third parties' too, and of the numeric libraries. Left out is what changes no score: the
batch size, since noise is drawn by sample; the device, where scores differ by round-off only; the place a checkpoint
lies in, since its weights count; and the seed of a run that draws nothing. A change of the code that leaves the version
as it is is not seen.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from weakref import WeakKeyDictionary

from spectralkit.models.model import Model
from spectralkit.plugins.registered import Registered, taking_part
from spectralkit.running.assembly import assemble
from spectralkit.running.config import RunConfig
from spectralkit.running.document import as_json
from spectralkit.running.loader import Loader
from spectralkit.running.rundir import NUMERIC, versions
from spectralkit_bench.cells.cell import Cell
from spectralkit_bench.cells.files import states
from spectralkit_bench.cells.randomness import is_random
from spectralkit_bench.cells.weights import digest

IRRELEVANT = ("model", "device", "batch_size")

_digests: WeakKeyDictionary[Model, str] = WeakKeyDictionary()
"""Of models that are loaded: many cells share one, and hashing all its weights takes seconds."""


def identify(config: RunConfig, loader: Loader) -> Cell:
    """The cell of a configuration.

    Raises:
        SpectralkitError: If it cannot be run: a name is unknown, or model, method and data set do not fit.
    """
    with taking_part() as parts:
        assembly = assemble(config, loader)
    weights, taken = _weights(assembly.model), _versions(parts)
    table = {name: value for name, value in assembly.config.as_table().items() if name not in IRRELEVANT}
    if not is_random(config.method, assembly.model):
        table.pop("seed")
    known = [table, taken, weights]
    if found := states(assembly.config):
        known.append(found)
    key = hashlib.sha256(as_json(known).encode()).hexdigest()
    return Cell(key=key, config=assembly.config, versions=taken, weights=weights)


def _weights(model: Model) -> str:
    if model not in _digests:
        _digests[model] = digest(model)
    return _digests[model]


def _versions(parts: Iterable[Registered]) -> dict[str, str]:
    """Of what takes part; a package that is merely installed does not."""
    taken = {"spectralkit", *NUMERIC, *(part.distribution for part in parts)}
    return {name: version for name, version in versions(parts).items() if name in taken}
