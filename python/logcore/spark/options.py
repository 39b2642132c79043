"""The processor's command line, checked before anything starts."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from logcore.judging_options import (
    USERS_FROM_MYSQL,
    add_judging_arguments,
    check_judging_arguments,
    judging_mysql,
)
from logcore.metrics.options import MetricsOptions, add_metrics_arguments, metrics_options
from logcore.one_line_parser import OneLineParser
from logcore.option_values import AVAILABLE_NOW, not_empty, positive, starting_offsets, trigger

__all__ = ["RUST", "Options", "parse"]

RUST = "rust"

_EXAMPLE = """\
example, with Spark 3.5.1 (with Spark 4.1.1 the package is spark-sql-kafka-0-10_2.13:4.1.1):
  spark-submit --packages org.apache.spark:spark-sql-kafka-0-10_2.12:3.5.1 \\
    spark/processor.py localhost:9092 --checkpoint /tmp/logcore-checkpoint \\
    --users mysql --tables --mysql-defaults-file .stack/mysql.cnf --trigger '5 seconds'

without MySQL, as far as the topic goes now:
  spark-submit --packages org.apache.spark:spark-sql-kafka-0-10_2.12:3.5.1 \\
    spark/processor.py localhost:9092 --checkpoint s3://bucket/checkpoint \\
    --users users.csv --no-tables --trigger available-now

with figures for Prometheus at http://127.0.0.1:9404/metrics, and for Kibana's dashboards:
  spark-submit ... spark/processor.py ... --metrics-port 9404 --metrics-elasticsearch http://localhost:9200

Ctrl-C stops after the running micro-batch, a second one at once; the checkpoint loses nothing either way.
Spark logs warnings and errors; with --conf spark.log.level=WARN (or INFO) also the stacks of what failed.

exit status: 0 done, or stopped by SIGTERM; 1 a service is missing, or the job failed; 2 a wrong option;
130 stopped by Ctrl-C
"""


@dataclass(frozen=True)
class Options:
    """What the person asked for. `mysql` holds the arguments of `logcore.Mysql`, None where nothing needs MySQL."""

    brokers: str
    input: str
    output: str
    checkpoint: str
    users: str | None
    users_ttl_s: float
    tables: bool
    mysql: Mapping[str, Any] | None = field(repr=False)  # with the password
    trigger: str
    starting_offsets: str
    max_offsets_per_trigger: int | None
    min_partitions: int | None
    contract: str | None
    kafka_config: str | None
    data_plane: str = "spark"
    librdkafka_config: str | None = None
    metrics: MetricsOptions = field(default_factory=MetricsOptions)

    @property
    def users_from_mysql(self) -> bool:
        """True for `--users mysql`."""
        return self.users == USERS_FROM_MYSQL

    @property
    def trigger_arguments(self) -> dict[str, Any]:
        """For `DataStreamWriter.trigger`."""
        return {"availableNow": True} if self.trigger == AVAILABLE_NOW else {"processingTime": self.trigger}


def parse(arguments: Sequence[str] | None = None, environment: Mapping[str, str] = os.environ) -> Options:
    """The options in `arguments` (those of the process unless given). A wrong one ends the process with status 2."""
    parser = _parser()
    args = parser.parse_args(arguments)
    check_judging_arguments(parser, args)
    for option, file in (("--kafka-config", args.kafka_config), ("--librdkafka-config", args.librdkafka_config)):
        if file is not None and not Path(file).is_file():
            parser.error(f"{option} {file}: no such file")
    if args.librdkafka_config is not None and args.data_plane != RUST:
        parser.error("--librdkafka-config is for --data-plane rust")
    return Options(
        brokers=args.brokers,
        input=args.input,
        output=args.output,
        checkpoint=args.checkpoint,
        users=args.users,
        users_ttl_s=args.users_ttl,
        tables=args.tables,
        mysql=judging_mysql(parser, args, environment),
        trigger=args.trigger,
        starting_offsets=args.starting_offsets,
        max_offsets_per_trigger=args.max_offsets_per_trigger,
        min_partitions=args.min_partitions,
        contract=args.contract,
        kafka_config=args.kafka_config,
        data_plane=args.data_plane,
        librdkafka_config=args.librdkafka_config,
        metrics=metrics_options(parser, args),
    )


def _parser() -> OneLineParser:
    parser = OneLineParser(
        "processor",
        prog="processor.py",
        says="processor.py",
        description="Judges each log of a Kafka topic against a data contract; the verdicts go to a status topic "
        "and to MySQL. Run by spark-submit.",
        epilog=_EXAMPLE,
    )
    add_judging_arguments(
        parser,
        users_ttl_s=0.0,
        users_ttl_help="how old users may be when a micro-batch begins (default 0: read for each)",
    )
    parser.add_argument(
        "--checkpoint",
        type=not_empty,
        required=True,
        metavar="DIR",
        help="folder on any file system of Hadoop's (file, hdfs, s3); one for each processor",
    )
    parser.add_argument(
        "--trigger",
        type=trigger,
        default="5 seconds",
        metavar="available-now|'N seconds'",
        help="what is there now and then end, or on and on at an interval (default '%(default)s')",
    )
    parser.add_argument(
        "--starting-offsets",
        type=starting_offsets,
        default="earliest",
        metavar="earliest|latest|JSON",
        help="where a new checkpoint begins (default %(default)s); JSON as Spark's Kafka source takes it",
    )
    parser.add_argument(
        "--max-offsets-per-trigger", type=positive, metavar="N", help="most logs of a micro-batch (default: no limit)"
    )
    parser.add_argument(
        "--min-partitions",
        type=positive,
        metavar="N",
        help="least tasks of a micro-batch (default: one a partition)",
    )
    parser.add_argument(
        "--kafka-config",
        metavar="FILE",
        help="Java properties for source and sink, such as security.protocol; the sink's defaults may be overridden",
    )
    parser.add_argument(
        "--data-plane",
        choices=("spark", RUST),
        default="spark",
        help="what carries the logs: Spark's source and sink (default), or Rust in Spark's tasks, several times as "
        "fast and exactly once in the status topic",
    )
    parser.add_argument(
        "--librdkafka-config",
        metavar="FILE",
        help="with --data-plane rust: librdkafka properties, one name=value a line, for what can't be told from "
        "--kafka-config",
    )
    add_metrics_arguments(parser, example=9404, documents="one document a micro-batch")
    return parser
