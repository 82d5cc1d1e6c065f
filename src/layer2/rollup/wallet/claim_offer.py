"""A signed transfer of a withdrawal to a buyer, as text: `TransferClaim` with the position of the withdrawal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from layer2.primitives.addresses import Address, to_address
from layer2.primitives.errors import InputError, MalformedError
from layer2.rollup.state.state import Withdrawal

__all__ = ["ClaimOffer"]

_MOST_SIGNATURE = 4_096
_UINT48 = 1 << 48


@dataclass(frozen=True, slots=True)
class ClaimOffer:
    """A withdrawal's transfer signed by its target, for the buyer to submit to L1.

    Attributes:
        rollup: address of the rollup contract.
        claim: id of an assertion that contains the withdrawal.
        index: position of the withdrawal in the assertion's list.
        withdrawal: the withdrawal; its target is the signer.
        to: the buyer.
        valid_until: last second, in Unix time, in which the transfer can be submitted.
    """

    rollup: Address
    claim: bytes
    index: int
    withdrawal: Withdrawal
    to: Address
    valid_until: int
    signature: bytes

    @property
    def place(self) -> str:
        """The full id of the assertion and the position of the withdrawal in its list."""
        return f"{self.claim.hex()}:{self.index}"

    def to_json(self) -> dict[str, Any]:
        """Return plain values: bytes as 0x-prefixed hex, amounts as decimal strings."""
        return {
            "rollup": self.rollup,
            "claim": "0x" + self.claim.hex(),
            "index": self.index,
            "target": self.withdrawal.target,
            "token": self.withdrawal.token,
            "amount": str(self.withdrawal.amount),
            "to": self.to,
            "validUntil": self.valid_until,
            "signature": "0x" + self.signature.hex(),
        }

    @classmethod
    def from_json(cls, data: Any) -> ClaimOffer:
        """Parse the output of `to_json`; raise MalformedError for anything else."""
        try:
            claim, signature = _bytes(data["claim"]), _bytes(data["signature"])
            paid = Withdrawal(to_address(data["target"]), _number(data["token"]), _amount(data["amount"]))
            _ = paid.leaf()
            row = (paid, to_address(data["to"]), _number(data["validUntil"]), signature)
            offer = cls(to_address(data["rollup"]), claim, _number(data["index"]), *row)
            if len(claim) != 32:
                raise ValueError(f"{len(claim)} bytes of a claim's id")
        except (AttributeError, KeyError, TypeError, ValueError, IndexError, OverflowError, InputError) as failure:
            raise _malformed(failure) from None
        except Exception as failure:  # eth-abi raises its own family of encoding errors
            if type(failure).__module__.startswith("eth_abi"):
                raise _malformed(failure) from None
            raise
        return offer


def _bytes(given: Any) -> bytes:
    if not given.startswith("0x") or not 2 < len(given) <= 2 + 2 * _MOST_SIGNATURE:
        raise ValueError("bytes are 0x and hex digits")
    return bytes.fromhex(given[2:])


def _amount(given: Any) -> int:
    if not (isinstance(given, str) and given.isascii() and given.isdecimal()):
        raise ValueError("an amount is text of decimal digits")
    return int(given)


def _number(given: Any) -> int:
    if type(given) is not int or not 0 <= given < _UINT48:
        raise ValueError("a number is out of its range")
    return given


def _malformed(failure: Exception) -> MalformedError:
    return MalformedError(f"not an offer of a withdrawal: {failure!r:.80}", hint="pass the output of `sign-claim`")
