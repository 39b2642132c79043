"""How many logs have which reasons: a table, or the same as JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from logcore.dlq.counted import counted
from logcore.dlq.moments import moment
from logcore.dlq.selection import Letter, Selection
from logcore.dlq.status_record import Reason
from logcore.terminal_text import cut, visible, width

__all__ = ["Row", "as_json", "as_text", "rows_of"]

_WIDEST = 60
_TIMES = 3
"""Where the two columns of times begin."""
_LEAST = 4
_ITEM = re.compile(r"\[[0-9]+\]")


@dataclass
class Row:
    """The logs with one reason, whatever the place in a list; `first` and `last` in ms since 1970, `example` the key of
    the one that was judged last."""

    path: str
    code: str
    count: int
    first: int | None
    last: int | None
    example: str


def rows_of(letters: Iterable[tuple[bytes, Letter]]) -> list[Row]:
    """A row for each reason, the most frequent first. A log with several reasons counts in each of their rows."""
    rows: dict[Reason, Row] = {}
    for key, letter in letters:
        # Twice for one log only where two items of a list are at fault.
        for path, code in {(_ITEM.sub("[]", path), code): None for path, code in letter.reasons}:
            row = rows.setdefault((path, code), Row(path, code, 0, None, None, ""))
            row.count += 1
            row.example = key.decode("ascii")
            if letter.logged is not None:
                row.first = letter.logged if row.first is None else min(row.first, letter.logged)
                row.last = letter.logged if row.last is None else max(row.last, letter.logged)
    return sorted(rows.values(), key=lambda row: (-row.count, row.path, row.code))


def as_text(found: Selection, topic: str, status: str, columns: int | None = None) -> str:
    """The table with its totals; within so many columns of a terminal, as far as times can be left out for it."""
    rows = rows_of(found.letters.items())
    total = f"{counted(len(found.letters), f'{status} log')} on {topic}"
    if rows:
        total += f", {counted(sum(row.count for row in rows), 'reason')}"
    if found.foreign:
        total += f"; {counted(found.foreign, 'other record')} passed over"
    return "\n\n".join([*([_table(rows, columns)] if rows else []), total])


def as_json(found: Selection, topic: str, status: str) -> str:
    """The same figures."""
    figures: dict[str, Any] = {
        "topic": topic,
        "status": status,
        "logs": len(found.letters),
        "foreign": found.foreign,
        "reasons": [
            {
                "path": row.path,
                "code": row.code,
                "count": row.count,
                "first": None if row.first is None else moment(row.first),
                "last": None if row.last is None else moment(row.last),
                "example": row.example,
            }
            for row in rows_of(found.letters.items())
        ],
    }
    return json.dumps(figures, indent=2)


def _table(rows: list[Row], columns: int | None) -> str:
    cells = [["path", "code", "count", "first", "last", "example"]]
    for row in rows:
        path, code = (cut(visible(text), _WIDEST) for text in (row.path, row.code))
        cells.append([path, code, f"{row.count:,}", moment(row.first), moment(row.last), row.example])
    widths = [max(map(width, column)) for column in zip(*cells)]
    while columns is not None and sum(widths) + 2 * (len(widths) - 1) > columns and len(widths) > _LEAST:
        # The time of the first, then that of the last.
        del widths[_TIMES]
        for line in cells:
            del line[_TIMES]
    lines = []
    for line in cells:
        padded = [_pad(cell, columns, right=at == 2) for at, (cell, columns) in enumerate(zip(line, widths))]
        lines.append("  ".join(padded).rstrip())
    lines.insert(1, "-" * (sum(widths) + 2 * (len(widths) - 1)))
    return "\n".join(lines)


def _pad(cell: str, columns: int, *, right: bool) -> str:
    space = " " * (columns - width(cell))
    return space + cell if right else cell + space
