"""What a replay has done, or would do, in words and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from logcore.dlq.counted import counted
from logcore.dlq.place import Place
from logcore.dlq.plan import Plan
from logcore.dlq.sending import Sent

__all__ = ["as_json", "gone", "left_out", "named", "summary", "to_send"]

_EXAMPLES = 10


def to_send(plan: Plan) -> str:
    """``120 logs to server-logs and 3 logs to others``."""
    targets = [f"{counted(count, 'log')} to {topic}" for topic, count in plan.targets().items()]
    return " and ".join(targets) or "nothing"


def left_out(plan: Plan) -> list[str]:
    """Why logs that were chosen are not sent, but for those that are gone."""
    topics = ", ".join(sorted(plan.elsewhere)[:_EXAMPLES])
    reasons = (
        (plan.replayed, "replayed before (--again sends them once more)"),
        (plan.replays, "replays themselves (--replays sends them too)"),
        (plan.still_bad, "still bad by --contract"),
        (sum(plan.elsewhere.values()), f"of topics that --input doesn't name ({topics})"),
    )
    return [f"{count:,} {text}" for count, text in reasons if count]


def gone(places: Sequence[Place], chosen: int) -> str:
    """Which originals can't be had any more."""
    lost = f"{len(places):,} of {counted(chosen, 'log')}"
    return f"{lost} can't be had any more from their topics (retention): {named(places)}"


def named(places: Sequence[Place]) -> str:
    """The first of them."""
    more = f" and {len(places) - _EXAMPLES:,} more" if len(places) > _EXAMPLES else ""
    return ", ".join(map(str, places[:_EXAMPLES])) + more


def summary(plan: Plan, sent: Sent | None) -> str:
    """One line; `sent` is None where nothing was to be sent, or only looked at."""
    if sent is None:
        done = f"would send {to_send(plan)}" if plan.send else "nothing to send"
    else:
        where: dict[str, int] = {}
        for place in sent.placed.values():
            where[place.topic] = where.get(place.topic, 0) + 1
        targets = " and ".join(f"{counted(count, 'log')} to {topic}" for topic, count in where.items())
        done = f"sent {targets or 'nothing'}"
    lost = len(plan.gone) + (0 if sent is None else len(sent.gone))
    return "; ".join([done, *left_out(plan), *([f"{lost:,} gone"] if lost else [])])


def as_json(plan: Plan, sent: Sent | None, *, dry_run: bool) -> str:
    """Counts, and for each log by its key where it went or why it didn't; with `dry_run` which would be sent."""
    lost = plan.gone + ([] if sent is None else sent.gone)
    figures: dict[str, Any] = {
        "chosen": len(plan.letters) + sum(plan.elsewhere.values()),
        "sent": 0 if sent is None else len(sent.placed),
        "replayed_before": plan.replayed,
        "replays": plan.replays,
        "still_bad": plan.still_bad,
        "other_topics": dict(sorted(plan.elsewhere.items())),
        "complete": sent is None or sent.complete,
        "placed": {} if sent is None else {str(place): str(new) for place, new in sent.placed.items()},
        "failed": {} if sent is None else {str(place): why for place, why in sent.failed.items()},
        "gone": [str(place) for place in lost],
    }
    if dry_run:
        figures["would_send"] = {str(place): plan.target(place) for place in plan.send}
    return json.dumps(figures, indent=2)
