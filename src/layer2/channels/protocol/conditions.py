"""Applications inside channels: the terms and the evidence of a contract lock that settles a game."""

from __future__ import annotations

from dataclasses import dataclass

from eth_abi.abi import encode

from layer2.channels.protocol.locks import CONTRACT_LOCK, Lock, contract_condition, contract_resolution
from layer2.primitives.errors import MalformedError
from layer2.primitives.hashing import keccak

_NOT_KNOWN = bytes(32)


def commitment(secret: bytes) -> bytes:
    """Return a player's commitment to a secret: `keccak256(abi.encode(secret))`.

    Use a new secret for each game, because a recorded secret is public.

    Raises:
        MalformedError: not 32 bytes, or all zero.
    """
    if len(secret) != 32 or secret == _NOT_KNOWN:
        raise MalformedError("a secret has 32 bytes that are not all zero", hint="use secrets.token_bytes(32)")
    return keccak(secret)


@dataclass(frozen=True, slots=True)
class CoinFlipTerms:
    """The terms of a coin flip; mirrors `CoinFlip.Terms`.

    Attributes:
        commit_a: commitment of player A.
        commit_b: commitment of player B.
        reveal_by: last second at which a secret can be recorded on chain, Unix time.
        a_wins: if True the lock pays if A wins, else if B wins.
        stake: amount that the lock pays, token units.
    """

    commit_a: bytes
    commit_b: bytes
    reveal_by: int
    a_wins: bool
    stake: int

    def __post_init__(self) -> None:
        if self.commit_a == self.commit_b:
            raise MalformedError(
                "both commitments are the same", hint="refuse the game: one player copied the commitment"
            )

    def encode(self) -> bytes:
        """Return `abi.encode(Terms)`."""
        row = (self.commit_a, self.commit_b, self.reveal_by, self.a_wins, self.stake)
        return encode(["(bytes32,bytes32,uint256,bool,uint256)"], [row])

    def lock(self, contract: str, expiry: int) -> Lock:
        """Return the lock that pays the stake by decision of `contract`; it must outlive `reveal_by`, for a forfeit.

        A player that knows both secrets should unlock, or record its own, before `reveal_by`. Otherwise the other
        player may claim a forfeit.
        """
        if expiry <= self.reveal_by:
            raise MalformedError(
                f"the lock ends at {expiry}, before a forfeit can be claimed", hint="choose a later expiry"
            )
        return Lock(self.stake, expiry, CONTRACT_LOCK, contract_condition(contract, self.encode()))

    def resolution(self, contract: str, secret_a: bytes | None, secret_b: bytes | None) -> bytes:
        """Return the resolution for `unlock`: the contract, these terms and the known secrets."""
        evidence = encode(["bytes32", "bytes32"], [secret_a or _NOT_KNOWN, secret_b or _NOT_KNOWN])
        return contract_resolution(contract, self.encode(), evidence)


def a_wins(secret_a: bytes, secret_b: bytes) -> bool:
    """Return True if A wins the coin flip: `keccak256(secretA, secretB)` is even."""
    return keccak(secret_a + secret_b)[31] & 1 == 0
