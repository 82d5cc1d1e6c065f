"""Applications inside channels: what a contract lock needs to name a game and to prove how it ended."""

from __future__ import annotations

from dataclasses import dataclass

from eth_abi.abi import encode

from layer2.channels.protocol.locks import CONTRACT_LOCK, Lock, contract_condition, contract_resolution
from layer2.primitives.errors import MalformedError
from layer2.primitives.hashing import keccak

_NOT_KNOWN = bytes(32)


def commitment(secret: bytes) -> bytes:
    """What a player commits to: `keccak256(abi.encode(secret))`. One fresh secret per game: a recorded one is public.

    Raises:
        MalformedError: not 32 bytes, or all zero.
    """
    if len(secret) != 32 or secret == _NOT_KNOWN:
        raise MalformedError("a secret has 32 bytes that are not all zero", hint="use secrets.token_bytes(32)")
    return keccak(secret)


@dataclass(frozen=True, slots=True)
class CoinFlipTerms:
    """The twin of `CoinFlip.Terms`.

    Attributes:
        commit_a, commit_b: the players' commitments.
        reveal_by: last second at which a secret can be recorded on chain, Unix time.
        a_wins: the lock pays if A wins, else if B wins.
        stake: what it pays then, token units.
    """

    commit_a: bytes
    commit_b: bytes
    reveal_by: int
    a_wins: bool
    stake: int

    def __post_init__(self) -> None:
        if self.commit_a == self.commit_b:
            raise MalformedError("both players gave the same commitment", hint="refuse the game: one copied the other")

    def encode(self) -> bytes:
        """`abi.encode(Terms)`."""
        row = (self.commit_a, self.commit_b, self.reveal_by, self.a_wins, self.stake)
        return encode(["(bytes32,bytes32,uint256,bool,uint256)"], [row])

    def lock(self, contract: str, expiry: int) -> Lock:
        """The lock that pays the stake as `contract` judges; it must outlive `reveal_by`, for a forfeit.

        Who holds both secrets should unlock or record its own before `reveal_by`, else the other may claim a forfeit.
        """
        if expiry <= self.reveal_by:
            raise MalformedError(f"the lock ends at {expiry}, before a forfeit can be claimed", hint="let it end later")
        return Lock(self.stake, expiry, CONTRACT_LOCK, contract_condition(contract, self.encode()))

    def resolution(self, contract: str, secret_a: bytes | None, secret_b: bytes | None) -> bytes:
        """What `unlock` takes: the contract, these terms and the secrets that are known."""
        evidence = encode(["bytes32", "bytes32"], [secret_a or _NOT_KNOWN, secret_b or _NOT_KNOWN])
        return contract_resolution(contract, self.encode(), evidence)


def a_wins(secret_a: bytes, secret_b: bytes) -> bool:
    """How the coin falls: A wins when `keccak256(secretA, secretB)` is even."""
    return keccak(secret_a + secret_b)[31] & 1 == 0
