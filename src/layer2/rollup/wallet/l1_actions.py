"""What an owner does on the main chain, needing nobody: pay in, claim, give a claim away, force, freeze, escape."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from eth_abi.abi import encode

from layer2.ethereum.assets import allow
from layer2.ethereum.records import Receipt
from layer2.primitives.addresses import to_address
from layer2.primitives.bls import packed_key, signature_hint
from layer2.primitives.hashing import keccak
from layer2.rollup.protocol.errors import AccountUnknown, ViewIncomplete
from layer2.rollup.protocol.messages import Escape, Transfer, TransferClaim, Withdraw
from layer2.rollup.state.commitments import NO_ITEM, Claim, Roots, Status
from layer2.rollup.state.forced_queue import TO_THE_END, Deposit, Scheme, next_acc
from layer2.rollup.state.state import Withdrawal, owner_of_address
from layer2.rollup.wallet.account import Owner

__all__ = ["Exits", "Outgoing"]

_CHECKPOINT = 256
"""After every so many items the contract remembers the queue's accumulator."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A withdrawal in an assertion. `status`: FINAL can be claimed, OPEN waits for its window; `paid` is over."""

    claim: Claim
    index: int
    withdrawal: Withdrawal
    status: Status
    paid: bool

    @property
    def place(self) -> str:
        """A short name: the beginning of the assertion's id and the number in its list."""
        return f"{self.claim.id.hex()[:8]}:{self.index}"

    @property
    def standing(self) -> str:
        """In a word: `paid`, `claimable` or `waiting`."""
        return "paid" if self.paid else "claimable" if self.status is Status.FINAL else "waiting"

    def __repr__(self) -> str:
        one = self.withdrawal
        return f"<Withdrawal {self.place} {one.amount} of token {one.token} to {one.target[:10]}.. {self.standing}>"


class Exits(Owner):
    """An owner with the main chain alone."""

    # ------------------------------------------------------------------------------------------------------ money in

    def deposit(self, amount: str | int, token: int = 0, to: int = 0, owner: str = "") -> Receipt:
        """Pay in: to an existing account `to` of whomever, or (0) to a new one of `owner` (the own address).

        Allows the rollup to take the amount of a token, unless it already may.
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
        """Give an ERC-20 token a number."""
        return self.rollup.register_token(self.sender, token)

    # --------------------------------------------------------------------------------------------------------- forcing

    def force(self, amount: str | int, to: int | str, account: int | None = None) -> Receipt:
        """Queue a transfer (to an account) or withdrawal (to an address) that the sequencer cannot leave out.

        From an account of the BLS key it is signed for the account's next step, as the inbox has it: what was
        accepted by a sequencer and is not posted yet may come in between, and then it does nothing.
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
        """Carry the overdue queue into the inbox."""
        items = self.rollup.inbox()[0]
        return self.rollup.force_include(self.sender, self.rollup.acc(items), TO_THE_END)

    # --------------------------------------------------------------------------------------------------------- claims

    def require_judged(self, what: str, *standing: Status) -> None:
        """Raise ViewIncomplete unless it is known what the assertions hold that stand so and cover most.

        `what`: was asked for, in words.
        """
        replica = self.replica
        known = [(one, replica.verdict(one)) for one in replica.claims.values() if replica.status(one) in standing]
        covered = max((one.inbox_end for one, right in known if right), default=0)
        unknown = [one for one, right in known if right is None and one.inbox_end > covered]
        if unknown or not replica.read:
            why = f" ({replica.missing.args[0]})" if replica.missing is not None else ""
            raise ViewIncomplete(
                f"{what}: {self.signer.address} cannot tell what {len(unknown)} of {len(known)} assertions hold{why}, "
                "so what it knows is not all",
                hint="name a beacon node or an archive that has the data, or go by what is known: incomplete",
            )

    def outgoing(self, owner: str = "", *, incomplete: bool = False) -> list[Outgoing]:
        """Withdrawals that belong to an address (the own one), in right assertions, open or final; oldest first.

        Args:
            incomplete: those that are known, though there are assertions that nobody has the data to judge.

        Raises:
            ViewIncomplete: there are such assertions, and they cover more than the known ones.
        """
        self.replica.step()
        if not incomplete:
            self.require_judged("withdrawals", Status.OPEN, Status.FINAL)
        whose = to_address(owner) if owner else self.signer.address
        # What is final can be claimed, though an open assertion beside it covers more, which may never be final.
        final, tip = self.replica.tip(Status.FINAL), self.replica.tip()
        rows = self._under(final, whose)
        if tip.inbox_end > final.inbox_end:
            state = self.replica.state_of(final)
            rows += self._under(tip, whose, final.inbox_end, state.earlier + len(state.withdrawals))
        return rows

    def claim(self, one: Outgoing) -> Receipt:
        """Have one paid; its assertion must be final."""
        state = self.replica.state_of(one.claim)
        path = state.withdrawal_path(one.index)
        return self.rollup.claim(self.sender, one.claim, Roots.of(state), one.index, one.withdrawal, path)

    def claim_all(self) -> list[Receipt]:
        """Claim every withdrawal to this wallet's address in final assertions that has not been paid.

        Raises:
            ViewIncomplete: none is known, and there are assertions that nobody has the data to judge.
        """
        due = [one for one in self.outgoing(incomplete=True) if one.standing == "claimable"]
        if not due:
            self.require_judged("claim", Status.FINAL)
        return [self.claim(one) for one in due]

    def transfer_claim(self, one: Outgoing, to: str) -> Receipt:
        """Give a withdrawal, final or not, to somebody else: who pays for it now need not wait for the window."""
        return self._transfer_claim(one, to, None)

    def sign_claim(self, one: Outgoing, to: str, valid_until: int) -> bytes:
        """Sign a withdrawal to this address over to somebody else, who brings it to the chain and pays for it."""
        number = self.replica.state_of(one.claim).earlier + one.index
        message = TransferClaim(number, one.withdrawal.leaf(), to_address(to), valid_until)
        return self.signer.sign_digest(message.digest(self.rollup.domain))

    def take_claim(self, one: Outgoing, to: str, valid_until: int, signature: bytes) -> Receipt:
        """Bring what `sign_claim` of the withdrawal's target gave."""
        return self._transfer_claim(one, to, (valid_until, signature))

    def _transfer_claim(self, one: Outgoing, to: str, by_signature: tuple[int, bytes] | None) -> Receipt:
        state = self.replica.state_of(one.claim)
        path = state.withdrawal_path(one.index)
        row = (one.claim, Roots.of(state), one.index, one.withdrawal, path)
        return self.rollup.transfer_claim(self.sender, *row, to, by_signature)

    def _under(self, claim: Claim, whose: str, end: int = 0, number: int = 0) -> list[Outgoing]:
        """What an assertion and those that it rests on hold of somebody: those beyond an entry, from a number on."""
        chain: list[Claim] = []
        while claim.inbox_end > end:
            chain.append(claim)
            claim = self.replica.claims[claim.parent]
        return [one for claim in reversed(chain) for one in self._of(claim, whose, number)]

    def _of(self, claim: Claim, whose: str, number: int) -> Iterator[Outgoing]:
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
        """Freeze the rollup when something waits for too long; then `escape` pays."""
        self.replica.step()
        final = self.replica.final()
        # The contract's record of the entry is enough: its data may be what is missing.
        return self.rollup.freeze(self.sender, final, self.replica.record(final.inbox_end) or NO_ITEM)

    def escapable(self) -> list[int]:
        """Accounts of either key with money under the last final state that frozen mode has not paid yet."""
        state, gone = self.replica.state_of(self.replica.final()), self.replica.escaped
        mine = ((index, one) for index, one in state.accounts.items() if one.owner in self.owners)
        return [index for index, one in mine if one.balance and index not in gone]

    def escape(self, account: int | None = None) -> Receipt:
        """In frozen mode: take an account's balance under the last final state, to the own address."""
        self.replica.step()
        if account is None:
            account = next(iter(self.escapable()), None) or self._first_of_final()
        proof = self.proof(account)
        one = proof.account
        word = one.token << 160 | one.nonce << 128 | one.balance
        row = (proof.claim, proof.roots, account, one.owner, word, proof.path)
        if one.address is not None:
            return self.rollup.escape(self.sender, *row)
        # The contract knows no address of a BLS key: the key says one.
        target = self.signer.address
        signature = self.bls.sign(Escape(account, target).digest(self.rollup.domain))
        voice = encode(["bytes", "bytes", "bytes"], [packed_key(self.bls.public), signature, signature_hint(signature)])
        return self.rollup.escape_to(self.sender, *row, target, voice)

    def refundable(self) -> list[int]:
        """Own deposits that the last final state has not consumed and nobody has paid back, by place in the queue."""
        consumed, gone = self.replica.state_of(self.replica.final()).queue_count, self.replica.refunded
        later = enumerate(self.replica.queue[consumed:], consumed)
        mine = (i for i, one in later if isinstance(one, Deposit) and one.sender == self.signer.address)
        return [index for index in mine if index not in gone]

    def refund(self, index: int) -> Receipt:
        """In frozen mode: take back a deposit that was never consumed."""
        final, raw = self.replica.final(), self.replica.raw_queue
        state = self.replica.state_of(final)
        before = state.queue_acc
        for item in raw[state.queue_count : index]:
            before = next_acc(before, item)
        # Up to the next place where the contract remembers the queue's accumulator.
        end = min(len(raw), -(-(index + 1) // _CHECKPOINT) * _CHECKPOINT)
        later = [keccak(item) for item in raw[index + 1 : end]]
        return self.rollup.refund(self.sender, final, Roots.of(state), index, before, raw[index], later)

    def _first_of_final(self) -> int:
        """The first own account of the address there, so that the contract itself says why it does not pay."""
        for index, one in self.replica.state_of(self.replica.final()).accounts.items():
            if one.owner == self.owners[0] and one.balance:
                return index
        raise AccountUnknown(f"{self.signer.address} has nothing in the last final state", hint="refund its deposits")
