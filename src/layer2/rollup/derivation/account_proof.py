"""Compact proof of an account under an assertion, verifiable without the rollup's state."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import Any

from layer2.primitives.errors import MalformedError
from layer2.primitives.hashing import keccak
from layer2.primitives.json_text import whole_number
from layer2.primitives.merkle import empty_roots, verify_path
from layer2.rollup.derivation.replica import Replica
from layer2.rollup.l1.contract import RollupContract
from layer2.rollup.protocol.errors import AccountUnknown, ProofWrong
from layer2.rollup.protocol.params import ACCOUNT_DEPTH
from layer2.rollup.state.commitments import Assertion, Roots, Status
from layer2.rollup.state.state import Account, state_root

__all__ = ["AccountProof"]

_CLAIM = ("parent", "inboxEnd", "segments", "root", "roots", "rootsInBlob")
_ROOTS = ("accounts", "withdrawals", "numbers", "queueAcc")


@dataclass(frozen=True, slots=True)
class AccountProof:
    """An account's leaf and its Merkle path to the state root of an assertion, as `escape` requires."""

    rollup: str
    claim: Assertion
    roots: Roots
    index: int
    account: Account
    path: tuple[bytes, ...]

    @classmethod
    def of(cls, replica: Replica, claim: Assertion, index: int) -> AccountProof:
        """Return the proof of an account under a valid assertion; raise AccountUnknown for an unknown account."""
        state = replica.state_of(claim)
        account = state.accounts.get(index)
        if account is None:
            raise AccountUnknown(
                f"account {index} is not in the state after entry {claim.inbox_end}",
                hint="wait for a final assertion that includes it",
            )
        path = tuple(state.account_path(index))
        return cls(replica.rollup.address, claim, Roots.of(state), index, account, path)

    def check(self) -> None:
        """Raise ProofWrong unless the account is included under the assertion's state root."""
        one, depth = self.roots, len(self.path)
        if state_root(one.accounts, keccak(one.withdrawals + one.numbers + one.queue_acc)) != self.claim.root:
            raise ProofWrong(
                f"account {self.index}: the parts do not hash to the claimed root", hint="ask for another one"
            )
        path = [*self.path, *empty_roots(ACCOUNT_DEPTH)[depth:ACCOUNT_DEPTH]]
        if self.index >> depth or not verify_path(one.accounts, self.account.leaf(), self.index, path):
            raise ProofWrong(
                f"account {self.index}: its leaf does not lead to the accounts' root", hint="ask for another one"
            )

    def check_on(self, rollup: RollupContract) -> Status:
        """Verify the proof for a rollup contract and return the assertion's status there; only `FINAL` is permanent."""
        if rollup.address != self.rollup:
            raise ProofWrong(
                f"the proof belongs to rollup {self.rollup}, checked against {rollup.address}",
                hint="check it against its own rollup",
            )
        self.check()
        return rollup.status(self.claim.id)[2]

    def to_json(self) -> dict[str, Any]:
        """Return plain values: bytes as 0x-prefixed hex, amounts as decimal strings."""
        return {
            "rollup": self.rollup,
            "claim": {name: _plain(value) for name, value in zip(_CLAIM, astuple(self.claim), strict=True)},
            "roots": {name: _plain(value) for name, value in zip(_ROOTS, astuple(self.roots), strict=True)},
            "account": self.index,
            "owner": _plain(self.account.owner),
            "token": self.account.token,
            "nonce": self.account.nonce,
            "balance": str(self.account.balance),
            "path": [_plain(one) for one in self.path],
        }

    @classmethod
    def from_json(cls, data: Any) -> AccountProof:
        """Parse the output of `to_json`; raise MalformedError for anything else."""
        try:
            claim = Assertion(*(_value(data["claim"][name]) for name in _CLAIM))
            roots = Roots(*(_bytes(data["roots"][name]) for name in _ROOTS))
            numbers = tuple(whole_number(data[name]) for name in ("token", "nonce", "balance"))
            account = Account(_bytes(data["owner"]), *numbers)
            path = tuple(_bytes(one) for one in data["path"])
            proof = cls(str(data["rollup"]), claim, roots, whole_number(data["account"]), account, path)
            proof.account.leaf()
            assert 0 <= proof.index < 1 << ACCOUNT_DEPTH >= len(path)
            _ = claim.id
        except (KeyError, TypeError, ValueError, IndexError, OverflowError, AssertionError) as failure:
            raise MalformedError(f"not an account proof: {failure!r}", hint="pass the output of `proof`") from None
        except Exception as failure:  # eth-abi raises its own family of encoding errors
            if type(failure).__module__.startswith("eth_abi"):
                raise MalformedError(f"not an account proof: {failure}", hint="pass the output of `proof`") from None
            raise
        return proof


def _plain(value: Any) -> Any:
    return "0x" + value.hex() if isinstance(value, bytes) else value


def _bytes(text: Any) -> bytes:
    raw = bytes.fromhex(text.removeprefix("0x"))
    if len(raw) != 32:
        raise ValueError(f"{len(raw)} bytes where 32 are needed")
    return raw


def _value(given: Any) -> Any:
    return _bytes(given) if isinstance(given, str) else given
