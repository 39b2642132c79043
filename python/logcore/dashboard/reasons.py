"""Rows of a table of counts: one for each status, then one for each reason as it is met."""

from __future__ import annotations

import re
from typing import NamedTuple

from logcore._core import STATUSES

__all__ = ["FURTHER", "Reason", "Rows"]

MOST_REASONS = 200
_INDEX = re.compile(r"\[[0-9]+\]")
_SUSPICIOUS = frozenset({"unknown_account", "device_mismatch"})


class Reason(NamedTuple):
    """Why a log isn't good. Places in an array are all one: `tags[]`."""

    path: str
    code: str

    @property
    def status(self) -> str:
        """The status that a log has for it."""
        return "suspicious" if self.code in _SUSPICIOUS else "bad"


FURTHER = Reason("…", "further reasons")
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

    def row(self, path: str, code: str) -> int:
        """The row of a reason, a new one where it is met for the first time."""
        reason = Reason(_INDEX.sub("[]", path), code)
        row = self._rows.get(reason)
        if row is not None:
            return row
        if len(self._reasons) >= MOST_REASONS and reason != FURTHER:
            return self.row(*FURTHER)
        self._reasons.append(reason)
        return self._rows.setdefault(reason, len(self) - 1)

    def find(self, path: str, code: str) -> int | None:
        """The row of a reason that was met."""
        return self._rows.get(Reason(path, code))
