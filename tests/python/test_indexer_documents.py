"""Which records can be documents, and how they stand in a bulk body."""

from __future__ import annotations

import json
from datetime import datetime, timezone

import pytest

from fake_kafka import Record, record_batch
from logcore.indexer.documents import Document, Refusal, bulk_body, chunks, documents_of
from logcore.indexer.rejected import rejected_document
from logcore.page_size import PageSize

LIMIT = 10_000


def refusals(*records: Record) -> list[Refusal]:
    documents, refused = documents_of(record_batch(records), "status", LIMIT)
    assert documents == []
    return refused


def test_a_record_is_a_document_under_its_key_with_its_bytes() -> None:
    value = '{"a": 1,  "é": "☃"}'.encode()
    (document,), refused = documents_of(record_batch([Record(3, 17, value, b"logs:0:5")]), "status", LIMIT)
    assert refused == []
    assert document == Document(b"logs:0:5", 3, 17, b"logs:0:5", value)
    assert bulk_body([document, document]) == (b'{"create":{"_id":"logs:0:5"}}\n' + value + b"\n") * 2


@pytest.mark.parametrize("key", ['a"b\\c', "tab\tnew\nline", "ключ", "\x7f", "é" * 256])
def test_any_other_key_is_escaped(key: str) -> None:
    (document,), _ = documents_of(record_batch([Record(0, 0, b"{}", key.encode())]), "status", LIMIT)
    lines = bulk_body([document]).split(b"\n")
    assert [json.loads(lines[0]), *lines[1:]] == [{"create": {"_id": key}}, b"{}", b""]


@pytest.mark.parametrize(
    ("key", "value", "kind", "identity"),
    [
        (None, b"{}", "no_key", b"status:1:9"),
        (b"", b"{}", "no_key", b"status:1:9"),
        (b"k" * 513, b"{}", "key_too_long", b"status:1:9"),
        (b"\xff", b"{}", "key_not_utf8", b"status:1:9"),
        (b"k", None, "no_value", b"k"),
        (b"k", b"", "no_value", b"k"),
        (b"k", b'{"a":\n1}', "line_feed", b"k"),
        (b"k", b"[1]", "not_an_object", b"k"),
        (b"k", b"null", "not_an_object", b"k"),
        (b"k", b'{"a":"' + b"x" * LIMIT + b'"}', "too_large", b"k"),
    ],
)
def test_what_elasticsearch_would_choke_on_is_refused_before_it_is_sent(
    key: bytes | None, value: bytes | None, kind: str, identity: bytes
) -> None:
    (refusal,) = refusals(Record(1, 9, value, key))
    assert (refusal.type, refusal.status, refusal.document.id) == (kind, None, identity)
    assert (refusal.document.key, refusal.document.value) == (key, value or b"")
    assert refusal.reason


def test_chunks_keep_to_bytes_and_count() -> None:
    documents = [Document(b"k", 0, number, b"k", b"x" * size) for number, size in enumerate([10, 10, 10, 500, 10, 10])]
    cut = list(chunks(documents, size=80, count=2))
    assert [[document.offset for document in chunk] for chunk in cut] == [[0, 1], [2], [3], [4, 5]]
    assert list(chunks([], size=80, count=2)) == []


def test_a_rejected_record_keeps_its_text_and_says_why() -> None:
    record = Document(b"logs:0:5", 3, 17, b"logs:0:5", '{"é":1}'.encode())
    now = datetime(2026, 1, 2, 3, 4, 5, 678_900, timezone.utc)
    document = rejected_document(Refusal(record, 400, "mapper", "no " * 5000), "status", now)
    assert document.id == record.id
    body = json.loads(document.value)
    assert len(body["error"].pop("reason")) == 8192
    assert body == {
        "@timestamp": "2026-01-02T03:04:05.678Z",
        "error": {"type": "mapper", "status": 400},
        "source": {"topic": "status", "partition": 3, "offset": 17},
        "key": "logs:0:5",
        "value": '{"é":1}',
    }


def test_a_rejected_record_that_is_no_text_is_kept_as_base64_and_a_long_one_is_cut() -> None:
    record = Document(b"status:3:17", 3, 17, None, b"\xff" * 100)
    body = json.loads(
        rejected_document(Refusal(record, None, "no_key", ""), "status", datetime.now(timezone.utc), 3).value
    )
    assert body["key"] is None
    assert body["value_base64"] == "////"
    assert body["value_truncated"] is True


def test_page_sizes_follow_the_bytes_seen() -> None:
    pages = PageSize(target=1000, most=64, start=8)
    pages.seen(8, 80)
    assert pages.records == 16
    pages.seen(16, 160)
    pages.seen(32, 320)
    assert pages.records == 64
    pages.seen(64, 640)
    assert pages.records == 64
    pages.seen(64, 640_000)
    assert pages.records == 1
    pages.seen(0, 0)
    assert pages.records == 1
