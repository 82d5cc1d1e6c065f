"""Views of a watcher as plain values. Views that need its evidence wait a limited time for its lock."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from hashlib import sha256
from itertools import islice
from typing import Any

from layer2.api.http.errors import Busy, scrubbed
from layer2.api.http.metrics import Metric
from layer2.api.plasma.payments_views import owner_of
from layer2.api.plasma.watcher_status import WatcherStatus
from layer2.plasma.common.errors import StateUnknown
from layer2.plasma.common.watcher.alerts import Alert
from layer2.plasma.payments.chain.errors import ExitProofInvalid
from layer2.plasma.payments.chain.exit_proofs import DepositExitProof
from layer2.plasma.payments.operator.exit_data import ExitData
from layer2.plasma.payments.utxo.columns import EXITING
from layer2.plasma.payments.watcher.watcher import Watcher
from layer2.plasma.protocol.positions import decode_position
from layer2.plasma.protocol.transaction import Output

__all__ = [
    "alarms",
    "balance",
    "block",
    "blocks",
    "body",
    "challenges",
    "exit_kit",
    "tx_status",
    "metrics",
    "outputs",
    "status",
]

_SECONDS = 10.0


def status(desk: WatcherStatus) -> dict[str, Any]:
    """Return the status of the chain as of the last step."""
    seen, root = desk.status, desk.watcher.root_chain
    return {
        "chain_id": root.connection.chain_id,
        "root_chain": root.address,
        "healthy": seen.healthy,
        "stepped": desk.stepped,
        "head": seen.head,
        "posted": seen.posted,
        "verified": seen.verified,
        "invalid": seen.invalid,
        "withheld": list(seen.withheld),
        "frozen": seen.frozen,
        "operator": seen.operator,
        "exits": seen.exits,
        "in_flight_exits": seen.games,
        "alarms": sum(one.kind.alarming for one in seen.standing),
    }


def alarms(desk: WatcherStatus) -> dict[str, Any]:
    """Return the current findings, alarming or not, and the watcher's latest transactions, done or missed."""
    seen = desk.status
    acts = [
        {"name": one.name, "subject": _hex(one.subject), "done": one.done, "detail": scrubbed(one.detail)}
        for one in desk.acts
    ]
    return {"healthy": seen.healthy, "standing": [_finding(one) for one in seen.standing], "acts": acts}


def challenges(desk: WatcherStatus) -> dict[str, Any]:
    """Return the contract calls that are due, for anyone to submit; the watcher may have no key or no funds."""
    contract = desk.watcher.root_chain.contract
    rows = [
        {
            "call": one.name,
            "subject": _hex(one.subject),
            "to": contract.address,
            "data": _hex(contract.encode(one.name, *one.arguments)),
            "value": str(one.value),
            "gas": one.cost,
            "reward": str(one.reward),
            "until": one.deadline,
        }
        for one in desk.plans
    ]
    return {"calls": rows}


def exit_kit(desk: WatcherStatus, position: int) -> dict[str, Any]:
    """Return the exit proof of an output, spent or not, in the operator's format; raise StateUnknown if unknown."""
    with _quiet(desk.watcher) as watcher:
        try:
            kit = watcher.kit(position)
        except ExitProofInvalid as fault:
            raise StateUnknown(f"output not found: {fault}") from fault
        if isinstance(kit, DepositExitProof):
            return ExitData.of_deposit(kit.deposit).to_json()
        place = decode_position(position)
        record = watcher.evidence.record(place.block, place.transaction)
        packed = kit.transaction.packed
        signatures = () if record is None else tuple(record[at : at + 64] for at in range(len(packed), len(record), 64))
        return ExitData(position, packed, kit.header, kit.path, signatures).to_json()


def outputs(desk: WatcherStatus, owner: str, skip: int, count: int) -> dict[str, Any]:
    """Return an address's outputs as of the last valid block, oldest first, in the operator's format."""
    raw = owner_of(owner)
    with _quiet(desk.watcher) as watcher:
        found = list(islice(_owned(watcher, raw), skip, skip + count + 1))
    rows = [
        {"position": str(position), "token": one.token, "amount": str(one.amount), "exiting": leaves, "spent_by": None}
        for position, one, leaves in found[:count]
    ]
    return {"outputs": rows, "more": len(found) > count}


def balance(desk: WatcherStatus, owner: str) -> dict[str, Any]:
    """Return the balance of an address by token as of the last valid block, with the exiting share.

    Pending payments are unknown to a watcher, so `pending` is always 0.
    """
    raw = owner_of(owner)
    sums: dict[int, list[int]] = {}
    with _quiet(desk.watcher) as watcher:
        for _, one, leaves in _owned(watcher, raw):
            sums.setdefault(one.token, [0, 0])[leaves] += one.amount
    tokens = {
        str(token): {"free": str(free), "pending": "0", "exiting": str(leaving)}
        for token, (free, leaving) in sorted(sums.items())
    }
    return {"tokens": tokens, "more": False}


def tx_status(desk: WatcherStatus, hashed: bytes) -> dict[str, Any]:
    """Return the block and position of a payment; raise StateUnknown if no published block contains it."""
    with _quiet(desk.watcher) as watcher:
        places = watcher.evidence.inclusions(hashed)
    if not places:
        raise StateUnknown(f"payment {hashed.hex()[:8]}.. is in no block with available data", hint="ask its operator")
    block, index = places[0] >> 16, places[0] & 0xFFFF
    place = {"block": block, "index": index, "position": str(places[0] << 8)}
    return {"id": _hex(hashed), "state": "posted", **place, "reason": None}


def block(desk: WatcherStatus, number: int) -> dict[str, Any]:
    """Return a block, counted from 1; its body is described only if it matches the header."""
    with _quiet(desk.watcher) as watcher:
        return _block(watcher, number)


def blocks(desk: WatcherStatus, first: int, count: int) -> list[dict[str, Any]]:
    """Return up to `count` consecutive blocks."""
    with _quiet(desk.watcher) as watcher:
        last = min(first + count - 1, watcher.view.posted)
        return [_block(watcher, number) for number in range(max(1, first), last + 1)]


def body(desk: WatcherStatus, number: int) -> bytes:
    """Return a block's body, which matches the header but may be invalid; raise StateUnknown if not published."""
    with _quiet(desk.watcher) as watcher:
        header = watcher.view.headers.get(number)
        found = None if header is None else watcher.store.body(header.hash)
    if found is None:
        raise StateUnknown(f"block {number}: its data is not available", hint="ask another source")
    return found


def metrics(desk: WatcherStatus) -> list[Metric]:
    """Return the Prometheus metrics of the watcher."""
    seen, prefix = desk.status, "layer2_plasma_watcher"
    standing: dict[tuple[tuple[str, str], ...], int | float] = {}
    for one in seen.standing:
        key = (("kind", one.kind.name),)
        standing[key] = standing.get(key, 0) + 1
    return [
        Metric.of(f"{prefix}_healthy", "1 unless owners should leave, or somebody look", int(seen.healthy)),
        Metric.of(f"{prefix}_stepped_seconds", "Unix time of the last step", desk.stepped),
        Metric.of(f"{prefix}_head", "newest block of the main chain that was read", seen.head),
        Metric.of(f"{prefix}_blocks_posted", "child blocks there are", seen.posted),
        Metric.of(f"{prefix}_blocks_verified", "last block found good with all before it", seen.verified),
        Metric.of(f"{prefix}_blocks_withheld", "blocks whose body is missing for too long", len(seen.withheld)),
        Metric.of(f"{prefix}_exits", "open standard exits", seen.exits),
        Metric.of(f"{prefix}_in_flight_exits", "open in-flight exits", seen.games),
        Metric.of(f"{prefix}_due", "calls that are due by what is known", len(desk.plans)),
        Metric(f"{prefix}_standing", "what is wrong now, by kind", standing),
        Metric.count(f"{prefix}_findings_total", "what was found, by kind", "kind", desk.findings),
        Metric.count(f"{prefix}_acts_total", "transactions that were made, by function", "name", desk.done),
        Metric.count(f"{prefix}_acts_missed_total", "those that were due and not made", "name", desk.missed),
        Metric(f"{prefix}_gas_total", "gas that transactions have used", {(): desk.gas}, "counter"),
    ]


def _block(watcher: Watcher, number: int) -> dict[str, Any]:
    header = watcher.view.headers.get(number)
    if header is None:
        raise StateUnknown(f"block {number} does not exist yet, the last is {watcher.view.posted}", hint="wait for it")
    body = watcher.store.body(header.hash)
    bad = watcher.bad_block
    return {
        "block": number,
        "root": _hex(header.root),
        "count": header.count,
        "posted": True,
        "time": header.time,
        "header": _hex(header.encoded),
        "verified": number <= watcher.line.verified and (bad is None or number < bad),
        "body": None if body is None else {"sha256": _hex(sha256(body).digest()), "bytes": len(body)},
    }


def _owned(watcher: Watcher, owner: bytes) -> Iterator[tuple[int, Output, bool]]:
    """Yield an owner's outputs that are neither spent by a valid block nor paid out: position, output, exiting flag."""
    ledger = watcher.line.ledger
    for position, one in ledger.unspent():
        if one.owner == owner:
            found = ledger.find(position)
            yield position, one, found is not None and bool(found[1] & EXITING)


def _finding(one: Alert) -> dict[str, Any]:
    subject = _hex(one.subject) if isinstance(one.subject, bytes) else one.subject
    return {"kind": one.kind.name, "alarming": one.kind.alarming, "subject": subject, "detail": scrubbed(one.detail)}


@contextlib.contextmanager
def _quiet(watcher: Watcher) -> Iterator[Watcher]:
    """Yield the watcher with its lock held; raise Busy if the lock cannot be acquired within 10 seconds."""
    if not watcher.lock.acquire(timeout=_SECONDS):
        raise Busy("the watcher is busy", hint="ask again in a few seconds")
    try:
        yield watcher
    finally:
        watcher.lock.release()


def _hex(data: bytes) -> str:
    return "0x" + data.hex()
