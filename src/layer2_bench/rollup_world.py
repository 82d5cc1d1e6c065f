"""A rollup for measurements: a million accounts, batches of all kinds, a malicious proposer and a challenger."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

from layer2.ethereum.connection import Connection
from layer2.ethereum.sender import Sender
from layer2.ethereum.signer import LocalSigner
from layer2.primitives.bls import BlsKey, aggregate
from layer2.primitives.ecdsa import PrivateKey, to_compact
from layer2.primitives.hashing import keccak
from layer2.rollup.devnet import LocalRollup
from layer2.rollup.l1.batcher import Batcher
from layer2.rollup.protocol.frames import LIMITS, Frame, FrameType, Op, encode_frame
from layer2.rollup.protocol.messages import Transfer, Withdraw
from layer2.rollup.state.commitments import Assertion
from layer2.rollup.state.forced_queue import Scheme
from layer2.rollup.state.state import Account, State, owner_of_address, owner_of_key

__all__ = ["ACCOUNTS", "RollupWorld"]

ACCOUNTS = 1 << 20
_FULL = LIMITS[FrameType.TRANSFERS]
_ECDSA = LIMITS[FrameType.ECDSA_TRANSFERS]
_QUEUED = 27
_FEE = 0x21
_FILLER = bytes(12) + b"\x07" * 20


class RollupWorld:
    """A rollup with funded accounts in its genesis, because a million deposits would take too long."""

    def __init__(self, connection: Connection, data: str, accounts: int = ACCOUNTS) -> None:
        self.connection = connection
        self.signers = connection.signers(6)
        self.operator, self.liar, self.challenger, self.user, self.other = self.signers[:5]
        self.bls = [BlsKey(1_000 + at) for at in range(_FULL)]
        self.keys = [LocalSigner(PrivateKey((2_000 + at).to_bytes(32, "big"))) for at in range(_ECDSA + _QUEUED)]
        chosen = random.Random(7).sample(range(1, accounts), 2 * (len(self.bls) + len(self.keys)) + 2)
        self.ids = iter(chosen)
        state = State()
        state.fill(_FILLER * (accounts - 1), nonce=3, balance=10**18)
        self.senders = [next(self.ids) for _ in self.bls]
        for index, key in zip(self.senders, self.bls, strict=True):
            owner = owner_of_key(key.public)
            state.keys[owner] = key.public
            state.put(index, Account(owner, 0, 5, 10**18))
        self.signing = [next(self.ids) for _ in self.keys]
        for index, one in zip(self.signing, self.keys, strict=True):
            state.put(index, Account(owner_of_address(one.address), 0, 2, 10**18))
        # The user owns two adjacent accounts: the contract has one word for 256 accounts, which the first escape
        # initialises.
        self.own = next(self.ids) & ~1
        for index in (self.own, self.own + 1):
            state.put(index, Account(owner_of_address(self.user.address), 0, 0, 10**18))
        self.receiver = next(self.ids)
        self.receivers = list(self.ids)
        self.folder = tempfile.TemporaryDirectory(prefix="layer2-bench-")
        self.l2 = LocalRollup(
            connection,
            self.operator,
            challenger=self.challenger,
            folder=Path(self.folder.name),
            genesis=state,
            data=data,
        )
        self.domain = self.l2.rollup.domain
        self.replica = self.l2.challenger.replica
        self._lies = 0
        self.sender = Sender(connection, self.operator)
        self.poster = Batcher(self.l2.rollup, self.sender, self.replica.blobs, data)

    def post(self, frames: bytes, queue_end: int | None = None) -> int:
        """Post a batch and return the gas."""
        self.replica.step()
        last = self.replica.entries[-1].record if self.replica.entries else None
        end = queue_end if queue_end is not None else (last.queue_end if last else 0)
        receipt = self.poster.post(last.hash() if last else bytes(32), frames, end)
        self.replica.step()
        return receipt.gas_used

    def bls_frame(self) -> bytes:
        """Return a frame of 54 transfers with a fee, each by another key to another account."""
        pairs = list(zip(self.senders, self.receivers, strict=False))
        digests = [Transfer(one, 5, to, 1_000, 0, _FEE).digest(self.domain) for one, to in pairs]
        signature = aggregate([key.sign(digest) for key, digest in zip(self.bls, digests, strict=True)])
        ops = tuple(Op(one, to, 1_000, packed=1_000) for one, to in pairs)
        return encode_frame(Frame(FrameType.TRANSFERS, 0, _FEE, self.receiver, signature, ops))

    def ecdsa_frame(self) -> bytes:
        """Return a frame of six ECDSA transfers with a fee, each by another key to another account."""
        ops = []
        for at, (one, to) in enumerate(zip(self.signing[:_ECDSA], self.receivers[_FULL:], strict=False)):
            digest = Transfer(one, 2, to, 1_000, 0, _FEE).digest(self.domain)
            ops.append(Op(one, to, 1_000, None, to_compact(self.keys[at].sign_digest(digest)), packed=1_000))
        return encode_frame(Frame(FrameType.ECDSA_TRANSFERS, 0, _FEE, self.receiver, b"", tuple(ops)))

    def withdrawal_frames(self, count: int) -> bytes:
        """Return frames of `count` withdrawals to the user by a BLS key that has already used one nonce here."""
        index, key = self.senders[-1], self.bls[-1]
        most, frames, nonce = LIMITS[FrameType.WITHDRAWALS], b"", 6
        for start in range(0, count, most):
            size = min(most, count - start)
            rows = [Withdraw(index, nonce + at, self.user.address, 1_000, 0, 0) for at in range(size)]
            signature = aggregate([key.sign(one.digest(self.domain)) for one in rows])
            ops = tuple(Op(index, 0, 1_000, self.user.address) for _ in rows)
            frames += encode_frame(Frame(FrameType.WITHDRAWALS, 0, 0, 0, signature, ops))
            nonce += size
        return frames

    def force_signed(self) -> int:
        """Queue 27 ECDSA-signed transfers between 54 accounts; return the gas of the last."""
        gas = 0
        for at in range(_QUEUED):
            index, to = self.signing[_ECDSA + at], self.receivers[_FULL + _ECDSA + at]
            digest = Transfer(index, 2, to, 1_000, 0, 0).digest(self.domain)
            signature = to_compact(self.keys[_ECDSA + at].sign_digest(digest))
            gas = self.l2.rollup.force(self.sender, index, 0, 1_000, to, Scheme.ECDSA, signature).gas_used
        return gas

    def force_by_keys(self) -> None:
        """Queue 27 transfers between 54 accounts, signed by BLS keys that have already used one nonce here."""
        rows = zip(self.bls[:_QUEUED], self.senders, self.receivers[-_QUEUED:], strict=False)
        for key, index, to in rows:
            digest = Transfer(index, 6, to, 1_000, 0, 0).digest(self.domain)
            self.l2.rollup.force(self.sender, index, 0, 1_000, to, Scheme.BLS, key.sign(digest))

    def lie(self, segment: int, root: bytes | None = None, *, claimed: bytes | None = None) -> Assertion:
        """Propose an assertion whose roots are valid before `segment` and wrong from it on.

        `claimed` replaces the final root of the assertion.
        """
        replica = self.replica
        replica.step()
        parent, end = replica.final(), len(replica.entries)
        right = replica.execute(parent, end).roots
        self._lies += 1
        wrong = root or b"\0" + keccak(self._lies.to_bytes(32, "big"))[1:]
        roots = [*right[:segment], *([wrong] * (len(right) - segment))]
        paying = Sender(self.connection, self.liar)
        free = int(self.l2.rollup.contract.call("availableBond", paying.address))
        poster = Batcher(self.l2.rollup, paying, replica.blobs, self.poster.data)
        last = replica.entries[end - 1].record
        known = set(replica.claims)
        poster.propose(parent, last, end, claimed or roots[-1], roots, max(0, self.l2.profile.bond - free))
        replica.step()
        (made,) = (one for one in replica.claims.values() if one.id not in known)
        return made

    def convict(self) -> int:
        """Let the challenger commit to and reveal its fraud proof; return the gas of the reveal."""
        self.l2.challenger.step()
        self.connection.mine(self.l2.profile.reveal_blocks)
        (receipt,) = self.l2.challenger.step()
        return receipt.gas_used

    def close(self) -> None:
        """Remove the temporary folder."""
        self.folder.cleanup()
