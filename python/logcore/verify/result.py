"""Everything that verify found out, and whether it is clean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from logcore.verify.findings import Findings
from logcore.verify.ledger import Ledger
from logcore.verify.verdicts import Comparison

__all__ = ["Result"]

_FAULTS = ("missing", "doubled", "changed", "extra")
_COUNTS = ("present", *_FAULTS, "repeated", "rejected", "other_topics", "before", "later", "uncompared")


@dataclass
class Result:
    """`begins`: for partitions whose earlier logs Kafka no longer has, the first offset that is left."""

    topic: str
    logs: int
    partitions: int
    begins: dict[int, int]
    malformed_truths: int
    comparison: Comparison
    hops: list[Findings]

    @classmethod
    def of(cls, ledger: Ledger, malformed_truths: int, comparison: Comparison, hops: list[Findings]) -> Result:
        """Of what the hops' reading has left in the ledger."""
        return cls(ledger.topic, ledger.logs(), len(ledger.ends), ledger.begins(), malformed_truths, comparison, hops)

    @property
    def clean(self) -> bool:
        """True if the exit status is 0."""
        return self.comparison.clean and all(hop.clean for hop in self.hops)

    @property
    def unlabelled(self) -> int:
        """How many logs have no truth header."""
        return sum(count for (expected, _), count in self.comparison.matrix.items() if expected is None)

    def faults(self) -> list[str]:
        """Each kind of fault in some words, such as ``3 missing in MySQL``."""
        found = [f"{getattr(hop, fault):,} {fault} in {hop.name}" for hop in self.hops for fault in _FAULTS
                 if getattr(hop, fault)]  # fmt: skip
        if self.comparison.unexpected_status:
            found.append(f"{self.comparison.unexpected_status:,} of another status than expected")
        if self.comparison.unexpected_reasons:
            found.append(f"{self.comparison.unexpected_reasons:,} for other reasons than expected")
        return found

    def figures(self) -> dict[str, Any]:
        """All of it, for JSON. In `verdicts`, `unlabelled` are logs without a header, `none` those without a record."""
        matrix: dict[str, dict[str, int]] = {}
        for (expected, given), count in sorted(self.comparison.matrix.items(), key=str):
            matrix.setdefault(expected or "unlabelled", {})[given or "none"] = count
        return {
            "clean": self.clean,
            "topic": self.topic,
            "logs": self.logs,
            "partitions": self.partitions,
            "unlabelled": self.unlabelled,
            "malformed_headers": self.malformed_truths,
            "begins": {str(partition): offset for partition, offset in self.begins.items()},
            "verdicts": matrix,
            "unexpected_status": self.comparison.unexpected_status,
            "unexpected_reasons": self.comparison.unexpected_reasons,
            "unexpected_examples": [
                {"place": place, "expected": expected, "given": given}
                for place, expected, given in self.comparison.examples
            ],
            "hops": [
                {
                    "name": hop.name,
                    **{count: getattr(hop, count) for count in _COUNTS},
                    "statuses": dict(hop.statuses),
                    "examples": hop.examples,
                }
                for hop in self.hops
            ],
        }
