"""Record the inputs of the library's decoders during a test run, as valid samples for mutation.

`PYTHONPATH=. python tools/decoder_samples.py [tests ...]` runs tests with a profile function that records the arguments
of every decoder: on the in-process chain, and on anvil for responses of a node. It must be repeated when a format
changes: outdated samples are harmless, but do not reach as deep.
"""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "tests" / "adversarial" / "decoders" / "samples.json.gz"
TESTS = (
    "tests/integration/facades/test_opening.py",
    "tests/integration/channels/test_channel.py",
    "tests/integration/channels/test_session_keys.py",
    "tests/integration/coins/test_service.py",
    "tests/integration/payments/operator/test_operator.py",
    "tests/integration/payments/wallet/test_swaps.py",
    "tests/unit/payments/wallet/test_kits.py",
    "tests/unit/rollup/test_proofs.py",
    "tests/unit/ethereum/test_cursor.py",
    "tests/unit/channels/test_wire.py",
    "tests/unit/payments/test_blocks.py",
    "tests/unit/rollup/test_offers.py",
    "tests/unit/channels/test_decoders.py",
    "tests/integration/payments/operator/test_service.py",
    "tests/unit/rollup/test_packing.py",
    "tests/integration/api/test_hostile.py::test_amounts_are_integers_or_decimal_strings",
)
"""Default tests; others can be named. Samples of decoders that a run does not reach are kept."""
ON_ANVIL = ("tests/integration/ethereum/test_follower.py",)
MOST = 8
"""Maximum number of samples per parameter: the first ones of different lengths."""
MOST_BYTES = 6_000

_places: dict[CodeType, tuple[str, tuple[tuple[str, str], ...]]] = {}
_kept: dict[str, dict[int, dict[int, Any]]] = {}
_lock = threading.Lock()


def _note(frame: FrameType, event: str, _: Any) -> None:
    if event != "call" or frame.f_code not in _places:
        return
    key, names = _places[frame.f_code]
    for place, (name, kind) in enumerate(names):
        value = _plain(frame.f_locals.get(name), kind)
        if value is None:
            continue
        size = len(json.dumps(value, default=str))
        with _lock:
            rows = _kept.setdefault(key, {}).setdefault(place, {})
            if size <= 2 * MOST_BYTES and len(rows) < MOST:
                rows.setdefault(size, value)


def _plain(value: Any, kind: str) -> Any:
    if isinstance(value, bytes | bytearray | memoryview):
        return {"hex": bytes(value).hex()}
    try:
        return json.loads(json.dumps(value, default=_answered if kind.startswith("Mapping") else None))
    except (TypeError, ValueError, RecursionError):
        return None


def _answered(value: Any) -> Any:
    """Convert a value back to the node's JSON, before web3's conversions."""
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} comes from no node")


def pytest_configure(config: Any) -> None:
    """Start recording."""
    import inspect

    from layer2.testing.fuzz.decoders import decoders

    for key, one in decoders().items():
        plain = inspect.unwrap(getattr(one.call, "__func__", one.call))
        rows = [name for name in inspect.signature(plain).parameters if name not in ("self", "cls")]
        _places[plain.__code__] = key, tuple(zip(rows, one.takes, strict=False))
    sys.setprofile(_note)
    threading.setprofile(_note)


def pytest_unconfigure(config: Any) -> None:
    """Write the recorded samples."""
    sys.setprofile(None)
    threading.setprofile(None)
    before = json.loads(gzip.decompress(TARGET.read_bytes())) if TARGET.exists() else {}
    found = before | {
        key: {str(place): list(rows.values()) for place, rows in sorted(places.items())}
        for key, places in sorted(_kept.items())
    }
    TARGET.write_bytes(gzip.compress(json.dumps(found).encode(), mtime=0))
    print(f"\n{len(found)} decoders with samples written to {TARGET.relative_to(ROOT)}")


def main() -> int:
    """Run the tests with this module as a plugin."""
    given = sys.argv[1:]
    failed = _run(given or TESTS, "not anvil", "test")
    return failed if given else _run(ON_ANVIL, "anvil", "foundry") or failed


def _run(tests: Sequence[str], marks: str, node: str) -> int:
    ape = Path(sys.executable).with_name("ape")
    words = ["test", "-p", "tools.decoder_samples", "-p", "no:cacheprovider", "-q", "-m", marks]
    return subprocess.call([ape, *words, "--network", f"ethereum:local:{node}", *tests], cwd=ROOT)


if __name__ == "__main__":
    sys.exit(main())
