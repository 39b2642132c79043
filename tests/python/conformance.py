"""The worked cases of tests/conformance/verdicts.jsonl, which Rust and Spark judge too."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
CONFORMANCE = REPOSITORY / "tests" / "conformance"


@dataclass(frozen=True)
class ConformanceCase:
    """One line of verdicts.jsonl; `value` is the message's bytes, None for a message without a value."""

    name: str
    value: bytes | None
    status: str
    reasons: list[tuple[str, str]]


def conformance_cases() -> list[ConformanceCase]:
    lines = (CONFORMANCE / "verdicts.jsonl").read_text(encoding="utf-8").splitlines()
    entries = [json.loads(line) for line in lines]
    good = next(entry["value"] for entry in entries if entry["name"] == "good, account_id as integer").encode()
    return [
        ConformanceCase(
            entry["name"],
            _value(entry, good),
            entry["status"],
            [(reason["path"], reason["code"]) for reason in entry["reasons"]],
        )
        for entry in entries
    ]


def _value(entry: dict[str, Any], good: bytes) -> bytes | None:
    if "good_with_padding" in entry:
        head, tail = good[:-1] + b', "padding": "', b'"}'
        return head + b"x" * (int(entry["good_with_padding"]) - len(head) - len(tail)) + tail
    if "value_b64" in entry:
        return base64.b64decode(str(entry["value_b64"]), validate=True)
    return None if entry["value"] is None else str(entry["value"]).encode()
