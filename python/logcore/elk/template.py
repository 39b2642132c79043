"""Index templates: how Elasticsearch holds judged logs, derived from the contract, and those that it refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from logcore._core import Contract

__all__ = ["DATE", "KEYWORD", "LONG", "index_template", "rejected_template", "status_template"]

# Lucene refuses terms of more than 32,766 bytes; 8,191 characters stay below that in any script. A longer string is
# kept in the document and is only left out of the index.
KEYWORD = {"type": "keyword", "ignore_above": 8191}
DATE = {"type": "date", "format": "strict_date_optional_time"}
_KEPT_ONLY = {"type": "keyword", "index": False, "doc_values": False}
# Without `coerce: false` 684.5 would be found as 684, and nobody would know.
_INTEGER = {"type": "integer", "coerce": False}
LONG = {"type": "long", "coerce": False}
_SOURCE = {"properties": {"topic": KEYWORD, "partition": _INTEGER, "offset": LONG}}
_TYPES: dict[str, dict[str, Any]] = {
    "string": KEYWORD,
    "int32": _INTEGER,
    "int64": LONG,
    "double": {"type": "double", "coerce": False},
    "boolean": {"type": "boolean"},
    "date": {"type": "date", "format": "strict_date"},
    "timestamp": DATE,
}
# Above what Elasticsearch and its add-ons bring along (100 to 200), below what an operator would add to override ours.
_PRIORITY = 300


def status_template(contract: Contract, index: str, *, shards: int = 1, replicas: int = 0) -> dict[str, Any]:
    """The body of ``PUT _index_template`` for records of the status topic under `contract`.

    ``dynamic: false``: a field that the contract doesn't know is kept in the document, unindexed. ``strict`` would
    refuse the whole log for it, ``true`` would let any producer add columns.
    """
    fields = {name: _mapping(kind, within) for name, kind, within in contract.structure}
    return index_template(
        index,
        {
            **fields,
            "status": KEYWORD,
            "reasons": {"properties": {"path": KEYWORD, "code": KEYWORD}},
            "users_version": KEYWORD,
            "source": _SOURCE,
            "@timestamp": DATE,
            "raw": _KEPT_ONLY,
            "raw_base64": _KEPT_ONLY,
            "raw_truncated": {"type": "boolean"},
        },
        f"Judged logs by the contract {contract.name}, version {contract.version}",
        shards=shards,
        replicas=replicas,
    )


def _mapping(kind: str, within: list[Any]) -> dict[str, Any]:
    if kind == "struct":
        return {"properties": {name: _mapping(inner, deeper) for name, inner, deeper in within}}
    if kind == "list":
        # Elasticsearch knows no arrays: a field holds one value or several.
        ((_, item, deeper),) = within
        return _mapping(item, deeper)
    return _TYPES[kind]


def rejected_template(index: str, *, shards: int = 1, replicas: int = 0) -> dict[str, Any]:
    """The same for records that could not be indexed: the error is searchable, the record is text that is only kept."""
    return index_template(
        index,
        {
            "@timestamp": DATE,
            "error": {"properties": {"type": KEYWORD, "reason": {"type": "text"}, "status": _INTEGER}},
            "source": _SOURCE,
            "key": KEYWORD,
            "key_base64": _KEPT_ONLY,
            "value": _KEPT_ONLY,
            "value_base64": _KEPT_ONLY,
            "value_truncated": {"type": "boolean"},
        },
        "Records of the status topic that Elasticsearch refused to index",
        shards=shards,
        replicas=replicas,
    )


def index_template(
    index: str,
    properties: dict[str, Any],
    description: str,
    *,
    shards: int,
    replicas: int,
    managed_by: str = "logcore.indexer",
) -> dict[str, Any]:
    """The body of ``PUT _index_template`` for `index`, with these fields and no other."""
    return {
        "index_patterns": [index],
        "priority": _PRIORITY,
        "template": {
            "settings": {"index": {"number_of_shards": shards, "number_of_replicas": replicas}},
            "mappings": {"dynamic": False, "properties": properties},
        },
        "_meta": {"description": description, "managed_by": managed_by},
    }
