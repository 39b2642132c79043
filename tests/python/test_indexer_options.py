"""The indexer's command line, its errors, and its template."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import elastic_transport
import pytest

from conformance import CONFORMANCE
from fake_elasticsearch import FakeElasticsearch
from fake_kafka import FakeConsumer, Record
from logcore import Contract, KafkaError
from logcore.elk import connection
from logcore.elk.connection import ElasticsearchError, connect, described, elasticsearch_url
from logcore.elk.template import rejected_template, status_template
from logcore.elk.template_writer import put_template
from logcore.indexer import __main__ as command
from logcore.indexer.options import parse
from logcore.indexer.preparation import request_limit

URL = "http://127.0.0.1:9200"


def test_what_is_not_given_has_its_default() -> None:
    options = parse(["k:9092", "--elasticsearch", URL])
    assert (options.topic, options.index, options.rejected_index) == (
        "server-logs-status", "server-logs", "server-logs-rejected"
    )  # fmt: skip
    assert (options.group, options.until_end, options.contract) == ("logcore-indexer", False, None)
    assert parse(["k:9092", "--elasticsearch", URL, "--index", "mine"]).rejected_index == "mine-rejected"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "BROKERS is missing"),
        (["k:9092"], "--elasticsearch URL is missing"),
        (["k:9092", "--elasticsearch", "http://me:hidden@es:9200"], "LOGCORE_ELASTICSEARCH_PASSWORD"),
        (["k:9092", "--elasticsearch", "es:9200"], "'es:9200' is not of the form http://HOST:PORT"),
        (["k:9092", "--elasticsearch", "http://es"], "is not of the form"),
        (["k:9092", "--elasticsearch", "http://es:port"], "is not of the form"),
        (["k:9092", "--elasticsearch", URL, "--index", "Logs*"], "'Logs*' is no index name"),
        (["k:9092", "--elasticsearch", URL, "--index", "a", "--rejected-index", "a"], "are the same"),
        (["k:9092", "--elasticsearch", URL, "--bulk-records", "0"], "'0' is not a number from 1 to"),
        (["k:9092", "--elasticsearch", URL, "--config", "/nowhere"], "--config /nowhere: No such file"),
        (["k:9092", "--elasticsearch", URL, "--until"], "there is no option --until; did you mean --until-end?"),
    ],
)
def test_a_wrong_option_is_one_line_and_status_2(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        parse(arguments)
    assert stopped.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("logcore-indexer: ")
    assert message in line
    assert "hidden" not in line


def test_a_file_may_set_properties_but_not_those_of_options(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "kafka.properties"
    file.write_text("# TLS\n security.protocol = ssl\n\nssl.key.password=a=b\n", "utf-8")
    options = parse(["k:9092", "--elasticsearch", URL, "--config", str(file)])
    assert dict(options.kafka) == {"security.protocol": "ssl", "ssl.key.password": "a=b"}
    for text, message in (("group.id=hidden", "--group"), ("hidden", "line 1"), ("a=hidden\na=1", "twice")):
        file.write_text(text, "utf-8")
        with pytest.raises(SystemExit):
            parse(["k:9092", "--elasticsearch", URL, "--config", str(file)])
        error = capsys.readouterr().err
        assert message in error
        assert "hidden" not in error


def test_the_help_has_examples() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "logcore.indexer", "--help"], capture_output=True, text=True, check=True, timeout=60
    )
    assert "examples:" in shown.stdout
    assert "--until-end" in shown.stdout


class TestTemplate:
    def test_fields_have_the_types_of_the_contract(self) -> None:
        template = status_template(Contract.server_logs(), "logs", shards=2, replicas=1)
        assert template["index_patterns"] == ["logs"]
        assert template["template"]["settings"]["index"] == {"number_of_shards": 2, "number_of_replicas": 1}
        fields = template["template"]["mappings"]["properties"]
        kinds = {name: field.get("type") for name, field in fields.items()}
        assert kinds == {
            "event_id": "keyword", "account_id": "integer", "event_type": "keyword", "device": "keyword",
            "location_country": "keyword", "event_timestamp": "date", "status": "keyword", "reasons": None,
            "users_version": "keyword", "source": None, "@timestamp": "date", "raw": "keyword",
            "raw_base64": "keyword", "raw_truncated": "boolean",
        }  # fmt: skip
        assert fields["raw"] == {"type": "keyword", "index": False, "doc_values": False}
        assert {name: field["type"] for name, field in fields["reasons"]["properties"].items()} == {
            "path": "keyword", "code": "keyword"
        }  # fmt: skip
        assert {name: field["type"] for name, field in fields["source"]["properties"].items()} == {
            "topic": "keyword", "partition": "integer", "offset": "long"
        }  # fmt: skip

    @pytest.mark.parametrize("path", sorted((CONFORMANCE / "contracts").glob("*.yaml")), ids=lambda path: path.stem)
    def test_every_contract_has_one(self, path: Path) -> None:
        contract = Contract.load(path)
        fields = status_template(contract, "logs")["template"]["mappings"]["properties"]
        types = {"string": "keyword", "int32": "integer", "int64": "long", "timestamp": "date"}
        assert [fields[name]["type"] for name in contract.field_names] == [types[kind] for kind in contract.field_types]

    def test_what_is_rejected_is_text_that_is_only_kept(self) -> None:
        fields = rejected_template("logs-rejected")["template"]["mappings"]["properties"]
        for name in ("value", "value_base64"):
            assert fields[name] == {"type": "keyword", "index": False, "doc_values": False}

    def test_it_is_printed_without_any_service(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert command.main(["--print-template"]) == 0
        assert json.loads(capsys.readouterr().out) == status_template(Contract.server_logs(), "server-logs")
        assert command.main(["--print-template", "rejected", "--index", "x"]) == 0
        assert json.loads(capsys.readouterr().out) == rejected_template("x-rejected")

    def test_it_is_put_and_an_index_that_exists_gets_its_fields(self) -> None:
        server = FakeElasticsearch(indices={"logs": {}})
        put_template(server.client(), "logs", status_template(Contract.server_logs(), "logs"), print)
        assert server.templates["logs"]["index_patterns"] == ["logs"]
        assert server.templates["logs"]["_meta"]["managed_by"] == "logcore.indexer"
        assert ("PUT", "/logs/_mapping") in server.requests

    def test_the_servers_limit_is_asked_for(self) -> None:
        assert request_limit(FakeElasticsearch(limit=123_456).client()) == 123_456


class TestConnection:
    @pytest.mark.parametrize("text", ["http://127.0.0.1:9200", "https://es.example:443/path", "http://[::1]:9200"])
    def test_urls(self, text: str) -> None:
        assert elasticsearch_url(text) == text

    def test_a_login_in_the_url_is_refused(self) -> None:
        with pytest.raises(
            argparse.ArgumentTypeError, match="LOGCORE_ELASTICSEARCH_USER and LOGCORE_ELASTICSEARCH_PASS"
        ):
            elasticsearch_url("https://me:secret@es:9200")

    @pytest.mark.parametrize(
        ("user", "environment", "login"),
        [
            (None, {}, {}),
            (None, {"LOGCORE_ELASTICSEARCH_PASSWORD": "p"}, {}),
            ("me", {"LOGCORE_ELASTICSEARCH_PASSWORD": "p"}, {"basic_auth": ("me", "p")}),
            (
                None,
                {"LOGCORE_ELASTICSEARCH_USER": "me", "LOGCORE_ELASTICSEARCH_PASSWORD": "p"},
                {"basic_auth": ("me", "p")},
            ),
            (None, {"LOGCORE_ELASTICSEARCH_API_KEY": "k", "LOGCORE_ELASTICSEARCH_USER": "me"}, {"api_key": "k"}),
        ],
    )
    def test_logins(self, user: str | None, environment: dict[str, str], login: dict[str, Any]) -> None:
        assert connection._login(user, environment) == login

    def test_a_user_without_a_password_is_told_which_variable(self) -> None:
        with pytest.raises(ElasticsearchError, match="LOGCORE_ELASTICSEARCH_PASSWORD"):
            connection._login("me", {})

    def test_nobody_there_is_one_line(self) -> None:
        with pytest.raises(ElasticsearchError) as error:
            connect("http://127.0.0.1:9")
        assert str(error.value).startswith("Elasticsearch at http://127.0.0.1:9: no connection (")
        assert "\n" not in str(error.value)

    def test_a_file_of_authorities_that_is_not_there(self) -> None:
        with pytest.raises(ElasticsearchError, match="--elasticsearch-ca /nowhere: the file can't be read"):
            connect(URL, ca="/nowhere")

    def test_another_product_is_told(self) -> None:
        server = FakeElasticsearch(product="OpenSearch")
        with pytest.raises(Exception, match="server is not Elasticsearch") as error:
            server.client().cluster.health()
        assert described(error.value) == "something answers there, but it is not Elasticsearch"

    @pytest.mark.parametrize(
        ("error", "text"),
        [
            (elastic_transport.ConnectionTimeout("x"), "no answer in time"),
            (elastic_transport.TlsError("bad\ncertificate"), "no TLS connection (bad certificate); is it https"),
            (ValueError("two\nlines"), "two lines"),
        ],
    )
    def test_errors_are_one_line(self, error: Exception, text: str) -> None:
        assert described(error).startswith(text)


class TestCommand:
    """`main` with a fake Kafka and a fake Elasticsearch."""

    @pytest.fixture
    def consumer(self, monkeypatch: pytest.MonkeyPatch) -> FakeConsumer:
        consumer = FakeConsumer([Record(0, number, b"{}", b"logs:0:%d" % number) for number in range(7)])
        made: dict[str, Any] = {}
        monkeypatch.setattr(command, "Consumer", lambda **given: made.update(given) or consumer)
        consumer.made = made  # type: ignore[attr-defined]
        return consumer

    @pytest.fixture
    def server(self, monkeypatch: pytest.MonkeyPatch) -> FakeElasticsearch:
        server = FakeElasticsearch()
        monkeypatch.setattr(command, "connect", lambda *given, **more: server.client())
        return server

    def test_it_indexes_until_the_end(
        self, consumer: FakeConsumer, server: FakeElasticsearch, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        file = tmp_path / "kafka.properties"
        file.write_text("enable.auto.commit=true\n", "utf-8")
        options = ["--until-end", "--index", "mine", "--group", "g", "--config", str(file)]
        assert command.main(["k:9092", "--elasticsearch", URL, *options]) == 0
        assert len(server.indices["mine"]) == 7
        assert server.templates.keys() == {"mine", "mine-rejected"}
        assert consumer.committed == [7]
        assert consumer.closed
        made = consumer.made  # type: ignore[attr-defined]
        assert (made["brokers"], made["topic"], made["group"]) == ("k:9092", "server-logs-status", "g")
        assert made["config"]["enable.auto.commit"] == "false"
        last = capsys.readouterr().err.splitlines()[-1]
        assert last.startswith("logcore-indexer: 7 indexed  0 replayed (there already)  0 rejected  in ")

    def test_templates_may_be_left_alone(self, consumer: FakeConsumer, server: FakeElasticsearch) -> None:
        assert command.main(["k:9092", "--elasticsearch", URL, "--until-end", "--no-templates"]) == 0
        assert server.templates == {}
        assert consumer.committed == [7]

    def test_an_error_is_one_line_and_status_1(
        self, server: FakeElasticsearch, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def missing(**given: Any) -> None:
            raise KafkaError("kafka: no broker answers at k:9092;\nis it running?")

        monkeypatch.setattr(command, "Consumer", missing)
        assert command.main(["k:9092", "--elasticsearch", URL]) == 1
        assert capsys.readouterr().err == "logcore-indexer: kafka: no broker answers at k:9092; is it running?\n"

    def test_a_contract_that_is_not_there_is_one_line(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert command.main(["--print-template", "--contract", "/nowhere.yaml"]) == 1
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("logcore-indexer: ")
        assert "/nowhere.yaml" in line


def test_a_reader_that_leaves_is_no_stack_trace() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "logcore.indexer", "--print-template"],
        stdout=writing, stderr=subprocess.PIPE, text=True, check=False, timeout=60,
    )  # fmt: skip
    os.close(writing)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
