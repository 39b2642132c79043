"""The way of most scripts: json.loads and a JSON Schema, log by log.

Its reasons are coarse, a path and the keyword that failed. It can't see a field given twice (json.loads keeps the last)
and takes 684.0 for an integer; the logs here have neither.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from benches.compare.allowed import COUNTRIES, DEVICES, EVENT_TYPES

if TYPE_CHECKING:
    from benches.compare.logs import Logs
    from benches.compare.rivals import Rival

__all__ = ["json_schema_rival"]

# A string's number is out of a schema's reach: the pattern says its range.
_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["event_id", "account_id", "event_type", "device", "location_country", "event_timestamp"],
    "properties": {
        "event_id": {"type": "string", "pattern": "^[0-9a-fA-F]{32}$"},
        "account_id": {
            "anyOf": [
                {"type": "integer", "minimum": 1, "maximum": 10_000},
                {"type": "string", "pattern": "^([1-9][0-9]{0,3}|10000)$"},
            ]
        },
        "event_type": {"type": "string", "enum": EVENT_TYPES},
        "device": {"type": "string", "enum": DEVICES},
        "location_country": {"type": "string", "enum": COUNTRIES},
        "event_timestamp": {
            "anyOf": [
                {"type": "integer", "minimum": 1_000_000_000, "maximum": 9_999_999_999},
                {"type": "string", "pattern": "^[1-9][0-9]{9}$"},
            ]
        },
    },
}


def json_schema_rival(logs: Logs) -> Rival:
    """Statuses and reasons, the numbers made numbers; rows of Python objects, no columns."""
    import pyarrow as pa
    from jsonschema import Draft202012Validator

    validator = Draft202012Validator(_SCHEMA)
    users = set(logs.pairs)
    values = logs.batch["value"].to_pylist()

    def judge(value: str) -> tuple[str, Any]:
        log = json.loads(value)
        reasons = [(error.json_path, error.validator) for error in validator.iter_errors(log)]
        if reasons:
            return "bad", reasons
        log["account_id"] = int(log["account_id"])
        log["event_timestamp"] = int(log["event_timestamp"])
        known = (log["account_id"], log["device"]) in users
        return "good" if known else "suspicious", log

    def run(_wanted: bool) -> Any:
        judged = [judge(value) for value in values]
        return pa.array([status for status, _ in judged])

    return run
