"""A window in which nobody can answer is refused on a public chain, and only told of on a development chain."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from layer2.channels.contract.hub import PUBLIC, HubContract
from layer2.channels.hub import HubFacade
from layer2.ethereum.connection import Connection
from layer2.ethereum.sender import Sender
from layer2.ethereum.windows import LEAST_WINDOW, WindowTooShort, require_windows, short_windows
from layer2.plasma.coins.chain.contract import COIN_PUBLIC, CoinChain
from layer2.plasma.payments.chain.contract import PUBLIC as PLASMA_PUBLIC
from layer2.plasma.payments.chain.contract import RootChain
from layer2.rollup.l1.contract import PUBLIC as ROLLUP_PUBLIC
from layer2.rollup.l1.contract import RollupContract


@pytest.fixture
def public(chain: Connection, monkeypatch: pytest.MonkeyPatch) -> Connection:
    """The chain as one where time goes its own way."""
    monkeypatch.setattr(type(chain), "is_dev", property(lambda _: False))
    return chain


def deploys(sender: Sender, seconds: int) -> dict[str, Any]:
    who = sender.address
    return {
        "hub": lambda: HubContract.deploy_contract(sender.connection, sender, replace(PUBLIC, min_delay=seconds)),
        "rollup": lambda: RollupContract.deploy(sender, who, replace(ROLLUP_PUBLIC, window=seconds)),
        "plasma": lambda: RootChain.deploy(sender, who, replace(PLASMA_PUBLIC, exit_period=seconds)),
        "data": lambda: RootChain.deploy(sender, who, replace(PLASMA_PUBLIC, data_delay=seconds)),
        "coins": lambda: CoinChain.deploy(sender, who, replace(COIN_PUBLIC, exit_period=seconds)),
    }


@pytest.mark.parametrize("what", ["hub", "rollup", "plasma", "data", "coins"])
@pytest.mark.parametrize("seconds", [1, LEAST_WINDOW - 1])
def test_what_nobody_can_keep_is_not_deployed_on_a_public_chain(public, people, what, seconds) -> None:
    before = public.block_number()
    with pytest.raises(WindowTooShort, match=f"of {seconds} s"):
        deploys(Sender(public, people.operator), seconds)[what]()
    assert public.block_number() == before


def test_the_least_window_is_taken_on_a_public_chain_and_any_on_another(public, people, monkeypatch) -> None:
    require_windows(public, window=LEAST_WINDOW)
    assert deploys(Sender(public, people.operator), LEAST_WINDOW)["hub"]()
    monkeypatch.undo()
    require_windows(public, window=1)
    assert deploys(Sender(public, people.operator), 1)["hub"]()


def test_a_channel_with_such_a_window_is_not_opened(chain, people, tmp_path, monkeypatch) -> None:
    quick = HubFacade.deploy(chain, people.operator, store=tmp_path / "quick")
    slow = HubFacade.deploy(chain, people.operator, store=tmp_path / "slow", profile=PUBLIC)
    monkeypatch.setattr(type(chain), "is_dev", property(lambda _: False))
    before = chain.block_number()
    with pytest.raises(WindowTooShort):
        quick.open(people.payer, people.payee, deposit="1 ether", dispute="1 second")
    assert chain.block_number() == before
    assert not (tmp_path / "quick").exists() or list((tmp_path / "quick").iterdir()) == []
    slow.open(people.payer, people.payee, deposit="1 ether", dispute="1 hour")
    for one in (quick, slow):
        one.release()


def test_the_sentence_names_the_window() -> None:
    assert short_windows(exit_period=1, window=600) == [
        "exit period of 1 s: nobody can be sure to answer in it, 600 s needed"
    ]
