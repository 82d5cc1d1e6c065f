"""Random channel keys and signed messages, and the actors that sign them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from layer2.channels.protocol.channel_key import ChannelKey
from layer2.channels.protocol.locks import Lock
from layer2.channels.protocol.messages import MESSAGES
from layer2.primitives.addresses import ZERO_ADDRESS, to_address
from layer2.primitives.ecdsa import PrivateKey
from layer2.primitives.typed_data import Domain, Member, TypedMessage

PAYER, PAYEE, SESSION, TOWER, ATTACKER = (PrivateKey(bytes([n]) * 32) for n in range(1, 6))

addresses = st.binary(min_size=20, max_size=20).map(to_address)
words = st.binary(min_size=32, max_size=32)


def numbers(bits: int) -> st.SearchStrategy[int]:
    return st.one_of(st.integers(0, 100), st.integers(0, (1 << bits) - 1), st.just((1 << bits) - 1))


@st.composite
def keys(draw: st.DrawFn) -> ChannelKey:
    a, b = draw(st.lists(addresses.filter(lambda one: one != ZERO_ADDRESS), min_size=2, max_size=2, unique=True))
    token = draw(st.one_of(st.just(ZERO_ADDRESS), addresses))
    return ChannelKey(a, b, token, draw(numbers(32)), draw(numbers(32)), draw(numbers(64)), simplex=draw(st.booleans()))


def value_of(member: Member) -> st.SearchStrategy[Any]:
    if member.type == "address":
        return addresses
    if member.type == "bytes32":
        return words
    if member.type == "bool":
        return st.booleans()
    if member.type.startswith("uint"):
        return numbers(int(member.type[4:]))
    bits = int(member.type[3:])
    return st.integers(-(1 << bits - 1), (1 << bits - 1) - 1)


def messages_of(kind: type[TypedMessage]) -> st.SearchStrategy[TypedMessage]:
    return st.builds(kind, **{member.field: value_of(member) for member in kind.MEMBERS})


messages = st.sampled_from(MESSAGES).flatmap(messages_of)
domains = st.builds(Domain, st.just("layer2 ChannelHub"), st.just("1"), numbers(64), addresses)
locks = st.builds(Lock, st.integers(1, (1 << 112) - 1), numbers(48), st.integers(0, 2), words)
