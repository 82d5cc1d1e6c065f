"""A user of the rollup: one Ethereum key, and a BLS key derived from it."""

from __future__ import annotations

from typing import Protocol

from layer2.ethereum.records import Receipt
from layer2.ethereum.sender import Sender
from layer2.ethereum.signer import Signer
from layer2.primitives.addresses import to_address
from layer2.primitives.bls import BlsKey
from layer2.primitives.ecdsa import to_compact
from layer2.primitives.hashing import keccak
from layer2.primitives.units import parse_amount
from layer2.rollup.accounts import Account, owner_of_address, owner_of_key
from layer2.rollup.amounts import pack_fee
from layer2.rollup.contract import RollupContract
from layer2.rollup.mempool import SignedOp
from layer2.rollup.messages import Transfer, Withdraw
from layer2.rollup.queue import helping
from layer2.rollup.records import NO_ITEM, Claim, Roots
from layer2.rollup.refusals import AccountUnknown, Rejected
from layer2.rollup.replica import Replica

__all__ = ["Gate", "Wallet"]

_KEY_PHRASE = b"layer2 rollup: derive my BLS key. Sign this only in your own wallet."


class Gate(Protocol):
    """What a wallet needs of a sequencer."""

    def submit(self, op: SignedOp) -> None:
        """Accept an operation durably, or raise why not."""

    def next_nonce(self, account: int) -> int:
        """The nonce of an account's next operation, pending ones counted."""


class Wallet:
    """Deposits, pays, withdraws, claims; and forces or escapes when the sequencer does not help.

    `gate`: a sequencer, near or far. Amounts are `"0.3 ether"` or smallest units.
    """

    def __init__(
        self,
        rollup: RollupContract,
        signer: Signer,
        replica: Replica,
        gate: Gate | None = None,
        sender: Sender | None = None,
    ) -> None:
        self.rollup = rollup
        self.signer = signer
        self.replica = replica
        self.sender = sender or Sender(rollup.connection, signer)
        self._gate = gate
        self._bls: BlsKey | None = None

    def __repr__(self) -> str:
        return f"<Wallet {self.signer.address} accounts={sorted(self.accounts)}>"

    @property
    def bls(self) -> BlsKey:
        """The BLS key: derived from a deterministic signature of the Ethereum key, the same at every start."""
        if self._bls is None:
            self._bls = BlsKey.derive(self.signer.sign_digest(keccak(_KEY_PHRASE + self.rollup.domain.separator)))
        return self._bls

    @property
    def accounts(self) -> dict[int, Account]:
        """The accounts of either key, by index, as the inbox has them."""
        owners = {owner_of_address(self.signer.address), owner_of_key(self.bls.public)}
        return {index: one for index, one in self.replica.head.accounts.items() if one.owner in owners}

    def account(self, token: int = 0, *, bls: bool | None = None) -> int:
        """The first account of a token, of one kind of key if told; raises AccountUnknown."""
        for index, one in self.accounts.items():
            if one.token == token and bls in (None, one.address is None):
                return index
        raise AccountUnknown(f"{self.signer.address} has no account of token {token}", hint="deposit first")

    def balance(self, token: int = 0) -> int:
        """Over all accounts of a token."""
        return sum(one.balance for one in self.accounts.values() if one.token == token)

    # --------------------------------------------------------------------------------------------------- main chain

    def deposit(self, amount: str | int, token: int = 0, to: int = 0) -> Receipt:
        """Pay in: to an account of any of its owner's, or (0) to a new one of the Ethereum key."""
        units = parse_amount(amount)
        owner = self.replica.head.accounts[to].owner if to else owner_of_address(self.signer.address)
        return self.rollup.deposit(self.sender, token, units, owner, to)

    def force(self, amount: str | int, to: int | str, account: int | None = None) -> Receipt:
        """Queue a transfer (to an account) or withdrawal (to an address) that the sequencer cannot leave out."""
        index = self.account(bls=False) if account is None else account
        token = self.replica.head.accounts[index].token
        return self.rollup.force(self.sender, index, token, parse_amount(amount), to)

    def include(self) -> Receipt:
        """Carry the overdue queue into the inbox."""
        items, _, consumed, _, _ = self.rollup.inbox()
        end = helping(consumed, self.rollup.queue_length())
        return self.rollup.force_include(self.sender, self.rollup.acc(items), end)

    def claim_all(self) -> list[Receipt]:
        """Claim every withdrawal to this wallet's address in final assertions that has not been paid."""
        self.replica.step()
        line = [self.replica.final()]
        while line[-1].inbox_end:
            line.append(self.replica.claims[line[-1].parent])
        # The oldest first: each state goes on from the one before.
        return [receipt for claim in line[-2::-1] for receipt in self._claim_of(claim)]

    def freeze(self) -> Receipt:
        """Freeze the rollup when something waits for too long; then `escape` pays."""
        self.replica.step()
        final = self.replica.final()
        entries = self.replica.entries
        following = entries[final.inbox_end].record if final.inbox_end < len(entries) else NO_ITEM
        return self.rollup.freeze(self.sender, final, following)

    def escape(self, account: int | None = None) -> Receipt:
        """In frozen mode: take an account's balance under the last final state."""
        self.replica.step()
        final = self.replica.final()
        state = self.replica.state_of(final)
        index = account if account is not None else self._escapable(final)
        one = state.accounts[index]
        word = one.token << 160 | one.nonce << 128 | one.balance
        path = state.account_path(index)
        return self.rollup.escape(self.sender, final, Roots.of(state), index, one.owner, word, path)

    # ---------------------------------------------------------------------------------------------------- operations

    def send(self, to: int, amount: str | int, *, fee: int = 0, account: int | None = None) -> SignedOp:
        """Pay an account; signed and handed to the sequencer."""
        index, one, nonce = self._source(account)
        return self._sign(index, one, Transfer(index, nonce, to, parse_amount(amount), one.token, pack_fee(fee)))

    def withdraw(self, amount: str | int, *, to: str = "", fee: int = 0, account: int | None = None) -> SignedOp:
        """Take money out to an address (the own one if not told)."""
        index, one, nonce = self._source(account)
        target = to_address(to) if to else self.signer.address
        return self._sign(index, one, Withdraw(index, nonce, target, parse_amount(amount), one.token, pack_fee(fee)))

    def _source(self, account: int | None) -> tuple[int, Account, int]:
        index = self.account() if account is None else account
        one = self.accounts.get(index)
        if one is None:
            raise AccountUnknown(f"account {index} is not of {self.signer.address}", hint="use an account of its own")
        return index, one, self._next_nonce(index, one)

    def _next_nonce(self, index: int, one: Account) -> int:
        return one.nonce if self._gate is None else self._gate.next_nonce(index)

    def _sign(self, index: int, account: Account, message: Transfer | Withdraw) -> SignedOp:
        digest = message.digest(self.rollup.domain)
        by_bls = account.address is None
        signature = self.bls.sign(digest) if by_bls else to_compact(self.signer.sign_digest(digest))
        op = SignedOp(message, signature)
        if self._gate is None:
            raise Rejected(f"account {index}: this wallet knows no sequencer", hint="use force()")
        self._gate.submit(op)
        return op

    def _claim_of(self, claim: Claim) -> list[Receipt]:
        state = self.replica.state_of(claim)
        mine = [i for i, one in enumerate(state.withdrawals) if one.target == self.signer.address]
        paid = self._paid(claim)
        return [
            self.rollup.claim(
                self.sender, claim, Roots.of(state), index, state.withdrawals[index], state.withdrawal_path(index)
            )
            for index in mine
            if index not in paid
        ]

    def _paid(self, claim: Claim) -> set[int]:
        return self.replica.claimed.get(claim.id, set())

    def _escapable(self, final: Claim) -> int:
        owner = owner_of_address(self.signer.address)
        for index, one in self.replica.state_of(final).accounts.items():
            if one.owner == owner and one.balance:
                return index
        raise AccountUnknown(f"{self.signer.address} has nothing in the last final state", hint="refund its deposits")
