"""Records of the status topic as documents of a bulk request; what can't be one is refused here, before it is sent."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

__all__ = ["Document", "Refusal", "bulk_body", "chunks", "documents_of"]

LONGEST_ID = 512
"""Bytes that Elasticsearch allows an `_id`. One longer fails the whole request, not only its item."""

# An id of these bytes stands in JSON as it is.
_PLAIN_ID = re.compile(rb"[ !#-\[\]-~]+")
_OBJECT_START = re.compile(rb"[ \t\r]*\{")


class Document(NamedTuple):
    """One record: its `_id`, where it came from on the status topic, its key and value as they came."""

    id: bytes
    partition: int
    offset: int
    key: bytes | None
    value: bytes

    @property
    def size(self) -> int:
        """About the bytes that it takes in a bulk body."""
        return len(self.value) + len(self.id) + 26


class Refusal(NamedTuple):
    """Why a document is not in its index; `status` is None where it was never sent."""

    document: Document
    status: int | None
    type: str
    reason: str


def documents_of(batch: Any, topic: str, largest: int) -> tuple[list[Document], list[Refusal]]:
    """The documents in a batch of `Consumer.poll`, and the records that Elasticsearch could only choke on.

    `largest` is the bytes that one request may have. A record without a usable key is named topic:partition:offset
    after its own place on the status topic.
    """
    documents: list[Document] = []
    refusals: list[Refusal] = []
    columns = (batch.column(name).to_pylist() for name in ("partition", "offset", "key", "value"))
    for partition, offset, key, value in zip(*columns):
        document = Document(key or b"", partition, offset, key, value or b"")
        fault = _key_fault(key) or _value_fault(value, document.size, largest)
        if fault is None:
            documents.append(document)
            continue
        if _key_fault(key) is not None:
            document = document._replace(id=b"%s:%d:%d" % (topic.encode(), partition, offset))
        refusals.append(Refusal(document, None, *fault))
    return documents, refusals


def chunks(documents: Iterable[Document], *, size: int, count: int) -> Iterator[list[Document]]:
    """Cuts into lists of at most `count` documents and `size` bytes; a larger document gets a list of its own."""
    chunk: list[Document] = []
    total = 0
    for document in documents:
        if chunk and (len(chunk) == count or total + document.size > size):
            yield chunk
            chunk, total = [], 0
        chunk.append(document)
        total += document.size
    if chunk:
        yield chunk


def bulk_body(documents: Iterable[Document]) -> bytes:
    """The body of a bulk request that creates `documents`, their values unparsed."""
    parts: list[bytes] = []
    for document in documents:
        identity = document.id
        if _PLAIN_ID.fullmatch(identity):
            parts += (b'{"create":{"_id":"', identity, b'"}}\n', document.value, b"\n")
        else:
            parts += (b'{"create":{"_id":', json.dumps(identity.decode()).encode(), b"}}\n", document.value, b"\n")
    return b"".join(parts)


def _key_fault(key: bytes | None) -> tuple[str, str] | None:
    if not key:
        return "no_key", "the record has no key"
    if len(key) > LONGEST_ID:
        return "key_too_long", f"the key has {len(key)} bytes, an _id at most {LONGEST_ID}"
    if not key.isascii():
        try:
            key.decode()
        except UnicodeDecodeError:
            return "key_not_utf8", "the key is not UTF-8"
    return None


def _value_fault(value: bytes | None, size: int, largest: int) -> tuple[str, str] | None:
    if not value:
        return "no_value", "the record has no value"
    if size > largest:
        return "too_large", f"the record has {len(value)} bytes, Elasticsearch takes requests of at most {largest}"
    if b"\n" in value:
        return "line_feed", "the value has a line feed, which ends a document in a bulk request"
    # On anything else Elasticsearch 8 answers 500, as if it were its own fault and would pass.
    if not _OBJECT_START.match(value):
        return "not_an_object", "the value is not a JSON object"
    return None
