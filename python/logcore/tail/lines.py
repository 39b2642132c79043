"""A record as a line for a person."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta, timezone

from logcore.tail.records import Record
from logcore.tail.verdict import Verdict, fields_text
from logcore.terminal_text import cut, visible, visible_bytes, width

__all__ = ["foreign_line", "shown_time", "verdict_line"]

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_GAP = "  "
_DIM = "2"
_STYLES = {"good": "32", "bad": "31", "suspicious": "33", "foreign": "35"}
_STATUS_WIDTH = max(map(len, _STYLES))
_MOST_COMBINED = 4
"""Characters for each column that are looked at, so that a payload of 256 KiB costs no more than its beginning."""


def verdict_line(record: Record, verdict: Verdict, *, color: bool, columns: int | None) -> str:
    """Time, status, key, reasons, then the fields, or of a bad log its payload; cut to `columns` where given."""
    style = _STYLES[verdict.status]
    rest = fields_text(verdict.fields) if verdict.status != "bad" else verdict.payload or ""
    parts = [
        (shown_time(record.timestamp), _DIM),
        (verdict.status.ljust(_STATUS_WIDTH), style),
        (_key(record), ""),
        (", ".join(f"{path}: {code}" for path, code in verdict.reasons), style),
        (rest, ""),
    ]
    return _line(parts, color=color, columns=columns)


def foreign_line(record: Record, place: str, fault: str, *, color: bool, columns: int | None) -> str:
    """A record that is none of the pipeline's: `place` on the topic, what its value lacks, and the value."""
    parts = [
        (shown_time(record.timestamp), _DIM),
        ("foreign".ljust(_STATUS_WIDTH), _STYLES["foreign"]),
        (_key(record), ""),
        (f"no status record at {place}: the value {fault}", _STYLES["foreign"]),
        (visible_bytes(record.value or b""), ""),
    ]
    return _line(parts, color=color, columns=columns)


def _line(parts: Iterable[tuple[str, str]], *, color: bool, columns: int | None) -> str:
    line: list[str] = []
    left = columns
    for text, style in parts:
        if not text:
            continue
        gap = _GAP if line else ""
        shown = gap + visible(text if left is None else text[: left * _MOST_COMBINED])
        if left is not None:
            shown = cut(shown, left)
            left -= width(shown)
        gap, shown = shown[: len(gap)], shown[len(gap) :]
        line.append(f"{gap}\x1b[{style}m{shown}\x1b[0m" if color and style and shown else gap + shown)
    return "".join(line)


def shown_time(timestamp: int | None) -> str:
    """In UTC, with milliseconds."""
    if timestamp is None:
        return "-"
    try:
        at = _EPOCH + timedelta(milliseconds=timestamp)
    except OverflowError:
        # Whoever writes a record chooses its time.
        return f"{timestamp} ms"
    return f"{at.replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


def _key(record: Record) -> str:
    return "-" if record.key is None else visible_bytes(record.key)
