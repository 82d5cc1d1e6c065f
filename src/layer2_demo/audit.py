"""Independent audit of a demonstration: balances recomputed from blocks, compared with the actual ones."""

from __future__ import annotations

from dataclasses import dataclass, field

from layer2.ethereum.connection import Connection
from layer2.ethereum.records import Receipt
from layer2.primitives.addresses import Address, to_address

__all__ = ["Audit", "Balance", "Spent"]


@dataclass(frozen=True, slots=True)
class Spent:
    """One mined transaction: its sender, its value and the cost of its gas, in wei."""

    sender: Address
    value: int
    gas_used: int
    cost: int


@dataclass(frozen=True, slots=True)
class Balance:
    """Expected and actual balance of an account at the end, in wei."""

    name: str
    expected: int
    actual: int

    @property
    def exact(self) -> bool:
        """True if the two are equal to the wei."""
        return self.expected == self.actual


@dataclass
class Audit:
    """Follows named accounts from its creation on. `income` is the payout that the protocol owes each account."""

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
        """Add `amount` wei to the payouts that the protocol owes an account."""
        self.income[name] += amount

    def spent(self, start: int, stop: int | None = None) -> list[Spent]:
        """Return the transactions of the blocks after `start` up to `stop` (or the newest), read from the chain."""
        eth = self.connection.web3.eth
        found: list[Spent] = []
        for number in range(start + 1, (self.connection.block_number() if stop is None else stop) + 1):
            for transaction in eth.get_block(number, full_transactions=True)["transactions"]:
                assert not isinstance(transaction, bytes)  # Full transactions were requested.
                receipt = self.connection.receipt(bytes(transaction["hash"]))
                assert isinstance(receipt, Receipt)  # The transaction is in a block.
                sender = to_address(transaction["from"])
                value = int(transaction["value"]) if receipt.status == 1 else 0
                found.append(Spent(sender, value, receipt.gas_used, receipt.cost))
        return found

    def balances(self) -> list[Balance]:
        """Return each account's expected and actual balance.

        The expected balance is the initial one, less the values and gas that the account sent, plus its income.
        """
        left = dict(self.before)
        names = {address: name for name, address in self.accounts.items()}
        for one in self.spent(self.start):
            if one.sender in names:
                left[names[one.sender]] -= one.value + one.cost
        return [
            Balance(name, left[name] + self.income[name], self.connection.balance(address))
            for name, address in self.accounts.items()
        ]
