"""Looks up every document of the index, and of the index of rejected records, in the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from logcore.elk.connection import ElasticsearchError, described
from logcore.page_size import PageSize
from logcore.verify.content import digest, document_digest
from logcore.verify.findings import EXAMPLES, Findings
from logcore.verify.ledger import AT_ELASTICSEARCH, Ledger, Nowhere, Place
from logcore.verify.progress import Progress

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

__all__ = ["read_documents"]

_PAGE_BYTES = 8 * 1024 * 1024
_PAGE_RECORDS = 5_000
_KEEP_ALIVE = "5m"
_LOOKED_UP = 10_000
"""So many missing documents are asked for by `_id`: a changed `source.topic` hides a document from the search."""


def read_documents(
    client: Elasticsearch, ledger: Ledger, progress: Progress, *, index: str, rejected_index: str, status_topic: str
) -> Findings:
    """Compares documents with the status records seen before.

    A log is present also where its record was rejected and is kept as text; one that is in both indices is doubled.

    Raises:
        ElasticsearchError: there is no such index, or it can't be read.
    """
    import elasticsearch  # an optional dependency

    findings = Findings(f"Elasticsearch {index}")
    try:
        if not client.indices.exists(index=index):
            raise ElasticsearchError(f"there is no index {index} in Elasticsearch; has the indexer run?")
        for hits in _pages(client, index, ledger.topic, progress):
            for hit in hits:
                _document(hit, ledger, findings)
        if client.indices.exists(index=rejected_index):
            for hits in _pages(client, rejected_index, status_topic, progress):
                for hit in hits:
                    _rejected(hit, ledger, findings)
        _look_up_missing(client, index, ledger, findings)
    except (elasticsearch.ApiError, elasticsearch.TransportError) as error:
        raise ElasticsearchError(f"Elasticsearch, index {index}: {described(error)}") from error
    findings.missing = ledger.count_missing(AT_ELASTICSEARCH)
    for partition, offset in islice(ledger.missing(AT_ELASTICSEARCH), EXAMPLES):
        findings.example("missing", f"{ledger.topic}:{partition}:{offset}")
    return findings


def _document(hit: dict[str, Any], ledger: Ledger, findings: Findings) -> None:
    identity, document = hit["_id"], hit["_source"]
    place = ledger.find_key(identity.encode("utf-8", "surrogatepass"))
    if place is Nowhere.OTHER_TOPIC or place is Nowhere.NO_LOG:
        # The search found it by its source: the same log under an _id of its own.
        source = document.get("source")
        if isinstance(source, dict) and source.get("topic") == ledger.topic:
            meant = _named(source)
            known = isinstance(ledger.find_key(meant.encode("utf-8", "surrogatepass")), Place)
            findings.fault("doubled" if known else "extra", f"{identity} (for {meant})")
            return
    if isinstance(place, Nowhere):
        findings.nowhere(place, identity)
        return
    if place.seen_at(AT_ELASTICSEARCH):
        findings.fault("doubled", identity)
        return
    findings.found(document.get("status"))
    known_digest = place.partition.document[place.at]
    if known_digest == 0:
        findings.uncompared += 1
    elif known_digest != document_digest(document):
        findings.fault("changed", identity)


def _rejected(hit: dict[str, Any], ledger: Ledger, findings: Findings) -> None:
    identity, document = hit["_id"], hit["_source"]
    place = ledger.find_key(identity.encode("utf-8", "surrogatepass"))
    if isinstance(place, Nowhere):
        # Records without a usable key are named after their place on the status topic; that hop reports them.
        findings.other_topics += place is Nowhere.OTHER_TOPIC
        return
    if place.seen_at(AT_ELASTICSEARCH):
        findings.fault("doubled", f"{identity} (indexed, and among the rejected)")
        return
    findings.present += 1
    findings.rejected += 1
    value = document.get("value")
    known = place.partition.record[place.at]
    if known == 0 or document.get("value_truncated") or not isinstance(value, str):
        findings.uncompared += 1
    elif digest(value.encode("utf-8", "surrogatepass")) != known:
        findings.fault("changed", f"{identity} (among the rejected)")


def _look_up_missing(client: Elasticsearch, index: str, ledger: Ledger, findings: Findings) -> None:
    missing = islice(ledger.missing(AT_ELASTICSEARCH), _LOOKED_UP)
    while ids := [f"{ledger.topic}:{partition}:{offset}" for partition, offset in islice(missing, 500)]:
        for found in client.mget(index=index, ids=ids).body["docs"]:
            if found.get("found"):
                _document(found, ledger, findings)


def _pages(client: Elasticsearch, index: str, topic: str, progress: Progress) -> Iterator[list[dict[str, Any]]]:
    """All documents whose source is `topic`, as they are now, in the order in which the index has them."""
    # What was written in the last second is not searchable before a refresh.
    client.indices.refresh(index=index)
    query = _query(client, index, topic)
    pages = PageSize(target=_PAGE_BYTES, most=_PAGE_RECORDS)
    snapshot = client.open_point_in_time(index=index, keep_alive=_KEEP_ALIVE).body["id"]
    try:
        after: list[Any] | None = None
        while True:
            # By _shard_doc, a page costs no sorting of all that come after it.
            answer = client.search(
                pit={"id": snapshot, "keep_alive": _KEEP_ALIVE},
                query=query,
                sort=[{"_shard_doc": "asc"}],
                size=pages.records,
                search_after=after,
                track_total_hits=False,
            ).body
            if answer.get("timed_out") or answer.get("_shards", {}).get("failed"):
                raise ElasticsearchError(f"Elasticsearch could not read all of index {index}; is every shard there?")
            snapshot = answer.get("pit_id", snapshot)
            hits = answer["hits"]["hits"]
            if not hits:
                return
            after = hits[-1]["sort"]
            pages.seen(len(hits), sum(_size(hit["_source"]) for hit in hits))
            yield hits
            progress.add(f"Elasticsearch {index}", len(hits))
    finally:
        client.options(ignore_status=404).close_point_in_time(id=snapshot)


def _query(client: Elasticsearch, index: str, topic: str) -> dict[str, Any]:
    """Only documents of `topic`, where the index can be asked for them exactly; else all."""
    answer = client.indices.get_field_mapping(index=index, fields="source.topic").body
    kinds = {
        field["mapping"]["topic"].get("type") for mapped in answer.values() for field in mapped["mappings"].values()
    }
    return {"term": {"source.topic": topic}} if kinds == {"keyword"} else {"match_all": {}}


def _named(source: dict[str, Any]) -> str:
    return f"{source.get('topic')}:{source.get('partition')}:{source.get('offset')}"


def _size(document: dict[str, Any]) -> int:
    """About the bytes of its JSON: only these names hold long texts."""
    long = (document.get(name) for name in ("raw", "raw_base64", "value"))
    return 600 + sum(len(text) for text in long if isinstance(text, str))
