"""A contract on a chain of its own, among people who call what they like, alone or together in a block.

Every run begins with the same block; time passes when it is told to. What anybody tried is counted: what the contract
took by its name, what it refused by the error's.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from tests.support.chains import by_hand, still_chain

from layer2.ethereum.contract import Contract
from layer2.ethereum.errors import ContractReverted
from layer2.ethereum.fees import GasPolicy
from layer2.ethereum.records import Receipt
from layer2.ethereum.sender import Pending, Sender
from layer2.ethereum.signer import Signer

_GWEI = 10**9
FIRST, LAST = 1_000 * _GWEI, 1_000
"""Tips, wei per gas, of who wants to be first in a block and who wants to be last. Of two, the one that came first."""


class Frugal(Sender):
    """Counts what its transactions cost, those that failed among them."""

    spent = 0

    def _settled(self, pending: Pending, receipt: Receipt, decoder: Any) -> Receipt:
        self.spent += receipt.cost
        return super()._settled(pending, receipt, decoder)


class Play:
    """`contract` is set by who deploys it. `nap`: the honest look as often as this at least, seconds."""

    contract: Contract
    gas = 2_000_000

    def __init__(self, people: Sequence[str], nap: int) -> None:
        self.nap = nap
        self.connection = still_chain()
        self.signers: dict[str, Signer] = dict(zip(people, self.connection.signers(len(people)), strict=True))
        self.senders = self._new_senders()
        self.counts: Counter[str] = Counter()
        self._waiting: list[tuple[str, Sender, Pending]] | None = None
        self._moves: list[Callable[[], object]] = []

    def keep(self) -> None:
        """Every run starts here."""
        self.start = self.connection.snapshot()

    def begin(self) -> None:
        """From the block in which every run starts."""
        self.connection.revert(self.start)
        self.senders = self._new_senders()
        self.now = self.woken = self.connection.timestamp()
        self.changed()

    def _new_senders(self) -> dict[str, Frugal]:
        return {name: Frugal(self.connection, one, sleep=self._mine) for name, one in self.signers.items()}

    def address(self, name: str) -> str:
        return self.signers[name].address

    def changed(self) -> None:
        """Somebody has called the contract, or may have."""

    # ------------------------------------------------------------------------------------------------------- calls

    def act(self, by: str, name: str, *args: Any, value: int = 0, place: int = FIRST) -> bool:
        """Call the contract; whether it took it. In a block with others that is counted when it is mined."""
        self.changed()
        sender, decoder = self.senders[by], self.contract.decoder
        data = self.contract.encode(name, *args)
        policy = GasPolicy(10_000 * _GWEI, place - len(self._waiting or ()))
        pending = sender.send_nowait(self.contract.address, data, value, self.gas, decoder=decoder, policy=policy)
        if self._waiting is None:
            return self._outcome(name, sender, pending)
        self._waiting.append((name, sender, pending))
        return False

    @contextmanager
    def block(self, *moves: Callable[[], object]) -> Iterator[None]:
        """All calls inside come in one block, in the order of what they offer.

        `moves`: made when an honest node waits for what it has sent, or at the end, and mined with it.
        """
        self._waiting, self._moves = [], [*moves]
        by_hand(self.connection, True)
        try:
            yield
            self._mine(0)
        finally:
            by_hand(self.connection, False)
            waiting, self._waiting = self._waiting, None
        self.changed()
        for row in waiting:
            self._outcome(*row)

    def _mine(self, pause: float) -> None:
        """What somebody does who waits for a transaction."""
        if self._waiting is None:
            time.sleep(pause)
            return
        moves, self._moves = self._moves, []
        for move in moves:
            move()
        self.connection.mine()

    def _outcome(self, name: str, sender: Sender, pending: Pending) -> bool:
        done = name
        try:
            sender.wait(pending, decoder=self.contract.decoder)
        except ContractReverted as refusal:
            done = refusal.name
        # Refused by a rule of the contract's that has a name: never by a panic, or for want of gas.
        assert done not in ("", "Error", "Panic"), f"{name} was refused without a reason"
        self.counts[done] += 1
        return done == name

    # -------------------------------------------------------------------------------------------------------- time

    def advance(self, seconds: int) -> None:
        """Time passes: here alone, since the chain's clock stands still by itself."""
        self.now = self.connection.advance(seconds)

    def until(self, moment: int, wake: Callable[[], object]) -> None:
        """Time passes until a second, in which others come first; who has to look is woken often enough."""
        while (now := self.now) < moment:
            if now - self.woken >= self.nap:
                wake()
                self.woken = now
            self.advance(min(moment, self.woken + self.nap) - now)

    def sleep(self, seconds: int, wake: Callable[[], object]) -> None:
        """Time passes, less than a nap; then who has to look does."""
        self.advance(seconds)
        wake()
        self.woken = self.now
