"""When the rollup is frozen everybody gets what the last final state says, whatever kind of key it is under."""

from __future__ import annotations

import pytest

from layer2.ethereum.errors import ContractReverted


def test_an_account_of_a_bls_key_is_not_lost(l2, chain, people) -> None:
    """Its owner has no address, and nothing can be forced any more: there must be a way out all the same."""
    payer = l2.wallet(people.payer)
    payer.deposit("2 ether")
    l2.sequencer.open_account(payer.bls.public)
    l2.post()
    account = payer.account(bls=True)
    payer.deposit("3 ether", to=account)
    l2.post()
    l2.settle()
    payer.deposit("1 ether")  # something has to wait
    chain.advance(l2.profile.freeze_after + 1)
    alone = l2.wallet(people.payer, with_sequencer=False)
    alone.freeze()
    before = chain.balance(people.payer.address)
    receipt = alone.escape(account)
    assert chain.balance(people.payer.address) - before + receipt.gas_used * receipt.effective_gas_price == 3 * 10**18
    with pytest.raises(ContractReverted, match="AlreadyPaid"):
        alone.escape(account)
