"""What each panel of "Pipeline health" has to show, calculated from the documents that were written."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Optional

from kibana_expectations import Rows, counted, grouped, numbered

FIGURES_INTERVAL, FIGURES_INTERVAL_MS = "1m", 60_000


def value(document: Mapping[str, Any], path: str) -> Any:
    """The value at a path such as logs.good; None where there is none."""
    found: Any = document
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def values(documents: Iterable[Mapping[str, Any]], path: str) -> list[float]:
    return [found for document in documents if (found := value(document, path)) is not None]


def total(documents: Iterable[Mapping[str, Any]], path: str) -> float:
    return sum(values(documents, path))


def average(documents: Iterable[Mapping[str, Any]], path: str) -> float | None:
    found = values(documents, path)
    return sum(found) / len(found) if found else None


def most(documents: Iterable[Mapping[str, Any]], path: str) -> float | None:
    return max(values(documents, path), default=None)


def time_of(document: Mapping[str, Any]) -> int:
    """The document's bucket of the time axis."""
    moment = datetime.fromisoformat(document["@timestamp"].replace("Z", "+00:00"))
    milliseconds = round(moment.timestamp() * 1000)
    return milliseconds - milliseconds % FIGURES_INTERVAL_MS


Documents = Sequence[Mapping[str, Any]]
Numbers = Callable[[Any], dict[str, Optional[float]]]


def over_time(documents: Documents, numbers: Numbers, *, by: str | None = None) -> Rows:
    """The numbers of each minute, and of each value of `by` in it."""

    def keys(document: Mapping[str, Any]) -> list[tuple[Hashable, ...]]:
        return [(time_of(document),) if by is None else (time_of(document), value(document, by))]

    return numbered(grouped(documents, keys), numbers)


def of_spark(documents: Documents) -> Documents:
    return [document for document in documents if document["engine"] == "spark"]


def level(documents: Documents, *levels: str) -> Documents:
    return [document for document in documents if value(document, "log.level") in levels]


def latest_batches(documents: Documents) -> Rows:
    """Queries in the reverse order of their names, of each the twenty newest batches."""
    groups = grouped(of_spark(documents), lambda document: [(document["query"], document["batch_id"])])
    newest: dict[tuple[Any, ...], list[Any]] = {}
    for query in sorted({query for query, _ in groups}, reverse=True):
        batches = sorted((batch for name, batch in groups if name == query), reverse=True)[:20]
        newest.update({(query, batch): groups[query, batch] for batch in batches})
    return numbered(
        newest,
        lambda items: {
            "Logs": total(items, "input_logs"),
            "Good": total(items, "logs.good"),
            "Bad": total(items, "logs.bad"),
            "Suspicious": total(items, "logs.suspicious"),
            "Milliseconds": most(items, "duration_ms.triggerExecution"),
            "Lag": most(items, "lag"),
        },
    )


def loggers(documents: Documents) -> Rows:
    """Those with most lines first; among equals by name."""
    groups = grouped(level(documents, "ERROR", "FATAL", "WARN"), lambda document: [(value(document, "log.logger"),)])
    first = sorted(groups.items(), key=lambda group: (-len(group[1]), group[0]))[:20]
    return numbered(
        dict(first),
        lambda items: {
            "Lines": len(items),
            "Errors": len(level(items, "ERROR", "FATAL")),
            "Warnings": len(level(items, "WARN")),
            "Nodes": len({value(document, "service.node.name") for document in items}),
        },
    )


PHASES = ("latestOffset", "queryPlanning", "walCommit", "getBatch", "addBatch", "commitOffsets")
PIPELINE: dict[str, Callable[[Documents], Rows]] = {
    "Logs judged": lambda found: {(): {"Logs": total(found, "input_logs")}},
    "Reports": lambda found: {(): {"Batches and intervals": len(found)}},
    "Highest lag": lambda found: {(): {"Logs": most(found, "lag")}},
    "Oldest users": lambda found: {(): {"Seconds": most(found, "users_age_s")}},
    "Logs a second": lambda found: over_time(
        found,
        lambda items: {"In": average(items, "input_rate"), "Judged": average(items, "processed_rate")},
        by="engine",
    ),
    "Logs by status": lambda found: over_time(
        found, lambda items: {name: total(items, f"logs.{name.lower()}") for name in ("Good", "Bad", "Suspicious")}
    ),
    "Lag": lambda found: over_time(found, lambda items: {"Logs": most(items, "lag")}, by="engine"),
    "Age of the users": lambda found: over_time(
        found, lambda items: {"Seconds": most(items, "users_age_s")}, by="engine"
    ),
    "Time of Spark's batches by phase": lambda found: over_time(
        of_spark(found), lambda items: {phase: average(items, f"duration_ms.{phase}") for phase in PHASES}
    ),
    "Length of Spark's batches": lambda found: over_time(
        of_spark(found),
        lambda items: {
            "Average": average(items, "duration_ms.triggerExecution"),
            "Longest": most(items, "duration_ms.triggerExecution"),
        },
    ),
    "Reports over time": lambda found: over_time(found, counted("Batches and intervals"), by="engine"),
    "Replays and retries": lambda found: over_time(
        found,
        lambda items: {
            "Batches replayed": sum(bool(document.get("replayed")) for document in items),
            "Transactions retried": total(items, "retries"),
        },
    ),
    "Latest batches of Spark": latest_batches,
}  # fmt: skip

COMPONENT_LOGS: dict[str, Callable[[Documents], Rows]] = {
    "Errors of Kafka and Spark": lambda found: {(): {"Lines": len(level(found, "ERROR", "FATAL"))}},
    "Lines that no pattern took": lambda found: {
        (): {"Lines": sum("_grok_failure" in document.get("tags", ()) for document in found)}
    },
    "Errors by service": lambda found: over_time(
        level(found, "ERROR", "FATAL"), counted("Lines"), by="service.name"
    ),
    "Warnings by service": lambda found: over_time(level(found, "WARN"), counted("Lines"), by="service.name"),
    "Loggers with most errors and warnings": loggers,
}  # fmt: skip
