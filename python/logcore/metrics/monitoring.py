"""A processor's figures on their way out, to Prometheus, to Elasticsearch, both or nowhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from logcore.elk.connection import new_client
from logcore.metrics.port import Expose, exposed

if TYPE_CHECKING:
    from logcore.metrics.options import MetricsOptions

__all__ = ["Monitoring", "WriteDocument", "monitoring"]

WriteDocument = Callable[[str, Mapping[str, Any]], None]
"""Takes a document under its `_id`, without waiting."""

_PATIENCE_S = 10.0


class Monitoring(NamedTuple):
    """`expose` adds a source of figures, `write` takes a document; neither does anything that nobody asked for."""

    expose: Expose
    write: WriteDocument
    asked_for: bool


@contextmanager
def monitoring(options: MetricsOptions, say: Callable[[str], None]) -> Iterator[Monitoring]:
    """Offers figures while the block runs. Whether Elasticsearch is there shows later, and ends nothing.

    Raises:
        MetricsError: as `exposed` does.
        ElasticsearchError: the client is not installed, a login lacks its password, a file can't be read.
    """
    with ExitStack() as closing:
        write: WriteDocument = _nowhere
        if options.elasticsearch is not None:
            from logcore.metrics.pipeline_index import PipelineIndex

            client = new_client(
                options.elasticsearch,
                user=options.elasticsearch_user,
                ca=options.elasticsearch_ca,
                request_timeout=_PATIENCE_S,
            )
            index = PipelineIndex(client, options.document_index, say)
            closing.callback(index.close)
            write = index.write
        expose = closing.enter_context(exposed(options.address, say))
        yield Monitoring(expose, write, options.asked_for)


def _nowhere(_identity: str, _document: Mapping[str, Any]) -> None:
    return
