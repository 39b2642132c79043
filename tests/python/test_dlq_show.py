"""Everything about one log, whatever it holds and wherever it still is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fake_topics import NOW, STATUS, USERS, FakeTopics
from logcore.dlq.__main__ import main

NO_DEVICE = b'{"event_id":"141b3ff2a92111ebbfae367ddad5b1fa","account_id":1,"event_type":"other","device":null}'


@pytest.fixture
def kafka(monkeypatch: pytest.MonkeyPatch) -> FakeTopics:
    return FakeTopics(monkeypatch)


def shown(capsys: pytest.CaptureFixture[str], key: Any) -> list[str]:
    capsys.readouterr()
    assert main(["show", "h:1", str(key)]) == 0
    said = capsys.readouterr().out
    # Nothing but its own line ends may move the cursor.
    assert all(line.isprintable() for line in said.splitlines())
    return said.splitlines()


def test_a_bad_log(kafka: FakeTopics, capsys: pytest.CaptureFixture[str]) -> None:
    kafka.add("server-logs", b"[")
    place = kafka.add("server-logs", NO_DEVICE, key=b"a\x00", headers=[("h", b"1"), ("h", b"\xff")])
    kafka.judge("server-logs")
    assert shown(capsys, place) == [
        "key       server-logs:0:1",
        "status    bad",
        "reasons   device: null",
        "          location_country: missing",
        "          event_timestamp: missing",
        "logged    2023-11-14T22:13:22.000Z",
        f"judged    2023-11-14T22:13:24.000Z by users {USERS.version}; {STATUS}, partition 0, offset 1",
        f"original  on server-logs, partition 0, {len(NO_DEVICE)} bytes",
        r"log's key a\x00",
        "header    h: 1",
        r"header    h: \xff",
        f"payload   {NO_DEVICE.decode()}",
    ]


@pytest.mark.parametrize(
    ("value", "payload"),
    [
        (b"\x1b]0;owned\x07\x9b", r"\x1b]0;owned\x07\x9b"),
        ("{\u202e\u2028\u200b".encode(), r"{\u202e\u2028\u200b"),
        (b"{\r\n\t<script>", r"{\r\n\t<script>"),
        ("é{☎".encode(), "é{☎"),
        (b"", ""),
        (None, "none"),
    ],
)
@pytest.mark.parametrize("is_there", [True, False])
def test_payloads_are_harmless(
    value: bytes | None, payload: str, is_there: bool, kafka: FakeTopics, capsys: pytest.CaptureFixture[str]
) -> None:
    place = kafka.add("server-logs", value)
    kafka.judge("server-logs")
    if not is_there:
        kafka.delete_before(kafka.add("server-logs", b"x"))
    lines = shown(capsys, place)
    assert lines[-1].rstrip() == f"payload   {payload}".rstrip()
    if not is_there:
        gone = "gone: retention took it, partition 0 of server-logs begins at 1"
        assert f"original  {gone}" in lines


def test_of_a_large_one_that_is_gone_the_beginning_is_left(
    kafka: FakeTopics, capsys: pytest.CaptureFixture[str]
) -> None:
    place = kafka.add("server-logs", b"x" * 300_000)
    kafka.judge("server-logs")
    assert shown(capsys, place)[-1] == "payload   " + "x" * 300_000
    kafka.delete_before(kafka.add("server-logs", b""))
    assert shown(capsys, place)[-1] == "payload   (its beginning) " + "x" * 262_144


def test_a_topic_made_anew_has_other_logs(kafka: FakeTopics, capsys: pytest.CaptureFixture[str]) -> None:
    place = kafka.add("server-logs", b"old")
    kafka.judge("server-logs")
    kafka.create("server-logs")
    kafka.add("server-logs", b"new")
    lines = shown(capsys, place)
    assert lines[-2:] == [
        "original  gone: server-logs has no such log; it was compacted, or the topic deleted", "payload   old"
    ]  # fmt: skip
    del kafka.topics["server-logs"]
    assert shown(capsys, place)[-1] == "payload   old"


def test_the_last_verdict_is_shown(kafka: FakeTopics, capsys: pytest.CaptureFixture[str]) -> None:
    place = kafka.add("server-logs", NO_DEVICE)
    kafka.judge("server-logs")
    source = place._asdict()
    again = {"status": "suspicious", "reasons": [{"path": "device\n", "code": "new"}], "source": source}
    kafka.add(STATUS, json.dumps(again).encode(), key=str(place).encode(), headers=[("logcore.status", b"suspicious")])
    assert shown(capsys, place)[1:4] == ["status    suspicious", r"reasons   device\n: new", "logged    -"]


def test_it_is_looked_for_from_the_logs_own_time_on_and_else_everywhere(
    kafka: FakeTopics, capsys: pytest.CaptureFixture[str]
) -> None:
    place = kafka.add("server-logs", b"[", timestamp=NOW)
    to_come = kafka.add("server-logs", b"[", timestamp=NOW + 10**11)
    kafka.judge("server-logs")
    shown(capsys, place)
    assert [opened["start"] for opened in kafka.opened if opened["topic"] == STATUS][:1] == [NOW - 3_600_000]
    assert "logged    2027-01-15T" in "\n".join(shown(capsys, to_come))
    assert main(["show", "h:1", "server-logs:0:7"]) == 1
    assert capsys.readouterr().err.splitlines()[-1] == (
        f"logcore-dlq: {STATUS} has no record of server-logs:0:7: it is not judged yet, or retention took the record"
    )


def test_good_logs_can_be_shown_as_well(kafka: FakeTopics, capsys: pytest.CaptureFixture[str]) -> None:
    good = (
        b'{"event_id":"141b3ff2a92111ebbfae367ddad5b1fa","account_id":"684","event_type":"other","device":"ANDROID",'
        b'"location_country":"FR","event_timestamp":"1619724510"}'
    )
    place = kafka.add("server-logs", good)
    kafka.judge("server-logs")
    lines = shown(capsys, place)
    assert lines[1:3] == ["status    good", "reasons   none"]
    assert lines[-1] == f"payload   {good.decode()}"


def test_of_a_topic_that_may_not_be_read_the_record_says_what_it_has(
    kafka: FakeTopics, capsys: pytest.CaptureFixture[str]
) -> None:
    place = kafka.add("server-logs", b"[1")
    kafka.judge("server-logs")
    kafka.forbidden.add("server-logs")
    assert shown(capsys, place)[-2:] == [
        "original  can't be had: kafka: topic server-logs at h:1: Broker: Topic authorization failed",
        "payload   [1",
    ]
