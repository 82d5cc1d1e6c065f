"""A complete plasma chain in one object, for the console, scripts and tests: contract, operator, watcher, wallets."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

from layer2.ethereum.connection import Connection
from layer2.ethereum.sender import Sender
from layer2.ethereum.signer import Signer, as_signer
from layer2.plasma.coins.devnet import LocalCoins
from layer2.plasma.common.watcher.alerts import Report
from layer2.plasma.common.watcher.block_sources import LocalBodies
from layer2.plasma.payments.chain.contract import DEVNET, Profile, RootChain
from layer2.plasma.payments.chain.follower import ChainLog
from layer2.plasma.payments.chain.state import RootChainState
from layer2.plasma.payments.operator.client_protocol import LocalOperator
from layer2.plasma.payments.operator.operator import Operator
from layer2.plasma.payments.utxo.fees import FeePolicy
from layer2.plasma.payments.wallet.wallet import LIFETIME, Wallet
from layer2.plasma.payments.watcher.watcher import Watcher
from layer2.primitives.addresses import Address

__all__ = ["LocalPlasma"]


class LocalPlasma:
    """A newly deployed root chain with its operator, watcher and wallets in this process.

    Args:
        folder: directory of the operator's journal and block bodies, and of the wallets' stores; by default a temporary
            one.
        margin: number of L1 blocks above a deposit before the operator lets it be spent.
        watcher: account that signs the watcher's transactions; without it, the watcher only observes.
    """

    wallet_type: type[Wallet] = Wallet

    def __init__(
        self,
        connection: Connection,
        operator: Signer,
        *,
        profile: Profile = DEVNET,
        folder: Path | None = None,
        policy: FeePolicy | None = None,
        margin: int = 0,
        watcher: Signer | None = None,
    ) -> None:
        self.connection = connection
        self.profile = profile
        if folder is None:
            folder = Path(tempfile.mkdtemp(prefix="layer2-plasma-"))
            weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        self.folder = folder
        operator = as_signer(operator)
        sender = Sender(connection, operator)
        self.start_block = connection.block_number()
        self.root = RootChain.deploy(sender, operator.address, profile)
        self.chain_state = self.new_chain_state()
        chain = ChainLog(self.root, sender, start_block=self.start_block)
        place = folder / f"operator-{self.root.address[2:10].lower()}"
        self.operator = Operator(chain, place, fee_owner=operator.address, policy=policy, margin=margin)
        self.gate = LocalOperator(self.operator)
        acting = None if watcher is None else Sender(connection, watcher)
        bodies = LocalBodies(self.operator.store)
        self.watcher = Watcher(self.root, bodies, sender=acting, start_block=self.start_block)
        self._wallets: dict[Address, Wallet] = {}
        self._signer = operator
        self._coins: LocalCoins | None = None

    def __repr__(self) -> str:
        return f"<LocalPlasma {self.root.address} blocks={self.root.head()[1] - 1}>"

    def close(self) -> None:
        """Close all files."""
        self.operator.close()
        self.watcher.close()
        for one in self._wallets.values():
            one.close()
        self._wallets.clear()
        if self._coins is not None:
            self._coins.close()

    def coins(self, signer_of: Callable[[Any], Signer] | None = None) -> LocalCoins:
        """Return the coin chain with the same operator, deployed on the first call."""
        if self._coins is None:
            self._coins = LocalCoins(self.connection, self._signer, folder=self.folder, signer_of=signer_of)
        return self._coins

    def new_chain_state(self) -> RootChainState:
        """Return a new, independent projection of the root chain's events."""
        return RootChainState(self.root, start_block=self.start_block)

    def wallet(self, signer: Signer, *, with_operator: bool = True, lifetime: int = LIFETIME) -> Wallet:
        """Return the wallet of an account.

        Args:
            with_operator: if False, return a new wallet with an empty store that uses only L1.
            lifetime: number of blocks within which a payment must be included.
        """
        signer = as_signer(signer)
        if not with_operator:
            place = tempfile.mkdtemp(prefix="alone-", dir=self.folder)
            return Wallet(self.root, signer, Path(place) / "wallet", self.new_chain_state(), lifetime=lifetime)
        found = self._wallets.get(signer.address)
        if found is None:
            found = self.wallet_type(
                self.root, signer, self.wallet_store_of(signer), self.chain_state, self.gate, lifetime=lifetime
            )
            self._wallets[signer.address] = found
        return found

    def watch(self) -> Report:
        """Run one step of the watcher and set its first bad block as `distrusted` in all wallets."""
        report = self.watcher.step()
        for one in self._wallets.values():
            one.distrusted = self.watcher.bad_block
        return report

    def wallet_store_of(self, signer: Signer) -> Path:
        """Return the path of an account's wallet store."""
        return self.folder / f"wallet-{self.root.address[2:10].lower()}-{signer.address[2:].lower()}"

    @property
    def wallets(self) -> list[Wallet]:
        """The wallets opened in this process."""
        return list(self._wallets.values())
