"""Proofs and signatures: one encoding per meaning, one place per coin, one contract and chain per signature."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.coins.builder import (
    EMPTY,
    EXIT_BOND,
    NOTHING_SHOWN,
    Coin,
    Stage,
    Step,
    Transfer,
    Tree,
    leaf,
    node,
)

from layer2.primitives.ecdsa import ORDER
from layer2.primitives.hashing import keccak
from layer2.primitives.typed_data import Domain
from layer2.testing.contracts.mocks import deploy_mock
from layer2.testing.revert_checks.reverts import reverts


def among(stage: Stage, coin: Coin, transfer: Transfer, count: int = 40) -> Step:
    """A transfer in a block with many others."""
    others = {int.from_bytes(keccak(bytes((n,)))[:8], "big"): keccak(bytes((n, 1))) for n in range(count)}
    return stage.include(transfer, stage.sign(stage.payer, transfer), others)


def exit_shown(stage: Stage, coin: Coin, shown: tuple[Any, ...]) -> None:
    stage.act(stage.payee, "exitTransfer", coin.id, coin.record, NOTHING_SHOWN, shown, value=EXIT_BOND)


@pytest.fixture
def coin(stage: Stage) -> Coin:
    return stage.deposit(stage.payer)


@pytest.fixture
def step(stage: Stage, coin: Coin) -> Step:
    return among(stage, coin, Transfer(coin.id, 0, stage.payee.address))


# ------------------------------------------------------------------------------------------------------------ proofs


def test_a_proof_of_the_right_depth_is_taken(stage: Stage, coin: Coin, step: Step) -> None:
    assert len(step.shown[-1]) > 3
    exit_shown(stage, coin, step.shown)


def wrong_paths(siblings: list[bytes], root: bytes) -> dict[str, list[bytes]]:
    """Paths that lead somewhere else."""
    return {
        "without the lowest": siblings[:-1],
        "without the highest": siblings[1:],
        "empty": [],
        "one more below": [*siblings, EMPTY],
        "one more above": [EMPTY, *siblings],
        "upside down": siblings[::-1],
        "a wrong sibling": [keccak(b"wrong"), *siblings[1:]],
        "the root again": [root, *siblings],
        "64 levels": siblings + [EMPTY] * (64 - len(siblings)),
        "65 levels": siblings + [EMPTY] * (65 - len(siblings)),
        "500 levels": [EMPTY] * 500,
    }


@pytest.mark.parametrize("kind", list(wrong_paths([b"", b""], b"")))
def test_a_path_that_leads_elsewhere_is_refused(stage: Stage, coin: Coin, step: Step, kind: str) -> None:
    siblings = wrong_paths(step.shown[-1], step.block.tree.root)[kind]
    with reverts("InvalidProof", stage.chain, number=1):
        exit_shown(stage, coin, (*step.shown[:-1], siblings))


def test_a_path_of_another_coin_is_refused(stage: Stage, coin: Coin, step: Step) -> None:
    siblings = step.block.tree.siblings(next(key for key in step.block.tree.values if key != coin.id))
    with reverts("InvalidProof", stage.chain, number=1):
        exit_shown(stage, coin, (*step.shown[:-1], siblings))


def test_a_leaf_in_another_coins_place_is_refused(stage: Stage, coin: Coin) -> None:
    """An operator builds a tree in which the coin stands where another key has to be."""
    transfer = Transfer(coin.id, 0, stage.payee.address)
    signature = stage.sign(stage.payer, transfer)
    own, other = leaf(coin.id, transfer.value(signature)), keccak(b"other")
    root = node(other, own) if not coin.id >> 63 else node(own, other)
    number = stage.chain.call("head")[1]
    receipt = stage.act(stage.operator, "submitBlock", number, root)
    time = stage.chain.events(receipt, "BlockSubmitted")[0].args["time"]
    shown = (number, 0, stage.payee.address, transfer.expiry, time, signature[:32], signature[32:], [other])
    with reverts("InvalidProof", stage.chain, number=number):
        exit_shown(stage, coin, shown)


def test_a_block_of_one_transfer_has_an_empty_path(stage: Stage, coin: Coin) -> None:
    lone = stage.step(coin, stage.payer, stage.payee)
    assert lone.shown[-1] == []
    exit_shown(stage, coin, lone.shown)


def test_an_empty_block_holds_nothing(stage: Stage, coin: Coin) -> None:
    transfer = Transfer(coin.id, 0, stage.payee.address)
    block = stage.submit()
    shown = (*block.show(transfer, stage.sign(stage.payer, transfer))[:-1], [])
    with reverts("InvalidProof", stage.chain, number=1):
        exit_shown(stage, coin, shown)


def test_neighbours_that_part_at_the_last_bit_can_both_be_shown(stage: Stage, coin: Coin) -> None:
    transfer = Transfer(coin.id, 0, stage.payee.address)
    step = stage.include(transfer, stage.sign(stage.payer, transfer), {coin.id ^ 1: keccak(b"neighbour")})
    assert len(step.block.tree.siblings(coin.id)) == 64
    exit_shown(stage, coin, step.shown)


@pytest.mark.parametrize("field", range(7), ids=["number", "spent", "owner", "expiry", "time", "r", "vs"])
def test_every_field_of_what_is_shown_counts(stage: Stage, coin: Coin, step: Step, field: int) -> None:
    stage.submit()
    changed: dict[int, tuple[Any, tuple[str, dict[str, Any]]]] = {
        0: (2, ("InvalidProof", {"number": 2})),
        1: (1, ("InvalidTransfer", {})),
        2: (stage.thief.address, ("InvalidProof", {"number": 1})),
        3: (5, ("InvalidProof", {"number": 1})),
        4: (step.block.time + 1, ("InvalidProof", {"number": 1})),
        5: (keccak(b"r"), ("InvalidProof", {"number": 1})),
        6: (keccak(b"vs"), ("InvalidProof", {"number": 1})),
    }
    value, (error, args) = changed[field]
    shown = (*step.shown[:field], value, *step.shown[field + 1 :])
    with reverts(error, stage.chain, **args):
        exit_shown(stage, coin, shown)


def test_a_block_that_was_never_submitted_holds_nothing(stage: Stage, coin: Coin, step: Step) -> None:
    shown = (9, *step.shown[1:4], 0, *step.shown[5:7], [])
    with reverts("InvalidProof", stage.chain, number=9):
        exit_shown(stage, coin, shown)


# -------------------------------------------------------------------------------------------------------- signatures


def test_another_signature_than_the_blocks_does_not_count_though_it_is_the_owners(stage: Stage, coin: Coin) -> None:
    """What a body shows unsigned is unsigned for ever: nobody can keep the right signature back for later."""
    transfer = Transfer(coin.id, 0, stage.payee.address)
    right = stage.sign(stage.payer, transfer)
    step = stage.include(transfer, stage.sign(stage.thief, transfer))
    with reverts("InvalidProof", stage.chain, number=1):
        exit_shown(stage, coin, step.block.show(transfer, right))
    with reverts("InvalidSignature", stage.chain, owner=stage.payer.address):
        exit_shown(stage, coin, step.shown)
    stage.exit_deposit(stage.payer, coin)
    with reverts("InvalidProof", stage.chain, number=1):
        stage.act(stage.payee, "challengeAfter", coin.id, 0, step.block.show(transfer, right))
    with reverts("InvalidSignature", stage.chain, owner=stage.payer.address):
        stage.spent(stage.payee, coin, 0, step)
    # A block that holds it signs it over: the same transfer, once more.
    exit_shown(stage, coin, stage.include(transfer, right).shown)


def bad_signatures(stage: Stage, step: Step) -> dict[str, bytes]:
    transfer = step.transfer
    signature = stage.payer.key.sign(transfer.digest(stage.domain))
    # EIP-2098 leaves no bit for an s above half the order: what is there is another, low s.
    high = ORDER - int.from_bytes(signature[32:64], "big") | (55 - signature[64] - 27) << 255
    odd = int.from_bytes(step.signature[32:], "big") ^ 1 << 255
    domain = stage.domain

    def under(**change: Any) -> bytes:
        fields: dict[str, Any] = {"name": domain.name, "version": domain.version, "chain_id": domain.chain_id}
        fields |= {"verifying_contract": domain.verifying_contract, **change}
        return stage.payer.key.sign_compact(transfer.digest(Domain(**fields)))

    return {
        "high s": signature[:32] + high.to_bytes(32, "big"),
        "other parity": signature[:32] + odd.to_bytes(32, "big"),
        "zeros": bytes(64),
        "the payee's": stage.sign(stage.payee, transfer),
        "other chain": under(chain_id=domain.chain_id + 1),
        "other contract": under(verifying_contract=stage.payee.address),
        "other name": under(name="layer2 plasma"),
        "other version": under(version="2"),
        "other coin": stage.sign(stage.payer, replace(transfer, coin=transfer.coin + 1)),
        "other place": stage.sign(stage.payer, replace(transfer, prev_block=1)),
        "other owner": stage.sign(stage.payer, replace(transfer, new_owner=stage.thief.address)),
        "other expiry": stage.sign(stage.payer, replace(transfer, expiry=7)),
    }


KINDS = [
    "high s", "other parity", "zeros", "the payee's", "other chain", "other contract", "other name", "other version",
    "other coin", "other place", "other owner", "other expiry",
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_any_other_signature_is_refused(stage: Stage, coin: Coin, step: Step, kind: str) -> None:
    found = bad_signatures(stage, step)
    assert list(found) == KINDS
    with reverts("InvalidSignature", stage.chain, owner=stage.payer.address):
        exit_shown(stage, coin, stage.include(step.transfer, found[kind]).shown)


def test_a_contract_owner_has_no_signature(stage: Stage) -> None:
    """ERC-1271 answers may change after a block is made: such an owner can exit, but not pass the coin on."""
    wallet = stage.payee.sender
    account = deploy_mock("SmartWallet", stage.payee.address, sender=wallet)
    inner = stage.chain.encode("depositETH")
    receipt = account.transact(wallet, "execute", stage.chain.address, 10**18, inner, value=10**18)
    coin = stage.made(receipt)
    step = stage.step(coin, stage.payee, stage.payee)
    with reverts("InvalidSignature", stage.chain, owner=account.address):
        stage.exit(stage.payee, coin, None, step)


# --------------------------------------------------------------------------------------------------------- the tree


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.integers(0, 2**64 - 1), st.binary(min_size=32, max_size=32), max_size=40))
def test_every_key_of_a_tree_has_one_path(values: dict[int, bytes]) -> None:
    tree = Tree(values)
    for key, value in values.items():
        found = leaf(key, value)
        siblings = tree.siblings(key)
        for depth in range(len(siblings) - 1, -1, -1):
            pair = (siblings[depth], found) if key >> (63 - depth) & 1 else (found, siblings[depth])
            found = node(*pair)
        assert found == tree.root
