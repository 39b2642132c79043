"""The HTTP endpoint that Prometheus scrapes, by its own client library."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from prometheus_client import CollectorRegistry, ProcessCollector, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from logcore.metrics.figures import COUNTER, Figure, Reading, Source
from logcore.metrics.port import Address, MetricsError

__all__ = ["Endpoint", "SourcesCollector"]


class SourcesCollector(Collector):
    """Asks each source when it is scraped, and keeps nothing.

    A source that fails is left out of that scrape, and `say` gets one line for as long as it does.
    """

    def __init__(self, say: Callable[[str], None], *sources: Source) -> None:
        self._say = say
        self._sources = list(sources)
        self._failing = False

    def add(self, source: Source) -> None:
        """From the next scrape on it is asked as well."""
        self._sources.append(source)

    def describe(self) -> Iterable[Metric]:
        """Nothing, so that a registry asks no source before its time."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """The figures of all sources, a family each."""
        return iter(_families(self._readings()))

    def _readings(self) -> list[Reading]:
        readings: list[Reading] = []
        failure: Exception | None = None
        for source in tuple(self._sources):
            try:
                readings += list(source())
            except Exception as error:  # noqa: BLE001 - a scrape must not end what it looks at.
                failure = error
        if failure is not None and not self._failing:
            reason = " ".join(str(failure).split()) or type(failure).__name__
            self._say(f"warning: some metrics can't be read: {reason}")
        self._failing = failure is not None
        return readings


class Endpoint:
    """Serves what sources are added, and what the process uses of memory, processor time and files."""

    def __init__(self, address: Address, say: Callable[[str], None]) -> None:
        """Listens at once. Raises MetricsError."""
        self._collector = SourcesCollector(say)
        registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        registry.register(self._collector)
        host = f"[{address.host}]" if ":" in address.host else address.host
        try:
            self._server, self._thread = start_http_server(address.port, addr=address.host, registry=registry)
        except (OSError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise MetricsError(
                f"metrics can't be served at {host}:{address.port}: {reason}; name another port, or 0 for one that is "
                "free"
            ) from error
        # Whoever scrapes may hang up when he likes; the library would print a stack trace.
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]
        self.url = f"http://{host}:{self._server.server_port}/metrics"

    def add(self, source: Source) -> None:
        """From the next scrape on `source` is asked."""
        self._collector.add(source)

    def close(self) -> None:
        """Stops listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _families(readings: Iterable[Reading]) -> list[Metric]:
    families: dict[Figure, CounterMetricFamily | GaugeMetricFamily] = {}
    for figure, labels, value in readings:
        family = families.get(figure)
        if family is None:
            kind = CounterMetricFamily if figure.kind == COUNTER else GaugeMetricFamily
            family = families[figure] = kind(figure.name, figure.text, labels=figure.labels)
        family.add_metric(labels, value)
    return list(families.values())
