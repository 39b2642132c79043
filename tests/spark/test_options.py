"""The processor's command line, parsed here and by the real entry."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from logcore.spark.options import Options, parse

PROCESSOR = Path(__file__).resolve().parents[2] / "spark" / "processor.py"


@pytest.fixture
def users_file(tmp_path: Path) -> str:
    path = tmp_path / "users.csv"
    path.write_text("account_id,device\n1,ANDROID\n", "utf-8")
    return str(path)


def parsed(*arguments: str, **environment: str) -> Options:
    return parse(list(arguments), environment)


def test_the_least_that_works(users_file: str) -> None:
    options = parsed("localhost:9092", "--checkpoint", "cp", "--users", users_file, "--no-tables")
    assert (options.brokers, options.checkpoint, options.users) == ("localhost:9092", "cp", users_file)
    assert (options.input, options.output) == ("server-logs", "server-logs-status")
    assert (options.starting_offsets, options.users_ttl_s) == ("earliest", 0.0)
    assert options.trigger_arguments == {"processingTime": "5 seconds"}
    assert (options.mysql, options.tables, options.users_from_mysql) == (None, False, False)
    assert (options.max_offsets_per_trigger, options.min_partitions) == (None, None)


def test_everything(users_file: str, tmp_path: Path) -> None:
    files = {name: str(tmp_path / name) for name in ("contract.yaml", "kafka.properties")}
    for path in files.values():
        Path(path).write_text("", "utf-8")
    options = parsed(
        "a:1,b:2", "--input", "in", "--output", "out", "--checkpoint", "s3://bucket/cp", "--users", "mysql",
        "--users-ttl", "60", "--tables", "--mysql", "db:3307", "--mysql-user", "me", "--trigger", "available-now",
        "--starting-offsets", '{"in":{"0":23}}', "--max-offsets-per-trigger", "1000", "--min-partitions", "8",
        "--contract", files["contract.yaml"], "--kafka-config", files["kafka.properties"],
        LOGCORE_MYSQL_PASSWORD="s3cret",
    )  # fmt: skip
    assert options.trigger_arguments == {"availableNow": True}
    assert options.mysql is not None
    assert (options.mysql["host"], options.mysql["port"], options.mysql["password"]) == ("db", 3307, "s3cret")
    assert (options.users_from_mysql, options.users_ttl_s) == (True, 60.0)
    assert (options.max_offsets_per_trigger, options.min_partitions) == (1000, 8)
    assert "s3cret" not in repr(options)


def test_a_csv_without_tables_looks_at_no_mysql_option(users_file: str) -> None:
    options = parsed("h:1", "--checkpoint", "cp", "--users", users_file, "--no-tables", "--mysql", "db")
    assert options.mysql is None


REQUIRED = ("localhost:9092", "--checkpoint", "cp", "--no-tables")

WRONG = [
    ((), "required: BROKERS, --checkpoint"),
    (("localhost", "--checkpoint", "cp"), "'localhost' is not HOST:PORT"),
    (("localhost:9092,", "--checkpoint", "cp"), "'' is not HOST:PORT"),
    (("localhost:9092", "--checkpoint", ""), "--checkpoint: it is empty"),
    ((*REQUIRED, "--users", "nowhere.csv"), "--users nowhere.csv: no such file"),
    ((*REQUIRED, "--contract", "nowhere.yaml"), "--contract nowhere.yaml: no such file"),
    ((*REQUIRED, "--kafka-config", "nowhere.properties"), "--kafka-config nowhere.properties: no such file"),
    ((*REQUIRED, "--trigger", "5 fortnights"), "--trigger: '5 fortnights' is neither available-now nor an interval"),
    ((*REQUIRED, "--trigger", "5"), "--trigger: '5'"),
    ((*REQUIRED, "--starting-offsets", "first"), "--starting-offsets: 'first' is neither"),
    ((*REQUIRED, "--starting-offsets", "[1]"), "--starting-offsets: '[1]' is neither"),
    ((*REQUIRED, "--max-offsets-per-trigger", "0"), "'0' is not a whole number above 0"),
    ((*REQUIRED, "--min-partitions", "-1"), "'-1' is not a whole number above 0"),
    ((*REQUIRED, "--users-ttl", "nan"), "--users-ttl: 'nan' is not a number of seconds"),
    ((*REQUIRED, "--input", "a,b"), "--input: 'a,b' is not a topic's name"),
    ((*REQUIRED, "--input", "same", "--output", "same"), "--input and --output are both 'same'"),
    ((*REQUIRED, "--tables"), "not allowed with argument"),
    ((*REQUIRED, "--users", "mysql"), "--users mysql needs --mysql HOST:PORT or --mysql-defaults-file"),
    (("localhost:9092", "--checkpoint", "cp"), "--tables needs --mysql HOST:PORT or --mysql-defaults-file FILE"),
    (("localhost:9092", "--checkpoint", "cp", "--mysql", "db"), "no MySQL user is named"),
    ((*REQUIRED, "--mysql-defaults-file", "nowhere.cnf", "--users", "mysql"), "--mysql-defaults-file nowhere.cnf: No"),
    ((*REQUIRED, "--mysql-password", "x"), "there is no option --mysql-password"),
    ((*REQUIRED, "--check", "x"), "there is no option --check; did you mean --checkpoint?"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "message"), WRONG)
def test_a_wrong_option_is_one_line_and_status_2(
    arguments: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        parsed(*arguments)
    (line,) = capsys.readouterr().err.splitlines()
    assert stopped.value.code == 2
    assert message in line
    assert line.endswith("see processor.py --help")


def run_entry(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(PROCESSOR), *arguments], capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.parametrize(("arguments", "message"), [WRONG[0], WRONG[1], WRONG[17]])
def test_the_entry_says_it_in_one_line_without_starting_spark(arguments: tuple[str, ...], message: str) -> None:
    done = run_entry(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert message in line


def test_the_entry_refuses_a_contract_that_does_not_compile(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text("kind: DataContract\nschema: 3\n", "utf-8")
    done = run_entry(*REQUIRED, "--contract", str(broken))
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert f"--contract {broken}: " in line


def test_the_entry_asks_for_users_that_the_contract_looks_up() -> None:
    done = run_entry(*REQUIRED)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "give --users FILE.csv or --users mysql" in line


def test_help_has_an_example_that_can_be_pasted() -> None:
    done = run_entry("--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert "spark-submit --packages org.apache.spark:spark-sql-kafka-0-10_2.12:3.5.1" in done.stdout
    assert "spark-sql-kafka-0-10_2.13:4.1.1" in done.stdout
