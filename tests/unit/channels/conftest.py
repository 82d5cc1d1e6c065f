"""Two nodes of one channel over a stand-in for the chain."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.channels.stand_in import PAYEE, PAYER, StandInHub, make_key

from layer2.channels.party.party import Party


@pytest.fixture
def hub() -> StandInHub:
    return StandInHub()


@pytest.fixture
def payer(hub: StandInHub, tmp_path: Path) -> Party:
    node = Party.open(PAYER, hub, tmp_path / "payer.journal")
    node.join(make_key())
    return node


@pytest.fixture
def payee(hub: StandInHub, tmp_path: Path) -> Party:
    node = Party.open(PAYEE, hub, tmp_path / "payee.journal")
    node.join(make_key())
    return node
