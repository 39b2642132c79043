"""The live page under load: logs at a fixed rate through the real pipeline, and what the page in a browser takes.

It also takes the pictures that docs/ shows.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from benches.compare.machine import machine
from benches.compare.produce import kafka_state
from benches.pipeline.runs import Bench
from logcore import Contract, Users
from stack.layout import REPOSITORY

__all__ = ["main"]

_EXAMPLE = """\
example:
  python -m benches.page --rate 50000 --seconds 300 --pictures docs
"""
_BROWSER = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
_MIB = 2**20
_EVERY_S = 15


def main() -> None:
    """Prints the figures of each quarter of a minute; --json keeps them."""
    parser = argparse.ArgumentParser(
        prog="python -m benches.page",
        description=__doc__,
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rate", type=int, default=50_000, metavar="N", help="logs a second (default 50,000)")
    parser.add_argument("--seconds", type=int, default=300, metavar="N", help="(default 300)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep the figures there")
    parser.add_argument(
        "--pictures", type=Path, metavar="DIR", help="keep pictures at both widths, light and dark, there"
    )
    args = parser.parse_args()
    if shutil.which("chromium") is None:
        sys.exit("bench: chromium is missing; apt-get install chromium")
    started = kafka_state()["state"] != "running"
    if started:
        subprocess.run([sys.executable, "-m", "stack", "up", "kafka"], cwd=REPOSITORY, check=True)
    try:
        with tempfile.TemporaryDirectory(prefix="logcore-bench-") as name:
            users = Path(name) / "users.csv"
            users.write_text(Users.generate(Contract.server_logs(), seed=1).csv, "utf-8")
            bench = Bench(f"127.0.0.1:{kafka_state()['port']}", users, Path(name))
            figures = {
                "machine": machine(),
                "rate": args.rate,
                **_measure(bench, args.rate, args.seconds, args.pictures),
            }
            if args.json is not None:
                args.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    finally:
        if started:
            subprocess.run([sys.executable, "-m", "stack", "down", "kafka"], cwd=REPOSITORY, check=True)


def _measure(bench: Bench, rate: int, seconds: int, pictures: Path | None) -> dict[str, Any]:
    source, target = bench.topic(4), bench.topic(4)
    with ExitStack() as running:
        running.callback(bench.drop, source, target)
        running.enter_context(_process(bench.engine(source, target)))
        options = ["--rate", str(rate), "--duration", str(seconds + 30), "--users", str(bench.users)]
        running.enter_context(_process([sys.executable, "-m", "logcore.producer", bench.brokers, source, *options]))
        log = bench.folder / "dashboard.log"
        command = [sys.executable, "-m", "logcore.dashboard", bench.brokers, "--topic", target, "--port", "0"]
        dashboard = running.enter_context(_process(command, log))
        url = _url(log)
        playwright = running.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(_BROWSER))
        running.callback(browser.close)
        found = _watch(browser, url, seconds, dashboard.pid)
        if pictures is not None:
            _take_pictures(browser, url, pictures)
    return found


def _watch(browser: Browser, url: str, seconds: int, server: int) -> dict[str, Any]:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    views: list[int] = []
    page.on("response", lambda response: views.append(1) if "/view" in response.url else None)
    page.goto(url)
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    session.send("HeapProfiler.enable")
    rows: list[dict[str, float]] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        views.clear()
        began, busy = time.monotonic(), _metrics(session)["TaskDuration"]
        page.wait_for_timeout(_EVERY_S * 1000)
        elapsed = time.monotonic() - began
        after = _metrics(session)
        session.send("HeapProfiler.collectGarbage")
        row = {
            "logs_a_second": float(page.locator("#rate").inner_text().replace(",", "")),
            "updates_a_second": len(views) / elapsed,
            "page_heap_mib": _metrics(session)["JSHeapUsedSize"] / _MIB,
            "page_nodes": after["Nodes"],
            "page_busy_percent": 100 * (after["TaskDuration"] - busy) / elapsed,
            "server_mib": _resident(server),
        }
        rows.append(row)
        print(", ".join(f"{name} {value:,.1f}" for name, value in row.items()), flush=True)
    page.close()
    return {"seconds": seconds, "every_s": _EVERY_S, "rows": rows}


def _take_pictures(browser: Browser, url: str, folder: Path) -> None:
    for width, height in ((1280, 1500), (390, 1500)):
        for scheme in ("light", "dark"):
            context = browser.new_context(
                viewport={"width": width, "height": height},
                color_scheme="dark" if scheme == "dark" else "light",
                locale="en-GB",
            )
            page: Page = context.new_page()
            page.goto(f"{url}#window=300")
            page.wait_for_timeout(3_000)
            page.screenshot(path=str(folder / f"dashboard-{width}-{scheme}.png"))
            context.close()


def _metrics(session: Any) -> dict[str, float]:
    return {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}


def _resident(process: int) -> float:
    """MiB of memory that a process has."""
    status = Path(f"/proc/{process}/status").read_text("ascii")
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else 0.0


def _url(log: Path) -> str:
    deadline = time.monotonic() + 30
    while (found := re.search(r"http://\S+/", log.read_text("utf-8"))) is None:
        if time.monotonic() > deadline:
            sys.exit(f"bench: the dashboard doesn't start:\n{log.read_text('utf-8')}")
        time.sleep(0.1)
    return found[0]


@contextmanager
def _process(command: list[str], log: Path | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """Runs until the block's end, its standard error in `log`."""
    with (log or Path("/dev/null")).open("wb") as output:
        running = subprocess.Popen(command, cwd=REPOSITORY, stdout=output, stderr=output)
    try:
        yield running
    finally:
        running.send_signal(signal.SIGTERM)
        running.wait()


if __name__ == "__main__":
    main()
