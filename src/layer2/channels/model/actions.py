"""Entry points of the hub as frozen records of their arguments, in the contract's order."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

from layer2.channels.model.state import Key
from layer2.primitives.addresses import Address
from layer2.primitives.errors import RangeError


class _Ranged:
    """Base that rejects numbers outside the range of their ABI type."""

    __slots__ = ()
    BITS: ClassVar[dict[str, int]] = {}

    def __post_init__(self) -> None:
        for name, bits in self.BITS.items():
            value = getattr(self, name)
            for number in value if isinstance(value, tuple) else (value,):
                if type(number) is not int or not 0 <= number < 1 << bits:
                    raise RangeError(f"{type(self).__name__}.{name} is {number!r}, need {bits} bits")


class Source(IntEnum):
    """Authorisation of one part of a pulled deposit."""

    ALLOWANCE = 0
    AUTHORIZATION = 1
    PERMIT = 2
    PERMIT2 = 3


@dataclass(frozen=True, slots=True)
class Pull(_Ranged):
    """One part of a pulled deposit.

    `valid_until`, `deposit_signature` and `nonce` belong to `PERMIT`; the token's own authorisations are modelled by
    `Env.pull`.
    """

    BITS: ClassVar[dict[str, int]] = {"amount": 112, "valid_until": 48, "nonce": 256}
    source: Source
    side_b: bool
    amount: int
    valid_until: int = 0
    deposit_signature: bytes = b""
    nonce: int = 0


@dataclass(frozen=True, slots=True)
class LockProof(_Ranged):
    """A lock proof of one direction."""

    BITS: ClassVar[dict[str, int]] = {"amount": 128, "nonce": 48, "locked": 128, "last_expiry": 48}
    amount: int
    nonce: int
    locked: int
    last_expiry: int
    locks_root: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Deposit(_Ranged):
    """Arguments of `deposit`: the caller's ether (`value`) or tokens for either side or both."""

    BITS: ClassVar[dict[str, int]] = {"amount_a": 112, "amount_b": 112, "value": 256}
    key: Key
    amount_a: int
    amount_b: int
    value: int = 0


@dataclass(frozen=True, slots=True)
class DepositETH(_Ranged):
    """Arguments of `depositETH`: `value` wei by id alone."""

    BITS: ClassVar[dict[str, int]] = {"value": 256}
    channel_id: bytes
    side_b: bool
    value: int


@dataclass(frozen=True, slots=True)
class DepositPulled:
    """Arguments of `depositPulled`: tokens, with an authorisation for each part."""

    key: Key
    pulls: tuple[Pull, ...]


@dataclass(frozen=True, slots=True)
class Close(_Ranged):
    """Arguments of `close`: co-signed final counters."""

    BITS: ClassVar[dict[str, int]] = {"sent_a": 128, "sent_b": 128}
    key: Key
    sent_a: int
    sent_b: int
    signature_a: bytes = b""
    signature_b: bytes = b""


@dataclass(frozen=True, slots=True)
class Withdraw(_Ranged):
    """Arguments of `withdraw`: co-signed partial withdrawal."""

    BITS: ClassVar[dict[str, int]] = {"out_a": 128, "out_b": 128, "valid_until": 48}
    key: Key
    out_a: int
    out_b: int
    valid_until: int
    signature_a: bytes = b""
    signature_b: bytes = b""


@dataclass(frozen=True, slots=True)
class Move(_Ranged):
    """Arguments of `move`: co-signed move to another channel; `amounts` = out A, out B, in A, in B."""

    BITS: ClassVar[dict[str, int]] = {"amounts": 128, "valid_until": 48}
    source: Key
    target: Key
    amounts: tuple[int, int, int, int]
    valid_until: int
    signature_a: bytes = b""
    signature_b: bytes = b""


@dataclass(frozen=True, slots=True)
class StartClose(_Ranged):
    """Arguments of `startClose`: a party's newest received voucher; amount 0 for none."""

    BITS: ClassVar[dict[str, int]] = {"amount": 128}
    key: Key
    amount: int = 0
    signature: bytes = b""


@dataclass(frozen=True, slots=True)
class StartCloseAs(_Ranged):
    """Arguments of `startCloseAs`, called with a session key; `session` is the output of `encode_session`."""

    BITS: ClassVar[dict[str, int]] = {"amount": 128}
    key: Key
    for_b: bool
    session: bytes
    amount: int = 0
    signature: bytes = b""


@dataclass(frozen=True, slots=True)
class Post(_Ranged):
    """Arguments of `post`: a newer voucher of one direction."""

    BITS: ClassVar[dict[str, int]] = {"amount": 128}
    key: Key
    from_b: bool
    amount: int
    signature: bytes


@dataclass(frozen=True, slots=True)
class PostLocks:
    """Arguments of `postLocks`: a lock proof of one direction; `accept` is the receiver's signature of `Accept`."""

    key: Key
    from_b: bool
    proof: LockProof
    accept: bytes = b""


@dataclass(frozen=True, slots=True)
class Unlock(_Ranged):
    """Arguments of `unlock`: `openings` packed by `encode_openings`, `siblings` the other nodes of the tree."""

    BITS: ClassVar[dict[str, int]] = {"limit": 256}
    key: Key
    from_b: bool
    limit: int
    openings: bytes
    siblings: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Settle:
    """Arguments of `settle`, which pays by the posted counters."""

    key: Key


@dataclass(frozen=True, slots=True)
class ClaimVouchers:
    """Arguments of `claim`: packed rows of 116 bytes, or of 223 bytes with a session's grant; see `claim_row`."""

    payee: Address
    token: Address
    rows: bytes
    session_rows: bytes = b""


@dataclass(frozen=True, slots=True)
class RegisterSession(_Ranged):
    """Arguments of `registerSession`: the caller's session key. Irrevocable."""

    BITS: ClassVar[dict[str, int]] = {"cap": 128, "valid_until": 48, "rights": 8}
    channel_id: bytes
    session_key: Address
    cap: int
    valid_until: int
    rights: int


@dataclass(frozen=True, slots=True)
class ClaimVoucher(_Ranged):
    """Arguments of `claimVoucher`, which pays a simplex payee for one voucher."""

    BITS: ClassVar[dict[str, int]] = {"amount": 128}
    key: Key
    amount: int
    signature: bytes


@dataclass(frozen=True, slots=True)
class CloseSimplex(_Ranged):
    """Arguments of `closeSimplex`: the final voucher; amount 0 for the claimed amount."""

    BITS: ClassVar[dict[str, int]] = {"amount": 128}
    key: Key
    amount: int = 0
    voucher_signature: bytes = b""
    payee_signature: bytes = b""


@dataclass(frozen=True, slots=True)
class RequestExit:
    """Arguments of `requestExit`, which starts the payer's exit."""

    key: Key


@dataclass(frozen=True, slots=True)
class Exit:
    """Arguments of `exit`, which pays the payer the unclaimed balance."""

    key: Key


@dataclass(frozen=True, slots=True)
class WithdrawPending:
    """Arguments of `sweep`, which pays the amount owed to the caller."""

    token: Address
    to: Address


Action = (
    Deposit
    | DepositETH
    | DepositPulled
    | Close
    | Withdraw
    | Move
    | RegisterSession
    | StartClose
    | StartCloseAs
    | Post
    | PostLocks
    | Unlock
    | Settle
    | ClaimVouchers
    | ClaimVoucher
    | CloseSimplex
    | RequestExit
    | Exit
    | WithdrawPending
)
