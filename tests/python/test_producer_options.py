"""The producer's command line and what it shows; nothing here needs Kafka."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from logcore.producer.options import Options, parse
from logcore.producer.progress import Progress, summary

STATS: dict[str, Any] = {
    "generated": 1000, "sent": 1000, "acknowledged": 1000, "failed": 0, "bytes": 172_000, "elapsed": 2.0, "rate": 501.2,
    "done": True, "error": None, "lag_p50": 0.0001, "lag_p99": 0.002, "lag_max": 1.5,
}  # fmt: skip


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line that says why."""
    with pytest.raises(SystemExit) as stopped:
        parse(arguments)
    assert stopped.value.code == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("logcore-producer: ")
    assert lines[0].endswith("; see python -m logcore.producer --help")
    return lines[0]


def test_defaults() -> None:
    assert parse(["b:1", "logs"]) == Options("b:1", "logs")
    assert Options("b:1", "logs").rate == 1000.0
    assert Options("b:1", "logs").logs is None


def test_everything(tmp_path: Path) -> None:
    config = tmp_path / "kafka.properties"
    config.write_text("# TLS\nsecurity.protocol = SSL\nlinger.ms=5\n", encoding="utf-8")
    arguments = (
        "b:1,c:2 logs --rate 0.5 --count 7 --duration 2.5 --threads 3 --seed 9 --start 1700000000 --bad-rate 0.1 "
        f"--suspicious-rate 0.9 --users-seed 4 --accounts 50 --truth --config {config} --contract c.yaml --partitions 8"
    )
    assert parse(arguments.split()) == Options(
        "b:1,c:2", "logs", rate=0.5, logs=7, duration=2.5, threads=3, seed=9, start=1_700_000_000, bad_rate=0.1,
        suspicious_rate=0.9, users_seed=4, accounts=50, truth=True, contract="c.yaml", partitions=8,
        config=(("security.protocol", "SSL"), ("linger.ms", "5")),
    )  # fmt: skip


def test_as_fast_as_can_be_is_no_rate() -> None:
    assert parse(["b:1", "logs", "--rate", "max"]).rate is None


def test_users_from_mysql(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGCORE_MYSQL_PASSWORD", "s3cret")
    options = parse(["b:1", "logs", "--users", "mysql", "--mysql", "db:3307", "--mysql-user", "me"])
    assert options.mysql is not None
    assert (options.mysql["host"], options.mysql["port"], options.mysql["password"]) == ("db", 3307, "s3cret")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ("", "BROKERS"),
        ("b:1", "TOPIC"),
        ("b:1 logs --rate fast", "--rate"),
        ("b:1 logs --rate 0", "--rate"),
        ("b:1 logs --rate nan", "--rate"),
        ("b:1 logs --rate inf", "--rate"),
        ("b:1 logs --rate=-3", "--rate"),
        ("b:1 logs --count 0", "--count"),
        ("b:1 logs --count 1.5", "--count"),
        ("b:1 logs --duration 0", "--duration"),
        ("b:1 logs --duration soon", "--duration"),
        ("b:1 logs --threads 0", "--threads"),
        ("b:1 logs --seed 18446744073709551616", "--seed"),
        ("b:1 logs --start yesterday", "--start"),
        ("b:1 logs --bad-rate 1.1", "--bad-rate"),
        ("b:1 logs --suspicious-rate x", "--suspicious-rate"),
        ("b:1 logs --bad-rate 0.6 --suspicious-rate 0.6", "--bad-rate and --suspicious-rate"),
        ("b:1 logs --accounts 0", "--accounts"),
        ("b:1 logs --users u.csv --accounts 5", "--accounts"),
        ("b:1 logs --users u.csv --users-seed 5", "--users-seed"),
        ("b:1 logs --users mysql", "--mysql HOST:PORT"),
        ("b:1 logs --mysql db --mysql-user me", "--users mysql"),
        ("b:1 logs --partitions 0", "--partitions"),
        ("b:1 logs --config /nowhere/kafka.properties", "--config /nowhere/kafka.properties"),
        ("b:1 logs --cou 5", "--cou"),
    ],
)
def test_a_wrong_option_is_one_line_and_status_2(
    arguments: str, named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert named in refused(capsys, *arguments.split())


def test_empty_names_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert "' ' is not a topic's name" in refused(capsys, "b:1", " ")
    assert "'' is not HOST:PORT" in refused(capsys, "", "logs")


def test_a_wrong_properties_file_is_said_without_its_values(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "kafka.properties"
    config.write_text("sasl.password=hunter2\nsasl.password=hunter2\n", encoding="utf-8")
    line = refused(capsys, "b:1", "logs", "--config", str(config))
    assert "line 2" in line
    assert "hunter2" not in line


def test_help_has_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        parse(["--help"])
    assert stopped.value.code == 0
    assert "python -m logcore.producer 127.0.0.1:9092 server-logs" in capsys.readouterr().out


def test_the_summary_says_what_was_done() -> None:
    assert summary(STATS) == (
        "1,000 acknowledged  0 failed  in 2.0 s (500/s)  172.0 kB (172 bytes each)  "
        "lag p50 0.1 ms, p99 2.0 ms, max 1.5 s"
    )


def test_the_summary_of_nothing_has_no_average_and_no_lag() -> None:
    nothing = {
        **STATS,
        "acknowledged": 0,
        "bytes": 0,
        "elapsed": 0.0,
        "lag_p50": None,
        "lag_p99": None,
        "lag_max": None,
    }
    assert summary(nothing) == "0 acknowledged  0 failed  in 0.0 s (0.00/s)  0 bytes"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_one_line_is_written_over(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    terminal = Terminal()
    progress = Progress(terminal)
    for _ in range(3):
        now[0] += 0.5
        progress.show(STATS)
    progress.note("done")
    written = terminal.getvalue()
    line = "logcore-producer: 501/s  1,000 acknowledged  0 failed  lag p99 2.0 ms"
    assert written == f"\r{line}" * 3 + f"\r{'logcore-producer: done'.ljust(len(line))}\n"


def test_in_a_log_a_line_comes_every_5_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    log = io.StringIO()
    progress = Progress(log)
    for _ in range(100):
        now[0] += 0.1
        progress.show(STATS)
    assert len(log.getvalue().splitlines()) in (1, 2)
    assert "\r" not in log.getvalue()


def test_the_first_failure_is_told_at_once_and_once() -> None:
    log = io.StringIO()
    progress = Progress(log)
    progress.show({**STATS, "error": "Local: Message timed out"})
    progress.show({**STATS, "error": "Local: Message timed out"})
    assert log.getvalue() == "logcore-producer: not acknowledged: Local: Message timed out\n"


def test_a_shard_is_a_part_of_a_stream_that_starts_at_a_time(capsys: pytest.CaptureFixture[str]) -> None:
    assert parse(["b:1", "logs", "--start", "1700000000", "--shard", "3/3"]).shard == (2, 3)
    assert parse(["b:1", "logs", "--shard", "1/1"]).shard == (0, 1)
    assert "--start" in refused(capsys, "b:1", "logs", "--shard", "1/2")
    for wrong in ("0/2", "3/2", "1", "1/", "/2", "a/b", "1/2/3", "-1/2", "1/1000001"):
        refused(capsys, "b:1", "logs", "--start", "1700000000", f"--shard={wrong}")
