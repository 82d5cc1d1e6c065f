"""Every entry point of the coin chain as a frozen record of its arguments."""

from __future__ import annotations

from dataclasses import dataclass

from layer2.plasma.coins.protocol.records import CoinRecord

__all__ = [
    "Action",
    "AnswerHistory",
    "CancelExit",
    "Challenge",
    "ChallengeDoubleSpent",
    "ChallengeHistory",
    "ChallengeHistoryByDeposit",
    "ChallengeSpent",
    "Claim",
    "DepositErc20",
    "DepositErc721",
    "DepositEther",
    "Due",
    "ExitDeposit",
    "ExitTransfer",
    "NOTHING",
    "NameOperator",
    "RefuteHistory",
    "Shown",
    "SubmitBlock",
    "TakeOver",
    "VoidChallenge",
    "Withdraw",
    "WithdrawToken",
]


@dataclass(frozen=True, slots=True)
class Shown:
    """A transfer of a coin, shown in a block (`ICoinChain.Shown`); `siblings` from the root down."""

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
        """The 64 bytes (EIP-2098) that the block holds of its signature."""
        return self.r + self.vs


NOTHING = Shown(0, 0, bytes(20), 0, 0, bytes(32), bytes(32), ())
"""What is shown in place of a transfer where the deposit is spent."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """A challenge of a history (`ICoinChain.Challenge`)."""

    challenger: bytes
    number: int
    owner: bytes


@dataclass(frozen=True, slots=True)
class Due:
    """What `claim` needs of one exit (`ICoinChain.Due`)."""

    coin: int
    number: int
    record: CoinRecord


@dataclass(frozen=True, slots=True)
class SubmitBlock:
    """Commit to the next block."""

    number: int
    root: bytes


@dataclass(frozen=True, slots=True)
class NameOperator:
    """Name the next operator; zero: nobody."""

    next: bytes


@dataclass(frozen=True, slots=True)
class TakeOver:
    """Take over."""


@dataclass(frozen=True, slots=True)
class DepositEther:
    """Make a coin of the ether sent."""


@dataclass(frozen=True, slots=True)
class DepositErc20:
    """Make a coin of tokens. `arrived`: what the token really moves, if something else; `whole`: it is ERC-721."""

    token: bytes
    amount: int
    arrived: int | None = None
    whole: bool = False


@dataclass(frozen=True, slots=True)
class DepositErc721:
    """Make a coin of an ERC-721 token. `comes`: whether it is the caller's, and moves."""

    token: bytes
    id: int
    comes: bool = True


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Fetch what could not be pushed."""

    token: bytes
    to: bytes


@dataclass(frozen=True, slots=True)
class WithdrawToken:
    """Fetch an ERC-721 token that could not be pushed."""

    token: bytes
    id: int
    to: bytes


@dataclass(frozen=True, slots=True)
class ExitDeposit:
    """Start to take out a deposit that was never spent."""

    coin: int
    record: CoinRecord


@dataclass(frozen=True, slots=True)
class ExitTransfer:
    """Start to take out what a transfer gave."""

    coin: int
    record: CoinRecord
    prev: Shown
    last: Shown


@dataclass(frozen=True, slots=True)
class CancelExit:
    """Take an exit back."""

    coin: int
    number: int


@dataclass(frozen=True, slots=True)
class ChallengeSpent:
    """What exits was spent after."""

    coin: int
    number: int
    spend: Shown


@dataclass(frozen=True, slots=True)
class ChallengeDoubleSpent:
    """What the exit's transfer spends was spent before."""

    coin: int
    number: int
    other: Shown


@dataclass(frozen=True, slots=True)
class ChallengeHistory:
    """The exit's history is invented: an earlier transfer stands unspent."""

    coin: int
    number: int
    earlier: Shown


@dataclass(frozen=True, slots=True)
class ChallengeHistoryByDeposit:
    """The exit's history is invented: the deposit stands unspent."""

    coin: int
    number: int
    record: CoinRecord


@dataclass(frozen=True, slots=True)
class AnswerHistory:
    """It does not: this spends it."""

    coin: int
    number: int
    challenge: Challenge
    spend: Shown


@dataclass(frozen=True, slots=True)
class RefuteHistory:
    """Nobody has answered."""

    coin: int
    number: int
    challenge: Challenge


@dataclass(frozen=True, slots=True)
class VoidChallenge:
    """The exit is over otherwise."""

    coin: int
    number: int
    nonce: int
    challenge: Challenge


@dataclass(frozen=True, slots=True)
class Claim:
    """Pay exits that stood."""

    dues: tuple[Due, ...]


Action = (
    SubmitBlock
    | NameOperator
    | TakeOver
    | DepositEther
    | DepositErc20
    | DepositErc721
    | Withdraw
    | WithdrawToken
    | ExitDeposit
    | ExitTransfer
    | CancelExit
    | ChallengeSpent
    | ChallengeDoubleSpent
    | ChallengeHistory
    | ChallengeHistoryByDeposit
    | AnswerHistory
    | RefuteHistory
    | VoidChallenge
    | Claim
)
