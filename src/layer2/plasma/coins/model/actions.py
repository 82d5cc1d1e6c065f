"""Every entry point of the coin chain as a frozen record of its arguments."""

from __future__ import annotations

from dataclasses import dataclass

from layer2.plasma.coins.protocol.records import CoinRecord

__all__ = [
    "Action",
    "RespondChallengeBefore",
    "CancelExit",
    "Challenge",
    "ChallengeBetween",
    "ChallengeBefore",
    "ChallengeBeforeByDeposit",
    "ChallengeAfter",
    "FinalizeExits",
    "DepositErc20",
    "DepositErc721",
    "DepositETH",
    "ExitClaim",
    "ExitDeposit",
    "ExitTransfer",
    "NOTHING",
    "ProposeOperator",
    "RefuteChallengeResponse",
    "Shown",
    "SubmitBlock",
    "AcceptOperator",
    "VoidChallenge",
    "WithdrawPending",
    "WithdrawPendingNft",
]


@dataclass(frozen=True, slots=True)
class Shown:
    """A transfer with its inclusion proof (`ICoinChain.Shown`); `siblings` are ordered from the root down."""

    number: int
    prev_block: int
    new_owner: bytes
    expiry: int
    time: int
    r: bytes
    vs: bytes
    siblings: tuple[bytes, ...]

    @property
    def signature(self) -> bytes:
        """The 64-byte signature (EIP-2098) that the block contains."""
        return self.r + self.vs


NOTHING = Shown(0, 0, bytes(20), 0, 0, bytes(32), bytes(32), ())
"""Placeholder for the previous transfer if the deposit is spent."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """A history challenge (`ICoinChain.Challenge`)."""

    challenger: bytes
    number: int
    owner: bytes


@dataclass(frozen=True, slots=True)
class ExitClaim:
    """Arguments of `claim` for one exit (`ICoinChain.ExitClaim`)."""

    coin: int
    number: int
    record: CoinRecord


@dataclass(frozen=True, slots=True)
class SubmitBlock:
    """Submission of the next block by the operator."""

    number: int
    root: bytes


@dataclass(frozen=True, slots=True)
class ProposeOperator:
    """Proposal of the next operator; the zero address withdraws the proposal."""

    next: bytes


@dataclass(frozen=True, slots=True)
class AcceptOperator:
    """Acceptance of the operator role by the proposed operator."""


@dataclass(frozen=True, slots=True)
class DepositETH:
    """Deposit of the ether sent with the call."""


@dataclass(frozen=True, slots=True)
class DepositErc20:
    """Deposit of ERC-20 tokens.

    `arrived` is the amount actually received, if it differs from `amount`; `whole` marks an ERC-721 token contract.
    """

    token: bytes
    amount: int
    arrived: int | None = None
    whole: bool = False


@dataclass(frozen=True, slots=True)
class DepositErc721:
    """Deposit of an ERC-721 token. `comes` is True if the caller owns the token and its transfer succeeds."""

    token: bytes
    id: int
    comes: bool = True


@dataclass(frozen=True, slots=True)
class WithdrawPending:
    """Withdrawal of a deferred payout."""

    token: bytes
    to: bytes


@dataclass(frozen=True, slots=True)
class WithdrawPendingNft:
    """Withdrawal of a deferred ERC-721 token."""

    token: bytes
    id: int
    to: bytes


@dataclass(frozen=True, slots=True)
class ExitDeposit:
    """Start of an exit of an unspent deposit."""

    coin: int
    record: CoinRecord


@dataclass(frozen=True, slots=True)
class ExitTransfer:
    """Start of an exit of a transfer's output."""

    coin: int
    record: CoinRecord
    prev: Shown
    last: Shown


@dataclass(frozen=True, slots=True)
class CancelExit:
    """Cancellation of an exit by its owner."""

    coin: int
    number: int


@dataclass(frozen=True, slots=True)
class ChallengeAfter:
    """Challenge with a later transfer that spends the exiting one."""

    coin: int
    number: int
    spend: Shown


@dataclass(frozen=True, slots=True)
class ChallengeBetween:
    """Challenge with an earlier transfer that spends the same transfer as the exiting one."""

    coin: int
    number: int
    other: Shown


@dataclass(frozen=True, slots=True)
class ChallengeBefore:
    """Challenge of an invented history with an earlier transfer that was not spent."""

    coin: int
    number: int
    earlier: Shown


@dataclass(frozen=True, slots=True)
class ChallengeBeforeByDeposit:
    """Challenge of an invented history with a deposit that was not spent."""

    coin: int
    number: int
    record: CoinRecord


@dataclass(frozen=True, slots=True)
class RespondChallengeBefore:
    """Response to a history challenge with the transfer that spends the challenged one."""

    coin: int
    number: int
    challenge: Challenge
    spend: Shown


@dataclass(frozen=True, slots=True)
class RefuteChallengeResponse:
    """Refutation of an exit whose history challenge was not answered in time."""

    coin: int
    number: int
    challenge: Challenge


@dataclass(frozen=True, slots=True)
class VoidChallenge:
    """Refund of a challenge bond after its exit ended for another reason."""

    coin: int
    number: int
    nonce: int
    challenge: Challenge


@dataclass(frozen=True, slots=True)
class FinalizeExits:
    """Payout of mature, unchallenged exits."""

    dues: tuple[ExitClaim, ...]


Action = (
    SubmitBlock
    | ProposeOperator
    | AcceptOperator
    | DepositETH
    | DepositErc20
    | DepositErc721
    | WithdrawPending
    | WithdrawPendingNft
    | ExitDeposit
    | ExitTransfer
    | CancelExit
    | ChallengeAfter
    | ChallengeBetween
    | ChallengeBefore
    | ChallengeBeforeByDeposit
    | RespondChallengeBefore
    | RefuteChallengeResponse
    | VoidChallenge
    | FinalizeExits
)
