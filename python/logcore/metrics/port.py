"""The option --metrics-port: where Prometheus may scrape, and nothing of its library unless it is given."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from logcore.metrics.endpoint import Endpoint
    from logcore.metrics.figures import Source

__all__ = ["Address", "Expose", "MetricsError", "add_metrics_port", "exposed", "metrics_address", "open_endpoint"]

_DEFAULT_HOST = "127.0.0.1"

Expose = Callable[["Source"], None]
"""Adds a source to what is scraped."""


class MetricsError(Exception):
    """Figures can't be offered; the message is one line that says what to do."""


class Address(NamedTuple):
    """Where to listen; port 0 is any that is free."""

    host: str
    port: int


def add_metrics_port(parser: argparse.ArgumentParser, *, example: int) -> None:
    """Adds ``--metrics-port``; `example` is the port that docs/monitoring.md has for the command."""
    parser.add_argument(
        "--metrics-port",
        type=metrics_address,
        metavar="[HOST:]PORT",
        help=f"serve figures to Prometheus at http://HOST:PORT/metrics, such as {example}; HOST is {_DEFAULT_HOST} "
        "unless given, 0.0.0.0 is every interface; port 0 takes one that is free and says which",
    )


def metrics_address(text: str) -> Address:
    """`PORT`, `HOST:PORT` or `[IPv6]:PORT`; an argparse type."""
    found = re.fullmatch(r"(?:([A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\]):)?([0-9]{1,5})", text)
    if found is None or int(found[2]) > 65_535:
        raise argparse.ArgumentTypeError(f"'{text}' is not [HOST:]PORT with a port up to 65535")
    return Address((found[1] or _DEFAULT_HOST).strip("[]"), int(found[2]))


def open_endpoint(address: Address, say: Callable[[str], None]) -> Endpoint:
    """Listens at `address`; `say` gets one line where figures can't be read later.

    Raises:
        MetricsError: prometheus_client is not installed, or the address can't be listened on.
    """
    try:
        from logcore.metrics.endpoint import Endpoint
    except ModuleNotFoundError as error:
        raise MetricsError(
            f"metrics need the module {error.name}: pip install 'logcore_streaming-….whl[metrics]'"
        ) from error
    return Endpoint(address, say)


@contextmanager
def exposed(address: Address | None, say: Callable[[str], None]) -> Iterator[Expose]:
    """Serves what sources are added, for as long as the block runs; `say` gets one line about where. Without an address
    sources are passed over. Raises MetricsError as `open_endpoint` does."""
    if address is None:
        yield lambda _source: None
        return
    endpoint = open_endpoint(address, say)
    say(f"metrics at {endpoint.url}")
    try:
        yield endpoint.add
    finally:
        endpoint.close()
