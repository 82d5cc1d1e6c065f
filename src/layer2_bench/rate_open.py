"""Seconds and memory to reopen a node with many channels.

Each channel was joined, observed and paid in once: three journal rows, as the node writes them. The journal is written
and opened by separate processes, so that memory of the former is not counted for the latter. Channels are read on first
use, whose time is measured separately.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from layer2.channels.hub import HubFacade
from layer2.channels.party.event_codec import encode_event, encode_join
from layer2.channels.party.events import ChainSeen, Received
from layer2.channels.party.party import Party
from layer2.channels.party.store import open_journal
from layer2.channels.protocol.channel_key import ChannelKey
from layer2.channels.protocol.messages import Voucher
from layer2.ethereum.devnet import tester_connection
from layer2.ethereum.signer import Signer
from layer2.primitives.addresses import ZERO_ADDRESS
from layer2_bench.rate_memory import resident

__all__ = ["open_again", "run_open", "write"]

CHANNELS = 100_000
TARGET_SECONDS = 3.0
TARGET_MIB = 150
_DEPOSIT = 10**15
_COMMIT = 1_000


def run_open(channels: int = CHANNELS) -> dict[str, Any]:
    """Measure reopening a node with `channels` channels.

    Returns:
        Seconds until the node is open, MiB by which the process grows, and milliseconds to read one channel.
    """
    with tempfile.TemporaryDirectory(prefix="layer2-open-") as folder:
        path = Path(folder) / "payee.journal"
        _in_a_process(f"write({str(path)!r}, {channels})")
        seconds, grown, first = json.loads(_in_a_process(f"open_again({str(path)!r}, {channels})"))
    return {
        "channels": channels,
        "seconds": round(seconds, 3),
        "mib": round(grown / 2**20, 1),
        "first_read_ms": round(1_000 * first, 2),
        "targets": {"seconds": TARGET_SECONDS, "mib": TARGET_MIB},
    }


def _in_a_process(call: str) -> str:
    code = f"from layer2_bench.rate_open import open_again, write; print({call})"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def _place() -> tuple[HubFacade, Signer, Signer]:
    """Return the same hub on an identical new chain in each process, a payer and a payee."""
    connection = tester_connection()
    operator, payer, payee = connection.signers(3)
    return HubFacade.deploy(connection, operator), payer, payee


def _key(payer: Signer, payee: Signer, number: int) -> ChannelKey:
    return ChannelKey(payer.address, payee.address, ZERO_ADDRESS, 3_600, 2**32 - 1, number)


def write(path: str, channels: int) -> None:
    """Write the payee's journal with the node's own records."""
    hub, payer, payee = _place()
    Party.open(payee, hub, path).close()
    seen = encode_event(ChainSeen(_DEPOSIT, 0, 0, 0, 1))
    with open_journal(path, create=False) as journal:
        for number in range(channels):
            key = _key(payer, payee, number)
            for record in (
                encode_join(key, "B", False),
                seen,
                encode_event(Received(1, payer.sign_typed(Voucher(key.id, 1), hub.domain))),
            ):
                journal.append(key.id.hex(), record)
            if number % _COMMIT == _COMMIT - 1:
                journal.commit()
        journal.commit()


def open_again(path: str, channels: int) -> str:
    """Return as JSON: seconds to open the node, bytes of growth of this process, seconds to read one channel."""
    hub, payer, payee = _place()
    key = _key(payer, payee, channels // 2)
    before = resident()
    started = time.perf_counter()
    node = Party.open(payee, hub, path, create=False)
    opened = time.perf_counter() - started
    grown = resident() - before
    if len(node.channels) != channels:
        raise RuntimeError(f"{len(node.channels)} channels, {channels} were written")
    started = time.perf_counter()
    newest = node.state(key.id).theirs.amount
    if newest != 1:
        raise RuntimeError(f"counter {newest}, 1 was received")
    first = time.perf_counter() - started
    node.close()
    return json.dumps([opened, grown, first])
