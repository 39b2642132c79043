"""Sending logs again: as they were, never twice, none of them silently left out."""

from __future__ import annotations

import io
import json
import random
import threading
from pathlib import Path
from typing import Any

import pytest

from fake_topics import CONTRACT, NOW, STATUS, FakeTopics
from logcore import KafkaError
from logcore.dlq import sending
from logcore.dlq.__main__ import main
from logcore.dlq.place import Place
from logcore.dlq.records_at import runs
from logcore.dlq.replays import scan_start
from logcore.dlq.selection import Letter
from logcore.standard_output import OutputError

GOOD = b"""{"event_id":"141b3ff2a92111ebbfae367ddad5b1fa","account_id":"684","event_type":"other",
"device":"ANDROID","location_country":"FR","event_timestamp":"1619724510"}"""
WATCH = GOOD.replace(b"ANDROID", b"WATCH")
ALL = ["replay", "h:1", "--since", "earliest", "--yes"]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def kafka(monkeypatch: pytest.MonkeyPatch) -> FakeTopics:
    return FakeTopics(monkeypatch)


@pytest.fixture
def mended(tmp_path: Path) -> str:
    """A contract that knows one more device."""
    text = CONTRACT.text.replace("validValues: [ANDROID, IOS]", "validValues: [ANDROID, IOS, WATCH]")
    assert text != CONTRACT.text
    file = tmp_path / "mended.odcs.yaml"
    file.write_text(text, "utf-8")
    return str(file)


def replayed(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> dict[str, Any]:
    capsys.readouterr()
    assert main([*(arguments or ALL), "--json"]) == status
    figures: dict[str, Any] = json.loads(capsys.readouterr().out)
    return figures


def fill(kafka: FakeTopics, *values: bytes | None, topic: str = "server-logs") -> list[Place]:
    places = [kafka.add(topic, value, key=b"k%d" % at, partition=at % 2) for at, value in enumerate(values)]
    kafka.judge(topic)
    return places


def test_a_log_is_sent_as_it_was(kafka: FakeTopics, capsys: pytest.CaptureFixture[str]) -> None:
    hostile = b"\xff\x00{" * 100_000
    headers = [("trace", b"\xff\x00"), ("logcore.expected", b"{}"), ("trace", b"2"), ("", b"")]
    first = kafka.add("server-logs", hostile, key=b"\xfe", headers=headers)
    kafka.add("server-logs", GOOD)
    second = kafka.add("server-logs", None, key=None)
    kafka.judge("server-logs")
    figures = replayed(capsys)
    assert figures["placed"] == {str(first): "server-logs:0:3", str(second): "server-logs:0:4"}
    assert (figures["chosen"], figures["sent"], figures["complete"], figures["gone"]) == (2, 2, True, [])
    big, empty = kafka.records("server-logs")[3:]
    assert (big.value, big.key, empty.value, empty.key) == (hostile, b"\xfe", None, None)
    assert list(big.headers) == [
        ("trace", b"\xff\x00"), ("trace", b"2"), ("", b""), ("logcore.replay_of", b"server-logs:0:0")
    ]  # fmt: skip
    assert list(empty.headers) == [("logcore.replay_of", b"server-logs:0:2")]


def test_run_again_it_sends_what_it_has_not_sent_yet(kafka: FakeTopics, capsys: pytest.CaptureFixture[str]) -> None:
    fill(kafka, b"[", b"]", WATCH)
    assert replayed(capsys)["sent"] == 3
    fill(kafka, b"{")
    figures = replayed(capsys)
    # What was sent is judged by now, and bad as it was.
    assert (figures["sent"], figures["replayed_before"], figures["replays"]) == (1, 3, 3)
    figures = replayed(capsys)
    assert (figures["sent"], figures["replayed_before"], figures["replays"]) == (0, 4, 3)
    assert main(ALL) == 0
    assert capsys.readouterr().out == (
        "nothing to send; 4 replayed before (--again sends them once more); "
        "3 replays themselves (--replays sends them too)\n"
    )
    figures = replayed(capsys, *ALL, "--again")
    assert (figures["sent"], figures["replayed_before"]) == (4, 0)


def test_a_replay_that_is_bad_again_is_replayed_only_on_request_and_names_itself(
    kafka: FakeTopics, capsys: pytest.CaptureFixture[str]
) -> None:
    (place,) = fill(kafka, b"[")
    (first,) = replayed(capsys)["placed"].values()
    kafka.judge("server-logs")
    figures = replayed(capsys, *ALL, "--replays")
    assert list(figures["placed"]) == [first]
    last = kafka.records("server-logs")[-1]
    assert last.headers == (("logcore.replay_of", first.encode()),)
    assert (figures["replayed_before"], str(place)) == (1, "server-logs:0:0")


def test_interrupted_in_the_midst_it_goes_on_where_it_was(
    kafka: FakeTopics, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "_CHUNK_RECORDS", 4)
    stop = threading.Event()
    monkeypatch.setattr("logcore.dlq.replaying.stop_on_signals", lambda: stop)
    send = kafka.send

    def send_then_stop(*arguments: Any, **options: Any) -> list[Any]:
        stop.set()
        return send(*arguments, **options)

    monkeypatch.setattr(sending, "send_records", send_then_stop)
    places = fill(kafka, *[b"[%d" % at for at in range(10)])
    figures = replayed(capsys, status=130)
    assert (figures["sent"], figures["complete"]) == (4, False)
    monkeypatch.setattr(sending, "send_records", send)
    stop.clear()
    figures = replayed(capsys)
    assert (figures["sent"], figures["replayed_before"], figures["complete"]) == (6, 4, True)
    sent = [header[1] for record in kafka.records("server-logs") for header in record.headers]
    assert sorted(sent) == sorted(str(place).encode() for place in places)


def test_order_is_kept_and_chunks_are_bounded(
    kafka: FakeTopics, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "_CHUNK_RECORDS", 5)
    monkeypatch.setattr(sending, "_CHUNK_BYTES", 1000)
    values = [b"[" * (900 if at == 7 else 3000 if at == 20 else 10) for at in range(30)]
    fill(kafka, *values)
    assert main([*ALL, "--to", "server-logs-2"]) == 1
    assert capsys.readouterr().err == "logcore-dlq: kafka: topic server-logs-2 does not exist at h:1; create it\n"
    kafka.create("server-logs-2")
    assert replayed(capsys, *ALL, "--to", "server-logs-2")["sent"] == 30
    assert max(map(len, kafka.sent)) == 5
    assert all(len(chunk) == 1 or sum(len(value) for _, value, _ in chunk) < 1000 for chunk in kafka.sent)
    order = [headers[-1][1] for chunk in kafka.sent for _, _, headers in chunk]
    assert order == [b"server-logs:%d:%d" % (partition, offset) for partition in range(2) for offset in range(15)]


def test_what_is_gone_stops_everything_unless_it_may_be_missing(
    kafka: FakeTopics, capsys: pytest.CaptureFixture[str]
) -> None:
    places = fill(kafka, *[b"[%d" % at for at in range(30)])
    kafka.delete_before(places[26])
    assert main(ALL) == 1
    said = capsys.readouterr()
    assert said.out == ""
    named = ", ".join(f"server-logs:0:{offset}" for offset in range(10))
    assert said.err == (
        f"logcore-dlq: 13 of 30 logs can't be had any more from their topics (retention): {named} and 3 more; "
        "nothing was sent, --skip-missing goes on without them\n"
    )
    assert kafka.sent == []
    figures = replayed(capsys, status=1)
    assert (figures["sent"], len(figures["gone"])) == (0, 13)
    figures = replayed(capsys, *ALL, "--skip-missing")
    assert (figures["sent"], len(figures["gone"])) == (17, 13)
    # Of those that were sent, retention may take the originals.
    kafka.delete_before(places[28])
    assert replayed(capsys, *ALL, "--skip-missing")["replayed_before"] == 17


@pytest.mark.parametrize("way", ["deleted", "made anew"])
def test_another_log_is_not_sent_in_its_place(way: str, kafka: FakeTopics, capsys: pytest.CaptureFixture[str]) -> None:
    (place,) = fill(kafka, b"[")
    del kafka.topics["server-logs"]
    if way == "made anew":
        kafka.add("server-logs", b"another")
    assert replayed(capsys, status=1)["gone"] == [str(place)]
    assert kafka.sent == []


def test_what_goes_after_it_was_seen_is_told(
    kafka: FakeTopics, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    places = fill(kafka, *[b"[%d" % at for at in range(6)])

    def asked() -> threading.Event:
        kafka.delete_before(places[2])
        return threading.Event()

    monkeypatch.setattr("logcore.dlq.replaying.stop_on_signals", asked)
    figures = replayed(capsys, status=1)
    assert (figures["sent"], figures["gone"]) == (5, ["server-logs:0:0"])
    assert replayed(capsys, *ALL, "--skip-missing")["replayed_before"] == 5


def test_a_mended_contract_chooses(kafka: FakeTopics, capsys: pytest.CaptureFixture[str], mended: str) -> None:
    places = fill(kafka, WATCH, b"[", None, WATCH.replace(b"FR", b"XX"), WATCH.replace(b"684", b"1"), b"x" * 1_100_000)
    figures = replayed(capsys, *ALL, "--contract", mended)
    # By which users a log is suspicious doesn't matter here.
    assert list(figures["placed"]) == [str(places[0]), str(places[4])]
    assert (figures["still_bad"], figures["chosen"]) == (4, 6)
    assert replayed(capsys, *ALL, "--contract", mended)["sent"] == 0


def test_a_contract_that_is_none_is_one_line(
    kafka: FakeTopics, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "contract.yaml"
    file.write_text("{", "utf-8")
    assert main([*ALL, "--contract", str(file)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"logcore-dlq: --contract {file}: ")


def test_the_logs_may_be_named(kafka: FakeTopics, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    places = fill(kafka, b"[", GOOD, WATCH, b"[", b"[")
    keys = ["--key", str(places[4]), "--key", str(places[0]), "--key", str(places[0]), "--yes"]
    assert list(replayed(capsys, "replay", "h:1", *keys)["placed"]) == [str(places[0]), str(places[4])]
    assert main(["replay", "h:1", "--key", str(places[1]), "--key", "server-logs:0:99", "--yes"]) == 1
    assert capsys.readouterr().err.splitlines()[-1] == (
        f"logcore-dlq: no bad log is called {places[1]}, server-logs:0:99 on {STATUS}; nothing was sent"
    )
    export = tmp_path / "bad.jsonl"
    assert main(["export", "h:1", "--reason", "device", "--output", str(export)]) == 0
    figures = replayed(capsys, "replay", "h:1", "--from", str(export), "--yes")
    assert list(figures["placed"]) == [str(places[2])]
    kafka.topics.pop(STATUS)
    # A file stands for itself, and what was replayed is known by the topic.
    assert replayed(capsys, "replay", "h:1", "--from", str(export), "--yes")["replayed_before"] == 1
    export.write_text(f'{{"key":"{places[3]}"}}\n', "utf-8")
    assert list(replayed(capsys, "replay", "h:1", "--from", str(export), "--yes")["placed"]) == [str(places[3])]
    future = ["replay", "h:1", "--from", str(export), "--since", "1d", "--yes"]
    assert replayed(capsys, *future)["chosen"] == 1


def test_reasons_choose(kafka: FakeTopics, capsys: pytest.CaptureFixture[str]) -> None:
    places = fill(kafka, b"[", WATCH, WATCH.replace(b"FR", b"XX"))
    chosen = replayed(capsys, "replay", "h:1", "--reason", "location_country:not_allowed", "--yes")
    assert list(chosen["placed"]) == [str(places[2])]
    chosen = replayed(capsys, "replay", "h:1", "--reason", "not_allowed", "--yes")
    assert (list(chosen["placed"]), chosen["replayed_before"]) == ([str(places[1])], 1)


def test_logs_of_several_topics_go_back_to_their_own(kafka: FakeTopics, capsys: pytest.CaptureFixture[str]) -> None:
    fill(kafka, b"[", b"[")
    fill(kafka, b"[", topic="others")
    assert main([*ALL, "--input", "others", "--input", "server-logs"]) == 0
    assert capsys.readouterr().out == "sent 1 log to others and 2 logs to server-logs\n"
    assert [len(kafka.records(topic)) for topic in ("others", "server-logs")] == [2, 4]


def test_a_status_record_has_no_log_of_another_topic_sent(
    kafka: FakeTopics, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Whoever may write status records need not be allowed to read or write those topics."""
    kafka.add("payments", b"a payment")
    forged = {"status": "bad", "reasons": [{"path": "$", "code": "malformed_json"}]}
    for topic in ("payments", "secret"):
        source = {"topic": topic, "partition": 0, "offset": 0}
        record = json.dumps({**forged, "source": source}).encode()
        kafka.add(STATUS, record, key=f"{topic}:0:0".encode(), headers=[("logcore.status", b"bad")])
    kafka.forbidden.add("secret")
    (place,) = fill(kafka, b"[")
    assert main(ALL) == 0
    assert capsys.readouterr().out == (
        "sent 1 log to server-logs; 2 of topics that --input doesn't name (payments, secret)\n"
    )
    figures = replayed(capsys)
    assert (figures["chosen"], figures["other_topics"]) == (3, {"payments": 1, "secret": 1})
    # A script that forgot its topic must not take nothing for everything.
    assert main([*ALL, "--input", "orders"]) == 1
    assert capsys.readouterr().out == (
        "nothing to send; 3 of topics that --input doesn't name (payments, secret, server-logs)\n"
    )
    file = tmp_path / "named.jsonl"
    file.write_text('{"key":"payments:0:0"}\n', "utf-8")
    for named in (["--key", "payments:0:0"], ["--from", str(file)]):
        assert main(["replay", "h:1", *named, "--yes"]) == 1
        assert capsys.readouterr().err == (
            "logcore-dlq: of a topic that --input doesn't name: payments:0:0; nothing was sent, "
            "--input payments lets its logs be sent\n"
        )
    assert [len(chunk) for chunk in kafka.sent] == [1]
    assert len(kafka.records("payments")) == 1
    assert str(place) == "server-logs:0:0"


def test_an_answer_that_nobody_takes_is_told_on_standard_error(
    kafka: FakeTopics, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(kafka, b"[", b"]")

    def full(_: str) -> None:
        raise OutputError("standard output can't be written to: No space left on device")

    monkeypatch.setattr("logcore.dlq.replaying.write_line", full)
    assert main(ALL) == 1
    assert capsys.readouterr().err == (
        "logcore-dlq: sent 2 logs to server-logs\n"
        "logcore-dlq: standard output can't be written to: No space left on device\n"
    )


def test_refusals_are_counted_and_the_rest_is_sent(kafka: FakeTopics, capsys: pytest.CaptureFixture[str]) -> None:
    places = fill(kafka, b"[", b"]", b"{")
    kafka.refused = {b"[": "Broker: Message size too large"}
    assert main(ALL) == 1
    said = capsys.readouterr()
    assert said.out == "sent 2 logs to server-logs\n"
    assert said.err == (
        "logcore-dlq: 1 log can't be sent; the first, server-logs:0:0: Broker: Message size too large\n"
    )
    assert replayed(capsys, status=1)["failed"] == {str(places[0]): "Broker: Message size too large"}


def test_a_batch_that_is_refused_as_too_large_is_sent_log_by_log(
    kafka: FakeTopics, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    places = fill(kafka, b"[", b"]", b"{" * 100, b"}", b"{")
    configs: list[dict[str, str]] = []

    def broker(brokers: str, topic: str, records: list[Any], *, config: dict[str, str]) -> list[Any]:
        configs.append(config)
        if config.get("batch.num.messages") == "1":
            return kafka.send(brokers, topic, records)
        # One of them came too late to be in the same batch.
        return ["Broker: Message size too large (1/1 brokers)"] * 4 + kafka.send(brokers, topic, records[4:])

    kafka.refused = {b"{" * 100: "Broker: Message size too large"}
    monkeypatch.setattr(sending, "send_records", broker)
    figures = replayed(capsys, status=1)
    assert (list(figures["failed"]), figures["sent"]) == ([str(places[2])], 4)
    assert [config.get("batch.num.messages") for config in configs] == [None, "1"]
    # Each is there once, the answers are its own.
    new = {record.offset: record for record in kafka.records("server-logs") if record.partition == 0}
    values = {str(place): value for place, value in zip(places, (b"[", b"]", b"", b"}", b"{"))}
    assert [new[int(at.split(":")[2])].value for at in figures["placed"].values()] == [
        values[key] for key in figures["placed"]
    ]


def test_brokers_that_are_away_end_it(
    kafka: FakeTopics, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "_CHUNK_RECORDS", 2)
    now = [0.0]
    monkeypatch.setattr("logcore.dlq.sending.time.monotonic", lambda: now[0])
    fill(kafka, *[b"[%d" % at for at in range(6)])

    def times_out(_brokers: str, _topic: str, records: list[Any], **_: Any) -> list[str]:
        now[0] += 120
        return ["Local: Message timed out"] * len(records)

    monkeypatch.setattr(sending, "send_records", times_out)
    figures = replayed(capsys, status=1)
    assert (figures["sent"], len(figures["failed"]), figures["complete"]) == (0, 2, False)


def test_what_was_sent_before_an_error_is_told(
    kafka: FakeTopics, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "_CHUNK_RECORDS", 2)
    fill(kafka, *[b"[%d" % at for at in range(6)])

    def send_once(*arguments: Any, **options: Any) -> list[Any]:
        if kafka.sent:
            raise KafkaError("kafka: no broker answers at h:1")
        return kafka.send(*arguments, **options)

    monkeypatch.setattr(sending, "send_records", send_once)
    assert main(ALL) == 1
    said = capsys.readouterr()
    assert said.out == "sent 2 logs to server-logs\n"
    assert said.err == "logcore-dlq: kafka: no broker answers at h:1\n"


def test_a_dry_run_sends_nothing(kafka: FakeTopics, capsys: pytest.CaptureFixture[str]) -> None:
    places = fill(kafka, b"[", b"[")
    dry = ["replay", "h:1", "--reason", "malformed_json", "--dry-run"]
    assert main(dry) == 0
    said = capsys.readouterr()
    assert said.out.splitlines() == [str(place) for place in places]
    assert said.err == "logcore-dlq: would send 2 logs to server-logs\n"
    assert replayed(capsys, *dry)["would_send"] == {str(place): "server-logs" for place in places}
    assert kafka.sent == []


@pytest.mark.parametrize(("answer", "sent"), [("y\n", 1), ("YES\n", 1), ("n\n", 0), ("\n", 0), ("", 0), ("yo\n", 0)])
def test_a_person_is_asked(
    answer: str,
    sent: int,
    kafka: FakeTopics,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fill(kafka, b"[")
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    assert main(["replay", "h:1", "--reason", "malformed_json"]) == (0 if sent else 130)
    said = capsys.readouterr()
    assert said.err.startswith("logcore-dlq: send 1 log to server-logs? [y/N] ")
    assert ("not confirmed, nothing was sent" in said.err) is not sent
    assert len(kafka.sent) == sent


def test_replays_are_looked_for_where_they_can_be(kafka: FakeTopics, capsys: pytest.CaptureFixture[str]) -> None:
    fill(kafka, b"[")
    replayed(capsys)
    (looked,) = [opened for opened in kafka.opened if opened.get("read_committed") is False]
    # An hour for clocks that differ, and those of an open transaction too.
    assert (looked["topic"], looked["start"]) == ("server-logs", NOW + 1000 - 3_600_000)
    assert looked["config"]["isolation.level"] == "read_uncommitted"


def test_when_a_log_can_have_been_replayed() -> None:
    def letter(logged: int | None, judged: int | None) -> Letter:
        return Letter((), logged, judged, 0, 0)

    hour = 3_600_000
    assert scan_start([letter(9 * hour, 9 * hour), letter(5 * hour, 7 * hour)]) == 4 * hour
    assert scan_start([letter(0, hour)]) == 0
    assert scan_start([]) is None
    for unsure in (letter(None, hour), letter(hour, None), letter(9 * hour, 7 * hour)):
        assert scan_start([letter(hour, hour), unsure]) is None


def test_offsets_far_apart_are_fetched_in_several_passes() -> None:
    assert [list(run) for run in runs([])] == []
    assert [list(run) for run in runs([5])] == [[5]]
    assert [list(run) for run in runs([0, 50_000, 100_001, 100_002])] == [[0, 50_000], [100_001, 100_002]]


def test_every_chosen_log_is_found_wherever_it_is(kafka: FakeTopics, capsys: pytest.CaptureFixture[str]) -> None:
    chance = random.Random(7)
    values = [chance.choice([GOOD, b"[", WATCH]) for _ in range(500)]
    places = fill(kafka, *values)
    bad = {str(place) for place, value in zip(places, values) if value != GOOD}
    assert set(replayed(capsys)["placed"]) == bad


def test_no_key_drives_the_terminal(kafka: FakeTopics, capsys: pytest.CaptureFixture[str]) -> None:
    record = {
        "status": "bad", "reasons": [{"path": "\x1b[2J", "code": "null"}],
        "source": {"topic": "a\x1b[2J", "partition": 0, "offset": 0},
    }  # fmt: skip
    kafka.add(STATUS, json.dumps(record).encode(), key=b"a\x1b[2J:0:0", headers=[("logcore.status", b"bad")])
    assert main(ALL) == 0
    assert capsys.readouterr().out == "nothing to send\n"
