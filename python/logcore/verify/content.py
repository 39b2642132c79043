"""What a log's record says, in one form for the status topic, Elasticsearch and MySQL, and as a digest of 8 bytes.

Two digests that differ mean different content; with 64 bits, a change that goes unseen is as good as impossible.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from logcore._core import Contract

__all__ = [
    "MalformedRecord",
    "digest",
    "document_digest",
    "milliseconds",
    "payload_digest",
    "raw_digest",
    "row_digest",
    "row_digests",
]

_RAW_LIMIT = 262_144
_RAW_NAMES = ("raw", "raw_base64", "raw_truncated")
_encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class MalformedRecord(ValueError):
    """A status record that is not what the pipeline writes; the message says why."""


def digest(content: bytes) -> int:
    """64 bits of the content, never 0."""
    return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "little") or 1


def document_digest(record: Any) -> int:
    """Of a whole record, whatever the order of its names and the space between them."""
    return digest(_encode(record).encode("utf-8", "surrogatepass"))


def row_digest(record: dict[str, Any], raw: int, document: int) -> int:
    """Of what MySQL holds of a record with these `raw_digest` and `document_digest`; without raw it is the latter."""
    if not any(name in record for name in _RAW_NAMES):
        return document
    rest = {name: value for name, value in record.items() if name not in _RAW_NAMES}
    return _with_raw(rest, raw, bool(record.get("raw_truncated")))


def raw_digest(record: dict[str, Any]) -> int:
    """Of a status record's payload bytes, 0 if it has none. Raises MalformedRecord."""
    truncated = bool(record.get("raw_truncated"))
    if "raw" in record and "raw_base64" in record:
        raise MalformedRecord("it has raw and raw_base64")
    if "raw" in record:
        if not isinstance(record["raw"], str):
            raise MalformedRecord("raw is no string")
        return _payload(record["raw"].encode("utf-8", "surrogatepass"), truncated)
    if "raw_base64" in record:
        try:
            return _payload(base64.b64decode(record["raw_base64"], validate=True), truncated)
        except (binascii.Error, TypeError, ValueError) as error:
            raise MalformedRecord("raw_base64 is not base64") from error
    return 0


def payload_digest(payload: bytes | None) -> int:
    """What `raw_digest` must be for a bad log with this payload."""
    return 0 if payload is None else _payload(payload[:_RAW_LIMIT], len(payload) > _RAW_LIMIT)


def milliseconds(text: Any) -> int | None:
    """``2021-04-29T19:28:30.000Z`` in ms since 1970; None if it is not of that form."""
    if not isinstance(text, str) or len(text) != 24 or text[23] != "Z":
        return None
    try:
        passed = datetime.fromisoformat(f"{text[:23]}+00:00") - _EPOCH
    except ValueError:
        return None
    return (passed.days * 86_400 + passed.seconds) * 1000 + passed.microseconds // 1000


def row_digests(batch: Any, contract: Contract) -> Iterator[tuple[int, int, int]]:
    """(partition, offset, digest) of each row of a batch of `Mysql.judged`."""
    names = [*contract.field_names, "status", "reasons", "users_version", "@timestamp"]
    columns = [*contract.field_names, "status", "reasons", "users_version", "kafka_timestamp"]
    values = [_column(batch, name) for name in columns]
    for place, kind in enumerate(contract.field_types):
        if kind in ("struct", "list"):
            # MySQL holds these as JSON text.
            values[place] = [None if text is None else json.loads(text) for text in values[place]]
    places = [batch.column(name).to_pylist() for name in ("source_topic", "source_partition", "source_offset")]
    raws = zip(batch.column("raw").to_pylist(), batch.column("raw_truncated").to_pylist())
    for row, source, (raw, truncated) in zip(zip(*values), zip(*places), raws):
        topic, partition, offset = source
        record = dict(zip(names, row))
        record["source"] = {"topic": topic, "partition": partition, "offset": offset}
        if raw is None and not truncated:
            yield partition, offset, document_digest(record)
        else:
            yield partition, offset, _with_raw(record, 0 if raw is None else _payload(raw, truncated), bool(truncated))


def _column(batch: Any, name: str) -> list[Any]:
    column = batch.column(name)
    if pa.types.is_timestamp(column.type):
        # Without a zone, because with one Arrow looks for the machine's zone files.
        plain = column.cast(pa.timestamp("us", "UTC")).cast(pa.int64()).cast(pa.timestamp("us"))
        column = pc.strftime(plain.cast(pa.timestamp("ms"), safe=False), format="%Y-%m-%dT%H:%M:%SZ")
    if pa.types.is_date(column.type):
        column = column.cast(pa.string())
    values: list[Any] = column.to_pylist()
    return values


def _with_raw(rest: dict[str, Any], raw: int, truncated: bool) -> int:
    return digest(f"{_encode(rest)} {raw} {truncated}".encode("utf-8", "surrogatepass"))


def _payload(payload: bytes, truncated: bool) -> int:
    return digest(_cut_back(payload) if truncated else payload)


def _cut_back(payload: bytes) -> bytes:
    """Without an unfinished UTF-8 character at its end: `raw` is cut back so, MySQL's bytes are not."""
    for back in range(1, min(3, len(payload)) + 1):
        byte = payload[-back]
        if byte >= 0xC0:
            length = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return payload[:-back] if back < length else payload
        if byte < 0x80:
            break
    return payload
