"""Write the Python bindings of the contracts from the packaged manifest and the NatSpec of the sources.

python tools/generate_bindings.py            write the modules
python tools/generate_bindings.py --check    exit 1 if one differs
"""

from __future__ import annotations

import argparse
import keyword
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from layer2.ethereum.artifacts import load_artifact
from natspec import Declaration, declarations

ROOT = Path(__file__).resolve().parent.parent
COMMAND = "python tools/generate_bindings.py"
WIDTH = 116
CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")

Abi = Mapping[str, Any]


@dataclass(frozen=True)
class Part:
    """A field inside of a packed word: its lowest bit comes after the fields before it."""

    name: str
    bits: int
    signed: bool = False


@dataclass(frozen=True)
class Contract:
    """A contract to bind, with what its ABI does not hold.

    Attributes:
        package: the package that gets the modules, as a folder of `src/layer2`.
        base: the name of the base class of its errors.
        meaning: the docstring of that class.
        address: the Python type of an address.
        events: the name of the union of its events; empty if its events are not bound.
        packed: the fields of packed words, by event and argument.
    """

    name: str
    package: str
    base: str
    meaning: str
    address: str = "Address"
    events: str = ""
    packed: Mapping[tuple[str, str], tuple[Part, ...]] = field(default_factory=dict)


NETS = (Part("net_a", 111, signed=True), Part("net_b", 111, signed=True))
CONTRACTS = (
    Contract(
        "ChannelHub",
        "channels/bindings",
        "HubError",
        "The hub rejected the call; nothing changed on chain.",
        events="HubEvent",
        packed={
            ("Deposited", "nets"): NETS,
            ("Withdrawn", "nets"): NETS,
            ("CounterPosted", "sents"): (Part("sent_a", 112), Part("sent_b", 112)),
            ("Unlocked", "claim"): (Part("claimed", 112), Part("resolved", 112), Part("latest", 32)),
            ("Closed", "pays"): (Part("pay_a", 128), Part("pay_b", 128)),
        },
    ),
    Contract(
        "RootChain",
        "plasma/payments/bindings",
        "RootError",
        "The root chain reverted a call, so that nothing changed.",
        address="bytes",
    ),
    Contract(
        "CoinChain",
        "plasma/coins/bindings",
        "CoinError",
        "The coin chain reverted a call, so that nothing changed.",
        address="bytes",
    ),
)


class BindingError(Exception):
    """The sources lack what a binding needs."""


def python_name(name: str) -> str:
    """Return a Solidity argument's name in Python's spelling."""
    small = CAPITAL.sub("_", name).lower()
    return small + "_" if keyword.iskeyword(small) else small


def python_type(part: Abi, address: str) -> str:
    """Return the Python type of an argument."""
    kind = str(part["type"])
    if kind.endswith("]"):
        return f"tuple[{python_type({**part, 'type': kind[: kind.rindex('[')]}, address)}, ...]"
    if kind.startswith(("uint", "int")):
        return "int"
    if kind.startswith("bytes"):
        return "bytes"
    plain = {"address": address, "bool": "bool", "string": "str"}
    if kind not in plain:
        raise BindingError(f"{part['name']} is of type {kind}, which has no Python type here")
    return plain[kind]


def sentence(notice: str) -> str:
    """Return the meaning of an error: its notice without `when`."""
    text = notice.removeprefix("Thrown when ").replace(", or when ", ", or ").replace(", when ", ", ")
    return text[:1].upper() + text[1:]


def docstring(text: str, heading: str = "", rows: Iterable[tuple[str, str]] = ()) -> list[str]:
    """Return the indented lines of a docstring: the text, then a section of names and meanings."""
    first, _, rest = text.partition(". ")
    lines = [first.removesuffix(".") + "."]
    if len(lines[0]) > WIDTH - 8:
        lines = textwrap.wrap(lines[0], WIDTH - 8)
    if rest:
        lines += ["", *textwrap.wrap(rest.removesuffix(".") + ".", WIDTH)]
    named = list(rows)
    if named:
        lines += ["", f"{heading}:"]
        for name, meaning in named:
            lines += textwrap.wrap(
                f"{name}: {meaning}.",
                WIDTH,
                initial_indent="    ",
                subsequent_indent="        ",
                break_long_words=False,
            )
    marked = ['"""' + lines[0], *lines[1:]]
    marked = [*marked[:-1], marked[-1] + '"""'] if len(marked) == 1 else [*marked, '"""']
    return ["    " + line if line else "" for line in marked]


def documented(contract: Contract, entry: Abi, found: Mapping[str, Declaration]) -> Declaration:
    """Return the NatSpec of an ABI entry; raise BindingError if it is missing or of other arguments."""
    one = found.get(entry["name"])
    names = tuple(part["name"] for part in entry["inputs"])
    if one is None or one.kind != entry["type"] or one.arguments != names or not one.notice:
        raise BindingError(f"{contract.name}: no NatSpec of {entry['type']} {entry['name']}({', '.join(names)})")
    missing = [name for name in names if name not in one.parameters]
    if missing:
        raise BindingError(f"{contract.name}: {entry['name']} does not say what {missing[0]} is")
    return one


def head(summary: str, needs: Iterable[str]) -> list[str]:
    """Return the beginning of a module."""
    note = f"# Generated by `{COMMAND}`: change the contract or the tool, then run it again."
    return [note, f'"""{summary}"""', "", "from __future__ import annotations", "", *needs, "", ""]


def address_import(contract: Contract, lines: Iterable[str]) -> list[str]:
    """Return the import of `Address` if these lines name it."""
    used = contract.address == "Address" and any(re.search(r"\bAddress\b", line) for line in lines)
    return ["from layer2.primitives.addresses import Address"] if used else []


def error_module(contract: Contract, abi: Iterable[Abi], found: Mapping[str, Declaration]) -> str:
    """Return the module of a contract's errors."""
    lines = [f"class {contract.base}(ModelledRevert):", *docstring(contract.meaning)]
    for entry in (one for one in abi if one["type"] == "error"):
        spec = documented(contract, entry, found)
        names = [python_name(name) for name in spec.arguments]
        rows = [(name, spec.parameters[given]) for name, given in zip(names, spec.arguments, strict=True)]
        meaning = sentence(spec.notice)
        lines += ["", "", f"class {entry['name']}({contract.base}):", *docstring(meaning, "Args", rows), ""]
        lines += [f"    FIELDS = {spec.arguments!r}"] if names else []
        lines += ["    MEANING = (", *(f"        {part!r}" for part in pieces(meaning.removesuffix("."))), "    )"]
        if names:
            types = [python_type(part, contract.address) for part in entry["inputs"]]
            typed = ", ".join(f"{name}: {kind}" for name, kind in zip(names, types, strict=True))
            lines += ["", f"    def __init__(self, {typed}) -> None:", f"        super().__init__({', '.join(names)})"]
    needs = [*address_import(contract, lines), "from layer2.primitives.contract_errors import ModelledRevert"]
    return "\n".join([*head(f"Errors of `{contract.name}`, by the contract's names and fields.", needs), *lines, ""])


def pieces(text: str) -> list[str]:
    """Return a text in pieces that fit a line of code."""
    wrapped = textwrap.wrap(text, WIDTH - 10, break_long_words=False)
    return [part + " " for part in wrapped[:-1]] + wrapped[-1:]


def event_module(contract: Contract, abi: Iterable[Abi], found: Mapping[str, Declaration]) -> str:
    """Return the module of a contract's events."""
    lines: list[str] = []
    names: list[str] = []
    for entry in (one for one in abi if one["type"] == "event"):
        spec = documented(contract, entry, found)
        names.append(entry["name"])
        fields: list[tuple[str, str]] = []
        rows: list[tuple[str, str]] = []
        values: list[str] = []
        for part in entry["inputs"]:
            given, meaning = part["name"], spec.parameters[part["name"]]
            parts = contract.packed.get((entry["name"], given))
            if parts is None:
                fields.append((python_name(given), python_type(part, contract.address)))
                rows.append((python_name(given), meaning))
                values.append(f'args["{given}"]')
                continue
            low = 0
            for one in parts:
                fields.append((one.name, "int"))
                rows.append(
                    (one.name, f"{'Signed number' if one.signed else 'Number'} of {one.bits} bits in `{given}`")
                )
                word = f'args["{given}"] >> {low}' if low else f'args["{given}"]'
                values.append(f"{'signed_bits' if one.signed else 'low_bits'}({word}, {one.bits})")
                low += one.bits
            rows[-1] = (rows[-1][0], f"{rows[-1][1]}. {meaning}")
        lines += ["", "", "@dataclass(frozen=True, slots=True)", f"class {entry['name']}:"]
        lines += [*docstring(spec.notice, "Attributes", rows), ""]
        lines += [f"    {name}: {kind}" for name, kind in fields]
        lines += ["", "    @classmethod", f"    def of(cls, args: Mapping[str, Any]) -> {entry['name']}:"]
        lines += ['        """Return the record of a decoded log."""', f"        return cls({', '.join(values)})"]
    lines += ["", "", f"{contract.events} = {' | '.join(names)}", f'"""Any event of `{contract.name}`."""', ""]
    lines += [f"EVENTS: dict[str, type[{contract.events}]] = {{"]
    lines += [f'    "{name}": {name},' for name in names] + ["}"]
    lines += ["", "", f"def typed_event(name: str, args: Mapping[str, Any]) -> {contract.events} | None:"]
    lines += ['    """Return the record of a decoded log; None for an event of another contract."""']
    lines += ["    kind = EVENTS.get(name)", "    return None if kind is None else kind.of(args)"]
    needs = ["from collections.abc import Mapping", "from dataclasses import dataclass", "from typing import Any", ""]
    needs += address_import(contract, lines)
    helpers = [name for name in ("low_bits", "signed_bits") if any(f"{name}(" in line for line in lines)]
    needs += [f"from layer2.primitives.packed_words import {', '.join(helpers)}"] if helpers else []
    return "\n".join([*head(f"Events of `{contract.name}` as typed records.", needs), *lines[2:], ""])


def modules(contracts: Iterable[Contract] = CONTRACTS) -> dict[str, str]:
    """Return the text of every module by its path, formatted."""
    made: dict[str, str] = {}
    for contract in contracts:
        packaged = load_artifact(contract.name)
        found = declarations(packaged.source)
        made[f"src/layer2/{contract.package}/errors.py"] = formatted(error_module(contract, packaged.abi, found))
        if contract.events:
            made[f"src/layer2/{contract.package}/events.py"] = formatted(event_module(contract, packaged.abi, found))
    return made


def formatted(text: str) -> str:
    """Return Python source as ruff formats it."""
    command = [sys.executable, "-m", "ruff", "format", "--stdin-filename", "binding.py", "-"]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode:
        raise BindingError(f"ruff format failed: {done.stderr.strip()}")
    return done.stdout


def stale(made: Mapping[str, str], root: Path = ROOT) -> list[str]:
    """Return the paths whose file is missing or differs."""
    files = ((path, root / path) for path in made)
    return [path for path, file in files if not file.is_file() or file.read_text(encoding="utf-8") != made[path]]


def main(arguments: list[str] | None = None) -> int:
    """Write or check the modules; return the exit code."""
    parser = argparse.ArgumentParser(description="Write the Python bindings of the contracts.")
    parser.add_argument("--check", action="store_true", help="compare with the sources, write nothing")
    check: bool = parser.parse_args(arguments).check
    try:
        made = modules()
    except BindingError as error:
        print(error, file=sys.stderr)
        return 1
    if check:
        wrong = stale(made)
        for path in wrong:
            print(f"stale: {path}; run: {COMMAND}", file=sys.stderr)
        return int(bool(wrong))
    for path, text in made.items():
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
