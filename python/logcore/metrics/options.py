"""What both processors are asked about their own figures."""

from __future__ import annotations

import argparse
from typing import NamedTuple

from logcore.elk.connection import add_elasticsearch_arguments
from logcore.elk.pipeline_template import PIPELINE_INDEX
from logcore.metrics.port import Address, add_metrics_port
from logcore.one_line_parser import OneLineParser, index_name

__all__ = ["MetricsOptions", "add_metrics_arguments", "metrics_options"]


class MetricsOptions(NamedTuple):
    """Where figures go: `address` for Prometheus, `elasticsearch` a URL; None where nobody asked for it."""

    address: Address | None = None
    elasticsearch: str | None = None
    elasticsearch_user: str | None = None
    elasticsearch_ca: str | None = None
    document_index: str = PIPELINE_INDEX

    @property
    def asked_for(self) -> bool:
        """Whether anybody wants figures."""
        return self.address is not None or self.elasticsearch is not None


def add_metrics_arguments(parser: OneLineParser, *, example: int, documents: str) -> None:
    """Adds --metrics-port, --metrics-elasticsearch, --metrics-index and what Elasticsearch's connection needs.

    `documents` says how often a document is written.
    """
    add_metrics_port(parser, example=example)
    add_elasticsearch_arguments(
        parser,
        required=False,
        option="--metrics-elasticsearch",
        purpose=f"write figures there, {documents}: ",
    )
    parser.add_argument(
        "--metrics-index",
        type=index_name,
        metavar="NAME",
        help=f"index of these figures (default {PIPELINE_INDEX}, which the dashboards show)",
    )


def metrics_options(parser: OneLineParser, args: argparse.Namespace) -> MetricsOptions:
    """The options in `args`. Ends the process with status 2 where one is given that nothing uses."""
    if args.metrics_elasticsearch is None:
        for name in ("elasticsearch_user", "elasticsearch_ca", "metrics_index"):
            if getattr(args, name) is not None:
                parser.error(f"--{name.replace('_', '-')} is for --metrics-elasticsearch URL")
    return MetricsOptions(
        address=args.metrics_port,
        elasticsearch=args.metrics_elasticsearch,
        elasticsearch_user=args.elasticsearch_user,
        elasticsearch_ca=args.elasticsearch_ca,
        document_index=args.metrics_index or PIPELINE_INDEX,
    )
