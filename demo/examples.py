"""One log of each status, as the status topic has it."""

from __future__ import annotations

import json
import textwrap
from typing import Any

from logcore._core import Consumer

__all__ = ["examples"]

_STATUSES = ("good", "suspicious", "bad")
_WIDTH = 118


def examples(brokers: str, topic: str) -> str:
    """The first record of each status that says most: a bad log with a reason at a field rather than a torn one."""
    found: dict[str, dict[str, Any]] = {}
    consumer = Consumer(brokers=brokers, topic=topic)
    try:
        ends = consumer.end_offsets()
        while len(found) < len(_STATUSES) and not consumer.at_end(ends):
            batch = consumer.poll(1000, 1.0)
            for value in batch["value"].to_pylist() if batch is not None else []:
                record = json.loads(value)
                found.setdefault(record["status"], record)
    finally:
        consumer.close()
    return "\n\n".join(_shown(found[status]) for status in _STATUSES if status in found)


def _shown(record: dict[str, Any]) -> str:
    source = record["source"]
    reasons = ", ".join(f"{reason['path']}: {reason['code']}" for reason in record["reasons"]) or "no reason"
    head = (
        f"{record['status']}: {reasons} — {source['topic']}, partition {source['partition']}, offset {source['offset']}"
    )
    raw = record.get("raw")
    body = json.dumps(record, ensure_ascii=False) if raw is None else f"as it came: {raw}"
    return head + "\n" + textwrap.indent(textwrap.fill(body, _WIDTH - 2, break_on_hyphens=False), "  ")
