"""Only typed errors come out of what reads bytes or text from others, at any bytes, depth and size."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.support.channels.stand_in import NOW, hash_locked, make_key

from layer2.channels.party.event_codec import (
    decode_event,
    decode_join,
    decode_state,
    encode_event,
    encode_join,
    encode_state,
)
from layer2.channels.party.events import Claimable, LocksReceived, Signed
from layer2.channels.party.state import State
from layer2.channels.protocol.channel_key import ChannelKey
from layer2.channels.protocol.json_codec import decode, encode
from layer2.channels.protocol.lock_openings import Opening
from layer2.channels.protocol.messages import Session
from layer2.channels.protocol.proofs import Acceptance, LockPayment, Payment
from layer2.channels.protocol.session_keys import SessionGrant, SessionProof
from layer2.channels.watchtower.pending_transactions import PendingTransaction, decode_flight, encode_flight
from layer2.channels.watchtower.records import DirectionRecord, WatchedChannel, decode_watched, encode_watched
from layer2.ethereum.backend import CallRequest
from layer2.ethereum.cursor import Cursor
from layer2.ethereum.fees import Fees
from layer2.ethereum.sender import Pending
from layer2.primitives.errors import InputError, MalformedError

KEY = make_key()
SIG = b"s" * 65
LOCKS = (hash_locked(5), hash_locked(6))
PROOF = LockPayment(KEY.id, 7, 2, LOCKS, SIG)
GRANT = SessionGrant(Session(KEY.id, KEY.b, 5, NOW, 1), KEY.a, SIG, 3, 4)
GUARD = DirectionRecord(
    "A", Payment(KEY.id, 9, SIG), PROOF, SIG, (Opening(0, b"p" * 32), Opening(1, b"r", b"c")), GRANT
)
PENDING = Pending(7, CallRequest(KEY.a, b"data", 0, KEY.b), 90_000, Fees(5, 1), 0, hashes=[b"h" * 32])
FLIGHT = PendingTransaction((KEY.id, "post", "A"), KEY.token, 5, NOW, PENDING)
SESSION_PROOF = SessionProof(GRANT.session, SIG, b"k" * 64).encode()

READERS: dict[str, tuple[Callable[[bytes], object], bytes]] = {
    "event": (decode_event, encode_event(LocksReceived(7, 2, LOCKS, SIG, SIG, NOW, 5))),
    "voucher": (decode_event, encode_event(Signed(5, SIG))),
    "claimVouchers": (decode_event, encode_event(Claimable(LOCKS[0], 5, b"resolution"))),
    "join": (decode_join, encode_join(KEY, "A", False)),
    "state": (decode_state, encode_state(State(KEY, "A", 5, 6), True)),
    "watched": (decode_watched, encode_watched(WatchedChannel(KEY, {"A": GUARD}))),
    "flight": (decode_flight, encode_flight(FLIGHT)),
    "cursor": (Cursor.from_bytes, Cursor(1, b"f" * 32, 3, 3).to_bytes()),
    "key": (ChannelKey.decode, KEY.encode()),
    "grant": (SessionGrant.decode, GRANT.encode()),
    "session proof": (lambda data: SessionProof.parse(KEY.id, data), SESSION_PROOF),
    "payment": (lambda data: decode(data.decode("latin-1"), Payment), encode(Payment(KEY.id, 5, SIG), KEY).encode()),
    "locks": (lambda data: decode(data.decode("latin-1"), LockPayment), encode(PROOF, KEY).encode()),
    "acceptance": (
        lambda data: decode(data.decode("latin-1"), Acceptance),
        encode(Acceptance(KEY.id, "A", 2, b"h" * 32, SIG), KEY).encode(),
    ),
}
EVERY = pytest.mark.parametrize("name", READERS)


@EVERY
def test_what_was_written_is_read(name: str) -> None:
    read, written = READERS[name]
    read(written)


@EVERY
@given(data=st.binary(max_size=300))
@example(data=b"")
@example(data=b"[" * 100_000)
@example(data=b'{"a":' * 50_000)
@example(data=b"1" * 5_000)
@example(data=b'{"key":' + b"9" * 5_000 + b"}")
def test_any_bytes_give_a_typed_error_or_a_value(name: str, data: bytes) -> None:
    with contextlib.suppress(InputError):
        READERS[name][0](data)


@EVERY
@given(cut=st.integers(0, 2_000), at=st.integers(0, 2_000), bit=st.integers(0, 7), tail=st.binary(max_size=40))
def test_cut_bent_and_extended_records_give_a_typed_error_or_a_value(
    name: str, cut: int, at: int, bit: int, tail: bytes
) -> None:
    read, written = READERS[name]
    bent = bytearray(written)
    bent[at % len(bent)] ^= 1 << bit
    for data in (written[: cut % len(written)], bytes(bent), written + tail, tail + written):
        with contextlib.suppress(InputError):
            read(data)


ODD = [None, True, -1, 1 << 64, 1 << 200, 1.5, float("nan"), "", "x", "0x", [], [[]], {}, {"a": 1}, "9" * 5_000]


@pytest.mark.parametrize("name", ["watched", "flight", "cursor", "payment", "locks", "acceptance"])
def test_every_member_replaced_by_something_odd_gives_a_typed_error_or_a_value(name: str) -> None:
    read, written = READERS[name]
    raw = json.loads(written)

    def places(value: object, path: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
        items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        return [path, *(place for key, inner in items for place in places(inner, (*path, key)))]

    tried = 0
    for path in places(raw):
        for odd in ODD:
            changed = json.loads(written)
            if path:
                inner = changed
                for key in path[:-1]:
                    inner = inner[key]
                inner[path[-1]] = odd
            else:
                changed = odd
            with contextlib.suppress(InputError):
                read(json.dumps(changed, separators=(",", ":")).encode())
            tried += 1
    assert tried > 100


def test_a_record_nested_deeper_than_any_reader_goes_is_refused() -> None:
    for opening in ("[", '{"layer2":'):
        with pytest.raises(MalformedError):
            decode(opening * 40_000, Payment)


@pytest.mark.parametrize(
    "change",
    [{"nonce": str(1 << 48)}, {"nonce": str(1 << 64)}, {"amount": str(1 << 128)}, {"locks": None}, {"locks": 5}],
)
def test_a_lock_proof_out_of_range_is_refused(change: dict[str, object]) -> None:
    raw = {**json.loads(encode(PROOF, KEY)), **change}
    with pytest.raises(MalformedError):
        decode(json.dumps(raw, separators=(",", ":")), LockPayment)


def test_more_locks_than_a_direction_can_have_are_refused() -> None:
    raw = json.loads(encode(PROOF, KEY))
    raw["locks"] = raw["locks"][:1] * 113
    with pytest.raises(MalformedError, match="at most"):
        decode(json.dumps(raw, separators=(",", ":")), LockPayment)
