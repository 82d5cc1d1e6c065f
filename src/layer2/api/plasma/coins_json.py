"""Request formats of the operator of coins: transfers as objects, hex or bytes; coins as plain values."""

from __future__ import annotations

from typing import Any

from layer2.api.http.json_fields import bytes_of, listed, number_of, require_count
from layer2.plasma.coins.protocol.records import CoinRecord, Kind
from layer2.plasma.coins.protocol.transfer import CoinTransaction, SignedCoin
from layer2.plasma.coins.protocol.transfer_batch import record_of, split_run
from layer2.primitives.addresses import address_bytes, to_address
from layer2.primitives.ecdsa import to_compact
from layer2.primitives.errors import Layer2Error, MalformedError

__all__ = ["MOST_TRANSFERS", "record_json", "records_of_bytes", "records_of_json", "transfer_json"]

MOST_TRANSFERS = 4_096
"""Maximum number of transfers in one request."""


def records_of_bytes(body: bytes) -> list[bytes]:
    """Return the records of a binary request: `packed(39) | signature(64)`, concatenated in any order."""
    records = split_run(body)
    require_count(len(records), "transfers", MOST_TRANSFERS)
    return records


def records_of_json(data: Any) -> tuple[list[bytes], dict[int, Layer2Error]]:
    """Return the records of a list of transfers (hex or objects), and errors by index of undecodable ones."""
    return listed(data, "transfers", MOST_TRANSFERS, _record)


def transfer_json(one: SignedCoin) -> dict[str, Any]:
    """Return a transfer as an object; a coin's number is a decimal string, because its 64 bits exceed JSON numbers."""
    made = one.transaction
    return {
        "coin": str(made.coin),
        "prevBlock": made.prev_block,
        "newOwner": to_address(made.new_owner),
        "expiry": made.expiry,
        "signature": "0x" + one.signature.hex(),
    }


def record_json(record: CoinRecord) -> dict[str, Any]:
    """Return the origin of a coin as an object."""
    return {
        "owner": record.owner,
        "kind": Kind(record.kind).name.lower(),
        "token": record.token,
        "value": str(record.value),
        "birth": record.birth,
    }


def _record(one: Any) -> bytes:
    if not isinstance(one, dict):
        raise MalformedError("not a transfer", hint="give hex, or coin, prevBlock, newOwner, expiry and signature")
    signature = bytes_of(one.get("signature"))
    if len(signature) not in (64, 65):
        raise MalformedError(f"a signature of {len(signature)} bytes", hint="64 or 65 are needed")
    owner = one.get("newOwner")
    if not isinstance(owner, str):
        raise MalformedError("the transfer has no newOwner", hint="give an address")
    made = CoinTransaction(
        number_of("coin", one.get("coin"), 64),
        number_of("prevBlock", one.get("prevBlock"), 40),
        address_bytes(to_address(owner)),
        number_of("expiry", one.get("expiry"), 40),
    )
    return record_of(SignedCoin(made, to_compact(signature) if len(signature) == 65 else signature))
