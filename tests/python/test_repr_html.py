"""Contract and Generator as Jupyter shows them."""

from __future__ import annotations

from html.parser import HTMLParser

from logcore import Contract, Generator, Users

CONTRACT = Contract.server_logs()


class Tags(HTMLParser):
    """Every tag that is opened, and the texts of table cells."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.cells: list[str] = []
        self._in_cell = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)
        self._in_cell |= tag == "td"
        if tag == "td":
            self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        self._in_cell &= tag != "td"

    def handle_data(self, data: str) -> None:
        if self._in_cell:
            self.cells[-1] += data


def test_a_contract_is_a_table_of_its_fields() -> None:
    shown = Tags(CONTRACT._repr_html_())
    assert shown.cells[::3] == CONTRACT.field_names
    assert set(shown.tags) == {"div", "p", "strong", "table", "thead", "tr", "th", "tbody", "td", "br"}


def test_a_generator_shows_the_next_logs_and_keeps_them() -> None:
    users = Users.generate(CONTRACT, seed=1)
    generator = Generator(CONTRACT, users, seed=1, bad_rate=0.5)
    generator.batch(7)
    shown = Tags(generator._repr_html_())
    assert shown.cells[::3] == ["7", "8", "9", "10", "11"]
    assert generator.position == 7
    batch = generator.batch(5)
    assert shown.cells[1::3] == batch.column("expected_status").to_pylist()
    assert shown.cells[2::3] == batch.column("value").to_pylist()
    assert "server_logs by seed 1, 1000 logs/s from 1700000000 on, bad_rate 0.5, 1000 users" in generator._repr_html_()


def test_no_text_becomes_markup() -> None:
    text = CONTRACT.text.replace("ANDROID", "<script>alert(1)</script>")
    hostile = Contract.parse(text)
    shown = Tags(hostile._repr_html_() + Generator(hostile, seed=1)._repr_html_())
    assert "script" not in shown.tags


def test_a_name_that_looks_like_a_rule_is_a_name() -> None:
    odd = Contract.parse(CONTRACT.text.replace("ANDROID", '"a\\n\\nb: c\\n  - d"'))
    assert Tags(odd._repr_html_()).cells[::3] == CONTRACT.field_names


def test_a_generator_near_its_end_shows_itself_all_the_same() -> None:
    generator = Generator(CONTRACT, seed=1)
    generator.seek(2**64 - 3)
    assert "<strong>Generator</strong>" in generator._repr_html_()
