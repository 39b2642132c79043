"""What the live page is told: counts of status records by time, reason and value, for any window and filter."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from logcore import Classifier, Contract, Generator, Users
from logcore._core import STATUSES
from logcore.dashboard.board import EVERYTHING, Board, Question, Source
from logcore.dashboard.delay import Delays
from logcore.dashboard.dimensions import ABSENT, OTHER, Layout, dimensions_of
from logcore.dashboard.latest import KEPT, MOST_TEXT, Latest, shown
from logcore.dashboard.reasons import FURTHER, MOST_REASONS, Rows
from logcore.dashboard.records import NO_TIME, Records, read
from logcore.dashboard.ring import Ring
from logcore.dashboard.server import QuestionError, question_of

CONTRACT = Contract.server_logs()
USERS = Users.generate(CONTRACT, seed=1)
LAYOUT = dimensions_of(CONTRACT)
NOW = 1_764_000_123


def status_records(values: list[Any], times: list[int | None]) -> tuple[list[bytes], list[bytes]]:
    """Keys and values as the processor writes them; `times` in ms since 1970."""
    batch = pa.record_batch(
        {
            "value": pa.array([v if isinstance(v, bytes) else v.encode() for v in values], pa.binary()),
            "topic": ["logs"] * len(values),
            "partition": pa.array([0] * len(values), pa.int32()),
            "offset": pa.array(range(len(values)), pa.int64()),
            "timestamp": pa.array(times, pa.timestamp("ms", "UTC")),
        }
    )
    judged = Classifier(CONTRACT, USERS).judge(batch)
    keys, texts = (judged.column(name).to_pylist() for name in ("record_key", "record_value"))
    return [key.encode() for key in keys], [text.encode() for text in texts]


def binary(values: Sequence[bytes | None]) -> pa.Array:
    return pa.array(values, pa.binary())


def add(to: Board, keys: Sequence[bytes | None], values: Sequence[bytes | None], now: float = NOW) -> None:
    to.add(binary(keys), binary(values), now=now)


def generated(count: int, *, seed: int = 1, spread_s: int = 200) -> tuple[list[bytes], list[bytes]]:
    """Logs over the last `spread_s` seconds before NOW."""
    values = Generator(CONTRACT, USERS, seed=seed, bad_rate=0.2, suspicious_rate=0.2).batch(count).column("value")
    times = [(NOW - place * spread_s // count) * 1000 for place in range(count)]
    return status_records(values.to_pylist(), times)


def board() -> Board:
    return Board(LAYOUT, Source("status"))


def counted(values: list[bytes]) -> tuple[Counter[str], Counter[tuple[str, str]], Counter[tuple[str, str, str]]]:
    """By status, by reason, by (field, value, status): slowly, record by record."""
    statuses: Counter[str] = Counter()
    reasons: Counter[tuple[str, str]] = Counter()
    fields: Counter[tuple[str, str, str]] = Counter()
    for value in values:
        record = json.loads(value)
        statuses[record["status"]] += 1
        for reason in record.get("reasons") or []:
            reasons[reason["path"], reason["code"]] += 1
        for dimension in LAYOUT.dimensions:
            text = record.get(dimension.name)
            label = ABSENT if text is None else text if text in dimension.values else OTHER
            fields[dimension.name, label, record["status"]] += 1
    return statuses, reasons, fields


def by_value(view: dict[str, Any]) -> Counter[tuple[str, str, str]]:
    return Counter(
        {
            (dimension["name"], each["value"], status): each[status]
            for dimension in view["dimensions"]
            for each in dimension["values"]
            for status in STATUSES
            if each[status]
        }
    )


@pytest.mark.parametrize("window", [300, 900, 3600, EVERYTHING])
def test_a_view_counts_every_log_once(window: int) -> None:
    keys, values = generated(5_000)
    shown_board = board()
    for start in range(0, 5_000, 700):
        add(shown_board, keys[start : start + 700], values[start : start + 700])
    view = shown_board.view(Question(window), now=NOW)
    statuses, reasons, fields = counted(values)

    assert view["totals"] == dict(statuses)
    assert view["unfiltered"] == view["totals"] == view["hour"]
    assert {status: sum(view["series"][status]) for status in STATUSES} == dict(statuses)
    top = {(each["path"], each["code"]): each["count"] for each in view["reasons"]}
    assert list(top.items()) == sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    assert by_value(view) == fields
    assert (view["read"], view["unreadable"]) == (5_000, 0)
    assert view["series"]["start"] % view["series"]["step"] == 0


def test_filters_count_what_they_leave() -> None:
    keys, values = generated(5_000)
    filtered = board()
    add(filtered, keys, values)
    _, reasons, _ = counted(values)
    (path, code), number = reasons.most_common(1)[0]
    chosen = [v for v in values if {"path": path, "code": code} in json.loads(v).get("reasons", [])]

    view = filtered.view(Question(300, STATUSES, (path, code)), now=NOW)
    assert sum(view["totals"].values()) == number == len(chosen)
    assert by_value(view) == counted(chosen)[2]
    assert all({"path": path, "code": code} in log["reasons"] for log in view["latest"])
    assert sum(sum(view["series"][status]) for status in STATUSES) == number
    assert sum(view["unfiltered"].values()) == 5_000

    view = filtered.view(Question(300, ("bad",)), now=NOW)
    bad = [v for v in values if json.loads(v)["status"] == "bad"]
    assert view["totals"] == {"good": 0, "bad": len(bad), "suspicious": 0}
    assert by_value(view) == counted(bad)[2]
    assert {log["status"] for log in view["latest"]} == {"bad"}
    assert {each["status"] for each in view["reasons"]} == {"bad"}

    nothing = filtered.view(Question(300, ("good",), (path, code)), now=NOW)
    assert sum(nothing["totals"].values()) == 0
    assert nothing["latest"] == []
    unknown = filtered.view(Question(300, STATUSES, ("nowhere", "null")), now=NOW)
    assert sum(unknown["totals"].values()) == 0


def test_a_window_begins_where_it_says_and_what_is_older_is_only_in_all() -> None:
    seconds_ago = [0, 5, 289, 301, 3599, 4000, 100_000]
    good = next(
        value
        for value, status in zip(
            *(Generator(CONTRACT, USERS, seed=1).batch(50).column(n).to_pylist() for n in ("value", "expected_status"))
        )
        if status == "good"
    )
    keys, values = status_records([good] * 7 + [good], [*((NOW - ago) * 1000 for ago in seconds_ago), None])
    aged = board()
    add(aged, keys, values)
    found = {window: aged.view(Question(window), now=NOW)["totals"]["good"] for window in (60, 300, 900, 3600, 0)}
    # Windows begin at whole tens of seconds: NOW ends in 3, so the last 300 s are 294 of them.
    assert found == {60: 2, 300: 3, 900: 4, 3600: 4, 0: 8}
    assert aged.view(Question(3600), now=NOW)["newest"] == NOW * 1000
    # Time goes on: what was counted leaves the window by itself.
    assert aged.view(Question(300), now=NOW + 200)["totals"]["good"] == 2
    assert aged.view(Question(3600), now=NOW + 3700)["totals"]["good"] == 0
    assert aged.view(Question(0), now=NOW + 3700)["totals"]["good"] == 8


def test_a_clock_that_is_far_ahead_takes_nothing_away() -> None:
    keys, values = generated(100)
    future_keys, future = status_records(["{}"], [(NOW + 10**9) * 1000])
    ahead = board()
    add(ahead, keys, values)
    add(ahead, future_keys, future)
    view = ahead.view(Question(300), now=NOW)
    assert sum(view["totals"].values()) == 100
    assert view["newest"] <= NOW * 1000
    assert view["read"] == 101


def test_odd_records_are_counted_and_cost_no_other() -> None:
    keys, values = generated(200)
    odd: list[bytes | None] = [
        None,
        b"",
        b"{",
        b"[1]",
        b'{"status": "fine"}',
        b'{"status": 3}',
        b"\xff\xfe",
        b"9" * 5000,
        b'{"status":"bad","reasons":[4]}',
    ]
    mixed: list[bytes | None] = [*values[:100], *odd, *values[100:]]
    mixed_keys: list[bytes | None] = [*keys[:100], *([None] * len(odd)), *keys[100:]]
    tolerant = board()
    add(tolerant, mixed_keys, mixed)
    view = tolerant.view(Question(EVERYTHING), now=NOW)
    assert view["totals"] == dict(counted(values)[0])
    assert (view["read"], view["unreadable"]) == (200, len(odd))


def test_an_odd_record_changes_nothing_of_the_others() -> None:
    _, values = generated(2_000)
    fast_rows, slow_rows = Rows(), Rows()
    fast = read(binary(values), LAYOUT, fast_rows)
    # Here and there one that only goes record by record.
    odd = [b"x", None, b'{"status":"good"}{"status":"good"}', b'{"status":"bad","reasons":[null]}', b'{"a":\n1}']
    mixed: list[bytes | None] = list(values)
    for number, place in enumerate(range(0, 2_000, 150)):
        mixed.insert(place + number, odd[number % len(odd)])
    slow = read(binary(mixed), LAYOUT, slow_rows)
    assert (len(slow), slow.unreadable) == (2_000, len(mixed) - 2_000)
    assert [mixed[place] for place in slow.places] == values
    for name in ("milliseconds", "statuses"):
        assert np.array_equal(getattr(fast, name), getattr(slow, name)), name
    assert all(np.array_equal(one, other) for one, other in zip(fast.columns, slow.columns, strict=True))
    # Rows are numbered as reasons are met; by name they are the same.
    assert named(fast, fast_rows) == named(slow, slow_rows)


def named(found: Records, rows: Rows) -> list[tuple[int, Any]]:
    reasons = dict(rows.reasons)
    return sorted((of, reasons[row]) for of, row in zip(found.reason_of.tolist(), found.reasons.tolist()))


@pytest.mark.parametrize(
    "values",
    [
        [b'{"status":"bad","reasons":[null]}'],
        [b'{"status":"bad","x":', b"1", b'}{"status":"bad"}{"status":"bad"}'],
        [b'{"status":"bad","x":', b'{"y":1}', b'}{"status":"bad"}{"status":"bad"}'],
        [b'{"status":"good"}{"status":"good"}', None],
        [b'{"status":"good","x":"}', b'{"}'],
    ],
)
def test_records_that_only_look_like_some_are_none(values: list[bytes | None]) -> None:
    odd = board()
    add(odd, [None] * len(values), values)
    view = odd.view(Question(EVERYTHING), now=NOW)
    assert (view["read"], view["unreadable"]) == (0, len(values))


@pytest.mark.parametrize("time", ["NaN", '{"a":1}', '["q"]', "7", '"' + "x" * 900_000 + '"'])
def test_no_record_makes_a_view_large_or_no_json(time: str) -> None:
    long = "p" * 900_000
    value = f'{{"status":"bad","reasons":[{{"path":"{long}","code":"{long}"}}],"@timestamp":{time}}}'.encode()
    odd = board()
    add(odd, [b"k" * 10_000], [value])
    text = json.dumps(odd.view(Question(EVERYTHING), now=NOW), allow_nan=False)
    assert len(text) < 20_000


def test_a_log_has_a_reason_once() -> None:
    reasons = ",".join(f'{{"path":"tags[{place}]","code":"wrong_type"}}' for place in range(5))
    once = board()
    add(once, [b"a:0:1"], [f'{{"status":"bad","reasons":[{reasons}]}}'.encode()])
    view = once.view(Question(EVERYTHING, STATUSES, ("tags[]", "wrong_type")), now=NOW)
    assert view["reasons"] == [{"path": "tags[]", "code": "wrong_type", "status": "bad", "count": 1}]
    assert (view["totals"]["bad"], len(view["latest"])) == (1, 1)


def test_a_log_that_is_a_little_ahead_does_not_hide_the_end() -> None:
    keys, values = status_records(["{}"], [(NOW + 50) * 1000])
    ahead = board()
    add(ahead, keys, values)
    view = ahead.view(Question(300), now=NOW + 1)
    assert (view["newest"], view["arrived"]) == ((NOW + 1) * 1000, NOW)
    assert view["totals"]["bad"] == view["unfiltered"]["bad"] == view["hour"]["bad"] == 1


def test_texts_with_surrogates_and_odd_times_are_read() -> None:
    value = rb'{"status":"bad","reasons":[{"path":"\ud800","code":"null"}],"device":"\udfff","@timestamp":"soon"}'
    rows = Rows()
    found = read(binary([value]), LAYOUT, rows)
    assert (len(found), found.unreadable, found.milliseconds.tolist()) == (1, 0, [NO_TIME])
    assert [reason for _, reason in rows.reasons] == [("?", "null", "bad")]


def test_the_contracts_lists_are_what_is_counted_by() -> None:
    assert [dimension.name for dimension in LAYOUT.dimensions] == ["event_type", "device", "location_country"]
    device = LAYOUT.dimensions[1]
    assert device.labels == ("ANDROID", "IOS", OTHER, ABSENT)
    assert device.columns() == {"ANDROID": device.first, "IOS": device.first + 1, None: device.first + 3}
    assert LAYOUT.columns == 1 + 10 + 4 + 17
    assert Layout(()).columns == 1


def test_reasons_never_fill_the_memory() -> None:
    rows = Rows()
    assert rows.row("tags[3]", "null", "bad") == rows.row("tags[14]", "null", "bad") == 3
    last = [rows.row(f"field_{number}", "null", "bad") for number in range(MOST_REASONS + 50)]
    assert [last[-1]] == [last[-2]] == rows.find(*FURTHER)
    assert len(rows) == 3 + MOST_REASONS + 1
    assert rows.find("nowhere", "null") == []


def test_a_ring_forgets_what_is_too_old() -> None:
    ring = Ring(step=10, slots=6, columns=2)
    ring.advance(1_000)
    one, other = np.array([0, 0, 40]), np.array([1, 1, 0])
    ring.add(np.array([1_000, 1_005, 950]), one, other)
    ring.add(np.array([940, 1_020]), np.array([0, 0]), np.array([0, 0]))
    assert ring.between(950, 1_009)[:, 0, 1].tolist() == [0, 0, 0, 0, 0, 2]
    assert ring.between(950, 1_009)[0, 40, 0] == 1
    assert ring.total(950, 1_009)[:2].tolist() == ring.between(950, 1_009).sum(axis=0)[:2].tolist()
    assert ring.total(0, 10_000).sum() == 3
    ring.advance(1_050)
    assert ring.between(950, 1_009).sum() == 2
    ring.advance(990)
    assert ring.between(1_000, 1_000).sum() == 2
    ring.advance(100_000)
    assert ring.between(1_000, 1_000).sum() == 0
    assert ring.between(99_950, 100_000).sum() == 0


def test_the_latest_logs_are_few_and_small() -> None:
    hostile = b"\x1b[31m<script>alert(1)</script>\xff" + b"x" * 300_000
    keys, values = status_records([hostile, b"<img src=x onerror=alert(1)>", *[b"{}"] * 500], [None] * 502)
    latest = Latest()
    rows = Rows()
    latest.add(read(binary(values), LAYOUT, rows), binary(keys), binary(values))
    bad = STATUSES.index("bad")
    assert len(latest.of([bad], 1_000)) == KEPT
    assert [log["key"] for log in latest.of([bad], 2)] == ["logs:0:501", "logs:0:500"]
    (malformed,) = rows.find("$", "malformed_json")
    assert latest.of([malformed], 5)[0]["payload"] == "<img src=x onerror=alert(1)>"
    (invalid,) = rows.find("$", "invalid_utf8")
    (log,) = latest.of([invalid], 5)
    assert (log["kind"], len(log["payload"]), log["cut"]) == ("bytes", MOST_TEXT, True)
    assert log["payload"].startswith("\x1b[31m<script>alert(1)</script>\\xffxxx")
    # A log that is in several rows is shown once.
    assert len(latest.of([bad, malformed, invalid], 1_000)) == KEPT + 2


def test_a_suspicious_log_shows_its_fields() -> None:
    value = (
        b'{"status":"suspicious","reasons":[{"path":"device","code":"device_mismatch"}],"device":"IOS","account_id":7}'
    )
    log = shown(b"logs:0:1", value)
    assert (log["kind"], log["payload"], log["time"]) == ("fields", '{"device": "IOS", "account_id": 7}', None)


def test_delays_are_of_the_last_seconds_and_each_log_counts() -> None:
    delays = Delays(span=10)
    assert delays.percentiles(0.0) is None
    delays.add(0.0, np.full(2_000, 5_000))
    delays.add(5.0, np.arange(100))
    found = delays.percentiles(6.0)
    assert found is not None
    assert (abs(found["p50"] - 5_000) < 250, found["max"]) == (True, 5_000)
    found = delays.percentiles(11.0)
    assert found is not None
    assert (abs(found["p50"] - 49) <= 3, abs(found["p99"] - 98) <= 5, found["max"]) == (True, True, 99)
    assert delays.percentiles(16.0) is None
    # A hundred batches a second for ten seconds, the first seven of them late.
    for hundredth in range(1_000):
        delays.add(100 + hundredth / 100, np.full(10, 5_000 if hundredth < 700 else 10))
    found = delays.percentiles(109.99)
    assert found is not None
    assert found["p50"] > 4_500
    delays.add(200.0, np.zeros(5, np.int64))
    assert delays.percentiles(200.5) == {"max": 0, "p50": 0, "p99": 0}


def test_questions() -> None:
    assert question_of("") == Question(300, STATUSES, None)
    asked = question_of("window=0&status=bad&path=tags%5B%5D&code=null")
    assert asked == Question(0, ("bad",), ("tags[]", "null"))
    assert question_of("status=").statuses == ()
    for wrong in ("window=7", "status=fine", "path=device"):
        with pytest.raises(QuestionError):
            question_of(wrong)


def test_memory_is_bounded() -> None:
    busy = board()
    keys, values = generated(20_000)
    add(busy, keys, values)
    before = busy.nbytes
    for hour in range(1, 4):
        busy.view(Question(300), now=NOW + 3600 * hour)
        add(busy, keys, values, NOW + 3600 * hour)
    assert busy.nbytes == before < 32 * 1024 * 1024
