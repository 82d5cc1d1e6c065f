"""The deployed hub among people who call what they like, alone or together in a block; every run begins with the same.

What anybody tried is counted: what the hub took by its name, what it refused by the error's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.invariant.nodechain import one_block, still_chain

from layer2.channels.contract import HubContract, Profile
from layer2.channels.key import ChannelKey
from layer2.channels.view import ChannelView
from layer2.ethereum.errors import ContractReverted
from layer2.ethereum.fees import GasPolicy
from layer2.ethereum.records import Receipt
from layer2.ethereum.sender import Pending, Sender
from layer2.ethereum.signer import Signer
from layer2.primitives.typed_data import TypedMessage

UNIT = 10**15
"""Worth more than what a tower pays to defend it."""
DELAY, MAX_LOCKS = 3_000, 6_000
NAP = DELAY // 5
"""The honest side looks as often as this at least, seconds: five times in a window, as a tower promises."""
PEOPLE = ("honest", "payer", "payee", "stranger", "first tower", "second tower")

_GWEI = 10**9
_GAS = 2_000_000
FIRST, LAST = 1_000 * _GWEI, 1_000
"""Tips, wei per gas, of who wants to be first in a block and who wants to be last. Of two, the one that came first."""


class Frugal(Sender):
    """Counts what its transactions cost, those that failed among them."""

    spent = 0

    def _settled(self, pending: Pending, receipt: Receipt, decoder: Any) -> Receipt:
        self.spent += receipt.cost
        return super()._settled(pending, receipt, decoder)


class HubPlay:
    """A hub on a chain of its own. `begin` before each run."""

    def __init__(self) -> None:
        self.connection = still_chain()
        signers = self.connection.signers(len(PEOPLE))
        self.signers: dict[str, Signer] = dict(zip(PEOPLE, signers, strict=True))
        self.hub = HubContract(
            HubContract.deploy_contract(self.connection, signers[3], Profile(60, 2 * DELAY, MAX_LOCKS))
        )
        self.start = self.connection.snapshot()
        self.counts: Counter[str] = Counter()
        self._views: dict[bytes, ChannelView] = {}
        self._waiting: list[tuple[str, Sender, Pending]] | None = None

    def begin(self) -> None:
        """From the block in which every run starts."""
        self.connection.revert(self.start)
        self.senders = {name: Frugal(self.connection, one) for name, one in self.signers.items()}
        self.now = self.woken = self.connection.timestamp()
        self.changed()

    def address(self, name: str) -> str:
        return self.signers[name].address

    def advance(self, seconds: int) -> None:
        """Time passes: here alone, since the chain's clock stands still by itself."""
        self.now = self.connection.advance(seconds)

    def view(self, key: ChannelKey) -> ChannelView:
        """The channel as the chain has it, read once in a block."""
        found = self._views.get(key.id)
        if found is None:
            found = self._views[key.id] = self.hub.view(key)
        return found

    def changed(self) -> None:
        """Somebody has called the hub, or may have: what was read is old."""
        self._views.clear()

    def sign(self, who: str, message: TypedMessage) -> bytes:
        return self.signers[who].sign_digest(message.digest(self.hub.domain))

    def act(self, by: str, name: str, *args: Any, value: int = 0, place: int = FIRST) -> bool:
        """Call the hub; whether it took it. Within `block`: what becomes of it is counted when the block is mined."""
        self.changed()
        sender, decoder = self.senders[by], self.hub.contract.decoder
        data = self.hub.contract.encode(name, *args)
        policy = GasPolicy(10_000 * _GWEI, place - len(self._waiting or ()))
        pending = sender.send_nowait(self.hub.address, data, value, _GAS, decoder=decoder, policy=policy)
        if self._waiting is None:
            return self._outcome(name, sender, pending)
        self._waiting.append((name, sender, pending))
        return False

    @contextmanager
    def block(self) -> Iterator[None]:
        """All calls inside come in one block, in the order of what they offer."""
        self._waiting = waiting = []
        try:
            with one_block(self.connection):
                yield
        finally:
            self._waiting = None
        self.changed()
        for row in waiting:
            self._outcome(*row)

    def until(self, time: int, wake: Callable[[], object]) -> None:
        """Time passes until a second, in which others come first; who has to look is woken often enough."""
        while (now := self.now) < time:
            if now - self.woken >= NAP:
                wake()
                self.woken = now
            self.advance(min(time, self.woken + NAP) - now)

    def _outcome(self, name: str, sender: Sender, pending: Pending) -> bool:
        done = name
        try:
            sender.wait(pending, decoder=self.hub.contract.decoder)
        except ContractReverted as refusal:
            done = refusal.name
        # Refused by a rule of the contract's that has a name: never by a panic, or for want of gas.
        assert done not in ("", "Error", "Panic"), f"{name} was refused without a reason"
        self.counts[done] += 1
        return done == name
