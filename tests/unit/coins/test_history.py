"""A payee checks a coin's history alone: every lie about it is found in the block that tells it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.coins.stage import COIN, DOMAIN, PAYEE, PAYER, RECORD, THIEF, WATCHER, Paper, transfer, usual

from layer2.plasma.coins.protocol.coin_history import History, Moved, Standing, check_history
from layer2.plasma.coins.protocol.errors import HistoryBroken
from layer2.plasma.coins.protocol.records import CoinHeader, CoinRecord, Kind, coin_of
from layer2.plasma.coins.protocol.sparse_merkle import SparseProof
from layer2.plasma.coins.protocol.transfer import SignedCoin, coin_domain, sign_coin
from layer2.primitives.addresses import ZERO_ADDRESS
from layer2.primitives.errors import RangeError


def test_a_history_gives_the_owner_and_all_its_moves() -> None:
    paper = usual()
    standing = check_history(paper.history, paper.headers, DOMAIN)
    assert (standing.owner, standing.last_block, standing.next_block) == (WATCHER.address, 4, 6)
    assert [move.number for move in standing.moves] == [2, 4]
    assert [standing.owner_at(number) for number in (0, 2, 4)] == [PAYER.address, PAYEE.address, WATCHER.address]
    assert standing.owner_at(3) is None
    assert standing.spend_of(2) == standing.move_at(4)
    assert standing.spend_of(4) is None


def test_a_coin_that_never_moved_is_its_depositors() -> None:
    paper = Paper()
    paper.block()
    paper.block(others=0)
    standing = check_history(paper.history, paper.headers, DOMAIN)
    assert (standing.owner, standing.last_block) == (PAYER.address, 0)


def test_checking_block_by_block_is_checking_at_once() -> None:
    paper = usual()
    standing = Standing(COIN, RECORD)
    for header, evidence in zip(paper.headers, paper.evidence, strict=True):
        standing = standing.after(header, evidence, DOMAIN)
    assert standing == check_history(paper.history, paper.headers, DOMAIN)


def hidden_move(paper: Paper) -> tuple[History, int]:
    """The payer hides that the coin went on to somebody else."""
    proof = paper.trees[3].proof(COIN)
    return replace(paper.history, evidence=(*paper.evidence[:3], SparseProof(proof.siblings), paper.evidence[4])), 4


def hidden_behind_a_neighbour(paper: Paper) -> tuple[History, int]:
    other = next(key for key in paper.trees[3]._keys if key != COIN)
    proof = SparseProof(paper.trees[3].proof(COIN).siblings, (other, b"\1" * 32))
    return replace(paper.history, evidence=(*paper.evidence[:3], proof, paper.evidence[4])), 4


def left_out_block(paper: Paper) -> tuple[History, int]:
    return replace(paper.history, evidence=(*paper.evidence[:3], *paper.evidence[4:])), 1


def invented_move(paper: Paper) -> tuple[History, int]:
    invented = SignedCoin(transfer(THIEF, 4), b"\1" * 64)
    moved = Moved(invented, paper.trees[4].proof(COIN).siblings)
    return replace(paper.history, evidence=(*paper.evidence[:4], moved)), 5


def other_record(paper: Paper) -> tuple[History, int]:
    return replace(paper.history, record=replace(RECORD, owner=THIEF.address)), 2


@pytest.mark.parametrize(
    "lie",
    [hidden_move, hidden_behind_a_neighbour, left_out_block, invented_move, other_record],
    ids=lambda one: one.__name__,
)
def test_a_lie_about_a_history_is_found(lie: Callable[[Paper], tuple[History, int]]) -> None:
    paper = usual()
    history, number = lie(paper)
    with pytest.raises(HistoryBroken) as broken:
        check_history(history, paper.headers, DOMAIN)
    assert (broken.value.coin, broken.value.number) == (COIN, number)


@pytest.mark.parametrize(
    ("signed", "why"),
    [
        (sign_coin(transfer(THIEF, 2), DOMAIN, PAYEE), "it spends block 2, not 4"),
        (sign_coin(transfer(THIEF, 0), DOMAIN, PAYER), "it spends block 0, not 4"),
        (sign_coin(transfer(THIEF, 4, expiry=5), DOMAIN, WATCHER), "had expired with block 5"),
        (sign_coin(transfer(THIEF, 2), DOMAIN, THIEF), "it spends block 2, not 4"),
        (sign_coin(transfer(THIEF, 4), DOMAIN, THIEF), "it is signed by"),
        (sign_coin(transfer(THIEF, 4), DOMAIN, PAYEE), "it is signed by"),
        (sign_coin(transfer(THIEF, 4), coin_domain(1, "0x" + "c0" * 20), WATCHER), "it is signed by"),
        (SignedCoin(transfer(THIEF, 4), bytes(64)), "the signature is none"),
    ],
)
def test_a_move_that_breaks_a_rule_or_has_a_false_signature_breaks_the_history(signed: SignedCoin, why: str) -> None:
    paper = usual()
    assert paper.block(signed) == 6
    with pytest.raises(HistoryBroken, match=why) as broken:
        check_history(paper.history, paper.headers, DOMAIN)
    assert (broken.value.number, broken.value.proven) == (6, True)


@pytest.mark.parametrize("forged", [bytes(64), sign_coin(transfer(THIEF, 4), DOMAIN, THIEF).signature])
def test_a_forged_signature_in_the_place_of_the_right_one_is_not_the_blocks(forged: bytes) -> None:
    """The root binds signatures: whoever shows another one shows nothing, and the block is not at fault."""
    paper = usual()
    paper.block(sign_coin(transfer(THIEF, 4), DOMAIN, WATCHER))
    moved = paper.evidence[5]
    assert isinstance(moved, Moved)
    lie = Moved(moved.signed._replace(signature=forged), moved.siblings)
    history = replace(paper.history, evidence=(*paper.evidence[:5], lie))
    with pytest.raises(HistoryBroken, match="it is not shown") as broken:
        check_history(history, paper.headers, DOMAIN)
    assert (broken.value.number, broken.value.proven) == (6, False)
    assert check_history(paper.history, paper.headers, DOMAIN).owner == THIEF.address


def test_a_move_in_its_last_block_holds() -> None:
    paper = usual()
    assert paper.move(WATCHER, PAYER, 4, expiry=6) == 6
    assert check_history(paper.history, paper.headers, DOMAIN).owner == PAYER.address


def test_the_same_transfer_put_in_again_breaks_the_history() -> None:
    paper = usual()
    again = paper.evidence[3]
    assert isinstance(again, Moved)
    paper.block(again.signed)
    with pytest.raises(HistoryBroken, match="it spends block 2, not 4"):
        check_history(paper.history, paper.headers, DOMAIN)


def test_blocks_are_checked_in_order() -> None:
    paper = usual()
    with pytest.raises(HistoryBroken, match="block 1 has to be checked first"):
        Standing(COIN, RECORD).after(paper.headers[1], paper.evidence[1], DOMAIN)


def test_another_root_breaks_the_history() -> None:
    paper = usual()
    paper.headers[2] = CoinHeader(3, b"\7" * 32, paper.headers[2].time)
    with pytest.raises(HistoryBroken) as broken:
        check_history(paper.history, paper.headers, DOMAIN)
    assert broken.value.number == 3


def test_blocks_before_the_birth_are_not_needed() -> None:
    paper = usual()
    record = CoinRecord(WATCHER.address, Kind.ETHER, ZERO_ADDRESS, 1, 5)
    history = History(COIN, record, tuple(paper.evidence[4:]))
    assert check_history(history, paper.headers[4:], DOMAIN).owner == WATCHER.address


@settings(max_examples=40, deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=12), st.data())
def test_whatever_is_left_out_or_exchanged_is_found(moves: list[bool], data: st.DataObject) -> None:
    paper, owner, last = Paper(), PAYER, 0
    people = (PAYER, PAYEE, WATCHER)
    for moving in moves:
        if moving:
            target = people[(people.index(owner) + 1) % 3]
            last = paper.move(owner, target, last)
            owner = target
        else:
            paper.block()
    assert check_history(paper.history, paper.headers, DOMAIN).owner == owner.address
    at = data.draw(st.integers(0, len(moves) - 1))
    other = data.draw(st.integers(0, len(moves) - 1))
    evidence = list(paper.evidence)
    evidence[at] = paper.evidence[other]
    if evidence == paper.evidence:
        return
    with pytest.raises(HistoryBroken):
        check_history(replace(paper.history, evidence=tuple(evidence)), paper.headers, DOMAIN)


@pytest.mark.parametrize("number", [0, -1, 2**64])
def test_deposits_count_from_one(number: int) -> None:
    with pytest.raises(RangeError):
        coin_of(number)


@pytest.mark.parametrize(("value", "birth"), [(-1, 1), (2**256, 1), (1, 0), (1, 2**32)])
def test_records_have_their_ranges(value: int, birth: int) -> None:
    with pytest.raises(RangeError):
        CoinRecord(PAYER.address, Kind.ETHER, ZERO_ADDRESS, value, birth)
