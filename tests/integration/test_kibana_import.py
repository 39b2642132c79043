"""From the YAML in deploy/elk/kibana to what Kibana gets: compiled as it is held, and sent as docs/kibana.md says."""

from __future__ import annotations

import base64
import email
import json
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

from kibana_objects import KIBANA, saved_objects
from services import REPOSITORY


class Request(NamedTuple):
    """What a client sent; `message` is the type and the body as MIME has them."""

    path: str
    headers: dict[str, str]
    message: bytes


@contextmanager
def kibana() -> Iterator[tuple[str, list[Request]]]:
    """The URL of a server that answers as Kibana does where an import went well, and what it was sent."""
    requests: list[Request] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kind = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n"
            requests.append(Request(self.path, dict(self.headers.items()), kind.encode() + body))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"success":true}')

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", requests
        finally:
            server.shutdown()
            thread.join()


def compiler(program: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs compile_dashboards.py in its environment."""
    python = REPOSITORY / ".venv-kibana" / "bin" / "python"
    assert python.is_file(), ".venv-kibana is missing, by which the dashboards are compiled: make kibana"
    command = [str(python), str(program), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def test_the_compiled_files_are_those_of_the_yaml(tmp_path: Path) -> None:
    done = compiler(KIBANA / "compile_dashboards.py", "--output", str(tmp_path))
    assert done.returncode == 0, done.stderr
    compiled = {file.name: file.read_text("utf-8") for file in tmp_path.iterdir()}
    held = {file.name: file.read_text("utf-8") for file in KIBANA.glob("*.ndjson")}
    assert compiled.keys() == held.keys()
    old = sorted(name for name, text in compiled.items() if held[name] != text)
    assert not old, f"{', '.join(old)}: not what the YAML says; run make kibana and commit them"


def test_a_yaml_that_is_wrong_is_told_by_name(tmp_path: Path) -> None:
    folder = tmp_path / "kibana"
    folder.mkdir()
    program = folder / "compile_dashboards.py"
    program.write_text((KIBANA / "compile_dashboards.py").read_text("utf-8"), "utf-8")
    text = (KIBANA / "server-logs.yaml").read_text("utf-8")
    for broken, said in (
        (text.replace("type: pie", "type: cake"), "kibana: server-logs.yaml: kb-dashboard refuses it:"),
        (text.replace("    kql: ", "    kwl: "), "kibana: server-logs.yaml: data_views or searches: 'kql'"),
        (text + "\n  - {", "kibana: server-logs.yaml: while parsing"),
    ):
        (folder / "server-logs.yaml").write_text(broken, "utf-8")
        done = compiler(program)
        assert done.returncode == 1
        assert done.stderr.startswith(said)
        assert "Traceback" not in done.stderr
        assert list(folder.glob("*.ndjson")) == []


def test_the_command_in_the_documentation_sends_all_objects_and_the_login_from_its_file(tmp_path: Path) -> None:
    assert shutil.which("curl"), "curl is missing, by which the dashboards are imported (Debian: curl)"
    text = (REPOSITORY / "docs" / "kibana.md").read_text("utf-8")
    (command,) = re.findall(r"^cat deploy/elk/kibana.*?(?=^```)", text, re.MULTILINE | re.DOTALL)
    (tmp_path / ".kibana.netrc").write_text("machine 127.0.0.1 login jo password s3cret\n", "utf-8")
    with kibana() as (url, requests):
        environment = {**os.environ, "HOME": str(tmp_path), "KIBANA": url, "no_proxy": "127.0.0.1"}
        done = subprocess.run(
            ["bash", "-c", command], cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=60,
            check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (request,) = requests
    assert request.path == "/api/saved_objects/_import?overwrite=true"
    assert request.headers["kbn-xsrf"] == "true"
    assert request.headers["Authorization"] == "Basic " + base64.b64encode(b"jo:s3cret").decode()
    (part,) = email.message_from_bytes(request.message).get_payload()  # type: ignore[misc]
    assert part.get_filename().endswith(".ndjson")  # Kibana asks for it.
    sent = part.get_payload(decode=True).splitlines()
    assert [json.loads(line) for line in sent] == [
        each for name in ("pipeline-health", "server-logs") for each in saved_objects(KIBANA / f"{name}.ndjson")
    ]
    assert f'"successCount":{len(sent)}' in text
