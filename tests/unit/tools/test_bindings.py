"""Bindings are what their contracts say, and a changed contract is noticed."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from layer2.ethereum.artifacts import load_artifact
from layer2.primitives.packed_words import low_bits, signed_bits

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    return importlib.import_module("generate_bindings")


@dataclass
class Changed:
    """A packaged contract whose ABI was edited."""

    abi: list[dict[str, Any]]
    source: str


def test_the_committed_modules_are_current(tool: ModuleType) -> None:
    made = tool.modules()
    assert len(made) >= 4
    assert tool.stale(made) == []


def test_an_error_that_left_the_abi_is_noticed(tool: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    def edited(name: str) -> Changed:
        packaged = load_artifact(name)
        return Changed([one for one in packaged.abi if one.get("name") != "StaleCounter"], packaged.source)

    monkeypatch.setattr(tool, "load_artifact", edited)
    assert tool.stale(tool.modules()) == ["src/layer2/channels/bindings/errors.py"]


def test_an_argument_of_another_name_than_its_comment_is_refused(
    tool: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    def edited(name: str) -> Changed:
        packaged = load_artifact(name)
        abi = [dict(one) for one in packaged.abi]
        for one in abi:
            if one.get("name") == "StaleCounter":
                one["inputs"] = [{**part, "name": "other"} for part in one["inputs"]]
        return Changed(abi, packaged.source)

    monkeypatch.setattr(tool, "load_artifact", edited)
    with pytest.raises(tool.BindingError, match="StaleCounter"):
        tool.modules()


def test_a_missing_module_is_noticed(tool: ModuleType, tmp_path: Path) -> None:
    assert tool.stale({"a.py": ""}, tmp_path) == ["a.py"]


def test_numbers_inside_of_a_word_keep_their_sign() -> None:
    assert low_bits(0x1FF, 8) == 0xFF
    assert signed_bits(0x7F, 8) == 127
    assert signed_bits(0x80, 8) == -128
