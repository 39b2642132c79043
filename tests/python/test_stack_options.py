"""The stack's program without its services: options, ports, processes, what is fetched, what logs say."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Callable

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY))

from stack import artifacts, logs, mariadb, ports, probe, process  # noqa: E402
from stack.error import Interrupted, StackError  # noqa: E402
from stack.interrupt import Interrupt  # noqa: E402
from stack.java import find_java, parse_settings  # noqa: E402
from stack.layout import Layout, write_private  # noqa: E402
from stack.options import parse  # noqa: E402
from stack.stop import stop_all  # noqa: E402


def stack(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs ``python -m stack`` as a person does, with nothing of this session's settings."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LOGCORE_")}
    return subprocess.run(
        [sys.executable, "-m", "stack", *arguments],
        cwd=REPOSITORY,
        env={**clean, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


class TestOptions:
    def test_defaults(self) -> None:
        options = parse(["up"], {})
        assert options.services == ("kafka", "mariadb", "elasticsearch")
        assert options.directory == REPOSITORY / ".stack"
        assert options.ports == {"--kafka-port": 9092, "--mysql-port": 3306, "--elasticsearch-port": 9200}
        assert options.asked_ports == frozenset()
        assert options.partitions == 4

    def test_an_option_beats_a_variable_and_a_variable_the_default(self) -> None:
        environment = {"LOGCORE_KAFKA_PORT": "1001", "LOGCORE_MYSQL_PORT": "1002", "LOGCORE_STACK_DIR": "/one"}
        options = parse(["up", "--kafka-port", "2001", "--dir", "/two"], environment)
        assert options.ports["--kafka-port"] == 2001
        assert options.ports["--mysql-port"] == 1002
        assert options.ports["--elasticsearch-port"] == 9200
        assert options.asked_ports == {"--kafka-port", "--mysql-port"}
        assert options.directory == Path("/two")
        assert parse(["status"], environment).directory == Path("/one")

    def test_services_come_in_one_order_and_once(self) -> None:
        assert parse(["down", "mariadb", "kafka", "mariadb"], {}).services == ("kafka", "mariadb")

    def test_an_empty_variable_counts_as_unset(self) -> None:
        options = parse(["up"], {"LOGCORE_KAFKA_PORT": "", "LOGCORE_STACK_DIR": ""})
        assert options.ports["--kafka-port"] == 9092
        assert options.directory == REPOSITORY / ".stack"

    @pytest.mark.parametrize(
        ("arguments", "environment", "said"),
        [
            (["up", "kafak"], {}, "no service is called 'kafak'"),
            (["up", "--kafka-port", "65536"], {}, "'65536' is not a port"),
            (["up", "--kafka-port", "0"], {}, "'0' is not a port"),
            (["up"], {"LOGCORE_MYSQL_PORT": "x"}, "LOGCORE_MYSQL_PORT: 'x' is not a port"),
            (["up", "--mysql-port", "9092"], {}, "--kafka-port and --mysql-port are both 9092"),
            (["up", "--kafka-controller-port", "9092"], {}, "are both 9092"),
            (["up", "--timeout", "nan"], {}, "'nan' is not a number of seconds"),
            (["up", "--partitions", "0"], {}, "'0' is not a number of partitions"),
            (["fly"], {}, "fly"),
            ([], {}, "up|down|status"),
        ],
    )
    def test_a_wrong_option_is_one_line_and_status_2(
        self, arguments: list[str], environment: dict[str, str], said: str
    ) -> None:
        done = stack(*arguments, **environment)
        assert done.returncode == 2
        assert done.stdout == ""
        assert done.stderr.count("\n") == 1
        assert said in done.stderr

    def test_two_services_may_share_a_port_if_only_one_is_asked_for(self) -> None:
        assert parse(["up", "mariadb", "--mysql-port", "9092"], {}).ports["--mysql-port"] == 9092

    @pytest.mark.parametrize("command", [(), ("up",), ("down",), ("status",)])
    def test_help_has_an_example(self, command: tuple[str, ...]) -> None:
        done = stack(*command, "--help")
        assert done.returncode == 0
        assert "examples:\n  python -m stack " in done.stdout


class TestCommandsWithoutServices:
    def test_down_is_no_error_where_nothing_is(self, tmp_path: Path) -> None:
        assert stack("down", "--dir", str(tmp_path / "none")).returncode == 0
        assert not (tmp_path / "none").exists()
        assert "kafka          not running" in stack("down", "--dir", str(tmp_path)).stdout

    def test_status_is_1_and_makes_nothing(self, tmp_path: Path) -> None:
        done = stack("status", "--json", "--dir", str(tmp_path / "none"))
        assert done.returncode == 1
        assert [(row["service"], row["state"]) for row in json.loads(done.stdout)] == [
            ("kafka", "stopped"),
            ("mariadb", "stopped"),
            ("elasticsearch", "stopped"),
        ]
        assert not (tmp_path / "none").exists()

    def test_a_record_of_a_dead_process_reads_as_died(self, tmp_path: Path) -> None:
        layout = Layout(tmp_path)
        layout.create()
        process.Record(pid=os.getpid(), start_ticks=1, boot_id="another boot", port=1).write(layout.record("kafka"))
        assert json.loads(stack("status", "--json", "kafka", "--dir", str(tmp_path)).stdout)[0]["state"] == "died"
        assert stack("down", "kafka", "--dir", str(tmp_path)).returncode == 0
        assert stack("status", "--json", "kafka", "--dir", str(tmp_path)).stdout.count("stopped") == 1

    def test_a_folder_that_the_services_cannot_take(self, tmp_path: Path) -> None:
        done = stack("up", "--dir", str(tmp_path / "with space"))
        assert done.returncode == 1
        assert "--dir" in done.stderr
        assert done.stderr.count("\n") == 1

    def test_a_taken_port_names_the_process_and_the_ways_out(self, tmp_path: Path) -> None:
        with socket.create_server((ports.HOST, 0)) as listener:
            port = listener.getsockname()[1]
            done = stack("up", "mariadb", "--dir", str(tmp_path), "--mysql-port", str(port))
        assert done.returncode == 1
        assert done.stderr.count("\n") == 1
        for part in (str(port), f"(pid {os.getpid()})", "--mysql-port", "LOGCORE_MYSQL_PORT"):
            assert part in done.stderr


class TestPorts:
    def test_a_free_port_passes(self) -> None:
        ports.require_free(ports.any_free_port(), "a test", "--option", "VARIABLE")

    def test_a_port_taken_on_all_addresses_is_taken(self) -> None:
        with socket.create_server(("0.0.0.0", 0)) as listener, pytest.raises(StackError, match="is taken by"):
            ports.require_free(listener.getsockname()[1], "a test", "--option", "VARIABLE")

    def test_nobody_owns_a_free_port(self) -> None:
        assert ports.owner(ports.any_free_port()) is None


@pytest.fixture
def interrupt() -> Iterator[Interrupt]:
    """An Interrupt that is installed, and the former handlers back afterwards."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    handlers = [(number, signal.getsignal(number)) for number in numbers]
    made = Interrupt()
    made.install()
    yield made
    for number, handler in handlers:
        signal.signal(number, handler)


class TestProcesses:
    @staticmethod
    def start(tmp_path: Path, script: str) -> subprocess.Popen[bytes]:
        return process.start(process.Command(["sh", "-c", script], cwd=tmp_path), tmp_path / "log")

    def test_a_record_knows_its_process_and_no_other(self, tmp_path: Path) -> None:
        child = self.start(tmp_path, "exec sleep 60")
        record = process.Record.of(child.pid, port=1)
        record.write(tmp_path / "record.json")
        assert process.read_record(tmp_path / "record.json") == record
        assert record.alive()
        reused = process.Record(record.pid, record.start_ticks + 1, record.boot_id, record.port)
        assert not reused.alive()
        assert not process.group_alive(reused)
        process.signal_group(reused, signal.SIGKILL)
        assert record.alive(), "a stranger under a reused pid was killed"
        assert stop_all({"sleep": record}, Interrupt(), lambda _name, _how: None) == []
        assert not record.alive()
        child.wait()

    @pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}'])
    def test_a_broken_record_is_none(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "record.json").write_text(text)
        assert process.read_record(tmp_path / "record.json") is None

    def test_descendants_end_with_their_leader(self, tmp_path: Path) -> None:
        child = self.start(tmp_path, "sleep 60 & echo $! > inner; sleep 60")
        record = process.Record.of(child.pid, port=1)
        while not (tmp_path / "inner").exists() or not (tmp_path / "inner").read_text():
            pass
        child.kill()
        child.wait()
        assert not record.alive()
        assert process.group_alive(record)
        assert stop_all({"sleep": record}, Interrupt(), lambda _name, _how: None) == []
        assert not process.group_alive(record)

    def test_what_ignores_sigterm_is_killed(self, tmp_path: Path) -> None:
        child = self.start(tmp_path, "trap '' TERM; echo ready; while :; do sleep 1; done")
        record = process.Record.of(child.pid, port=1)
        while b"ready" not in (tmp_path / "log").read_bytes():
            pass
        told: list[str] = []
        assert stop_all({"stubborn": record}, Interrupt(), lambda _name, how: told.append(how), grace_s=0.3) == []
        assert told[0].startswith("killed")
        child.wait()

    def test_ctrl_c_is_seen_where_the_program_looks(self, interrupt: Interrupt) -> None:
        interrupt.check()
        os.kill(os.getpid(), signal.SIGINT)
        assert not interrupt.impatient
        with pytest.raises(Interrupted) as caught:
            interrupt.pause()
        assert caught.value.signal_number == signal.SIGINT
        os.kill(os.getpid(), signal.SIGINT)
        assert interrupt.impatient


def fake_maven(folder: Path, script: str) -> None:
    """A program `mvn` in `folder` that runs `script` with $TARGET set to the folder it is to fill."""
    program = folder / "mvn"
    program.write_text(
        '#!/bin/sh\nfor a; do case "$a" in -Dartifacts.dir=*) TARGET="${a#*=}";; esac; done\n' + script,
        encoding="ascii",
    )
    program.chmod(0o755)


class TestFetch:
    @pytest.fixture
    def layout(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
        (tmp_path / "bin").mkdir()
        monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
        (tmp_path / "pom.xml").write_text("<project/>")
        layout = Layout(tmp_path / "stack")
        layout.create()
        return layout

    @staticmethod
    def fetch(layout: Layout, interrupt: Interrupt | None = None) -> artifacts.Artifacts:
        pom = layout.root.parent / "pom.xml"
        return artifacts.fetch(layout, pom, interrupt or Interrupt(), others_running=False)

    def test_fetches_once_and_again_for_another_pom(self, layout: Layout) -> None:
        bin_folder = layout.root.parent / "bin"
        fake_maven(bin_folder, 'mkdir -p "$TARGET/kafka/lib"; echo x >> ../count')
        first = self.fetch(layout)
        assert first.kafka_jars.is_dir()
        assert self.fetch(layout) == first
        assert (layout.root.parent / "count").read_text() == "x\n"
        (layout.root.parent / "pom.xml").write_text("<project></project>")
        assert self.fetch(layout) != first
        assert not first.root.exists()

    def test_a_failure_leaves_nothing_that_counts_as_fetched(self, layout: Layout) -> None:
        bin_folder = layout.root.parent / "bin"
        fake_maven(bin_folder, 'mkdir -p "$TARGET/kafka"; echo "[ERROR] no route to host"; exit 1')
        with pytest.raises(StackError, match=r"no route to host.*fetch\.log"):
            self.fetch(layout)
        assert list(layout.artifacts.iterdir()) == []

    def test_ctrl_c_ends_maven_and_its_children(self, layout: Layout, interrupt: Interrupt) -> None:
        bin_folder = layout.root.parent / "bin"
        fake_maven(bin_folder, 'mkdir -p "$TARGET"; sleep 60 & echo $! > ../child; wait')
        threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
        with pytest.raises(Interrupted):
            self.fetch(layout, interrupt)
        assert list(layout.artifacts.iterdir()) == []
        child = int((layout.root.parent / "child").read_text())
        state = Path(f"/proc/{child}/stat")
        assert not state.exists() or ") Z " in state.read_text()

    def test_no_maven_is_said(self, layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATH", str(layout.root))
        with pytest.raises(StackError, match="install Maven"):
            self.fetch(layout)


class TestJava:
    def test_settings(self) -> None:
        text = "    java.home = /opt/jdk\n    java.specification.version = {}\n"
        assert parse_settings(text.format("17")) == ("/opt/jdk", 17)
        assert parse_settings(text.format("1.8")) == ("/opt/jdk", 8)
        assert parse_settings("nothing") is None

    @pytest.mark.parametrize(("version", "said"), [("11", "needs 17 or newer"), ("25", "runs on 17 to 23")])
    def test_a_version_that_does_not_fit(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, said: str
    ) -> None:
        program = tmp_path / "bin" / "java"
        program.parent.mkdir()
        program.write_text(f"#!/bin/sh\necho java.home = /opt\necho java.specification.version = {version} >&2\n")
        program.chmod(0o755)
        monkeypatch.setenv("JAVA_HOME", str(tmp_path))
        with pytest.raises(StackError, match=said):
            find_java(elasticsearch=True)

    def test_none_at_all(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.delenv("JAVA_HOME", raising=False)
        with pytest.raises(StackError, match="install a JDK 17"):
            find_java(elasticsearch=False)


class TestMariaDB:
    def test_only_our_databases_are_granted(self) -> None:
        granted = [line for line in mariadb.accounts_sql("secret").splitlines() if line.startswith("GRANT")]
        assert [line.split("`")[1] for line in granted] == ["logs", r"logs\_%", r"dim\_users", r"dim\_users\_%"]
        assert all("*.*" not in line for line in granted)

    def test_a_long_folder_gets_a_short_socket(self, tmp_path: Path) -> None:
        assert mariadb.socket_path(Layout(Path("/srv/stack"))) == Path("/srv/stack/run/mariadb.sock")
        assert len(os.fsencode(mariadb.socket_path(Layout(tmp_path / ("x" * 120))))) <= 107

    def test_secrets_are_for_their_owner_only(self, tmp_path: Path) -> None:
        path = tmp_path / "mysql.cnf"
        path.write_text("open")
        path.chmod(0o644)
        write_private(path, "secret")
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.read_text() == "secret"


class TestLogs:
    def test_the_reason_is_the_last_errors_without_their_frames(self, tmp_path: Path) -> None:
        log = tmp_path / "kafka.log"
        log.write_text(
            "2026-01-01 00:00:00,000 INFO  up\n2026-01-01 00:00:01,000 ERROR Exiting due to fatal exception\n"
            "java.lang.RuntimeException: no space\n\tat a.b.C(D.java:1)\nbye\n"
        )
        assert logs.reason(log) == "ERROR Exiting due to fatal exception | java.lang.RuntimeException: no space"

    def test_without_errors_the_last_line_speaks(self, tmp_path: Path) -> None:
        log = tmp_path / "kafka.log"
        log.write_text("one\ntwo\n\n")
        assert logs.reason(log) == "two"
        log.write_text("")
        assert logs.reason(log) == "its log is empty"
        assert logs.reason(tmp_path / "none") == "it wrote no log"

    def test_a_long_line_is_cut(self, tmp_path: Path) -> None:
        log = tmp_path / "kafka.log"
        log.write_text("x" * 10_000)
        assert len(logs.reason(log)) <= 480


def answering(answer: bytes) -> Iterator[int]:
    """A server that reads a little, answers `answer` and hangs up; yields its port."""
    with socket.create_server((ports.HOST, 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.settimeout(0.2)
                # MariaDB's clients wait for the server to speak first.
                with contextlib.suppress(TimeoutError):
                    connection.recv(4096)
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


_KAFKA_ANSWER = struct.pack(">iiiihhii", 24, 1, 1, 1, 0, 0, 9092, 0)


class TestProbes:
    @pytest.mark.parametrize(
        ("ask", "answer", "expected"),
        [
            (probe.kafka_answers, _KAFKA_ANSWER, True),
            (probe.kafka_answers, struct.pack(">iiii", 12, 1, 0, 0), False),  # no live broker yet
            (probe.kafka_answers, b"HTTP/1.1 400 Bad Request\r\n\r\n", False),
            (probe.kafka_answers, b"", False),
            (probe.mariadb_answers, b"\x4a\x00\x00\x00\x0a11.4.5-MariaDB\x00", True),
            (probe.mariadb_answers, b"\x17\x00\x00\x00\xff\x10\x04Too many connections", False),
            (probe.mariadb_answers, b"", False),
            (probe.elasticsearch_answers, b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}", True),
            (probe.elasticsearch_answers, b"HTTP/1.1 408 Timeout\r\ncontent-length: 0\r\n\r\n", False),
            (probe.elasticsearch_answers, b"\x00", False),
        ],
    )
    def test_only_the_right_answer_counts(self, ask: Callable[[int], bool], answer: bytes, expected: bool) -> None:
        for port in answering(answer):
            assert ask(port) is expected

    @pytest.mark.parametrize("name", ["kafka", "mariadb", "elasticsearch"])
    def test_nobody_there_is_no_answer(self, name: str) -> None:
        assert not probe.PROBES[name](ports.any_free_port())
