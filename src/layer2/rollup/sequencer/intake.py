"""The sequencer's promises: what it accepts is durable and askable, and works on top of what the chain has."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from layer2.primitives.errors import Layer2Error
from layer2.rollup.protocol.batch_signatures import BLS_RECORD, ECDSA_RECORD
from layer2.rollup.protocol.signed_operation import SignedOp
from layer2.rollup.sequencer.key_registrations import FREE, Opening
from layer2.rollup.sequencer.mempool import Vouched
from layer2.rollup.sequencer.pending_state import Promised
from layer2.rollup.state.state import owner_of_key
from layer2.store.journal import fault_point

__all__ = ["Acceptance"]


class Acceptance(Promised):
    """The half of a sequencer that takes operations and keys; it sends nothing to the chain. See `Sequencer`."""

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

    def accept(self, batches: Sequence[Vouched], paid_for: Sequence[Opening] = ()) -> list[list[Layer2Error | None]]:
        """Accept what is acceptable of several submissions, in order and with one commit; durable when it returns.

        `paid_for`: what the first operation of all pays for; promised with it, if it is accepted.
        """
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
                if paid_for and results[0][0] is None:
                    self._promises.open(paid_for)
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

    def open_account(self, key: bytes, token: int = 0, payment: SignedOp | None = None) -> None:
        """Have an account made for a BLS key in the next entry; which one it is, the state says afterwards."""
        self.open_accounts([key], token, payment=b"" if payment is None else payment.encode())

    def open_accounts(
        self, keys: Sequence[bytes], token: int = 0, *, payment: bytes = b"", follow: bool = True
    ) -> None:
        """The same for many keys, durable with one commit when it returns.

        A key that has an account of the token, or waits for one, changes nothing; if all do, the payment is not taken.

        Args:
            payment: the record of a transfer that pays for them (`key_price`); they are opened once it is in the inbox.
            follow: look at the chain first.

        Raises:
            SignatureError: one of them is no key. FeeTooLow, MempoolFull, or what `submit` refuses the payment with;
            nothing has changed then.
        """
        owners = dict(zip(keys, (owner_of_key(key) for key in keys), strict=True))
        if follow:
            self.follow()
        paid = self.vouch([payment]) if payment else None
        if paid is not None and 0 in paid.refused:
            raise paid.refused[0]
        with self.lock:
            fresh = [
                key
                for key, owner in owners.items()
                if (key, token) not in self._openings.waiting and not self._has_account(owner, token)
            ]
            if not fresh:
                return
            self._key_policy.check(len(fresh), len(self._openings), payment, self._pool.fees.accounts.get(0))
            rows = [Opening(key, token, FREE if paid is None else paid.digests[0]) for key in fresh]
            if paid is None:
                self._promises.open(rows)
                self._promises.commit()
            else:
                refusal = self.accept([paid], rows)[0][0]
                if refusal is not None:
                    raise refusal
            fault_point("sequencer.open.durable")
            self._openings.add(rows)

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
