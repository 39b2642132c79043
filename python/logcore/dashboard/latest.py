"""The last bad and suspicious logs, as they are shown: few, and none of them large."""

from __future__ import annotations

import base64
import json
from collections import deque
from typing import TYPE_CHECKING, Any

import numpy as np

from logcore._core import STATUSES

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pyarrow as pa

    from logcore.dashboard.records import Records

__all__ = ["Latest", "shown"]

KEPT = 200
"""Logs kept of each status that isn't good."""
KEPT_OF_A_REASON = 50
MOST_TEXT = 4096
"""Characters of a payload that are kept."""
MOST_TIME = 40
_NOT_FIELDS = frozenset(
    {"status", "reasons", "users_version", "source", "@timestamp", "raw", "raw_base64", "raw_truncated"}
)
_GOOD = STATUSES.index("good")


class Latest:
    """Keeps the last 200 logs of each status that isn't good, and the last 50 of each reason."""

    def __init__(self) -> None:
        self._number = 0
        self._rows: dict[int, deque[tuple[int, dict[str, Any]]]] = {}

    def add(self, records: Records, keys: pa.Array, values: pa.Array) -> None:
        """Takes in what of a batch may be shown; `keys` and `values` are the whole batch's, binary arrays."""
        wanted: dict[int, list[int]] = {}
        for status in range(len(STATUSES)):
            if status != _GOOD:
                self._want(wanted, status, np.flatnonzero(records.statuses == status)[-KEPT:].tolist())
        for row in np.unique(records.reasons).tolist():
            self._want(wanted, row, records.reason_of[records.reasons == row][-KEPT_OF_A_REASON:].tolist())
        for index in sorted(wanted):
            place = int(records.places[index])
            try:
                log = shown(keys[place].as_py(), values[place].as_py() or b"")
            except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
                # What Arrow's parser takes and Python's doesn't, such as 100,000 levels: counted, not shown.
                continue
            entry = (self._number, {**log, "number": self._number})
            self._number += 1
            for row in wanted[index]:
                kept = self._rows.setdefault(row, deque(maxlen=KEPT if row < len(STATUSES) else KEPT_OF_A_REASON))
                kept.append(entry)

    def of(self, rows: Iterable[int], most: int) -> list[dict[str, Any]]:
        """The last `most` logs that are in one of `rows`, the newest first."""
        found = {number: log for row in rows for number, log in self._rows.get(row, ())}
        return [found[number] for number in sorted(found, reverse=True)[:most]]

    @staticmethod
    def _want(wanted: dict[int, list[int]], row: int, indexes: Iterable[int]) -> None:
        for index in indexes:
            wanted.setdefault(index, []).append(row)


def shown(key: bytes | None, value: bytes) -> dict[str, Any]:
    """What the page says of a status record: time, key, status, reasons, and the log as it came or as it was read.

    All of it is text for a page to show as text; nothing of it is markup.
    """
    record = json.loads(value)
    time = record.get("@timestamp")
    if "raw" in record:
        text, kind = str(record["raw"]), "raw"
    elif "raw_base64" in record:
        # Base64 of the first bytes is cut at a whole group of four.
        given = str(record["raw_base64"])[: MOST_TEXT * 2]
        text, kind = base64.b64decode(given).decode("utf-8", "backslashreplace"), "bytes"
    else:
        fields = {name: field for name, field in record.items() if name not in _NOT_FIELDS}
        text, kind = json.dumps(fields, ensure_ascii=False), "fields"
    return {
        "time": time[:MOST_TIME] if isinstance(time, str) else None,
        "key": (key or b"").decode("utf-8", "replace")[:512],
        "status": record["status"],
        "reasons": [
            {"path": str(reason.get("path"))[:512], "code": str(reason.get("code"))[:64]}
            for reason in (record.get("reasons") or [])[:20]
        ],
        "payload": text[:MOST_TEXT],
        "kind": kind,
        "cut": len(text) > MOST_TEXT or bool(record.get("raw_truncated")),
    }
