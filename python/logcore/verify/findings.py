"""What one hop holds, counted, with a few examples of everything that is wrong."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from logcore.verify.ledger import Nowhere

__all__ = ["EXAMPLES", "Findings"]

EXAMPLES = 5
"""So many places are named for each kind of fault."""


@dataclass
class Findings:
    """Of a hop: `present` logs, by status in `statuses`, and how many are `missing`, `doubled`, `changed`, or of no log
    at all (`extra`).

    No faults: `repeated` (same key and bytes again, in the status topic only), `rejected` (kept as text in the index of
    rejected records), and what this run has not looked at: `other_topics`, `before`, `later`, `uncompared`.
    """

    name: str
    present: int = 0
    missing: int = 0
    doubled: int = 0
    changed: int = 0
    extra: int = 0
    repeated: int = 0
    rejected: int = 0
    other_topics: int = 0
    before: int = 0
    later: int = 0
    uncompared: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)

    @property
    def clean(self) -> bool:
        """True without a fault."""
        return not (self.missing or self.doubled or self.changed or self.extra)

    def found(self, status: object) -> None:
        """Counts a log that is there for the first time, with the status that the hop holds of it."""
        self.present += 1
        self.statuses[status if isinstance(status, str) else "none"] += 1

    def example(self, fault: str, place: str) -> None:
        """Keeps the first few."""
        places = self.examples.setdefault(fault, [])
        if len(places) < EXAMPLES:
            places.append(place)

    def fault(self, fault: str, place: str) -> None:
        """Counts a fault: missing, doubled, changed or extra."""
        setattr(self, fault, getattr(self, fault) + 1)
        self.example(fault, place)

    def nowhere(self, why: Nowhere, place: str) -> None:
        """Counts a record that belongs to no log that was read."""
        if why is Nowhere.NO_LOG:
            self.fault("extra", place)
        elif why is Nowhere.OTHER_TOPIC:
            self.other_topics += 1
        elif why is Nowhere.BEFORE:
            self.before += 1
        else:
            self.later += 1
