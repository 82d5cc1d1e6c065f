"""Environment of a call (time, caller, valid signatures, failing receivers), and the effects of a call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from layer2.channels.bindings.events import HubEvent
from layer2.channels.protocol.session_keys import Recover, ecdsa_recover
from layer2.primitives.addresses import Address


@dataclass(frozen=True, slots=True)
class Transferred:
    """Effect of a payout of `amount` token units by the hub (zero token: ether)."""

    token: Address
    to: Address
    amount: int


@dataclass(frozen=True, slots=True)
class Pulled:
    """Effect of a receipt of `amount` token units from `source` by the hub."""

    token: Address
    source: Address
    amount: int


Effect = HubEvent | Transferred | Pulled
"""Events in the contract's form and order, interleaved with transfers."""


def _no_contract_signs(digest: bytes, signer: Address, signature: bytes) -> bool:
    return False


def _no_condition(target: Address, channel_id: bytes, terms: bytes, evidence: bytes) -> int | None:
    return None


def _honest_token(token: Address, source: Address, amount: int) -> int:
    return amount


@dataclass(frozen=True, slots=True)
class Env:
    """The environment of one call.

    Attributes:
        timestamp: time of the block, Unix seconds.
        caller: `msg.sender`.
        recover: ECDSA: `(digest, signature)` to the signer, None for an invalid form.
        contract_signs: ERC-1271: True if the account at `signer` accepts `signature` of `digest`.
        failing: receivers whose transfers fail.
        condition: result of a condition contract: `(contract, channel id, terms, evidence)` to an amount, None if it
            reverts.
        pull: growth of the hub's balance when it pulls `(token, source, amount)`.
    """

    timestamp: int
    caller: Address
    recover: Recover = ecdsa_recover
    contract_signs: Callable[[bytes, Address, bytes], bool] = _no_contract_signs
    failing: frozenset[Address] = frozenset()
    condition: Callable[[Address, bytes, bytes, bytes], int | None] = _no_condition
    pull: Callable[[Address, Address, int], int] = _honest_token

    def is_valid(self, digest: bytes, signer: Address, signature: bytes) -> bool:
        """Return True if the hub accepts `signature` from `signer`: ECDSA first, then ERC-1271."""
        return self.recover(digest, signature) == signer or self.contract_signs(digest, signer, signature)
