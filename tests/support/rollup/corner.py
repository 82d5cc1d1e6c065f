"""A rollup that begins with chosen accounts: what is posted to it, node, reference and judges must agree about."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.support.rollup.reference import Reference

from layer2.ethereum.artifacts import load_artifact
from layer2.ethereum.contract import Contract
from layer2.ethereum.errors import ContractReverted
from layer2.ethereum.sender import Sender
from layer2.primitives.addresses import address_bytes, to_address
from layer2.primitives.bls import BlsKey, aggregate
from layer2.primitives.ecdsa import to_compact
from layer2.primitives.hashing import keccak
from layer2.rollup.devnet import JUDGES, LocalRollup
from layer2.rollup.l1.batcher import Data
from layer2.rollup.protocol.frames import Frame, FrameType, Op, encode_frame
from layer2.rollup.protocol.messages import Transfer, Withdraw
from layer2.rollup.protocol.params import MAX_BALANCE, MAX_NONCE
from layer2.rollup.state.commitments import Assertion
from layer2.rollup.state.state import Account, State, owner_of_address, owner_of_key
from layer2.rollup.validator.challenger import STATE_JUDGE
from layer2.rollup.validator.witness import state_proof
from layer2.testing.adversaries.rollup.fraud_corpus import claim_of, right_roots

ETHER = 10**18
PAYER, PAYEE, FULL, SPENT, LAST, BY_KEY = 1, 2, 3, 4, 5, 6
KEY = BlsKey.derive(keccak(b"corner"))
GUILTY, ACQUITS = "guilty", "acquits"


class Corner:
    """A rollup that begins with chosen accounts; whatever is posted is executed by node, reference and judge."""

    def __init__(self, chain, people, folder: Path, change: Callable[[State], None] | None = None) -> None:
        self.people = people
        self.payer, self.payee = Sender(chain, people.payer), Sender(chain, people.payee)
        genesis = State()
        mine, other = owner_of_address(people.payer.address), owner_of_address(people.payee.address)
        genesis.create(Account(mine, 0, 7, 5 * ETHER))
        genesis.create(Account(other, 0, 0, 0))
        genesis.create(Account(other, 0, 0, MAX_BALANCE - 5))
        genesis.create(Account(mine, 0, MAX_NONCE, ETHER))
        genesis.create(Account(mine, 0, MAX_NONCE - 1, ETHER))
        genesis.create(Account(owner_of_key(KEY.public), 0, 0, ETHER))
        genesis.keys[owner_of_key(KEY.public)] = KEY.public
        if change is not None:
            change(genesis)
        self.before = genesis.copy()
        # No blobs: the first one of a process takes as long as a hundred disputes.
        self.l2 = LocalRollup(chain, people.sequencer, folder=folder, genesis=genesis, data=Data.CALLDATA)
        self.rollup, self.replica = self.l2.rollup, self.l2.challenger.replica
        self.judges = [
            Contract(chain, self.rollup.contract.call("judges", at), load_artifact(name).abi)
            for at, name in enumerate(JUDGES)
        ]

    def deposit(self, owner: bytes, to: int, amount: int = 9) -> None:
        self.rollup.deposit(self.payee, 0, amount, owner, to)

    def frame(
        self,
        *,
        fee: int = 0,
        receiver: int = 0,
        token: int = 0,
        sender: int = PAYER,
        to: int = PAYEE,
        nonce: int | None = None,
        vs: int | None = None,
    ) -> bytes:
        """A payment of 1,000 from the payer's account to the payee's, by ECDSA."""
        if nonce is None:
            nonce = self.before.accounts[sender].nonce
        digest = Transfer(sender, nonce, to, 1_000, token, fee).digest(self.rollup.domain)
        signature = to_compact(self.people.payer.sign_digest(digest))
        if vs is not None:
            signature = vs.to_bytes(64, "big")
        op = Op(sender, to, 1_000, packed=1_000, signature=signature)
        return encode_frame(Frame(FrameType.ECDSA_TRANSFERS, token, fee, receiver, b"", (op,)))

    def by_key(
        self, *rows: tuple[int, int], nonce: int = 0, fee: int = 0, receiver: int = 0, signature: bytes = b""
    ) -> bytes:
        """Payments from the account of a key, one behind the other, each `(to, amount)`."""
        ops = tuple(Op(BY_KEY, to, amount, packed=amount) for to, amount in rows)
        signed = [
            KEY.sign(Transfer(BY_KEY, nonce + at, to, amount, 0, fee).digest(self.rollup.domain))
            for at, (to, amount) in enumerate(rows)
        ]
        return encode_frame(Frame(FrameType.TRANSFERS, 0, fee, receiver, signature or aggregate(signed), ops))

    def run(self, *frames: bytes) -> State:
        """Post it, and have all three agree; the state after it."""
        self.post(*frames)
        parent = self.replica.final()
        right = right_roots(self.replica, parent, 1)
        after = self.replica.execute(parent, 1).state
        assert self.reference(frames).root() == after.root == right[-1]
        for segment in range(len(right)):
            wrong = b"\0" + keccak(right[segment])[1:]
            for roots, told in ((right, ACQUITS), ([*right[:segment], wrong, *right[segment + 1 :]], GUILTY)):
                claim = claim_of(self.replica, parent, 1, roots)
                assert self.verdict(STATE_JUDGE, claim, state_proof(self.replica, claim, segment)) == told, segment
        return after

    def post(self, *frames: bytes) -> None:
        """One entry of these frames, which consumes what waits in the queue."""
        operator, (entries, *_) = Sender(self.l2.connection, self.people.sequencer), self.rollup.inbox()
        self.rollup.post_calldata(operator, self.rollup.acc(entries), b"".join(frames), self.rollup.queue_length())
        self.replica.step()

    def verdict(self, judge: int, claim: Assertion, proof: bytes) -> str:
        """What a judge says of a claim, or the error with which it refuses to say anything."""
        row = (claim.as_tuple(), self.replica.claims[claim.parent].as_tuple(), proof)
        try:
            found = self.judges[judge].call("isFraudulent", *row, sender=self.rollup.address)
        except ContractReverted as refusal:
            return f"{refusal.name}({', '.join(map(str, refusal.arguments.values()))})"
        return GUILTY if found else ACQUITS

    def reference(self, frames: tuple[bytes, ...]) -> Reference:
        signs = self.replica.authority

        def digest(sender: int, nonce: int, to: int, target: bytes | None, amount: int, token: int, fee: int) -> bytes:
            message = (
                Transfer(sender, nonce, to, amount, token, fee)
                if target is None
                else Withdraw(sender, nonce, to_address(target), amount, token, fee)
            )
            return message.digest(signs.domain)

        def recover(message: bytes, signature: bytes) -> bytes | None:
            found = signs.recover(message, signature)
            return None if found is None else address_bytes(found)

        other = Reference(signs.verify, recover, signs.is_key, digest, owner_of_key)
        for index, one in self.before.accounts.items():
            other.acc[index] = [one.owner, one.token, one.nonce, one.balance]
        other.keys = dict(self.before.keys)
        other.next = self.before.next_account
        for raw in self.replica.raw_queue:
            other.item(raw)
        for frame in frames:
            other.frame(frame)
        return other


def gained(corner: Corner, after: State) -> dict[int, tuple[int, int]]:
    """Balance and nonce gained, by account, where they changed."""
    rows = {}
    for index, one in after.accounts.items():
        old = corner.before.accounts.get(index, Account(one.owner))
        if old != one:
            rows[index] = (one.balance - old.balance, one.nonce - old.nonce)
    return rows
