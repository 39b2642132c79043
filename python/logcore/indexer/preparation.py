"""What the indexer asks of Elasticsearch before its first document: how much it takes at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

__all__ = ["DEFAULT_LIMIT", "request_limit"]

DEFAULT_LIMIT = 100 * 1024 * 1024
"""`http.max_content_length` of Elasticsearch unless set, in bytes."""


def request_limit(client: Elasticsearch) -> int:
    """The bytes that every node takes in one request; Elasticsearch's default where the login may not ask the nodes.

    A larger request is worth avoiding, not only a status 413: the server may close the connection while the body is on
    its way, and that looks like a server that has gone.
    """
    import elasticsearch  # an optional dependency

    try:
        answer = client.nodes.info(metric="http", filter_path="nodes.*.http.max_content_length_in_bytes").body
    except (elasticsearch.ApiError, elasticsearch.TransportError):
        return DEFAULT_LIMIT
    limits = [
        node["http"]["max_content_length_in_bytes"] for node in answer.get("nodes", {}).values() if "http" in node
    ]
    return min(limits, default=DEFAULT_LIMIT)
