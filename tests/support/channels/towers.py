"""A party that sleeps, and towers that were told this or that of what it holds, in any order: what they owe it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.support.channels.machine import HubPlay
from tests.support.channels.villain import Villain

from layer2.channels.protocol.lock_openings import Opening
from layer2.channels.protocol.locks import most_of
from layer2.channels.protocol.messages import RIGHT_TO_CLOSE
from layer2.channels.protocol.proofs import LockPayment, Payment
from layer2.channels.watchtower.watchtower import Watchtower

TOWERS = ("first tower", "second tower")
FOREVER = 10**7


@dataclass(frozen=True)
class Paper:
    """Something that a tower can be told: a statement, with the receiver's word and what takes its locks."""

    side: str
    proof: Payment | LockPayment
    accept: bytes = b""
    openings: tuple[Opening, ...] = ()
    answering: bool = False


class Told:
    """What the towers were told so far, all of them together, and what that is worth to the party that sleeps."""

    def __init__(self) -> None:
        self.plain = self.answered = 0
        self.proof: LockPayment | None = None
        self.takes: dict[int, int] = {}

    def take(self, paper: Paper, now: int) -> None:
        """Of vouchers the highest, of lock proofs the newest; of each lock what takes most, while there is time."""
        if isinstance(paper.proof, Payment):
            self.plain = max(self.plain, paper.proof.amount)
        elif paper.answering:
            self.answered = max(self.answered, paper.proof.nonce)
        else:
            if self.proof is None or paper.proof.nonce > self.proof.nonce:
                self.proof, self.takes = paper.proof, {}
            if paper.proof.nonce == self.proof.nonce:
                for one in paper.openings:
                    lock = paper.proof.locks[one.index]
                    if lock.expiry > now:
                        worth = most_of(lock, one.resolution)
                        self.takes[one.index] = max(worth, self.takes.get(one.index, 0))

    def owed(self, villain: Villain) -> int:
        """What the party gets at least.

        Where the villain can show a newer proof than any tower has, that pays what the towers' own had paid for
        certain, and its locks are known to none of them.
        """
        state, proof = villain.state, self.proof
        got = self.plain
        if proof is not None:
            newest = proof.nonce == state.theirs.nonce
            got = max(got, proof.amount + (sum(self.takes.values()) if newest else 0))
        signed = [one.limit for one in villain.proofs[villain.other] if one.nonce >= self.answered]
        spent = max([state.mine.plain, *signed], default=0)
        total = state.net_a + state.net_b
        return max(0, min(total, state.net_mine - spent + got))


class Towers:
    """Two of them, each with an account and a journal of its own."""

    def __init__(self, play: HubPlay, villain: Villain, folder: Path) -> None:
        self.play, self.villain, self.folder = play, villain, folder
        self.told = Told()
        self.towers: dict[str, Watchtower] = {name: self.open(name) for name in TOWERS}
        node, until = villain.node, play.now + FOREVER
        self.grants = {
            name: node.grant_session(villain.key.id, play.address(name), 0, until, RIGHT_TO_CLOSE) for name in TOWERS
        }

    def open(self, name: str) -> Watchtower:
        play = self.play
        made = Watchtower(play.connection, play.hub, play.senders[name], journal=self.folder / f"{name}.journal")
        assert made._store._journal is not None
        # It is about promises here, not about the disk.
        made._store._journal._database.execute("PRAGMA synchronous=OFF")
        return made

    def restart(self, name: str) -> None:
        """Another process goes on from the journal."""
        self.towers[name].close()
        self.towers[name] = self.open(name)

    def tell(self, name: str, paper: Paper) -> None:
        """The tower is told something, new or old, and looks at the chain at once."""
        receives = paper.side == self.villain.side
        self.towers[name].watch(
            self.villain.key,
            paper.side,
            paper.proof,
            accept=paper.accept,
            openings=paper.openings,
            closing=self.grants[name] if receives else None,
            answering=paper.answering,
        )
        self.told.take(paper, self.play.now)
        self.play.counts["told"] += 1
        self.look(name)

    def look(self, name: str) -> None:
        for answer in self.towers[name].step():
            self.play.counts[f"tower: {answer.act}"] += answer.done
        self.play.changed()

    def wake(self) -> None:
        for name in TOWERS:
            self.look(name)

    def close(self) -> None:
        for one in self.towers.values():
            one.close()
