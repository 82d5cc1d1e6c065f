"""Signatures of outputs' owners: EIP-712 under the RootChain's domain, one signature per input.

The struct has members of variable length, so that wallets display the outputs; therefore it is encoded here by hand.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from layer2.plasma.protocol.transaction import Transaction
from layer2.primitives.addresses import to_address
from layer2.primitives.ecdsa import PrivateKey, recover, signers, to_compact
from layer2.primitives.errors import SignatureError
from layer2.primitives.hashing import keccak
from layer2.primitives.typed_data import Domain

__all__ = ["Signed", "digest", "plasma_domain", "sign", "signed", "signer", "signers_of", "struct_hash", "to_eip712"]

OUTPUT_TYPE = "Output(address owner,uint16 token,uint96 amount)"
PAYMENT_TYPE = f"Payment(uint8 kind,uint64[] inputs,Output[] outputs,uint40 expiry,bytes32 memo){OUTPUT_TYPE}"
OUTPUT_TYPE_HASH = keccak(OUTPUT_TYPE.encode())
PAYMENT_TYPE_HASH = keccak(PAYMENT_TYPE.encode())

_OUTPUT_HEAD = OUTPUT_TYPE_HASH + bytes(12)


class Signed(NamedTuple):
    """A transaction with one 64-byte signature (EIP-2098) for each of its inputs, in order."""

    transaction: Transaction
    signatures: tuple[bytes, ...]


def plasma_domain(chain_id: int, contract: str) -> Domain:
    """Return the EIP-712 domain of the RootChain at `contract`."""
    return Domain("layer2 plasma", "1", chain_id, to_address(contract))


def struct_hash(transaction: Transaction) -> bytes:
    """Return the EIP-712 `hashStruct` of a transaction, 32 bytes."""
    inputs = b"".join([position.to_bytes(32, "big") for position in transaction.inputs])
    outputs = b"".join(
        [
            keccak(_OUTPUT_HEAD + owner + token.to_bytes(32, "big") + amount.to_bytes(32, "big"))
            for owner, token, amount in transaction.outputs
        ]
    )
    return keccak(
        PAYMENT_TYPE_HASH
        + transaction.kind.to_bytes(32, "big")
        + keccak(inputs)
        + keccak(outputs)
        + transaction.expiry.to_bytes(32, "big")
        + (transaction.memo or bytes(32))
    )


def digest(transaction: Transaction, domain: Domain) -> bytes:
    """Return the 32-byte EIP-712 digest of a transaction under `domain`."""
    return keccak(domain.prefix + struct_hash(transaction))


def sign(transaction: Transaction, domain: Domain, *keys: PrivateKey) -> Signed:
    """Sign a transaction with `keys`, the keys of its inputs' owners in order.

    Raises:
        SignatureError: the numbers of keys and inputs differ.
    """
    if len(keys) != len(transaction.inputs):
        raise SignatureError(f"{len(keys)} keys for {len(transaction.inputs)} inputs: one is needed for each")
    message = digest(transaction, domain)
    return Signed(transaction, tuple(key.sign_compact(message) for key in keys))


def signed(transaction: Transaction, signatures: Iterable[bytes]) -> Signed:
    """Return a transaction with given signatures of 65 or 64 bytes.

    Raises:
        SignatureError: the numbers of signatures and inputs differ.
    """
    compact = tuple(to_compact(one) for one in signatures)
    if len(compact) != len(transaction.inputs):
        raise SignatureError(f"{len(compact)} signatures for {len(transaction.inputs)} inputs")
    return Signed(transaction, compact)


def signer(transaction: Transaction, domain: Domain, signature: bytes) -> bytes:
    """Return the signer's 20-byte address; raise `SignatureError` as `recover` does."""
    return bytes.fromhex(recover(digest(transaction, domain), signature)[2:])


def signers_of(batch: Sequence[Signed], domain: Domain) -> list[tuple[bytes, ...]]:
    """Return the signers of each transaction: 20 bytes per signature, empty bytes for an invalid one.

    The functions that make a `Signed` ensure one signature per input; it is not verified here.
    """
    prefix = domain.prefix
    digests: list[bytes] = []
    signatures: list[bytes] = []
    for one in batch:
        given = one.signatures
        if given:
            message = keccak(prefix + struct_hash(one.transaction))
            digests += (message,) if len(given) == 1 else (message,) * len(given)
            signatures += given
    found = iter(signers(digests, signatures))
    return [tuple([next(found) for _ in one.signatures]) for one in batch]


def to_eip712(transaction: Transaction, domain: Domain) -> dict[str, Any]:
    """Return the full EIP-712 message as accepted by wallets and `eth_account.messages.encode_typed_data`."""
    members = [
        [{"name": name, "type": kind} for kind, name in (part.split(" ") for part in text.split(","))]
        for text in (PAYMENT_TYPE[8 : PAYMENT_TYPE.index(")")], OUTPUT_TYPE[7:-1])
    ]
    return {
        "types": {
            "EIP712Domain": [
                {"name": "name", "type": "string"},
                {"name": "version", "type": "string"},
                {"name": "chainId", "type": "uint256"},
                {"name": "verifyingContract", "type": "address"},
            ],
            "Payment": members[0],
            "Output": members[1],
        },
        "primaryType": "Payment",
        "domain": {
            "name": domain.name,
            "version": domain.version,
            "chainId": domain.chain_id,
            "verifyingContract": domain.verifying_contract,
        },
        "message": {
            "kind": int(transaction.kind),
            "inputs": list(transaction.inputs),
            "outputs": [
                {"owner": one.address, "token": one.token, "amount": one.amount} for one in transaction.outputs
            ],
            "expiry": transaction.expiry,
            "memo": transaction.memo or bytes(32),
        },
    }
