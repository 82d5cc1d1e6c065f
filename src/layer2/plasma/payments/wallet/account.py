"""Whose outputs: one Ethereum key, what the chain says, and what the wallet remembers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from layer2.ethereum.assets import Asset, asset_at
from layer2.ethereum.sender import Sender
from layer2.ethereum.signer import Signer, as_signer
from layer2.plasma.payments.chain.contract import ExitStatus, RootChain
from layer2.plasma.payments.chain.errors import KitWrong, ViewIncomplete
from layer2.plasma.payments.chain.exit_proof_file import load_kits, save_kits
from layer2.plasma.payments.chain.exit_proofs import DepositKit, Kit, OutputKit, PaymentKit
from layer2.plasma.payments.chain.state import Sight
from layer2.plasma.payments.wallet.payment_status import Line
from layer2.plasma.payments.wallet.wallet_store import Purse
from layer2.primitives.addresses import address_bytes

__all__ = ["Holder", "Utxo"]


@dataclass(frozen=True, slots=True)
class Utxo:
    """An own output. `state`: free, pending (something is signed over it), leaving, doubtful (another wallet of the
    owner may have spent it)."""

    position: int
    token: int
    amount: int
    state: str

    def __repr__(self) -> str:
        return f"<Utxo {self.position:#x} {self.amount} of token {self.token} {self.state}>"


class Holder:
    """An owner with the main chain and a memory.

    Args:
        purse: where the memory lives, a file.
        sight: follows the chain; several wallets may share one.
    """

    def __init__(
        self, root: RootChain, signer: Signer, purse: str | Path, sight: Sight, sender: Sender | None = None
    ) -> None:
        self.root = root
        self.signer = signer = as_signer(signer)
        self.sender = sender or Sender(root.connection, signer)
        self.sight = sight
        self.owner = address_bytes(signer.address)
        self.purse = Purse(purse, f"{root.address} on chain {root.connection.chain_id}", signer.address)
        self._assets: dict[int, Asset] = {}

    def __repr__(self) -> str:
        tokens = sorted({kit.output.token for kit in self.purse.coins.values()} | {0})
        held = ", ".join(self.show(self.balance(token, incomplete=True), token) for token in tokens)
        unheard = "" if self.complete else " and what is in blocks it has not heard of"
        return f"<Wallet {self.signer.address} {held}{unheard}>"

    def close(self) -> None:
        """Let go of the memory's file."""
        self.purse.close()

    # ------------------------------------------------------------------------------------------------------ amounts

    def asset(self, token: int = 0) -> Asset:
        """A token's symbol and decimals."""
        if token not in self._assets:
            self._assets[token] = asset_at(self.root.connection, self.root.token_of(token))
        return self._assets[token]

    def amount(self, text: str | int, token: int = 0) -> int:
        """Smallest units of `"0.3 ether"`, `"12.5 USD"` or a number of them."""
        return self.asset(token).parse(text)

    def show(self, amount: int, token: int = 0) -> str:
        """An amount for people."""
        return self.asset(token).format(amount)

    # -------------------------------------------------------------------------------------------------- what is owned

    @property
    def complete(self) -> bool:
        """Whether somebody has told what all blocks hold for this owner that were there when the chain was read last.

        Nobody has to be asked while there are no blocks: the chain itself says what was paid in.
        """
        return self.sight.read and not self._unheard()

    def require_complete(self, what: str, before: int | None = None) -> None:
        """Raise ViewIncomplete unless somebody has told of all blocks, or of all before one.

        `what`: was asked for, in words.
        """
        missing = self._unheard(before)
        if missing or not self.sight.read:
            unheard = f"{missing} of {len(self.sight.headers)} blocks" if self.sight.read else "the chain"
            raise ViewIncomplete(
                f"{what}: {self.signer.address} has not heard of {unheard}, so what it knows is not all",
                hint="ask an operator, recover from bodies of blocks, or go by what is known: incomplete",
            )

    def balance(self, token: int = 0, *, incomplete: bool = False) -> int:
        """What can be spent now, smallest units.

        Args:
            incomplete: count what is known, though there are blocks of which nobody has told.

        Raises:
            ViewIncomplete: the balance is not known.
        """
        if not incomplete:
            self.require_complete("balance")
        return sum(kit.output.amount for kit in self.purse.free() if kit.output.token == token)

    def in_doubt(self, token: int = 0) -> int:
        """What may be spent already by another wallet of the owner, smallest units: no part of the balance."""
        return sum(one.amount for one in self.utxos(token) if one.state == "doubtful")

    def utxos(self, token: int | None = None) -> list[Utxo]:
        """Own outputs that are not spent by a block, oldest first; pending and leaving ones too."""
        purse, found = self.purse, []
        free = {kit.position for kit in purse.free()}
        for position, kit in sorted(purse.coins.items(), key=lambda row: (row[1].block, row[0])):
            if purse.spent(position) or token not in (None, kit.output.token):
                continue
            if position in free:
                state = "free"
            elif position in purse.exits:
                state = "leaving"
            else:
                unsure = position in purse.doubted and not purse.signed_over(position)
                state = "doubtful" if unsure else "pending"
            found.append(Utxo(position, kit.output.token, kit.output.amount, state))
        return found

    def history(self) -> list[Line]:
        """What happened, oldest first."""
        return list(self.purse.lines)

    # ------------------------------------------------------------------------------------------------------- the chain

    def look(self) -> None:
        """Read the chain on: deposits that came or were taken back, outputs that were paid out or spent by exits.

        What was paid in before this wallet first looked is in doubt: the chain does not tell who has spent it since.
        """
        self.sight.step()
        mine = self.sight.deposits_of(self.owner)
        purse = self.purse
        if not purse.since:
            purse.begin(self.root.head()[2])
        fresh = [DepositKit(one) for one in mine.values() if one.position not in purse.coins]
        fresh = [kit for kit in fresh if purse.elsewhere.get(kit.position) != kit]
        # One that was paid out is not owned again.
        fresh = [kit for kit in fresh if self._status(kit) not in (ExitStatus.PAID, ExitStatus.SPENT)]
        purse.keep([kit for kit in fresh if kit.deposit.number >= purse.since])
        purse.keep([kit for kit in fresh if kit.deposit.number < purse.since], doubted=True)
        for kit in list(purse.coins.values()):
            if isinstance(kit, DepositKit) and mine.get(kit.deposit.number) != kit.deposit:
                purse.drop(kit.position, "taken back")

    def renewed(self, kit: Kit) -> Kit:
        """The kit as the chain has it now: a reorganisation gives a block that comes again another header.

        Raises:
            KitWrong: the block is gone, or is another one now.
        """
        if isinstance(kit, DepositKit):
            kit.require_on_chain(self.root)
            return kit
        if self.root.block(kit.block) == kit.header.hash:
            return kit
        self.sight.step()
        header = self.sight.headers.get(kit.block)
        if header is None:
            raise KitWrong(f"block {kit.block} is not on the chain any more", hint="sync when it is there again")
        fresh = kit.under(header)
        fresh.require_on_chain(self.root)
        if fresh.position in self.purse.coins:
            self.purse.keep([fresh])
        return fresh

    def renewed_payment(self, kit: PaymentKit) -> PaymentKit:
        """The same for a payment with all its kits."""
        included = None if kit.included is None else self.renewed(kit.included)
        assert included is None or isinstance(included, OutputKit)
        return PaymentKit(kit.payment, tuple(self.renewed(one) for one in kit.inputs), included)

    # ------------------------------------------------------------------------------------------------------------ kits

    def export_kits(self, path: str | Path) -> Path:
        """Write the kits of all own outputs and open payments to a file: enough to exit without this wallet."""
        purse = self.purse
        kits = [kit for position, kit in sorted(purse.coins.items()) if not purse.spent(position)]
        save_kits(path, self.root, map(self.renewed, kits), [self.renewed_payment(one.kit) for one in purse.open])
        return Path(path)

    def import_kits(self, path: str | Path) -> list[Utxo]:
        """Take over own outputs from a file, each checked against the chain; those that are new, or were in doubt.

        Raises:
            KitMalformed, KitWrong: the file is not to be believed; nothing of it was taken.
        """
        found = load_kits(path, self.root)
        return self.adopt(kit for kit in found.outputs if kit.output.owner == self.owner)

    def adopt(self, kits: Iterable[Kit]) -> list[Utxo]:
        """Take over own outputs of which somebody trusted says that they are not spent; those that were not owned."""
        given = {kit.position: kit for kit in kits if kit.output.owner == self.owner}
        fresh = [kit for position, kit in given.items() if position not in self.purse.coins]
        fresh = [kit for kit in fresh if self._status(kit) not in (ExitStatus.PAID, ExitStatus.SPENT)]
        new = {kit.position for kit in fresh} | self.purse.doubted & given.keys()
        self.purse.keep(fresh)
        self.purse.trust(given)
        return [one for one in self.utxos() if one.position in new]

    def _unheard(self, before: int | None = None) -> int:
        number, header = self.purse.heard
        known = self.sight.headers.get(number)
        # A reorganisation has put another block there: what was told of the old one counts no more.
        told = number if known is not None and known.hash == header else 0
        posted = len(self.sight.headers)
        return max(0, (posted if before is None else min(posted, before - 1)) - told)

    def _status(self, kit: Kit) -> ExitStatus:
        return self.root.exit(kit.output_id).status
