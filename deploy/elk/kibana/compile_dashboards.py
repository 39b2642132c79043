"""Makes what Kibana imports, NAME.ndjson, of each NAME.yaml in this folder; `make kibana` runs it.

kb-dashboard compiles the dashboards. It knows neither data views nor saved searches, which are added here, and what it
writes only Kibana from 8.14 on takes; here it is made what 8.11 takes too. It needs Python 3.12 and what
requirements/kibana.txt lists.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

__all__ = ["CompileError", "compile_file", "main"]

FOLDER = Path(__file__).resolve().parent
# An older object is brought up to date by a newer Kibana, a newer one is refused by an older Kibana. These are what
# Kibana 8.11 writes itself: dashboards went to 10.2.0 with 8.14 (elastic/kibana#174714).
_CORE_MIGRATION = "8.8.0"
_MIGRATIONS = {"dashboard": "8.9.0", "index-pattern": "8.0.0", "search": "8.0.0"}
_INDEX_REFERENCE = "kibanaSavedObjectMeta.searchSourceJSON.index"
# With another TatSu than requirements/kibana.txt has, kb-dashboard reads a formula for ever.
_PATIENCE_S = 120


class CompileError(Exception):
    """A YAML file that can't be compiled, or nothing to compile it with; the message is one line or kb-dashboard's."""


def compile_file(source: Path) -> str:
    """The NDJSON of one YAML file: its data views, its saved searches, its dashboards.

    Raises:
        CompileError: kb-dashboard is missing or refuses the file, or the file lacks a key.
    """
    try:
        described = yaml.safe_load(source.read_text("utf-8"))
        objects = [_data_view(view) for view in described["data_views"]]
        objects += [_search(search) for search in described["searches"]]
    except (OSError, yaml.YAMLError) as error:
        raise CompileError(f"{source.name}: {' '.join(str(error).split())}") from error
    except (KeyError, TypeError) as error:
        raise CompileError(f"{source.name}: data_views or searches: {error}") from error
    objects += [_for_8_11(dashboard) for dashboard in _dashboards(source)]
    return "".join(_json(item) + "\n" for item in objects)


def _dashboards(source: Path) -> list[dict[str, Any]]:
    program = Path(sys.executable).with_name("kb-dashboard")
    if not program.is_file():
        raise CompileError(f"kb-dashboard is not installed beside {sys.executable}: run this by `make kibana`")
    with tempfile.TemporaryDirectory() as folder:
        options = ["--input-file", str(source), "--output-dir", folder, "--output-file", "all.ndjson"]
        try:
            done = subprocess.run(
                [str(program), "compile", *options], capture_output=True, text=True, timeout=_PATIENCE_S, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise CompileError(
                f"{source.name}: kb-dashboard does not come to an end; is TatSu the one in requirements/kibana.txt?"
            ) from error
        compiled = Path(folder) / "all.ndjson"
        if done.returncode != 0 or not compiled.is_file():
            raise CompileError(f"{source.name}: kb-dashboard refuses it:\n{done.stdout}{done.stderr}".rstrip())
        return [json.loads(line) for line in compiled.read_text("utf-8").splitlines()]


def _data_view(described: dict[str, Any]) -> dict[str, Any]:
    plain = {"id": "number", "params": {"pattern": "0"}}
    return _saved_object(
        "index-pattern",
        described["id"],
        {
            "title": described["index"],
            "name": described["name"],
            "timeFieldName": described["time_field"],
            "fields": "[]",
            "fieldAttrs": "{}",
            "fieldFormatMap": _json(dict.fromkeys(described.get("plain_numbers", ()), plain)),
            "runtimeFieldMap": "{}",
            "sourceFilters": "[]",
        },
        [],
    )


def _search(described: dict[str, Any]) -> dict[str, Any]:
    query = {"query": described["kql"], "language": "kuery"}
    return _saved_object(
        "search",
        described["id"],
        {
            "title": described["title"],
            "description": described["description"],
            "columns": described["columns"],
            "sort": [[described["sort"], "desc"]],
            "grid": {},
            "hideChart": False,
            "isTextBasedQuery": False,
            "kibanaSavedObjectMeta": {
                "searchSourceJSON": _json({"query": query, "filter": [], "indexRefName": _INDEX_REFERENCE})
            },
        },
        [{"type": "index-pattern", "id": described["data_view"], "name": _INDEX_REFERENCE}],
    )


def _for_8_11(dashboard: dict[str, Any]) -> dict[str, Any]:
    """What kb-dashboard made, less what Kibana 8.11 to 8.13 would refuse."""
    attributes = dashboard["attributes"]
    # The index of saved objects maps no such field before 8.14, and is strict; false is what its absence means.
    if attributes["controlGroupInput"].pop("showApplySelections", False):
        raise CompileError(f"{dashboard['id']}: click_to_apply needs Kibana 8.14")
    panels = json.loads(attributes["panelsJSON"])
    for panel in panels:
        if "panelRefName" in panel:
            # Kibana takes the panel's prefix off the references' names before it looks for this one.
            panel["panelRefName"] = panel["panelRefName"].removeprefix(f"{panel['panelIndex']}:")
    attributes["panelsJSON"] = _json(panels)
    return _saved_object("dashboard", dashboard["id"], attributes, dashboard["references"])


def _saved_object(
    kind: str, identity: str, attributes: dict[str, Any], references: list[dict[str, str]]
) -> dict[str, Any]:
    return {
        "type": kind,
        "id": identity,
        "attributes": attributes,
        "references": references,
        "managed": False,
        "coreMigrationVersion": _CORE_MIGRATION,
        "typeMigrationVersion": _MIGRATIONS[kind],
    }


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def main() -> int:
    """Status 0 where all files were compiled."""
    parser = argparse.ArgumentParser(
        description="Compiles the dashboards in this folder to what Kibana imports.",
        epilog="example:\n  .venv-kibana/bin/python deploy/elk/kibana/compile_dashboards.py",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--output", type=Path, default=FOLDER, metavar="DIR", help="where to (default: beside them)")
    output = parser.parse_args().output
    try:
        compiled = {source.stem: compile_file(source) for source in sorted(FOLDER.glob("*.yaml"))}
        for name, text in compiled.items():
            (output / f"{name}.ndjson").write_text(text, "utf-8")
    except (CompileError, OSError) as error:
        print(f"kibana: {error}", file=sys.stderr)
        return 1
    print(f"kibana: {', '.join(f'{name}.ndjson' for name in compiled)} in {output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
