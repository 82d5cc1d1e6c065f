"""The value that a resolution takes from a lock, by the rules of the hub's `unlock`."""

from __future__ import annotations

from eth_abi.abi import encode

from layer2.channels.contract.hub import HubContract
from layer2.channels.protocol.locks import (
    CONTRACT_LOCK,
    HASH_LOCK,
    VOUCHER_LOCK,
    Lock,
    contract_condition,
    read_contract_resolution,
    read_voucher_resolution,
    virtual_channel_id,
)
from layer2.channels.protocol.messages import Voucher
from layer2.ethereum.errors import TransactionFailed
from layer2.primitives.ecdsa import recover
from layer2.primitives.errors import InputError
from layer2.primitives.hashing import keccak, sha256

__all__ = ["worth"]

_RESOLVE = keccak(b"resolve(bytes32,bytes,bytes)")[:4]


def worth(hub: HubContract, channel_id: bytes, lock: Lock, resolution: bytes) -> int | None:
    """Return the token units that the resolution takes from the lock; `None` if it does not satisfy the condition.

    Contract locks call the condition contract on chain in its current state. Raises `EthereumError` if the node does
    not answer, in which case the resolution may still be valid.
    """
    if lock.kind == HASH_LOCK:
        return lock.amount if len(resolution) == 32 and sha256(resolution) == lock.condition else None
    try:
        if lock.kind == VOUCHER_LOCK:
            return _voucher_worth(hub, lock, resolution)
        if lock.kind == CONTRACT_LOCK:
            return _contract_worth(hub, channel_id, lock, resolution)
    except InputError:
        return None
    return None


def _voucher_worth(hub: HubContract, lock: Lock, resolution: bytes) -> int | None:
    one = read_voucher_resolution(resolution)
    if virtual_channel_id(one.payer, one.payee, one.salt) != lock.condition:
        return None
    if recover(Voucher(lock.condition, one.amount).digest(hub.domain), one.signature) != one.payer:
        return None
    return min(lock.amount, one.amount)


def _contract_worth(hub: HubContract, channel_id: bytes, lock: Lock, resolution: bytes) -> int | None:
    one = read_contract_resolution(resolution)
    if contract_condition(one.contract, one.terms) != lock.condition:
        return None
    data = _RESOLVE + encode(["bytes32", "bytes", "bytes"], [channel_id, one.terms, one.evidence])
    try:
        output = hub.connection.call(one.contract, data)
    except TransactionFailed:
        return None
    return min(lock.amount, int.from_bytes(output[:32], "big")) if len(output) >= 32 else None
