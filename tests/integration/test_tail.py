"""python -m logcore.tail on a real Kafka: what it shows is what was judged, wherever it begins and ends."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from confluent_kafka import Producer as Client
from confluent_kafka.admin import AdminClient, NewPartitions

from commands import Command
from kafka_records import Outgoing, generated_statuses, send, statuses_of
from logcore._core import ensure_topic
from services import Stack
from terminals import shown_on_a_terminal
from verdict_hops import produce, truth

Tail = Callable[..., Command]
BAD = "{\x1b]0;title\x07 \u202e"


@pytest.fixture
def status(topic: Callable[[str], str]) -> str:
    """The status topic's name."""
    return topic("status")


@pytest.fixture
def tail(stack: Stack, status: str, tmp_path: Path) -> Iterator[Tail]:
    """Starts it on the topic `status`; what still runs at the end is killed."""
    started: list[Command] = []

    def start(*arguments: str) -> Command:
        started.append(Command(tmp_path, "tail", stack.brokers, "--topic", status, *arguments))
        return started[-1]

    yield start
    for command in started:
        command.kill()


def shown_keys(command: Command) -> list[str]:
    return [line.split()[2] for line in command.out.splitlines()]


def catch_up(command: Command, stack: Stack, status: str) -> None:
    """Waits until one that reads from now on does so: sends records until it shows one."""

    def shown() -> bool:
        send(stack.brokers, status, [Outgoing("probe", b'{"probe":1}')])
        time.sleep(0.1)
        return "probe" in command.out

    command.wait_until(shown)


def test_counts_are_those_that_were_sent(
    stack: Stack, status: str, tail: Tail, topic: Callable[[str], str], tmp_path: Path, users_file: Path
) -> None:
    source = topic("logs")
    produce(stack, source, 20_000)
    names = ("--input", source, "--output", status, "--group", status)
    options = ("--users", str(users_file), "--no-tables", "--trigger", "available-now")
    processor = Command(tmp_path, "processor", stack.brokers, *names, *options)
    assert processor.wait() == 0, processor.err
    expected = truth(stack, source)

    every = tail("--until-end")
    assert every.wait() == 0, every.err
    assert every.err == ""
    assert sorted(shown_keys(every)) == sorted(expected)
    assert {line.split()[2]: line.split()[1] for line in every.out.splitlines()} == {
        key: verdict[0] for key, verdict in expected.items()
    }

    for wanted in (["bad"], ["good", "suspicious"]):
        some = tail("--until-end", "--json", "--status", ",".join(wanted))
        assert some.wait() == 0, some.err
        verdicts = [json.loads(line) for line in some.out.splitlines()]
        given = Counter(":".join(map(str, verdict["source"].values())) for verdict in verdicts)
        assert given == Counter(key for key, verdict in expected.items() if verdict[0] in wanted)

    reasons = Counter(reason for _, found in expected.values() for reason in found)
    for (path, code), count in reasons.most_common(3):
        one = tail("--until-end", "--reason", f"{path}:{code}")
        assert one.wait() == 0, one.err
        assert len(one.out.splitlines()) == count
        assert all(f"{path}: {code}" in line for line in one.out.splitlines())
    device = tail("--until-end", "--reason", "device", "--status", "bad")
    assert device.wait() == 0, device.err
    assert set(shown_keys(device)) == {
        key for key, (given, found) in expected.items() if given == "bad" and "device" in dict(found)
    }


def test_it_begins_where_it_is_told_to(stack: Stack, status: str, tail: Tail) -> None:
    records = generated_statuses(300)
    now = time.time()
    ensure_topic(stack.brokers, status, partitions=2)
    client = Client({"bootstrap.servers": stack.brokers})
    for number, record in enumerate(records):
        written = now - 7200 if number < 200 else now - 3600
        client.produce(status, record.value, record.key, timestamp=int(written * 1000))
    assert client.flush(60) == 0
    text = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now - 3601))
    for since in (text, "90m", "5400s"):
        run = tail("--until-end", "--since", since)
        assert run.wait() == 0, run.err
        assert Counter(shown_keys(run)) == Counter(record.key for record in records[200:])
    run = tail("--until-end", "--since", "1970-01-01")
    assert run.wait() == 0, run.err
    assert len(shown_keys(run)) == 300
    run = tail("--until-end", "--since", "latest")
    assert run.wait() == 0, run.err
    assert run.out == ""


def test_what_comes_is_shown_at_once_and_ctrl_c_is_quiet(stack: Stack, status: str, tail: Tail) -> None:
    send(stack.brokers, status, generated_statuses(50))
    run = tail()
    catch_up(run, stack, status)
    new = generated_statuses(30, topic="new", seed=2)
    sent = time.monotonic()
    send(stack.brokers, status, new)
    run.wait_until(lambda: run.out.count("  new:0:") == 30)
    assert time.monotonic() - sent < 5
    assert "  logs:0:" not in run.out
    stopped = time.monotonic()
    run.process.send_signal(signal.SIGINT)
    assert run.wait(30) == 0
    assert time.monotonic() - stopped < 5
    assert run.err == ""


def test_ctrl_c_before_the_count_is_status_130(stack: Stack, status: str, tail: Tail) -> None:
    send(stack.brokers, status, generated_statuses(20))
    run = tail("--since", "earliest", "--count", "21")
    run.wait_until(lambda: len(run.out.splitlines()) == 20)
    run.process.send_signal(signal.SIGINT)
    assert run.wait(30) == 130
    done = tail("--since", "earliest", "--count", "20")
    assert done.wait() == 0
    assert len(done.out.splitlines()) == 20


def test_partitions_that_come_later_are_shown_too(stack: Stack, status: str, tail: Tail) -> None:
    send(stack.brokers, status, generated_statuses(10))
    run = tail("--json")
    catch_up(run, stack, status)
    admin = AdminClient({"bootstrap.servers": stack.brokers})
    for created in admin.create_partitions([NewPartitions(status, 40)]).values():
        created.result(30)
    new = generated_statuses(200, topic="grown", seed=3)
    deadline = time.monotonic() + 30
    while len(admin.list_topics(status).topics[status].partitions) < 40:
        assert time.monotonic() < deadline
    send(stack.brokers, status, new)
    values = {record.value.decode() for record in new}
    run.wait_until(lambda: values <= set(run.out.splitlines()), 90)


@pytest.mark.parametrize("more", [[], ["--since", "latest"]], ids=["writing", "waiting"])
def test_a_reader_that_leaves_ends_it_quietly(more: list[str], stack: Stack, status: str, tmp_path: Path) -> None:
    send(stack.brokers, status, generated_statuses(30_000))
    command = [sys.executable, "-m", "logcore.tail", stack.brokers, "--topic", status, "--since", "earliest", *more]
    with (tmp_path / "err").open("wb") as err:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=err)
        assert process.stdout is not None
        if not more:
            assert b"logs:0:" in process.stdout.readline()
        process.stdout.close()
        assert process.wait(30) == 0
    assert (tmp_path / "err").read_bytes() == b""


def test_a_log_can_not_drive_a_terminal(stack: Stack, status: str) -> None:
    send(stack.brokers, status, statuses_of([BAD, BAD * 1000]))
    send(stack.brokers, status, [Outgoing("\x1b[2Jkey", b"\xff\x1b[2J\r\n")])
    command = [sys.executable, "-m", "logcore.tail", stack.brokers, "--topic", status, "--until-end"]
    environment = {**os.environ, "TERM": "xterm-256color"}
    environment.pop("NO_COLOR", None)
    code, shown = shown_on_a_terminal(command, environment=environment)
    assert code == 0, shown
    text = shown.decode()
    assert f"logcore-tail: {status} from its beginning; until the end as it is now" in text
    lines = [line for line in text.split("\r\n") if "Z" in line]
    assert len(lines) == 3
    assert "\x1b[31mbad       \x1b[0m" in text
    for line in lines:
        plain = re.sub(r"\x1b\[[0-9]{1,2}m", "", line)
        assert plain.isprintable(), plain
        assert len(plain) <= 100
    assert r"{\x1b]0;title\x07" in text


def test_in_a_pipe_there_are_no_colours_and_whole_lines(stack: Stack, status: str, tail: Tail) -> None:
    send(stack.brokers, status, statuses_of([BAD * 1000]))
    run = tail("--until-end")
    assert run.wait() == 0
    (line,) = run.out.splitlines()
    assert line.isprintable()
    assert line.endswith(r"\x1b]0;title\x07 \u202e")
    assert line.count("title") == 1000
    assert run.err == ""
    colored = tail("--until-end", "--color", "always")
    assert colored.wait() == 0
    assert "\x1b[31m" in colored.out


def test_what_is_missing_is_one_line(stack: Stack, status: str, tail: Tail, tmp_path: Path) -> None:
    run = tail()
    assert run.wait() == 1
    (line,) = run.err.splitlines()
    assert line.startswith(f"logcore-tail: kafka: topic {status} does not exist at {stack.brokers}")
    nobody = Command(tmp_path, "tail", "127.0.0.1:1")
    assert nobody.wait() == 1
    (line,) = nobody.err.splitlines()
    assert line.startswith("logcore-tail: kafka: no broker answers at 127.0.0.1:1 (")


def test_a_full_disk_is_one_line(stack: Stack, status: str) -> None:
    ensure_topic(stack.brokers, status, partitions=1)
    send(stack.brokers, status, generated_statuses(10))
    command = [sys.executable, "-m", "logcore.tail", stack.brokers, "--topic", status, "--until-end"]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (1, "logcore-tail: standard output: No space left on device\n")
    closed = subprocess.run(
        [sys.executable, "-c", "import os, sys; os.close(1); os.execv(sys.executable, sys.argv[1:])", *command],
        stderr=subprocess.PIPE, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (closed.returncode, closed.stderr) == (1, "logcore-tail: standard output is closed\n")
