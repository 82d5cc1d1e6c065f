"""What surrounds a call: time, caller, who can sign, who refuses money; and what a call brings about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from layer2.channels.contract.events import HubEvent
from layer2.channels.protocol.session_keys import Recover, ecdsa_recover
from layer2.primitives.addresses import Address


@dataclass(frozen=True, slots=True)
class Transferred:
    """The hub paid out `amount` token units (zero token: ether)."""

    token: Address
    to: Address
    amount: int


@dataclass(frozen=True, slots=True)
class Pulled:
    """The hub took in `amount` token units from `source`."""

    token: Address
    source: Address
    amount: int


Effect = HubEvent | Transferred | Pulled
"""Events in the contract's form and order, transfers among them where they happen."""


def _no_contract_signs(digest: bytes, signer: Address, signature: bytes) -> bool:
    return False


def _no_condition(target: Address, channel_id: bytes, terms: bytes, evidence: bytes) -> int | None:
    return None


def _honest_token(token: Address, source: Address, amount: int) -> int:
    return amount


@dataclass(frozen=True, slots=True)
class Env:
    """The circumstances of one call.

    Attributes:
        timestamp: of the block, Unix seconds.
        caller: `msg.sender`.
        recover: ECDSA: `(digest, signature)` to the signer, None for a wrong form.
        contract_signs: ERC-1271: whether the account at `signer` takes `signature` over `digest`.
        failing: receivers whose pushes fail.
        condition: what a condition contract answers: `(contract, channel id, terms, evidence)` to an amount,
            None if it reverts.
        pull: by how much the hub's balance grows when it pulls `(token, source, amount)`.
    """

    timestamp: int
    caller: Address
    recover: Recover = ecdsa_recover
    contract_signs: Callable[[bytes, Address, bytes], bool] = _no_contract_signs
    failing: frozenset[Address] = frozenset()
    condition: Callable[[Address, bytes, bytes, bytes], int | None] = _no_condition
    pull: Callable[[Address, Address, int], int] = _honest_token

    def is_valid(self, digest: bytes, signer: Address, signature: bytes) -> bool:
        """Whether the hub takes `signature` from `signer`: ECDSA first, then ERC-1271."""
        return self.recover(digest, signature) == signer or self.contract_signs(digest, signer, signature)
