"""The owner of outputs: one Ethereum key, a projection of the contract's events, and a wallet store."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from layer2.ethereum.assets import Asset, asset_at
from layer2.ethereum.records import Receipt
from layer2.ethereum.sender import Sender
from layer2.ethereum.signer import Signer, as_signer
from layer2.plasma.payments.chain.contract import ExitStatus, RootChain
from layer2.plasma.payments.chain.errors import ExitProofInvalid, ViewIncomplete
from layer2.plasma.payments.chain.exit_proof_file import load_kits, save_kits
from layer2.plasma.payments.chain.exit_proofs import DepositExitProof, InFlightExitProof, Kit, OutputExitProof
from layer2.plasma.payments.chain.state import RootChainState
from layer2.plasma.payments.wallet.payment_status import HistoryEntry
from layer2.plasma.payments.wallet.wallet_store import WalletStore
from layer2.primitives.addresses import address_bytes, to_address
from layer2.primitives.display import format_units

__all__ = ["Account", "Utxo"]


@dataclass(frozen=True, slots=True)
class Utxo:
    """An own unspent output.

    Attributes:
        state: `free`, `pending` (a payment is signed over it), `leaving` (its exit has started), or `doubtful` (another
            wallet of the owner may have spent it).
    """

    position: int
    token: int
    amount: int
    state: str

    def __repr__(self) -> str:
        return f"<Utxo {self.position:#x} {format_units(self.amount, self.token)} {self.state}>"


class Account:
    """An owner with access to L1 and a wallet store.

    Args:
        wallet_store: file of the wallet's store.
        chain_state: projection of the contract's events; several wallets may share one.

    Attributes:
        distrusted: the first invalid or withheld block found by a watcher; None if there is none. Outputs from this
            block on exit with the priority of the inputs they were made from, if possible.
    """

    def __init__(
        self,
        root: RootChain,
        signer: Signer,
        wallet_store: str | Path,
        chain_state: RootChainState,
        sender: Sender | None = None,
    ) -> None:
        self.root = root
        self.signer = signer = as_signer(signer)
        self.sender = sender or Sender(root.connection, signer)
        self.chain_state = chain_state
        self.owner = address_bytes(signer.address)
        self.wallet_store = WalletStore(
            wallet_store, f"{root.address} on chain {root.connection.chain_id}", signer.address
        )
        self.distrusted: int | None = None
        self._assets: dict[int, Asset] = {}

    def __repr__(self) -> str:
        tokens = sorted({kit.output.token for kit in self.wallet_store.coins.values()} | {0})
        held = ", ".join(self.show(self.balance(token, incomplete=True), token) for token in tokens)
        unheard = "" if self.complete else " and what is in blocks it has not heard of"
        return f"<Wallet {self.signer.address} {held}{unheard}>"

    def close(self) -> None:
        """Close the store's file."""
        self.wallet_store.close()

    # ------------------------------------------------------------------------------------------------------ amounts

    def asset(self, token: int = 0) -> Asset:
        """Return a token's symbol and decimals."""
        if token not in self._assets:
            self._assets[token] = asset_at(self.root.connection, self.root.token_of(token))
        return self._assets[token]

    def amount(self, text: str | int, token: int = 0) -> int:
        """Convert `"0.3 ether"`, `"12.5 USD"` or a number of smallest units to smallest units."""
        return self.asset(token).parse(text)

    def show(self, amount: int, token: int = 0) -> str:
        """Return an amount formatted for display."""
        return self.asset(token).format(amount)

    # -------------------------------------------------------------------------------------------------------- outputs

    @property
    def complete(self) -> bool:
        """True if the wallet knows its outputs in all blocks submitted when L1 was last read.

        Without blocks no operator is needed, because deposits are read from L1.
        """
        return self.chain_state.read and not self._unheard()

    def require_complete(self, what: str, before: int | None = None) -> None:
        """Raise ViewIncomplete unless the wallet knows its outputs in all blocks, or in all before block `before`.

        Args:
            what: the requested operation, for the error message.
        """
        missing = self._unheard(before)
        if missing or not self.chain_state.read:
            unheard = f"{missing} of {len(self.chain_state.headers)} blocks" if self.chain_state.read else "the chain"
            raise ViewIncomplete(
                f"{what}: {self.signer.address} lacks {unheard}, so its data is incomplete",
                hint="pass an operator, recover from block data, or continue with incomplete",
            )

    def balance(self, token: int = 0, *, incomplete: bool = False) -> int:
        """Return the spendable balance in smallest units.

        Args:
            incomplete: return the known balance even if the outputs of some blocks are unknown.

        Raises:
            ViewIncomplete: the outputs of some blocks are unknown.
        """
        if not incomplete:
            self.require_complete("balance")
        return sum(kit.output.amount for kit in self.wallet_store.free() if kit.output.token == token)

    def in_doubt(self, token: int = 0) -> int:
        """Return the amount that another wallet of the owner may have spent, in smallest units.

        It is not part of the balance.
        """
        return sum(one.amount for one in self.utxos(token) if one.state == "doubtful")

    def utxos(self, token: int | None = None) -> list[Utxo]:
        """Return the own outputs that no block has spent, oldest first, including pending and exiting ones."""
        wallet_store, found = self.wallet_store, []
        free = {kit.position for kit in wallet_store.free()}
        for position, kit in sorted(wallet_store.coins.items(), key=lambda row: (row[1].block, row[0])):
            if wallet_store.spent(position) or token not in (None, kit.output.token):
                continue
            if position in free:
                state = "free"
            elif position in wallet_store.exits:
                state = "leaving"
            else:
                unsure = position in wallet_store.doubted and not wallet_store.signed_over(position)
                state = "doubtful" if unsure else "pending"
            found.append(Utxo(position, kit.output.token, kit.output.amount, state))
        return found

    def history(self) -> list[HistoryEntry]:
        """Return the history of this wallet, oldest entry first."""
        return list(self.wallet_store.lines)

    # -------------------------------------------------------------------------------------------------------------- L1

    def look(self) -> None:
        """Read new L1 blocks: add deposits, and drop those removed by a reorganisation.

        Deposits made before this wallet first read L1 are marked as doubtful, because L1 does not show whether they
        were spent since.
        """
        self.chain_state.step()
        mine = self.chain_state.deposits_of(self.owner)
        wallet_store = self.wallet_store
        if not wallet_store.since:
            wallet_store.begin(self.root.head()[2])
        fresh = [DepositExitProof(one) for one in mine.values() if one.position not in wallet_store.coins]
        fresh = [kit for kit in fresh if wallet_store.elsewhere.get(kit.position) != kit]
        # An output that was paid out or spent by an exit is not owned any more.
        fresh = [kit for kit in fresh if self.exit_status(kit) not in (ExitStatus.PAID, ExitStatus.SPENT)]
        wallet_store.keep([kit for kit in fresh if kit.deposit.number >= wallet_store.since])
        wallet_store.keep([kit for kit in fresh if kit.deposit.number < wallet_store.since], doubted=True)
        for kit in list(wallet_store.coins.values()):
            if isinstance(kit, DepositExitProof) and mine.get(kit.deposit.number) != kit.deposit:
                wallet_store.drop(kit.position, "taken back")

    def renewed(self, kit: Kit) -> Kit:
        """Return the exit proof with the block header that is now on L1.

        A reorganisation changes the header of a block that is submitted again.

        Raises:
            ExitProofInvalid: the block is not on L1, or has different contents.
        """
        if isinstance(kit, DepositExitProof):
            kit.require_on_chain(self.root)
            return kit
        if self.root.block(kit.block) == kit.header.hash:
            return kit
        self.chain_state.step()
        header = self.chain_state.headers.get(kit.block)
        if header is None:
            raise ExitProofInvalid(f"block {kit.block} is no longer on the chain", hint="sync, and try again")
        fresh = kit.under(header)
        fresh.require_on_chain(self.root)
        if fresh.position in self.wallet_store.coins:
            self.wallet_store.keep([fresh])
        return fresh

    def renewed_payment(self, kit: InFlightExitProof) -> InFlightExitProof:
        """Return a payment's proof with all its exit proofs renewed; raise ExitProofInvalid as `renewed` does."""
        included = None if kit.included is None else self.renewed(kit.included)
        assert included is None or isinstance(included, OutputExitProof)
        return InFlightExitProof(kit.payment, tuple(self.renewed(one) for one in kit.inputs), included)

    def owed(self, token: int = 0) -> int:
        """Return the deferred payment in smallest units: an amount that could not be transferred to this owner."""
        return self.root.pending(self.signer.address, token)

    def withdraw(self, token: int = 0, to: str | None = None) -> Receipt:
        """Withdraw a deferred payment, by default to this owner's address."""
        return self.root.withdraw_pending(self.sender, token, to_address(to or self.signer.address))

    # ----------------------------------------------------------------------------------------------------- exit proofs

    def export_kits(self, path: str | Path) -> Path:
        """Write the exit proofs of all own outputs and open payments to a file.

        The file suffices to exit without this wallet.
        """
        wallet_store = self.wallet_store
        kits = [kit for position, kit in sorted(wallet_store.coins.items()) if not wallet_store.spent(position)]
        save_kits(
            path, self.root, map(self.renewed, kits), [self.renewed_payment(one.kit) for one in wallet_store.open]
        )
        return Path(path)

    def import_kits(self, path: str | Path) -> list[Utxo]:
        """Import own outputs from a file, each verified against L1; return those that are new or were doubtful.

        Raises:
            ExitProofMalformed, ExitProofInvalid: the file is not valid; nothing was imported.
        """
        found = load_kits(path, self.root)
        return self.adopt(kit for kit in found.outputs if kit.output.owner == self.owner)

    def adopt(self, kits: Iterable[Kit]) -> list[Utxo]:
        """Add own outputs that a trusted source reports as unspent; return those that are new or were doubtful."""
        given = {kit.position: kit for kit in kits if kit.output.owner == self.owner}
        fresh = [kit for position, kit in given.items() if position not in self.wallet_store.coins]
        fresh = [kit for kit in fresh if self.exit_status(kit) not in (ExitStatus.PAID, ExitStatus.SPENT)]
        new = {kit.position for kit in fresh} | self.wallet_store.doubted & given.keys()
        self.wallet_store.keep(fresh)
        self.wallet_store.trust(given)
        return [one for one in self.utxos() if one.position in new]

    def _unheard(self, before: int | None = None) -> int:
        number, header = self.wallet_store.heard
        known = self.chain_state.headers.get(number)
        # After a reorganisation replaced that block, the outputs learned from it do not count.
        told = number if known is not None and known.hash == header else 0
        posted = len(self.chain_state.headers)
        return max(0, (posted if before is None else min(posted, before - 1)) - told)

    def exit_status(self, kit: Kit) -> ExitStatus:
        """Return the status of an output's standard exit on L1."""
        return self.root.exit(kit.output_id).status
