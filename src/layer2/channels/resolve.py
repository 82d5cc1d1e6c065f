"""What a resolution takes from a lock: the node's twin of the hub's `unlock` rules."""

from __future__ import annotations

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError

from layer2.channels.contract import HubContract
from layer2.channels.locks import CONTRACT_LOCK, HASH_LOCK, VOUCHER_LOCK, Lock, contract_condition, virtual_channel_id
from layer2.channels.messages import Voucher
from layer2.ethereum.errors import EthereumError
from layer2.primitives.addresses import to_address
from layer2.primitives.ecdsa import recover
from layer2.primitives.errors import InputError
from layer2.primitives.hashing import keccak, sha256

__all__ = ["worth"]

_RESOLVE = keccak(b"resolve(bytes32,bytes,bytes)")[:4]


def worth(hub: HubContract, channel_id: bytes, lock: Lock, resolution: bytes) -> int | None:
    """Token units the resolution takes from the lock, at most its amount; `None` if it does not fit the condition.

    Contract locks ask the condition contract on chain, as it is now.
    """
    if lock.kind == HASH_LOCK:
        return lock.amount if len(resolution) == 32 and sha256(resolution) == lock.condition else None
    try:
        if lock.kind == VOUCHER_LOCK:
            return _voucher_worth(hub, lock, resolution)
        if lock.kind == CONTRACT_LOCK:
            return _contract_worth(hub, channel_id, lock, resolution)
    except (DecodingError, InputError, OverflowError):
        return None
    return None


def _voucher_worth(hub: HubContract, lock: Lock, resolution: bytes) -> int | None:
    kinds = ["address", "address", "bytes32", "uint128", "bytes"]
    payer, payee, salt, amount, signature = decode(kinds, resolution)
    if virtual_channel_id(payer, payee, salt) != lock.condition:
        return None
    digest = Voucher(lock.condition, amount).digest(hub.domain)
    if recover(digest, signature) != to_address(payer):
        return None
    return min(lock.amount, int(amount))


def _contract_worth(hub: HubContract, channel_id: bytes, lock: Lock, resolution: bytes) -> int | None:
    target, terms, evidence = decode(["address", "bytes", "bytes"], resolution)
    if contract_condition(target, terms) != lock.condition:
        return None
    data = _RESOLVE + encode(["bytes32", "bytes", "bytes"], [channel_id, terms, evidence])
    try:
        output = hub.connection.call(to_address(target), data)
    except EthereumError:
        return None
    return min(lock.amount, int.from_bytes(output[:32], "big")) if len(output) >= 32 else None
