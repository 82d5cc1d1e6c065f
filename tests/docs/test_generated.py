"""Generated pages and tables agree with their sources, and say so when they do not."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.tools import load

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))  # tools import each other by name


def test_the_error_page_agrees_with_the_sources() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "error_docs.py"), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("contract", "interface"),
    [
        ("ChannelHub", "IChannelHubErrors"),
        ("Rollup", "IRollupErrors"),
        ("RootChain", "IRootChainErrors"),
        ("CoinChain", "ICoinChainErrors"),
    ],
)
def test_the_error_page_names_every_error_of_the_interface(contract: str, interface: str) -> None:
    source = (ROOT / "contracts" / "interfaces" / f"{interface}.sol").read_text(encoding="utf-8")
    declared = [line.split()[1].split("(")[0] for line in source.splitlines() if line.strip().startswith("error ")]
    assert [name for name, _, _ in load("error_docs").contract_errors(contract)] == declared
    assert len(declared) > 20


def test_tables_are_filled_between_their_markers(tmp_path: Path) -> None:
    tables = load("readme_tables")
    gas = {"family": "channels", "operations": {"eth.open": {"gas": 47000, "anchor": {"name": "N", "gas": 50000}}}}
    (tmp_path / "gas.json").write_text(json.dumps(gas), encoding="utf-8")
    (tmp_path / "rate.json").write_text(json.dumps({"payments_per_second": 12000.4}), encoding="utf-8")
    page = "a\n<!-- gas:begin -->\nold\n<!-- gas:end -->\nb\n<!-- rate:begin -->\n<!-- rate:end -->\nc\n"
    text = tables.filled(page, tmp_path)
    assert "old" not in text
    assert "| 47,000 | 50,000 N | -6 % |" in text
    assert "12,000" in text
    assert tables.filled(text, tmp_path) == text


def test_the_rollup_has_tables_of_its_own(tmp_path: Path) -> None:
    tables = load("readme_tables")
    gas = {
        "family": "rollup",
        "operations": {
            "deposit.eth": {"gas": 36794, "anchor": {"name": "Z", "gas": 64947}, "target": 45000},
            "bytes.per_transfer_data": {"gas": 9.19, "anchor": {"name": "H", "gas": 12}, "target": 9.2},
            "deploy.total": {"gas": 9_000_000, "anchor": None, "target": None},
        },
    }
    (tmp_path / "rollup_gas.json").write_text(json.dumps(gas), encoding="utf-8")
    rate = json.loads((ROOT / "bench" / "results" / "rollup_rate.json").read_text())
    rate["transition"]["accounts"]["1000000"]["uniform"] |= {"transfers_per_second": 50_000.4, "limit_per_second": 9e4}
    rate["sequencer_bls"] |= {"operations_per_second": 4_000, "limit_per_second": 5_000}
    (tmp_path / "rollup_rate.json").write_text(json.dumps(rate), encoding="utf-8")
    marks = ("gas", "rate", "rollup-gas", "rollup-rate")
    page = "\n".join(f"<!-- {name}:begin -->\nold\n<!-- {name}:end -->" for name in marks) + "\n"
    text = tables.filled(page, tmp_path)
    assert "| `deposit.eth` | Deposit ether to an account | 36,794 | 64,947 Z | -43 % |" in text
    assert "| 9.19 | 12 H | -23 % |" in text
    assert "| `deploy.total` | Deploy all of it, once | 9,000,000 |  |  |" in text
    assert "1,000,000 accounts, transfers/s on one core | 50,000 | 90,000 | >= 40,000 |" in text
    assert "signed by BLS keys, operations/s | 4,000 | 5,000 | >= 0.70 of the limit |" in text
    assert text.count("old") == 2  # the channels have no measurement here: theirs are left as they are
    assert tables.filled(text, tmp_path) == text


def test_plasma_has_tables_of_its_own(tmp_path: Path) -> None:
    tables = load("readme_tables")
    rate = json.loads((ROOT / "bench" / "results" / "plasma_rate.json").read_text(encoding="utf-8"))
    core = {"transactions_per_second": 12_000, "transactions_per_cpu_second": 14_000, "limit_per_second": 25_000.4}
    rate["core"] |= core
    rate["validation"] |= {"seconds_per_block": 3.456, "limit_seconds_per_block": 2.5}
    (tmp_path / "plasma_rate.json").write_text(json.dumps(rate), encoding="utf-8")
    page = "<!-- plasma-rate:begin -->\nold\n<!-- plasma-rate:end -->\n"
    text = tables.filled(page, tmp_path)
    assert "durable block, payments per second of one core | 14,000 | 25,000 |  |" in text
    assert "| the same by the clock | 12,000 |  | >= 8,000 |" in text
    assert "every signature checked, s on one core | 3.46 | 2.50 | <= 10 |" in text
    assert "old" not in text
    assert tables.filled(text, tmp_path) == text


def test_missing_markers_are_reported(tmp_path: Path) -> None:
    tables = load("readme_tables")
    (tmp_path / "gas.json").write_text('{"operations": {}}', encoding="utf-8")
    with pytest.raises(SystemExit, match="markers"):
        tables.filled("nothing here", tmp_path)
