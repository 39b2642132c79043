"""Rows of a table of counts: one for each status, then one for each reason as it is met."""

from __future__ import annotations

import re
from typing import NamedTuple

from logcore._core import STATUSES

__all__ = ["FURTHER", "Reason", "Rows"]

MOST_REASONS = 200
_MOST_PATH = 200
_MOST_CODE = 64
_INDEX = re.compile(r"\[[0-9]+\]")


class Reason(NamedTuple):
    """Why a log with that status isn't good. Places in an array are all one: `tags[]`."""

    path: str
    code: str
    status: str


FURTHER = ("…", "further reasons")
"""All reasons after the first 200 of a run: a contract with many fields can't fill the memory."""


class Rows:
    """Which row counts what. Rows 0, 1, 2 are the statuses in the order of `STATUSES`."""

    def __init__(self) -> None:
        self._reasons: list[Reason] = []
        self._rows: dict[Reason, int] = {}

    def __len__(self) -> int:
        return len(STATUSES) + len(self._reasons)

    @property
    def reasons(self) -> list[tuple[int, Reason]]:
        """Each reason met so far, with its row."""
        return [(len(STATUSES) + place, reason) for place, reason in enumerate(self._reasons)]

    def row(self, path: str, code: str, status: str) -> int:
        """The row of a reason, a new one where it is met for the first time. Long texts are cut."""
        reason = Reason(_INDEX.sub("[]", path[:_MOST_PATH]), code[:_MOST_CODE], status)
        row = self._rows.get(reason)
        if row is not None:
            return row
        if len(self._reasons) >= MOST_REASONS and reason[:2] != FURTHER:
            return self.row(*FURTHER, status)
        self._reasons.append(reason)
        return self._rows.setdefault(reason, len(self) - 1)

    def find(self, path: str, code: str) -> list[int]:
        """The rows of a reason, whatever the status."""
        return [row for row, reason in self.reasons if reason[:2] == (path, code)]
