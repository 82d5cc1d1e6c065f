"""Signed operations on their way into a frame: accepted ones are durable, in the order in which they were accepted."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from layer2.primitives.addresses import address_bytes, to_address
from layer2.primitives.errors import MalformedError, RangeError
from layer2.rollup.accounts import State
from layer2.rollup.amounts import fee_of, pack_amount
from layer2.rollup.authority import Authority
from layer2.rollup.frames import FrameType
from layer2.rollup.messages import Transfer, Withdraw
from layer2.rollup.refusals import AccountUnknown, BalanceTooLow, FeeTooLow, NonceWrong

__all__ = ["SignedOp", "admit"]

_HEAD = struct.Struct(">BIIHB16s")


@dataclass(frozen=True, slots=True)
class SignedOp:
    """A transfer or withdrawal and its signature: 48 bytes by a BLS key, 64 by an Ethereum key."""

    message: Transfer | Withdraw
    signature: bytes

    @property
    def by_bls(self) -> bool:
        """Whether a BLS key signed."""
        return len(self.signature) == 48

    @property
    def kind(self) -> FrameType:
        """The cheapest frame that carries it."""
        one = self.message
        if isinstance(one, Withdraw):
            return FrameType.WITHDRAWALS if self.by_bls else FrameType.ECDSA_WITHDRAWALS
        try:
            pack_amount(one.amount)
        except RangeError:
            return FrameType.EXACT_TRANSFERS if self.by_bls else FrameType.ECDSA_EXACT_TRANSFERS
        if not self.by_bls:
            return FrameType.ECDSA_TRANSFERS
        narrow = one.sender < 1 << 24 and one.to < 1 << 24
        return FrameType.TRANSFERS if narrow else FrameType.WIDE_TRANSFERS

    def __repr__(self) -> str:
        one = self.message
        what = "Withdraw" if isinstance(one, Withdraw) else "Transfer"
        return f"<{what} {one.sender} -> {one.to} amount={one.amount} token={one.token} nonce={one.nonce}>"

    def encode(self) -> bytes:
        """`withdraws(1) sender(4) nonce(4) token(2) fee(1) amount(16) to(20) signature`."""
        one = self.message
        out = isinstance(one, Withdraw)
        head = _HEAD.pack(out, one.sender, one.nonce, one.token, one.fee, one.amount.to_bytes(16, "big"))
        to = address_bytes(one.to) if isinstance(one, Withdraw) else one.to.to_bytes(20, "big")
        return head + to + self.signature

    @classmethod
    def decode(cls, data: bytes) -> SignedOp:
        """The reverse; raises MalformedError for anything that `encode` does not write."""
        if len(data) not in (_HEAD.size + 20 + 48, _HEAD.size + 20 + 64) or data[0] > 1:
            raise MalformedError(f"an operation of {len(data)} bytes", hint="send what SignedOp.encode() writes")
        out, sender, nonce, token, fee, amount = _HEAD.unpack_from(data)
        to, signature = data[_HEAD.size : _HEAD.size + 20], data[_HEAD.size + 20 :]
        rest = (int.from_bytes(amount, "big"), token, fee)
        if out:
            return cls(Withdraw(sender, nonce, to_address(to), *rest), signature)
        return cls(Transfer(sender, nonce, int.from_bytes(to, "big"), *rest), signature)


def admit(state: State, op: SignedOp, authority: Authority, least_fee: int) -> None:
    """Raise unless the operation would succeed next in `state`, and pays enough.

    Raises:
        AccountUnknown, NonceWrong, BalanceTooLow, FeeTooLow; MalformedError for a signature that is not the owner's.
    """
    one = op.message
    account = state.accounts.get(one.sender)
    if account is None or account.token != one.token:
        raise AccountUnknown(
            f"account {one.sender}: unknown, or not of token {one.token}", hint="deposit first, and wait for the batch"
        )
    fee = fee_of(one.fee)
    if fee < least_fee:
        raise FeeTooLow(f"account {one.sender}: fee {fee} given, {least_fee} needed", hint="raise the fee")
    if one.nonce != account.nonce:
        raise NonceWrong(
            f"account {one.sender}: nonce {one.nonce} given, {account.nonce} needed", hint="ask for the account again"
        )
    if one.amount <= 0 or account.balance < one.amount + fee:
        raise BalanceTooLow(
            f"account {one.sender}: balance {account.balance}, {one.amount} and a fee of {fee} asked",
            hint="send less, or deposit more",
        )
    if isinstance(one, Transfer):
        other = state.accounts.get(one.to)
        if other is None or other.token != one.token:
            raise AccountUnknown(f"account {one.to}: unknown, or not of token {one.token}", hint="check the receiver")
    if not _signed(state, op, authority):
        raise MalformedError(
            f"account {one.sender}: the signature is not its owner's", hint="sign this very operation with its key"
        )


def _signed(state: State, op: SignedOp, authority: Authority) -> bool:
    account = state.accounts[op.message.sender]
    digest = op.message.digest(authority.domain)
    if op.by_bls:
        key = state.keys.get(account.owner)
        return key is not None and authority.verify([(key, digest)], op.signature)
    return account.address is not None and authority.recover(digest, op.signature) == account.address
