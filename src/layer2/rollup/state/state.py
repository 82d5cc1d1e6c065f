"""Accounts and the root over all of them: the state of the rollup."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar, overload

from layer2.primitives.addresses import Address, address_bytes, to_address
from layer2.primitives.bls import uncompressed_key
from layer2.primitives.hashing import keccak
from layer2.primitives.merkle import EMPTY, ListTree, empty_roots
from layer2.rollup.protocol.params import ACCOUNT_DEPTH, WITHDRAWAL_DEPTH

if TYPE_CHECKING:
    from layer2.rollup.state.columns import Ledger

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
    """The owner word of an account that an Ethereum key signs for: the address, left-padded with zeros."""
    return bytes(12) + address_bytes(to_address(address))


@lru_cache(1 << 14)
def owner_of_key(key: bytes) -> bytes:
    """The owner word of an account that a BLS key signs for: keccak of the key as EIP-2537 takes it."""
    return keccak(uncompressed_key(key))


@dataclass(frozen=True, slots=True)
class Account:
    """One owner's balance in one token. `owner`: an address behind twelve zero bytes, else the hash of a BLS key."""

    owner: bytes
    token: int = 0
    nonce: int = 0
    balance: int = 0

    @property
    def address(self) -> Address | None:
        """The owner's address, if it is one."""
        return None if any(self.owner[:12]) else to_address(self.owner[12:])

    def leaf(self) -> bytes:
        """`keccak(owner | token(12 zero-padded) nonce(4) balance(16))`: 64 bytes hashed."""
        word = self.token << 160 | self.nonce << 128 | self.balance
        return keccak(self.owner + word.to_bytes(32, "big"))


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """Money on its way out: `amount` smallest units of `token` to `target`."""

    target: Address
    token: int
    amount: int

    def leaf(self) -> bytes:
        """`keccak(target(20) | token(2) | amount(16))`."""
        return keccak(address_bytes(self.target) + self.token.to_bytes(2, "big") + self.amount.to_bytes(16, "big"))


@dataclass(frozen=True, slots=True)
class System:
    """What the root covers beside the accounts: the withdrawals of this assertion, the next account, the queue."""

    withdrawals: bytes
    withdrawal_count: int
    next_account: int
    queue_count: int
    tokens: int
    queue_acc: bytes
    earlier: int = 0

    @property
    def numbers(self) -> bytes:
        """`withdrawals(4) nextAccount(4) queueCount(8) tokens(4) earlierWithdrawals(8)` and four zeros."""
        head = self.withdrawal_count.to_bytes(4, "big") + self.next_account.to_bytes(4, "big")
        return (
            head
            + self.queue_count.to_bytes(8, "big")
            + self.tokens.to_bytes(4, "big")
            + self.earlier.to_bytes(8, "big")
            + bytes(4)
        )

    def hash(self) -> bytes:
        """`keccak` of three words: withdrawals, numbers, and the queue's accumulator in the low 28 bytes."""
        return keccak(self.withdrawals + self.numbers + bytes(4) + self.queue_acc)


def state_root(accounts: bytes, system: bytes) -> bytes:
    """`keccak(accounts | system)` without its first byte, which is zero: a root fits one field element of a blob."""
    return b"\0" + keccak(accounts + system)[1:]


def empty_root() -> bytes:
    """The root of a state that nothing has happened to; it takes no state to know it."""
    accounts, withdrawals = (empty_roots(depth)[depth] for depth in (ACCOUNT_DEPTH, WITHDRAWAL_DEPTH))
    return state_root(accounts, System(withdrawals, 0, 1, 0, 1, bytes(_ACC_BYTES)).hash())


class Accounts(Mapping[int, Account]):
    """The accounts of a state by their indices, in ascending order: a view, to be read only."""

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
        """An account, or the default; an unknown one costs no exception."""
        row = self._state.ledger.read(index)
        return default if row is None else Account(*row)

    def __contains__(self, index: object) -> bool:
        return isinstance(index, int) and index in self._state.ledger

    def __iter__(self) -> Iterator[int]:
        return iter(self._state.ledger)

    def __len__(self) -> int:
        return self._state.ledger.present


class State:
    """All accounts, the withdrawals since the last assertion, and how far the queue is consumed. Mutable.

    A root is made of what was written since the last one, whether by Python or by the compiled kernel: both write the
    columns of `ledger`, some 130 bytes for each account. The kernel lets other threads run: one thread at a time may
    use a state.

    `keys`: the BLS keys by their owner words, as published when the accounts were made. Copies share it: it only
    grows, and a key whose account is missing speaks for nobody.
    """

    def __init__(self) -> None:
        # Compiled code takes a second to load: whoever makes no state does without.
        from layer2.rollup.state.columns import Ledger

        self._begin(Ledger(), {})

    def _begin(self, ledger: Ledger, keys: dict[bytes, bytes]) -> None:
        self.ledger = ledger
        self.accounts = Accounts(self)
        self.withdrawals: list[Withdrawal] = []
        self.earlier = 0
        self.next_account = 1
        self.queue_count = 0
        self.queue_acc = bytes(_ACC_BYTES)
        self.tokens = 1
        self.keys = keys
        self._exits = ListTree(WITHDRAWAL_DEPTH)
        self._systems: list[bytes] = []

    def copy(self) -> State:
        """An independent state; about 130 bytes are copied for each account."""
        other = State.__new__(State)
        other._begin(self.ledger.copy(), self.keys)
        other.withdrawals, other.tokens = list(self.withdrawals), self.tokens
        other.earlier = self.earlier
        other.next_account, other.queue_count, other.queue_acc = self.next_account, self.queue_count, self.queue_acc
        other._exits, other._systems = self._exits.copy(), list(self._systems)
        return other

    def put(self, index: int, account: Account) -> None:
        """Write an account at any index; room is made for all below it. RangeError for what its leaf cannot hold."""
        self.ledger.write(index, (account.owner, account.token, account.nonce, account.balance))

    def fill(self, owners: bytes, *, first: int = 0, token: int = 0, nonce: int = 0, balance: int = 0) -> range:
        """Open an account for each owner (words of 32 bytes, one after the other), alike in everything else.

        From index `first`, or (0) from the next free one; the next free one is then behind them. A million take about
        a second.
        """
        start = first or self.next_account
        self.ledger.fill(start, owners, token, nonce, balance)
        filled = range(start, start + len(owners) // 32)
        self.next_account = max(self.next_account, filled.stop)
        return filled

    def create(self, account: Account) -> int:
        """Give an account the next free index."""
        index = self.next_account
        self.put(index, account)
        self.next_account += 1
        return index

    def change(self, index: int, *, balance: int, nonces: int = 0) -> None:
        """Set a balance and move the nonce on. KeyError if there is no such account."""
        old = self.accounts[index]
        self.ledger.change(index, old.nonce + nonces, balance, old.token)

    def owned(self, owner: bytes) -> list[int]:
        """The accounts of an owner word, in one look over all accounts."""
        return self.ledger.owned(owner)

    def take_out(self, withdrawal: Withdrawal) -> None:
        """Append a withdrawal."""
        self._exits.set(len(self.withdrawals), withdrawal.leaf())
        self.withdrawals.append(withdrawal)

    def begin_assertion(self) -> None:
        """An assertion has a withdrawal list of its own: start an empty one, behind `earlier` withdrawals."""
        self.earlier += len(self.withdrawals)
        self.withdrawals = []
        self._exits = ListTree(WITHDRAWAL_DEPTH)

    @property
    def system(self) -> System:
        """What the root covers beside the accounts."""
        count = len(self.withdrawals)
        return System(
            self._exits.root, count, self.next_account, self.queue_count, self.tokens, self.queue_acc, self.earlier
        )

    @property
    def root(self) -> bytes:
        """The state root, 32 bytes of which the first is zero."""
        return state_root(self.accounts_root, self.system.hash())

    @property
    def accounts_root(self) -> bytes:
        """The root over the accounts alone."""
        return self.ledger.tree.root

    def seal(self) -> None:
        """End a segment; its root is hashed together with others', when `sealed_roots` asks for them."""
        self.ledger.seal()
        self._systems.append(self.system.hash())

    def run_transfers(self, frames: Sequence[bytes], signed: Sequence[bool]) -> None:
        """Execute and seal frames of transfers by BLS keys, in machine code; `signed`: whose signature counts."""
        if not frames:
            return
        self.ledger.run(frames, signed, self.tokens)
        # Transfers leave all but the accounts as it is.
        self._systems += [self.system.hash()] * (2 * len(frames))

    def sealed_roots(self) -> list[bytes]:
        """The state roots after the segments that were sealed since this was last asked, in their order."""
        systems, self._systems = self._systems, []
        return [state_root(*pair) for pair in zip(self.ledger.roots(), systems, strict=True)]

    def account_path(self, index: int) -> list[bytes]:
        """The siblings of an account's leaf, without those above that are roots of empty trees."""
        return self.ledger.tree.path(index)[: (self.next_account - 1).bit_length()]

    def account_node(self, level: int, index: int) -> bytes:
        """A node of the tree of accounts; 0 is the level of the leaves."""
        return self.ledger.tree.node(level, index)

    def withdrawal_branch(self) -> list[bytes]:
        """The left siblings on the way up from the next withdrawal; zero where it is itself on the left."""
        count = len(self.withdrawals)
        path = self._exits.path(count)
        return [node if count >> level & 1 else EMPTY for level, node in enumerate(path)]

    def withdrawal_path(self, index: int) -> list[bytes]:
        """The siblings of a withdrawal's leaf, without those above that are roots of empty trees."""
        return self._exits.path(index)[: (len(self.withdrawals) - 1).bit_length()]

    def leaf(self, index: int) -> bytes:
        """The leaf of an account; zero where there is none."""
        account = self.accounts.get(index)
        return EMPTY if account is None else account.leaf()
