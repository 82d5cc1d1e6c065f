"""An offer of a withdrawal comes back as it was written; everything else is refused by one kind of error."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layer2.primitives.addresses import to_address
from layer2.primitives.errors import MalformedError
from layer2.rollup.state.state import Withdrawal
from layer2.rollup.wallet.claim_offer import ClaimOffer

SELLER, BUYER, ROLLUP = (to_address(bytes([at]) * 20) for at in (1, 2, 3))
OFFER = ClaimOffer(ROLLUP, b"\7" * 32, 5, Withdrawal(SELLER, 3, 10**18), BUYER, 1_800_000_000, b"\1" * 65)


def test_an_offer_comes_back_as_it_was_written() -> None:
    assert ClaimOffer.from_json(OFFER.to_json()) == OFFER
    assert OFFER.place == "07" * 32 + ":5"


@pytest.mark.parametrize("name", sorted(OFFER.to_json()))
@pytest.mark.parametrize(
    "value", [None, -1, 1 << 200, "", "0x", "0xzz", "1" * 5000, [], {}, True, 1.5, "0x" + "00" * 9999]
)
def test_an_offer_with_a_wrong_field_is_malformed(name: str, value: Any) -> None:
    with pytest.raises(MalformedError, match="not an offer"):
        ClaimOffer.from_json({**OFFER.to_json(), name: value})
    with pytest.raises(MalformedError, match="not an offer"):
        ClaimOffer.from_json({key: one for key, one in OFFER.to_json().items() if key != name})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(sorted(OFFER.to_json())), inner),
)


@given(JSON)
def test_only_a_malformed_error_comes_out_of_anything(value: Any) -> None:
    with pytest.raises(MalformedError):
        ClaimOffer.from_json(value)
