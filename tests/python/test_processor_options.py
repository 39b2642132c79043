"""The command line of python -m logcore.processor."""

from __future__ import annotations

from pathlib import Path

import pytest

from logcore.processor.options import parse
from logcore.processor.progress import summary

REQUIRED = ["h:1", "--no-tables"]


def test_defaults() -> None:
    options = parse(REQUIRED)
    assert (options.input, options.output, options.group) == ("server-logs", "server-logs-status", "logcore-processor")
    assert (options.interval_s, options.until_end, options.users_ttl_s, options.threads) == (0.01, False, 5.0, 1)
    assert (options.instance, options.mysql, options.starting_offsets) == (None, None, "earliest")


@pytest.mark.parametrize(
    ("text", "interval", "until_end"),
    [("available-now", 0.0, True), ("250 milliseconds", 0.25, False), ("1 second", 1.0, False)],
)
def test_triggers(text: str, interval: float, until_end: bool) -> None:
    options = parse([*REQUIRED, "--trigger", text])
    assert (options.interval_s, options.until_end) == (interval, until_end)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--trigger", "5"], "'5' is neither available-now nor an interval up to 30 seconds"),
        (["--trigger", "5 minutes"], "'5 minutes' is neither"),
        (["--group", "a b"], "'a b' is not a name"),
        (["--threads", "0"], "'0' is not a whole number above 0"),
        (["--users", "nowhere.csv"], "--users nowhere.csv: no such file"),
        (["--users", "mysql"], "--users mysql needs --mysql HOST:PORT"),
        (["--output", "server-logs"], "--input and --output are both 'server-logs'"),
        (["--starting-offsets", "first"], "invalid choice"),
    ],
)
def test_a_wrong_option_is_one_line(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse([*REQUIRED, *arguments], {})
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line


def test_a_password_shows_nowhere(tmp_path: Path) -> None:
    config = tmp_path / "kafka.properties"
    config.write_text("sasl.password=hidden\n", "utf-8")
    mysql = ["--tables", "--mysql", "db", "--mysql-user", "me"]
    options = parse(["h:1", *mysql, "--config", str(config)], {"LOGCORE_MYSQL_PASSWORD": "hidden"})
    assert options.mysql is not None
    assert options.mysql["password"] == "hidden"
    assert "hidden" not in repr(options)


def test_the_summary_counts() -> None:
    stats = {"good": 900, "bad": 60, "suspicious": 40, "elapsed": 2.0, "transactions": 7, "retries": 0}
    assert summary(stats) == "1,000 logs (900 good, 60 bad, 40 suspicious) in 2.0 s (500/s), 7 transactions"
    assert summary({**stats, "retries": 2}).endswith("7 transactions, 2 more were begun anew")
