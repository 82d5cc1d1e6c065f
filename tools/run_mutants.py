"""Apply each mutation of `mutants/*.toml` to a copy of the project and verify that a test fails.

A mutation is an exact text in one file and its replacement. For a contract, the deployable contracts that contain the
file are compiled into the copy's packaged artifacts. The named tests must fail with the mutation and pass without it. A
mutation that cannot be detected is allowed only with a written proof (`equivalent`). `--check` checks only the list.
Verdicts are stored in `mutants/verdicts.json` (see mutant_record); `--stale` skips mutations with a current one.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import compile_artifacts
from mutant_record import Record

ROOT = Path(__file__).resolve().parent.parent
LIST = ROOT / "mutants"
VERDICTS = LIST / "verdicts.json"
LEAST = 120
MINUTES = 10
MOST_CODE = 24_576
"""Maximum bytes of a deployed contract (EIP-170)."""
SETTINGS = ["-q", "-x", "-p", "no:ape_test", "-p", "no:cacheprovider", "--no-header"]
# The markers select among whole files; a test that is listed by name is always run.
CHOICE = ["-m", "not anvil or machine"]
KEYS = {"id", "file", "old", "new", "tests", "compile", "equivalent", "hangs"}
KILLED, SURVIVED, BROKEN, EQUIVALENT = "killed", "SURVIVED", "BROKEN", "equivalent"


class ListError(Exception):
    """The list does not match the code; the message names the place."""


@dataclass(frozen=True)
class Mutant:
    """One mutation and the tests that must detect it. `compile` names contracts, if not all that contain the file.

    Listed files are run without tests that need a real node (except with markers); `file::function` is always run. With
    `hangs` a test does not end, so that a timeout counts as detection.
    """

    id: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]
    compile: tuple[str, ...] = ()
    equivalent: str = ""
    hangs: bool = False

    @property
    def is_contract(self) -> bool:
        """True if the mutation changes the artifacts."""
        return self.file.endswith(".sol")

    def apply(self, source: str) -> str:
        """Return the mutated source; raise ListError unless the old text occurs exactly once."""
        count = source.count(self.old)
        if count != 1:
            raise ListError(f"{self.id}: its old text stands {count} times in {self.file}, must stand there once")
        return source.replace(self.old, self.new)


@dataclass(frozen=True)
class Verdict:
    """Result of one mutation: a word, the seconds it took, and the tests' output."""

    mutant: Mutant
    word: str
    seconds: float
    said: str = ""

    def text(self) -> str:
        """Return the row as printed."""
        return f"{self.word:10} {self.mutant.id:52} {self.seconds:6.1f} s  {self.said}"


def read_list(folder: Path = LIST) -> list[Mutant]:
    """Return all mutations in the order of files and lines. `tests = "name"` refers to a list under `[tests]`."""
    mutants = []
    for path in sorted(folder.glob("*.toml")):
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        named = content.get("tests", {})
        for entry in content.get("mutant", ()):
            wrong = set(entry) - KEYS
            tests = entry.get("tests", ())
            if isinstance(tests, str):
                tests = named.get(tests, ())
            if wrong or not tests or not {"id", "file", "old", "new"} <= set(entry):
                raise ListError(f"{path.name}: {entry.get('id')}: unknown keys {sorted(wrong)}, or one is missing")
            settings = {**entry, "tests": tuple(tests), "compile": tuple(entry.get("compile", ()))}
            mutants.append(Mutant(**settings))
    return mutants


def problems(mutants: Sequence[Mutant], root: Path = ROOT, least: int = LEAST) -> list[str]:
    """Return the places where the list does not match the code."""
    found = []
    if len(mutants) < least:
        found.append(f"{len(mutants)} mutations are listed, {least} are needed")
    seen: set[str] = set()
    made: dict[tuple[str, str], str] = {}
    for mutant in mutants:
        if mutant.id in seen:
            found.append(f"{mutant.id}: listed twice")
        seen.add(mutant.id)
        if mutant.old == mutant.new:
            found.append(f"{mutant.id}: changes nothing")
        if mutant.equivalent and len(mutant.equivalent) < 40:
            found.append(f"{mutant.id}: its proof of equivalence is too short to be one")
        path = root / mutant.file
        if not path.is_file():
            found.append(f"{mutant.id}: {mutant.file} is not there")
            continue
        try:
            same = made.setdefault((mutant.file, mutant.apply(path.read_text(encoding="utf-8"))), mutant.id)
            if same != mutant.id:
                found.append(f"{mutant.id}: the same as {same}")
        except ListError as error:
            found.append(str(error))
        found += [f"{mutant.id}: {name} is not there" for name in mutant.tests if not test_exists(root, name)]
        # Pytest would run only the named part of a folder, and skip the rest.
        within = [(one, other) for one in mutant.tests for other in mutant.tests if one.startswith(f"{other}/")]
        found += [f"{mutant.id}: {one} lies in {other}: name one of them" for one, other in within]
    return found


def test_exists(root: Path, name: str) -> bool:
    """Return True if a test file, folder, or `file::function` exists."""
    path, _, function = name.partition("::")
    if not (root / path).exists():
        return False
    bare = re.escape(function.partition("[")[0].rpartition("::")[2])
    return not function or re.search(rf"\b(def|class) {bare}\b|^{bare} = ", text_of(root / path), re.M) is not None


def text_of(path: Path) -> str:
    """Return a file's text."""
    return path.read_text(encoding="utf-8")


# --------------------------------------------------------------------------------------------------------- contracts


def recompile(root: Path, mutant: Mutant) -> str:
    """Compile the contracts with the mutated file into a copy's artifacts; return the compiler's errors, or ""."""
    sources = compile_artifacts.sources(root)
    changed = 0
    for file in ("manifest.json", "mocks.json"):
        path = root / "src" / "layer2" / "artifacts" / file
        manifest = json.loads(text_of(path))
        for name, entry in manifest["contracts"].items():
            if entry["bytecode"] == "0x" or (mutant.compile and name not in mutant.compile):
                continue
            if file == "mocks.json" and name not in mutant.compile:
                continue
            files = compile_artifacts.closure(sources, entry["source"])
            if mutant.file not in files:
                continue
            fresh, trouble = compiled(files, entry["source"], name)
            if fresh and compile_artifacts.size_of(fresh) > MOST_CODE:
                # A contract that cannot be deployed would fail every test for an unrelated reason.
                fresh, trouble = compiled(files, entry["source"], name, runs=1)
            if fresh and compile_artifacts.size_of(fresh) > MOST_CODE:
                trouble = f"{name} has {compile_artifacts.size_of(fresh)} bytes, more than a chain takes"
            if trouble:
                return trouble
            changed += fresh["runtime"] != entry["runtime"]
            manifest["contracts"][name] = fresh
        path.write_text(json.dumps(manifest), encoding="utf-8")
    return "" if changed else "no bytecode changed"


def compiled(files: dict[str, bytes], source: str, name: str, runs: int | None = None) -> tuple[dict[str, Any], str]:
    """Return a contract's artifact, or the compiler's error."""
    try:
        return dict(compile_artifacts.compile_sources(files, [source], runs))[name], ""
    except compile_artifacts.CompileError as error:
        return {}, f"{name} does not compile: {error}"


# ------------------------------------------------------------------------------------------------------------ copies


@dataclass
class Copy:
    """A copy of the project for one mutation at a time."""

    place: Path
    artifacts: dict[Path, bytes] = field(default_factory=dict)

    def fill(self) -> None:
        """Copy all files that version control tracks or would add; environments are linked."""
        listed = subprocess.run(
            ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
        )
        for name in filter(None, listed.stdout.split("\0")):
            if (ROOT / name).is_file():
                (self.place / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, self.place / name)
        for name in (".venv", "node_modules"):
            (self.place / name).symlink_to(ROOT / name)
        for path in (self.place / "src" / "layer2" / "artifacts").glob("*.json"):
            self.artifacts[path] = path.read_bytes()

    def environment(self) -> dict[str, str]:
        """Return the environment of tests: the copy's sources come first, and no compiled files are written."""
        env = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
        paths = os.pathsep.join([str(self.place / "src"), str(self.place)])
        cache = str(self.place / ".numba")
        return {
            **env,
            "PYTHONPATH": paths,
            "PYTHONDONTWRITEBYTECODE": "1",
            "NUMBA_CACHE_DIR": cache,
            "LAYER2_MUTATION": "1",
        }

    def pytest(self, tests: Sequence[str], minutes: int = MINUTES) -> tuple[int, str]:
        """Run tests in the copy; return pytest's exit code (124 for a timeout) and its most informative line."""
        distinct = list(dict.fromkeys(tests))
        named = [test for test in distinct if "::" in test]
        files = [test for test in distinct if "::" not in test]
        code, said = 0, ""
        for choice, chosen in ([], named), (CHOICE, files):
            if chosen and code == 0:
                code, said = self._pytest([*choice, *chosen], minutes)
        return code, said

    def _pytest(self, arguments: Sequence[str], minutes: int) -> tuple[int, str]:
        command = [str(ROOT / ".venv" / "bin" / "python"), "-m", "pytest", *SETTINGS, *arguments]
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
            child = subprocess.Popen(
                command, cwd=self.place, env=self.environment(), stdout=output, stderr=output, start_new_session=True
            )
            try:
                code = child.wait(timeout=minutes * 60)
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, 9)
                child.wait()
                code = 124
            output.seek(0)
            said = output.read().strip().splitlines()
        telling = [line for line in said if line.startswith(("FAILED", "ERROR"))] or said[-1:]
        return code, telling[0][:160] if telling else ""

    def judge(self, mutant: Mutant) -> Verdict:
        """Apply a mutation, run its tests, and revert it."""
        started = time.monotonic()
        path = self.place / mutant.file
        before = path.read_bytes()

        def verdict(word: str, said: str) -> Verdict:
            return Verdict(mutant, word, time.monotonic() - started, said)

        try:
            path.write_text(mutant.apply(before.decode("utf-8")), encoding="utf-8")
            if mutant.is_contract:
                trouble = recompile(self.place, mutant)
                if trouble:
                    return verdict(BROKEN, trouble)
            code, said = self.pytest(mutant.tests)
        finally:
            path.write_bytes(before)
            for artifact, content in self.artifacts.items():
                if mutant.is_contract:
                    artifact.write_bytes(content)
        if code == 124:
            return verdict(KILLED if mutant.hangs else BROKEN, f"not done after {MINUTES} minutes")
        if code not in (0, 1):
            return verdict(BROKEN, f"pytest ended with {code}: {said}")
        if mutant.equivalent:
            return verdict(EQUIVALENT if code == 0 else BROKEN, mutant.equivalent if code == 0 else f"noticed: {said}")
        return verdict(KILLED if code else SURVIVED, said if code else "no named test noticed it")


class Copies:
    """Pool of copies, one per job, each used by one mutation at a time."""

    def __init__(self, folder: Path, jobs: int) -> None:
        self._free: list[Copy] = []
        self._lock = threading.Lock()
        for number in range(jobs):
            place = folder / str(number)
            place.mkdir(parents=True)
            copy = Copy(place)
            copy.fill()
            self._free.append(copy)

    def judge(self, mutant: Mutant) -> Verdict:
        """Judge a mutation in a free copy."""
        with self._lock:
            copy = self._free.pop()
        try:
            return copy.judge(mutant)
        finally:
            with self._lock:
                self._free.append(copy)

    def baseline(self, mutants: Sequence[Mutant]) -> tuple[int, str]:
        """Run every named test without any mutation."""
        tests = list(dict.fromkeys(test for mutant in mutants for test in mutant.tests))
        return self._free[0].pytest(tests, MINUTES * len(tests))


def chosen(mutants: Sequence[Mutant], only: str, shard: str) -> Iterator[Mutant]:
    """Yield the n-th part of the mutations whose id or file contains one of the comma-separated words in `only`."""
    part, of = (int(number) for number in shard.split("/"))
    if not 1 <= part <= of:
        raise ListError(f"a shard is 1/n to n/n, not {shard}")
    parts = only.split(",")
    matching = [mutant for mutant in mutants if any(word in mutant.id or word in mutant.file for word in parts)]
    yield from matching[part - 1 :: of]


def run_all(mutants: Sequence[Mutant], jobs: int, baseline: bool, record: Record) -> list[Verdict]:
    """Judge all mutations in temporary copies, and store the verdicts.

    Raises ListError if a named test fails without any mutation.
    """
    folder = Path(tempfile.mkdtemp(prefix="layer2-mutants-"))
    verdicts: list[Verdict] = []
    try:
        copies = Copies(folder, jobs)
        if baseline:
            code, said = copies.baseline(mutants)
            if code:
                raise ListError(f"the named tests fail without any mutation: {said}")

        def judged(mutant: Mutant) -> Verdict:
            verdict = copies.judge(mutant)
            record.keep(mutant, verdict.word if verdict.word in (KILLED, EQUIVALENT) else "")
            return verdict

        with ThreadPoolExecutor(jobs) as pool:
            for verdict in pool.map(judged, mutants):
                print(verdict.text(), flush=True)
                verdicts.append(verdict)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return verdicts


def main(arguments: Sequence[str] | None = None) -> int:
    """Check the list, and run it without `--check`; return 0 if no mutation survives."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="only see that the list fits the code")
    parser.add_argument("--only", default="", help="mutations whose id or file contains one of these, by commas")
    parser.add_argument("--jobs", type=int, default=2, help="mutations at the same time")
    parser.add_argument("--shard", default="1/1", help="the i-th of n parts: i/n")
    parser.add_argument("--no-baseline", action="store_true", help="do not run the tests without any mutation first")
    parser.add_argument("--stale", action="store_true", help="only those without a verdict for the code as it is")
    given = parser.parse_args(arguments)
    started = time.monotonic()
    try:
        mutants = read_list()
        wrong = problems(mutants)
        if wrong:
            raise ListError("\n  ".join(["the list does not fit:", *wrong]))
        record = Record(VERDICTS, ROOT)
        if given.check:
            current = sum(record.is_current(mutant) for mutant in mutants)
            print(f"{len(mutants)} mutations, every old text stands exactly once; {current} verdicts are current")
            return 0
        record.forget({mutant.id for mutant in mutants})
        wanted = list(chosen(mutants, given.only, given.shard))
        if not wanted:
            raise ListError(f"no mutation contains {given.only!r}")
        if given.stale:
            wanted = [mutant for mutant in wanted if not record.is_current(mutant)]
        verdicts = run_all(wanted, max(1, given.jobs), not given.no_baseline, record)
    except ListError as error:
        print(f"Mutants stopped: {error}", file=sys.stderr)
        return 1
    words = [verdict.word for verdict in verdicts]
    counts = ", ".join(f"{words.count(word)} {word.lower()}" for word in (KILLED, EQUIVALENT, SURVIVED, BROKEN))
    print(f"{len(verdicts)} mutations in {time.monotonic() - started:.0f} s: {counts}")
    return int(SURVIVED in words or BROKEN in words)


if __name__ == "__main__":
    sys.exit(main())
