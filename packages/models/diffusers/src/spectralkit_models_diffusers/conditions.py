"""Conditions of a foreign network: one that is always there, classes by name and number, or prompts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import attrs
import torch
from torch import Tensor

from spectralkit.errors import ConfigurationError, DataError
from spectralkit.models.own import UNCONDITIONAL
from spectralkit.plugins.text import counted, enumerated


@attrs.frozen(eq=False)
class Conditions:
    """What a network can be told.

    Args:
        rows: An embedding (1, ...) by name.
        null: (1, ...), that of no condition, where the network learned one.
        aliases: Further names.
        told: All of it in words.
    """

    rows: Mapping[str, Tensor]
    null: Tensor | None
    aliases: Mapping[str, str]
    told: str


NOTHING = "the network takes none"


def unconditional(row: Tensor | None = None, why: str = NOTHING) -> Conditions:
    """The one condition of a network that takes none, or of one that nobody can tell anything.

    Args:
        row: (1, ...), what it is told all the same.
        why: There is no other.
    """
    rows = {UNCONDITIONAL: torch.zeros(1, 0) if row is None else row}
    return Conditions(rows, None, {}, f"one, {UNCONDITIONAL!r}: {why}; guidance must stay 1")


def prompts_told(rows: Mapping[str, Tensor], prompts: Sequence[str], negative: str | None, guided: bool) -> Conditions:
    """Prompts as conditions, each by its own text, the empty one as ``any``.

    Args:
        rows: (1, ...) by text, of the prompts and, unless ``guided``, of the negative one.
        prompts: What becomes a condition; none is the empty one alone.
        negative: What guidance leads away from; None is the empty one.
        guided: Whether the network is told its guidance as a number.
    """
    known = {text or UNCONDITIONAL: rows[text] for text in prompts or ("",)}
    if guided:
        null, why = None, "guidance is a number that the network is told"
    else:
        null, why = (
            rows[negative or ""],
            f"guidance leads away from {repr(negative) if negative else 'the empty prompt'}",
        )
    told = f"{counted(len(known), 'prompt')}, {enumerated([repr(text) for text in known], 4)}"
    if not prompts:
        told = f"{UNCONDITIONAL!r}, the empty prompt, assumed because none was given (--source-prompt, --target-prompt)"
    return Conditions(known, null, {}, f"{told}; {why}")


def classes(table: Tensor, labels: Mapping[int, str], null: int | None, why: str) -> Conditions:
    """The rows of a class table.

    A name that two classes share is followed by the number; of a name that lists synonyms (``tench, Tinca tinca``)
    each will do; and so will any number.

    Args:
        table: (K, ...) or, with the null class, (K + 1, ...).
        labels: Names by number.
        null: Row of the null class.
        why: Where the null class is known from.

    Raises:
        ConfigurationError: If there is no such row as the null class.
        DataError: If a name is of no row.
    """
    if null is not None and not 0 <= null < len(table):
        raise ConfigurationError(f"null cannot be {null}: the network's classes are 0 to {len(table) - 1}")
    for i in labels.keys() - set(range(len(table))):
        raise DataError(f"id2label names class {i} {labels[i]!r:.60}, but the network's are 0 to {len(table) - 1}")
    own = {i: labels.get(i, str(i)) for i in range(len(table)) if i != null}
    shared = Counter(own.values())
    names = {i: name if shared[name] == 1 else f"{name} ({i})" for i, name in own.items()}
    aliases = {str(i): name for i, name in names.items() if name != str(i)}
    synonyms = [(word.strip(), name) for name in names.values() if "," in name for word in name.split(",")]
    once = Counter(word for word, _ in synonyms)
    taken = {*names.values(), *aliases}
    aliases.update({word: name for word, name in synonyms if word and once[word] == 1 and word not in taken})
    rows = {name: table[i : i + 1] for i, name in names.items()}
    told = f"{len(rows)} classes, {enumerated(rows, 4)}" + (
        ", each by its number too" if labels else ", without names, which id2label would give"
    )
    return Conditions(rows, None if null is None else table[null : null + 1], aliases, f"{told}; {why}")
