"""What happens around a contract and its model: time, a token that refuses accounts, an account that takes no ether."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any

from layer2.ethereum.contract import Contract
from layer2.primitives.addresses import to_address

__all__ = ["GAS", "Surroundings"]

GAS = 6_000_000
"""Of every call: more than any needs, and the same, so that it is no difference."""


class Surroundings(ABC):
    """Half of a run on both. `world` has the chain, its people, the token and the door of the closed account."""

    def begin(self, world: Any) -> None:
        """From the block in which every run starts."""
        self.world = world
        world.connection.revert(world.start)
        self.now: int = world.connection.timestamp()
        self.next = 0
        self.open = False
        self.blacklist: frozenset[bytes] = frozenset()
        self.ether = {one: world.connection.balance(to_address(one)) for one in (*world.sender, world.here)}
        self._set_failing()

    @abstractmethod
    def _set_failing(self) -> None:
        """Tell the model which payments fail from now on: account, and asset as it calls it."""

    def at(self, time: int) -> None:
        """The next call happens at this time, or, if that is over, at once."""
        self.next = time

    def set_blacklisted(self, wanted: Iterable[bytes]) -> None:
        """From now on the token refuses exactly these accounts."""
        after = frozenset(wanted)
        for account in sorted(after ^ self.blacklist):
            self._around(self.world.token, "setBlacklisted", to_address(account), account in after)
        self.blacklist = after
        self._set_failing()

    def open_door(self) -> None:
        """The closed account takes ether from now on."""
        self._around(self.world.door, "acceptNow")
        self.open = True
        self._set_failing()

    def _around(self, contract: Contract, name: str, *args: Any) -> None:
        """A call that the model does not know about."""
        self.now += 1
        self.world.connection.set_next_timestamp(self.now)
        by = self.world.address["operator"]
        receipt = contract.transact(self.world.sender[by], name, *args, gas=GAS)
        self.ether[by] -= receipt.gas_used * receipt.effective_gas_price
