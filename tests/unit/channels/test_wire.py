"""The JSON form: read back as written, and nothing else is read."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.channels.strategies import locks, messages_of, words

from layer2.channels.locks import Lock, LockSet
from layer2.channels.messages import Close, LockVoucher, Session, Voucher
from layer2.channels.wire import MAX_BYTES, MESSAGE_TYPES, Signed, decode, encode
from layer2.primitives.errors import MalformedError

signatures = st.binary(min_size=1, max_size=300)
SIGNATURE = b"\x01" * 65
PLAIN = Signed(Voucher(b"\xab" * 32, 77), SIGNATURE)
LOCKS = LockSet((Lock(5, 90, 0, b"\xcd" * 32), Lock(6, 80, 1, b"\xce" * 32)))
LOCKED = Signed(LockVoucher(b"\xab" * 32, 77, 1, 11, 90, LOCKS.hash()), SIGNATURE, LOCKS)
ADDRESS = "0x00000000000000000000000000000000DeaDBeef"
GRANT = Signed(Session(b"\xab" * 32, ADDRESS, 1, 2, 3), SIGNATURE)  # type: ignore[arg-type]


@st.composite
def signed(draw: st.DrawFn) -> Signed:
    kind = draw(st.sampled_from(MESSAGE_TYPES))
    signature = draw(signatures)
    if kind is not LockVoucher:
        return Signed(draw(messages_of(kind)), signature)  # type: ignore[arg-type]
    items = LockSet(tuple(draw(st.lists(locks, max_size=4))))
    message = LockVoucher(draw(words), 1, 2, items.locked, items.last_expiry, items.hash())
    return Signed(message, signature, items)


@given(signed())
def test_what_is_written_is_read_back_and_written_the_same(item: Signed) -> None:
    text = encode(item)
    assert decode(text) == item
    assert decode(text, type(item.message)) == item
    assert encode(decode(text)) == text


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_refused_without_any_other_error(data: bytes) -> None:
    with pytest.raises(MalformedError):
        decode(data)


@given(signed(), st.data())
def test_a_changed_byte_is_refused_or_means_something_else(item: Signed, data: st.DataObject) -> None:
    text = encode(item)
    at = data.draw(st.integers(0, len(text) - 1))
    changed = text[:at] + bytes((data.draw(st.integers(0, 255)),)) + text[at + 1 :]
    try:
        other = decode(changed)
    except MalformedError:
        return
    assert (other == item) == (changed == text)


def body(item: Signed = PLAIN, **changes: Any) -> bytes:
    parts = {**json.loads(encode(item)), **changes}
    return json.dumps({name: value for name, value in parts.items() if value is not ...}).encode()


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (body(amount=77), "amount"),
        (body(amount="077"), "amount"),
        (body(amount="-1"), "amount"),
        (body(amount="+7"), "amount"),
        (body(amount=" 7"), "amount"),
        (body(amount="7\n"), "amount"),
        (body(amount="0x7"), "amount"),
        (body(amount="\u0667"), "amount"),
        (body(amount=""), "amount"),
        (body(amount=str(1 << 128)), "amount"),
        (body(amount=None), "amount"),
        (body(amount=...), "amount"),
        (body(amount=["7"]), "amount"),
        (body(channelId="0x" + "AB" * 32), "channelId"),
        (body(channelId="ab" * 32), "channelId"),
        (body(channelId="0x" + "ab" * 31), "channelId"),
        (body(channelId="0x" + "ab" * 31 + "a"), "channelId"),
        (body(channelId="0x" + "ab" * 32 + "\n"), "channelId"),
        (body(signature="0x"), "signature"),
        (body(signature="0xZZ"), "signature"),
        (body(signature=...), "signature"),
        (body(type="Cheque"), "type"),
        (body(type=["Voucher"]), "type"),
        (body(type=...), "type"),
        (body(memo="hello"), "memo"),
        (body(locks="0x"), "locks"),
        (body(LOCKED, locks=...), "locks"),
        (body(LOCKED, locks="0x" + LOCKS.encode()[:64].hex()), "locks"),
        (body(LOCKED, locks="0x" + LOCKS.encode()[:63].hex()), "locks"),
        (body(LOCKED, locked="12"), "locks"),
        (body(LOCKED, lastExpiry="91"), "locks"),
        (body(GRANT, key=ADDRESS.lower()), "key"),
        (body(GRANT, key=ADDRESS[:-1] + "F"), "key"),
        (body(GRANT, rights="256"), "rights"),
        (encode(PLAIN)[:-1] + b',"amount":"78"}', "amount"),
        (b"[]", "message"),
        (b"null", "message"),
        (b"", "message"),
        (b"\xff", "message"),
        (b"[" * 60_000, "message"),
        (b" " * (MAX_BYTES + 1), "message"),
        (encode(PLAIN) + b"{}", "message"),
    ],
)
def test_what_is_not_canonical_is_refused_and_the_field_named(data: bytes, field: str) -> None:
    with pytest.raises(MalformedError, match=f"^{field}: "):
        decode(data)


def test_another_type_than_expected_is_refused() -> None:
    assert decode(encode(PLAIN), Voucher, Close) == PLAIN
    with pytest.raises(MalformedError, match="^type: 'Voucher' given, need one of Close"):
        decode(encode(PLAIN), Close)


def test_a_message_too_long_to_be_read_is_not_written() -> None:
    with pytest.raises(MalformedError, match="^message: "):
        encode(Signed(PLAIN.message, b"\x01" * MAX_BYTES))


def test_locks_belong_to_lock_vouchers_only() -> None:
    assert LOCKED.locks == LOCKS
    with pytest.raises(MalformedError, match="^locks: "):
        Signed(PLAIN.message, SIGNATURE, LOCKS)
    with pytest.raises(MalformedError, match="^locks: "):
        Signed(LOCKED.message, SIGNATURE)
