"""Views of an operator as plain values. Each view holds the operator's lock briefly."""

from __future__ import annotations

from itertools import islice
from typing import Any

from layer2.plasma.common.errors import StateUnknown
from layer2.plasma.payments.operator.operator import Operator
from layer2.primitives.addresses import address_bytes
from layer2.primitives.errors import MalformedError

__all__ = ["balance", "block", "blocks", "exit_kit", "tx_status", "fees", "owner_of", "state", "utxos"]

MOST_SUMMED = 10_000
"""Maximum number of outputs read for one balance."""


def state(inner: Operator) -> dict[str, Any]:
    """Return the chain's identity and the operator's progress."""
    with inner.lock:
        return {
            "chain_id": inner.chain.chain_id,
            "root_chain": inner.chain.address,
            "blocks": len(inner.store),
            "posted": len(inner.books.posted),
            "deposits": inner.ledger.deposits,
            "margin": inner.books.margin,
            "pending": inner.waiting,
            "most_pending": inner.most_pending,
            "fees": fees(inner),
        }


def fees(inner: Operator) -> dict[str, Any]:
    """Return the fee policy: a payment pays the minimum fee in one of the tokens, or nothing if there are none."""
    policy = inner.policy
    least = {str(token): str(fee) for token, fee in sorted(policy.least.items())}
    return {"least": least, "free_merges": policy.free_merges, "owner": inner.fee_owner}


def block(inner: Operator, number: int) -> dict[str, Any]:
    """Return a block, counted from 1; it has a header once it is on L1."""
    made = inner.store.block(number)
    with inner.lock:
        header = inner.books.posted.get(number)
    return {
        "block": number,
        "root": _hex(made.root),
        "count": made.count,
        "posted": header is not None,
        "time": None if header is None else header.time,
        "header": None if header is None else _hex(header.encoded),
        "body": {"sha256": _hex(made.checksum), "bytes": inner.store.path(number).stat().st_size},
    }


def blocks(inner: Operator, first: int, count: int) -> list[dict[str, Any]]:
    """Return up to `count` consecutive blocks."""
    return [block(inner, number) for number in range(max(1, first), min(first + count - 1, len(inner.store)) + 1)]


def utxos(inner: Operator, owner: str, skip: int, count: int) -> dict[str, Any]:
    """Return an address's unspent outputs, oldest first, with the pending payment that spends each."""
    raw = owner_of(owner)
    with inner.lock:
        found = list(islice(inner.ledger.owned(raw), skip, skip + count + 1))
        rows = [
            {
                "position": str(position),
                "token": one.token,
                "amount": str(one.amount),
                "exiting": exiting,
                "spent_by": None if (spender := inner.spender(position)) is None else _hex(spender),
            }
            for position, one, exiting in found[:count]
        ]
    return {"outputs": rows, "more": len(found) > count}


def balance(inner: Operator, owner: str) -> dict[str, Any]:
    """Return the balance of an address by token: spendable, spent by pending payments, and exiting.

    Only the first outputs are counted, so that an address with millions of small outputs cannot block the operator;
    `more` is then true.
    """
    raw = owner_of(owner)
    sums: dict[int, list[int]] = {}
    with inner.lock:
        found = list(islice(inner.ledger.owned(raw), MOST_SUMMED + 1))
        for position, one, exiting in found[:MOST_SUMMED]:
            row = sums.setdefault(one.token, [0, 0, 0])
            row[2 if exiting else 1 if inner.spender(position) else 0] += one.amount
    names = ("free", "pending", "exiting")
    tokens = {str(token): dict(zip(names, map(str, row), strict=True)) for token, row in sorted(sums.items())}
    return {"tokens": tokens, "more": len(found) > MOST_SUMMED}


def exit_kit(inner: Operator, position: int) -> dict[str, Any]:
    """Return the exit proof of an output."""
    return inner.exit_kit(position).to_json()


def tx_status(inner: Operator, hashed: bytes) -> dict[str, Any]:
    """Return the status of an accepted payment and the position of its first output."""
    found = inner.tx_status(hashed)
    if found is None:
        raise StateUnknown(f"payment {hashed.hex()[:8]}.. is unknown here", hint="it was never accepted, or is too old")
    included = found.state == "included"
    with inner.lock:
        posted = included and found.block in inner.books.posted
    return {
        "id": _hex(hashed),
        "state": "posted" if posted else found.state,
        "block": found.block or None,
        "index": found.index if included else None,
        "position": str(found.block << 24 | found.index << 8) if included else None,
        "reason": found.reason or None,
    }


def owner_of(text: str) -> bytes:
    """Return the bytes of an address; raise MalformedError if it is not valid."""
    try:
        if len(text) == 42:
            return address_bytes(text)
    except MalformedError:
        pass
    raise MalformedError(f"{text!r:.80} is not an address", hint="give 0x and 40 hex digits")


def _hex(data: bytes) -> str:
    return "0x" + data.hex()
