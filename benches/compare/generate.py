"""Generate against the way of the tutorial's script: a weighted draw a field, uuid1, an object a log, json.dumps."""

from __future__ import annotations

import json
import random
import uuid
from collections import defaultdict
from datetime import date, datetime
from importlib.metadata import version
from zoneinfo import ZoneInfo

from benches.compare.report import Comparison, report
from benches.compare.turns import turn
from logcore import Contract, Generator, Users

__all__ = ["compare_generate"]

# The script is slow: so many logs of it a turn.
_FEW = 20_000
_BATCH = 10_000

_EVENTS = ["click", "purchase", "login", "log-out", "delete-account", "create-account", "update-settings", "other"]
_COUNTRIES = ["US", "IN", "UK", "CA", "AU", "DE", "ES", "FR", "NL", "SG", "RU", "JP", "BR", "CN", "OT"]


class _Log:
    """A log as the script draws it: the value of each field, and what may stand in its place, by weight."""

    def __init__(self) -> None:
        def draw(*values: object, usual: float) -> object:
            return random.choices(values, weights=[usual, *[0.01] * (len(values) - 1)])[0]  # noqa: S311

        zone = ZoneInfo("America/Los_Angeles")
        now, today = int(datetime.now(zone).timestamp()), date.today().isoformat()  # noqa: DTZ011
        self.event_id = draw(uuid.uuid1(), "N/A", None, 0, usual=5)
        self.account_id = draw(random.randint(1, 1_000), "N/A", None, random.randint(10_001, 100_000), usual=5)  # noqa: S311
        self.event_type = draw(_EVENTS[random.randint(0, 7)], "N/A", None, "---", 0, usual=5)  # noqa: S311
        self.device = random.choices(["ANDROID", "IOS", None, "unknown"], weights=[1, 0.08, 0.01, 0.01])[0]  # noqa: S311
        self.location_country = draw(_COUNTRIES[random.randint(0, 14)], "N/A", None, "unknown", 0, usual=5)  # noqa: S311
        self.event_timestamp = draw(now, today, "N/A", None, 0, usual=4)


class _Encoder(json.JSONEncoder):
    def default(self, o: object) -> object:
        return o.hex if isinstance(o, uuid.UUID) else super().default(o)


def compare_generate(count: int, rounds: int) -> Comparison:
    """Runs both once for warm-up and `rounds` times in turns, on one thread; prints and returns medians, spreads and
    ratios. logcore's logs come as Arrow batches with the verdicts they should get, the script's as strings alone."""
    contract = Contract.server_logs()
    generator = Generator(contract, Users.generate(contract, seed=1), seed=1)

    def own() -> None:
        for start in range(0, count, _BATCH):
            generator.batch(min(_BATCH, count - start))

    def script() -> None:
        for _ in range(_FEW):
            json.dumps(vars(_Log()), cls=_Encoder)

    ours = f"logcore {version('logcore-streaming')}, with verdicts"
    scripts = f"the script, {_FEW:,} logs"
    own()
    script()
    seconds: dict[str, list[float]] = defaultdict(list)
    for _ in range(rounds):
        seconds[ours].append(turn(own))
        seconds[scripts].append(turn(script))
    title = f"generate, {count:,} logs, one thread, {rounds} rounds in turns"
    return report(title, count, seconds, {ours: count, scripts: _FEW})
