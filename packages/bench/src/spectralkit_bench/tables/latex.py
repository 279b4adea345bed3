r"""A table in LaTeX (booktabs): ``\input`` it into a ``table``; the notes stand above it as comments."""

from __future__ import annotations

import re
from collections.abc import Sequence

from spectralkit.plugins.text import one_line
from spectralkit_bench.tables.rows import Script, body, header
from spectralkit_bench.tables.table import Column, Table

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{letter: f"\\{letter}" for letter in "&%$#_{}"},
}


def escaped(text: str) -> str:
    """``text`` as LaTeX prints it."""
    return re.sub(r"[\\~^&%$#_{}]", lambda found: _SPECIAL[found[0]], one_line(text))


def heading(column: Column) -> str:
    """A metric with its arrow."""
    name, _, index = column.title.partition("_")
    arrow = {"↑": r" $\uparrow$", "↓": r" $\downarrow$", "·": ""}[column.arrow]
    return (f"${name}_{{{index}}}$" if len(name) == 1 and index else escaped(column.title)) + arrow


SCRIPT = Script(
    text=escaped,
    code=lambda name: rf"\texttt{{{escaped(name)}}}" if name else "",
    best=lambda told: rf"\textbf{{{told}}}",
    close=lambda told: rf"\underline{{{told}}}",
    between=r" $\pm$ ",
    heading=heading,
)


def latex(table: Table) -> str:
    """The ``tabular``."""
    columns = header(table, SCRIPT)
    lines = []
    section, rivals = "", table.lines[0].result.rivals if table.lines else ""
    for line, cells in body(table, SCRIPT):
        if line.result.rivals != rivals:
            rivals = line.result.rivals
            lines.append(r"\midrule")
        if line.result.section != section:
            section = line.result.section
            lines.append(rf"\multicolumn{{{len(columns)}}}{{l}}{{\textit{{{escaped(section)}}}}} \\")
        lines.append(f"{' & '.join(cells)} \\\\")
    return tabular((table.title, *table.notes), len(table.labels), columns, lines)


def tabular(comments: Sequence[str], labels: int, columns: Sequence[str], lines: Sequence[str]) -> str:
    """``lines`` below ``columns``, of which so many are labels and the others numbers."""
    above = [f"% {one_line(comment)}" for comment in comments if comment]
    begin = [rf"\begin{{tabular}}{{{'l' * labels}{'r' * (len(columns) - labels)}}}", r"\toprule"]
    head = [f"{' & '.join(columns)} \\\\", r"\midrule"]
    return "\n".join([*above, *begin, *head, *lines, r"\bottomrule", r"\end{tabular}"]) + "\n"
