"""What a status record says of its log."""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import Any, NamedTuple

from logcore._core import STATUSES
from logcore.terminal_text import visible_bytes

__all__ = ["NoVerdict", "Verdict", "fields_text", "verdict_of"]

_BESIDE_FIELDS = frozenset(
    ("status", "reasons", "users_version", "source", "@timestamp", "raw", "raw_base64", "raw_truncated")
)
"""Names that no field of a contract may have; of these, `omitted` is shown with the fields."""

_BARE_WORD = re.compile(r"[\w.:/@+-]+", re.ASCII)
_LIKE_OTHER_JSON = re.compile(r"[-+0-9.eE]+|true|false|null")


class NoVerdict(ValueError):
    """A value that is no status record; the message says how it isn't, in words that follow "the value"."""


class Verdict(NamedTuple):
    """A log's status, its reasons (path, code), its fields, and the payload of a bad one as text."""

    status: str
    reasons: tuple[tuple[str, str], ...]
    fields: dict[str, Any]
    payload: str | None


def verdict_of(document: Any, header: str | None) -> Verdict:
    """The verdict in the JSON of a record's value, whose header says `header`. Raises NoVerdict."""
    if not isinstance(document, dict):
        raise NoVerdict("is not a JSON object")
    status = document.get("status")
    # A status may be any JSON, and not all of that can be looked up in a set.
    if not isinstance(status, str) or status not in STATUSES:
        raise NoVerdict("has no status")
    if header is not None and header != status:
        raise NoVerdict(f"has another status, {status}, than its header, {header}")
    reasons = document.get("reasons")
    if not isinstance(reasons, list):
        raise NoVerdict("has no reasons")
    return Verdict(
        status,
        tuple(map(_reason, reasons)),
        {name: value for name, value in document.items() if name not in _BESIDE_FIELDS},
        _payload(document) if status == "bad" else None,
    )


def fields_text(fields: dict[str, Any]) -> str:
    """`name=value …`, a string that could be taken for anything else in quotes; characters as they are."""
    return " ".join(f"{name}={_value_text(value)}" for name, value in fields.items())


def _reason(reason: Any) -> tuple[str, str]:
    if isinstance(reason, dict):
        path, code = reason.get("path"), reason.get("code")
        if isinstance(path, str) and isinstance(code, str):
            return path, code
    raise NoVerdict("has reasons of another form")


def _payload(document: dict[str, Any]) -> str | None:
    """What is kept of the log, with a mark where it is not all."""
    raw, encoded = document.get("raw"), document.get("raw_base64")
    if isinstance(encoded, str):
        try:
            raw = visible_bytes(base64.b64decode(encoded, validate=True))
        except (binascii.Error, ValueError) as error:
            raise NoVerdict("has a raw_base64 that is not base64") from error
    if not isinstance(raw, str):
        return None
    return f"{raw}… [truncated]" if document.get("raw_truncated") is True else raw


def _value_text(value: Any) -> str:
    if isinstance(value, str) and _BARE_WORD.fullmatch(value) and not _LIKE_OTHER_JSON.fullmatch(value):
        return value
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    except RecursionError:
        # As deep as it could just be read; no verdict of ours is.
        return "…"
