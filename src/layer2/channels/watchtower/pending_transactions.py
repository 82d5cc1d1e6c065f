"""Journal records of a watchtower's pending transactions, from which a restarted watchtower continues."""

from __future__ import annotations

import json
from dataclasses import dataclass

from layer2.ethereum.backend import CallRequest
from layer2.ethereum.fees import Fees
from layer2.ethereum.sender import Pending
from layer2.primitives.addresses import Address, to_address
from layer2.primitives.errors import InputError, MalformedError
from layer2.primitives.json_text import parse_json

__all__ = ["PendingTransaction", "decode_flight", "encode_flight"]


@dataclass(slots=True)
class PendingTransaction:
    """One pending action: its name, the amount it saves, its deadline, and its transaction.

    `adopted`: False until the sender of this process tracks the transaction, which an earlier process sent.
    """

    name: tuple[bytes, str, str]
    token: Address
    stake: int | None
    deadline: int
    pending: Pending
    adopted: bool = True


def encode_flight(flight: PendingTransaction) -> bytes:
    """Encode a pending action as JSON with hex."""
    one, (channel_id, act, direction) = flight.pending, flight.name
    return json.dumps(
        {
            "name": [channel_id.hex(), act, direction],
            "token": flight.token,
            "stake": flight.stake,
            "deadline": flight.deadline,
            "from": one.request.sender,
            "to": one.request.to,
            "data": one.request.data.hex(),
            "nonce": one.nonce,
            "gas": one.gas,
            "fees": [one.fees.max_fee, one.fees.priority_fee],
            "hashes": [tx_hash.hex() for tx_hash in one.hashes],
        },
        separators=(",", ":"),
    ).encode()


def decode_flight(data: bytes) -> PendingTransaction:
    """Decode the output of `encode_flight`; raise `MalformedError`."""
    try:
        raw = parse_json(data, "watchtower record")
        request = CallRequest(to_address(raw["to"]), bytes.fromhex(raw["data"]), 0, to_address(raw["from"]))
        fees = Fees(*(int(fee) for fee in raw["fees"]))
        hashes = [bytes.fromhex(one) for one in raw["hashes"]]
        pending = Pending(int(raw["nonce"]), request, int(raw["gas"]), fees, 0, hashes=hashes)
        channel_id, act, direction = raw["name"]
        stake = None if raw["stake"] is None else int(raw["stake"])
        name = (bytes.fromhex(channel_id), str(act), str(direction))
        return PendingTransaction(name, to_address(raw["token"]), stake, int(raw["deadline"]), pending, adopted=False)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError, InputError) as failure:
        raise MalformedError(f"watchtower record: {failure!r}", hint="start the tower with a new journal") from failure
