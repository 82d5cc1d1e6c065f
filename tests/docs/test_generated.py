"""Generated pages and tables agree with their sources, and say so when they do not."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


def tool(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_error_page_agrees_with_the_sources() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "error_docs.py"), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_error_page_names_every_error_of_the_interface() -> None:
    source = (ROOT / "contracts" / "interfaces" / "IChannelHub.sol").read_text(encoding="utf-8")
    declared = [line.split()[1].split("(")[0] for line in source.splitlines() if line.strip().startswith("error ")]
    assert [name for name, _, _ in tool("error_docs").contract_errors()] == declared


def test_tables_are_filled_between_their_markers(tmp_path: Path) -> None:
    tables = tool("readme_tables")
    gas = {"family": "channels", "operations": {"eth.open": {"gas": 47000, "anchor": {"name": "N", "gas": 50000}}}}
    (tmp_path / "gas.json").write_text(json.dumps(gas), encoding="utf-8")
    (tmp_path / "rate.json").write_text(json.dumps({"payments_per_second": 12000.4}), encoding="utf-8")
    page = "a\n<!-- gas:begin -->\nold\n<!-- gas:end -->\nb\n<!-- rate:begin -->\n<!-- rate:end -->\nc\n"
    text = tables.filled(page, tmp_path)
    assert "old" not in text
    assert "| 47,000 | 50,000 N | -6 % |" in text
    assert "12,000" in text
    assert tables.filled(text, tmp_path) == text


def test_missing_markers_are_reported(tmp_path: Path) -> None:
    tables = tool("readme_tables")
    (tmp_path / "gas.json").write_text('{"operations": {}}', encoding="utf-8")
    with pytest.raises(SystemExit, match="markers"):
        tables.filled("nothing here", tmp_path)
