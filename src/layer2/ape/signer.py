"""An ape account as a `Signer`, so that the same objects work in `ape console` and in a plain script."""

from __future__ import annotations

from typing import Any

from ape.api import AccountAPI
from eth_account import Account
from eth_account.messages import SignableMessage
from eth_pydantic_types import HexBytes

from layer2.ethereum.signer import LocalSigner, register_signers
from layer2.primitives.addresses import Address, to_address
from layer2.primitives.ecdsa import recover
from layer2.primitives.errors import SignatureError
from layer2.primitives.typed_data import Domain, TypedMessage

__all__ = ["ApeAccountSigner"]


class ApeAccountSigner:
    """Signs with an ape account.

    Test accounts sign directly. Keyfile accounts prompt the user like ape (`set_autosign` applies, but never to a bare
    digest). Every signature is verified against the account's address before it is returned; an account that declines
    or cannot sign raises `SignatureError`.
    """

    __slots__ = ("_local", "account", "address")

    def __init__(self, account: AccountAPI) -> None:
        self.account = account
        self.address: Address = to_address(str(account.address))
        # ape's test accounts publish their key: signing with it here avoids ape's transaction model.
        key = getattr(account, "private_key", None)
        self._local = LocalSigner(key) if isinstance(key, str) else None

    def __repr__(self) -> str:
        return f"<ApeAccountSigner {self.account.alias or self.address}>"

    def sign_digest(self, digest: bytes) -> bytes:
        """Sign 32 bytes without hashing: r, s, v (65 bytes)."""
        if self._local is not None:
            return self._local.sign_digest(digest)
        return self._checked(self.account.sign_raw_msghash(HexBytes(digest)), digest, "a digest")

    def sign_typed(self, message: TypedMessage, domain: Domain) -> bytes:
        """Sign an EIP-712 message for a domain: r, s, v (65 bytes)."""
        if self._local is not None:
            return self._local.sign_typed(message, domain)
        # EIP-191 version 1: the prehashed form of the same message, which every ape account accepts.
        signable = SignableMessage(b"\x01", domain.separator, message.struct_hash())
        return self._checked(self.account.sign_message(signable), message.digest(domain), f"a {type(message).__name__}")

    def sign_transaction(self, tx: dict[str, Any]) -> bytes:
        """Sign a transaction (web3 field names) and return its raw bytes."""
        if self._local is not None:
            return self._local.sign_transaction(tx)
        ecosystem = self.account.provider.network.ecosystem
        signed = self.account.sign_transaction(ecosystem.create_transaction(**tx, sender=self.address))
        if signed is None:
            raise self._declined("a transaction")
        raw = bytes(signed.serialize_transaction())
        if to_address(Account.recover_transaction(raw)) != self.address:
            raise SignatureError(f"{self.address}: ape signed a different transaction", hint="report this to ape")
        return raw

    def _checked(self, signature: Any, digest: bytes, what: str) -> bytes:
        if signature is None:
            raise self._declined(what)
        v = signature.v if signature.v >= 27 else signature.v + 27
        raw = bytes(signature.r).rjust(32, b"\0") + bytes(signature.s).rjust(32, b"\0") + bytes([v])
        if recover(digest, raw) != self.address:
            raise SignatureError(f"{self.address}: the signature of {what} is not by this account", hint="try again")
        return raw

    def _declined(self, what: str) -> SignatureError:
        return SignatureError(
            f"{self.address}: the account did not sign {what}",
            hint="confirm the prompt, or use an account that can sign it",
        )


register_signers(AccountAPI, ApeAccountSigner)
