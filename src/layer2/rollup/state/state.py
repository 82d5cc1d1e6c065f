"""State of the rollup: the accounts and the root over them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar, overload

from layer2.primitives.addresses import Address, address_bytes, to_address
from layer2.primitives.bls import uncompressed_key
from layer2.primitives.display import Readable
from layer2.primitives.hashing import keccak
from layer2.primitives.merkle import EMPTY, AppendOnlyTree, empty_roots
from layer2.rollup.protocol.params import ACCOUNT_DEPTH, WITHDRAWAL_DEPTH

if TYPE_CHECKING:
    from layer2.rollup.state.columns import AccountColumns

__all__ = [
    "Account",
    "Accounts",
    "State",
    "System",
    "Withdrawal",
    "empty_root",
    "owner_of_address",
    "owner_of_key",
    "state_root",
]

_Other = TypeVar("_Other")

_ACC_BYTES = 28


def owner_of_address(address: str) -> bytes:
    """Return the owner word of an account with an Ethereum key: the address, left-padded with zeros."""
    return bytes(12) + address_bytes(to_address(address))


@lru_cache(1 << 14)
def owner_of_key(key: bytes) -> bytes:
    """Return the owner word of an account with a BLS key: keccak of the key in the format of EIP-2537."""
    return keccak(uncompressed_key(key))


@dataclass(frozen=True, slots=True, repr=False)
class Account(Readable):
    """Balance of one owner in one token.

    Attributes:
        owner: address, left-padded with zeros, or hash of a BLS key.
        token: number of the token.
        nonce: nonce of the next operation.
        balance: balance in smallest units.
    """

    owner: bytes
    token: int = 0
    nonce: int = 0
    balance: int = 0

    @property
    def address(self) -> Address | None:
        """Address of the owner; None if the owner is a BLS key."""
        return None if any(self.owner[:12]) else to_address(self.owner[12:])

    def leaf(self) -> bytes:
        """Return `keccak(owner | token(12 zero-padded) nonce(4) balance(16))`, the hash of 64 bytes."""
        word = self.token << 160 | self.nonce << 128 | self.balance
        return keccak(self.owner + word.to_bytes(32, "big"))


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """Withdrawal of `amount` smallest units of `token` to the L1 address `target`."""

    target: Address
    token: int
    amount: int

    def leaf(self) -> bytes:
        """Return `keccak(target(20) | token(2) | amount(16))`."""
        return keccak(address_bytes(self.target) + self.token.to_bytes(2, "big") + self.amount.to_bytes(16, "big"))


@dataclass(frozen=True, slots=True)
class System:
    """Parts of the state besides the accounts that the root covers: withdrawals, counters and queue.

    Attributes:
        withdrawals: root of the current assertion's withdrawals.
        withdrawal_count: number of these withdrawals.
        next_account: next free account index.
        queue_count: number of consumed queue items.
        tokens: number of token ids.
        queue_acc: accumulator of the consumed queue items.
        earlier: number of withdrawals before the current assertion's.
    """

    withdrawals: bytes
    withdrawal_count: int
    next_account: int
    queue_count: int
    tokens: int
    queue_acc: bytes
    earlier: int = 0

    @property
    def numbers(self) -> bytes:
        """Packed `withdrawals(4) nextAccount(4) queueCount(8) tokens(4) earlierWithdrawals(8)` and four zero bytes."""
        head = self.withdrawal_count.to_bytes(4, "big") + self.next_account.to_bytes(4, "big")
        return (
            head
            + self.queue_count.to_bytes(8, "big")
            + self.tokens.to_bytes(4, "big")
            + self.earlier.to_bytes(8, "big")
            + bytes(4)
        )

    def hash(self) -> bytes:
        """Return `keccak` of three words: withdrawals, numbers, and the queue's accumulator in the low 28 bytes."""
        return keccak(self.withdrawals + self.numbers + bytes(4) + self.queue_acc)


def state_root(accounts: bytes, system: bytes) -> bytes:
    """Return `keccak(accounts | system)` with a zero first byte, so that a root fits one field element of a blob."""
    return b"\0" + keccak(accounts + system)[1:]


def empty_root() -> bytes:
    """Return the root of the empty state, without creating a state."""
    accounts, withdrawals = (empty_roots(depth)[depth] for depth in (ACCOUNT_DEPTH, WITHDRAWAL_DEPTH))
    return state_root(accounts, System(withdrawals, 0, 1, 0, 1, bytes(_ACC_BYTES)).hash())


class Accounts(Mapping[int, Account]):
    """Read-only view of a state's accounts by index, in ascending order."""

    __slots__ = ("_state",)

    def __init__(self, state: State) -> None:
        self._state = state

    def __repr__(self) -> str:
        return f"<Accounts of a State: {len(self)}>"

    def __getitem__(self, index: int) -> Account:
        row = self._state.ledger.read(index)
        if row is None:
            raise KeyError(index)
        return Account(*row)

    @overload
    def get(self, index: int, default: None = None, /) -> Account | None: ...
    @overload
    def get(self, index: int, default: Account, /) -> Account: ...
    @overload
    def get(self, index: int, default: _Other, /) -> Account | _Other: ...
    def get(self, index: int, default: object = None, /) -> object:
        """Return an account, or the default without raising an exception."""
        row = self._state.ledger.read(index)
        return default if row is None else Account(*row)

    def __contains__(self, index: object) -> bool:
        return isinstance(index, int) and index in self._state.ledger

    def __iter__(self) -> Iterator[int]:
        return iter(self._state.ledger)

    def __len__(self) -> int:
        return self._state.ledger.present


class State:
    """All accounts, the withdrawals since the last assertion, and the position in the queue. Mutable.

    A root is computed from the writes since the last one, whether they were made by Python or by the compiled kernel.
    Both write the columns of `ledger`, about 130 bytes per account. The kernel releases the interpreter lock, so only
    one thread at a time may use a state.

    Attributes:
        keys: BLS keys by owner word, as published when the accounts were opened. Copies share this mapping, because it
            only grows and a key without an account authorises nothing.
    """

    def __init__(self) -> None:
        # Compiled code takes a second to load, so it is imported only when a state is created.
        from layer2.rollup.state.columns import AccountColumns

        self._begin(AccountColumns(), {})

    def _begin(self, ledger: AccountColumns, keys: dict[bytes, bytes]) -> None:
        self.ledger = ledger
        self.accounts = Accounts(self)
        self.withdrawals: list[Withdrawal] = []
        self.earlier = 0
        self.next_account = 1
        self.queue_count = 0
        self.queue_acc = bytes(_ACC_BYTES)
        self.tokens = 1
        self.keys = keys
        self._exits = AppendOnlyTree(WITHDRAWAL_DEPTH)
        self._systems: list[bytes] = []

    def copy(self) -> State:
        """Return an independent copy; about 130 bytes are copied per account."""
        other = State.__new__(State)
        other._begin(self.ledger.copy(), self.keys)
        other.withdrawals, other.tokens = list(self.withdrawals), self.tokens
        other.earlier = self.earlier
        other.next_account, other.queue_count, other.queue_acc = self.next_account, self.queue_count, self.queue_acc
        other._exits, other._systems = self._exits.copy(), list(self._systems)
        return other

    def put(self, index: int, account: Account) -> None:
        """Write an account at any index, making room for all indices below; raise RangeError for too large values."""
        self.ledger.write(index, (account.owner, account.token, account.nonce, account.balance))

    def fill(self, owners: bytes, *, first: int = 0, token: int = 0, nonce: int = 0, balance: int = 0) -> range:
        """Open an account for each owner (concatenated words of 32 bytes), with all other fields equal.

        Indices start at `first`, or at the next free index if it is 0; the next free index then follows them. A million
        accounts take about a second.
        """
        start = first or self.next_account
        self.ledger.fill(start, owners, token, nonce, balance)
        filled = range(start, start + len(owners) // 32)
        self.next_account = max(self.next_account, filled.stop)
        return filled

    def create(self, account: Account) -> int:
        """Write an account at the next free index and return the index."""
        index = self.next_account
        self.put(index, account)
        self.next_account += 1
        return index

    def change(self, index: int, *, balance: int, nonces: int = 0) -> None:
        """Set an account's balance and increase its nonce by `nonces`; raise KeyError if it does not exist."""
        old = self.accounts[index]
        self.ledger.change(index, old.nonce + nonces, balance, old.token)

    def owned(self, owner: bytes) -> list[int]:
        """Return the accounts of an owner word, in one scan over all accounts."""
        return self.ledger.owned(owner)

    def take_out(self, withdrawal: Withdrawal) -> None:
        """Append a withdrawal."""
        self._exits.set(len(self.withdrawals), withdrawal.leaf())
        self.withdrawals.append(withdrawal)

    def begin_assertion(self) -> None:
        """Start the empty withdrawal list of a new assertion; `earlier` counts the previous withdrawals."""
        self.earlier += len(self.withdrawals)
        self.withdrawals = []
        self._exits = AppendOnlyTree(WITHDRAWAL_DEPTH)

    @property
    def system(self) -> System:
        """Parts of the state besides the accounts that the root covers."""
        count = len(self.withdrawals)
        return System(
            self._exits.root, count, self.next_account, self.queue_count, self.tokens, self.queue_acc, self.earlier
        )

    @property
    def root(self) -> bytes:
        """State root of 32 bytes, the first one zero."""
        return state_root(self.accounts_root, self.system.hash())

    @property
    def accounts_root(self) -> bytes:
        """Root of the account tree."""
        return self.ledger.tree.root

    def seal(self) -> None:
        """End a segment; its root is computed together with others by `sealed_roots`."""
        self.ledger.seal()
        self._systems.append(self.system.hash())

    def run_transfers(self, frames: Sequence[bytes], signed: Sequence[bool]) -> None:
        """Execute and seal frames of transfers by BLS keys in compiled code; `signed` marks valid signatures."""
        if not frames:
            return
        self.ledger.run(frames, signed, self.tokens)
        # Transfers change nothing but the accounts.
        self._systems += [self.system.hash()] * (2 * len(frames))

    def sealed_roots(self) -> list[bytes]:
        """Return the state roots after the segments sealed since the last call, in order."""
        systems, self._systems = self._systems, []
        return [state_root(*pair) for pair in zip(self.ledger.roots(), systems, strict=True)]

    def account_path(self, index: int) -> list[bytes]:
        """Return the siblings of an account's leaf, without the upper ones that are roots of empty trees."""
        return self.ledger.tree.path(index)[: (self.next_account - 1).bit_length()]

    def account_node(self, level: int, index: int) -> bytes:
        """Return a node of the account tree; the leaves are at level 0."""
        return self.ledger.tree.node(level, index)

    def withdrawal_branch(self) -> list[bytes]:
        """Return the left siblings on the path from the next withdrawal; zero where the path itself is on the left."""
        count = len(self.withdrawals)
        path = self._exits.path(count)
        return [node if count >> level & 1 else EMPTY for level, node in enumerate(path)]

    def withdrawal_path(self, index: int) -> list[bytes]:
        """Return the siblings of a withdrawal's leaf, without the upper ones that are roots of empty trees."""
        return self._exits.path(index)[: (len(self.withdrawals) - 1).bit_length()]

    def leaf(self, index: int) -> bytes:
        """Return the leaf of an account; zero if it does not exist."""
        account = self.accounts.get(index)
        return EMPTY if account is None else account.leaf()
