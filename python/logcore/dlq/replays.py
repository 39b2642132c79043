"""Which logs were replayed already: the topic that they were sent to says so itself."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from logcore._core import Consumer
from logcore.dlq.moments import CLOCKS_MS
from logcore.dlq.place import Place
from logcore.dlq.progress import Progress
from logcore.dlq.reading import batches, header_values, reading_config
from logcore.dlq.selection import Letter

__all__ = ["REPLAY_HEADER", "replayed", "scan_start"]

REPLAY_HEADER = "logcore.replay_of"
"""Its value is the key of the log that was sent again."""


def replayed(
    brokers: str, topic: str, letters: Mapping[Place, Letter], config: Mapping[str, str], progress: Progress
) -> set[Place]:
    """Those of the logs of which the topic holds a replay. Raises KafkaError."""
    start = scan_start(letters.values())
    wanted = {str(place).encode(): place for place in letters}
    # Replays belong to no transaction. Read committed, they would be out of sight for as long as somebody else's
    # transaction is open before them, and would be sent again.
    properties = {**reading_config(config), "isolation.level": "read_uncommitted"}
    consumer = Consumer(
        brokers=brokers,
        topic=topic,
        start="earliest" if start is None else start,
        read_committed=False,
        config=properties,
    )
    found: set[Place] = set()
    try:
        for batch in batches(consumer, topic, consumer.end_offsets()):
            found.update(wanted[key] for key in header_values(batch, REPLAY_HEADER) if key in wanted)
            progress.add(f"looked for replays on {topic}", batch.num_rows)
    finally:
        consumer.close()
    return found


def scan_start(letters: Collection[Letter]) -> int | None:
    """The time, in ms since 1970, before which none of these logs can have been replayed: a replay comes after the log
    and its verdict. None where there is no telling: a log may carry a time that was still to come when it was judged.
    """
    least: int | None = None
    for letter in letters:
        if letter.logged is None or letter.judged is None or letter.logged > letter.judged + CLOCKS_MS:
            return None
        least = letter.logged if least is None else min(least, letter.logged)
    return None if least is None else max(least - CLOCKS_MS, 0)
