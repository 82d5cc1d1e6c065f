"""A deployed rollup with its judges among villains: the sequencer, liars, a seller, strangers; and what they can do.

The sequencer posts what it likes and takes the queue along or not; liars assert the truth, and every kind of lie, upon
anything that stands; anybody makes final, freezes, and announces and shows proofs against the truth.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from eth_abi.abi import encode
from hypothesis import strategies as st
from tests.support.block_machine import FIRST, LAST, Play

from layer2.ethereum.artifacts import load_artifact
from layer2.ethereum.contract import deploy
from layer2.primitives.ecdsa import to_compact
from layer2.primitives.hashing import keccak
from layer2.rollup.derivation.replica import Replica
from layer2.rollup.devnet import JUDGES
from layer2.rollup.l1.contract import Profile, RollupContract
from layer2.rollup.protocol.calldata_chunks import commit
from layer2.rollup.protocol.compressed_amounts import pack_amount
from layer2.rollup.protocol.frames import Frame, FrameType, Op, encode_frame
from layer2.rollup.protocol.messages import Transfer, Withdraw
from layer2.rollup.state.commitments import NO_ITEM, Assertion, pack_roots
from layer2.rollup.state.state import owner_of_address
from layer2.rollup.validator.challenger import STATE_JUDGE
from layer2.rollup.validator.proposer import Proposer
from layer2.rollup.validator.witness import state_proof
from layer2.testing.adversaries.rollup.fraud_corpus import frauds

ETHER = 10**18
PROFILE = Profile(6_000, 300, 3_600, 9_600, 2, ETHER)
"""Entries may leave the queue for so long that what is asserted about the last is open when it can be frozen."""
NAP = 600
"""The honest look as often as this at least, seconds; a window has six of it."""
PEOPLE = ("sequencer", "liar", "seller", "stranger", "proposer", "challenger", "buyer")
LIES = 60
"""Of the ways to lie about an entry so many are tried."""


class RollupPlay(Play):
    """A rollup on a chain of its own, in which seller and stranger have money, all of it final."""

    gas = 1_500_000

    def __init__(self) -> None:
        super().__init__(PEOPLE, NAP)
        self.first = self.connection.block_number()
        operator = self.senders["sequencer"]
        judges = [deploy(operator, load_artifact(name)).address for name in JUDGES]
        self.rollup = RollupContract.deploy(operator, operator.address, PROFILE, judges)
        self.contract = self.rollup.contract
        for name in ("seller", "stranger"):
            self.rollup.deposit(self.senders[name], 0, 20 * ETHER, owner_of_address(self.address(name)), 0)
        self.rollup.post_calldata(operator, self.rollup.acc(0), bytes(496), 2)
        honest = Proposer(self.rollup, operator, self.replica(), data="calldata")
        honest.step()
        self.connection.advance(PROFILE.window + 1)
        honest.step()
        self.keep()

    def replica(self) -> Replica:
        """A node that has read nothing yet."""
        return Replica(self.rollup, start_block=self.first)

    def wealth(self, name: str) -> int:
        """Ether of an account and its free bond, what its transactions cost not counted."""
        sender = self.senders[name]
        free = int(self.contract.call("availableBond", sender.address))
        return self.connection.balance(sender.address) + sender.spent + free


class Villains:
    """They know all that a node knows. `lies`: the assertions that they made which are wrong by themselves."""

    def __init__(self, play: RollupPlay, eye: Replica) -> None:
        self.play, self.eye = play, eye
        self.lies: set[bytes] = set()
        self.nonces: dict[int, int] = {}
        self.shown: dict[bytes, tuple[Assertion, bytes]] = {}

    def see(self) -> None:
        self.eye.step()

    # --------------------------------------------------------------------------------------------------- the inbox

    def account(self, name: str) -> int:
        return min(self.eye.head.owned(owner_of_address(self.play.address(name))))

    def frame(self, withdraws: bool, amount: int, back: int) -> bytes:
        """A payment or withdrawal of the seller's, signed for its next nonce or for one of before."""
        account, to = self.account("seller"), self.account("stranger")
        nonce, domain = max(0, self.eye.head.accounts[account].nonce - back), self.play.rollup.domain
        target = self.play.address("seller")
        if withdraws:
            message: Transfer | Withdraw = Withdraw(account, nonce, target, amount, 0, 0)
            kind, op = FrameType.ECDSA_WITHDRAWALS, Op(account, 0, amount, target)
        else:
            message = Transfer(account, nonce, to, amount, 0, 0)
            kind, op = FrameType.ECDSA_TRANSFERS, Op(account, to, amount, packed=pack_amount(amount))
        signature = to_compact(self.play.signers["seller"].sign_digest(message.digest(domain)))
        return encode_frame(Frame(kind, ops=(replace(op, signature=signature),)))

    def post(self, frames: bytes, takes: bool, place: int = FIRST) -> bool:
        """The sequencer posts an entry; with `takes` it takes the queue along, which what is overdue forces it to."""
        end = len(self.eye.queue) if takes else self.eye.entries[-1].record.queue_end
        expected = self.eye.entries[-1].record.hash()
        return self.play.act("sequencer", "postCalldata", expected, frames, end, place=place)

    def enqueue(self, amount: int, place: int = FIRST) -> bool:
        """A stranger pays in."""
        owner = owner_of_address(self.play.address("stranger"))
        return self.play.act("stranger", "deposit", 0, amount, owner, 0, value=amount, place=place)

    # --------------------------------------------------------------------------------------------------- assertions

    def truth(self, claim: Assertion) -> bool:
        """Whether an assertion is right, what it rests on included: they know which lies they made."""
        at: Assertion | None = claim
        while at is not None:
            if at.id in self.lies:
                return False
            at = self.eye.claims.get(at.parent)
        return True

    def standing(self) -> list[Assertion]:
        """What somebody could think of building upon, and has not covered everything."""
        final, posted = self.eye.final(), self.eye.posted
        return [one for one in (*self.eye.open_claims(), final) if one.inbox_end < posted]

    def propose(self, parent: Assertion, end: int, lie: int | None, place: int = FIRST) -> bool:
        """Assert the truth about the entries up to `end`, or with a number a lie of that number, upon anything."""
        last = self.eye.entries[end - 1].record
        count = last.segments - parent.segments
        if not self.truth(parent):
            roots = [b"\0" + keccak(parent.id + bytes((at, lie or 0)))[1:] for at in range(count)]
        elif lie is None:
            roots = list(self.eye.execute(parent, end).roots)
        else:
            *_, made = islice(frauds(self.eye, parent, end), lie + 1)
            roots = made.roots
        packed = pack_roots(roots)
        claim = Assertion(parent.id, end, last.segments, roots[-1], commit(packed), False)
        if lie is not None and self.truth(parent):
            self.lies.add(claim.id)
        row = (parent.as_tuple(), last.as_tuple(), end, roots[-1], packed)
        return self.play.act("liar", "propose", *row, value=PROFILE.bond, place=place)

    def finalize(self, claim: Assertion, place: int = FIRST) -> bool:
        return self.play.act("liar", "finalize", claim.as_tuple(), place=place)

    def freeze(self, place: int = FIRST) -> bool:
        final = self.eye.final()
        following = self.eye.record(final.inbox_end) or NO_ITEM
        return self.play.act("liar", "freeze", final.as_tuple(), following.as_tuple(), place=place)

    def announce(self, claim: Assertion, segment: int, place: int = FIRST) -> bool:
        """An honest proof about a segment of the truth: it shows nothing wrong, and they show it all the same."""
        count = claim.segments - self.eye.claims[claim.parent].segments
        proof = state_proof(self.eye, claim, segment % count)
        row = [self.play.address("liar"), claim.id, STATE_JUDGE, keccak(proof)]
        commitment = keccak(encode(["address", "bytes32", "uint256", "bytes32"], row))
        self.shown[claim.id] = claim, proof
        return self.play.act("liar", "commitChallenge", commitment, place=place)

    def challenge(self, claim: Assertion, proof: bytes, place: int = FIRST) -> bool:
        parent = self.eye.claims[claim.parent]
        return self.play.act("liar", "challenge", claim.as_tuple(), parent.as_tuple(), STATE_JUDGE, proof, place=place)

    # -------------------------------------------------------------------------------------------------------- a move

    def move(self, data: st.DataObject, place: int | None = None) -> None:
        """Any of it."""
        name = data.draw(st.sampled_from([*self.moves()]))
        self.do(name, data, data.draw(st.sampled_from((FIRST, LAST))) if place is None else place)

    def moves(self) -> Iterator[str]:
        """What has a chance now."""
        yield from ("post", "enqueue", "freeze")
        open_ = self.eye.open_claims()
        if self.standing():
            yield from ("truth", "lie", "lie")
        if open_:
            yield from ("finalize", "announce")
        if self.shown:
            yield "challenge"

    def do(self, name: str, data: st.DataObject, place: int = FIRST) -> bool:
        if name == "post":
            row = (data.draw(st.booleans()), data.draw(st.integers(1, 30)) * ETHER // 10, data.draw(st.integers(0, 1)))
            noise = data.draw(st.sampled_from((b"", b"\xfe" * 496)))
            return self.post(self.frame(*row) + noise, data.draw(st.booleans()), place)
        if name == "enqueue":
            return self.enqueue(data.draw(st.integers(1, 10)) * ETHER // 10, place)
        if name == "freeze":
            return self.freeze(place)
        if name in ("truth", "lie"):
            parent = data.draw(st.sampled_from(self.standing()))
            end = data.draw(st.integers(parent.inbox_end + 1, self.eye.posted))
            return self.propose(parent, end, None if name == "truth" else data.draw(st.integers(0, LIES)), place)
        if name == "challenge":
            return self.challenge(*data.draw(st.sampled_from([*self.shown.values()])), place=place)
        claim = data.draw(st.sampled_from(self.eye.open_claims()))
        if name == "finalize":
            return self.finalize(claim, place)
        return self.truth(claim) and self.announce(claim, data.draw(st.integers(0, 3)), place)
