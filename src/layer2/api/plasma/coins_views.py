"""Views of an operator of coins as plain values. Each view holds the operator's lock briefly."""

from __future__ import annotations

from typing import Any

from layer2.api.plasma.coins_json import record_json, transfer_json
from layer2.plasma.coins.operator.operator import CoinOperator, CoinState
from layer2.plasma.coins.protocol.history_codec import encode_evidence
from layer2.plasma.common.errors import StateUnknown
from layer2.primitives.addresses import to_address
from layer2.primitives.errors import MalformedError

__all__ = ["block", "blocks", "coin", "coins", "evidence", "tx_status", "state"]


def state(inner: CoinOperator) -> dict[str, Any]:
    """Return the chain's identity and the operator's progress."""
    with inner.lock:
        return {
            "chain_id": inner.chain.connection.chain_id,
            "coin_chain": inner.chain.address,
            "blocks": len(inner.store),
            "posted": len(inner.posted),
            "coins": len(inner.ledger),
            "margin": inner.margin,
            "pending": inner.waiting,
            "most_pending": inner.most_pending,
        }


def block(inner: CoinOperator, number: int) -> dict[str, Any]:
    """Return a block, counted from 1; it has a time once it is on L1."""
    made = inner.store.block(number)
    with inner.lock:
        header = inner.posted.get(number)
    return {
        "block": number,
        "root": _hex(made.root),
        "count": made.count,
        "posted": header is not None,
        "time": None if header is None else header.time,
        "body": {"sha256": _hex(made.checksum), "bytes": inner.store.path(number).stat().st_size},
    }


def blocks(inner: CoinOperator, first: int, count: int) -> list[dict[str, Any]]:
    """Return up to `count` consecutive blocks."""
    return [block(inner, number) for number in range(max(1, first), min(first + count - 1, len(inner.store)) + 1)]


def coin(inner: CoinOperator, number: int) -> dict[str, Any]:
    """Return a coin with its owner after the last block produced and its pending transfer."""
    return _coin(inner.coin(number))


def coins(inner: CoinOperator, owner: str, skip: int, count: int) -> dict[str, Any]:
    """Return an owner's coins in the order in which they were received."""
    try:
        who = to_address(owner)
    except MalformedError:
        raise MalformedError(f"{owner!r:.80} is not an address", hint="give 0x and 40 hex digits") from None
    found = inner.coins_of(who, skip, count + 1)
    return {"coins": [_coin(one) for one in found[:count]], "more": len(found) > count}


def evidence(inner: CoinOperator, number: int, first: int, count: int) -> dict[str, Any]:
    """Return the evidence about a coin from block `first` on, encoded by `encode_evidence`, up to a limit."""
    found = inner.coin_evidence(number, first, count)
    rows = [_hex(encode_evidence(one)) for one in found]
    return {"coin": str(number), "from": first, "evidence": rows, "posted": len(inner.posted)}


def tx_status(inner: CoinOperator, hashed: bytes) -> dict[str, Any]:
    """Return the status of an accepted transfer."""
    found = inner.tx_status(hashed)
    if found is None:
        raise StateUnknown(
            f"transfer {hashed.hex()[:8]}.. is unknown here", hint="it was never accepted, or is too old"
        )
    included = found.state == "included"
    with inner.lock:
        posted = included and found.block in inner.posted
    return {
        "id": _hex(hashed),
        "state": "posted" if posted else found.state,
        "block": found.block or None,
        "reason": found.reason or None,
    }


def _coin(one: CoinState) -> dict[str, Any]:
    return {
        "coin": str(one.coin),
        "record": record_json(one.record),
        "owner": one.owner,
        "lastBlock": one.last_block,
        "state": one.state,
        "pending": transfer_json(one.pending) if one.pending else None,
    }


def _hex(data: bytes) -> str:
    return "0x" + data.hex()
