"""Batch verification of frame signatures before the frames are executed, in workers and outside any lock.

The digests signed in a frame depend on the frames before it, because valid frames advance nonces. The validity of each
frame is therefore predicted, all resulting digests are verified in one batch, and frames that depend on a wrong
prediction are verified again. No frame is executed on a prediction: a result is cached under the exact keys, digests
and signature that it covers, and the execution looks up those.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from layer2.primitives.bls import is_key
from layer2.primitives.worker_pool import WorkerPool
from layer2.rollup.protocol.batch_signatures import check_frames
from layer2.rollup.protocol.compressed_amounts import fee_of
from layer2.rollup.protocol.frames import Frame, FrameType, decode_frame
from layer2.rollup.protocol.params import MAX_ACCOUNTS, MAX_NONCE
from layer2.rollup.state.signature_oracle import Signatures, name_of
from layer2.rollup.state.state import Account, State, owner_of_key
from layer2.rollup.state.transition import admissible, message_of

__all__ = ["SignaturePrefetch"]

_WIDEST = 256
"""Maximum number of frames predicted at a time: a few seconds of work."""
_PART = 64
"""Number of frames per worker task: enough for keys to occur repeatedly."""

_Pairs = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class _Coming:
    """A frame of BLS operations and the number of operations of each sender."""

    place: int
    frame: Frame
    senders: Counter[int]


class SignaturePrefetch:
    """Batch verifier for one `Signatures`, which caches the results. Not safe for concurrent use.

    Attributes:
        signatures: cache of verification results.
        workers: workers that verify signatures.
        wasted: number of frames verified on a wrong prediction.
    """

    def __init__(self, signatures: Signatures, workers: WorkerPool | None = None) -> None:
        self.signatures = signatures
        self.workers = workers or WorkerPool()
        self.wasted = 0
        self._width = 4 * self.workers.width
        self._guess = True
        self._streak = 1

    def __repr__(self) -> str:
        return f"<SignaturePrefetch {self.workers} wasted={self.wasted}>"

    def prepare(self, state: State, frames: Sequence[bytes]) -> None:
        """Verify the frames to be executed next on a state, which is not modified.

        The number of predicted frames doubles after each success but the first, and drops to the number of workers
        after a failure.
        """
        plan, least, at = _Plan(state, [decode_frame(one) for one in frames], self.signatures), self.workers.width, 0
        while at < len(plan.coming):
            window = plan.coming[at : at + self._width]
            asked, forecast = plan.foretell(window, self._guess)
            answers = self._judge(asked, self._guess)
            done = plan.settle(window, forecast, answers)
            self.wasted += sum(one is not None for one in answers) - done
            at += done
            # An attacker who invalidates every other frame must not know the next prediction, so it is random after a
            # failure at the minimum width.
            failed = done < len(window)
            self._streak = 0 if failed else self._streak + 1
            self._guess = bool(secrets.randbits(1)) if failed and len(window) <= least else plan.last
            if failed or self._streak > 1:
                self._width = least if failed else min(_WIDEST, self._width * 2)

    def _judge(self, asked: Sequence[tuple[_Pairs, bytes] | None], guess: bool) -> list[bool | None]:
        """Return the result of each check; None if a worker stopped at an unexpected result before it.

        A frame without a check (None) cannot have a valid signature, so its result is False.
        """
        unknown = {}
        for one in asked:
            if one is not None and self.signatures.recall(*one) is None:
                unknown[name_of(*one)] = one
        rows = list(unknown.values())
        step = max(1, min(_PART, -(-len(rows) // self.workers.width)))
        cuts = [rows[at : at + step] for at in range(0, len(rows), step)]
        for cut, found in zip(cuts, self.workers.run(check_frames, [(_flat(one), guess) for one in cuts]), strict=True):
            for row, answer in zip(cut, found, strict=False):
                self.signatures.learn(*row, answer)
        return [False if one is None else self.signatures.recall(*one) for one in asked]


class _Plan:
    """Frames of one entry: their senders, the accounts they open, and the nonces as far as they are decided."""

    def __init__(self, state: State, frames: Sequence[Frame], signatures: Signatures) -> None:
        from layer2.rollup.state.overlay import layer_over  # numba is imported with the first state, not before

        self._state, self._layer = layer_over(state)
        self._signatures, self._domain = signatures, signatures.domain
        self._born: dict[int, int] = {}
        self._used: Counter[int] = Counter()
        self.last = True
        """Result of the newest decided frame."""
        self.coming: list[_Coming] = []
        for place, frame in enumerate(frames):
            if frame.kind is FrameType.ACCOUNTS and frame.token < state.tokens:
                self._open(place, frame)
            elif frame.kind.by_bls and frame.ops:
                self.coming.append(_Coming(place, frame, Counter(op.sender for op in frame.ops)))

    def foretell(self, window: Sequence[_Coming], guess: bool) -> tuple[list[tuple[_Pairs, bytes] | None], list[bool]]:
        """Return the check of each frame in the window, based on the predicted results, and the predictions.

        A frame with a cached result is predicted to have that result.
        """
        ahead, asked, forecast = Counter[int](), [], []
        for one in window:
            pairs = self._pairs(one, ahead)
            question = None if pairs is None else (pairs, one.frame.signature)
            known = False if question is None else self._signatures.recall(*question)
            asked.append(question)
            forecast.append(guess if known is None else known)
            if forecast[-1]:
                ahead.update(one.senders)
        return asked, forecast

    def settle(self, window: Sequence[_Coming], forecast: Sequence[bool], answers: Sequence[bool | None]) -> int:
        """Apply the results up to the first frame that depends on a wrong prediction or has no result.

        Returns:
            Number of frames applied, at least one.
        """
        moved: set[int] = set()
        for count, (one, foretold, answer) in enumerate(zip(window, forecast, answers, strict=True)):
            if answer is None or not moved.isdisjoint(one.senders):
                return count
            if answer:
                self._used.update(one.senders)
            if answer != foretold:
                moved.update(one.senders)
            self.last = answer
        return len(window)

    def _open(self, place: int, frame: Frame) -> None:
        state = self._state
        for op in frame.ops:
            if state.next_account < MAX_ACCOUNTS and is_key(op.key):
                owner = owner_of_key(op.key)
                state.keys[owner] = op.key
                self._born[state.create(Account(owner, frame.token))] = place

    def _pairs(self, one: _Coming, ahead: Counter[int]) -> _Pairs | None:
        """Return keys and digests as computed by `transition.digests`; None for a frame that is not executed."""
        frame, state = one.frame, self._state
        unborn = fee_of(frame.fee) and self._born.get(frame.receiver, -1) > one.place
        if not admissible(state, frame) or unborn:
            return None
        seen: Counter[int] = Counter()
        pairs: _Pairs = []
        for op in frame.ops:
            row = self._layer.row(op.sender)
            key = None if row is None else state.keys.get(row.owner)
            if row is None or key is None or self._born.get(op.sender, -1) > one.place:
                return None
            nonce = row.nonce + self._used[op.sender] + ahead[op.sender] + seen[op.sender]
            if nonce >= MAX_NONCE:
                return None
            pairs.append((key, message_of(frame, op, nonce).digest(self._domain)))
            seen[op.sender] += 1
        return pairs


def _flat(rows: Sequence[tuple[_Pairs, bytes]]) -> list[tuple[bytes, bytes, bytes]]:
    """Return signature, joined keys and joined digests of each check, to send few objects to another process."""
    return [
        (signature, b"".join(key for key, _ in pairs), b"".join(digest for _, digest in pairs))
        for pairs, signature in rows
    ]
