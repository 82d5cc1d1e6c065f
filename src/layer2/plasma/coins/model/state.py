"""State of the coin chain model, and the contract's liabilities."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import IntEnum

from layer2.plasma.coins.model.actions import Challenge
from layer2.plasma.coins.protocol.config import CoinProfile
from layer2.plasma.coins.protocol.records import CoinRecord, Kind
from layer2.primitives.addresses import address_bytes
from layer2.primitives.hashing import keccak
from layer2.primitives.typed_data import Domain

__all__ = ["CoinState", "Exit", "NOBODY", "Reason", "challenge_id", "token_number"]

NOBODY = bytes(20)


class Reason(IntEnum):
    """Reason of a refutation (`ICoinChain.Reason`)."""

    SPENT = 0
    DOUBLE_SPENT = 1
    HISTORY_INVENTED = 2


@dataclass(frozen=True, slots=True)
class Exit:
    """An exit with the contract's fields in order; without an owner it has ended, and its last four fields remain."""

    owner: bytes = NOBODY
    exitable_at: int = 0
    birth: int = 0
    challenges: int = 0
    prev_owner: bytes = NOBODY
    prev_block: int = 0
    nonce: int = 0
    answered: int = 0


_NONE = Exit()


@dataclass(slots=True)
class CoinState:
    """Full state of a coin chain. `apply` does not change its input.

    Attributes:
        count: Number of coins ever created.
        named: The proposed operator, and the time from which it may take over.
        blocks: Hashes of the block headers by number.
        coins: Records of the unpaid coins.
        challenges: Response deadlines of the open challenges by id.
        owed, owed_tokens: Deferred payouts by account and token; deferred ERC-721 tokens by token and number.
        balance: The contract's balances of ether and of each token, by `token_number`.
        vault: ERC-721 tokens that the contract holds.
    """

    domain: Domain
    profile: CoinProfile
    operator: bytes
    next_block: int = 1
    count: int = 0
    named: tuple[bytes, int] = (NOBODY, 0)
    blocks: dict[int, bytes] = field(default_factory=dict)
    coins: dict[int, CoinRecord] = field(default_factory=dict)
    exits: dict[tuple[int, int], Exit] = field(default_factory=dict)
    challenges: dict[bytes, int] = field(default_factory=dict)
    owed: dict[tuple[bytes, int], int] = field(default_factory=dict)
    owed_tokens: dict[tuple[int, int], bytes] = field(default_factory=dict)
    balance: dict[int, int] = field(default_factory=dict)
    vault: set[tuple[int, int]] = field(default_factory=set)

    def copy(self) -> CoinState:
        """Return an independent copy of the state."""
        return replace(
            self,
            blocks=dict(self.blocks),
            coins=dict(self.coins),
            exits=dict(self.exits),
            challenges=dict(self.challenges),
            owed=dict(self.owed),
            owed_tokens=dict(self.owed_tokens),
            balance=dict(self.balance),
            vault=set(self.vault),
        )

    def exit(self, coin: int, number: int) -> Exit:
        """Return the exit of the transfer in block `number`, or of the deposit for zero."""
        return self.exits.get((coin, number), _NONE)

    def running(self) -> dict[tuple[int, int], Exit]:
        """Return the exits that have not ended."""
        return {place: one for place, one in self.exits.items() if one.owner != NOBODY}

    def due(self, token: int) -> int:
        """Return the liabilities in ether (0) or an ERC-20 token: coins, bonds and deferred payouts."""
        kind = Kind.ERC20 if token else Kind.ETHER
        coins = (one for one in self.coins.values() if one.kind is kind and token_number(one) == token)
        total = sum(one.value for one in coins)
        total += sum(amount for (_, which), amount in self.owed.items() if which == token)
        if token:
            return total
        running = self.running()
        profile, answered = self.profile, sum(one.answered for one in running.values())
        total += len(running) * profile.exit_bond + len(self.challenges) * profile.challenge_bond
        return total + answered * (profile.challenge_bond - profile.answer_pay)

    def due_tokens(self) -> set[tuple[int, int]]:
        """Return the ERC-721 tokens that the contract owes, by `token_number` and token number."""
        coins = {(token_number(one), one.value) for one in self.coins.values() if one.kind is Kind.ERC721}
        return coins | set(self.owed_tokens)


def token_number(record: CoinRecord | bytes) -> int:
    """Return the address of a token, or of a coin's token, as an integer; zero is ether."""
    token = record if isinstance(record, bytes) else address_bytes(record.token)
    return int.from_bytes(token, "big")


def challenge_id(coin: int, number: int, nonce: int, challenge: Challenge) -> bytes:
    """Return the id of a challenge of the exit's start `nonce` (`ICoinChain.challengeId`)."""
    words = [one.to_bytes(32, "big") for one in (coin, number, nonce)]
    words += [bytes(12) + challenge.challenger, challenge.number.to_bytes(32, "big"), bytes(12) + challenge.owner]
    return keccak(b"".join(words))
