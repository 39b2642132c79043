"""python -m logcore.dlq on a real Kafka: what it counts, shows, exports and sends again, whatever is in the way."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer as ForeignProducer
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from commands import Command
from logcore._core import Producer, ensure_topic, topic_offsets
from services import Stack
from verdict_hops import CONTRACT, USERS, produce, read, statuses, truth

Topic = Callable[[str], str]
Run = Callable[..., dict[str, Any]]

REASON = "device:not_allowed"


class Pipeline:
    """A topic of logs, its status topic, the commands on them."""

    def __init__(self, stack: Stack, source: str, target: str, folder: Path, users: Path) -> None:
        self.stack, self.source, self.target = stack, source, target
        self._folder, self._users = folder, users

    def judge(self, *arguments: str) -> None:
        run = Command(
            self._folder, "processor", self.stack.brokers, "--input", self.source, "--output", self.target,
            "--group", self.target, "--users", str(self._users), "--no-tables", "--trigger", "available-now",
            *arguments,
        )  # fmt: skip
        assert run.wait() == 0, run.err

    def dlq(self, action: str, *arguments: str) -> Command:
        own = ["--topic", self.target, *(["--input", self.source] if action == "replay" else [])]
        return Command(self._folder, "dlq", action, self.stack.brokers, *arguments, *own)

    def replay_in_small_chunks(self) -> subprocess.Popen[str]:
        """Of every bad log; so that there is time to interrupt it."""
        program = "from logcore.dlq import __main__, sending; sending._CHUNK_RECORDS = 1000; exit(__main__.main())"
        own = ["--topic", self.target, "--input", self.source]
        arguments = ["replay", self.stack.brokers, *own, "--since", "earliest", "--yes"]
        return subprocess.Popen(
            [sys.executable, "-c", program, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def out(self, action: str, *arguments: str, status: int = 0) -> str:
        run = self.dlq(action, *arguments)
        assert run.wait() == status, run.err
        return run.out

    def replay(self, *arguments: str, status: int = 0) -> dict[str, Any]:
        figures: dict[str, Any] = json.loads(self.out("replay", *arguments, "--yes", "--json", status=status))
        return figures

    def replays(self, topic: str | None = None) -> Counter[str]:
        """How often each log was sent again, by its key."""
        headers = (record["headers"] for record in read(self.stack, topic or self.source))
        return Counter(header["logcore.replay_of"].decode() for header in headers if "logcore.replay_of" in header)


@pytest.fixture
def pipeline(stack: Stack, topic: Topic, tmp_path: Path, users_file: Path) -> Pipeline:
    return Pipeline(stack, topic("logs"), topic("status"), tmp_path, users_file)


@pytest.fixture
def mended(tmp_path: Path) -> Path:
    """A contract by which the device that the generator calls `unknown` is one."""
    text = CONTRACT.text.replace("validValues: [ANDROID, IOS]", "validValues: [ANDROID, IOS, unknown]")
    text = text.replace("                - {weight: 0.01, value: unknown, expect: not_allowed}\n", "")
    file = tmp_path / "mended.odcs.yaml"
    file.write_text(text, "utf-8")
    return file


def write(stack: Stack, topic: str, values: Iterable[bytes | None], **properties: Any) -> None:
    """Logs of a client that is not this project's, in one partition."""
    ensure_topic(stack.brokers, topic, partitions=1)
    limits = {"message.max.bytes": 10_000_000, "queue.buffering.max.messages": 1_000_000}
    producer = ForeignProducer({"bootstrap.servers": stack.brokers, **limits, **properties})
    for at, value in enumerate(values):
        producer.produce(topic, value, b"k%d\xff" % at, headers=[("trace", b"\xff%d" % at), ("trace", b"")])
    assert producer.flush(60) == 0


def test_from_the_reasons_to_logs_that_were_judged_again(pipeline: Pipeline, tmp_path: Path) -> None:
    stack, source = pipeline.stack, pipeline.source
    produce(stack, source, 5000)
    pipeline.judge()
    bad = {key: reasons for key, (status, reasons) in truth(stack, source).items() if status == "bad"}
    assert len(bad) > 100
    listed = json.loads(pipeline.out("list", "--json"))
    expected = Counter(reason for reasons in bad.values() for reason in reasons)
    assert {(reason["path"], reason["code"]): reason["count"] for reason in listed["reasons"]} == dict(expected)
    assert (listed["logs"], listed["foreign"]) == (len(bad), 0)
    assert f"{len(bad):,} bad logs on {pipeline.target}, {expected.total():,} reasons" in pipeline.out("list")

    chosen = {key for key, reasons in bad.items() if ("device", "not_allowed") in reasons}
    logs = {f"{source}:{record['partition']}:{record['offset']}": record for record in read(stack, source)}
    key = min(chosen)
    shown = pipeline.out("show", key)
    assert shown.splitlines()[0] == f"key       {key}"
    assert shown.splitlines()[-1] == f"payload   {logs[key]['value'].decode()}"
    assert "header    logcore.expected: {" in shown
    file = tmp_path / "bad.jsonl"
    pipeline.out("export", "--reason", REASON, "--output", str(file))
    exported = {line["key"]: line for line in map(json.loads, file.read_text("ascii").splitlines())}
    assert {key: line["raw"].encode() for key, line in exported.items()} == {key: logs[key]["value"] for key in chosen}
    assert pipeline.out("export", "--reason", REASON) == file.read_text("ascii")

    assert set(pipeline.out("replay", "--reason", REASON, "--dry-run").split()) == chosen
    placed = pipeline.replay("--reason", REASON)["placed"]
    assert set(placed) == chosen
    pipeline.judge()
    judged = statuses(stack, pipeline.target)
    assert len(judged) == 5000 + len(chosen)
    again = {f"{source}:{record['partition']}:{record['offset']}": record for record in read(stack, source)}
    for key, new in placed.items():
        old, log = logs[key], again[new]
        assert (log["value"], log["key"]) == (old["value"], old["key"])
        assert log["headers"] == {"logcore.replay_of": key.encode()}
        assert judged[new]["reasons"] == judged[key]["reasons"]
    # What was sent again is bad again, and still is sent once.
    figures = pipeline.replay("--reason", REASON)
    assert (figures["sent"], figures["replayed_before"], figures["replays"]) == (0, len(chosen), len(chosen))
    assert pipeline.replay("--from", str(file))["replayed_before"] == len(chosen)
    assert pipeline.replays() == Counter(dict.fromkeys(chosen, 1))
    # A replay doesn't claim to know its verdict.
    verify = Command(tmp_path, "verify", stack.brokers, "--input", source, "--output", pipeline.target, "--json", "-")
    assert verify.wait() == 0, verify.err
    assert json.loads(verify.out)["unlabelled"] == len(chosen)


def test_a_mended_contract_lets_the_logs_through(pipeline: Pipeline, mended: Path) -> None:
    stack, source = pipeline.stack, pipeline.source
    produce(stack, source, 20_000)
    pipeline.judge()
    verdicts = {key: verdict[1] for key, verdict in truth(stack, source).items() if verdict[0] == "bad"}
    alone = {key for key, reasons in verdicts.items() if reasons == [("device", "not_allowed")]}
    others = {key for key, reasons in verdicts.items() if ("device", "not_allowed") in reasons} - alone
    figures = pipeline.replay("--reason", REASON, "--contract", str(mended))
    assert set(figures["placed"]) == alone
    assert figures["still_bad"] == len(others)
    pipeline.judge("--contract", str(mended))
    judged = statuses(stack, pipeline.target)
    assert {judged[new]["status"] for new in figures["placed"].values()} <= {"good", "suspicious"}
    assert len(alone) > 50


def test_what_retention_took_is_named_and_nothing_is_sent(pipeline: Pipeline) -> None:
    stack, source = pipeline.stack, pipeline.source
    write(stack, source, [b"[%d" % at for at in range(40)])
    pipeline.judge()
    admin = AdminClient({"bootstrap.servers": stack.brokers})
    for deleted in admin.delete_records([TopicPartition(source, 0, 15)]).values():
        deleted.result(30)
    run = pipeline.dlq("replay", "--reason", "malformed_json", "--yes")
    assert run.wait() == 1
    assert run.out == ""
    (line,) = run.err.splitlines()
    named = ", ".join(f"{source}:0:{offset}" for offset in range(10))
    assert line == (
        f"logcore-dlq: 15 of 40 logs can't be had any more from their topics (retention): {named} and 5 more; nothing "
        "was sent, --skip-missing goes on without them"
    )
    assert topic_offsets(stack.brokers, source) == {0: (15, 40)}
    gone = f"gone: retention took it, partition 0 of {source} begins at 15"
    shown = pipeline.out("show", f"{source}:0:3").splitlines()
    assert shown[-2:] == [f"original  {gone}", "payload   [3"]
    figures = pipeline.replay("--reason", "malformed_json", "--skip-missing")
    assert (figures["sent"], len(figures["gone"])) == (25, 15)
    assert pipeline.replays() == Counter({f"{source}:0:{offset}": 1 for offset in range(15, 40)})


def test_a_topic_that_was_made_anew_holds_other_logs(pipeline: Pipeline) -> None:
    stack, source = pipeline.stack, pipeline.source
    write(stack, source, [b"[1", b"[2"])
    pipeline.judge()
    admin = AdminClient({"bootstrap.servers": stack.brokers})
    for deleted in admin.delete_topics([source], operation_timeout=30).values():
        deleted.result(30)
    both = [f"{source}:0:0", f"{source}:0:1"]
    assert pipeline.replay("--since", "earliest", status=1)["gone"] == both
    write(stack, source, [b"another", b"log"])
    assert pipeline.replay("--since", "earliest", status=1)["gone"] == both
    assert pipeline.out("show", both[0]).splitlines()[-1] == "payload   [1"
    assert topic_offsets(stack.brokers, source) == {0: (0, 2)}


def test_killed_and_stopped_each_log_is_sent_once(pipeline: Pipeline) -> None:
    stack, source = pipeline.stack, pipeline.source
    ensure_topic(stack.brokers, source)
    producer = Producer(
        CONTRACT, USERS, brokers=stack.brokers, topic=source, rate=None, count=20_000, duration=None, threads=1,
        seed=3, start=1_700_000_000, bad_rate=0.9, suspicious_rate=0.0, truth=True, config={},
    )  # fmt: skip
    assert producer.join(120.0)
    pipeline.judge()
    bad = {key for key, record in statuses(stack, pipeline.target).items() if record["status"] == "bad"}
    assert len(bad) > 15_000
    killed = pipeline.replay_in_small_chunks()
    wait_for_more(stack, source, 20_000)
    killed.kill()
    killed.communicate(timeout=60)
    before = settled(stack, source)
    stopped = pipeline.replay_in_small_chunks()
    wait_for_more(stack, source, before)
    stopped.terminate()
    _, said = stopped.communicate(timeout=60)
    assert stopped.returncode == 130, said
    assert "stopped before the end; run again, it goes on from there" in said
    figures = pipeline.replay("--since", "earliest")
    assert figures["sent"] + figures["replayed_before"] == len(bad)
    assert figures["sent"] > 0
    assert pipeline.replays() == Counter(dict.fromkeys(bad, 1))


def logs(stack: Stack, topic: str) -> int:
    return sum(end for _, end in topic_offsets(stack.brokers, topic).values())


def wait_for_more(stack: Stack, topic: str, than: int) -> None:
    deadline = time.monotonic() + 60
    while logs(stack, topic) <= than:
        assert time.monotonic() < deadline, f"nothing more came to {topic}"


def settled(stack: Stack, topic: str) -> int:
    """The same, once the brokers have taken what the dead had on the wire."""
    last, now = -1, logs(stack, topic)
    while now != last:
        last, now = now, logs(stack, topic)
    return now


def test_an_open_transaction_hides_no_replay(pipeline: Pipeline) -> None:
    stack, source = pipeline.stack, pipeline.source
    write(stack, source, [b"[1", b"[2"])
    pipeline.judge()
    foreign = ForeignProducer({"bootstrap.servers": stack.brokers, "transactional.id": source})
    foreign.init_transactions(30)
    foreign.begin_transaction()
    foreign.produce(source, b"open")
    foreign.flush(30)
    assert pipeline.replay("--since", "earliest")["sent"] == 2
    figures = pipeline.replay("--since", "earliest")
    assert (figures["sent"], figures["replayed_before"]) == (0, 2)
    foreign.abort_transaction(30)
    assert pipeline.replays() == Counter({f"{source}:0:0": 1, f"{source}:0:1": 1})


def test_logs_of_any_kind_come_back_byte_for_byte(pipeline: Pipeline, tmp_path: Path) -> None:
    stack, source = pipeline.stack, pipeline.source
    values = [b"\xff\x1b[2J\x00", "{\u202e\u2028☎".encode(), b"<script>", b"{" + b" " * 1_500_000, b"", None, b"["]
    write(stack, source, values, **{"compression.type": "lz4"})
    pipeline.judge()
    table = pipeline.out("list")
    assert table.replace("\n", "").isprintable()
    assert f"{len(values)} bad logs on" in table
    for offset in range(3):
        shown = pipeline.out("show", f"{source}:0:{offset}")
        assert all(line.isprintable() for line in shown.splitlines())
    exported = pipeline.out("export")
    assert exported.replace("\n", "").isprintable()
    assert exported.isascii()
    first = json.loads(exported.splitlines()[0])
    assert base64.b64decode(first["raw_base64"]) == values[0]
    figures = pipeline.replay("--since", "earliest")
    assert (figures["sent"], figures["failed"]) == (len(values), {})
    found = list(read(stack, source))
    old, new = found[: len(values)], found[len(values) :]
    assert [(log["key"], log["value"]) for log in new] == [(log["key"], log["value"]) for log in old]
    assert [log["headers"]["logcore.replay_of"].decode() for log in new] == [
        f"{source}:0:{offset}" for offset in range(len(values))
    ]
    assert [log["headers"]["trace"] for log in new] == [log["headers"]["trace"] for log in old]


def test_what_the_brokers_refuse_is_told_and_the_rest_is_sent(pipeline: Pipeline, topic: Topic) -> None:
    stack, source, small = pipeline.stack, pipeline.source, topic("small")
    write(stack, source, [b"[1", b"[" + os.urandom(40_000), b"[2", b"[" + os.urandom(40_000), b"[3"])
    pipeline.judge()
    ensure_topic(stack.brokers, small, partitions=1)
    stack.kafka_tool(
        "kafka.admin.ConfigCommand", "--alter", "--entity-type", "topics", "--entity-name", small,
        "--add-config", "max.message.bytes=10000",
    )  # fmt: skip
    run = pipeline.dlq("replay", "--since", "earliest", "--to", small, "--yes", "--json")
    assert run.wait() == 1
    figures = json.loads(run.out)
    assert set(figures["failed"]) == {f"{source}:0:1", f"{source}:0:3"}
    assert "2 logs can't be sent; the first, " in run.err
    assert pipeline.replays(small) == Counter({f"{source}:0:{offset}": 1 for offset in (0, 2, 4)})
    figures = pipeline.replay("--since", "earliest", "--to", small, status=1)
    assert (figures["sent"], figures["replayed_before"], len(figures["failed"])) == (0, 3, 2)


def test_logs_far_from_each_other_are_fetched(pipeline: Pipeline) -> None:
    stack, source = pipeline.stack, pipeline.source
    good = b'{"event_id":"141b3ff2a92111ebbfae367ddad5b1fa","account_id":1,"event_type":"other","device":"IOS",'
    good += b'"location_country":"FR","event_timestamp":1619724510}'
    far = (0, 3, 60_000, 120_002, 120_003)
    write(stack, source, [b"[%d" % at if at in far else good for at in range(120_010)])
    pipeline.judge()
    placed = pipeline.replay("--reason", "malformed_json")["placed"]
    assert list(placed) == [f"{source}:0:{offset}" for offset in far]
    sent = [record["value"] for record in read(stack, source)][120_010:]
    assert sent == [b"[%d" % at for at in far]


@pytest.mark.parametrize(("answer", "status", "sent"), [("y\n", 0, 1), ("n\n", 130, 0)])
def test_a_person_at_a_terminal_is_asked(answer: str, status: int, sent: int, pipeline: Pipeline) -> None:
    stack, source = pipeline.stack, pipeline.source
    write(stack, source, [b"["])
    pipeline.judge()
    ours, theirs = os.openpty()
    own = ["--topic", pipeline.target, "--input", pipeline.source]
    command = [sys.executable, "-m", "logcore.dlq", "replay", stack.brokers, *own]
    asked = subprocess.Popen(
        [*command, "--key", f"{source}:0:0"], stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    os.write(ours, answer.encode())
    out, err = asked.communicate(timeout=120)
    os.close(ours)
    os.close(theirs)
    assert asked.returncode == status, err
    assert f"send 1 log to {source}? [y/N]" in err
    assert ("sent 1 log" in out) is (status == 0)
    assert pipeline.replays().total() == sent


def test_who_leaves_early_hears_no_complaint(pipeline: Pipeline) -> None:
    write(pipeline.stack, pipeline.source, [b"[" * 1000] * 3000)
    pipeline.judge()
    command = [sys.executable, "-m", "logcore.dlq", "export", pipeline.stack.brokers, "--topic", pipeline.target]
    export = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert export.stdout is not None
    assert export.stderr is not None
    assert export.stdout.readline().startswith(b'{"key":')
    export.stdout.close()
    assert export.stderr.read() == b""
    export.stderr.close()
    assert export.wait(60) == 1


@pytest.mark.parametrize(
    "action",
    [["list"], ["show", "a:0:0"], ["export"], ["replay", "--since", "1h", "--yes"]],
    ids=lambda action: action[0],
)
def test_a_topic_that_is_missing_is_one_line(action: list[str], pipeline: Pipeline) -> None:
    run = pipeline.dlq(*action)
    assert run.wait() == 1
    (line,) = run.err.splitlines()
    assert line.startswith(f"logcore-dlq: kafka: topic {pipeline.target} does not exist at {pipeline.stack.brokers}")


def test_no_broker_is_one_line(tmp_path: Path) -> None:
    run = Command(tmp_path, "dlq", "list", "127.0.0.1:1")
    assert run.wait() == 1
    (line,) = run.err.splitlines()
    assert line.startswith("logcore-dlq: kafka: no broker answers at 127.0.0.1:1 ")
