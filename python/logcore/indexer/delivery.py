"""Brings documents into Elasticsearch until each is settled: created, there already, or rejected and kept as text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, NamedTuple

from logcore.elk.connection import ElasticsearchError, described
from logcore.indexer.documents import Document, Refusal, bulk_body, chunks
from logcore.indexer.outage import Outage
from logcore.indexer.rejected import LONGEST_VALUE, SHORT_VALUE, rejected_document

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

__all__ = ["Delivery", "Settled"]

_CREATED, _CONFLICT, _TOO_LARGE, _TOO_MANY = 201, 409, 413, 429
# Without the rest of each item an answer is a tenth as long.
_ANSWER = "errors,items.*.status,items.*.error.type,items.*.error.reason,items.*.error.caused_by.reason"


class Settled(NamedTuple):
    """How many documents were created, were there already (replays), and were rejected."""

    indexed: int = 0
    replayed: int = 0
    rejected: int = 0

    def plus(self, other: Settled) -> Settled:
        """The sums."""
        return Settled(*(mine + theirs for mine, theirs in zip(self, other)))


class Delivery:
    """Sends from any number of threads. `topic` is the status topic: rejected records say where they came from."""

    def __init__(
        self,
        client: Elasticsearch,
        outage: Outage,
        *,
        topic: str,
        index: str,
        rejected_index: str,
        largest: int,
        now: Callable[[], datetime] = lambda: datetime.now(timezone.utc),
    ) -> None:
        self._client = client
        self._outage = outage
        self._topic = topic
        self._index = index
        self._rejected_index = rejected_index
        self._largest = largest
        self._now = now

    def settle(self, documents: Sequence[Document]) -> Settled:
        """Returns when every document is settled.

        Raises:
            Stopped: asked to stop while Elasticsearch was away or overloaded.
            ElasticsearchError: it refused the request as such, or the record of a rejected document.
        """
        indexed, replayed, refusals = self._deliver(self._index, documents)
        return Settled(indexed, replayed).plus(self.reject(refusals))

    def reject(self, refusals: Sequence[Refusal]) -> Settled:
        """Keeps refused records in the index of rejected ones. Raises as `settle` does."""
        first = {refusal.document.id: refusal for refusal in refusals}
        waiting = list(refusals)
        for longest in (LONGEST_VALUE, SHORT_VALUE):
            now = self._now()
            documents = [rejected_document(refusal, self._topic, now, longest) for refusal in waiting]
            failed: list[Refusal] = []
            for chunk in chunks(documents, size=self._largest // 2, count=1000):
                failed += self._deliver(self._rejected_index, chunk)[2]
            if not failed:
                return Settled(rejected=len(refusals))
            if any(refusal.status != _TOO_LARGE for refusal in failed):
                break
            waiting = [first[refusal.document.id] for refusal in failed]
        last, cause = failed[0], first[failed[0].document.id]
        place = f"{self._topic}:{last.document.partition}:{last.document.offset}"
        raise ElasticsearchError(
            f"record {place} was refused by index {self._index} ({cause.type}: {cause.reason}) and then by "
            f"{self._rejected_index} ({last.type}: {last.reason}); stopped, its offset is not committed"
        )

    def _deliver(self, index: str, documents: Sequence[Document]) -> tuple[int, int, list[Refusal]]:
        created = existing = 0
        refusals: list[Refusal] = []
        pending = [list(documents)] if documents else []
        attempt = 0
        while pending:
            batch = pending.pop()
            answer, fault = self._send(index, batch)
            if isinstance(fault, Refusal):
                if len(batch) == 1:
                    refusals.append(fault._replace(document=batch[0]))
                else:
                    # One document spoils the request for all of them, or they are too much together: halves will tell.
                    middle = len(batch) // 2
                    pending += [batch[middle:], batch[:middle]]
                continue
            again: list[Document] = []
            for document, item in zip(batch, answer):
                result = item["create"]
                status = result["status"]
                if status == _CREATED:
                    created += 1
                elif status == _CONFLICT:
                    existing += 1
                elif status == _TOO_MANY or status >= 500:
                    again.append(document)
                    fault = f"status {status}: {result.get('error', {}).get('reason', '')}"
                else:
                    refusals.append(_refusal(document, status, result.get("error", {})))
            if fault is not None:
                pending.append(again if answer else batch)
                attempt += 1
                self._outage.wait(attempt, " ".join(str(fault).split())[:300])
            else:
                attempt = 0
                self._outage.over()
        return created, existing, refusals

    def _send(self, index: str, batch: Sequence[Document]) -> tuple[list[Any], Refusal | str | None]:
        """(items of the answer, None), or no items and what is wrong: a Refusal of the request, text if it may pass."""
        import elasticsearch  # an optional dependency

        try:
            body: Any = bulk_body(batch)
            answer = self._client.bulk(index=index, operations=body, filter_path=_ANSWER).body
        except elasticsearch.ApiError as error:
            status = error.meta.status
            if status == _TOO_MANY or status >= 500:
                return [], described(error)
            if status in (400, _TOO_LARGE):
                return [], Refusal(batch[0], status, "bulk_request", described(error))
            raise ElasticsearchError(f"Elasticsearch refuses to index into {index}: {described(error)}") from error
        except (elasticsearch.TransportError, elasticsearch.SerializationError) as error:
            return [], described(error)
        items = answer.get("items", []) if isinstance(answer, dict) else []
        if len(items) != len(batch):
            return [], f"{len(items)} answers to {len(batch)} documents"
        return items, None


def _refusal(document: Document, status: int, error: dict[str, Any]) -> Refusal:
    reason = str(error.get("reason", ""))
    deeper = str(error.get("caused_by", {}).get("reason", ""))
    if deeper and deeper not in reason:
        reason = f"{reason}: {deeper}"
    return Refusal(document, status, str(error.get("type", "unknown")), reason)
