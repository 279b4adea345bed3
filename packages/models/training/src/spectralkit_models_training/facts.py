"""What is found at the start of a training and kept to its end: its data, what was measured of them, how it is run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs

from spectralkit.errors import ConfigurationError, DataError
from spectralkit.models.documents import read_json
from spectralkit.plugins.text import brief, one_line
from spectralkit.running.document import as_json
from spectralkit_models_training.state import replace
from spectralkit_models_training.trial import Choice


def _table(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    if not isinstance(value, dict):
        raise ConfigurationError(f"{attribute.name} must be a table, got {brief(value)}")


def _choice(value: Any) -> Choice:
    return value if isinstance(value, Choice) else Choice(**value)


@attrs.frozen
class Facts:
    """What was found.

    Args:
        data: Digests by what they are of.
        measured: Of the data.
        choice: How the network is run.
    """

    data: dict[str, Any] = attrs.field(validator=_table)
    measured: dict[str, Any] = attrs.field(validator=_table)
    choice: Choice = attrs.field(converter=_choice)

    def write(self, path: Path) -> None:
        """Replace ``path``.

        Raises:
            ConfigurationError: If it cannot be written.
        """
        replace(path, as_json(attrs.asdict(self)).encode())

    @classmethod
    def read(cls, path: Path) -> Facts:
        """What was written.

        Raises:
            DataError: If it is missing or damaged.
        """
        try:
            return cls(**read_json(path))
        except (ConfigurationError, TypeError) as error:
            # Where a key is missing or unknown, Python names the constructor, which means nothing here.
            message = one_line(error).replace("Facts.__init__() ", "it ").replace("Choice.__init__() ", "choice ")
            raise DataError(f"{path} is damaged: {message}; choose another --out to begin anew") from error

    def check(self, found: dict[str, Any]) -> None:
        """Refuse to go on with other data than was begun with.

        Raises:
            DataError: Naming what differs.
        """
        for name, value in found.items():
            if self.data.get(name) != value:
                raise DataError(
                    f"the training was begun with another {name.replace('_', ' ')}, {self.data.get(name)} in place of "
                    f"{value}: get the same back or begin anew"
                )
