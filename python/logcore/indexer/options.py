"""The indexer's command line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from logcore.elk.connection import add_elasticsearch_arguments
from logcore.kafka_options import add_brokers, add_config, kafka_config
from logcore.metrics.port import Address, add_metrics_port
from logcore.one_line_parser import OneLineParser, index_name, topic_name, whole_number

__all__ = ["Options", "parse"]

_EXAMPLES = """\
examples:
  python -m logcore.indexer 127.0.0.1:9092 --elasticsearch http://127.0.0.1:9200 --until-end
      index what is on the topic now, then stop
  LOGCORE_ELASTICSEARCH_PASSWORD=... python -m logcore.indexer b-1:9098,b-2:9098 --config kafka.properties \\
      --elasticsearch https://search.example.com:443 --elasticsearch-user indexer
      run on, until Ctrl-C or SIGTERM
  python -m logcore.indexer 127.0.0.1:9092 --elasticsearch http://127.0.0.1:9200 --metrics-port 9403
      with figures for Prometheus at http://127.0.0.1:9403/metrics
  python -m logcore.indexer --print-template
      the index template as JSON, for Logstash or for whoever manages templates

exit status: 0 done, or stopped as asked; 1 a service is missing or refuses; 2 a wrong option;
130 stopped before the end with --until-end
"""


@dataclass(frozen=True)
class Options:
    """What was asked for; sizes in bytes."""

    brokers: str
    elasticsearch: str
    elasticsearch_user: str | None = None
    elasticsearch_ca: str | None = None
    topic: str = "server-logs-status"
    index: str = "server-logs"
    rejected_index: str = "server-logs-rejected"
    group: str = "logcore-indexer"
    kafka: tuple[tuple[str, str], ...] = ()
    contract: str | None = None
    until_end: bool = False
    bulk_bytes: int = 5 * 1024 * 1024
    bulk_records: int = 5000
    parallel: int = 2
    shards: int = 1
    replicas: int = 0
    templates: bool = True
    print_template: str | None = None
    metrics_port: Address | None = None


def parse(arguments: Sequence[str] | None = None) -> Options:
    """The options in `arguments` (the command line's if None). A wrong one ends the program with status 2."""
    parser = _parser()
    parsed = vars(parser.parse_args(arguments))
    printing = parsed["print_template"] is not None
    for name, shown in (("brokers", "BROKERS"), ("elasticsearch", "--elasticsearch URL")):
        if parsed[name] is None and not printing:
            parser.error(f"{shown} is missing")
        parsed[name] = parsed[name] or ""
    kafka = kafka_config(parser, parsed.pop("config"))
    if parsed["rejected_index"] is None:
        parsed["rejected_index"] = f"{parsed['index']}-rejected"
    if parsed["rejected_index"] == parsed["index"]:
        parser.error("--index and --rejected-index are the same")
    return Options(**parsed, kafka=tuple(kafka.items()))


def _parser() -> OneLineParser:
    defaults = Options("", "")
    parser = OneLineParser(
        "indexer",
        description="Indexes the records of the status topic in Elasticsearch, each once under its key, whatever is "
        "replayed.",
        epilog=_EXAMPLES,
    )
    add_brokers(parser, required=False)
    add_elasticsearch_arguments(parser, required=False)
    add = parser.add_argument
    add(
        "--topic",
        type=topic_name,
        default=defaults.topic,
        metavar="NAME",
        help=f"the status topic (default {defaults.topic})",
    )
    add("--index", type=index_name, default=defaults.index, metavar="NAME", help=f"(default {defaults.index})")
    add(
        "--rejected-index",
        type=index_name,
        metavar="NAME",
        help="index of the records that can't be indexed, kept as text with the error (default INDEX-rejected)",
    )
    add("--group", default=defaults.group, metavar="NAME", help=f"Kafka consumer group (default {defaults.group})")
    add_config(parser)
    add(
        "--contract",
        metavar="FILE",
        help="contract whose fields the template maps (default: the one that logcore ships)",
    )
    add("--until-end", action="store_true", help="stop when all that is on the topic at the start is indexed")
    add(
        "--bulk-bytes",
        type=whole_number(64 * 1024, 100 * 1024 * 1024),
        default=defaults.bulk_bytes,
        metavar="N",
        help=f"bytes in one bulk request (default {defaults.bulk_bytes}); a single larger record is sent alone",
    )
    add(
        "--bulk-records",
        type=whole_number(1, 100_000),
        default=defaults.bulk_records,
        metavar="N",
        help=f"records in one bulk request (default {defaults.bulk_records})",
    )
    add(
        "--parallel",
        type=whole_number(1, 32),
        default=defaults.parallel,
        metavar="N",
        help=f"bulk requests under way at once (default {defaults.parallel})",
    )
    add("--shards", type=whole_number(1, 1024), default=1, metavar="N", help="shards of a new index (default 1)")
    add("--replicas", type=whole_number(0, 16), default=0, metavar="N", help="replicas of a new index (default 0)")
    add(
        "--no-templates",
        dest="templates",
        action="store_false",
        help="leave index templates and mappings alone: someone else manages them",
    )
    add(
        "--print-template",
        nargs="?",
        const="index",
        choices=("index", "rejected", "pipeline"),
        help="print the template of the index (or of the rejected one, or of the pipeline's own figures) as JSON and "
        "stop; needs no service",
    )
    add_metrics_port(parser, example=9403)
    return parser
