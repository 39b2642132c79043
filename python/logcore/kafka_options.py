"""The argument BROKERS and the option ``--config``, which all commands that speak to Kafka have."""

from __future__ import annotations

import argparse

from logcore.kafka_properties import KafkaPropertiesError, read_kafka_properties
from logcore.one_line_parser import OneLineParser
from logcore.option_values import brokers

__all__ = ["add_brokers", "add_config", "kafka_config"]


def add_brokers(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    """Adds BROKERS; None where it is left out and not `required`."""
    parser.add_argument(
        "brokers",
        nargs=None if required else "?",
        type=brokers,
        metavar="BROKERS",
        help="Kafka's bootstrap servers, HOST:PORT[,HOST:PORT...]",
    )


def add_config(parser: argparse.ArgumentParser) -> None:
    """Adds ``--config FILE``."""
    parser.add_argument(
        "--config", metavar="FILE", help="librdkafka properties, one name=value a line (TLS, SASL, ...)"
    )


def kafka_config(parser: OneLineParser, path: str | None) -> dict[str, str]:
    """The properties in the file that ``--config`` named, if it did. A wrong one ends the program with status 2."""
    try:
        return {} if path is None else read_kafka_properties(path)
    except KafkaPropertiesError as error:
        parser.error(f"--config {error}")
