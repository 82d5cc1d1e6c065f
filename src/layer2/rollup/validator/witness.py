"""Witness for the re-execution of a segment by a fraud verifier: accounts in a multiproof, and positions.

Accounts are listed in the order of `Operations.sol`, which depends only on the bytes of the segment.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from eth_abi.abi import encode

from layer2.primitives.bls import is_key, key_hint, packed_key, signature_hint
from layer2.primitives.errors import MalformedError
from layer2.primitives.hashing import keccak
from layer2.rollup.derivation.replica import Replica
from layer2.rollup.protocol.compressed_amounts import fee_of
from layer2.rollup.protocol.frames import Frame, FrameType, decode_frame
from layer2.rollup.protocol.params import ACCOUNT_DEPTH, MAX_ACCOUNTS, MAX_NONCE, OPS_PER_SEGMENT, SEGMENTS_PER_FRAME
from layer2.rollup.state.commitments import NO_ITEM, NO_ROOTS, Assertion, ItemRecord, Roots
from layer2.rollup.state.forced_queue import Deposit, Forced, QueueItem, Scheme, apply_item
from layer2.rollup.state.signature_oracle import SignatureOracle
from layer2.rollup.state.state import State
from layer2.rollup.state.transition import admissible
from layer2.rollup.validator.data_opening import last_root_proof, pieces_of

__all__ = [
    "CHECKPOINT",
    "PROOF_TYPES",
    "SegmentPosition",
    "Witness",
    "endpoint_proof",
    "locate",
    "named_by_frame",
    "named_by_items",
    "signature_proof",
    "state_proof",
    "turns_on_signature",
]

CHECKPOINT = 256

_ADDING = (FrameType.WITHDRAWALS, FrameType.ECDSA_WITHDRAWALS)
"""Frame types for which a verifier reads the list of withdrawals, even if the frame has no effect."""

_ROOTS = "(bytes32,bytes32,bytes32,bytes32)"
_ITEM = "(bytes32,uint8,bytes32,uint32,uint64,uint32,bytes28,uint40)"
_FOUR = "(bytes,bytes,bytes,bytes)"
_SIX = "(bytes,bytes,bytes,bytes,bytes,bytes)"
_PLACE = f"(uint256,{_ITEM},{_ITEM})"
_PROOF = f"(uint256,{_ROOTS},{_ROOTS},{_PLACE},{_SIX},bytes[],bytes32[],bytes[],{_FOUR})"

PROOF_TYPES = (_PROOF, "bytes", "bytes")
"""ABI types of a proof for the state and signature verifiers: `Segment.Proof`, siblings, keys."""


@dataclass(frozen=True, slots=True)
class SegmentPosition:
    """Position of a segment.

    Attributes:
        entry: number of the entry, counted from 1.
        record: the entry.
        previous: the entry before it.
        offset: number of the segment in the entry.
    """

    entry: int
    record: ItemRecord
    previous: ItemRecord
    offset: int

    @property
    def queue_segments(self) -> int:
        """Number of segments in the entry that consume the queue; they come first."""
        return -(-(self.record.queue_end - self.previous.queue_end) // OPS_PER_SEGMENT)


@dataclass(frozen=True, slots=True)
class Witness:
    """Accounts named by a segment, opened under the root before it."""

    ids: list[int]
    leaves: list[bytes]
    siblings: list[bytes]
    hints: bytes
    branch: list[bytes]

    @classmethod
    def of(cls, state: State, named: Iterable[int], *, takes_out: bool) -> Witness:
        """Create the witness of accounts named in this order; `takes_out` is True if withdrawals may be added."""
        order = list(named)
        # A tree cannot be opened without a leaf; account 0 is never assigned.
        ids = sorted(set(order) or {0})
        place = {one: at for at, one in enumerate(ids)}
        leaves: list[bytes] = []
        for one in ids:
            account = state.accounts.get(one)
            word = 0 if account is None else account.token << 160 | account.nonce << 128 | account.balance
            leaves += [bytes(32) if account is None else account.owner, word.to_bytes(32, "big")]
        siblings = _multiproof(state, ids)
        hints = bytes(place[one] for one in order)
        return cls(ids, leaves, siblings, hints, state.withdrawal_branch() if takes_out else [])

    def as_tuple(self, *, keyed: bool = False) -> tuple[object, ...]:
        """Return ABI values for a fraud verifier; `keyed` leaves the owners out."""
        ids = b"".join(one.to_bytes(4, "big") for one in self.ids)
        rows = self.leaves[1::2] if keyed else self.leaves
        return (ids, b"".join(rows), self.hints, b"".join(self.branch))


def locate(replica: Replica, absolute: int) -> SegmentPosition:
    """Return the position of the segment that has `absolute` segments before it."""
    previous = NO_ITEM
    for index, entry in enumerate(replica.entries, 1):
        if absolute < entry.record.segments:
            return SegmentPosition(index, entry.record, previous, absolute - previous.segments)
        previous = entry.record
    raise IndexError(f"segment {absolute} is not in the inbox")


def named_by_frame(state: State, frame: Frame, half: int) -> list[int]:
    """Return the accounts named by one half of a frame, in the verifier's order."""
    if frame.kind is FrameType.SKIP or frame.token >= state.tokens:
        return []
    named: list[int] = []
    ops = frame.half(half)
    if frame.kind is FrameType.ACCOUNTS:
        valid = sum(is_key(op.key) for op in ops)
        return list(range(state.next_account, min(state.next_account + valid, MAX_ACCOUNTS)))
    if not ops:
        return named
    if fee_of(frame.fee):
        named.append(frame.receiver)
    for op in ops:
        named.append(op.sender)
        if op.target is None:
            named.append(op.to)
    return named


def named_by_items(state: State, items: Iterable[QueueItem]) -> list[int]:
    """Return the accounts named by queue items, in the verifier's order."""
    named: list[int] = []
    following = state.next_account
    for item in items:
        if isinstance(item, Deposit):
            if item.to:
                named.append(item.to)
            elif not any(item.owner[:12]) and any(item.owner) and following < MAX_ACCOUNTS:
                named.append(following)
                following += 1
        elif isinstance(item, Forced):
            named.append(item.account)
            if item.target is None and not item.to >> 32:
                named.append(item.to)
    return named


def state_proof(replica: Replica, claim: Assertion, segment: int) -> bytes:
    """Return the proof with which `StateVerifier` executes a segment of an assertion again."""
    opened = _open(replica, claim, segment)
    return opened.proof(opened.named)


def signature_proof(replica: Replica, claim: Assertion, segment: int) -> bytes:
    """Return the proof with which `SignatureVerifier` verifies the frame whose first half is `segment`."""
    opened = _open(replica, claim, segment)
    frame = opened.frame
    receiver = [frame.receiver] if fee_of(frame.fee) else []
    named = [*receiver, *(op.sender for op in frame.ops)]
    opened.keys = [_key_of(opened.state, one) for one in sorted(set(named))]
    opened.hints = [signature_hint(frame.signature)]
    return opened.proof(named, keyed=True)


def endpoint_proof(replica: Replica, claim: Assertion) -> bytes:
    """Return the proof with which `EndpointVerifier` compares the last root in a blob with the asserted root."""
    blob = replica.roots_blob(claim)
    if blob is None:
        raise MalformedError(f"claim {claim.id.hex()[:8]} has its roots in calldata", hint="the contract compares them")
    count = claim.segments - replica.claims[claim.parent].segments
    return encode(["bytes32", "bytes"], last_root_proof(blob, count))


def turns_on_signature(replica: Replica, claim: Assertion, segment: int) -> bool:
    """Return True if an assertion executes or skips a frame wrongly, and only the frame's signature decides."""
    opened = _open(replica, claim, segment)
    if opened.half != 0 or not opened.frame.kind.by_bls or not admissible(opened.state, opened.frame):
        return False
    start = opened.state.root
    right = next(opened.rest)
    given = replica.roots_of(claim)[segment]
    return (given == start) != (right == start)


@dataclass(slots=True)
class _Opened:
    """A segment of an assertion and the state before it."""

    replica: Replica
    claim: Assertion
    segment: int
    origin: State
    state: State
    rest: Iterator[bytes]
    place: SegmentPosition
    frame: Frame
    half: int
    items: list[bytes]
    later: list[bytes]
    named: list[int]
    keys: list[bytes]
    hints: list[bytes]

    def proof(self, named: list[int], *, keyed: bool = False) -> bytes:
        """Return the encoded proof with `named` accounts opened; `keyed`: the owners follow from the keys."""
        before = Roots.of(self.origin if self.segment == 0 else self.state)
        entry = self.replica.entries[self.place.entry - 1]
        offset = self.place.offset - self.place.queue_segments
        index = None if offset < 0 else offset // SEGMENTS_PER_FRAME
        takes_out = not keyed and (index is None or entry.frames()[index][0] in _ADDING)
        pieces = pieces_of(self.replica, self.claim, self.segment, max(0, self.half), entry, index)
        witness = Witness.of(self.state, named, takes_out=takes_out)
        row = (
            self.segment,
            before.as_tuple(),
            (Roots.of(self.origin) if self.segment == 1 else NO_ROOTS).as_tuple(),
            (self.place.entry, self.place.record.as_tuple(), self.place.previous.as_tuple()),
            pieces.as_tuple(),
            self.items,
            self.later,
            self.hints,
            witness.as_tuple(keyed=keyed),
        )
        return encode(PROOF_TYPES, [row, b"".join(witness.siblings), b"".join(self.keys)])


def _open(replica: Replica, claim: Assertion, segment: int) -> _Opened:
    parent = replica.claims[claim.parent]
    state, rest = replica.segments(parent, claim.inbox_end)
    for _ in range(segment):
        next(rest)
    place = locate(replica, parent.segments + segment)
    head = (replica, claim, segment, replica.state_of(parent), state, rest, place)
    if place.offset < place.queue_segments:
        start = place.previous.queue_end + place.offset * OPS_PER_SEGMENT
        end = min(start + OPS_PER_SEGMENT, place.record.queue_end)
        reach = min(-(-end // CHECKPOINT) * CHECKPOINT, place.record.queue_end)
        later = [keccak(raw) for raw in replica.raw_queue[end:reach]]
        coming = replica.queue[start:end]
        named = named_by_items(state, coming)
        speakers = _speakers(state, coming, replica.authority)
        return _Opened(*head, Frame(), -1, replica.raw_queue[start:end], later, named, *speakers)
    index = place.offset - place.queue_segments
    entry = replica.entries[place.entry - 1]
    frame = decode_frame(entry.frames()[index // 2])
    named = named_by_frame(state, frame, index % 2)
    opens = frame.kind is FrameType.ACCOUNTS and index % 2 == 0
    hints = [key_hint(op.key) for op in frame.ops] if opens else []
    return _Opened(*head, frame, index % 2, [], [], named, [], hints)


def _speakers(state: State, items: list[QueueItem], authority: SignatureOracle) -> tuple[list[bytes], list[bytes]]:
    """Return keys and hints of the items whose BLS signature is verified, in order."""
    keys: list[bytes] = []
    hints: list[bytes] = []
    state = state.copy()
    for item in items:
        if isinstance(item, Forced) and item.scheme == Scheme.BLS and len(item.signature) == 48:
            account = state.accounts.get(item.account)
            fits = account is not None and account.token == item.token and account.nonce < MAX_NONCE
            if account is not None and fits and not item.to >> 32 and account.address is None:
                keys.append(packed_key(state.keys[account.owner]))
                hints.append(signature_hint(item.signature))
        apply_item(state, item, authority)
    return keys, hints


def _key_of(state: State, index: int) -> bytes:
    """Return an account's key in the format of `Accounts.readKeyed`; without a key, zeros and the owner."""
    account = state.accounts.get(index)
    key = None if account is None else state.keys.get(account.owner)
    if key is not None:
        return packed_key(key)
    return bytes(160) + (bytes(32) if account is None else account.owner)


def _multiproof(state: State, ids: list[int]) -> list[bytes]:
    """Return siblings in the order of `Accounts.sol`: from each id up to where the next one joins.

    Siblings at or above the next free account are left out, because their subtrees are empty.
    """
    siblings: list[bytes] = []
    waiting = [ACCOUNT_DEPTH]
    for at, one in enumerate(ids):
        target = (one ^ ids[at + 1]).bit_length() - 1 if at + 1 < len(ids) else ACCOUNT_DEPTH
        for level in range(target):
            if level == waiting[-1]:
                waiting.pop()
                continue
            beside = one >> level ^ 1
            if beside << level < state.next_account:
                siblings.append(state.account_node(level, beside))
        waiting.append(target)
    return siblings
