"""The rollup in the ape console: the same objects as in a script, accepting ape accounts."""

from __future__ import annotations

from pathlib import Path

from ape.api import AccountAPI
from ape.managers.chain import ChainManager

from layer2.ape.connection import connection_from_ape
from layer2.ethereum.signer import Signer, as_signer
from layer2.primitives.errors import InputError
from layer2.rollup.facade import RollupFacade
from layer2.rollup.l1.contract import DEVNET, Profile

__all__ = ["ConsoleRollup", "ConsoleRollups"]


class ConsoleRollup(RollupFacade):
    """A rollup that accepts an ape account for any signer."""


class ConsoleRollups:
    """The rollup family on the chain of ape's provider. `operator` is the sequencer unless another is given."""

    family = "rollup"

    def __init__(self, chain: ChainManager, operator: AccountAPI) -> None:
        self._chain = chain
        self._operator = operator

    def __repr__(self) -> str:
        return "<rollup: devnet(); help_l2(rollup) shows the rest>"

    def devnet(
        self,
        *,
        sequencer: AccountAPI | Signer | None = None,
        challenger: AccountAPI | Signer | None = None,
        profile: Profile = DEVNET,
        store: str | Path | None = None,
        least_fee: int = 0,
    ) -> ConsoleRollup:
        """Deploy a rollup and start its parts; `store`: the folder of the sequencer's journal."""
        made = ConsoleRollup.devnet(
            connection_from_ape(self._chain.provider),
            as_signer(sequencer or self._operator),
            challenger=None if challenger is None else as_signer(challenger),
            profile=profile,
            folder=store,
            least_fee=least_fee,
        )
        if not isinstance(made, ConsoleRollup):
            raise InputError(f"{made!r}: not created by this console", hint="use rollup.devnet")
        return made
