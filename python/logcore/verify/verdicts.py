"""Verdicts as the producer holds them true against those that were given."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from logcore.verify.ledger import UNLABELLED

__all__ = ["EXAMPLES", "Comparison", "Truths", "Verdict", "verdict_of"]

EXAMPLES = 10


class Verdict(NamedTuple):
    """A status and (path, code) of its reasons."""

    status: str
    reasons: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        """Such as ``bad (device not_allowed, event_id null)``."""
        reasons = ", ".join(f"{path} {code}" for path, code in self.reasons)
        return f"{self.status} ({reasons})" if reasons else self.status


def verdict_of(record: Any) -> Verdict | None:
    """The verdict in a status record or in a truth header; None where there is none of the right form."""
    try:
        reasons = tuple([(reason["path"], reason["code"]) for reason in record["reasons"]])
        status = record["status"]
    except (KeyError, TypeError):
        return None
    return Verdict(status, reasons) if isinstance(status, str) else None


class Truths:
    """The verdicts in truth headers, each kept once under a number. Headers repeat: there are far fewer than logs."""

    def __init__(self) -> None:
        self._verdicts: list[Verdict | None] = [None]
        self._numbers: dict[bytes, int] = {}
        self.malformed = 0

    def number(self, header: bytes | None) -> int:
        """The number for a header; UNLABELLED without one, or for one that is not of its form."""
        if header is None:
            return UNLABELLED
        known = self._numbers.get(header)
        if known is not None:
            return known
        try:
            verdict = verdict_of(json.loads(header))
        except (ValueError, RecursionError):
            verdict = None
        if verdict is None:
            # Not remembered: garbage may differ on every log.
            self.malformed += 1
            return UNLABELLED
        self._verdicts.append(verdict)
        self._numbers[header] = len(self._verdicts) - 1
        return self._numbers[header]

    def verdict(self, number: int) -> Verdict | None:
        """The verdict; None for UNLABELLED."""
        return self._verdicts[number]


@dataclass
class Comparison:
    """Counts (expected, given) status and keeps examples of what differs. Expected is None for an unlabelled log."""

    matrix: Counter[tuple[str | None, str | None]] = field(default_factory=Counter)
    unexpected_status: int = 0
    unexpected_reasons: int = 0
    examples: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """True if every labelled log got what it should."""
        return not (self.unexpected_status or self.unexpected_reasons)

    def add(self, place: str, expected: Verdict | None, given: Verdict) -> None:
        """Takes note of a log's verdict."""
        if expected is None:
            self.matrix[None, given.status] += 1
            return
        self.matrix[expected.status, given.status] += 1
        if expected == given:
            return
        if expected.status != given.status:
            self.unexpected_status += 1
        else:
            self.unexpected_reasons += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append((place, str(expected), str(given)))

    def add_missing(self, expected: Verdict | None, count: int = 1) -> None:
        """Takes note of logs that have no verdict."""
        self.matrix[expected.status if expected is not None else None, None] += count
