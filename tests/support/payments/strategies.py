"""What the tests of plasma draw: transactions of every shape, and bytes that are nearly right."""

from __future__ import annotations

from hypothesis import strategies as st

from layer2.plasma.protocol.transaction import Deposit, Kind, Output, Transaction

OWNERS = st.binary(min_size=20, max_size=20).filter(any)
AMOUNTS = st.integers(1, 2**96 - 1)
TOKENS = st.integers(0, 2**16 - 1)
EXPIRIES = st.integers(1, 2**40 - 1)
POSITIONS = st.integers(0, 2**64 - 1)
OUTPUTS = st.lists(st.builds(Output, OWNERS, TOKENS, AMOUNTS), min_size=1, max_size=4).map(tuple)
MEMOS = st.just(b"") | st.binary(min_size=32, max_size=32).filter(any)
INPUTS = st.lists(POSITIONS, min_size=1, max_size=4, unique=True).map(lambda found: tuple(sorted(found)))

PAYMENTS = st.builds(Transaction, st.just(Kind.PAYMENT), EXPIRIES, INPUTS, OUTPUTS, MEMOS)
FEES = st.builds(Transaction, st.just(Kind.FEE), EXPIRIES, st.just(()), OUTPUTS)
TRANSACTIONS = PAYMENTS | FEES
DEPOSITS = st.builds(Deposit, st.integers(1, 2**39 - 1), OWNERS, TOKENS, AMOUNTS, st.integers(0, 2**40 - 1))


@st.composite
def mutated(draw: st.DrawFn, data: st.SearchStrategy[bytes]) -> bytes:
    """Right bytes after one to three small changes: a bit, a byte, a piece left out, doubled, put in or moved."""
    found = bytearray(draw(data))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, max(0, len(found) - 1)))
        end = at + draw(st.integers(0, 40))
        change = draw(st.sampled_from(["bit", "byte", "cut", "double", "insert", "end", "swap"]))
        if change == "bit" and found:
            found[at] ^= 1 << draw(st.integers(0, 7))
        elif change == "byte" and found:
            found[at] = draw(st.sampled_from([0, 1, 2, 0x7F, 0x80, 0x81, 0xFF, 0x11, 0x50, 0x15]))
        elif change == "cut":
            del found[at:end]
        elif change == "double":
            found[at:at] = found[at:end]
        elif change == "insert":
            found[at:at] = draw(st.binary(max_size=40))
        elif change == "end":
            found += draw(st.binary(max_size=3)) + bytes(draw(st.integers(0, 34)))
        elif change == "swap":
            found[at:end] = found[at:end][::-1]
    return bytes(found)
