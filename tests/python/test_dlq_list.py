"""Which logs are found on a status topic, whatever else is there, and the table of their reasons."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fake_topics import NOW, STATUS, FakeTopics
from logcore import KafkaError
from logcore.dlq.__main__ import main
from logcore.dlq.listing import as_text, rows_of
from logcore.dlq.selection import Letter, Selection

GOOD = b"""{"event_id":"141b3ff2a92111ebbfae367ddad5b1fa","account_id":"684","event_type":"other",
"device":"ANDROID","location_country":"FR","event_timestamp":"1619724510"}"""
NO_DEVICE = GOOD.replace(b'"ANDROID"', b"null")
TWO_FAULTS = NO_DEVICE.replace(b"FR", b"XX")
UNKNOWN = GOOD.replace(b"684", b"685")


@pytest.fixture
def kafka(monkeypatch: pytest.MonkeyPatch) -> FakeTopics:
    return FakeTopics(monkeypatch)


def listed(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    capsys.readouterr()
    assert main(["list", "h:1", "--json", *arguments]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def counts(found: dict[str, Any]) -> dict[tuple[str, str], int]:
    return {(reason["path"], reason["code"]): reason["count"] for reason in found["reasons"]}


def test_reasons_are_counted_the_most_frequent_first(kafka: FakeTopics, capsys: pytest.CaptureFixture[str]) -> None:
    for value in (GOOD, NO_DEVICE, TWO_FAULTS, b"", None, b"[", UNKNOWN, NO_DEVICE, GOOD):
        last = kafka.add("server-logs", value)
    kafka.judge("server-logs")
    found = listed(capsys)
    assert found["logs"] == 6
    assert found["foreign"] == 0
    assert [(reason["path"], reason["code"], reason["count"]) for reason in found["reasons"]] == [
        ("device", "null", 3), ("$", "empty", 2), ("$", "malformed_json", 1), ("location_country", "not_allowed", 1)
    ]  # fmt: skip
    first = found["reasons"][0]
    assert (first["first"], first["last"]) == ("2023-11-14T22:13:22.000Z", "2023-11-14T22:13:28.000Z")
    assert first["example"] == f"server-logs:0:{last.offset - 1}"
    assert counts(listed(capsys, "--reason", "device")) == {
        ("device", "null"): 3,
        ("location_country", "not_allowed"): 1,
    }
    assert listed(capsys, "--reason", "device", "--reason", "empty")["logs"] == 5
    suspicious = listed(capsys, "--status", "suspicious")
    assert (suspicious["logs"], counts(suspicious)) == (1, {("account_id", "unknown_account"): 1})


def test_the_table(kafka: FakeTopics, capsys: pytest.CaptureFixture[str]) -> None:
    for value in (NO_DEVICE, b"[", NO_DEVICE):
        kafka.add("server-logs", value)
    kafka.judge("server-logs")
    assert main(["list", "h:1"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "path    code            count  first                     last                      example",
        "-" * 98,
        "device  null                2  2023-11-14T22:13:21.000Z  2023-11-14T22:13:23.000Z  server-logs:0:2",
        "$       malformed_json      1  2023-11-14T22:13:22.000Z  2023-11-14T22:13:22.000Z  server-logs:0:1",
        "",
        "3 bad logs on server-logs-status, 3 reasons",
    ]
    assert main(["list", "h:1", "--reason", "too_deep"]) == 0
    assert capsys.readouterr().out == "0 bad logs on server-logs-status\n"


@pytest.mark.parametrize("few_keys", [1_000_000, 0])
def test_a_log_that_comes_twice_counts_once_and_its_last_verdict_counts(
    few_keys: int, kafka: FakeTopics, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("logcore.dlq.reading._FEW_KEYS", few_keys)
    kafka.add("server-logs", NO_DEVICE)
    kafka.add("server-logs", TWO_FAULTS)
    kafka.judge("server-logs")
    kafka.judge("server-logs", anew=True)
    assert listed(capsys)["logs"] == 2
    good = {"status": "good", "reasons": [], "source": {"topic": "server-logs", "partition": 0, "offset": 0}}
    kafka.add(STATUS, json.dumps(good).encode(), key=b"server-logs:0:0", headers=[("logcore.status", b"good")])
    assert counts(listed(capsys)) == {("device", "null"): 1, ("location_country", "not_allowed"): 1}
    # Judged anew once more, it is bad for another reason.
    bad = {**good, "status": "bad", "reasons": [{"path": "device", "code": "missing"}]}
    kafka.add(STATUS, json.dumps(bad).encode(), key=b"server-logs:0:0", headers=[("logcore.status", b"bad")])
    assert listed(capsys, "--reason", "device:missing")["logs"] == 1
    kafka.judge("server-logs", anew=True)
    assert listed(capsys, "--reason", "device:missing")["logs"] == 0


def test_since_is_about_the_log_and_reads_no_more_than_it_must(
    kafka: FakeTopics, capsys: pytest.CaptureFixture[str]
) -> None:
    kafka.add("server-logs", NO_DEVICE, timestamp=NOW - 7_200_000)
    kafka.add("server-logs", b"[", timestamp=NOW)
    kafka.judge("server-logs")
    assert counts(listed(capsys, "--since", "2023-11-14T22:13:20Z")) == {("$", "malformed_json"): 1}
    # Clocks of two machines may differ by an hour.
    assert kafka.opened[-1]["start"] == NOW - 3_600_000
    assert listed(capsys, "--since", "earliest")["logs"] == 2
    assert kafka.opened[-1]["start"] == "earliest"


SOURCE = {"topic": "server-logs", "partition": 0, "offset": 5}
RECORD = {"status": "bad", "reasons": [{"path": "device", "code": "null"}], "source": SOURCE}
KEY = b"server-logs:0:5"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (None, json.dumps(RECORD).encode()),
        (b"", json.dumps(RECORD).encode()),
        (b"\xff\x00", json.dumps(RECORD).encode()),
        (b"server-logs:0:6", json.dumps(RECORD).encode()),
        (KEY, None),
        (KEY, b""),
        (KEY, b"\xff"),
        (KEY, b"[" * 100_000),
        (KEY, b"[]"),
        (KEY, b"9" * 10_000),
        (KEY, json.dumps({**RECORD, "status": "good"}).encode()[:-1]),
        (KEY, json.dumps({**RECORD, "status": ["bad"]}).encode()),
        (KEY, json.dumps({**RECORD, "status": "worse"}).encode()),
        (KEY, json.dumps({**RECORD, "reasons": None}).encode()),
        (KEY, json.dumps({**RECORD, "reasons": [["device", "null"]]}).encode()),
        (KEY, json.dumps({**RECORD, "reasons": [{"path": 1, "code": "null"}]}).encode()),
        (KEY, json.dumps({**RECORD, "source": "server-logs:0:5"}).encode()),
        (KEY, json.dumps({**RECORD, "source": {**SOURCE, "offset": 6}}).encode()),
        (f"{STATUS}:0:5".encode(), json.dumps({**RECORD, "source": {**SOURCE, "topic": STATUS}}).encode()),
    ],
)
@pytest.mark.parametrize("header", [[("logcore.status", b"bad")], [], [("logcore.status", b"bad")] * 2])
def test_records_of_strangers_are_counted_and_passed_over(
    key: bytes | None,
    value: bytes | None,
    header: list[tuple[str, bytes]],
    kafka: FakeTopics,
    capsys: pytest.CaptureFixture[str],
) -> None:
    kafka.add("server-logs", NO_DEVICE)
    kafka.judge("server-logs")
    kafka.add(STATUS, value, key=key, headers=header)
    found = listed(capsys)
    assert (found["logs"], found["foreign"]) == (1, 1)
    assert main(["list", "h:1"]) == 0
    assert "1 bad log on server-logs-status, 1 reason; 1 other record passed over" in capsys.readouterr().out


def test_a_record_without_a_header_speaks_for_itself(kafka: FakeTopics, capsys: pytest.CaptureFixture[str]) -> None:
    kafka.add(STATUS, json.dumps(RECORD).encode(), key=KEY)
    assert listed(capsys)["logs"] == 1
    kafka.add(STATUS, json.dumps({**RECORD, "status": "good", "reasons": []}).encode(), key=KEY)
    assert listed(capsys)["logs"] == 0


@pytest.mark.parametrize("timestamp", [-1, 0, 2**53, 2**60, -(2**60)])
def test_times_that_are_no_dates_are_no_trouble(
    timestamp: int, kafka: FakeTopics, capsys: pytest.CaptureFixture[str]
) -> None:
    kafka.add(STATUS, json.dumps(RECORD).encode(), key=KEY, timestamp=timestamp)
    assert counts(listed(capsys)) == {("device", "null"): 1}
    assert main(["list", "h:1"]) == 0


def test_a_path_can_not_drive_the_terminal(kafka: FakeTopics, capsys: pytest.CaptureFixture[str]) -> None:
    hostile = "\x1b[2J\u202e\n\ud800" + "x" * 500
    record = {**RECORD, "reasons": [{"path": hostile, "code": "\x9b31m"}]}
    kafka.add(STATUS, json.dumps(record).encode(), key=KEY)
    assert main(["list", "h:1"]) == 0
    said = capsys.readouterr().out
    assert said.replace("\n", "").replace("…", "").isascii()
    assert said.replace("\n", "").replace("…", "").isprintable()
    assert r"\x1b[2J\u202e\n\ud800xxx" in said
    assert max(map(len, said.splitlines())) < 250
    assert counts(listed(capsys)) == {(hostile, "\x9b31m"): 1}


def test_items_of_a_list_are_one_row() -> None:
    def letter(*paths: str) -> Letter:
        return Letter(tuple((path, "null") for path in paths), None, None, 0, 0)

    letters = [(b"a:0:0", letter("tags[3]")), (b"a:0:1", letter("tags[10]", "tags[11]", "a[1].b[2]"))]
    rows = [(row.path, row.count, row.example) for row in rows_of(letters)]
    assert rows == [("tags[]", 2, "a:0:1"), ("a[].b[]", 1, "a:0:1")]


def test_stopped_while_it_reads_it_says_so(
    kafka: FakeTopics, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(**_: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr("logcore.dlq.selection.Consumer", interrupted)
    assert main(["list", "h:1"]) == 130
    assert capsys.readouterr().err == "logcore-dlq: stopped before the end\n"


def test_a_topic_that_is_not_there_is_one_line(kafka: FakeTopics, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "h:1"]) == 1
    assert capsys.readouterr().err == f"logcore-dlq: kafka: topic {STATUS} does not exist at h:1; create it\n"


def test_a_topic_that_goes_silent_is_an_error(monkeypatch: pytest.MonkeyPatch, kafka: FakeTopics) -> None:
    from logcore import topic_batches
    from logcore.dlq import reading

    now = [0.0]
    monkeypatch.setattr(topic_batches.time, "monotonic", lambda: now[0])

    class Silent:
        def at_end(self, ends: dict[int, int]) -> bool:
            return False

        def poll(self, records: int, timeout: float) -> None:
            now[0] += 10

    silent: Any = Silent()
    with pytest.raises(KafkaError, match="nothing came from topic t for 60 s, short of its end"):
        list(reading.batches(silent, "t", {0: 1}))
    assert now[0] == 70


def test_what_is_no_verdict_hides_no_bad_log(kafka: FakeTopics, capsys: pytest.CaptureFixture[str]) -> None:
    kafka.add("server-logs", b"[")
    kafka.judge("server-logs")
    kafka.add(STATUS, b"garbage", key=b"server-logs:0:0", headers=[("logcore.status", b"good")])
    found = listed(capsys)
    assert (found["logs"], found["foreign"]) == (1, 1)


def test_an_older_verdict_on_another_partition_counts_no_more(
    kafka: FakeTopics, capsys: pytest.CaptureFixture[str]
) -> None:
    """Partitions were added to the status topic: the key's records lie on two of them."""
    kafka.add("server-logs", b"[")
    kafka.judge("server-logs")
    (bad,) = kafka.records(STATUS)
    assert bad.value is not None
    good = json.dumps({**json.loads(bad.value), "status": "good", "reasons": []}).encode()
    kafka.add(STATUS, good, key=bad.key, headers=[("logcore.status", b"good")], partition=1, timestamp=NOW - 1)
    assert listed(capsys)["logs"] == 1
    kafka.add(STATUS, good, key=bad.key, headers=[("logcore.status", b"good")], partition=1)
    assert listed(capsys)["logs"] == 0


@pytest.mark.parametrize(
    ("columns", "head"),
    [(None, ["path", "code", "count", "first", "last", "example"]),
     (100, ["path", "code", "count", "first", "last", "example"]),
     (80, ["path", "code", "count", "last", "example"]),
     (60, ["path", "code", "count", "example"]),
     (20, ["path", "code", "count", "example"])],
)  # fmt: skip
def test_a_narrow_terminal_gets_no_times(columns: int | None, head: list[str]) -> None:
    letter = Letter((("device", "null"),), NOW, NOW, 0, 0)
    found = Selection({b"server-logs:0:7": letter, b"server-logs:0:8": letter})
    names, rule, row, _, total = as_text(found, STATUS, "bad", columns).splitlines()
    assert names.split() == head
    assert (row.split()[:3], row.split()[-1]) == (["device", "null", "2"], "server-logs:0:8")
    assert len(row) <= len(rule) <= max(columns or 100, 40)
    assert total == f"2 bad logs on {STATUS}, 2 reasons"


def test_a_verdict_that_was_deleted_is_none(kafka: FakeTopics, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        kafka.add("server-logs", b"[")
    kafka.judge("server-logs")
    kafka.add(STATUS, None, key=b"server-logs:0:0")
    kafka.add(STATUS, None, key=b"server-logs:0:7")
    found = listed(capsys)
    assert (found["logs"], found["foreign"]) == (1, 1)
