"""The plasma chain in the ape console: the same objects as in a script, accepting ape accounts."""

from __future__ import annotations

from pathlib import Path

from ape.api import AccountAPI
from ape.managers.chain import ChainManager

from layer2.ape.connection import connection_from_ape
from layer2.ethereum.signer import Signer, as_signer
from layer2.plasma.facade import PlasmaFacade
from layer2.plasma.payments.chain.contract import DEVNET, Profile
from layer2.plasma.payments.utxo.fees import FeePolicy
from layer2.primitives.errors import InputError

__all__ = ["ConsolePlasma", "ConsolePlasmas"]


class ConsolePlasma(PlasmaFacade):
    """A plasma chain that accepts an ape account for any signer."""


class ConsolePlasmas:
    """The plasma family on the chain of ape's provider. `operator` runs it unless another account is given."""

    family = "plasma"

    def __init__(self, chain: ChainManager, operator: AccountAPI) -> None:
        self._chain = chain
        self._operator = operator

    def __repr__(self) -> str:
        return "<plasma: devnet(); help_l2(plasma) shows the rest>"

    def devnet(
        self,
        *,
        operator: AccountAPI | Signer | None = None,
        profile: Profile = DEVNET,
        store: str | Path | None = None,
        policy: FeePolicy | None = None,
    ) -> ConsolePlasma:
        """Deploy a root chain and start its operator; `store`: the folder of all files, `policy`: the required fees."""
        made = ConsolePlasma.devnet(
            connection_from_ape(self._chain.provider),
            as_signer(operator or self._operator),
            profile=profile,
            folder=store,
            policy=policy,
        )
        if not isinstance(made, ConsolePlasma):
            raise InputError(f"{made!r}: not created by this console", hint="use plasma.devnet")
        return made
