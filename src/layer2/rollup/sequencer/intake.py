"""Operation intake: verifies operations, applies them to the pending state and stores them durably."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from layer2.node.intake import Refusals
from layer2.primitives.errors import Layer2Error
from layer2.rollup.protocol.batch_signatures import BLS_RECORD, ECDSA_RECORD
from layer2.rollup.protocol.signed_operation import SignedOp
from layer2.rollup.sequencer.key_registrations import FREE, Opening
from layer2.rollup.sequencer.mempool import VerifiedBatch
from layer2.rollup.sequencer.pending_state import PendingState
from layer2.rollup.state.state import owner_of_key
from layer2.store.journal import fault_point

__all__ = ["OperationIntake"]


class OperationIntake(PendingState):
    """The part of a sequencer that accepts operations and key registrations, without access to L1. See `Sequencer`.

    It submits nothing to L1.
    """

    def submit(self, op: SignedOp) -> None:
        """Accept an operation; it is durable on return. Raises the errors listed in `submit_many`."""
        refusal = self.submit_many([op])[0]
        if refusal is not None:
            raise refusal

    def submit_many(self, ops: Sequence[SignedOp]) -> Refusals:
        """Accept all valid operations with one commit; return an error or None for each.

        A single invalid operation raises its error instead.

        Errors: AccountUnknown, NonceWrong, BalanceTooLow, FeeTooLow, FeeUnwanted, TooLarge, SignatureWrong,
        MempoolFull; MalformedError for bytes that are not a valid operation.
        """
        self.follow()
        results = self.accept([self.verify_batch([op.encode() for op in ops])])[0]
        if len(ops) == 1 and results[0] is not None:
            raise results[0]
        return results

    def verify_batch(self, records: Sequence[bytes]) -> VerifiedBatch:
        """Verify the signatures of records for `accept`, without holding `lock`; nothing is accepted yet."""
        with self.lock:
            refused = self._pool.prevalidate(records)
            by_ecdsa, by_bls, owners_of_keys, keys = self._sorted(records, refused)
        batch = VerifiedBatch(records, [b""] * len(records), [b""] * len(records), refused)
        joined = b"".join([records[at] for at in by_ecdsa])
        digests, addresses = self.verifier.check_ecdsa(self._prefix, joined, ECDSA_RECORD)
        for at, digest, address in zip(by_ecdsa, digests, addresses, strict=True):
            batch.digests[at], batch.owners[at] = digest, address and bytes(12) + address
        joined = b"".join([records[at] for at in by_bls])
        digests, right = self.verifier.check_bls(self._prefix, joined, keys, BLS_RECORD)
        for at, digest, owner, good in zip(by_bls, digests, owners_of_keys, right, strict=True):
            batch.digests[at], batch.owners[at] = digest, owner if good else b""
        return batch

    def accept(self, batches: Sequence[VerifiedBatch]) -> list[Refusals]:
        """Accept all valid operations of several submissions, in order and with one commit; they are durable on return.

        Returns:
            For each submission, an error or None per operation.
        """
        return self._intake.accept(batches)

    def open_account(self, key: bytes, token: int = 0, payment: SignedOp | None = None) -> None:
        """Register a BLS key for an account in the next entry; the state afterwards shows its number."""
        self.open_accounts([key], token, payment=b"" if payment is None else payment.encode())

    def open_accounts(
        self, keys: Sequence[bytes], token: int = 0, *, payment: bytes = b"", follow: bool = True
    ) -> None:
        """Register many keys, durable with one commit on return.

        A key with an account of the token, or with a waiting registration, is skipped. If all keys are skipped, the
        payment is not accepted either.

        Args:
            payment: record of a transfer that pays for the keys (`key_price`); they are opened once it is in the inbox.
            follow: read L1 first.

        Raises:
            SignatureError: one of the keys is not a valid BLS key.
            FeeTooLow: the payment does not cover the price of the keys.
            MempoolFull: too many keys are waiting.
            Layer2Error: the payment was rejected, as by `submit`. Nothing has changed after any of these errors.
        """
        owners = dict(zip(keys, (owner_of_key(key) for key in keys), strict=True))
        if follow:
            self.follow()
        paid = self.verify_batch([payment]) if payment else None
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
                self._promises.append(*rows)
                self._promises.commit()
            else:
                # The keys are recorded together with their payment, if it is accepted.
                refusal = self._intake.accept([paid], lambda results: rows if results[0][0] is None else ())[0][0]
                if refusal is not None:
                    raise refusal
            fault_point("sequencer.open.durable")
            self._openings.add(rows)

    def _sorted(
        self, records: Sequence[bytes], refused: Mapping[int, Layer2Error]
    ) -> tuple[list[int], list[int], list[bytes], list[bytes]]:
        """Return the indices of ECDSA and BLS operations to verify, and the owners and keys of the BLS operations."""
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
