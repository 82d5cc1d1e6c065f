"""A coin chain with its operator and its users in one object, for the console, scripts and tests."""

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
from layer2.plasma.coins.chain.state import CoinSight
from layer2.plasma.coins.operator.operator import CoinOperator
from layer2.plasma.coins.protocol.coin_history import History, Standing
from layer2.plasma.coins.protocol.transfer import SignedCoin
from layer2.plasma.coins.wallet.coin_store import CoinWallet
from layer2.plasma.coins.wallet.exit_guard import Deed
from layer2.plasma.coins.wallet.wallet import CoinHolder
from layer2.primitives.addresses import Address, to_address
from layer2.primitives.units import parse_amount
from layer2.store.journal import Journal

__all__ = ["HomeHolder", "LocalCoins"]


class HomeHolder(CoinHolder):
    """An owner of coins at home with the operator: always up to date; payees are wallets, accounts or addresses."""

    def coins(self) -> list[int]:
        """The own coins."""
        self.sync()
        return super().coins()

    def deposit(self, amount: str | int) -> int:
        """Make a coin of ether: `"1 ether"`, or wei."""
        return self.deposit_ether(parse_amount(amount))

    def deposit_nft(self, token: Any, number: int) -> int:
        """Make a coin of an NFT of a contract, or of the one at an address; the coin's number."""
        return super().deposit_nft(_address_of(token), number)

    def send(self, coin: int, to: Any, *, expiry: int | None = None) -> SignedCoin:
        """Give a coin to somebody; it is there with the next block: `operator.submit_block()`."""
        self.sync()
        return super().send(coin, _address_of(to), expiry=expiry)

    def receive(self, history: History | int) -> Standing:
        """Take a coin that was given here: by its number, or with the history that the payer handed over."""
        return self.fetch(history) if isinstance(history, int) else super().receive(history)

    def guard(self, *, though_signed: bool = False) -> list[Deed]:
        """Contradict exits of the own coins by others, answer doubts about the own ones."""
        self.sync()
        return super().guard(though_signed=though_signed)


class LocalCoins:
    """A coin chain deployed now, with its operator and the users that are here in this process.

    Args:
        folder: where the operator's journal and bodies, and the wallets' memories live; else a temporary one.
        margin: blocks of the chain above a deposit before the operator lets it be transferred.
        signer_of: who signs for what a front end calls an account.
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
        self.sight = CoinSight(self.chain, start_block=self.start_block)
        self._holders: dict[Address, tuple[HomeHolder, Journal]] = {}

    def __repr__(self) -> str:
        blocks, pending = self.chain.next_block() - 1, self.operator.waiting
        return f"<LocalCoins {self.chain.address} blocks={blocks} pending={pending}>"

    @property
    def address(self) -> Address:
        """Of the contract."""
        return self.chain.address

    @property
    def exit_period(self) -> int:
        """Seconds after which an exit that has begun by now can be claimed."""
        return self.chain.profile.exit_period

    def wallet(self, who: Any) -> HomeHolder:
        """The coins of an account."""
        signer = self._signer_of(who)
        if signer.address not in self._holders:
            journal = Journal(self.folder / f"coins-{self._name}-{signer.address[2:].lower()}", kind="coin wallet")
            wallet = CoinWallet(self.chain, signer, journal, self.sight)
            self._holders[signer.address] = HomeHolder(wallet, Sender(self.connection, signer), self.operator), journal
        return self._holders[signer.address][0]

    def claim_all(self) -> list[Receipt]:
        """Claim what everybody here has waited for."""
        receipts = [one.claim()[1] for one, _ in self._holders.values()]
        return [one for one in receipts if one is not None]

    def close(self) -> None:
        """Let go of all files."""
        self.operator.close()
        for _, journal in self._holders.values():
            journal.close()
        self._holders.clear()


def _address_of(who: Any) -> str:
    return to_address(who if isinstance(who, str | bytes) else getattr(who, "address", who))
