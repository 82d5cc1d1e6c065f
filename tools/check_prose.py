"""Check the English of docstrings, comments and NatSpec: openings, phrases and retired words.

`docs/glossary.md` holds the vocabulary: the retired words are read from its last table. A docstring must be a sentence
or a noun phrase that can be read alone, so that a tool may show it without the code around it.
"""

from __future__ import annotations

import ast
import re
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CODE = ("src", "scripts", "tools")
GLOSSARY = ROOT / "docs" / "glossary.md"
NAMED = ("src", "scripts", "tools", "tests", "contracts", "proofs", "mutants", "docs", "README.md", "CONTRIBUTING.md")
"""Places in which no retired name may stand; the history of changes may name them."""

OPENINGS = re.compile(
    r"(What|Who|Whoever|Whom|Whose|Whether|Where|How|Why|When|Which|Of|It|They|That|Those|This|These|The same|Same"
    r"|As|By|If|So|But|And|Nobody|Nothing|There)\b"
)
"""First words that make a docstring depend on the code above it, or turn it into a clause without a subject."""

PHRASES = re.compile(
    r"\b(is no|are no|was no|be no|whoever|anew|all the same|if not told|not told|whom|at once as|begs?"
    r"|says?|said|tells?|told|believe[sd]?|doubt(?:s|ed)?|promise[sd]?|in a hurry|for who|some of them that)\b"
    r"(?! (?:longer|more|later|less|fewer|other)\b)",
    re.IGNORECASE,
)
"""Phrases of another language, and verbs of people for what code does."""

COLUMNS = 100
"""Most columns of a line of Markdown."""

Problem = tuple[str, int, str]


def problems_of(name: str, source: str) -> Iterator[Problem]:
    """Yield the problems of a Python file's docstrings and comments: its name, a line, and a sentence."""
    for line, text in docstrings(source):
        opening = OPENINGS.match(text)
        if opening:
            yield name, line, f"a docstring opens with {opening[0]!r}: {text.splitlines()[0][:70]}"
        yield from phrases(name, line, text)
    for line, text in comments(source):
        yield from phrases(name, line, text)


def retired_names(glossary: str) -> dict[str, str]:
    """Return the retired names of the glossary's last table, each with the text that replaces it."""
    table = glossary.partition("## Retired names")[2]
    return dict(re.findall(r"^\| `(\w+)` \| (.*?) \|$", table, re.MULTILINE))


def retired_in(name: str, text: str, retired: dict[str, str]) -> Iterator[Problem]:
    """Yield each retired name in a text, with its replacement."""
    words = re.compile(rf"(?<!\w)({'|'.join(retired)})(?!\w)")
    for line, row in enumerate(text.splitlines(), 1):
        for match in words.finditer(row):
            yield name, line, f"{match[0]} is retired: {retired[match[0]]}"


def named_files() -> Iterator[Path]:
    """Yield every file in which names are checked."""
    for name in NAMED:
        path = ROOT / name
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        yield from (file for file in files if file.suffix in {".py", ".sol", ".md", ".toml"} and file != GLOSSARY)


def long_lines(name: str, text: str) -> Iterator[Problem]:
    """Yield the lines of Markdown beyond 100 columns that could be broken: no code, table, link or generated page."""
    fenced = False
    for line, row in enumerate(text.splitlines(), 1):
        fenced ^= row.startswith("```")
        kept = fenced or row.startswith(("|", "    ")) or "`" in row or "](" in row
        if len(row) > COLUMNS and not kept:
            yield name, line, f"{len(row)} columns, of {COLUMNS} at most"


def phrases(name: str, line: int, text: str) -> Iterator[Problem]:
    """Yield the banned phrases of a text that begins at a line; code in backticks is left out."""
    for offset, row in enumerate(re.sub(r"`[^`\n]*`", "``", text).splitlines()):
        for match in PHRASES.finditer(row):
            yield name, line + offset, f"{match[0]!r} in: {row.strip()[:70]}"


def docstrings(source: str) -> Iterator[tuple[int, str]]:
    """Yield the first line and the text of each docstring, of attributes too."""
    for node in ast.walk(ast.parse(source)):
        body = getattr(node, "body", None)
        if not isinstance(body, list):
            continue
        for at, statement in enumerate(body):
            if not isinstance(statement, ast.Expr) or not isinstance(statement.value, ast.Constant):
                continue
            text = statement.value.value
            documented = at == 0 or isinstance(body[at - 1], ast.Assign | ast.AnnAssign)
            if isinstance(text, str) and documented:
                yield statement.lineno, text


def comments(source: str) -> Iterator[tuple[int, str]]:
    """Yield the line and the text of each comment."""
    lines = iter(source.splitlines(keepends=True))
    for token in tokenize.generate_tokens(lambda: next(lines, "")):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string.lstrip("# ")


def main(arguments: list[str] | None = None) -> int:
    """Print every problem of the files or folders that are named, of all code by default; 0 if there is none."""
    given = sys.argv[1:] if arguments is None else arguments
    found = 0
    for folder in [Path(one) for one in given] or [ROOT / one for one in CODE]:
        for path in sorted(folder.rglob("*.py")) if folder.is_dir() else [folder]:
            for name, line, problem in problems_of(str(path), path.read_text(encoding="utf-8")):
                print(f"{name}:{line}: {problem}")
                found += 1
    if not given:
        retired = retired_names(GLOSSARY.read_text(encoding="utf-8"))
        for path in named_files():
            for name, line, problem in retired_in(str(path), path.read_text(encoding="utf-8"), retired):
                print(f"{name}:{line}: {problem}")
                found += 1
        for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
            if path.name != "errors.md":
                for name, line, problem in long_lines(str(path), path.read_text(encoding="utf-8")):
                    print(f"{name}:{line}: {problem}")
                    found += 1
    print(f"{found} problems of prose" if found else "prose: nothing to mend")
    return int(found > 0)


if __name__ == "__main__":
    sys.exit(main())
