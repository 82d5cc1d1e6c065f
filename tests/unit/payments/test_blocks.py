"""A transaction has one place and one proof in a block; a body is refused or is exactly what it encodes to."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.payments.strategies import TRANSACTIONS, mutated

from layer2.plasma.protocol.blocks import (
    EMPTY,
    BlockTree,
    Header,
    decode_body,
    decode_header,
    depth_of,
    encode_body,
    leaf_of,
    signatures_hash,
    verify_inclusion,
)
from layer2.plasma.protocol.malformed import BodyMalformed, HeaderMalformed, TreeMalformed
from layer2.plasma.protocol.signing import Signed
from layer2.plasma.protocol.transaction import fee_transaction, payment
from layer2.primitives.hashing import keccak


def texts(count: int) -> list[bytes]:
    return [b"transaction %d" % at for at in range(count)]


SIGNED = keccak(b"signatures")


def tree_of(packed: list[bytes]) -> BlockTree:
    return BlockTree(packed, SIGNED)


def plain_root(leaves: list[bytes], depth: int) -> bytes:
    """The root as the format says it, level by level from the top."""
    if depth == 0:
        return leaves[0] if leaves else EMPTY
    half = 1 << depth - 1
    return keccak(b"\1" + plain_root(leaves[:half], depth - 1) + plain_root(leaves[half:], depth - 1))


@pytest.mark.parametrize("count", range(1, 34))
def test_each_transaction_is_proved_at_its_index_and_nowhere_else(count: int) -> None:
    packed = texts(count)
    tree = tree_of(packed)
    depth = depth_of(count)
    assert 1 << depth >= count > (1 << depth) // 2
    assert tree.root == keccak(b"\1" + plain_root([leaf_of(one) for one in packed], depth) + SIGNED)
    for index, one in enumerate(packed):
        proof = tree.proof(index)
        assert len(proof) == depth + 1
        assert proof[-1] == SIGNED
        # Past the tree too: an index is no number modulo the width of the tree.
        for claimed in [*range(2 << depth), index + (1 << 16), index + (1 << 32), -1, index - (1 << depth)]:
            assert verify_inclusion(tree.root, count, claimed, one, proof) == (claimed == index)
        for other in (packed[index - 1], one + b"\0", b""):
            assert verify_inclusion(tree.root, count, index, other, proof) == (other == one)


@pytest.mark.parametrize("count", range(1, 34))
def test_a_proof_of_another_depth_or_level_is_refused(count: int) -> None:
    packed = texts(count)
    tree = tree_of(packed)
    depth = depth_of(count)
    for index, one in enumerate(packed):
        proof = tree.proof(index)
        for wrong in (*(proof[:cut] for cut in range(depth + 1)), proof[1:], (*proof, EMPTY)):
            assert not verify_inclusion(tree.root, count, index, one, wrong)
        for at in range(depth + 1):
            changed = (*proof[:at], keccak(proof[at]), *proof[at + 1 :])
            assert not verify_inclusion(tree.root, count, index, one, changed)
            # An inner node offered as a leaf, at its own level and at the leaves'.
            below, high = (tree.proof(index)[at - 1] if at else leaf_of(one)), proof[at:]
            for place in (index, index >> at):
                for claimed in (count, max(1, count >> at), 1 << len(high)):
                    assert not verify_inclusion(tree.root, claimed, place, below + proof[at], high)
                    assert not verify_inclusion(tree.root, claimed, place, b"\1" + below + proof[at], high)
        for claimed in (*range(depth_of(count) and (1 << depth - 1) + 1), (1 << depth) + 1, 65_537):
            assert not verify_inclusion(tree.root, claimed, index, one, proof)


@pytest.mark.parametrize("count", [1_000, 65_536])
def test_places_of_a_large_block(count: int) -> None:
    packed = texts(count)
    tree = tree_of(packed)
    depth = depth_of(count)
    for index in [*range(0, count, max(1, count // 61)), count - 1, 1, 2, (1 << depth - 1) - 1, 1 << depth - 1]:
        proof = tree.proof(index)
        assert verify_inclusion(tree.root, count, index, packed[index], proof)
        for wrong in [index ^ 1 << level for level in range(18)] + [index + count, index + (1 << depth), -1 - index]:
            assert not verify_inclusion(tree.root, count, wrong, packed[index], proof)
        for short in (proof[:-1], proof[1:], (*proof, EMPTY)):
            assert not verify_inclusion(tree.root, count, index, packed[index], short)


def test_padding_is_no_transaction() -> None:
    packed = texts(5)
    tree = tree_of(packed)
    for index in (5, 6, 7):
        with pytest.raises(TreeMalformed):
            tree.proof(index)
        for content in (b"", EMPTY, bytes(64)):
            zeros = (EMPTY, keccak(b"\1" + bytes(64)), *tree.proof(0)[2:])
            assert not verify_inclusion(tree.root, 5, index, content, zeros)
            assert not verify_inclusion(tree.root, 8, index, content, zeros)


def test_blocks_that_differ_in_padding_only_have_different_roots_or_counts() -> None:
    roots = {(tree_of(texts(count)).root, count) for count in range(1, 65)}
    assert len({root for root, _ in roots}) == 64


@pytest.mark.parametrize("index", [-1, 3, 4])
def test_there_is_no_proof_of_what_is_not_there(index: int) -> None:
    with pytest.raises(TreeMalformed):
        tree_of(texts(3)).proof(index)


def test_a_block_has_at_least_one_and_at_most_65536_transactions() -> None:
    with pytest.raises(TreeMalformed):
        tree_of([])
    with pytest.raises(TreeMalformed):
        BlockTree.of_leaves([EMPTY] * 65_537, SIGNED)
    assert BlockTree.of_leaves([leaf_of(one) for one in texts(9)], SIGNED).root == tree_of(texts(9)).root


def test_a_sibling_that_is_no_word_is_refused() -> None:
    one = tree_of(texts(2))
    assert verify_inclusion(one.root, 2, 0, texts(2)[0], one.proof(0))
    for wrong in (one.proof(0)[0][:31], one.proof(0)[0] + b"\0", b""):
        assert not verify_inclusion(one.root, 2, 0, texts(2)[0], (wrong, SIGNED))


def records(count: int) -> list[bytes]:
    """Payments of one input, and the bytes of a signature for each."""
    made = [payment([1 + at], [(b"\1" * 20, 0, 5)], 9).packed for at in range(count)]
    return [one + bytes((at, at + 1)) * 32 for at, one in enumerate(made)]


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_a_root_binds_every_byte_of_every_signature(count: int) -> None:
    """So that a forged body does not lead to a block's root: a watcher judges the block's own signatures or none."""
    good = records(count)
    root = BlockTree.of_records(good).root
    for at, record in enumerate(good):
        for byte in (len(record) - 64, len(record) - 1):
            forged = record[:byte] + bytes((record[byte] ^ 1,)) + record[byte + 1 :]
            assert BlockTree.of_records([*good[:at], forged, *good[at + 1 :]]).root != root
    swapped = [one[:-64] + good[at - 1][-64:] for at, one in enumerate(good)]
    assert (BlockTree.of_records(swapped).root != root) == (count > 1)


def test_a_hash_of_signatures_has_32_bytes() -> None:
    for wrong in (b"", SIGNED[:31], SIGNED + b"\0"):
        with pytest.raises(TreeMalformed):
            BlockTree(texts(2), wrong)


def test_the_hash_of_signatures_is_over_all_of_them_as_they_follow() -> None:
    fees = fee_transaction(4, [(b"\1" * 20, 0, 5)]).packed
    two = payment([1, 2], [(b"\1" * 20, 0, 5)], 9).packed
    assert signatures_hash([fees]) == keccak(b"")
    rows = [records(1)[0], fees, two + b"\7" * 128]
    assert signatures_hash(rows) == keccak(records(1)[0][-64:] + b"\7" * 128)


# ------------------------------------------------------------------------------------------------------- headers


@given(st.binary(min_size=32, max_size=32), st.integers(0, 2**40 - 1), st.integers(1, 65_536))
def test_a_header_survives(root: bytes, time: int, count: int) -> None:
    header = Header(root, time, count)
    assert header.encoded == root + (time << 32 | count).to_bytes(32, "big")
    assert decode_header(header.encoded) == header
    assert header.hash == keccak(header.encoded)


@given(mutated(st.builds(Header, st.just(b"\7" * 32), st.integers(0, 2**40 - 1), st.integers(1, 65_536)).map(
    lambda header: header.encoded
)))  # fmt: skip
def test_a_changed_header_is_refused_or_another_one(encoded: bytes) -> None:
    try:
        assert decode_header(encoded).encoded == encoded
    except HeaderMalformed:
        word = int.from_bytes(encoded[32:], "big")
        assert len(encoded) != 64 or word >> 72 or not 1 <= word & 0xFFFFFFFF <= 65_536


@pytest.mark.parametrize("fields", [(b"", 0, 1), (EMPTY, -1, 1), (EMPTY, 2**40, 1), (EMPTY, 0, 0), (EMPTY, 0, 65_537)])
def test_what_is_no_header_cannot_be_made(fields: tuple[bytes, int, int]) -> None:
    with pytest.raises(HeaderMalformed):
        Header(*fields)


def test_a_header_judges_proofs() -> None:
    tree = tree_of(texts(7))
    header = Header(tree.root, 5, 7)
    assert header.includes(3, texts(7)[3], tree.proof(3))
    assert not header.includes(4, texts(7)[3], tree.proof(3))


# -------------------------------------------------------------------------------------------------------- bodies


@st.composite
def batches(draw: st.DrawFn) -> list[Signed]:
    found = draw(st.lists(TRANSACTIONS, min_size=1, max_size=5))
    word = st.binary(min_size=64, max_size=64)
    return [Signed(one, tuple(draw(word) for _ in one.inputs)) for one in found]


@given(batches())
def test_a_body_survives(batch: list[Signed]) -> None:
    assert decode_body(encode_body(batch)) == batch


@settings(max_examples=300)
@given(mutated(batches().map(encode_body)) | st.binary(max_size=300))
def test_a_changed_body_is_refused_or_another_one(body: bytes) -> None:
    try:
        assert encode_body(decode_body(body)) == body
    except BodyMalformed:
        return


def test_every_cut_of_a_body_is_refused_or_ends_between_transactions() -> None:
    one = Signed(payment([1, 2], [(b"\1" * 20, 0, 1)], 5), (b"\2" * 64, b"\3" * 64))
    body = encode_body([one, one])
    half = len(body) // 2
    for cut in range(len(body)):
        if cut == half:
            assert decode_body(body[:cut]) == [one]
            continue
        with pytest.raises(BodyMalformed):
            decode_body(body[:cut])


def test_a_body_has_one_signature_for_each_input() -> None:
    one = payment([1, 2], [(b"\1" * 20, 0, 1)], 5)
    for wrong in ((), (b"\2" * 64,), (b"\2" * 64,) * 3, (b"\2" * 64, b"\2" * 65)):
        with pytest.raises(BodyMalformed):
            encode_body([Signed(one, wrong)])


def test_a_body_of_nothing_or_too_much_is_refused() -> None:
    one = Signed(payment([1], [(b"\1" * 20, 0, 1)], 5), (b"\2" * 64,))
    with pytest.raises(BodyMalformed):
        decode_body(b"")
    with pytest.raises(BodyMalformed):
        encode_body([])
    with pytest.raises(BodyMalformed):
        encode_body([one] * 65_537)
    most = encode_body([one]) * 65_536
    assert len(decode_body(most)) == 65_536
    with pytest.raises(BodyMalformed):
        decode_body(most + encode_body([one]))
