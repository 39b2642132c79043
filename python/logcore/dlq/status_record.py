"""A record of the status topic, as far as it is one: anybody who may write to the topic may have written anything."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any, NamedTuple

from logcore._core import STATUSES
from logcore.dlq.place import Place, place_of
from logcore.verify.content import milliseconds

__all__ = ["STATUS_HEADER", "Reason", "StatusRecord", "kept_payload", "status_record"]

STATUS_HEADER = "logcore.status"

Reason = tuple[str, str]
"""Path and code."""


class StatusRecord(NamedTuple):
    """`logged` is the log's Kafka timestamp, ms since 1970; `fields` is the whole record."""

    place: Place
    status: str
    reasons: tuple[Reason, ...]
    logged: int | None
    fields: dict[str, Any]


def status_record(key: bytes | None, value: bytes | None) -> StatusRecord | None:
    """What a record says; None where it is not of the pipeline's form, or its key and its source name two logs."""
    if not key or value is None:
        return None
    try:
        place = place_of(key.decode("ascii"))
        fields = json.loads(value, parse_constant=_refuse)
    except (ValueError, RecursionError):
        # UnicodeDecodeError is a ValueError.
        return None
    if place is None or not isinstance(fields, dict) or fields.get("status") not in STATUSES:
        return None
    reasons = _reasons(fields.get("reasons"))
    source = {"topic": place.topic, "partition": place.partition, "offset": place.offset}
    if reasons is None or fields.get("source") != source:
        return None
    return StatusRecord(place, fields["status"], reasons, milliseconds(fields.get("@timestamp")), fields)


def _refuse(name: str) -> None:
    """NaN and Infinity, which Python takes for JSON."""
    raise ValueError(f"{name} is not JSON")


def kept_payload(fields: dict[str, Any]) -> bytes | None:
    """The payload's bytes that a record keeps; None where it keeps none."""
    raw, encoded = fields.get("raw"), fields.get("raw_base64")
    if isinstance(raw, str):
        return raw.encode("utf-8", "surrogatepass")
    if isinstance(encoded, str):
        try:
            return base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            return None
    return None


def _reasons(listed: Any) -> tuple[Reason, ...] | None:
    if not isinstance(listed, list):
        return None
    reasons: list[Reason] = []
    for reason in listed:
        if not isinstance(reason, dict):
            return None
        path, code = reason.get("path"), reason.get("code")
        if not isinstance(path, str) or not isinstance(code, str):
            return None
        reasons.append((path, code))
    return tuple(reasons)
