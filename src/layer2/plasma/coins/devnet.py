"""A coin chain with its operator and users in one object, for the console, scripts and tests."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

from layer2.ethereum.connection import Connection
from layer2.ethereum.records import Receipt
from layer2.ethereum.sender import Sender
from layer2.ethereum.signer import Signer, as_signer
from layer2.plasma.coins.chain.contract import COIN_DEVNET, CoinChain, CoinProfile
from layer2.plasma.coins.chain.state import CoinChainState
from layer2.plasma.coins.operator.operator import CoinOperator
from layer2.plasma.coins.protocol.coin_history import History, Standing
from layer2.plasma.coins.protocol.transfer import SignedCoin
from layer2.plasma.coins.wallet.coin_store import CoinStore
from layer2.plasma.coins.wallet.exit_guard import GuardAction
from layer2.plasma.coins.wallet.wallet import CoinWallet
from layer2.primitives.addresses import Address, to_address
from layer2.primitives.units import parse_amount
from layer2.store.journal import Journal

__all__ = ["DevnetCoinWallet", "LocalCoins"]


class DevnetCoinWallet(CoinWallet):
    """A coin wallet in its operator's process that syncs before it acts; payees may be wallets or accounts."""

    def coins(self) -> list[int]:
        """Return the coins of this wallet."""
        self.sync()
        return super().coins()

    def deposit(self, amount: str | int) -> int:
        """Deposit ether (`"1 ether"`, or an integer in wei) as a new coin; return the coin's number."""
        return self.deposit_ether(parse_amount(amount))

    def deposit_nft(self, token: Any, number: int) -> int:
        """Deposit an NFT of a contract, given as object or address, as a new coin; return the coin's number."""
        return super().deposit_nft(_address_of(token), number)

    def send(self, coin: int, to: Any, *, expiry: int | None = None) -> SignedCoin:
        """Transfer a coin. The next block, made by `operator.submit_block()`, includes the transfer."""
        self.sync()
        return super().send(coin, _address_of(to), expiry=expiry)

    def receive(self, history: History | int) -> Standing:
        """Receive a coin, given by its number or by the history from the payer."""
        return self.fetch(history) if isinstance(history, int) else super().receive(history)

    def guard(self, *, though_signed: bool = False) -> list[GuardAction]:
        """Challenge exits of this wallet's coins by others, and answer challenges of its own exits."""
        self.sync()
        return super().guard(though_signed=though_signed)


class LocalCoins:
    """A newly deployed coin chain with an operator and users in this process.

    Args:
        folder: Folder of the operator's journal and block data and of the wallets' journals; temporary by default.
        margin: Confirmations of a deposit before the operator accepts a transfer of its coin.
        signer_of: Function that returns the signer of a front end's account object.
    """

    def __init__(
        self,
        connection: Connection,
        operator: Signer,
        *,
        profile: CoinProfile = COIN_DEVNET,
        folder: Path | None = None,
        margin: int = 0,
        signer_of: Callable[[Any], Signer] | None = None,
    ) -> None:
        self.connection = connection
        if folder is None:
            folder = Path(tempfile.mkdtemp(prefix="layer2-coins-"))
            weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        self.folder = folder
        self._signer_of = signer_of or as_signer
        operator = as_signer(operator)
        sender = Sender(connection, operator)
        self.start_block = connection.block_number()
        self.chain = CoinChain.deploy(sender, operator.address, profile)
        self._name = self.chain.address[2:10].lower()
        place = folder / f"coin-operator-{self._name}"
        self.operator = CoinOperator(self.chain, sender, place, start_block=self.start_block, margin=margin)
        self.chain_state = CoinChainState(self.chain, start_block=self.start_block)
        self._holders: dict[Address, tuple[DevnetCoinWallet, Journal]] = {}

    def __repr__(self) -> str:
        blocks, pending = self.chain.next_block() - 1, self.operator.waiting
        return f"<LocalCoins {self.chain.address} blocks={blocks} pending={pending}>"

    @property
    def address(self) -> Address:
        """Address of the contract."""
        return self.chain.address

    @property
    def exit_period(self) -> int:
        """Seconds from the start of an exit until it can be paid out."""
        return self.chain.profile.exit_period

    def wallet(self, who: Any) -> DevnetCoinWallet:
        """Return the wallet of an account."""
        signer = self._signer_of(who)
        if signer.address not in self._holders:
            journal = Journal(self.folder / f"coins-{self._name}-{signer.address[2:].lower()}", kind="coin wallet")
            wallet = CoinStore(self.chain, signer, journal, self.chain_state)
            self._holders[signer.address] = (
                DevnetCoinWallet(wallet, Sender(self.connection, signer), self.operator),
                journal,
            )
        return self._holders[signer.address][0]

    def claim_all(self) -> list[Receipt]:
        """Process all payable exits of the wallets in this process; return the receipts."""
        receipts = [one.claim()[1] for one, _ in self._holders.values()]
        return [one for one in receipts if one is not None]

    def close(self) -> None:
        """Close all files."""
        self.operator.close()
        for _, journal in self._holders.values():
            journal.close()
        self._holders.clear()


def _address_of(who: Any) -> str:
    return to_address(who if isinstance(who, str | bytes) else getattr(who, "address", who))
