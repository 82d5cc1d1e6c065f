"""Declarations of Solidity sources with their NatSpec comments."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DECLARATION = re.compile(r"((?:^ *///.*\n)+)^ *(error|event) (\w+)\(([^)]*)\)[^;]*;", re.MULTILINE)
IMPORT = re.compile(r'^import [^"]*"([^"]+)";', re.MULTILINE)
TAG = re.compile(r"(?:^|\s)@(notice|dev|param)\s+")


@dataclass(frozen=True)
class Declaration:
    """An error or event of a contract.

    Attributes:
        kind: `error` or `event`.
        arguments: the names of its arguments, in order.
        notice: its meaning in one sentence or more.
        parameters: the meaning of each argument by name.
    """

    kind: str
    name: str
    arguments: tuple[str, ...]
    notice: str
    parameters: dict[str, str]


def sources(path: str) -> Iterator[str]:
    """Yield the text of a source and of everything it imports, nearest first."""
    waiting = [(ROOT / path).resolve()]
    for source in waiting:
        text = source.read_text(encoding="utf-8")
        yield text
        for target in IMPORT.findall(text):
            near = target.startswith(".")
            found = (source.parent / target if near else ROOT / target.replace("@layer2", "contracts", 1)).resolve()
            if found not in waiting:
                waiting.append(found)


def declarations(path: str) -> dict[str, Declaration]:
    """Return the documented errors and events of a source and of what it imports, by name."""
    found: dict[str, Declaration] = {}
    for text in sources(path):
        for one in declared(text):
            found.setdefault(one.name, one)
    return found


def declared(text: str) -> Iterator[Declaration]:
    """Yield the documented errors and events of one source text."""
    for match in DECLARATION.finditer(text):
        comment = " ".join(line.strip().removeprefix("///").strip() for line in match[1].splitlines())
        _, *parts = TAG.split(comment)
        notice, parameters = "", {}
        for tag, content in zip(parts[::2], parts[1::2], strict=True):
            if tag == "notice":
                notice = content.strip()
            elif tag == "param":
                name, _, meaning = content.strip().partition(" ")
                parameters[name] = meaning
        arguments = tuple(part.split()[-1] for part in match[4].split(",") if part.strip())
        yield Declaration(match[2], match[3], arguments, notice, parameters)
