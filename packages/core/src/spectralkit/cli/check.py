"""``spectralkit check KIND NAME``: the laws that a plugin author's tests verify, without a test file."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from spectralkit.cli.command import Command
from spectralkit.cli.options import add_set
from spectralkit.cli.output import add_json, print_json
from spectralkit.plugins.specs import KINDS

CHECKED = tuple(kind for kind in KINDS if kind != "command")


def run(args: Namespace) -> int:
    """Print a line a law; exit code 1 if one is broken."""
    from spectralkit.running.config import check_parts, parse_settings
    from spectralkit.testing import suite

    settings = parse_settings(args.set)
    check_parts(settings, {args.name, "dataset"} if args.kind == "model" else {args.name})
    given = dict(settings.get(args.name, {}))
    if args.kind == "model":
        given["dataset"] = settings.get("dataset", {})
    checked = suite(args.kind, args.name, **given)
    verdicts = []
    for verdict in checked.check():
        verdicts.append(verdict)
        if not args.json:
            outcome, told = ("FAILED", verdict.broken) if verdict.broken else ("ok", verdict.law.statement)
            print(f"{outcome:<8}{verdict.law.name}: {told}", flush=True)
    broken = sum(verdict.broken is not None for verdict in verdicts)
    if args.json:
        laws = [
            {"law": v.law.name, "statement": v.law.statement, "ok": v.broken is None, "reason": v.broken}
            for v in verdicts
        ]
        print_json({"kind": args.kind, "name": checked.spec.name, "ok": not broken, "laws": laws})
    else:
        print(f"\n{args.kind} {checked.spec.name}: {len(verdicts) - broken} of {len(verdicts)} laws hold")
    return 1 if broken else 0


def configure(parser: ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("kind", choices=CHECKED, metavar="KIND", help=", ".join(CHECKED))
    parser.add_argument("name", metavar="NAME", help="a name that `spectralkit KINDs` lists")
    add_set(parser, "NAME.PARAM", "what to build it with, or a model's data set (dataset.PARAM=VALUE)")
    add_json(parser)


command = Command(configure, run)
