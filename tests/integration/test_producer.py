"""The producer command against a real Kafka, read by kcat where it is installed and by our consumer."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from logcore import Classifier, Contract, Users
from logcore._core import Consumer, GeneratorError, Producer, ensure_topic
from services import REPOSITORY, Stack
from terminals import shown_on_a_terminal

Topic = Callable[[str], str]
COMMAND = [sys.executable, "-m", "logcore.producer"]


@pytest.fixture(scope="module")
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A broker to be killed: the other tests keep theirs. It runs again when its address is next asked for."""
    started = Stack(tmp_path_factory.mktemp("mortal"), ours=True)
    try:
        yield started
    finally:
        started.down()


def produce(*arguments: object, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    command = [*COMMAND, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)


def rows(brokers: str, topic: str) -> list[dict[str, Any]]:
    """All records of a topic now."""
    consumer = Consumer(brokers=brokers, topic=topic)
    try:
        ends = consumer.end_offsets()
        found: list[dict[str, Any]] = []
        deadline = time.monotonic() + 60
        while not consumer.at_end(ends):
            assert time.monotonic() < deadline, (len(found), ends, consumer.position())
            batch = consumer.poll(100_000, 0.2)
            if batch is not None:
                found += batch.to_pylist()
        return found
    finally:
        consumer.close()


def test_counts_exactly_and_makes_the_topic(stack: Stack, topic: Topic) -> None:
    name = topic("count")
    done = produce(stack.brokers, name, "--rate", "max", "--count", 5000, "--threads", 3, "--partitions", 3)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert lines[0] == f"logcore-producer: made the topic {name} with 3 partitions"
    assert "seed 1, start 1" in lines[1]
    assert "1,000 users (version " in lines[1]
    assert re.search(r"^logcore-producer: 5,000 acknowledged  0 failed  in [\d.]+ s ", lines[-1])
    found = rows(stack.brokers, name)
    assert len(found) == 5000
    assert len({row["partition"] for row in found}) == 3
    assert all(row["key"] is None and row["headers"] == [] for row in found)
    assert all(abs(row["timestamp"].timestamp() - time.time()) < 120 for row in found)


def test_the_same_seed_gives_the_same_logs_whatever_the_number_of_threads(stack: Stack, topic: Topic) -> None:
    sent = []
    for name, threads, seed in (("one", 1, 5), ("four", 4, 5), ("other", 1, 6)):
        arguments = ("--rate", "max", "--count", 2000, "--seed", seed, "--start", 1_700_000_000, "--threads", threads)
        done = produce(stack.brokers, topic(name), *arguments)
        assert done.returncode == 0, done.stderr
        sent.append(Counter(row["value"] for row in rows(stack.brokers, topic(name))))
    assert sent[0] == sent[1]
    assert sent[0] != sent[2]

    for shard, threads in (("1/3", 1), ("3/3", 2), ("2/3", 1)):
        arguments = ("--rate", "max", "--count", 2000, "--seed", 5, "--start", 1_700_000_000, "--threads", threads)
        done = produce(stack.brokers, topic("shards"), *arguments, "--shard", shard)
        assert done.returncode == 0, done.stderr
        assert f"part {shard[0]} of 3" in done.stderr
    assert Counter(row["value"] for row in rows(stack.brokers, topic("shards"))) == sent[0]


def test_the_truth_is_what_the_classifier_says(stack: Stack, topic: Topic) -> None:
    name = topic("truth")
    done = produce(stack.brokers, name, "--rate", "max", "--count", 3000, "--truth", "--bad-rate", 0.3)
    assert done.returncode == 0, done.stderr
    found = rows(stack.brokers, name)
    contract = Contract.server_logs()
    import pyarrow as pa

    judged = Classifier(contract, Users.generate(contract, seed=1)).classify(
        pa.record_batch({"value": pa.array([row["value"] for row in found], pa.binary())})
    )
    statuses, reasons = judged["status"].to_pylist(), judged["reasons"].to_pylist()
    for row, status, why in zip(found, statuses, reasons, strict=True):
        (header,) = row["headers"]
        assert header["key"] == "logcore.expected"
        assert json.loads(header["value"]) == {"status": status, "reasons": why}
    assert 0.25 < statuses.count("bad") / len(statuses) < 0.35


def test_users_of_a_file_are_those_that_the_logs_are_about(stack: Stack, topic: Topic, tmp_path: Path) -> None:
    users = tmp_path / "users.csv"
    users.write_text("account_id,device\n77,ANDROID\n78,IOS\n", encoding="utf-8")
    arguments = ("--rate", "max", "--count", 200, "--users", users, "--bad-rate", 0, "--suspicious-rate", 0)
    done = produce(stack.brokers, topic("users"), *arguments)
    assert done.returncode == 0, done.stderr
    pairs = {
        (int(log["account_id"]), log["device"])
        for log in (json.loads(row["value"]) for row in rows(stack.brokers, topic("users")))
    }
    assert pairs == {(77, "ANDROID"), (78, "IOS")}


@pytest.mark.parametrize("contract", ["payments", "sensor_readings", "visits"])
def test_other_contracts_with_a_lookup_and_without(contract: str, stack: Stack, topic: Topic) -> None:
    path = REPOSITORY / "tests" / "conformance" / "contracts" / f"{contract}.odcs.yaml"
    done = produce(stack.brokers, topic(contract), "--rate", "max", "--count", 300, "--contract", path, "--accounts", 9)
    assert done.returncode == 0, done.stderr
    assert ("users (version" in done.stderr) == (Contract.load(path).lookup is not None)
    assert len(rows(stack.brokers, topic(contract))) == 300


def test_a_foreign_client_reads_the_same(stack: Stack, topic: Topic) -> None:
    """Kafka's own console consumer, which shares no code with ours."""
    name = topic("foreign")
    done = produce(stack.brokers, name, "--rate", "max", "--count", 500, "--truth")
    assert done.returncode == 0, done.stderr
    ours = Counter((row["value"], row["headers"][0]["value"]) for row in rows(stack.brokers, name))
    arguments = ["--topic", name, "--from-beginning", "--max-messages", "500", "--timeout-ms", "60000"]
    arguments += ["--property", "print.headers=true", "--property", "headers.separator=|"]
    read = stack.kafka_tool("org.apache.kafka.tools.consumer.ConsoleConsumer", *arguments)
    theirs: Counter[tuple[bytes, bytes]] = Counter()
    for line in read.stdout.splitlines():
        headers, value = line.split("\t", 1)
        theirs[value.encode(), headers.removeprefix("logcore.expected:").encode()] += 1
    assert theirs == ours


@pytest.mark.parametrize(("rate", "count"), [("0.5", 3), ("50", 200), ("5000", 20_000)])
def test_a_rate_is_kept(rate: str, count: int, stack: Stack, topic: Topic) -> None:
    name = topic(f"rate-{rate}")
    ensure_topic(stack.brokers, name)
    producer = _producer(stack.brokers, name, rate=float(rate), count=count)
    assert producer.join(60)
    stats = producer.stats()
    assert (stats["acknowledged"], stats["failed"]) == (count, 0)
    # The last record is due then, and a little time is the flush.
    due = (count - 1) / float(rate)
    assert due <= stats["elapsed"] < due * 1.01 + 1.0
    assert stats["lag_p50"] < 0.1


def test_a_duration_ends_it(stack: Stack, topic: Topic) -> None:
    start = time.monotonic()
    done = produce(stack.brokers, topic("duration"), "--rate", 200, "--duration", 2)
    assert done.returncode == 0, done.stderr
    assert "400 acknowledged  0 failed" in done.stderr
    assert "lag p50 " in done.stderr
    assert time.monotonic() - start < 30


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_flushes_and_is_a_success(sent: signal.Signals, stack: Stack, topic: Topic) -> None:
    name = topic(f"signal-{sent.name.lower()}")
    process = subprocess.Popen([*COMMAND, stack.brokers, name, "--rate", "2000"], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    while "seed 1" not in process.stderr.readline():
        assert process.poll() is None
    time.sleep(1.0)
    process.send_signal(sent)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert "stopping" in errors
    acknowledged = re.findall(r"([\d,]+) acknowledged  0 failed", errors)[-1].replace(",", "")
    assert len(rows(stack.brokers, name)) == int(acknowledged) > 0


def test_a_second_signal_aborts(mortal: Stack, topic: Topic) -> None:
    process = subprocess.Popen(
        [*COMMAND, mortal.brokers, topic("abort"), "--rate", "2000"], stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    while "seed 1" not in process.stderr.readline():
        assert process.poll() is None
    mortal.kill("kafka")
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    while "stopping" not in process.stderr.readline():
        assert process.poll() is None
    # What is in flight can't be delivered, so it waits, until it is told not to.
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert process.returncode == -signal.SIGINT


def test_on_a_terminal_there_is_a_live_line(stack: Stack, topic: Topic) -> None:
    command = [*COMMAND, stack.brokers, topic("live"), "--rate", "500", "--duration", "2"]
    status, shown = shown_on_a_terminal(command)
    assert status == 0, shown
    assert len(re.findall(rb"\rlogcore-producer: [\d,]+/s  [\d,]+ acknowledged  0 failed  lag p99 ", shown)) > 3
    assert b"1,000 acknowledged  0 failed  in " in shown.splitlines()[-1]


def test_no_broker_is_one_line_within_15_seconds() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        brokers = f"127.0.0.1:{closed.getsockname()[1]}"
    start = time.monotonic()
    done = produce(brokers, "logs", "--count", 1)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"logcore-producer: kafka: no broker answers at {brokers} (")
    assert time.monotonic() - start < 15


def test_a_broker_that_dies_fails_its_logs_and_every_log_is_accounted_for(mortal: Stack, topic: Topic) -> None:
    config = {"message.timeout.ms": "3000", "reconnect.backoff.max.ms": "500"}
    ensure_topic(mortal.brokers, topic("dies"))
    producer = _producer(mortal.brokers, topic("dies"), rate=1000.0, count=5000, truth=True, config=config)
    while producer.stats()["acknowledged"] < 500:
        assert not producer.join(0.01)
    mortal.kill("kafka")
    assert producer.join(60)
    stats = producer.stats()
    assert stats["done"]
    assert stats["failed"] > 0
    assert stats["generated"] == stats["acknowledged"] + stats["failed"] == 5000
    assert "timed out" in stats["error"]


def test_a_broker_that_dies_is_status_1_and_says_why(mortal: Stack, topic: Topic, tmp_path: Path) -> None:
    config = tmp_path / "kafka.properties"
    config.write_text("message.timeout.ms=3000\n", encoding="utf-8")
    command = [*COMMAND, mortal.brokers, topic("status"), "--rate", "500", "--duration", "4", "--config", str(config)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    while "seed 1" not in process.stderr.readline():
        assert process.poll() is None
    time.sleep(1.0)
    mortal.kill("kafka")
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "logcore-producer: not acknowledged: Local: Message timed out" in errors
    assert re.search(r"[\d,]+ acknowledged  [1-9][\d,]* failed  in ", errors.splitlines()[-1])


def test_a_broker_that_comes_back_costs_no_log(mortal: Stack, topic: Topic) -> None:
    brokers = mortal.brokers
    ensure_topic(brokers, topic("back"))
    producer = _producer(brokers, topic("back"), rate=500.0, count=5000, config={"reconnect.backoff.max.ms": "500"})
    while producer.stats()["acknowledged"] < 500:
        assert not producer.join(0.01)
    mortal.restart("kafka")
    assert producer.join(120), producer.stats()
    stats = producer.stats()
    assert (stats["acknowledged"], stats["failed"]) == (5000, 0), stats
    assert len(rows(brokers, topic("back"))) == 5000


def test_the_password_is_in_no_message(stack: Stack, tmp_path: Path) -> None:
    config = tmp_path / "kafka.properties"
    config.write_text(
        "security.protocol=SASL_PLAINTEXT\nsasl.mechanism=PLAIN\nsasl.username=me\nsasl.password=hunter2\n",
        encoding="utf-8",
    )
    done = produce(stack.brokers, "logs", "--count", 1, "--config", config)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "no broker answers" in done.stderr
    assert "hunter2" not in done.stderr


def test_a_wrong_property_is_one_line(stack: Stack, tmp_path: Path) -> None:
    config = tmp_path / "kafka.properties"
    config.write_text("lingering.ms=3\n", encoding="utf-8")
    done = produce(stack.brokers, "logs", "--count", 1, "--config", config)
    assert done.returncode == 1
    assert done.stderr.startswith("logcore-producer: kafka: property lingering.ms: No such configuration property")


def test_logs_that_can_not_be_generated_are_said_before_anything_is_sent(stack: Stack, topic: Topic) -> None:
    name = topic("impossible")
    ensure_topic(stack.brokers, name)
    users = Users([(1, "ANDROID"), (1, "IOS")])
    with pytest.raises(GeneratorError):
        _producer(stack.brokers, name, users=users, count=1, bad_rate=0.9, suspicious_rate=0.9)
    assert rows(stack.brokers, name) == []


def _producer(brokers: str, topic: str, *, users: Users | None = None, **given: Any) -> Producer:
    options: dict[str, Any] = {
        "rate": None, "count": None, "duration": None, "threads": 1, "seed": 1, "start": 1_700_000_000,
        "bad_rate": None, "suspicious_rate": None, "truth": False, "config": {},
    }  # fmt: skip
    contract = Contract.server_logs()
    users = users or Users.generate(contract, seed=1)
    return Producer(contract, users, brokers=brokers, topic=topic, **{**options, **given})
