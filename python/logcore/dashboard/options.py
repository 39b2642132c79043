"""The dashboard's command line."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from logcore.kafka_options import add_brokers, add_config, kafka_config
from logcore.one_line_parser import OneLineParser, topic_name, whole_number
from logcore.since import since

__all__ = ["Options", "parse"]

_EXAMPLES = """\
examples:
  python -m logcore.dashboard 127.0.0.1:9092
      the page at http://127.0.0.1:8050/, with the logs of the last hour
  python -m logcore.dashboard b-1:9098,b-2:9098 --config kafka.properties --port 0 --since earliest
      a broker with TLS or SASL, any free port, all that is on the topic
  python -m logcore.dashboard 127.0.0.1:9092 --metrics 127.0.0.1:9402 --metrics 127.0.0.1:9403
      with the figures of processes that were started with --metrics-port, on the page's second tab
  ssh -L 8050:127.0.0.1:8050 HOST
      the page of a dashboard that runs on HOST, in a browser here

exit status: 0 stopped by Ctrl-C or SIGTERM; 1 Kafka can't be read, or the port can't be had; 2 a wrong option
"""


@dataclass(frozen=True)
class Options:
    """What was asked for."""

    brokers: str
    topic: str = "server-logs-status"
    since: str | int | None = None
    host: str = "127.0.0.1"
    port: int = 8050
    names: tuple[str, ...] = ()
    contract: str | None = None
    metrics: tuple[str, ...] = ()
    kafka: tuple[tuple[str, str], ...] = ()


def parse(arguments: Sequence[str] | None = None) -> Options:
    """The options in `arguments` (the command line's if None). A wrong one ends the program with status 2."""
    defaults = Options("")
    parser = OneLineParser(
        "dashboard",
        description="Serves a live page of what is on the status topic: logs by status, their reasons, and the latest "
        "that are bad or suspicious. It needs nothing but a browser, and reads without a consumer group.",
        epilog=_EXAMPLES,
    )
    add = parser.add_argument
    add_brokers(parser)
    add("--topic", type=topic_name, default=defaults.topic, metavar="NAME", help=f"(default {defaults.topic})")
    add(
        "--port",
        type=whole_number(0, 65535),
        default=defaults.port,
        metavar="N",
        help=f"(default {defaults.port}; 0 takes any)",
    )
    add(
        "--host",
        default=defaults.host,
        metavar="ADDRESS",
        help=f"(default {defaults.host}); the page has no login: whoever reaches another address reads the logs",
    )
    add(
        "--name",
        dest="names",
        action="append",
        default=[],
        metavar="NAME",
        help="a name by which browsers may ask for the page, beside localhost and addresses; several times if need be",
    )
    add(
        "--since",
        type=since,
        metavar="WHEN",
        help="begin with these logs: 10m, 2h, a time, earliest or latest (default 1h)",
    )
    add_config(parser)
    add("--contract", metavar="FILE", help="whose fields are counted by value (default: the one that logcore ships)")
    add(
        "--metrics",
        type=_metrics_url,
        action="append",
        default=[],
        metavar="HOST:PORT",
        help="a command's --metrics-port, for the tab Pipeline health; may be given several times",
    )
    parsed = vars(parser.parse_args(arguments))
    parsed["metrics"], parsed["names"] = tuple(parsed["metrics"]), tuple(parsed["names"])
    kafka = kafka_config(parser, parsed.pop("config"))
    return Options(**parsed, kafka=tuple(kafka.items()))


def _metrics_url(text: str) -> str:
    """`HOST:PORT`, or a whole URL of http; an argparse type that gives a URL."""
    url = text if "://" in text else f"http://{text}/metrics"
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port is not None
        usable = usable and parts.username is None
    except ValueError:
        usable = False
    if not usable:
        raise argparse.ArgumentTypeError(
            f"'{text}' is neither HOST:PORT nor a URL such as http://127.0.0.1:9402/metrics"
        )
    return url
