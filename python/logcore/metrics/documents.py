"""Documents of the pipeline's figures, as `logcore.elk.pipeline_template` maps them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from logcore._core import STATUSES

if TYPE_CHECKING:
    from logcore.metrics.monitoring import WriteDocument
    from logcore.users_source import RefreshedUsers

__all__ = ["ProcessDocuments", "users_fields"]

_EVERY_S = 10.0
_NOTHING: Mapping[str, Any] = {**dict.fromkeys(STATUSES, 0), "bytes": 0, "transactions": 0, "retries": 0}


class ProcessDocuments:
    """Writes a document every 10 s: what the one process judged in that time, how far it is behind."""

    def __init__(
        self,
        write: WriteDocument,
        about: Mapping[str, Any],
        users: RefreshedUsers | None,
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(timezone.utc),
    ) -> None:
        """`about` stands in each document; its `run` tells this process from others."""
        self._write = write
        self._about = about
        self._users = users
        self._clock = clock
        self._now = now
        self._last = _NOTHING
        self._lag: int | None = None
        self._since = clock()
        self._number = 0

    def tick(self, stats: Mapping[str, Any]) -> None:
        """To be called often, with `Processor.stats`."""
        if self._clock() - self._since >= _EVERY_S:
            self.finish(stats)

    def finish(self, stats: Mapping[str, Any]) -> None:
        """Writes a document about the time since the last one."""
        moment = self._clock()
        seconds = max(moment - self._since, 1e-3)
        done = {name: stats[name] - self._last[name] for name in _NOTHING}
        logs = {status: done[status] for status in STATUSES}
        judged = sum(logs.values())
        document = {
            "@timestamp": self._now().strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z",
            **self._about,
            "input_logs": judged,
            "input_bytes": done["bytes"],
            "logs": logs,
            "transactions": done["transactions"],
            "retries": done["retries"],
            "interval_s": seconds,
            "processed_rate": judged / seconds,
            **users_fields(self._users),
        }
        lag = stats["lag"]
        if lag is not None:
            document["lag"] = lag
        if lag is not None and self._lag is not None:
            # What came is what was judged and by how much more waits.
            document["input_rate"] = max(judged + lag - self._lag, 0) / seconds
        self._write(f"{self._about['run']}-{self._number}", document)
        self._number += 1
        self._last, self._lag, self._since = dict(stats), lag, moment


def users_fields(users: RefreshedUsers | None) -> dict[str, Any]:
    """What a document says about the users; nothing where the contract looks none up."""
    if users is None:
        return {}
    last = users.last
    return {"users_version": last.version, "users_rows": len(last), "users_age_s": users.age_s}
