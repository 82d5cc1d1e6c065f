"""Checks of the sources: unused errors, duplicate contract names, and files that are too long."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

__all__ = ["contract_names", "long_files", "manifest_differences", "name_collisions", "unused_errors"]

_NOISE = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|//[^\n]*|/\*.*?\*/', re.DOTALL)
_ERROR = re.compile(r"\berror\s+(\w+)\s*\(")
_CONTRACT = re.compile(r"\b(?:abstract\s+contract|contract|interface|library)\s+(\w+)[^;{]*\{")
_USES = (
    r"\brevert\s+(?:\w+\s*\.\s*)*{name}\s*\(",
    r",\s*(?:\w+\s*\.\s*)*{name}\s*\(",
    r"\b{name}\s*\.\s*selector\b",
)


def _sources(root: Path) -> Iterator[tuple[Path, str]]:
    for path in sorted(root.rglob("*.sol")):
        if ".cache" not in path.parts:
            yield path, _NOISE.sub(_blank, path.read_text(encoding="utf-8"))


def _blank(found: re.Match[str]) -> str:
    # Strings remain strings, so that `require(x, "...")` keeps its form.
    return '""' if found.group()[0] in "\"'" else " "


def unused_errors(root: Path | str) -> list[str]:
    """Return the custom errors declared below `root` that no `.sol` file there raises, as `"path: Name"`."""
    sources = list(_sources(Path(root)))
    everything = "\n".join(text for _, text in sources)
    return [
        f"{path.relative_to(root).as_posix()}: {name}"
        for path, text in sources
        for name in _ERROR.findall(text)
        if not any(re.search(use.format(name=name), everything) for use in _USES)
    ]


def contract_names(root: Path | str) -> dict[str, list[str]]:
    """Return the contracts, interfaces and libraries below `root` by name, with the files that define them."""
    names: dict[str, list[str]] = {}
    for path, text in _sources(Path(root)):
        for name in _CONTRACT.findall(text):
            names.setdefault(name, []).append(path.relative_to(root).as_posix())
    return names


def name_collisions(root: Path | str) -> list[str]:
    """Return names defined more than once in any letter case, of which Ape silently keeps only one."""
    folded: dict[str, list[str]] = {}
    for name, files in contract_names(root).items():
        folded.setdefault(name.lower(), []).extend(f"{name} in {file}" for file in files)
    return [", ".join(places) for places in folded.values() if len(places) > 1]


def manifest_differences(root: Path | str, manifest: Iterable[str]) -> list[str]:
    """Return the names that are only in the sources or only in the manifest.

    Interfaces and libraries count only if the manifest has them, because it may omit contracts that cannot be deployed.
    """
    listed = set(manifest)
    defined = contract_names(root)
    deployable = {name for name in defined if _is_concrete(Path(root), name)}
    missing = [f"{name}: in the sources, not in the manifest" for name in sorted(deployable - listed)]
    return missing + [f"{name}: in the manifest, not in the sources" for name in sorted(listed - defined.keys())]


def _is_concrete(root: Path, name: str) -> bool:
    pattern = re.compile(rf"(?<!abstract )\bcontract\s+{name}\b")
    return any(pattern.search(re.sub(r"\s+", " ", text)) for _, text in _sources(root))


def long_files(root: Path | str, *, suffixes: Iterable[str] = (".py", ".sol"), limit: int = 350) -> list[str]:
    """Return the files below `root` with more than `limit` lines, as `"path: lines"`."""
    wanted = set(suffixes)
    counted = (
        (path, len(path.read_text(encoding="utf-8").splitlines()))
        for path in sorted(Path(root).rglob("*"))
        if path.suffix in wanted and path.is_file()
    )
    return [f"{path.relative_to(root).as_posix()}: {lines}" for path, lines in counted if lines > limit]
