"""Writes an index template, and the mapping of an index that is there already."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from logcore.elk.connection import ElasticsearchError, described

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

__all__ = ["put_template"]


def put_template(
    client: Elasticsearch, index: str, template: dict[str, Any], warn: Callable[[str], None], *, advice: str = ""
) -> None:
    """Creates or updates the index template named `index`, and gives an index that exists the fields it lacks.

    A field that the existing index maps otherwise stays as it is: that needs a new index, and `warn` gets a line.
    `advice` is what an error ends with.

    Raises:
        ElasticsearchError: Elasticsearch refused the template, or can't be reached.
    """
    import elasticsearch  # an optional dependency

    body = {"meta" if name == "_meta" else name: part for name, part in template.items()}
    try:
        client.indices.put_index_template(name=index, **body)
    except (elasticsearch.ApiError, elasticsearch.TransportError) as error:
        raise ElasticsearchError(f"the index template {index} can't be written: {described(error)}{advice}") from error
    try:
        if client.indices.exists(index=index):
            mappings = template["template"]["mappings"]
            client.indices.put_mapping(index=index, properties=mappings["properties"], dynamic="false")
    except elasticsearch.ApiError as error:
        warn(f"index {index} keeps its own mapping, the template holds for a new one only: {described(error)}")
    except elasticsearch.TransportError as error:
        raise ElasticsearchError(f"the mapping of index {index} can't be written: {described(error)}") from error
