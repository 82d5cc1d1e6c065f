"""A common interface of accounts that sign: raw keys, eth-account accounts and ape accounts."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, Protocol, TypeGuard, runtime_checkable

from eth_account.signers.local import LocalAccount
from eth_account.typed_transactions.typed_transaction import TypedTransaction

from layer2.primitives.addresses import Address, to_address
from layer2.primitives.ecdsa import PrivateKey
from layer2.primitives.errors import InputError, Layer2Error, MalformedError
from layer2.primitives.typed_data import Domain, TypedMessage

__all__ = ["LocalSigner", "Signer", "SignerUnusable", "as_signer", "register_signers"]


class SignerUnusable(InputError):
    """Raised for a value that is not an account and cannot sign."""


@runtime_checkable
class Signer(Protocol):
    """An account that can sign; implementations raise `SignatureError` when they refuse."""

    @property
    def address(self) -> Address:
        """Checksummed address of the account."""
        ...

    def sign_digest(self, digest: bytes) -> bytes:
        """Sign 32 bytes without hashing: 65 bytes r, s, v with v 27 or 28 and low s."""
        ...

    def sign_typed(self, message: TypedMessage, domain: Domain) -> bytes:
        """Sign an EIP-712 message for a domain, 65 bytes as in `sign_digest`."""
        ...

    def sign_transaction(self, tx: dict[str, Any]) -> bytes:
        """Sign a transaction (web3 field names) and return its raw bytes (EIP-2718)."""
        ...


class LocalSigner:
    """A signer that holds its key in memory."""

    __slots__ = ("_key", "address")

    def __init__(self, key: PrivateKey | LocalAccount | bytes | str) -> None:
        if isinstance(key, LocalAccount):
            key = bytes(key.key)
        elif isinstance(key, str):
            try:
                key = bytes.fromhex(key.removeprefix("0x"))
            except ValueError:
                # The value is a secret and must not appear in a message.
                raise MalformedError("private key: not hex", hint="pass 64 hex digits") from None
        if not isinstance(key, PrivateKey | bytes):
            raise MalformedError(
                f"signer: cannot use a {type(key).__name__} as a key",
                hint="pass a PrivateKey, 32 bytes, hex or an eth-account LocalAccount",
            )
        self._key = key if isinstance(key, PrivateKey) else PrivateKey(bytes(key))
        self.address: Address = self._key.address

    def __repr__(self) -> str:
        return f"<LocalSigner {self.address}>"

    def sign_digest(self, digest: bytes) -> bytes:
        """Sign 32 bytes without hashing: r, s, v (65 bytes)."""
        return self._key.sign(digest)

    def sign_typed(self, message: TypedMessage, domain: Domain) -> bytes:
        """Sign an EIP-712 message for a domain: r, s, v (65 bytes)."""
        return self._key.sign(message.digest(domain))

    def sign_transaction(self, tx: dict[str, Any]) -> bytes:
        """Sign a typed transaction (EIP-2718, such as EIP-1559) and return its raw bytes."""
        if not tx.get("type"):
            raise MalformedError(
                f"{self.address}: transaction type {tx.get('type')!r} given, a typed one (EIP-2718) needed",
                hint="set type 2 and the fees of EIP-1559",
            )
        signature = self._key.sign(bytes(TypedTransaction.from_dict(tx).hash()))
        signed = {
            **tx,
            "v": signature[64] - 27,
            "r": int.from_bytes(signature[:32], "big"),
            "s": int.from_bytes(signature[32:64], "big"),
        }
        return bytes(TypedTransaction.from_dict(signed).encode())


_ADAPTERS = {"ape": "layer2.ape.signer"}
"""Modules that register the signers of foreign account classes, by the package of the class."""
_converters: list[tuple[type, Callable[[Any], Signer]]] = []


def register_signers(kind: type, convert: Callable[[Any], Signer]) -> None:
    """Register a converter, so that `as_signer` accepts accounts of a class."""
    _converters.append((kind, convert))


def as_signer(who: object) -> Signer:
    """Return an account as a `Signer`: a `Signer` itself, an eth-account `LocalAccount`, or an ape account.

    Every function that takes an account converts it here before it stores anything.

    Raises:
        SignerUnusable: anything else, such as an address, a key or None.
    """
    if isinstance(who, LocalAccount):
        return LocalSigner(who)
    for package, adapter in _ADAPTERS.items():
        if any(base.__module__.partition(".")[0] == package for base in type(who).__mro__):
            importlib.import_module(adapter)
    for kind, convert in _converters:
        if isinstance(who, kind):
            return convert(who)
    if _signs(who):
        return who
    # The value may be a secret, so only its type is named.
    raise SignerUnusable(
        f"{type(who).__name__} given, an account that signs needed",
        hint="give a LocalSigner, an eth-account LocalAccount or an ape account",
    )


def _signs(who: object) -> TypeGuard[Signer]:
    if isinstance(who, type) or not isinstance(who, Signer):
        return False
    if not all(callable(getattr(who, name)) for name in ("sign_digest", "sign_typed", "sign_transaction")):
        return False
    address: object = who.address
    try:
        return isinstance(address, str) and to_address(address) == address
    except Layer2Error:
        return False
