"""What values the processor's options may have. Each raises argparse.ArgumentTypeError for any other."""

from __future__ import annotations

import argparse
import json
import re

__all__ = ["AVAILABLE_NOW", "brokers", "not_empty", "positive", "seconds", "starting_offsets", "trigger"]

AVAILABLE_NOW = "available-now"


def brokers(text: str) -> str:
    """`HOST:PORT,…` of Kafka."""
    for broker in text.split(","):
        host, colon, port = broker.strip().rpartition(":")
        if not colon or not host or not (port.isascii() and port.isdigit()) or not 1 <= int(port) <= 65535:
            raise argparse.ArgumentTypeError(f"'{broker}' is not HOST:PORT")
    return text.strip()


def not_empty(text: str) -> str:
    """Any text but none."""
    if not text.strip():
        raise argparse.ArgumentTypeError("it is empty")
    return text


def seconds(text: str) -> float:
    """Seconds from 0 to a day."""
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0.0 <= number <= 86_400.0:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of seconds from 0 to 86400")
    return number


def positive(text: str) -> int:
    """A whole number above 0."""
    if not (text.isascii() and text.isdigit()) or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number above 0")
    return int(text)


def trigger(text: str) -> str:
    """`available-now`, or an interval as Spark writes it."""
    if text != AVAILABLE_NOW and not re.fullmatch(r"[0-9]{1,9} (millisecond|second|minute|hour)s?", text):
        raise argparse.ArgumentTypeError(f"'{text}' is neither {AVAILABLE_NOW} nor an interval such as '5 seconds'")
    return text


def starting_offsets(text: str) -> str:
    """`earliest`, `latest`, or JSON as Spark's Kafka source takes it."""
    if text in ("earliest", "latest"):
        return text
    try:
        offsets = json.loads(text)
    except json.JSONDecodeError:
        offsets = None
    if not isinstance(offsets, dict):
        example = '{"server-logs":{"0":23}}'
        raise argparse.ArgumentTypeError(f"'{text}' is neither earliest, latest, nor JSON such as {example}")
    return text
