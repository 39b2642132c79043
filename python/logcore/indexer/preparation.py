"""What the indexer asks of Elasticsearch before its first document: templates, mappings of indices, its limit."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from logcore.elk.connection import ElasticsearchError, described

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

__all__ = ["put_template", "request_limit"]

DEFAULT_LIMIT = 100 * 1024 * 1024
"""`http.max_content_length` of Elasticsearch unless set, in bytes."""


def put_template(client: Elasticsearch, index: str, template: dict[str, Any], warn: Callable[[str], None]) -> None:
    """Creates or updates the index template named `index`, and gives an index that exists the fields it lacks.

    A field that the existing index maps otherwise stays as it is: that needs a new index, and `warn` gets a line.

    Raises:
        ElasticsearchError: Elasticsearch refused the template, or can't be reached.
    """
    import elasticsearch  # an optional dependency

    body = {"meta" if name == "_meta" else name: part for name, part in template.items()}
    try:
        client.indices.put_index_template(name=index, **body)
    except (elasticsearch.ApiError, elasticsearch.TransportError) as error:
        raise ElasticsearchError(
            f"the index template {index} can't be written: {described(error)} (--no-templates leaves templates alone)"
        ) from error
    try:
        if client.indices.exists(index=index):
            mappings = template["template"]["mappings"]
            client.indices.put_mapping(index=index, properties=mappings["properties"], dynamic="false")
    except elasticsearch.ApiError as error:
        warn(f"index {index} keeps its own mapping, the template holds for a new one only: {described(error)}")
    except elasticsearch.TransportError as error:
        raise ElasticsearchError(f"the mapping of index {index} can't be written: {described(error)}") from error


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
