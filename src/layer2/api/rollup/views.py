"""Views of a sequencer as plain values. Each view holds the sequencer's lock briefly."""

from __future__ import annotations

from typing import Any

from layer2.primitives.addresses import address_bytes
from layer2.primitives.errors import MalformedError
from layer2.rollup.derivation.account_proof import AccountProof
from layer2.rollup.protocol.errors import AccountUnknown, DataMissing, StateUnknown
from layer2.rollup.sequencer.sequencer import Sequencer
from layer2.rollup.state.commitments import ItemKind
from layer2.rollup.state.state import Account

__all__ = ["account", "accounts_of", "entry", "tx_status", "proof", "state"]


def state(inner: Sequencer) -> dict[str, Any]:
    """Return the rollup's identity, the sequencer's progress and the fee policy."""
    with inner.lock:
        head, heads, fees = inner.replica.head, inner.heads, inner.fees
        least = {str(token): str(fee) for token, fee in fees.least.items()}
        return {
            "chain_id": inner.rollup.domain.chain_id,
            "rollup": inner.rollup.address,
            "sequencer": inner.sender.address,
            "entries": len(inner.replica.entries),
            "missing": None if inner.replica.missing is None else str(inner.replica.missing.args[0]),
            "heads": {"unsafe": heads.unsafe, "safe": heads.safe, "final": heads.final},
            "root": _hex(head.root),
            "accounts": len(head.accounts),
            "tokens": head.tokens,
            "pending": inner.waiting,
            "most_pending": inner.most_pending,
            "keys": {
                "waiting": inner.waiting_keys,
                "most": inner.key_policy.most,
                "fee": str(inner.key_policy.fee),
            },
            "fees": {
                "least": {"otherwise": str(fees.otherwise), **least},
                "accounts": {str(token): account for token, account in fees.accounts.items()},
            },
        }


def account(inner: Sequencer, index: int) -> dict[str, Any]:
    """Return an account in the state of the inbox and as of pending operations.

    Raises:
        AccountUnknown: the account does not exist.
        DataMissing: the data of an entry is missing.
    """
    with inner.lock:
        _require_whole(inner)
        found = inner.replica.head.accounts.get(index)
        ahead = inner.ahead(index)
        if found is None:
            raise AccountUnknown(f"account {index} is unknown", hint="deposit first, and wait for the batch")
        shown = _account(index, found)
        if ahead is not None:
            shown["pending"] = {"nonce": ahead.nonce, "balance": str(ahead.balance)}
        return shown


def accounts_of(inner: Sequencer, owner: str) -> list[dict[str, Any]]:
    """Return the accounts of an address (20 bytes of hex) or an owner word (32 bytes).

    Raises:
        MalformedError: the owner is not valid.
        DataMissing: the data of an entry is missing.
    """
    try:
        raw = bytes.fromhex(owner.removeprefix("0x"))
    except ValueError:
        raw = b""
    if len(raw) not in (20, 32) or len(owner) != 2 + 2 * len(raw):
        raise MalformedError(f"{owner!r:.80} is not an owner", hint="give an address, or an owner word of 32 bytes")
    word = bytes(12) + address_bytes(owner) if len(raw) == 20 else raw
    with inner.lock:
        _require_whole(inner)
        head = inner.replica.head
        return [_account(index, head.accounts[index]) for index in head.owned(word)]


def entry(inner: Sequencer, number: int) -> dict[str, Any]:
    """Return an entry of the inbox, counted from 1."""
    with inner.lock:
        entries = inner.replica.entries
        if not 0 < number <= len(entries):
            raise StateUnknown(f"entry {number} does not exist yet, the last is {len(entries)}", hint="wait for it")
        one = entries[number - 1]
        return {
            "entry": number,
            "kind": ItemKind(one.record.kind).name.lower(),
            "frames": one.record.frames,
            "queue_end": one.record.queue_end,
            "time": one.record.time,
            "block": one.block,
            "hash": _hex(one.record.hash()),
            "data": _hex(one.record.data),
            "bytes": len(one.data),
        }


def proof(inner: Sequencer, index: int) -> dict[str, Any]:
    """Return the proof of an account under the last final state, as `escape` requires; reads L1."""
    inner.follow()
    with inner.lock:
        final = inner.replica.claims.get(inner.rollup.finality()[0])
        if final is None:
            raise StateUnknown("the last final assertion has not been read yet", hint="ask again")
        return AccountProof.of(inner.replica, final, index).to_json()


def tx_status(inner: Sequencer, digest: bytes) -> dict[str, Any]:
    """Return the status of an accepted operation."""
    found = inner.tx_status(digest)
    if found is None:
        raise StateUnknown(
            f"operation {digest.hex()[:8]}.. is unknown here", hint="it was never accepted, or is too old"
        )
    final = found.state == "posted" and found.block <= inner.heads.final
    return {
        "id": _hex(digest),
        "state": "final" if final else found.state,
        "entry": found.block or None,
        "reason": found.reason or None,
    }


def _require_whole(inner: Sequencer) -> None:
    """Raise DataMissing if the data of an entry is missing, because balances would be outdated."""
    missing = inner.replica.missing
    if missing is not None:
        raise DataMissing(str(missing.args[0]), hint=missing.hint)


def _account(index: int, one: Account) -> dict[str, Any]:
    return {
        "account": index,
        "owner": _hex(one.owner),
        "address": one.address,
        "token": one.token,
        "nonce": one.nonce,
        "balance": str(one.balance),
    }


def _hex(data: bytes) -> str:
    return "0x" + data.hex()
