"""Check that every relative link and anchor of the Markdown pages leads somewhere. Asks no network.

python tools/check_links.py             all committed pages
python tools/check_links.py README.md   these pages
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).resolve().parent.parent
FENCE = re.compile(r"^(?P<mark>```+|~~~+).*?^(?P=mark)\s*$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`\n]*`")
LINK = re.compile(r"\]\(\s*<?(?P<target>[^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
REFERENCE = re.compile(r"^\[[^\]]+\]:\s+(?P<target>\S+)", re.MULTILINE)
HEADING = re.compile(r"^#{1,6}\s+(?P<title>.*?)\s*#*$", re.MULTILINE)
ANCHOR = re.compile(r"<a\s+(?:id|name)=\"([^\"]+)\"")
ELSEWHERE = re.compile(r"^[a-z][a-z0-9+.-]*:", re.IGNORECASE)


def blanked(text: str, pattern: re.Pattern[str]) -> str:
    """Return the text with each match replaced by as many line breaks as it has, so that lines keep their numbers."""
    return pattern.sub(lambda match: "\n" * match[0].count("\n"), text)


def slug(title: str) -> str:
    """Return the anchor that GitHub gives a heading."""
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title)
    return re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")


def anchors_of(text: str) -> set[str]:
    """Return the anchors of a page: a repeated heading gets a number."""
    found: set[str] = set()
    counts: dict[str, int] = {}
    for heading in HEADING.finditer(blanked(text, FENCE)):
        name = slug(heading["title"])
        counts[name] = counts.get(name, -1) + 1
        found.add(f"{name}-{counts[name]}" if counts[name] else name)
    return found | set(ANCHOR.findall(text))


@cache
def anchors_in(page: Path) -> set[str]:
    """Return the anchors of the page in a file."""
    return anchors_of(page.read_text(encoding="utf-8"))


def links_of(text: str) -> Iterator[tuple[int, str]]:
    """Yield the line and target of every link of a page outside code."""
    prose = blanked(blanked(text, FENCE), CODE)
    for pattern in (LINK, REFERENCE):
        for match in pattern.finditer(prose):
            yield prose.count("\n", 0, match.start("target")) + 1, match["target"]


def problems_of(page: Path) -> list[str]:
    """Return a line for every link of a page that leads nowhere."""
    found = []
    for line, target in links_of(page.read_text(encoding="utf-8")):
        if ELSEWHERE.match(target):
            continue
        path, _, anchor = unquote(target).partition("#")
        file = page if not path else page.parent / path
        if not file.exists():
            found.append(f"{page}:{line}: {target}: no such file")
        elif anchor and file.suffix == ".md" and anchor not in anchors_in(file.resolve()):
            found.append(f"{page}:{line}: {target}: no such heading")
    return found


def pages() -> list[Path]:
    """Return every Markdown page that git knows."""
    listed = subprocess.run(["git", "ls-files", "-z", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def main(arguments: list[str]) -> int:
    """Print every link that leads nowhere; return 1 if there is one."""
    chosen = [Path(one) for one in arguments] or pages()
    problems = [problem for page in chosen for problem in problems_of(page)]
    print("\n".join(problems) if problems else f"links: all lead somewhere, in {len(chosen)} pages")
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
