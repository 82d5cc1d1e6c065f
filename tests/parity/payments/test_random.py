"""Random transactions, trees, signatures and coins: the library and the contracts read and judge them alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.support.payments.evidence_bench import accepts
from tests.support.payments.strategies import OWNERS, TRANSACTIONS, mutated

from layer2.ethereum.contract import Contract
from layer2.ethereum.sender import Sender
from layer2.plasma.coins.protocol.sparse_merkle import SparseTree, verify_presence
from layer2.plasma.coins.protocol.transfer import CoinTransaction, coin_domain, coin_tree, sign_coin
from layer2.plasma.payments.chain.contract import RootChain
from layer2.plasma.payments.model.environment import recovered
from layer2.plasma.protocol.blocks import BlockTree, verify_inclusion
from layer2.plasma.protocol.malformed import TransactionMalformed
from layer2.plasma.protocol.signing import digest, plasma_domain, struct_hash
from layer2.plasma.protocol.transaction import Transaction, decode_transaction, payment
from layer2.primitives.addresses import to_address
from layer2.primitives.ecdsa import PrivateKey
from layer2.primitives.hashing import keccak

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
WORDS = st.binary(min_size=32, max_size=32)
KEYS = st.integers(0, 2**64 - 1) | st.integers(0, 3) | st.integers(2**64 - 3, 2**64 - 1)
many = settings(max_examples=60, deadline=None)


def is_transaction(packed: bytes) -> bool:
    try:
        decode_transaction(packed)
    except TransactionMalformed:
        return False
    return True


@many
@given(one=TRANSACTIONS)
def test_both_read_the_same_in_a_transaction(plasma_bench: Contract, one: Transaction) -> None:
    kind, expiry, inputs, outputs, tx_hash, hashed, leaf = plasma_bench.call("read", one.packed)
    assert plasma_bench.call("isValid", one.packed, b"")
    assert (kind, expiry, tuple(inputs)) == (one.kind, one.expiry, one.inputs)
    assert [tuple(out) for out in outputs] == [(out.address, out.token, out.amount) for out in one.outputs]
    assert (tx_hash, hashed, leaf) == (one.hash, struct_hash(one), one.leaf)


@settings(max_examples=300, deadline=None)
@given(packed=mutated(TRANSACTIONS.map(lambda one: one.packed)) | st.binary(max_size=80), behind=st.binary(max_size=64))
@example(packed=payment([1], [(b"\1" * 20, 0, 1)], 1).packed[:-1], behind=b"\1" * 40)
def test_both_take_the_same_bytes_for_a_transaction(plasma_bench: Contract, packed: bytes, behind: bytes) -> None:
    assert plasma_bench.call("isValid", packed, behind) == is_transaction(packed)


def changes(path: list[bytes]) -> Sequence[Callable[[], list[bytes]]]:
    """A proof as it is, and what may be made of it."""
    return (
        lambda: path,
        lambda: path[:-1],
        lambda: [*path, bytes(32)],
        lambda: path[::-1],
        lambda: [keccak(b"other"), *path[1:]],
    )


@many
@given(
    count=st.integers(1, 40),
    at=st.integers(0, 39),
    index=st.integers(0, 70),
    other=st.integers(0, 80),
    how=st.integers(0, 4),
)
def test_both_find_a_transaction_in_the_same_place(
    plasma_bench: Contract, count: int, at: int, index: int, other: int, how: int
) -> None:
    packed = [payment([1 + number], [(b"\1" * 20, 0, 1)], 9).packed for number in range(count)]
    tree, at = BlockTree(packed, keccak(b"signatures")), at % count
    path = list(tree.proof(at))
    for claimed_count, claimed_index in ((count, at), (count, index), (other, at), (other, index)):
        shown = changes(path)[how]()
        row = (claimed_count, claimed_index, packed[at], shown)
        taken = verify_inclusion(tree.root, *row)
        assert plasma_bench.call("contains", tree.root, *row) == taken
        if claimed_count == count:
            assert taken == (claimed_index == at and shown == path)


@many
@given(
    values=st.dictionaries(KEYS, WORDS, min_size=1, max_size=12),
    key=KEYS,
    pick=st.integers(0, 11),
    how=st.integers(0, 4),
)
def test_both_find_the_same_in_a_sparse_tree(
    plasma_bench: Contract, values: dict[int, bytes], key: int, pick: int, how: int
) -> None:
    tree = SparseTree(values)
    there = sorted(values)[pick % len(values)]
    for asked in (there, key):
        path = list(tree.proof(asked).siblings)
        shown = changes(path)[how]()
        for value in (values[there], values.get(key, bytes(32)), tree.root):
            taken = verify_presence(tree.root, asked, value, shown)
            assert plasma_bench.call("includes", tree.root, asked, value, shown) == taken
            assert taken is False or values[asked] == value
    assert plasma_bench.call("includes", tree.root, there, values[there], list(tree.proof(there).siblings))


@many
@given(
    secret=st.integers(1, ORDER - 1),
    message=WORDS,
    compact=st.booleans(),
    change=st.sampled_from(("none", "high s", "v", "r", "short", "long", "zero", "flip")),
    at=st.integers(0, 64),
    bit=st.integers(0, 7),
)
def test_both_know_the_same_signer(
    plasma_bench: Contract, secret: int, message: bytes, compact: bool, change: str, at: int, bit: int
) -> None:
    key = PrivateKey(secret.to_bytes(32, "big"))
    signature = bytearray(key.sign_compact(message) if compact else key.sign(message))
    if change == "high s" and not compact:
        signature[32:64] = (ORDER - int.from_bytes(signature[32:64], "big")).to_bytes(32, "big")
        signature[64] ^= 7
    elif change == "v" and not compact:
        signature[64] = at
    elif change == "r":
        signature[:32] = ORDER.to_bytes(32, "big")
    elif change == "short":
        del signature[-1]
    elif change == "long":
        signature.append(0)
    elif change == "zero":
        signature[:] = bytes(len(signature))
    elif change == "flip":
        signature[at % len(signature)] ^= 1 << bit
    known = recovered(message, bytes(signature))
    assert plasma_bench.call("signer", message, bytes(signature)) == to_address(known or bytes(20))
    if change == "none":
        assert to_address(known) == key.address


@many
@given(one=TRANSACTIONS.filter(lambda one: one.inputs), secret=st.integers(1, ORDER - 1))
def test_a_payment_is_bound_to_its_contract(
    plasma_bench: Contract, root_chain: RootChain, one: Transaction, secret: int
) -> None:
    key = PrivateKey(secret.to_bytes(32, "big"))
    separator = root_chain.contract.call("domainSeparator")
    message = keccak(b"\x19\x01" + separator + plasma_bench.call("read", one.packed)[5])
    assert message == digest(one, root_chain.domain)
    signature = key.sign(message)
    assert plasma_bench.call("signer", message, signature) == key.address
    elsewhere = digest(one, plasma_domain(root_chain.connection.chain_id, plasma_bench.address))
    assert plasma_bench.call("signer", elsewhere, signature) != key.address


coins = st.builds(
    CoinTransaction,
    KEYS,
    st.integers(0, 3) | st.integers(0, 2**40 - 1),
    OWNERS,
    st.integers(1, 4) | st.integers(1, 2**40 - 1),
)


@many
@given(batch=st.lists(coins, min_size=1, max_size=6, unique_by=lambda one: one.coin), secret=st.integers(1, ORDER - 1))
def test_a_coin_moves_by_its_signature_and_proof(
    coin_bench: Contract, operator: Sender, batch: list[CoinTransaction], secret: int
) -> None:
    domain, key = coin_domain(operator.connection.chain_id, coin_bench.address), PrivateKey(secret.to_bytes(32, "big"))
    signed = [sign_coin(one, domain, key) for one in batch]
    tree = coin_tree(signed)
    number = coin_bench.call("head")[1]
    receipt = coin_bench.transact(operator, "submitBlock", number, tree.root)
    time = coin_bench.events(receipt, "BlockSubmitted")[0].args["time"]
    for one, signature in signed:
        siblings = list(tree.proof(one.coin).siblings)
        r, vs = signature[:32], signature[32:]
        said = (number, one.prev_block, to_address(one.new_owner), one.expiry)
        shown: tuple[Any, ...] = (*said, time, r, vs, siblings)
        assert accepts(coin_bench, "requireShown", one.coin, shown) == (one.prev_block < number <= one.expiry)
        assert not accepts(coin_bench, "requireShown", one.coin ^ 1, shown)
        assert not accepts(coin_bench, "requireShown", one.coin, (*said, time + 1, r, vs, siblings))
        assert not accepts(coin_bench, "requireShown", one.coin, (*said, time, vs, r, siblings))
        assert accepts(coin_bench, "requireSigned", one.coin, shown, key.address)
        assert not accepts(coin_bench, "requireSigned", one.coin ^ 1, shown, key.address)
        foreign = key.sign_compact(one.digest(coin_domain(1, coin_bench.address)))
        elsewhere = (*said, time, foreign[:32], foreign[32:], siblings)
        assert not accepts(coin_bench, "requireSigned", one.coin, elsewhere, key.address)
