"""Plasma: payments of unspent outputs, and indivisible coins, with exits that need no operator.

The names listed in `__all__` are the public API: documented, and stable within a minor version. Everything else is
internal and may move.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from layer2.primitives.public_names import public_names

if TYPE_CHECKING:
    from layer2.plasma.coins.chain.contract import CoinChain
    from layer2.plasma.coins.devnet import LocalCoins
    from layer2.plasma.coins.operator.operator import CoinOperator
    from layer2.plasma.coins.wallet.wallet import CoinWallet
    from layer2.plasma.coins.watcher.watcher import CoinWatcher
    from layer2.plasma.devnet import LocalPlasma
    from layer2.plasma.facade import PlasmaFacade
    from layer2.plasma.payments.chain.contract import RootChain
    from layer2.plasma.payments.operator.operator import Operator
    from layer2.plasma.payments.wallet.wallet import Wallet
    from layer2.plasma.payments.watcher.watcher import Watcher

__all__ = [
    "CoinChain",
    "CoinOperator",
    "CoinWallet",
    "CoinWatcher",
    "LocalCoins",
    "LocalPlasma",
    "Operator",
    "PlasmaFacade",
    "RootChain",
    "Wallet",
    "Watcher",
]

__getattr__ = public_names(
    __name__,
    {
        "CoinChain": "plasma.coins.chain.contract",
        "CoinOperator": "plasma.coins.operator.operator",
        "CoinWallet": "plasma.coins.wallet.wallet",
        "CoinWatcher": "plasma.coins.watcher.watcher",
        "LocalCoins": "plasma.coins.devnet",
        "LocalPlasma": "plasma.devnet",
        "Operator": "plasma.payments.operator.operator",
        "PlasmaFacade": "plasma.facade",
        "RootChain": "plasma.payments.chain.contract",
        "Wallet": "plasma.payments.wallet.wallet",
        "Watcher": "plasma.payments.watcher.watcher",
    },
)
