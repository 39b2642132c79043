"""One streaming query's last micro-batch, read from the progress that Spark reports as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from logcore.elk.pipeline_template import PHASES
from logcore.metrics import figures as f

if TYPE_CHECKING:
    from logcore.metrics.figures import Reading

__all__ = ["QueryFigures", "Trigger"]

# A query that subscribes to a pattern must not make a series of every topic there ever was.
_MOST_TOPICS = 100
_WHOLE = PHASES[0]
_EXECUTED = "addBatch"


@dataclass(frozen=True)
class Trigger:
    """What Spark says when a trigger is over: times in ms by phase, offsets behind by topic and partition; rates in
    rows a second, None where Spark knows none."""

    query_id: str
    run_id: str
    name: str | None
    batch_id: int
    began: datetime
    rows: int
    input_rate: float | None
    processed_rate: float | None
    phases: Mapping[str, int]
    behind: Mapping[str, tuple[int, ...]]

    @staticmethod
    def time(text: str) -> datetime:
        """Spark's times, such as 2026-11-25T16:00:04.497Z."""
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z")

    @classmethod
    def parse(cls, progress: Mapping[str, Any]) -> Trigger:
        """From the JSON of Spark 3.5's or 4.1's StreamingQueryProgress. Raises LookupError, ValueError, TypeError."""
        durations = progress.get("durationMs") or {}
        return cls(
            query_id=str(progress["id"]),
            run_id=str(progress["runId"]),
            name=progress.get("name"),
            batch_id=int(progress["batchId"]),
            began=cls.time(progress["timestamp"]),
            rows=int(progress.get("numInputRows") or 0),
            input_rate=progress.get("inputRowsPerSecond"),
            processed_rate=progress.get("processedRowsPerSecond"),
            phases={phase: int(durations[phase]) for phase in PHASES if phase in durations},
            behind=_behind(progress.get("sources") or ()),
        )

    @property
    def idle(self) -> bool:
        """True where there was no batch to do."""
        return _EXECUTED not in self.phases


@dataclass
class QueryFigures:
    """The last state of a query: `behind` is the offsets behind its last batch, None where unknown; `batches` and
    `failures` count since the driver began."""

    query_id: str
    name: str
    run_id: str | None = None
    batches: int = 0
    failures: int = 0
    _last: Trigger | None = None
    _logs: int = 0
    _input_rate: float | None = None
    _processed_rate: float | None = None
    _before: datetime | None = None
    _topics: dict[str, tuple[int, ...]] = field(default_factory=dict)

    @property
    def behind(self) -> int | None:
        """Offsets behind the last batch, on all topics together; None where Spark doesn't say."""
        return sum(map(sum, self._topics.values())) if self._topics else None

    def take(self, trigger: Trigger, logs: int | None) -> None:
        """A batch went through, with so many logs, or with as many as Spark counted. Rates are made as Spark makes its
        own."""
        self.batches += 1
        self._last = trigger
        self._topics = dict(trigger.behind)
        if logs is None:
            self._logs = trigger.rows
            self._input_rate, self._processed_rate = trigger.input_rate, trigger.processed_rate
        else:
            self._logs = logs
            since = None if self._before is None else (trigger.began - self._before).total_seconds()
            took = trigger.phases.get(_WHOLE, 0) / 1000
            self._input_rate = logs / since if since else None
            self._processed_rate = logs / took if took else None
        self._before = trigger.began

    def rest(self, moment: datetime | None) -> None:
        """Nothing comes, as of `moment`; None where the query is over."""
        self._before = moment
        if self._last is not None:
            self._input_rate = self._processed_rate = 0.0

    def readings(self) -> Iterator[Reading]:
        """All that is known."""
        yield f.SPARK_BATCHES.reading(self.batches, self.name)
        yield f.SPARK_BATCH_FAILURES.reading(self.failures, self.name)
        if self._last is None:
            return
        yield f.SPARK_BATCH_ID.reading(self._last.batch_id, self.name)
        yield f.SPARK_BATCH_LOGS.reading(self._logs, self.name)
        if self._input_rate is not None:
            yield f.SPARK_INPUT_RATE.reading(self._input_rate, self.name)
        if self._processed_rate is not None:
            yield f.SPARK_PROCESSED_RATE.reading(self._processed_rate, self.name)
        for phase, milliseconds in self._last.phases.items():
            yield f.SPARK_PHASE.reading(milliseconds / 1000, self.name, phase)
        for topic, partitions in self._topics.items():
            yield f.SPARK_BEHIND.reading(sum(partitions), self.name, topic)
            yield f.SPARK_BEHIND_MOST.reading(max(partitions), self.name, topic)

    def fields(self) -> dict[str, Any]:
        """The last batch as a document has it."""
        last = self._last
        if last is None:
            return {}
        fields: dict[str, Any] = {
            "batch_id": last.batch_id,
            "input_logs": self._logs,
            "duration_ms": dict(last.phases),
        }
        if self._input_rate is not None:
            fields["input_rate"] = self._input_rate
        if self._processed_rate is not None:
            fields["processed_rate"] = self._processed_rate
        return fields


def _behind(sources: Any) -> dict[str, tuple[int, ...]]:
    """How far each partition of Kafka's sources is behind, by topic; other sources are passed over."""
    behind: dict[str, tuple[int, ...]] = {}
    for source in sources:
        ends, latest = _offsets(source.get("endOffset")), _offsets(source.get("latestOffset"))
        for topic, partitions in latest.items():
            known = ends.get(topic, {})
            left = tuple(max(last - known[number], 0) for number, last in partitions.items() if number in known)
            if left and len(behind) < _MOST_TOPICS:
                behind[topic] = behind.get(topic, ()) + left
    return behind


def _offsets(value: Any) -> dict[str, dict[str, int]]:
    """Kafka's offsets by topic and partition. Sources write them as they like: nothing for those of another kind."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except json.JSONDecodeError:
            return {}
    if not isinstance(value, dict):
        return {}
    return {
        str(topic): {str(partition): offset for partition, offset in partitions.items() if isinstance(offset, int)}
        for topic, partitions in value.items()
        if isinstance(partitions, dict)
    }
