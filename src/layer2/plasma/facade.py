"""Plasma for consoles and scripts: deploys a complete development chain and returns wallets that sync themselves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from layer2.ethereum.connection import Connection
from layer2.ethereum.records import Receipt
from layer2.ethereum.signer import Signer, as_signer
from layer2.plasma.coins.devnet import LocalCoins
from layer2.plasma.common.watcher.alerts import Report
from layer2.plasma.devnet import LocalPlasma
from layer2.plasma.payments.chain.contract import DEVNET, Profile, RootChain
from layer2.plasma.payments.operator.operator import Operator
from layer2.plasma.payments.utxo.fees import FeePolicy
from layer2.plasma.payments.wallet.account import Utxo
from layer2.plasma.payments.wallet.payment_status import SentPayment
from layer2.plasma.payments.wallet.wallet import Wallet
from layer2.plasma.payments.watcher.watcher import Watcher
from layer2.primitives.addresses import Address, to_address

__all__ = ["DevnetWallet", "PlasmaFacade"]


class DevnetWallet(Wallet):
    """A wallet that syncs before payments, exits and queries; payees are wallets, accounts or addresses."""

    def send(
        self,
        to: Any,
        amount: str | int,
        *,
        token: int = 0,
        fee: str | int = 0,
        fee_token: int | None = None,
        memo: bytes = b"",
        expiry: int | None = None,
    ) -> SentPayment:
        """Sync, then pay `to`; the payment is included in the next block (`operator.submit_block()`)."""
        self.sync()
        rest = {"token": token, "fee": fee, "fee_token": fee_token, "memo": memo, "expiry": expiry}
        return super().send(_address_of(to), amount, **rest)  # type: ignore[arg-type]

    def split(self, amounts: Sequence[str | int], *, token: int = 0, fee: str | int = 0) -> SentPayment:
        """Sync, then split own outputs into outputs of these amounts."""
        self.sync()
        return super().split(amounts, token=token, fee=fee)

    def merge(self, token: int = 0, *, fee: str | int = 0) -> list[SentPayment]:
        """Sync, then merge own outputs of a token."""
        self.sync()
        return super().merge(token, fee=fee)

    def balance(self, token: int = 0, *, incomplete: bool = False) -> int:
        """Sync, then return the spendable balance in smallest units."""
        self.sync()
        return super().balance(token, incomplete=incomplete)

    def utxos(self, token: int | None = None) -> list[Utxo]:
        """Sync, then return the own outputs that no block has spent."""
        self.sync()
        return super().utxos(token)

    def exit_all(self, *, least: int = 0, doubtful: bool = False, incomplete: bool = False) -> list[Receipt]:
        """Sync, then start the exits of all own outputs and payments."""
        self.sync()
        return super().exit_all(least=least, doubtful=doubtful, incomplete=incomplete)


class PlasmaFacade:
    """A plasma chain with its operator, watcher and wallets in this process."""

    def __init__(self, local: LocalPlasma) -> None:
        local.wallet_type = DevnetWallet
        self.local = local
        self.connection = local.connection

    @classmethod
    def devnet(
        cls,
        connection: Connection,
        operator: Signer,
        *,
        profile: Profile = DEVNET,
        folder: str | Path | None = None,
        policy: FeePolicy | None = None,
        watcher: Signer | None = None,
    ) -> PlasmaFacade:
        """Deploy a root chain and start its operator.

        Args:
            folder: directory of all files; by default a temporary one.
            watcher: account that signs the watcher's transactions; without it, the watcher only observes.
        """
        place = None if folder is None else Path(folder)
        return cls(LocalPlasma(connection, operator, profile=profile, folder=place, policy=policy, watcher=watcher))

    def __repr__(self) -> str:
        blocks, pending = self.root.head()[1] - 1, self.operator.waiting
        return f"<Plasma {self.address} chain={self.connection.chain_id} blocks={blocks} pending={pending}>"

    @property
    def root(self) -> RootChain:
        """The root chain contract."""
        return self.local.root

    @property
    def operator(self) -> Operator:
        """The operator; `submit_block()` makes a block."""
        return self.local.operator

    @property
    def coins(self) -> LocalCoins:
        """The coin chain (NFTs, and deposits transferred as a whole), deployed on first use."""
        return self.local.coins(self.signer_of)

    @property
    def watcher(self) -> Watcher:
        """The watcher, which validates all blocks and exits; `watch()` lets it act and updates the wallets."""
        return self.local.watcher

    def watch(self) -> Report:
        """Run one step of the watcher and set the first bad block as `distrusted` in all wallets."""
        return self.local.watch()

    @property
    def address(self) -> Address:
        """Address of the root chain contract."""
        return self.root.address

    @property
    def exit_period(self) -> int:
        """Seconds after which every exit started so far can be claimed: 2 W, see `IRootChain.Config`."""
        return 2 * self.root.profile.exit_period

    def wallet(self, who: Any, *, with_operator: bool = True) -> Wallet:
        """Return the wallet of an account; without the operator, it is a new one that uses only L1."""
        return self.local.wallet(self.signer_of(who), with_operator=with_operator)

    def signer_of(self, who: Any) -> Signer:
        """Return a signer for an account of this project, of eth-account or of ape.

        Raises:
            SignerUnusable: `who` is anything else.
        """
        return as_signer(who)

    def claim_all(self) -> list[Receipt]:
        """Claim all payable exits of all wallets in this process."""
        return [receipt for one in self.local.wallets for receipt in one.claim_all()]

    def close(self) -> None:
        """Close all files."""
        self.local.close()


def _address_of(who: Any) -> str:
    if isinstance(who, Wallet):
        return who.signer.address
    return to_address(who if isinstance(who, str | bytes) else getattr(who, "address", who))
