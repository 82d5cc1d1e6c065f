"""A rollup for payments and tokens: all data on L1, fraud proofs, forced operations, escape from a stopped chain.

The names listed in `__all__` are the public API: documented, and stable within a minor version. Everything else is
internal and may move.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from layer2.primitives.public_names import public_names

if TYPE_CHECKING:
    from layer2.rollup.derivation.replica import Replica
    from layer2.rollup.devnet import LocalRollup
    from layer2.rollup.facade import RollupFacade
    from layer2.rollup.l1.batcher import Batcher
    from layer2.rollup.l1.contract import RollupContract
    from layer2.rollup.sequencer.sequencer import Sequencer
    from layer2.rollup.validator.challenger import Challenger
    from layer2.rollup.validator.proposer import Proposer
    from layer2.rollup.wallet.escape_hatch import force_withdrawal, freeze_and_escape, self_propose
    from layer2.rollup.wallet.wallet import Wallet

__all__ = [
    "Batcher",
    "Challenger",
    "LocalRollup",
    "Proposer",
    "Replica",
    "RollupContract",
    "RollupFacade",
    "Sequencer",
    "Wallet",
    "force_withdrawal",
    "freeze_and_escape",
    "self_propose",
]

__getattr__ = public_names(
    __name__,
    {
        "Batcher": "rollup.l1.batcher",
        "Challenger": "rollup.validator.challenger",
        "LocalRollup": "rollup.devnet",
        "Proposer": "rollup.validator.proposer",
        "Replica": "rollup.derivation.replica",
        "RollupContract": "rollup.l1.contract",
        "RollupFacade": "rollup.facade",
        "Sequencer": "rollup.sequencer.sequencer",
        "Wallet": "rollup.wallet.wallet",
        "force_withdrawal": "rollup.wallet.escape_hatch",
        "freeze_and_escape": "rollup.wallet.escape_hatch",
        "self_propose": "rollup.wallet.escape_hatch",
    },
)
