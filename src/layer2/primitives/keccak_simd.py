"""Vectorised keccak-256 of many messages of 64 bytes, one in each lane of a vector register, and trees of such hashes.

The permutation is generated once, as LLVM instructions over vectors: 8 lanes with AVX-512, 4 with AVX2, else 2.

Words are little-endian. Messages and digests in lanes are interleaved: word `j` of message `m` is at
`(m // LANES * words + j) * LANES + m % LANES`.

A tree's nodes are in one array of rows of four words, level by level: `starts[level]` is the row of its first node,
`starts[depth + 1]` the number of rows. The part of the tree to the right of these nodes is empty.
"""

from __future__ import annotations

from typing import Any

from layer2.primitives.extras import needs
from layer2.primitives.numba_jit import compiled

with needs("rollup"):
    import numpy as np
    from llvmlite import binding, ir
    from numba import types
    from numba.core import cgutils as untyped_tools
    from numba.extending import intrinsic
    from numpy.typing import NDArray

__all__ = ["LANES", "digests", "settle"]

tools: Any = untyped_tools
Words = NDArray[np.uint64]
Numbers = NDArray[np.int64]

_ROUNDS = 24
_CONSTANTS = (
    0x0000000000000001, 0x0000000000008082, 0x800000000000808A, 0x8000000080008000, 0x000000000000808B,
    0x0000000080000001, 0x8000000080008081, 0x8000000000008009, 0x000000000000008A, 0x0000000000000088,
    0x0000000080008009, 0x000000008000000A, 0x000000008000808B, 0x800000000000008B, 0x8000000000008089,
    0x8000000000008003, 0x8000000000008002, 0x8000000000000080, 0x000000000000800A, 0x800000008000000A,
    0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
)  # fmt: skip
_TURNS = ((0, 36, 3, 41, 18), (1, 44, 10, 45, 2), (62, 6, 43, 15, 61), (28, 55, 25, 21, 56), (27, 20, 39, 8, 14))
"""Rotation of the word at column x, row y."""
_PAD = {8: 1, 16: 1 << 63}
"""Padding that follows 64 bytes in Ethereum's keccak, by word of the state."""


def _lanes() -> int:
    features = binding.get_host_cpu_features()
    return 8 if features.get("avx512f") else 4 if features.get("avx2") else 2


LANES = _lanes()
"""Number of messages hashed together."""

_WORD = ir.IntType(64)
_VECTOR = ir.VectorType(_WORD, LANES)


def _all(value: int) -> Any:
    return ir.Constant(_VECTOR, [ir.Constant(_WORD, value)] * LANES)


def _emit(_typing: Any, blocks: Any, digests: Any, group: Any) -> Any:

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        sources, targets = (
            _vectors(context, builder, kind, array, arguments[2], words)
            for kind, array, words in zip(signature.args[:2], arguments[:2], (8, 4), strict=True)
        )
        state = [tools.alloca_once(builder, _VECTOR) for _ in range(25)]
        for at, slot in enumerate(state):
            word = _load(builder, sources, at) if at < 8 else _all(_PAD.get(at, 0))
            builder.store(word, slot)
        _permute(builder, state)
        for at in range(4):
            builder.store(builder.load(state[at]), builder.gep(targets, [ir.Constant(_WORD, at)])).align = 8
        return context.get_dummy_value()

    return types.void(blocks, digests, group), generate


def _vectors(context: Any, builder: Any, kind: Any, array: Any, group: Any, words: int) -> Any:
    start = builder.mul(group, ir.Constant(_WORD, words * LANES))
    pointer = builder.gep(context.make_array(kind)(context, builder, array).data, [start])
    return builder.bitcast(pointer, _VECTOR.as_pointer())


def _load(builder: Any, vectors: Any, at: int) -> Any:
    found = builder.load(builder.gep(vectors, [ir.Constant(_WORD, at)]))
    found.align = 8
    return found


def _permute(builder: Any, state: list[Any]) -> None:
    table = ir.Constant(ir.ArrayType(_WORD, _ROUNDS), _CONSTANTS)
    constants = tools.global_constant(builder, "keccak_round_constants", table)
    with tools.for_range(builder, ir.Constant(_WORD, _ROUNDS)) as rounds:
        words = _round(builder, [builder.load(slot) for slot in state])
        constant = builder.load(builder.gep(constants, [ir.Constant(_WORD, 0), rounds.index]))
        words[0] = builder.xor(words[0], _spread(builder, constant))
        for slot, word in zip(state, words, strict=True):
            builder.store(word, slot)


def _round(builder: Any, a: list[Any]) -> list[Any]:
    xor = builder.xor
    columns = [xor(xor(xor(a[x], a[x + 5]), xor(a[x + 10], a[x + 15])), a[x + 20]) for x in range(5)]
    mixed = [xor(columns[(x + 4) % 5], _turn(builder, columns[(x + 1) % 5], 1)) for x in range(5)]
    b: list[Any] = [None] * 25
    for x in range(5):
        for y in range(5):
            b[y + 5 * ((2 * x + 3 * y) % 5)] = _turn(builder, xor(a[x + 5 * y], mixed[x]), _TURNS[x][y])
    return [
        xor(b[x + y], builder.and_(builder.not_(b[(x + 1) % 5 + y]), b[(x + 2) % 5 + y]))
        for y in range(0, 25, 5)
        for x in range(5)
    ]


def _turn(builder: Any, word: Any, bits: int) -> Any:
    if not bits:
        return word
    return builder.or_(builder.shl(word, _all(bits)), builder.lshr(word, _all(64 - bits)))


def _spread(builder: Any, word: Any) -> Any:
    index = ir.IntType(32)
    nothing = ir.Constant(_VECTOR, ir.Undefined)
    first = builder.insert_element(nothing, word, ir.Constant(index, 0))
    return builder.shuffle_vector(first, nothing, ir.Constant(ir.VectorType(index, LANES), [0] * LANES))


_hash_group: Any = intrinsic(_emit)
"""Function `(messages, digests, group)` that hashes one group of LANES messages; both arrays flat and interleaved."""


@compiled
def digests(messages: Words, groups: int) -> Words:
    """Return the digests of `groups` groups of LANES interleaved messages; used to measure the hashing alone."""
    result = np.empty(groups * LANES * 4, np.uint64)
    for group in range(groups):
        _hash_group(messages, result, group)
    return result


@compiled
def settle(
    nodes: Words, starts: Numbers, empty: Words, leaves: Numbers, messages: Words, ends: Numbers, roots: Words
) -> None:
    """Apply a list of changes to a tree, each of many leaves, and record the root after each.

    All changes are processed together, level by level, which gives enough independent messages to fill the lanes. A
    node's hash after a change depends on the nodes below it at that time, so the order of changes is kept within each
    level.

    Args:
        nodes: the nodes of the tree.
        starts: the first row of each level.
        empty: the root of an empty tree of each height.
        leaves: indices of the changed leaves, ascending and distinct within a change. Overwritten.
        messages: 8 words for each of them: the preimage of its leaf.
        ends: end of each change in `leaves`. Overwritten.
        roots: output, one row for each change.
    """
    depth = starts.size - 2
    count = ends[-1] if ends.size else 0
    groups = (count + LANES - 1) // LANES
    lanes = np.empty(groups * LANES * 8, np.uint64)
    hashes = np.empty(groups * LANES * 4, np.uint64)
    for at in range(count):
        place = at // LANES * 8 * LANES + at % LANES
        for word in range(8):
            lanes[place + word * LANES] = messages[at, word]
    for level in range(depth):
        for group in range((count + LANES - 1) // LANES):
            _hash_group(lanes, hashes, group)
        base, size = starts[level], starts[level + 1] - starts[level]
        at, count = 0, 0
        for change in range(ends.size):
            first, end = at, ends[change]
            while at < end:
                place = at // LANES * 4 * LANES + at % LANES
                for word in range(4):
                    nodes[base + leaves[at], word] = hashes[place + word * LANES]
                at += 1
            at = first
            while at < end:
                parent = leaves[at] >> 1
                at += 1
                if at < end and leaves[at] >> 1 == parent:
                    at += 1
                place = count // LANES * 8 * LANES + count % LANES
                left, right = 2 * parent, 2 * parent + 1
                for word in range(4):
                    lanes[place + word * LANES] = nodes[base + left, word]
                    lanes[place + (word + 4) * LANES] = (
                        nodes[base + right, word] if right < size else empty[level, word]
                    )
                leaves[count] = parent
                count += 1
            ends[change] = count
    for group in range((count + LANES - 1) // LANES):
        _hash_group(lanes, hashes, group)
    top, at = starts[depth], 0
    for change in range(ends.size):
        if ends[change] > at:
            place = at // LANES * 4 * LANES + at % LANES
            for word in range(4):
                nodes[top, word] = hashes[place + word * LANES]
            at = ends[change]
        for word in range(4):
            roots[change, word] = nodes[top, word]
