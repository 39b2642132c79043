"""The live page in a real browser, over logs that came through the real pipeline."""

from __future__ import annotations

import json
import re
import signal
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from browser import chromium, visit
from commands import Command
from kafka_records import CONTRACT, USERS, Outgoing, produce_logs, send
from logcore import Generator
from services import Stack

COUNT = 20_000
ALL_READ = re.compile("^(Live|No logs since .*)$")
"""What the page says when it has read what there is; how long ago that came is the machine's business."""
HOSTILE = [
    b"<script>window.hacked = 1</script>",
    b"<img src=x onerror='window.hacked = 1'>",
    '{"event_id": "\u202e\u001b[31mred"'.encode(),
    b"\xff\xfe\x00</pre><b>bold</b>",
]


@pytest.fixture(scope="module")
def expected() -> tuple[Counter[str], Counter[str]]:
    """Logs by status, and reasons by `path: code`, as the generator means them, and the hostile logs."""
    logs = Generator(CONTRACT, USERS, seed=1, start=1_700_000_000, bad_rate=0.2, suspicious_rate=0.2).batch(COUNT)
    statuses = Counter(logs.column("expected_status").to_pylist())
    reasons = Counter(
        f"{each['path']}: {each['code']}" if each["path"] != "$" else each["code"]
        for row in logs.column("expected_reasons").to_pylist()
        for each in row
    )
    statuses["bad"] += len(HOSTILE)
    reasons["malformed_json"] += 3
    reasons["invalid_utf8"] += 1
    return statuses, reasons


class Pipeline:
    """A topic of logs, judged, and the page over it."""

    def __init__(self, stack: Stack, folder: Path, name: str, count: int = COUNT) -> None:
        self.brokers = stack.brokers
        self.logs, self.status = f"{name}-logs", f"{name}-status"
        self._folder = folder
        self._users = folder / "users.csv"
        self._users.write_text(USERS.csv, "utf-8")
        produce_logs(self.brokers, self.logs, count)
        self.judge()
        self.dashboard = self.serve()
        # Partitions are read in any order: only what comes after all of that is sure to be the latest.
        self.dashboard.wait_until(lambda: bool(view(self.url)["read"] == count))
        send(self.brokers, self.logs, [Outgoing(None, value) for value in HOSTILE])
        self.judge()
        self.dashboard.wait_until(lambda: bool(view(self.url)["read"] == count + len(HOSTILE)))

    def judge(self) -> None:
        command = self.processor("--trigger", "available-now")
        assert command.wait() == 0, command.err

    def processor(self, *arguments: str) -> Command:
        options = ["--input", self.logs, "--output", self.status, "--group", self.logs, "--users", str(self._users)]
        return Command(self._folder, "processor", self.brokers, *options, "--no-tables", *arguments)

    def serve(self, *arguments: str) -> Command:
        options = ["--topic", self.status, "--port", "0", "--since", "earliest", *arguments]
        command = Command(self._folder, "dashboard", self.brokers, *options)
        command.wait_until(lambda: "is shown at" in command.err)
        return command

    @property
    def url(self) -> str:
        return address(self.dashboard)


def address(command: Command) -> str:
    found = re.search(r"http://\S+/", command.err)
    assert found is not None, command.err
    return found[0]


@pytest.fixture(scope="module")
def pipeline(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    name = f"test-dashboard-{time.time_ns()}"
    running = Pipeline(stack, tmp_path_factory.mktemp("dashboard"), name)
    yield running
    running.dashboard.kill()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def page(browser: Browser, pipeline: Pipeline) -> Iterator[Page]:
    """The page with all logs counted. At the end: no complaint, and nothing was asked of anybody else."""
    with visit(browser, pipeline.url) as visited:
        expect(visited.page.locator("#state")).to_have_text(ALL_READ)
        yield visited.page
        assert visited.complaints == []
        assert [url for url in visited.asked if not url.startswith(pipeline.url)] == []


def totals(page: Page) -> dict[str, int]:
    return {s: number(page.locator(f"#total-{s}").inner_text()) for s in ("good", "bad", "suspicious")}


def number(text: str) -> int:
    return int(text.replace(",", ""))


def wait_for_totals(page: Page, wanted: dict[str, int]) -> None:
    for status, count in wanted.items():
        expect(page.locator(f"#total-{status}")).to_have_text(f"{count:,}")


def rows(page: Page, table: str) -> dict[str, int]:
    found = page.locator(f"{table} tbody tr").evaluate_all(
        "rows => rows.map(row => [row.cells[0].firstElementChild.textContent, row.cells[1].textContent])"
    )
    return {name: number(count) for name, count in found}


def test_counts_on_the_page_are_the_counts_sent(page: Page, expected: tuple[Counter[str], Counter[str]]) -> None:
    statuses, reasons = expected
    wait_for_totals(page, dict(statuses))
    assert rows(page, "#reasons") == dict(sorted(reasons.items(), key=lambda item: (-item[1], item[0]))[:12])
    sent = sum(statuses.values())
    for dimension in ("event_type", "device", "location_country"):
        assert sum(rows(page, f"[data-dimension={dimension}]").values()) == sent
    share = 100 * statuses["bad"] / sent
    expect(page.locator("#share-bad")).to_have_text(f"{share:.1f}\xa0% of all, last hour {share:.1f}\xa0%")
    expect(page.locator("#chart")).to_have_attribute("aria-label", re.compile("^Logs a second, now: good "))


def test_filters_filter(page: Page, expected: tuple[Counter[str], Counter[str]]) -> None:
    statuses, reasons = expected
    page.get_by_role("checkbox", name="Good").uncheck(force=True)
    page.get_by_role("checkbox", name="Suspicious").uncheck(force=True)
    wait_for_totals(page, {"good": 0, "suspicious": 0, "bad": statuses["bad"]})
    expect(page.locator("#latest .status.suspicious")).to_have_count(0)
    assert page.locator("#latest .status.bad").count() == 50

    name, count = next((name, count) for name, count in reasons.most_common() if ":" in name and "mismatch" not in name)
    page.get_by_role("button", name=name).click()
    wait_for_totals(page, {"good": 0, "suspicious": 0, "bad": count})
    shown = page.locator("#latest .reasons").all_inner_texts()
    assert shown
    assert all(name in each for each in shown)
    expect(page.get_by_role("button", name=name)).to_have_attribute("aria-pressed", "true")
    # What is chosen is in the address: it can be sent on.
    assert "status=bad" in page.url
    page.reload()
    wait_for_totals(page, {"good": 0, "suspicious": 0, "bad": count})
    page.get_by_role("combobox", name="Reason").select_option("any")
    wait_for_totals(page, {"good": 0, "suspicious": 0, "bad": statuses["bad"]})


def test_the_keyboard_does_it_all(page: Page, expected: tuple[Counter[str], Counter[str]]) -> None:
    statuses, _ = expected
    page.locator("input[name=status][value=good]").focus()
    page.keyboard.press("Space")
    wait_for_totals(page, {"good": 0, "bad": statuses["bad"]})
    page.locator("input[name=window]:checked").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("radio", name="15 min")).to_be_checked()
    assert "window=900" in page.url
    pause = page.get_by_role("button", name="Pause")
    pause.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Go on")).to_be_focused()
    expect(page.locator("#state")).to_have_text("Paused. Logs are still counted.")


def test_a_hostile_log_stays_text(page: Page) -> None:
    page.get_by_role("combobox", name="Reason").select_option("malformed_json")
    payloads = page.locator("#latest .payload")
    expect(payloads.filter(has_text="window.hacked")).to_have_count(2)
    expect(payloads.filter(has_text='{"event_id": "\\u202e\\u001b[31mred"')).to_have_count(1)
    page.get_by_role("combobox", name="Reason").select_option("invalid_utf8")
    expect(payloads).to_have_text(["\\xff\\xfe\\u0000</pre><b>bold</b>"])
    page.get_by_role("combobox", name="Reason").select_option("malformed_json")
    item = page.locator("#latest li").filter(has_text="<script>")
    item.locator("summary").click()
    expect(item.locator("pre")).to_have_text("<script>window.hacked = 1</script>")
    assert page.evaluate("window.hacked") is None
    assert page.locator("#latest script, #latest img, #latest b").count() == 0


def test_it_is_live_and_can_be_paused(
    browser: Browser, stack: Stack, tmp_path: Path, topic: Callable[[str], str]
) -> None:
    own = Pipeline(stack, tmp_path, topic("live"), count=1_000)
    try:
        with visit(browser, own.url) as visited:
            page = visited.page
            expect(page.locator("#state")).to_have_text(ALL_READ)
            page.get_by_role("button", name="Pause").click()
            before = totals(page)
            assert sum(before.values()) == 1_000 + len(HOSTILE)
            produce_logs(own.brokers, own.logs, 500, seed=2)
            own.judge()
            everything = 1_500 + len(HOSTILE)
            own.dashboard.wait_until(lambda: bool(view(own.url)["read"] == everything))
            assert totals(page) == before
            page.get_by_role("button", name="Go on").click()
            wait_for_totals(page, view(own.url)["totals"])
            asked: list[str] = []
            page.on("response", lambda response: asked.append(response.url))
            page.wait_for_timeout(3_000)
            # At least once a second, whatever this machine does beside.
            assert len(asked) >= 3
    finally:
        own.dashboard.kill()


def test_the_second_tab_shows_the_pipelines_own_figures(
    browser: Browser, stack: Stack, tmp_path: Path, topic: Callable[[str], str]
) -> None:
    own = Pipeline(stack, tmp_path, topic("health"), count=1_000)
    processor = own.processor("--metrics-port", "0")
    processor.wait_until(lambda: "/metrics" in processor.err)
    found = re.search(r"http://\S+/metrics", processor.err)
    assert found is not None
    dashboard = own.serve("--metrics", found[0], "--metrics", "127.0.0.1:1")
    try:
        with visit(browser, address(dashboard)) as visited:
            page = visited.page
            page.get_by_role("tab", name="Pipeline health").click()
            expect(page.locator("#state")).to_have_text("1 of 2 can't be read")
            produce_logs(own.brokers, own.logs, 700, seed=3)
            there = page.get_by_role("region", name=found[0])
            # The group goes on behind what the earlier run committed: it judges the new logs alone.
            judged = Generator(CONTRACT, USERS, seed=3, start=1_700_000_000, bad_rate=0.2, suspicious_rate=0.2).batch(
                700
            )
            for status, count in Counter(judged.column("expected_status").to_pylist()).items():
                row = there.get_by_role("row", name=f"Processor logs, {status}")
                expect(row.locator("td").first).to_have_text(str(count), timeout=20_000)
            expect(there.get_by_role("row", name="Processor lag logs").locator("td").first).to_have_text("0")
            away = page.get_by_role("region", name="http://127.0.0.1:1/metrics")
            expect(away.locator(".note")).to_contain_text("Connection refused")
            assert "tab=health" in page.url
            assert Axe().run(page).violations_count == 0
            page.get_by_role("tab", name="Pipeline health").press("ArrowLeft")
            expect(page.locator("#state")).to_have_text(ALL_READ)
            assert visited.complaints == []
    finally:
        for command in (processor, dashboard, own.dashboard):
            command.kill()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_it_can_be_read_at_any_width_by_anyone(browser: Browser, pipeline: Pipeline, width: int, dark: bool) -> None:
    with visit(browser, pipeline.url, width=width, dark=dark) as visited:
        expect(visited.page.locator("#latest li").first).to_be_visible()
        wide = "document.scrollingElement.scrollWidth - document.documentElement.clientWidth"
        assert visited.page.evaluate(wide) <= 0
        found = Axe().run(visited.page)
        assert found.violations_count == 0, found.generate_report()
        assert visited.complaints == []


def read(url: str, **headers: str) -> bytes:
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as answer:
        return bytes(answer.read())


def view(url: str, window: int = 3600) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(read(f"{url}view?window={window}"))
    return answer


def test_it_answers_its_own_page_only(pipeline: Pipeline) -> None:
    # A name that another site has pointed at 127.0.0.1.
    for path, status, headers in (
        ("", 403, {"Host": "example.com"}),
        ("view", 403, {"Host": "example.com:80"}),
        ("nothing", 404, {}),
        ("view?window=7", 400, {}),
    ):
        with pytest.raises(urllib.error.HTTPError) as refused:
            read(pipeline.url + path, **headers)
        assert refused.value.code == status
        refused.value.close()
    with urllib.request.urlopen(pipeline.url, timeout=10) as answer:
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_no_record_ends_the_reading(
    browser: Browser, stack: Stack, tmp_path: Path, topic: Callable[[str], str]
) -> None:
    name = topic("odd")
    odd = [
        b'{"status":"bad","reasons":[null]}',
        b'{"status":"bad","reasons":[],"@timestamp":NaN}',
        b'{"status":"bad","reasons":[],"@timestamp":["q"]}',
        b'{"status":"bad","x":', b'{"y":1}', b'}{"status":"bad"}{"status":"bad"}',
        b'{"status":"bad","reasons":[],"@timestamp":"' + b"x" * 100_000 + b'"}',
    ]  # fmt: skip
    send(stack.brokers, name, [Outgoing("same", value) for value in odd])
    dashboard = Command(tmp_path, "dashboard", stack.brokers, "--topic", name, "--port", "0", "--since", "earliest")
    dashboard.wait_until(lambda: "is shown at" in dashboard.err)
    try:
        url = address(dashboard)
        dashboard.wait_until(lambda: bool(view(url, 0)["read"] + view(url, 0)["unreadable"] == len(odd)))
        send(stack.brokers, name, [Outgoing("same", b'{"status":"bad","reasons":[{"path":"device","code":"null"}]}')])
        dashboard.wait_until(lambda: bool(view(url, 0)["read"] + view(url, 0)["unreadable"] == len(odd) + 1))
        with visit(browser, f"{url}#window=0") as visited:
            expect(visited.page.get_by_role("button", name="device: null")).to_be_visible()
            assert visited.complaints == []
        assert len(read(f"{url}view?window=0")) < 20_000
    finally:
        dashboard.kill()


def test_a_signal_ends_it_while_no_broker_answers(tmp_path: Path) -> None:
    command = Command(tmp_path, "dashboard", "127.0.0.1:1", "--port", "0")
    # Until the port is its own, Python is still starting.
    command.wait_until(lambda: listens(command.process.pid))
    command.process.send_signal(signal.SIGTERM)
    assert command.wait(5.0) != 0
    assert "Traceback" not in command.err


def listens(process: int) -> bool:
    return any(link.startswith("socket:") for link in links(process))


def links(process: int) -> list[str]:
    found = []
    for entry in Path(f"/proc/{process}/fd").iterdir():
        try:
            found.append(str(entry.readlink()))
        except OSError:
            continue
    return found


def test_what_is_wrong_is_one_line(pipeline: Pipeline, tmp_path: Path, topic: Callable[[str], str]) -> None:
    port = re.search(r":(\d+)/", pipeline.url)
    assert port is not None
    for arguments, status, said in (
        (("127.0.0.1:1",), 1, "no broker answers at 127.0.0.1:1"),
        ((pipeline.brokers, "--topic", topic("missing")), 1, "does not exist"),
        ((pipeline.brokers, "--topic", pipeline.status, "--port", port[1]), 1, "choose another with --host or --port"),
        ((pipeline.brokers, "--since", "soon"), 2, "'soon' is none of"),
    ):
        command = Command(tmp_path, "dashboard", *arguments)
        assert command.wait() == status, command.err
        assert said in command.err
        assert command.err.count("\n") == 1, command.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it(pipeline: Pipeline, number: signal.Signals) -> None:
    command = pipeline.serve()
    command.process.send_signal(number)
    assert command.wait(20.0) == 0, command.err
    assert "Traceback" not in command.err
