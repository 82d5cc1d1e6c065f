"""What one entry consumes of a long queue is what the contract allows."""

from __future__ import annotations

import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from layer2.rollup.state.forced_queue import helping

INBOX = (Path(__file__).resolve().parents[3] / "contracts" / "rollup" / "Inbox.sol").read_text()
(MAX_CONSUME,) = (int(one) for one in re.findall(r"MAX_CONSUME = (\d+);", INBOX))
CHECKPOINT = 256


@given(consumed=st.integers(0, 2**32), waiting=st.integers(0, 10_000))
def test_a_helping_ends_where_the_contract_knows_the_queue_and_is_a_full_one(consumed: int, waiting: int) -> None:
    end = helping(consumed, consumed + waiting)
    assert consumed <= end <= consumed + waiting
    assert end - consumed <= MAX_CONSUME
    if waiting <= MAX_CONSUME:
        assert end == consumed + waiting
    else:
        # Only a full helping may leave overdue items behind.
        assert end % CHECKPOINT == 0
        assert end - consumed + CHECKPOINT > MAX_CONSUME
