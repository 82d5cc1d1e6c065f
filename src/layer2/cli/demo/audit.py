"""An independent account of a demonstration: what the blocks say was spent, against what should be left."""

from __future__ import annotations

from dataclasses import dataclass, field

from layer2.ethereum.connection import Connection
from layer2.ethereum.records import Receipt
from layer2.primitives.addresses import Address, to_address

__all__ = ["Audit", "Balance", "Spent"]


@dataclass(frozen=True, slots=True)
class Spent:
    """One mined transaction: who sent it, the value it carried and what its gas cost, wei."""

    sender: Address
    value: int
    gas_used: int
    cost: int


@dataclass(frozen=True, slots=True)
class Balance:
    """An account at the end: what it should own and what it does own, wei."""

    name: str
    expected: int
    actual: int

    @property
    def exact(self) -> bool:
        """Whether the two agree to the wei."""
        return self.expected == self.actual


@dataclass
class Audit:
    """Follows named accounts from now on. `income` is what the protocol should pay each, by our arithmetic."""

    connection: Connection
    accounts: dict[str, Address]
    before: dict[str, int] = field(default_factory=dict)
    income: dict[str, int] = field(default_factory=dict)
    start: int = 0

    def __post_init__(self) -> None:
        self.start = self.connection.block_number()
        self.before = {name: self.connection.balance(address) for name, address in self.accounts.items()}
        self.income = dict.fromkeys(self.accounts, 0)

    def expect(self, name: str, amount: int) -> None:
        """The protocol owes `amount` wei to an account from here on."""
        self.income[name] += amount

    def spent(self, start: int, stop: int | None = None) -> list[Spent]:
        """Every transaction of the blocks after `start` up to `stop` (or the newest), read from the chain."""
        eth = self.connection.web3.eth
        found: list[Spent] = []
        for number in range(start + 1, (self.connection.block_number() if stop is None else stop) + 1):
            for transaction in eth.get_block(number, full_transactions=True)["transactions"]:
                assert not isinstance(transaction, bytes)  # full ones were asked for
                receipt = self.connection.receipt(bytes(transaction["hash"]))
                assert isinstance(receipt, Receipt)  # it is in a block
                sender = to_address(transaction["from"])
                value = int(transaction["value"]) if receipt.status == 1 else 0
                found.append(Spent(sender, value, receipt.gas_used, receipt.cost))
        return found

    def balances(self) -> list[Balance]:
        """Each account: start, less what it sent and burnt, plus what it is owed, beside what it has."""
        left = dict(self.before)
        names = {address: name for name, address in self.accounts.items()}
        for one in self.spent(self.start):
            if one.sender in names:
                left[names[one.sender]] -= one.value + one.cost
        return [
            Balance(name, left[name] + self.income[name], self.connection.balance(address))
            for name, address in self.accounts.items()
        ]
