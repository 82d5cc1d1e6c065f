"""Probe of an installed wheel: every module, every `--help`, and the library block of the README.

A module or a help text that cannot be loaded must name, in one line, an extra that is not installed. The script needs
only the standard library, because `check_wheel.py` starts it in environments that hold the wheel alone.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import pkgutil
import re
import sys
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

HINT = re.compile(r"^[\w.]+ is not installed; pip install '\w+\[(\w+)\]'$")
LIBRARY_BLOCK = re.compile(r"^```python\n(from layer2\b.*?)^```$", re.MULTILINE | re.DOTALL)


def excused(message: str, installed: Collection[str]) -> bool:
    """Return True if a failure is one line that names an extra which is not installed."""
    named = HINT.match(message)
    return named is not None and named[1] not in installed


def module_problems(package: str, installed: Collection[str]) -> tuple[int, list[str]]:
    """Import every public module of a package; return the number that loaded, and a line for each wrong failure."""
    loaded, problems = 0, []
    paths = importlib.import_module(package).__path__
    for info in pkgutil.walk_packages(paths, f"{package}.", onerror=lambda _: None):
        if any(part.startswith("_") for part in info.name.split(".")):
            continue
        try:
            importlib.import_module(info.name)
            loaded += 1
        except Exception as failure:
            message = f"{type(failure).__name__}: {failure}" if not str(failure) else str(failure)
            if not (isinstance(failure, ImportError) and excused(message, installed)):
                problems.append(f"import {info.name}: {message}")
    return loaded, problems


def commands(group: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the words of every command under a click group that can be loaded, or whose parent lists it."""
    yield words
    if not hasattr(group, "list_commands"):
        return
    context = group.make_context("layer2", [], resilient_parsing=True)
    for name in group.list_commands(context):
        try:
            command = group.get_command(context, name)
        except ImportError:
            yield (*words, name)
        else:
            yield from commands(command, (*words, name))


def help_problems(
    words_of_all: Iterator[tuple[str, ...]], run: Callable[[list[str]], object], installed: Collection[str]
) -> tuple[int, list[str]]:
    """Run `--help` of each command; return the number that printed it, and a line for each wrong failure."""
    shown, problems = 0, []
    for words in words_of_all:
        out, err = io.StringIO(), io.StringIO()
        code: object = 0
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                run([*words, "--help"])
            except SystemExit as ended:
                code = ended.code
            except Exception as failure:
                code, _ = 1, err.write(f"{type(failure).__name__}: {failure}")
        line = err.getvalue().strip().removeprefix("layer2: ")
        if code in (0, None) and "Usage:" in out.getvalue():
            shown += 1
        elif not excused(line, installed):
            problems.append(f"layer2 {' '.join(words)} --help: exit code {code}, {line or out.getvalue()[:80]}")
    return shown, problems


def library_block(readme: str) -> str:
    """Return the first Python block of the README that begins with an import of the library."""
    found = LIBRARY_BLOCK.search(readme)
    if not found:
        raise ValueError("README.md has no Python block that begins with `from layer2`")
    return found[1]


def main(arguments: list[str]) -> int:
    """Probe the installed wheel; the arguments are the README's path and the installed extras."""
    readme, installed = Path(arguments[0]), arguments[1:]
    cli = importlib.import_module("layer2.cli")
    loaded, problems = module_problems("layer2", installed)
    shown, wrong = help_problems(commands(cli.cli), cli.main, installed)
    problems += wrong
    if "devnet" in installed:
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                exec(compile(library_block(readme.read_text(encoding="utf-8")), str(readme), "exec"), {})
        except Exception as failure:
            problems.append(f"the library block of README.md: {type(failure).__name__}: {failure}")
    print(f"{loaded} modules, {shown} help texts{', the README' if 'devnet' in installed else ''}")
    for problem in problems:
        print(f"  {problem}")
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
