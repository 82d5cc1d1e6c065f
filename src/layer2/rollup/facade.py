"""The rollup for consoles and scripts: a complete devnet and wallets with simple payments."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from layer2.ethereum.connection import Connection
from layer2.ethereum.records import Receipt
from layer2.ethereum.signer import Signer, as_signer
from layer2.primitives.addresses import Address, to_address
from layer2.primitives.errors import InputError
from layer2.primitives.units import format_amount
from layer2.rollup.derivation.replica import Replica
from layer2.rollup.devnet import LocalRollup
from layer2.rollup.l1.contract import DEVNET, Profile, RollupContract
from layer2.rollup.protocol.errors import AccountUnknown
from layer2.rollup.protocol.signed_operation import SignedOp
from layer2.rollup.sequencer.sequencer import Sequencer
from layer2.rollup.state.commitments import Assertion
from layer2.rollup.validator.challenger import Challenger
from layer2.rollup.wallet.wallet import Wallet

__all__ = [
    "ProposedAssertion",
    "Batch",
    "FraudProven",
    "DevnetChallenger",
    "DevnetWallet",
    "RebuiltState",
    "RollupFacade",
]


@dataclass(slots=True)
class Batch:
    """Frames that the sequencer would post now; `post()` posts them."""

    sequencer: Sequencer = field(repr=False)
    frames: int
    operations: int
    size: int
    receipt: Receipt | None = None

    def post(self) -> Batch:
        """Post the batch and the waiting queue items; a second call has no effect."""
        if self.receipt is None:
            self.receipt = self.sequencer.step()
        return self

    @property
    def gas(self) -> int:
        """Gas used by the posting transaction; 0 before it is posted."""
        return self.receipt.gas_used if self.receipt else 0

    @property
    def blob_gas(self) -> int:
        """Blob gas used by the posting transaction; 0 before it is posted, and 0 for calldata."""
        return self.receipt.blob_gas if self.receipt else 0

    def __repr__(self) -> str:
        held = f"{self.operations:,} operations in {self.frames:,} frames, {self.size:,} bytes"
        if self.receipt is None:
            return f"<Batch {held}, not posted>"
        return f"<Batch {held}, posted in block {self.receipt.block_number}, {self.gas:,} gas>"


@dataclass(frozen=True, slots=True)
class ProposedAssertion:
    """An assertion about the state, with its current status."""

    rollup: RollupContract
    claim: Assertion

    @property
    def status(self) -> str:
        """Status as one word: open, final, invalid or released."""
        return self.rollup.status(self.claim.id)[2].name.lower()

    def __repr__(self) -> str:
        proposer, _, status = self.rollup.status(self.claim.id)
        short = self.claim.id.hex()[:8]
        return f"<Assertion {short} {status.name.lower()}, up to entry {self.claim.inbox_end}, by {proposer[:10]}..>"


@dataclass(frozen=True, slots=True)
class FraudProven:
    """An assertion proven invalid, with the gas used by the proof and the proposer's bond."""

    id: bytes
    gas: int
    bond: int

    def __repr__(self) -> str:
        half = format_amount(self.bond // 2)
        return f"<Convicted {self.id.hex()[:8]} in one transaction, {self.gas:,} gas; {half} won, as much burned>"


@dataclass(frozen=True, slots=True)
class RebuiltState:
    """The state that a new follower derived from L1 alone."""

    replica: Replica

    @property
    def root(self) -> bytes:
        """State root at the head of the inbox."""
        return self.replica.head.root

    def __repr__(self) -> str:
        head = self.replica.head
        return (
            f"<Rebuilt from L1: {len(self.replica.entries)} entries, "
            f"{len(head.accounts):,} accounts, root {self.root.hex()[2:10]}>"
        )


class DevnetChallenger:
    """A challenger that mines its own commitment delay on a development chain: one `step()` completes the proof."""

    def __init__(self, inner: Challenger) -> None:
        self.inner = inner

    def __repr__(self) -> str:
        return f"<Challenger {self.inner.sender.address}>"

    def step(self) -> list[FraudProven]:
        """Prove invalid assertions wrong and return them. Outside a development chain, run a single challenger step."""
        rollup = self.inner.rollup
        config = rollup.contract.call("config")
        found: list[FraudProven] = []
        while receipts := self.inner.step():
            for receipt in receipts:
                for event in rollup.contract.events(receipt, "Invalidated"):
                    found.append(FraudProven(bytes(event.args["id"]), receipt.gas_used, int(config[6])))
            if not rollup.connection.is_dev:
                break
            rollup.connection.mine(int(config[5]))
        return found


class DevnetWallet(Wallet):
    """A wallet in the sequencer's process: deposits are included immediately; payees may be wallets or addresses."""

    home: RollupFacade

    def deposit(self, amount: str | int, token: int = 0, to: int = 0, owner: str = "") -> Receipt:
        """Deposit an amount and have the sequencer include the deposit."""
        receipt = super().deposit(amount, token, to, owner)
        self.home.post()
        return receipt

    def send(
        self, to: Any, amount: str | int, *, fee: str | int = 0, account: int | None = None, token: int = 0
    ) -> SignedOp:
        """Pay a wallet, an address or an account; open an account for a wallet that has none."""
        return super().send(self.home.account_of(to, token), amount, fee=fee, account=account, token=token)

    def send_many(
        self,
        rows: Iterable[tuple[Any, str | int]],
        *,
        fee: str | int = 0,
        account: int | None = None,
        token: int = 0,
    ) -> list[SignedOp]:
        """Pay many receivers in one submission, given as `(to, amount)` pairs."""
        known = [(self.home.account_of(to, token), amount) for to, amount in rows]
        return super().send_many(known, fee=fee, account=account, token=token)

    def open(self, token: int = 0) -> int:
        """Return the number of the BLS key's account of a token; open the account if there is none."""
        try:
            return self.account(token, bls=True)
        except AccountUnknown:
            self.open_account(token)
            self.home.post()
        return self.account(token, bls=True)


class RollupFacade:
    """A rollup with its sequencer, proposer and challenger in this process, and the wallets used in the session."""

    def __init__(self, local: LocalRollup) -> None:
        self.local = local
        self.connection = local.connection
        self.rollup = local.rollup
        self.sequencer = local.sequencer
        self.proposer = local.proposer
        self.challenger = DevnetChallenger(local.challenger)
        self._wallets: dict[Address, DevnetWallet] = {}

    @classmethod
    def devnet(
        cls,
        connection: Connection,
        sequencer: Signer,
        *,
        challenger: Signer | None = None,
        profile: Profile = DEVNET,
        folder: str | Path | None = None,
        least_fee: int = 0,
    ) -> RollupFacade:
        """Deploy a rollup and start its parts.

        Args:
            folder: directory of the sequencer's journal; a temporary one by default.
        """
        place = None if folder is None else Path(folder)
        local = LocalRollup(
            connection, sequencer, challenger=challenger, profile=profile, folder=place, least_fee=least_fee
        )
        return cls(local)

    def __repr__(self) -> str:
        head = self.sequencer.replica.head
        return (
            f"<Rollup {self.address} chain={self.connection.chain_id} entries={self.rollup.inbox()[0]} "
            f"accounts={len(head.accounts):,} pending={len(self.sequencer.pending)}>"
        )

    def close(self) -> None:
        """Close all files."""
        self.local.close()

    @property
    def address(self) -> Address:
        """Address of the rollup contract."""
        return self.rollup.address

    @property
    def root(self) -> bytes:
        """State root after all posted entries, as computed by the sequencer."""
        return self.local.root

    def wallet(self, who: Any, *, with_sequencer: bool = True) -> DevnetWallet | Wallet:
        """Return the wallet of an account.

        Args:
            with_sequencer: if False, the wallet follows L1 by itself, and can force operations and escape.
        """
        signer = self.signer_of(who)
        if not with_sequencer:
            alone = Wallet(self.rollup, signer, self.local.replica())
            alone.replica.step()
            return alone
        found = self._wallets.get(signer.address)
        if found is None:
            found = DevnetWallet(self.rollup, signer, self.sequencer.replica, self.sequencer)
            found.home = self
            self._wallets[signer.address] = found
        return found

    def signer_of(self, who: Any) -> Signer:
        """Return the signer of an account of this package, eth-account or ape; raise SignerUnusable otherwise."""
        return as_signer(who)

    def account_of(self, who: Any, token: int = 0) -> int:
        """Return the account number for a number, a wallet (opened if it has no account) or an address."""
        if isinstance(who, int):
            return who
        if isinstance(who, str):
            address = to_address(who)
            for index, one in self.sequencer.replica.head.accounts.items():
                if one.address == address and one.token == token:
                    return index
            if address not in self._wallets:
                raise AccountUnknown(
                    f"{address} has no account of token {token}", hint=f'open one: deposit("..", owner="{address}")'
                )
            who = self._wallets[address]
        wallet = who if isinstance(who, DevnetWallet) else self.wallet(getattr(who, "signer", who))
        try:
            return wallet.account(token)
        except AccountUnknown:
            if not isinstance(wallet, DevnetWallet):
                raise
            return wallet.open(token)

    def seal(self) -> Batch:
        """Return the pending operations as frames, ready to be posted."""
        frames = self.sequencer.seal()
        operations = sum(len(one.ops) for one in frames)
        return Batch(self.sequencer, len(frames), operations, 496 * len(frames))

    def post(self) -> Receipt | None:
        """Let the sequencer post pending operations and consume waiting queue items."""
        return self.sequencer.step()

    def rebuild_from_l1(self) -> RebuiltState:
        """Return the state that a new follower derives from L1; the follower shares nothing with the sequencer.

        Raises:
            DataMissing: the data of an entry is unavailable, so the state is unknown.
        """
        fresh = self.local.replica()
        fresh.step()
        if fresh.missing is not None:
            raise fresh.missing
        return RebuiltState(fresh)

    def propose(self, fault: str | None = None, sender: Any = None) -> ProposedAssertion:
        """Assert the state that the inbox results in, or a false state for a `fault` (inflate, deflate or noise)."""
        signer = None if sender is None else self.signer_of(sender)
        if not self.rollup.inbox()[0]:
            raise InputError("propose: the inbox is empty", hint="deposit or post first")
        return ProposedAssertion(self.rollup, self.local.propose(fault, signer))

    def settle(self) -> list[Receipt]:
        """Propose, pass the challenge window (on a development chain) and finalize; withdrawals can then be claimed."""
        return self.local.settle()
