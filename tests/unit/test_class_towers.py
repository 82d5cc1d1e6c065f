"""A class stands on at most one own class with behaviour: what does more is made of named collaborators."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src" / "layer2"

# Class, or prefix of a package: why it may stand on more. An entry that nothing needs fails the test.
TOWERS = {
    "layer2.plasma.facade.DevnetWallet": "a wallet is an account; this one syncs before what a console types",
    "layer2.rollup.facade.DevnetWallet": "a wallet whose payments are sealed at once on a development chain",
    "layer2.rollup.wallet.wallet.Wallet": "its deposits and claims are still a base, not a collaborator",
    "layer2.rollup.derivation.replica.Replica": "the log, its execution and its verdicts share one loop's state",
    "layer2.rollup.sequencer.sequencer.Sequencer": "its intake is still a base, not a collaborator",
    "layer2.plasma.payments.operator.operator.Operator": "its intake is still a base, not a collaborator",
    "layer2.plasma.coins.operator.operator.CoinOperator": "its intake is still a base, not a collaborator",
    "layer2.testing.adversaries.": "each attack varies one template of its family: nothing but tests runs them",
    "layer2.testing.search.": "each game adds moves to the table of its family: nothing but searches plays them",
}

Sources = dict[str, str]
"""Source texts by module name."""


class _Classes:
    """Classes of some modules, with their bases resolved through imports."""

    def __init__(self, sources: Sources) -> None:
        self.nodes: dict[str, ast.ClassDef] = {}
        self._names: dict[str, dict[str, str]] = {}
        for module, source in sources.items():
            names = self._names[module] = {}
            for node in ast.walk(ast.parse(source)):
                if isinstance(node, ast.ImportFrom) and not node.level:
                    names |= {one.asname or one.name: f"{node.module}.{one.name}" for one in node.names}
                elif isinstance(node, ast.ClassDef):
                    names[node.name] = f"{module}.{node.name}"
                    self.nodes[f"{module}.{node.name}"] = node

    def bases(self, name: str) -> list[str]:
        """Return the full names of a class's direct bases; an unknown one keeps the name in the source."""
        names = self._names[name.rpartition(".")[0]]
        plain = [one.value if isinstance(one, ast.Subscript) else one for one in self.nodes[name].bases]
        return [names.get(ast.unparse(one), ast.unparse(one)) for one in plain]

    def above(self, name: str) -> list[str]:
        """Return all bases of a class, direct and indirect, own and foreign."""
        found: list[str] = []
        for base in self.bases(name):
            found += [base, *(self.above(base) if base in self.nodes else [])]
        return list(dict.fromkeys(found))

    def has_behaviour(self, name: str) -> bool:
        """Return True for a class with functions that is neither a protocol nor an exception."""
        above = {one.rpartition(".")[2] for one in self.above(name)}
        direct = {one.rpartition(".")[2] for one in self.bases(name)}
        if "Protocol" in direct or any(one.endswith(("Error", "Exception")) for one in above):
            return False
        return any(isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef) for one in self.nodes[name].body)


def towers(sources: Sources) -> dict[str, list[str]]:
    """Return the classes that stand on more than one own class with behaviour, and those classes."""
    known = _Classes(sources)
    found = {}
    for name in known.nodes:
        bases = [one for one in known.above(name) if one in known.nodes and known.has_behaviour(one)]
        if len(bases) > 1:
            found[name] = bases
    return found


def _library() -> Sources:
    found = {}
    for path in SOURCE.rglob("*.py"):
        parts = path.relative_to(SOURCE.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path.read_text()
    return found


def test_no_class_stands_on_a_tower_without_a_reason() -> None:
    found = towers(_library())
    assert {name: bases for name, bases in found.items() if not name.startswith(tuple(TOWERS))} == {}
    assert {entry for entry in TOWERS if not any(name.startswith(entry) for name in found)} == set()
    assert all(len(reason) > 20 for reason in TOWERS.values())


THREE = {
    "one": "class Base:\n    def act(self): ...",
    "two": "from one import Base\nclass Middle(Base):\n    def react(self): ...",
}


@pytest.mark.parametrize(
    "source",
    [
        "from two import Middle\nclass Top(Middle): ...",
        "from two import Middle as Other\nclass Top(Other[int]):\n    def top(self): ...",
        "from one import Base\nclass Beside:\n    def act(self): ...\nclass Top(Base, Beside): ...",
    ],
)
def test_a_tower_is_found(source: str) -> None:
    assert set(towers({**THREE, "three": source})) == {"three.Top"}


@pytest.mark.parametrize(
    "source",
    [
        "from one import Base\nclass Top(Base):\n    def top(self): ...",
        "class Top(Exception):\n    def a(self): ...\nclass B(Top):\n    def b(self): ...\nclass C(B): ...",
        "from typing import Protocol\nfrom one import Base\nclass P(Protocol):\n    def a(self): ...\nclass T(P): ...",
        "class Record:\n    size: int\nclass Other(Record):\n    place: int\nclass Top(Other): ...",
    ],
)
def test_one_base_with_behaviour_an_error_a_protocol_or_a_record_is_no_tower(source: str) -> None:
    assert towers({**THREE, "three": source}) == {}
