"""What the commands export: names, values, the endpoint that Prometheus scrapes, and options."""

from __future__ import annotations

import argparse
import re
import socket
import sys
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from logcore import Contract, Users, __version__
from logcore.indexer import __main__ as indexer
from logcore.indexer.delivery import Settled
from logcore.metrics import figures as f
from logcore.metrics.endpoint import Endpoint, SourcesCollector
from logcore.metrics.figures import FIGURES, Figure, Source
from logcore.metrics.port import Address, MetricsError, exposed, metrics_address
from logcore.metrics.sources import build_source, indexer_source, processor_source, producer_source, users_source
from logcore.processor import __main__ as processor
from logcore.processor.options import parse as parse_processor
from logcore.producer import __main__ as producer
from logcore.producer.options import parse as parse_producer
from logcore.users_source import RefreshedUsers

LOOPBACK = Address("127.0.0.1", 0)


def values(source: Source) -> dict[tuple[str, ...], float]:
    """What a source gives, by the figure's name and its labels' values."""
    return {(figure.name, *labels): value for figure, labels, value in source()}


def scrape(url: str) -> dict[tuple[str, ...], float]:
    """What a scrape finds, by the sample's name and its labels' values in the figure's order."""
    with urllib.request.urlopen(url, timeout=10) as answer:
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        text = answer.read().decode()
    order = {figure.name: figure.labels for figure in FIGURES}
    return {
        (sample.name, *(sample.labels[label] for label in order.get(sample.name, sorted(sample.labels)))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def endpoint(said: list[str]) -> Iterator[Endpoint]:
    endpoint = Endpoint(LOOPBACK, said.append)
    yield endpoint
    endpoint.close()


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])


class TestNames:
    @pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.name)
    def test_each_is_as_prometheus_wants_it(self, figure: Figure) -> None:
        assert re.fullmatch(r"logcore_[a-z]+(_[a-z]+)+", figure.name)
        assert figure.name.endswith("_total") == (figure.kind == f.COUNTER)
        assert figure.text[0].isupper() or figure.text.startswith("1, with")
        assert not figure.text.endswith(".")
        assert len(set(figure.labels)) == len(figure.labels)

    def test_none_stands_twice_and_none_is_left_out(self) -> None:
        assert len({figure.name for figure in FIGURES}) == len(FIGURES)
        assert set(FIGURES) == {value for value in vars(f).values() if isinstance(value, Figure)}


class TestSources:
    def test_the_producer(self) -> None:
        stats: dict[str, Any] = {
            "generated": 120, "sent": 110, "acknowledged": 100, "failed": 3, "bytes": 20_000, "elapsed": 2.0,
            "rate": 50.0, "done": False, "error": None, "lag_p50": 0.001, "lag_p99": 0.02, "lag_max": 0.3,
        }  # fmt: skip
        assert values(producer_source(lambda: stats, 50.0)) == {
            ("logcore_producer_generated_total",): 120,
            ("logcore_producer_logs_total", "acknowledged"): 100,
            ("logcore_producer_logs_total", "failed"): 3,
            ("logcore_producer_sent_bytes_total",): 20_000,
            ("logcore_producer_send_delay_seconds", "0.5"): 0.001,
            ("logcore_producer_send_delay_seconds", "0.99"): 0.02,
            ("logcore_producer_send_delay_seconds", "1"): 0.3,
            ("logcore_producer_target_rate",): 50,
        }
        stats.update(lag_p50=None, lag_p99=None, lag_max=None)
        without_a_rate = values(producer_source(lambda: stats, None))
        assert not any(name.endswith(("delay_seconds", "_rate")) for name, *_ in without_a_rate)

    def test_the_processor(self) -> None:
        stats = {
            "good": 70, "bad": 20, "suspicious": 10, "bytes": 15_000, "transactions": 4, "retries": 1, "lag": 7,
            "elapsed": 1.0, "done": False, "error": None,
        }  # fmt: skip
        assert values(processor_source(lambda: stats)) == {
            ("logcore_processor_logs_total", "process", "good"): 70,
            ("logcore_processor_logs_total", "process", "bad"): 20,
            ("logcore_processor_logs_total", "process", "suspicious"): 10,
            ("logcore_processor_read_bytes_total", "process"): 15_000,
            ("logcore_processor_transactions_total", "process", "committed"): 4,
            ("logcore_processor_transactions_total", "process", "retried"): 1,
            ("logcore_processor_lag_logs", "process"): 7,
        }
        stats["lag"] = None
        assert ("logcore_processor_lag_logs", "process") not in values(processor_source(lambda: stats))

    def test_the_users_and_how_old_they_are(self) -> None:
        now = 100.0
        sets: list[Users | Exception] = [Users([(1, "IOS")]), OSError("away"), Users([(1, "IOS"), (2, "IOS")])]

        def read() -> Users:
            found = sets.pop(0)
            if isinstance(found, Exception):
                raise found
            return found

        users = RefreshedUsers(read, ttl_s=0.0, say=lambda _: None, clock=lambda: now)
        source, first = users_source(users), users.last.version

        def expected(age: float, rows: int, failures: int) -> dict[tuple[str, ...], float]:
            return {
                ("logcore_users_age_seconds",): age,
                ("logcore_users_rows",): rows,
                ("logcore_users_info", users.last.version): 1,
                ("logcore_users_read_failures_total",): failures,
            }

        now += 5
        assert values(source) == expected(5, 1, 0)
        users.current()
        users.current()
        now += 5
        assert values(source) == expected(10, 1, 1)
        assert users.last.version == first
        users.current()
        assert values(source) == expected(0, 2, 1)
        assert users.last.version != first

    def test_the_indexer(self) -> None:
        lag: int | None = None
        source = indexer_source(lambda: Settled(5, 2, 1), lambda: lag)
        counts = {
            ("logcore_indexer_documents_total", "indexed"): 5,
            ("logcore_indexer_documents_total", "replayed"): 2,
            ("logcore_indexer_documents_total", "rejected"): 1,
        }
        assert values(source) == counts
        lag = -3
        assert values(source) == {**counts, ("logcore_indexer_lag_records",): 0}

    def test_the_versions(self) -> None:
        contract = Contract.server_logs()
        assert values(build_source(contract)) == {("logcore_build_info", __version__, contract.version): 1}


class TestEndpoint:
    def test_a_scrape_finds_what_the_sources_say_now(self, endpoint: Endpoint) -> None:
        count = 1
        endpoint.add(lambda: [f.INDEXER_DOCUMENTS.reading(count, "indexed"), f.INDEXER_LAG.reading(0.5)])
        endpoint.add(lambda: [f.INDEXER_DOCUMENTS.reading(9, "rejected")])
        for count in (1, 2):
            found = scrape(endpoint.url)
            assert found["logcore_indexer_documents_total", "indexed"] == count
            assert found["logcore_indexer_documents_total", "rejected"] == 9
            assert found["logcore_indexer_lag_records",] == 0.5
        assert found["process_resident_memory_bytes",] > 1_000_000
        assert not any(name.endswith("_created") for name, *_ in found)

    def test_text_is_as_prometheus_reads_it(self, endpoint: Endpoint) -> None:
        endpoint.add(lambda: [f.SPARK_BATCHES.reading(3, 'a "query"\n\\'), f.USERS_ROWS.reading(1000)])
        with urllib.request.urlopen(endpoint.url, timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        assert "# TYPE logcore_spark_batches_total counter" in lines
        assert r'logcore_spark_batches_total{query="a \"query\"\n\\"} 3.0' in lines
        assert "# TYPE logcore_users_rows gauge" in lines
        assert "logcore_users_rows 1000.0" in lines

    def test_a_source_that_fails_is_left_out_and_told_once(self, endpoint: Endpoint, said: list[str]) -> None:
        failing = True

        def source() -> Iterator[Any]:
            yield f.USERS_ROWS.reading(1)
            if failing:
                raise RuntimeError("it is\nclosed")

        endpoint.add(source)
        endpoint.add(lambda: [f.INDEXER_LAG.reading(1)])
        for _ in range(2):
            found = scrape(endpoint.url)
            assert ("logcore_users_rows",) not in found
            assert found["logcore_indexer_lag_records",] == 1
        assert said == ["warning: some metrics can't be read: it is closed"]
        failing = False
        assert scrape(endpoint.url)["logcore_users_rows",] == 1

    def test_who_hangs_up_leaves_no_trace(self, endpoint: Endpoint, capfd: pytest.CaptureFixture[str]) -> None:
        endpoint.add(lambda: [f.SPARK_BATCHES.reading(1, f"{n}" * 1000) for n in range(1000)])
        port = int(endpoint.url.rsplit(":", 1)[1].split("/")[0])
        for request in (b"GET /metrics HTTP/1.0\r\n\r\n", b"\x00\xff\r\n\r\n", b"GET"):
            with socket.create_connection(("127.0.0.1", port)) as rude:
                rude.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
                rude.sendall(request)
        assert scrape(endpoint.url)
        assert "Traceback" not in capfd.readouterr().err

    def test_a_port_that_is_taken_is_one_line(self, taken: int) -> None:
        with pytest.raises(MetricsError) as error, exposed(Address("127.0.0.1", taken), print):
            raise AssertionError
        assert str(error.value) == (
            f"metrics can't be served at 127.0.0.1:{taken}: Address already in use; name another port, or 0 for one "
            "that is free"
        )

    def test_a_host_that_is_not_ours_is_one_line(self) -> None:
        with pytest.raises(MetricsError, match=r"metrics can't be served at 192\.0\.2\.1:9401: "):
            Endpoint(Address("192.0.2.1", 9401), print)
        with pytest.raises(MetricsError, match=r"metrics can't be served at a\.\.b:9401: "):
            Endpoint(Address("a..b", 9401), print)

    def test_without_the_library_it_says_which_extra(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in [name for name in sys.modules if name.partition(".")[0] == "prometheus_client"]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.delitem(sys.modules, "logcore.metrics.endpoint")
        monkeypatch.setitem(sys.modules, "prometheus_client", None)
        with pytest.raises(MetricsError) as error, exposed(LOOPBACK, print):
            raise AssertionError
        assert str(error.value) == (
            "metrics need the module prometheus_client: pip install 'logcore_streaming-….whl[metrics]'"
        )

    def test_it_says_where_and_leaves_the_port(self, said: list[str]) -> None:
        with exposed(LOOPBACK, said.append) as expose:
            expose(lambda: [f.USERS_ROWS.reading(3)])
            (line,) = said
            assert line.startswith("metrics at http://127.0.0.1:")
            url = line.removeprefix("metrics at ")
            assert scrape(url)["logcore_users_rows",] == 3
        port = int(url.rsplit(":", 1)[1].split("/")[0])
        with socket.create_server(("127.0.0.1", port)):
            pass

    def test_nobody_asked_nothing_is_served(self, said: list[str]) -> None:
        with exposed(None, said.append) as expose:
            expose(lambda: [f.USERS_ROWS.reading(3)])
        assert said == []

    def test_a_registry_of_ones_own_takes_the_collector(self) -> None:
        from prometheus_client import CollectorRegistry

        registry = CollectorRegistry(auto_describe=True)
        asked: list[int] = []

        def source() -> list[Any]:
            asked.append(1)
            return [f.USERS_ROWS.reading(3)]

        registry.register(SourcesCollector(print, source))
        assert asked == []
        assert registry.get_sample_value("logcore_users_rows") == 3


class TestOptions:
    @pytest.mark.parametrize(
        ("text", "address"),
        [
            ("9401", ("127.0.0.1", 9401)),
            ("0", ("127.0.0.1", 0)),
            ("0.0.0.0:9401", ("0.0.0.0", 9401)),
            ("metrics.example:65535", ("metrics.example", 65535)),
            ("[::1]:9401", ("::1", 9401)),
            ("[::]:0", ("::", 0)),
        ],
    )
    def test_addresses(self, text: str, address: tuple[str, int]) -> None:
        assert metrics_address(text) == address

    @pytest.mark.parametrize(
        "text", ["", ":9401", "host:", "::1:9401", "[::1]", "65536", "-1", "٣", "a b:1", "http://h:1", "h:1/metrics"]
    )
    def test_what_is_no_address(self, text: str) -> None:
        with pytest.raises(argparse.ArgumentTypeError, match=r"is not \[HOST:\]PORT with a port up to 65535"):
            metrics_address(text)

    def test_where_figures_go(self) -> None:
        assert not parse_processor(["h:1", "--no-tables"]).metrics.asked_for
        options = parse_processor(
            ["h:1", "--no-tables", "--metrics-port", "9402", "--metrics-elasticsearch", "https://es:9200",
             "--elasticsearch-user", "me", "--elasticsearch-ca", "ca.pem", "--metrics-index", "mine"]
        )  # fmt: skip
        assert options.metrics == (("127.0.0.1", 9402), "https://es:9200", "me", "ca.pem", "mine")
        assert (
            parse_processor(["h:1", "--no-tables", "--metrics-port", "0"]).metrics.document_index == "logcore-pipeline"
        )

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["--metrics-port", "high"], "'high' is not [HOST:]PORT"),
            (["--elasticsearch-user", "me"], "--elasticsearch-user is for --metrics-elasticsearch URL"),
            (["--metrics-index", "mine"], "--metrics-index is for --metrics-elasticsearch URL"),
            (["--metrics-elasticsearch", "es"], "'es' is not of the form http://HOST:PORT"),
            (["--metrics-elasticsearch", "http://me:hidden@es:9200"], "LOGCORE_ELASTICSEARCH_PASSWORD"),
        ],
    )
    def test_a_wrong_one_is_one_line_and_status_2(
        self, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with pytest.raises(SystemExit) as stopped:
            parse_processor(["h:1", "--no-tables", *arguments])
        assert stopped.value.code == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert message in line
        assert "hidden" not in line

    def test_the_target_rate_is_this_processs_part(self) -> None:
        shard = ["--shard", "2/4", "--start", "1700000000"]
        assert parse_producer(["h:1", "t", "--rate", "100", *shard]).own_rate == 25
        assert parse_producer(["h:1", "t", "--rate", "max", *shard]).own_rate is None


class TestCommands:
    """Brokers that nobody would answer for: the line is about the port, so nothing else was asked before."""

    @pytest.mark.parametrize(
        ("main", "arguments"),
        [
            (producer.main, ["127.0.0.1:1", "logs"]),
            (processor.main, ["127.0.0.1:1", "--no-tables"]),
            (indexer.main, ["127.0.0.1:1", "--elasticsearch", "http://127.0.0.1:1"]),
        ],
        ids=["producer", "processor", "indexer"],
    )
    def test_a_port_in_use_is_one_line_and_status_1_before_any_work(
        self, main: Any, arguments: list[str], taken: int, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main([*arguments, "--metrics-port", str(taken)]) == 1
        (line,) = capsys.readouterr().err.splitlines()
        assert f"metrics can't be served at 127.0.0.1:{taken}: Address already in use" in line

    def test_a_login_without_its_password_is_one_line_and_status_1(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("LOGCORE_ELASTICSEARCH_PASSWORD", raising=False)
        monkeypatch.delenv("LOGCORE_ELASTICSEARCH_API_KEY", raising=False)
        options = ["--metrics-elasticsearch", "http://127.0.0.1:1", "--elasticsearch-user", "me"]
        assert processor.main(["127.0.0.1:1", "--no-tables", *options]) == 1
        (line,) = capsys.readouterr().err.splitlines()
        assert "set its password in the variable LOGCORE_ELASTICSEARCH_PASSWORD" in line
