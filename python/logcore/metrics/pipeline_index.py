"""Writes the pipeline's figures to Elasticsearch beside the pipeline, which never waits for them."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from logcore.elk.connection import ElasticsearchError, described
from logcore.elk.pipeline_template import pipeline_template
from logcore.elk.template_writer import put_template

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

__all__ = ["PipelineIndex"]

_RETRY_S = 5.0
_KEPT = 1000
"""Documents that wait for an Elasticsearch that is away: two hours and a half of the one process's."""
_AT_ONCE = 100
_CREATED, _THERE_ALREADY = 201, 409


class PipelineIndex:
    """A thread of its own sends what `write` was given. While Elasticsearch is away up to `kept` documents wait, then
    the oldest go; `say` gets one line when it goes away and one when it is back.
    """

    def __init__(
        self,
        client: Elasticsearch,
        index: str,
        say: Callable[[str], None],
        *,
        kept: int = _KEPT,
        retry_s: float = _RETRY_S,
    ) -> None:
        self._client = client
        self._index = index
        self._say = say
        self._kept = kept
        self._retry_s = retry_s
        self._waiting: deque[tuple[str, Mapping[str, Any]]] = deque()
        self._dropped = 0
        self._refusal_said = False
        self._failing = False
        self._prepared = False
        self._closing = False
        self._change = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="logcore-figures", daemon=True)
        self._thread.start()

    def write(self, identity: str, document: Mapping[str, Any]) -> None:
        """Takes a document under its `_id`. Never waits and never fails; one that is there already stays as it is."""
        with self._change:
            self._waiting.append((identity, document))
            self._drop_oldest()
            self._change.notify()

    def close(self, patience_s: float = 5.0) -> None:
        """Sends what still waits, for `patience_s` at most."""
        with self._change:
            self._closing = True
            self._change.notify()
        self._thread.join(patience_s)
        if not self._thread.is_alive():
            self._client.close()

    def _run(self) -> None:
        while True:
            with self._change:
                while not self._waiting and not self._closing:
                    self._change.wait()
                if not self._waiting:
                    return
                batch = [self._waiting.popleft() for _ in range(min(_AT_ONCE, len(self._waiting)))]
            try:
                fault = self._send(batch)
            except Exception as error:  # noqa: BLE001 - whatever it is, figures end nothing.
                fault = f"{type(error).__name__}: {' '.join(str(error).split())}"
            with self._change:
                if fault is None:
                    self._tell_back()
                    continue
                self._waiting.extendleft(reversed(batch))
                self._drop_oldest()
                self._tell_away(fault)
                if self._closing or self._change.wait_for(lambda: self._closing, self._retry_s):
                    # Once more has been tried, or is not worth it: nobody is to wait for a server that is away.
                    return

    def _send(self, batch: list[tuple[str, Mapping[str, Any]]]) -> str | None:
        """None when all are there or refused for good, else why not."""
        import elasticsearch  # an optional dependency

        try:
            self._prepare()
            operations: list[Mapping[str, Any]] = []
            for identity, document in batch:
                operations += ({"create": {"_id": identity}}, document)
            answer = self._client.bulk(index=self._index, operations=operations).body
        except ElasticsearchError as error:
            return str(error)
        except (elasticsearch.ApiError, elasticsearch.TransportError) as error:
            return described(error)
        for item in answer["items"]:
            result = item["create"]
            if result["status"] in (_CREATED, _THERE_ALREADY):
                continue
            reason = str(result.get("error", {}).get("reason", ""))
            if result["status"] == 429 or result["status"] >= 500:
                return f"status {result['status']}: {reason}"
            if not self._refusal_said:
                self._refusal_said = True
                self._say(f"warning: {self._index} refuses the pipeline's figures: {' '.join(reason.split())[:300]}")
        return None

    def _prepare(self) -> None:
        """The template, before the first document makes the index without it."""
        import elasticsearch  # an optional dependency

        if self._prepared:
            return
        try:
            put_template(self._client, self._index, pipeline_template(self._index), self._say)
        except ElasticsearchError as error:
            if not isinstance(error.__cause__, elasticsearch.AuthorizationException):
                raise
            self._say(f"warning: {error}; the index is taken as it is")
        self._prepared = True

    def _drop_oldest(self) -> None:
        while len(self._waiting) > self._kept:
            self._waiting.popleft()
            self._dropped += 1

    def _tell_away(self, fault: str) -> None:
        if not self._failing:
            self._say(f"warning: the pipeline's figures can't be written to Elasticsearch: {fault}; going on without")
        self._failing = True

    def _tell_back(self) -> None:
        if self._failing:
            lost = f"; {self._dropped:,} of that time are lost" if self._dropped else ""
            self._say(f"the pipeline's figures are written to Elasticsearch again{lost}")
        self._failing, self._dropped = False, 0
