"""The state in columns behaves as a dictionary of accounts with a tree over it."""

from __future__ import annotations

import random

import pytest

from layer2.primitives.errors import RangeError
from layer2.primitives.merkle import AppendOnlyTree, empty_roots
from layer2.rollup.protocol.params import ACCOUNT_DEPTH, MAX_BALANCE, MAX_NONCE
from layer2.rollup.state.state import Account, State, empty_root


def plain_root(accounts: dict[int, Account]) -> bytes:
    tree = AppendOnlyTree(ACCOUNT_DEPTH)
    tree.update({index: one.leaf() for index, one in accounts.items()})
    return tree.root


def anyone(rnd: random.Random) -> Account:
    return Account(rnd.randbytes(32), rnd.randrange(1 << 16), rnd.randrange(1 << 32), rnd.randrange(1 << 128))


def test_accounts_anywhere_read_back_and_give_the_root_of_their_leaves() -> None:
    rnd, state, wanted = random.Random(2), State(), {}
    for step in range(400):
        index = rnd.choice((rnd.randrange(70), rnd.randrange(6_000)))
        wanted[index] = anyone(rnd)
        state.put(index, wanted[index])
        if step % 40 == 0:
            assert state.accounts_root == plain_root(wanted)
    assert dict(state.accounts) == wanted
    assert list(state.accounts) == sorted(wanted)
    assert len(state.accounts) == len(wanted)
    assert state.accounts_root == plain_root(wanted)
    assert state.leaf(9_999) == bytes(32)
    tree = AppendOnlyTree(ACCOUNT_DEPTH)
    tree.update({index: one.leaf() for index, one in wanted.items()})
    tree.settle()
    for index in (0, 69, 5_999, 2**32 - 1):
        for level in range(ACCOUNT_DEPTH):
            assert state.account_node(level, index >> level) == tree.node(level, index >> level)


def test_a_copy_and_its_origin_go_their_own_ways() -> None:
    rnd, state = random.Random(3), State()
    for index in range(1, 100):
        state.put(index, anyone(rnd))
    copy = state.copy()
    root = copy.root
    assert root == state.root
    state.put(5, Account(bytes(32)))
    state.put(500, Account(bytes(32)))
    assert copy.root == root != state.root
    assert 500 not in copy.accounts
    copy.put(6, Account(bytes(32)))
    assert state.accounts[6].owner != bytes(32)


@pytest.mark.parametrize("count", [1, 2, 4_096, 9_001])
def test_filled_accounts_are_as_if_put_one_by_one(count: int) -> None:
    rnd, state = random.Random(count), State()
    known = state.create(anyone(rnd))
    owners = rnd.randbytes(32 * count)
    filled = state.fill(owners, token=7, nonce=MAX_NONCE, balance=MAX_BALANCE)
    assert filled == range(known + 1, known + 1 + count)
    assert state.next_account == filled.stop
    wanted = {known: state.accounts[known]}
    for at, index in enumerate(filled):
        wanted[index] = Account(owners[32 * at : 32 * at + 32], 7, MAX_NONCE, MAX_BALANCE)
    assert state.accounts_root == plain_root(wanted)
    assert len(state.accounts) == count + 1
    assert state.owned(owners[-32:]) == [filled[-1]]
    again = state.fill(owners[:32], first=known)
    assert (again, len(state.accounts), state.next_account) == (range(known, known + 1), count + 1, filled.stop)


def test_thousands_of_writes_between_two_roots_are_all_in_the_second() -> None:
    rnd, state, wanted = random.Random(4), State(), {}
    for index in rnd.sample(range(1, 12_000), 9_500):
        wanted[index] = Account(index.to_bytes(32, "big"), 0, 0, index)
        state.put(index, wanted[index])
    assert state.accounts_root == plain_root(wanted)


@pytest.mark.parametrize(
    "account",
    [
        Account(bytes(31)),
        Account(bytes(32), 1 << 16),
        Account(bytes(32), -1),
        Account(bytes(32), 0, 1 << 32),
        Account(bytes(32), 0, -1),
        Account(bytes(32), 0, 0, 1 << 128),
        Account(bytes(32), 0, 0, -1),
    ],
)
def test_what_no_leaf_can_hold_is_refused_and_changes_nothing(account: Account) -> None:
    state = State()
    state.create(Account(bytes(32), 1, 2, 3))
    root = state.root
    for index in (1, 2):
        with pytest.raises(RangeError):
            state.put(index, account)
    with pytest.raises(RangeError):
        state.create(account)
    with pytest.raises(RangeError):
        state.put(1 << 32, Account(bytes(32)))
    with pytest.raises(RangeError):
        state.change(1, balance=3, nonces=MAX_NONCE)
    with pytest.raises(RangeError):
        state.fill(b"")
    assert (state.root, state.next_account, dict(state.accounts)) == (root, 2, {1: Account(bytes(32), 1, 2, 3)})


def test_an_empty_state_has_the_root_of_an_empty_tree() -> None:
    assert State().root == empty_root()
    assert State().accounts_root == empty_roots(ACCOUNT_DEPTH)[ACCOUNT_DEPTH]
    with pytest.raises(KeyError):
        State().change(1, balance=1)
