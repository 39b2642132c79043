"""How the pipeline's own processes are: their figures for Prometheus, read here as Prometheus would read them."""

from __future__ import annotations

import threading
import time
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

__all__ = ["Health", "Target"]

EVERY_S = 2.0
_KEPT = 150
"""Values kept of each series: five minutes."""
_MOST_SERIES = 300
_MOST_BYTES = 4 * 1024 * 1024
_TIMEOUT_S = 2.0
_PREFIX = "logcore_"
# The processes are on this machine or near it; a proxy of the environment is for the world outside.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))

Read = Callable[[str], str]
"""The text at a URL; raises OSError or ValueError."""


class _Series:
    """One series' last values, each with the second that it was read at."""

    def __init__(self, name: str, labels: dict[str, str], kind: str, text: str) -> None:
        self.name = name
        self.labels = labels
        self.kind = kind
        self.text = text
        self._values: deque[tuple[float, float]] = deque(maxlen=_KEPT)

    def add(self, now: float, value: float) -> None:
        if self.kind == "counter" and self._values and value < self._values[-1][1]:
            # Its process began anew; the rate would be below nothing.
            self._values.clear()
        self._values.append((now, value))

    def shown(self) -> dict[str, Any]:
        """A counter's history is that of its rate a second."""
        values = list(self._values)
        history = [value for _, value in values]
        if self.kind == "counter":
            history = [
                (value - before) / max(at - earlier, 1e-3) for (earlier, before), (at, value) in zip(values, values[1:])
            ]
        return {
            "name": self.name,
            "labels": self.labels,
            "kind": self.kind,
            "text": self.text,
            "value": _finite(values[-1][1]),
            "rate": _finite(history[-1]) if self.kind == "counter" and history else None,
            "history": [_finite(value) for value in history],
        }


class Target:
    """One process's endpoint. Its last figures stay when it goes away, and say so."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._error: str | None = "not read yet"
        self._series: dict[tuple[str, tuple[tuple[str, str], ...]], _Series] = {}
        self._lock = threading.Lock()

    def read(self, read: Read, now: float) -> None:
        """Asks once. A target that can't be read is an answer as well."""
        try:
            families = list(text_string_to_metric_families(read(self.url)))
        except urllib.error.HTTPError as error:
            self._fail(f"it answers with status {error.code}")
            error.close()
        except Exception as error:  # noqa: BLE001 - whatever answers there, the thread goes on asking.
            reason = getattr(error, "reason", None) or error
            self._fail(" ".join(str(reason).split())[:300] or type(error).__name__)
        else:
            with self._lock:
                self._error = None
                self._take(families, now)

    def shown(self) -> dict[str, Any]:
        """Its figures as JSON has them."""
        with self._lock:
            figures = [series.shown() for series in self._series.values()]
            return {"url": self.url, "error": self._error, "figures": figures}

    def _fail(self, reason: str) -> None:
        with self._lock:
            self._error = reason

    def _take(self, families: Iterable[Any], now: float) -> None:
        seen: set[tuple[str, tuple[tuple[str, str], ...]]] = set()
        for family in families:
            for sample in family.samples:
                if not sample.name.startswith(_PREFIX):
                    continue
                key = (sample.name, tuple(sorted(sample.labels.items())))
                series = self._series.get(key)
                if series is None and len(seen) < _MOST_SERIES:
                    series = _Series(sample.name, dict(sample.labels), family.type, family.documentation)
                    self._series[key] = series
                if series is not None:
                    series.add(now, float(sample.value))
                    seen.add(key)
        # A series that is no longer there, such as the users' last version, is no figure of now.
        for key in self._series.keys() - seen:
            del self._series[key]


class Health:
    """Reads all targets every two seconds, each on a thread of its own, until it is closed."""

    def __init__(self, urls: Iterable[str], read: Read | None = None) -> None:
        self.targets = [Target(url) for url in urls]
        self._read = read or _fetch
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(target,), name="logcore-health", daemon=True)
            for target in self.targets
        ]
        for thread in self._threads:
            thread.start()

    def view(self, topic: str) -> dict[str, Any]:
        """All targets, in the order in which they were given, and the page's topic."""
        return {"topic": topic, "targets": [target.shown() for target in self.targets]}

    def close(self) -> None:
        """Asks no more."""
        self._stop.set()

    def _run(self, target: Target) -> None:
        while not self._stop.is_set():
            target.read(self._read, time.time())
            self._stop.wait(EVERY_S)


def _fetch(url: str) -> str:
    with _OPENER.open(url, timeout=_TIMEOUT_S) as answer:
        return bytes(answer.read(_MOST_BYTES)).decode("utf-8", "replace")


def _finite(value: float) -> float | None:
    """JSON knows neither infinity nor NaN."""
    return value if abs(value) < float("inf") else None
