"""Prompts on the command line: conditions of a model that takes texts, called by the texts themselves."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace, _ArgumentGroup
from typing import Any

from spectralkit.errors import ConfigurationError

WORDLESS = "any"
"""What the empty prompt is called, as the one condition of a model without conditions is."""


def add_prompts(parser: ArgumentParser) -> _ArgumentGroup:
    """Texts that a model of prompts is told."""
    group = parser.add_argument_group("prompts, of a model that takes them")
    for role in ("source", "target"):
        group.add_argument(f"--{role}-prompt", metavar="TEXT", help=f"the {role} in words (default: no words)")
    group.add_argument("--negative-prompt", metavar="TEXT", help="what guidance leads away from (default: no words)")
    return group


def prompted(arguments: Namespace, options: dict[str, Any]) -> dict[str, Any]:
    """Options with prompts as conditions and as settings of the model; a prompt without words is called ``any``.

    Raises:
        ConfigurationError: If a condition is given twice, by its name and as a prompt.
    """
    texts = {role: getattr(arguments, f"{role}_prompt") for role in ("source", "target", "negative")}
    if all(text is None for text in texts.values()):
        return options
    model = dict(options.get("settings", {}).get("model", {}))
    if texts["negative"] is not None:
        model["negative_prompt"] = texts["negative"]
    pair = {role: texts[role] for role in ("source", "target")}
    if any(text is not None for text in pair.values()):
        for role, text in pair.items():
            if text is not None and getattr(arguments, role) is not None:
                raise ConfigurationError(f"--{role} and --{role}-prompt name the same condition: leave one of them out")
        model["prompts"] = [text or "" for text in pair.values()]
        options = {**options, **{role: text or WORDLESS for role, text in pair.items()}}
    return {**options, "settings": {**options.get("settings", {}), "model": model}}
