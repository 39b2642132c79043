"""What each panel of "Server logs" has to show, calculated from what was sent and not from what Elasticsearch says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional

Rows = dict[tuple[Any, ...], dict[str, Optional[float]]]


@dataclass(frozen=True)
class Sent:
    """A log that was sent, and what it should have got: the fields that keep a value, the reasons' paths and codes."""

    key: str
    milliseconds: int
    status: str
    paths: frozenset[str]
    codes: frozenset[str]
    fields: Mapping[str, Any]


# One bucket of each panel's time axis; the requests ask for the same.
LOGS_INTERVAL, LOGS_INTERVAL_MS = "100ms", 100


def grouped(
    items: Iterable[Any], keys: Callable[[Any], Iterable[tuple[Hashable, ...]]]
) -> dict[tuple[Any, ...], list[Any]]:
    """Items by each of their keys; one without keys is in no group."""
    groups: dict[tuple[Any, ...], list[Any]] = defaultdict(list)
    for item in items:
        for key in keys(item):
            groups[key].append(item)
    return groups


def numbered(
    groups: Mapping[tuple[Any, ...], list[Any]], numbers: Callable[[list[Any]], dict[str, float | None]]
) -> Rows:
    """The numbers of each group."""
    return {key: numbers(items) for key, items in groups.items()}


def counted(label: str) -> Callable[[list[Any]], dict[str, float | None]]:
    """How many there are."""
    return lambda items: {label: len(items)}


def moment(log: Sent) -> int:
    return log.milliseconds - log.milliseconds % LOGS_INTERVAL_MS


def share(logs: Sequence[Sent], status: str) -> float:
    return sum(log.status == status for log in logs) / len(logs)


def by_field(name: str, label: str = "Logs", *, status: bool = True) -> Callable[[Sequence[Sent]], Rows]:
    """Logs by a field that has a value, and by status."""

    def keys(log: Sent) -> Iterable[tuple[Hashable, ...]]:
        if name in log.fields:
            yield (log.fields[name], log.status) if status else (log.fields[name],)

    return lambda logs: numbered(grouped(logs, keys), counted(label))


def suspicious_accounts(logs: Sequence[Sent]) -> Rows:
    """The twenty accounts with most; among equals the lower number is first."""
    suspicious = [log for log in logs if log.status == "suspicious"]
    groups = grouped(suspicious, lambda log: [(log.fields["account_id"],)])
    first = sorted(groups.items(), key=lambda group: (-len(group[1]), group[0]))[:20]
    return numbered(
        dict(first),
        lambda items: {
            "Suspicious logs": len(items),
            "Another's device": sum("device_mismatch" in log.codes for log in items),
            "Unknown account": sum("unknown_account" in log.codes for log in items),
            "Countries": len({log.fields["location_country"] for log in items}),
        },
    )


SERVER_LOGS: dict[str, Callable[[Sequence[Sent]], Rows]] = {
    "Logs": lambda logs: {(): {"Logs": len(logs)}},
    "Share of good logs": lambda logs: {(): {"Good": share(logs, "good")}},
    "Share of bad logs": lambda logs: {(): {"Bad": share(logs, "bad")}},
    "Share of suspicious logs": lambda logs: {(): {"Suspicious": share(logs, "suspicious")}},
    "Logs by status": lambda logs: numbered(
        grouped(logs, lambda log: [(moment(log), log.status)]), counted("Logs")
    ),
    "Shares of bad and suspicious logs": lambda logs: numbered(
        grouped(logs, lambda log: [(moment(log),)]),
        lambda items: {"Bad": share(items, "bad"), "Suspicious": share(items, "suspicious")},
    ),
    "Reasons by code": lambda logs: numbered(
        grouped(logs, lambda log: [(code,) for code in log.codes]), counted("Logs")
    ),
    "Reasons by field": lambda logs: numbered(
        grouped(logs, lambda log: [(path,) for path in log.paths]), counted("Logs")
    ),
    "Reasons over time": lambda logs: numbered(
        grouped(logs, lambda log: [(moment(log), code) for code in log.codes]), counted("Logs")
    ),
    "Accounts with most suspicious logs": suspicious_accounts,
    "Logs by country": by_field("location_country"),
    "Logs by type of event": by_field("event_type"),
    "Logs by device": by_field("device", status=False),
}  # fmt: skip
