"""L1 actions of an owner: deposit, claim, transfer a claim, force, freeze and escape, all without a sequencer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from eth_abi.abi import encode

from layer2.ethereum.assets import allow
from layer2.ethereum.records import Receipt
from layer2.primitives.addresses import to_address
from layer2.primitives.bls import packed_key, signature_hint
from layer2.primitives.display import format_units
from layer2.primitives.hashing import keccak
from layer2.rollup.protocol.errors import AccountUnknown, ViewIncomplete
from layer2.rollup.protocol.messages import Escape, Transfer, TransferClaim, Withdraw
from layer2.rollup.state.commitments import NO_ITEM, Assertion, Roots, Status
from layer2.rollup.state.forced_queue import TO_THE_END, Deposit, Scheme, next_acc
from layer2.rollup.state.state import Withdrawal, owner_of_address
from layer2.rollup.wallet.account import Owner

__all__ = ["Exits", "Outgoing"]

_CHECKPOINT = 256
"""Number of queue items between two accumulators that the contract stores."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A withdrawal in an assertion.

    Attributes:
        claim: the assertion.
        index: position of the withdrawal in the assertion's list.
        status: FINAL if the withdrawal can be claimed, OPEN during the challenge window.
        paid: True if the withdrawal has been paid.
    """

    claim: Assertion
    index: int
    withdrawal: Withdrawal
    status: Status
    paid: bool

    @property
    def place(self) -> str:
        """Short name: the first 8 hex digits of the assertion's id and the position in its list."""
        return f"{self.claim.id.hex()[:8]}:{self.index}"

    @property
    def standing(self) -> str:
        """Status as one word: `paid`, `claimable` or `waiting`."""
        return "paid" if self.paid else "claimable" if self.status is Status.FINAL else "waiting"

    def __repr__(self) -> str:
        one = self.withdrawal
        return f"<Withdrawal {self.place} {format_units(one.amount, one.token)} to {one.target[:10]}.. {self.standing}>"


class Exits(Owner):
    """An owner who uses L1 only."""

    # ------------------------------------------------------------------------------------------------------ deposits

    def deposit(self, amount: str | int, token: int = 0, to: int = 0, owner: str = "") -> Receipt:
        """Deposit into the existing account `to`, or, if `to` is 0, into a new account of `owner`.

        The owner is this wallet's address by default. The account `to` may belong to another owner. A token deposit
        first approves the rollup if its allowance is too low.

        Raises:
            AccountUnknown: the account `to` does not exist or holds another token.
        """
        units = self.amount(amount, token)
        if to:
            known = self.replica.head.accounts.get(to)
            if known is None or known.token != token:
                raise AccountUnknown(f"account {to}: unknown, or not of token {token}", hint="check the number")
            word = known.owner
        else:
            word = owner_of_address(owner or self.signer.address)
        if token:
            allow(self.sender, self.rollup.token_of(token), self.rollup.address, units)
        return self.rollup.deposit(self.sender, token, units, word, to)

    def register_token(self, token: str) -> Receipt:
        """Register an ERC-20 token and assign it a number."""
        return self.rollup.register_token(self.sender, token)

    # --------------------------------------------------------------------------------------------------------- forcing

    def force(self, amount: str | int, to: int | str, account: int | None = None) -> Receipt:
        """Queue a transfer (to an account) or a withdrawal (to an address) that the sequencer cannot omit.

        For an account of the BLS key, the signature covers the account's next nonce in the inbox. If the sequencer
        first posts an operation that it has already accepted, that nonce is used and the queued operation has no
        effect.
        """
        index = self.account(bls=False) if account is None else account
        one = self.own(index)
        units, target = self.amount(amount, one.token), to if isinstance(to, int) else to_address(to)
        if one.address is not None:
            return self.rollup.force(self.sender, index, one.token, units, target)
        rest = (units, one.token, 0)
        message = (
            Transfer(index, one.nonce, target, *rest)
            if isinstance(target, int)
            else Withdraw(index, one.nonce, target, *rest)
        )
        signature = self._signature(one, message)
        return self.rollup.force(self.sender, index, one.token, units, target, Scheme.BLS, signature)

    def include(self) -> Receipt:
        """Force the overdue queue into the inbox."""
        items = self.rollup.inbox()[0]
        return self.rollup.force_include(self.sender, self.rollup.acc(items), TO_THE_END)

    # --------------------------------------------------------------------------------------------------------- claims

    def require_judged(self, what: str, *standing: Status) -> None:
        """Raise ViewIncomplete if an assertion of unknown validity covers more than every valid one.

        Args:
            what: the requested value, named in the error message.
            standing: statuses of the assertions to consider.
        """
        replica = self.replica
        known = [(one, replica.verdict(one)) for one in replica.claims.values() if replica.status(one) in standing]
        covered = max((one.inbox_end for one, right in known if right), default=0)
        unknown = [one for one, right in known if right is None and one.inbox_end > covered]
        if unknown or not replica.read:
            why = f" ({replica.missing.args[0]})" if replica.missing is not None else ""
            raise ViewIncomplete(
                f"{what}: {self.signer.address} lacks the data of {len(unknown)} of {len(known)} assertions{why}, "
                "so its data is incomplete",
                hint="pass a beacon node or an archive with the data, or continue with incomplete",
            )

    def outgoing(self, owner: str = "", *, incomplete: bool = False) -> list[Outgoing]:
        """Return the withdrawals of an owner (by default, this wallet) in valid open or final assertions, oldest first.

        Args:
            owner: address of the owner.
            incomplete: return the known ones even if the data to verify some assertions is unavailable.

        Raises:
            ViewIncomplete: some assertions cannot be verified and cover more than the valid ones.
        """
        self.replica.step()
        if not incomplete:
            self.require_judged("withdrawals", Status.OPEN, Status.FINAL)
        whose = to_address(owner) if owner else self.signer.address
        # An open assertion may cover more but never become final; final withdrawals can be claimed now.
        final, tip = self.replica.tip(Status.FINAL), self.replica.tip()
        rows = self._under(final, whose)
        if tip.inbox_end > final.inbox_end:
            state = self.replica.state_of(final)
            rows += self._under(tip, whose, final.inbox_end, state.earlier + len(state.withdrawals))
        return rows

    def claim(self, one: Outgoing) -> Receipt:
        """Claim a withdrawal; its assertion must be final."""
        state = self.replica.state_of(one.claim)
        path = state.withdrawal_path(one.index)
        return self.rollup.finalize_withdrawal(self.sender, one.claim, Roots.of(state), one.index, one.withdrawal, path)

    def claim_all(self) -> list[Receipt]:
        """Claim every unpaid withdrawal to this wallet's address in final assertions.

        Raises:
            ViewIncomplete: none is known, and the data to verify some assertions is unavailable.
        """
        due = [one for one in self.outgoing(incomplete=True) if one.standing == "claimable"]
        if not due:
            self.require_judged("claim", Status.FINAL)
        return [self.claim(one) for one in due]

    def transfer_claim(self, one: Outgoing, to: str) -> Receipt:
        """Transfer a withdrawal, final or not, to a new owner; a buyer can thus pay before the window ends."""
        return self._transfer_claim(one, to, None)

    def sign_claim(self, one: Outgoing, to: str, valid_until: int) -> bytes:
        """Sign the transfer of a withdrawal of this address to a new owner, who submits it to L1 and pays the gas."""
        number = self.replica.state_of(one.claim).earlier + one.index
        message = TransferClaim(number, one.withdrawal.leaf(), to_address(to), valid_until)
        return self.signer.sign_digest(message.digest(self.rollup.domain))

    def take_claim(self, one: Outgoing, to: str, valid_until: int, signature: bytes) -> Receipt:
        """Submit the transfer that the withdrawal's target signed with `sign_claim`."""
        return self._transfer_claim(one, to, (valid_until, signature))

    def _transfer_claim(self, one: Outgoing, to: str, by_signature: tuple[int, bytes] | None) -> Receipt:
        state = self.replica.state_of(one.claim)
        path = state.withdrawal_path(one.index)
        row = (one.claim, Roots.of(state), one.index, one.withdrawal, path)
        return self.rollup.transfer_claim(self.sender, *row, to, by_signature)

    def _under(self, claim: Assertion, whose: str, end: int = 0, number: int = 0) -> list[Outgoing]:
        """Return an owner's withdrawals in an assertion and its ancestors, after entry `end` and from `number` on."""
        chain: list[Assertion] = []
        while claim.inbox_end > end:
            chain.append(claim)
            claim = self.replica.claims[claim.parent]
        return [one for claim in reversed(chain) for one in self._of(claim, whose, number)]

    def _of(self, claim: Assertion, whose: str, number: int) -> Iterator[Outgoing]:
        state = self.replica.state_of(claim)
        given, paid, first = self.replica.transferred, self.replica.claimed, state.earlier

        def owner(index: int, one: Withdrawal) -> str:
            return given.get((first + index, one.leaf()), one.target) if given else one.target

        rows = ((index, one) for index, one in enumerate(state.withdrawals) if first + index >= number)
        mine = [index for index, one in rows if owner(index, one) == whose]
        if mine:
            status = self.rollup.status(claim.id)[2]
            for index in mine:
                yield Outgoing(claim, index, state.withdrawals[index], status, first + index in paid)

    # ----------------------------------------------------------------------------------------------------- last resort

    def freeze(self) -> Receipt:
        """Freeze the rollup if an entry or queue item has waited too long; `escape` pays in frozen mode."""
        self.replica.step()
        final = self.replica.final()
        # The contract's record of the entry suffices; the missing data may be the reason to freeze.
        return self.rollup.freeze(self.sender, final, self.replica.record(final.inbox_end) or NO_ITEM)

    def escapable(self) -> list[int]:
        """Return the owner's accounts with a balance under the last final state that have not been escaped yet."""
        state, gone = self.replica.state_of(self.replica.final()), self.replica.escaped
        mine = ((index, one) for index, one in state.accounts.items() if one.owner in self.owners)
        return [index for index, one in mine if one.balance and index not in gone]

    def escape(self, account: int | None = None) -> Receipt:
        """Withdraw an account's balance under the last final state to this wallet's address; frozen mode only."""
        self.replica.step()
        if account is None:
            account = next(iter(self.escapable()), None) or self._first_of_final()
        proof = self.proof(account)
        one = proof.account
        word = one.token << 160 | one.nonce << 128 | one.balance
        row = (proof.claim, proof.roots, account, one.owner, word, proof.path)
        if one.address is not None:
            return self.rollup.escape(self.sender, *row)
        # The contract knows no address for a BLS key, so the key signs the target address.
        target = self.signer.address
        signature = self.bls.sign(Escape(account, target).digest(self.rollup.domain))
        voice = encode(["bytes", "bytes", "bytes"], [packed_key(self.bls.public), signature, signature_hint(signature)])
        return self.rollup.escape_to(self.sender, *row, target, voice)

    def refundable(self) -> list[int]:
        """Return the queue indices of own deposits not consumed by the last final state and not refunded yet."""
        consumed, gone = self.replica.state_of(self.replica.final()).queue_count, self.replica.refunded
        later = enumerate(self.replica.queue[consumed:], consumed)
        mine = (i for i, one in later if isinstance(one, Deposit) and one.sender == self.signer.address)
        return [index for index in mine if index not in gone]

    def refund(self, index: int) -> Receipt:
        """Refund a deposit that was never consumed; frozen mode only."""
        final, raw = self.replica.final(), self.replica.raw_queue
        state = self.replica.state_of(final)
        before = state.queue_acc
        for item in raw[state.queue_count : index]:
            before = next_acc(before, item)
        # Hash up to the next position at which the contract stores the queue's accumulator.
        end = min(len(raw), -(-(index + 1) // _CHECKPOINT) * _CHECKPOINT)
        later = [keccak(item) for item in raw[index + 1 : end]]
        return self.rollup.refund(self.sender, final, Roots.of(state), index, before, raw[index], later)

    def _first_of_final(self) -> int:
        """Return the address's first account in the last final state, so that the contract itself reverts.

        Raises:
            AccountUnknown: the address has no balance in that state.
        """
        for index, one in self.replica.state_of(self.replica.final()).accounts.items():
            if one.owner == self.owners[0] and one.balance:
                return index
        raise AccountUnknown(
            f"{self.signer.address} has no account in the last final state", hint="refund the deposits"
        )
