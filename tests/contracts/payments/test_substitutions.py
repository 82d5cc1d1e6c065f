"""What could stand for something else: a node for a leaf, another chain's signature, a number with too many bits."""

from __future__ import annotations

import pytest
from tests.support.payments.builder import (
    DATA_BOND,
    ETHER,
    Block,
    Tree,
    World,
    deposit_id,
    in_flight_id,
    node,
    output_id,
    packed,
    position_of,
    tx_hash,
    word,
)  # fmt: skip
from tests.support.payments.in_flight import OUT1, Game

from layer2.primitives.hashing import keccak
from layer2.testing import reverts

DOMAIN_TYPE = keccak(b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")


def domain(
    world: World, *, chain_id: int | None = None, name: bytes = b"layer2 plasma", version: bytes = b"1"
) -> bytes:
    number = world.connection.chain_id if chain_id is None else chain_id
    fields = word(number) + word(world.chain.address)
    return keccak(DOMAIN_TYPE + keccak(name) + keccak(version) + fields)


def test_a_signature_for_another_chain_name_or_version_stops_nothing(world: World) -> None:
    deposit = world.deposit(world.payer)
    world.exit(world.payer, deposit.proof)
    spend = packed([deposit.position], [(world.payee, 0, ETHER)])
    assert domain(world) == world.domain
    for wrong in (
        domain(world, chain_id=1),
        domain(world, chain_id=world.connection.chain_id + 1),
        domain(world, name=b"layer2 plasma coins"),
        domain(world, version=b"2"),
    ):
        signature = world.sign(spend, world.payer, wrong)
        with reverts("InvalidSignature", world.chain, owner=world.payer.address):
            world.send(
                world.watcher, "challengeExit", deposit.proof, ((0, 0, spend, []), signature, [])
            )  # fmt: skip
    right = ((0, 0, spend, []), world.sign(spend, world.payer, domain(world)), [])
    world.send(world.watcher, "challengeExit", deposit.proof, right)


def submit(world: World, root: bytes, count: int, tree: Tree, leaves: list[bytes]) -> Block:
    """A block under a root of the operator's choice."""
    number = world.chain.call("head")[1]
    receipt = world.send(world.operator, "submitBlock", number, root, count)
    (event,) = world.chain.events(receipt, "BlockSubmitted")
    return Block(number, event.args["word"], tree, leaves)


def test_two_leaves_cannot_be_shown_as_one_transaction(world: World) -> None:
    """A node has a tag of its own: were it a leaf's, the bytes of two leaves would pass for one transaction."""
    leaves = [keccak(b"\x00" + bytes([at])) for at in range(4)]
    tree = Tree([node(*leaves[:2]), node(*leaves[2:])])
    block = submit(world, tree.root, 2, tree, [])
    world.send(world.watcher, "challengeData", 1, 0, tree.root, block.word, value=DATA_BOND)
    for data, path in (
        (leaves[0] + leaves[1], tree.path(0)),
        (b"\x01" + leaves[0] + leaves[1], tree.path(0)),
        (b"\x00", [leaves[1], *tree.path(0)]),
        (b"", tree.path(0)),
    ):
        with reverts("InvalidProof", world.chain, position=position_of(1, 0)):
            world.send(world.thief, "showData", (position_of(1, 0), block.word, data, path))


def test_bytes_with_a_tag_in_front_are_the_leaf_that_they_are(world: World) -> None:
    """The positive twin: any bytes can be shown whose leaf it is, whatever they begin with."""
    data = b"\x01" + bytes(64)
    block = world.block(data, b"other")
    world.send(world.watcher, "challengeData", 1, 0, block.tree.root, block.word, value=DATA_BOND)
    world.send(world.thief, "showData", block.proof(0))


def test_ids_of_deposits_outputs_transactions_and_games_are_hashes_of_different_lengths() -> None:
    """None can be made to equal another: 9, 33, at least 42, and 32 times (1 + n) bytes are hashed."""
    smallest = packed([], [("0x" + "11" * 20, 0, 1)], 1, kind=2)
    lengths = {len(b"\x03" + bytes(8)), len(tx_hash(smallest) + b"\0"), len(b"\x02" + smallest)}
    assert lengths == {9, 33, 42}
    assert 64 not in lengths
    assert len({deposit_id(0), output_id(smallest), tx_hash(smallest), in_flight_id(smallest, [bytes(32)])}) == 4


@pytest.mark.parametrize("bit", [62, 40, 39])
def test_positions_beyond_any_block_are_nothing(world: World, bit: int) -> None:
    deposit = world.deposit(world.payer)
    block = world.block(packed([deposit.position], [(world.payee, 0, ETHER)]))
    proof = block.proof()
    with reverts("InvalidProof", world.chain, position=proof[0] | 1 << bit):
        world.exit(world.payee, (proof[0] | 1 << bit, *proof[1:]))


def test_a_block_of_a_high_number_hides_in_no_count_or_time(world: World) -> None:
    """The word is hashed whole: bits above the time or between time and count are another header."""
    deposit = world.deposit(world.payer)
    block = world.block(packed([deposit.position], [(world.payee, 0, ETHER)]))
    proof = block.proof()
    for bit in (31, 32, 71, 72, 255):
        with reverts("InvalidProof", world.chain, position=proof[0]):
            world.exit(world.payee, (proof[0], proof[1] ^ 1 << bit, *proof[2:]))


@pytest.mark.parametrize("number", [4, 251, 252, 255])
def test_an_output_of_a_number_that_no_transaction_has_is_no_part_of_a_game(
    world: World, game: Game, number: int
) -> None:
    included = world.block(game.data)
    game.start(OUT1)
    proof = included.proof(output=number)
    spender = packed([proof[0]], [(world.payer, 0, ETHER)])
    with reverts("InvalidPiggyback", world.chain, bits=(1 << 4 + number) % 2**256):
        game.stop_output(proof, spender, world.payer)


def test_an_output_of_the_last_number_that_the_transaction_has_is_a_part_of_its_game(world: World, game: Game) -> None:
    included = world.block(game.data)
    game.start(OUT1)
    proof = included.proof(output=1)
    game.stop_output(proof, packed([proof[0]], [(world.payer, 0, ETHER)]), world.payer)
    assert game.state["blocked"] == OUT1


@pytest.mark.parametrize(("ins", "outs"), [(1, 4), (4, 1), (2, 3)])
def test_games_of_every_shape_begin_and_pay(world: World, ins: int, outs: int) -> None:
    """An older contract ran out of gas where more came out than went in."""
    deposits = [world.deposit(world.payer, ETHER) for _ in range(ins)]
    each = ins * ETHER // outs
    data = packed([one.position for one in deposits], [(world.payer, 0, each)] * outs)
    bits = ((1 << outs) - 1) << 4
    world.start(world.payer, data, [one.proof for one in deposits], [world.payer] * ins, bits)
    ids = [deposit_id(one.number) for one in deposits]
    world.at(world.in_flight_of(in_flight_id(data, ids)).exitableAt)
    world.send(world.watcher, "processInFlightExit", data, ids, [one.record for one in deposits], [])
    left = ins * ETHER - outs * each
    assert (world.ledger(), world.balance(world.chain.address)) == ((0, 0), left)
