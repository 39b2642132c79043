"""What is kept of a record that could not be indexed: all of it as text that Elasticsearch doesn't look into."""

from __future__ import annotations

import base64
import json
from datetime import datetime, timezone
from typing import Any

from logcore.indexer.documents import Document, Refusal

__all__ = ["LONGEST_VALUE", "SHORT_VALUE", "rejected_document"]

LONGEST_VALUE = 1024 * 1024
"""Bytes of the value that are kept. Records of the pipeline stay below 1 MB."""
SHORT_VALUE = 16 * 1024
"""What is kept of it where Elasticsearch finds the first too much."""
_LONGEST_REASON = 8192


def rejected_document(refusal: Refusal, topic: str, now: datetime, longest_value: int = LONGEST_VALUE) -> Document:
    """The document for the index of rejected records, under the same `_id`, so that a replay doesn't double it."""
    record = refusal.document
    body: dict[str, Any] = {
        "@timestamp": now.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z",
        "error": {"type": refusal.type, "reason": refusal.reason[:_LONGEST_REASON], "status": refusal.status},
        "source": {"topic": topic, "partition": record.partition, "offset": record.offset},
        **_text_or_base64("key", record.key),
        **_text_or_base64("value", record.value[:longest_value]),
    }
    if len(record.value) > longest_value:
        body["value_truncated"] = True
    value = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    return record._replace(value=value)


def _text_or_base64(name: str, value: bytes | None) -> dict[str, str | None]:
    if value is None:
        return {name: None}
    try:
        return {name: value.decode()}
    except UnicodeDecodeError:
        return {f"{name}_base64": base64.b64encode(value).decode()}
