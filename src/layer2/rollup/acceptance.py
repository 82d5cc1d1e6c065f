"""The sequencer's promises: what it accepts is durable and askable, and works on top of what the chain has."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from layer2.primitives.errors import Layer2Error
from layer2.rollup.accounts import State, owner_of_address, owner_of_key
from layer2.rollup.amounts import fee_of
from layer2.rollup.contract import RollupContract
from layer2.rollup.fates import Fate, Fates, included
from layer2.rollup.layer import Held
from layer2.rollup.mempool import SignedOp
from layer2.rollup.messages import Withdraw
from layer2.rollup.operations import move, withdraw
from layer2.rollup.pool import Fees, Pool, Vouched
from layer2.rollup.promises import Promises
from layer2.rollup.queue import QueueItem, apply_item
from layer2.rollup.replica import Replica
from layer2.rollup.verification import BLS_RECORD, ECDSA_RECORD, digests_of
from layer2.rollup.workers import Verifier
from layer2.store.journal import Journal, fault_point

__all__ = ["Acceptance"]


class Acceptance:
    """The half of a sequencer that takes operations and keys; it sends nothing to the chain.

    `operator`: the address whose accounts take the fees, unless `fee_account` says which. See `Sequencer`.
    """

    def __init__(
        self,
        rollup: RollupContract,
        operator: str,
        journal: Journal | str | Path,
        replica: Replica,
        *,
        least_fee: int | Mapping[int, int],
        fee_account: int | Mapping[int, int] | None,
        most_pending: int,
        verifier: Verifier | None,
    ) -> None:
        self.rollup = rollup
        self.replica = replica
        self.verifier = verifier or Verifier()
        self._operator = operator
        self._least_fee = least_fee
        self._fee_account = {0: fee_account} if isinstance(fee_account, int) else fee_account
        self._promises = Promises(journal, rollup.connection.chain_id, rollup.address)
        self._journal = self._promises.journal
        self.lock = threading.RLock()
        """Held while anything here is read or written that belongs together."""
        self._prefix = rollup.domain.prefix
        self._keys: list[tuple[bytes, int]] = []
        self._opened: dict[tuple[bytes, int], int] = {}
        self._coming = 0
        try:
            self.replica.step()
            self._pool = Pool(most_pending, self.replica.head)
            if self.replica.missing is None:
                self._promises.check_final([one.record.hash() for one in self.replica.entries])
            self._reload()
        except BaseException:
            self._promises.release()
            raise

    # ------------------------------------------------------------------------------------------------ what is known

    @property
    def pending(self) -> tuple[SignedOp, ...]:
        """Accepted operations that are not in the inbox yet."""
        with self.lock:
            return tuple(SignedOp.decode(record) for record, *_ in self._pool.pending.values())

    @property
    def waiting(self) -> int:
        """How many operations are pending."""
        return len(self._pool.pending)

    @property
    def most_pending(self) -> int:
        """How many it keeps."""
        return self._pool.most

    @property
    def fees(self) -> Fees:
        """What operations have to pay, and to whom."""
        return self._pool.fees

    @property
    def state(self) -> State:
        """The inbox's state with everything pending, executed anew: for people who look, and tests."""
        with self.lock:
            state = self.replica.head.copy()
            for item in self._items():
                apply_item(state, item, self.replica.authority)
            for op in self.pending:
                one, fee = op.message, fee_of(op.message.fee)
                if isinstance(one, Withdraw):
                    withdraw(state, one.sender, one.to, one.amount, one.token, fee)
                else:
                    move(state, one.sender, one.to, one.amount, one.token, fee)
            return state

    def ahead(self, account: int) -> Held | None:
        """An account with what is pending, to be read only; None if there is none."""
        return self._pool.account(account)

    def next_nonce(self, account: int) -> int:
        """The nonce of an account's next operation, pending ones counted."""
        with self.lock:
            self.follow()
            known = self._pool.account(account)
            return 0 if known is None else known.nonce

    def fate(self, digest: bytes) -> Fate | None:
        """What became of an accepted operation, by the digest that was signed; None for one that is not known."""
        with self.lock:
            return Fate("pending") if digest in self._pool.pending else self._fates.get(digest)

    def follow(self) -> None:
        """What others have posted, or forced, or what the chain took back, counts before anything is promised."""
        self.replica.step()
        if self._reorganisations != self.replica.reorganisations:
            # What stood in an entry that is gone is pending again.
            self._reload()
        elif self._read != len(self.replica.entries):
            self._settle()

    # ----------------------------------------------------------------------------------------------------- accepting

    def submit(self, op: SignedOp) -> None:
        """Accept an operation; durable when it returns. Raises what `submit_many` gives."""
        refusal = self.submit_many([op])[0]
        if refusal is not None:
            raise refusal

    def submit_many(self, ops: Sequence[SignedOp]) -> list[Layer2Error | None]:
        """Accept what is acceptable, with one commit; for each its refusal or None. A single one that fails raises.

        Refusals: AccountUnknown, NonceWrong, BalanceTooLow, FeeTooLow, FeeUnwanted, TooLarge, SignatureWrong,
        MempoolFull; MalformedError for what is no operation.
        """
        with self.lock:
            self.follow()
            results = self.accept([self.vouch([op.encode() for op in ops])])[0]
        if len(ops) == 1 and results[0] is not None:
            raise results[0]
        return results

    def vouch(self, records: Sequence[bytes]) -> Vouched:
        """Judge signatures, for `accept`. Nothing is promised by this, and nothing held up."""
        with self.lock:
            refused = self._pool.screen(records)
            by_ecdsa, by_bls, owners_of_keys, keys = self._sorted(records, refused)
        batch = Vouched(records, [b""] * len(records), [b""] * len(records), refused)
        joined = b"".join([records[at] for at in by_ecdsa])
        digests, addresses = self.verifier.check_ecdsa(self._prefix, joined, ECDSA_RECORD)
        for at, digest, address in zip(by_ecdsa, digests, addresses, strict=True):
            batch.digests[at], batch.owners[at] = digest, address and bytes(12) + address
        joined = b"".join([records[at] for at in by_bls])
        digests, right = self.verifier.check_bls(self._prefix, joined, keys, BLS_RECORD)
        for at, digest, owner, good in zip(by_bls, digests, owners_of_keys, right, strict=True):
            batch.digests[at], batch.owners[at] = digest, owner if good else b""
        return batch

    def accept(self, batches: Sequence[Vouched]) -> list[list[Layer2Error | None]]:
        """Accept what is acceptable of several submissions, in order and with one commit; durable when it returns."""
        with self.lock:
            fault_point("sequencer.accept.before")
            now, before = time.monotonic(), len(self._pool.pending)
            try:
                results = [self._pool.admit(batch, now) for batch in batches]
                self._promises.name(self._pool.unnoted)
                self._pool.unnoted.clear()
                for batch, refusals in zip(batches, results, strict=True):
                    good = [one for one, refusal in zip(batch.records, refusals, strict=True) if refusal is None]
                    self._promises.accept(good)
                self._promises.commit()
            except BaseException:
                # Nothing of it was promised: it must not be posted either.
                for digest in list(self._pool.pending)[before:]:
                    del self._pool.pending[digest]
                # Whether their owners were noted is not known either: they are noted again.
                self._pool.owners.clear()
                self._pool.unnoted.clear()
                self._settle()
                raise
            fault_point("sequencer.accept.durable")
            return results

    def open_account(self, key: bytes, token: int = 0) -> None:
        """Have an account made for a BLS key in the next entry; which one it is, the state says afterwards."""
        self.open_accounts([key], token)

    def open_accounts(self, keys: Sequence[bytes], token: int = 0, *, follow: bool = True) -> None:
        """The same for many keys, durable with one commit when it returns.

        A key that has an account of the token, or waits for one, changes nothing. `follow`: look at the chain first.

        Raises:
            SignatureError: one of them is no key; nothing has changed.
        """
        owners = [owner_of_key(key) for key in keys]
        with self.lock:
            if follow:
                self.follow()
            waiting = set(self._keys)
            fresh = {
                (key, token): None
                for key, owner in zip(keys, owners, strict=True)
                if (key, token) not in waiting and not self._has_account(owner, token)
            }
            self._promises.open(fresh)
            self._promises.commit()
            fault_point("sequencer.open.durable")
            self._keys += fresh

    # ------------------------------------------------------------------------------------------------------- inside

    def _sorted(
        self, records: Sequence[bytes], refused: Mapping[int, Layer2Error]
    ) -> tuple[list[int], list[int], list[bytes], list[bytes]]:
        """Places of ECDSA and BLS operations that are worth a look, and owners and keys of the latter."""
        by_ecdsa, by_bls, owners, keys = [], [], [], []
        for at, record in enumerate(records):
            if at in refused:
                continue
            if len(record) == ECDSA_RECORD:
                by_ecdsa.append(at)
                continue
            row = self._pool.account(int.from_bytes(record[1:5], "big"))
            key = None if row is None else self.replica.head.keys.get(row.owner)
            if row is not None and key is not None:
                by_bls.append(at)
                owners.append(row.owner)
                keys.append(key)
        return by_ecdsa, by_bls, owners, keys

    def _consumed(self) -> int:
        entries = self.replica.entries
        return entries[-1].record.queue_end if entries else 0

    def _items(self) -> list[QueueItem]:
        return self.replica.queue[self._consumed() : self._coming]

    def _has_account(self, owner: bytes, token: int) -> bool:
        head = self.replica.head
        return owner in head.keys and any(head.accounts[one].token == token for one in head.owned(owner))

    def _reload(self) -> None:
        """After a start: what was accepted and is not in the inbox is pending again."""
        stored = self._promises.read()
        self._reorganisations = self.replica.reorganisations
        self._fates = Fates()
        self._keys, self._opened = stored.keys, {}
        self._read, self._coming = self._promises.settled, 0
        self._pool.pending.clear()
        self._pool.owners = dict(stored.owners)
        digests = digests_of(self._prefix, stored.records)
        for digest, record, parties in zip(digests, stored.records, stored.parties, strict=True):
            if digest in stored.dropped:
                self._fates.open[digest] = Fate("dropped", 0, stored.dropped[digest])
            else:
                self._pool.pending[digest] = (record, 0.0, *parties)
        self._settle()

    def _settle(self) -> None:
        """Put what is pending on top of the inbox and of the queue items that the next entry consumes first."""
        entries, head = self.replica.entries, self.replica.head
        self._pool.fees = self._fees(head)
        before = dict(self._pool.pending)
        used, dropped = self._pool.reset(head, self._items(), self.replica.authority)
        reasons = {digest: str(refusal) for digest, refusal in dropped.items()}
        if used:
            fresh = [(at + 1, entries[at]) for at in range(min(self._read, len(entries)), len(entries))]
            places = included([(digest, before[digest][0]) for digest in used], fresh)
            for digest in used:
                if digest in places:
                    self._fates.open[digest] = Fate("posted", places[digest])
                else:
                    reasons[digest] = "its nonce was used by another operation of its account"
        self._read = len(entries)
        self._drop(reasons)
        still = []
        for key, token in self._keys:
            if self._has_account(owner_of_key(key), token):
                self._opened[key, token] = len(entries)
            else:
                still.append((key, token))
        self._keys = still

    def _drop(self, reasons: Mapping[bytes, str]) -> None:
        """Say durably that operations have become impossible."""
        for digest, reason in reasons.items():
            self._fates.open[digest] = Fate("dropped", len(self.replica.entries), reason)
            self._promises.drop(digest, reason)
        self._promises.commit()

    def _fees(self, head: State) -> Fees:
        least, accounts = self._least_fee, self._fee_account
        if accounts is None:
            own = head.owned(owner_of_address(self._operator))
            accounts = {head.accounts[index].token: index for index in reversed(own)}
        if isinstance(least, int):
            return Fees(least, {}, accounts)
        return Fees(0, least, accounts)
