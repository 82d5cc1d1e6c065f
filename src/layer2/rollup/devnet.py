"""A complete rollup in one object for the console, scripts and tests: contract, sequencer, proposer, wallets."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from pathlib import Path

from layer2.ethereum.artifacts import load_artifact
from layer2.ethereum.connection import Connection
from layer2.ethereum.contract import deploy
from layer2.ethereum.records import Receipt
from layer2.ethereum.sender import Sender
from layer2.ethereum.signer import Signer, as_signer
from layer2.primitives.addresses import Address
from layer2.primitives.errors import InputError
from layer2.primitives.hashing import keccak
from layer2.rollup.derivation.replica import Replica
from layer2.rollup.l1.batcher import Batcher, Data
from layer2.rollup.l1.contract import DEVNET, Profile, RollupContract
from layer2.rollup.sequencer.sequencer import Sequencer
from layer2.rollup.state.commitments import Assertion
from layer2.rollup.state.state import State
from layer2.rollup.validator.challenger import Challenger
from layer2.rollup.validator.proposer import Proposer
from layer2.rollup.wallet.wallet import Wallet

__all__ = ["JUDGES", "LocalRollup"]

JUDGES = ("StateVerifier", "SignatureVerifier", "EndpointVerifier")
"""Contract names of the fraud verifiers, in the order in which they are passed to the rollup contract."""


class LocalRollup:
    """A newly deployed rollup with all its parts in this process; each part follows L1 independently."""

    def __init__(
        self,
        connection: Connection,
        sequencer: Signer,
        *,
        challenger: Signer | None = None,
        profile: Profile = DEVNET,
        folder: Path | None = None,
        least_fee: int = 0,
        genesis: State | None = None,
        data: Data | str = Data.AUTO,
    ) -> None:
        sequencer = as_signer(sequencer)
        challenger = sequencer if challenger is None else as_signer(challenger)
        self.connection = connection
        self.profile = profile
        self.genesis = genesis or State()
        if folder is None:
            folder = Path(tempfile.mkdtemp(prefix="layer2-rollup-"))
            weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        operator = Sender(connection, sequencer)
        self.start_block = connection.block_number()
        judges = [deploy(operator, load_artifact(name)).address for name in JUDGES]
        self.rollup = RollupContract.deploy(operator, sequencer.address, profile, judges, self.genesis.root)
        journal = folder / f"sequencer-{self.rollup.address[2:10].lower()}.journal"
        self.sequencer = Sequencer(
            self.rollup, operator, journal, replica=self.replica(), least_fee=least_fee, data=data
        )
        self.proposer = Proposer(self.rollup, operator, self.replica(), data=data)
        self.challenger = Challenger(self.rollup, Sender(connection, challenger), self.replica())
        self._wallets: dict[Address, Wallet] = {}

    def __repr__(self) -> str:
        return f"<LocalRollup {self.rollup.address} entries={self.rollup.inbox()[0]}>"

    def close(self) -> None:
        """Close all files."""
        self.sequencer.close()

    def replica(self) -> Replica:
        """Return a new follower that shares nothing with the others."""
        return Replica(self.rollup, start_block=self.start_block, genesis=self.genesis)

    def wallet(self, signer: Signer, *, with_sequencer: bool = True) -> Wallet:
        """Return the wallet of an account; without the sequencer it can only force operations and escape."""
        signer = as_signer(signer)
        if not with_sequencer:
            return Wallet(self.rollup, signer, self.replica())
        found = self._wallets.get(signer.address)
        if found is None:
            found = Wallet(self.rollup, signer, self.sequencer.replica, self.sequencer)
            self._wallets[signer.address] = found
        return found

    def post(self) -> Receipt | None:
        """Let the sequencer post everything that is due."""
        return self.sequencer.step()

    @property
    def root(self) -> bytes:
        """State root at the head of the inbox, as computed by the sequencer."""
        return self.sequencer.replica.head.root

    def rebuild_from_l1(self) -> bytes:
        """Return the state root that a new replica derives from L1 logs alone."""
        fresh = self.replica()
        fresh.step()
        return fresh.head.root

    def propose(self, fault: str | None = None, sender: Signer | None = None) -> Assertion:
        """Assert the state that the inbox results in, or a false state if a `fault` is given.

        Faults: `inflate` (one account has a higher balance), `deflate` (it has no balance), `noise` (the root of no
        state).
        """
        replica = self.challenger.replica
        replica.step()
        parent, end = replica.tip(), len(replica.entries)
        done = replica.execute(parent, end)
        roots = list(done.roots)
        if fault is not None:
            roots[-1] = _lie(done.state, fault)
        paying = self.proposer.sender if sender is None else Sender(self.connection, sender)
        free = int(self.rollup.contract.call("availableBond", paying.address))
        value = max(0, self.profile.bond - free)
        last = replica.entries[end - 1].record
        poster = Batcher(self.rollup, paying, replica.blobs, self.proposer.poster.data)
        poster.propose(parent, last, end, roots[-1], roots, value)
        known = set(replica.claims)
        replica.step()
        (made,) = (one for one in replica.claims.values() if one.id not in known)
        return made

    def settle(self) -> list[Receipt]:
        """Propose, pass the challenge window (on a development chain) and finalize."""
        done = self.proposer.step()
        self.connection.advance(self.profile.window + 1)
        return done + self.proposer.step()


def _lie(state: State, fault: str) -> bytes:
    """Return the root of a false state."""
    wrong = state.copy()
    if fault == "noise":
        return b"\0" + keccak(state.root)[1:]
    if fault not in ("inflate", "deflate") or not wrong.accounts:
        raise InputError(f"fault {fault!r} given, one of inflate, deflate, noise needed", hint="name one of them")
    index = max(wrong.accounts)
    balance = wrong.accounts[index].balance
    wrong.change(index, balance=balance + 10**18 if fault == "inflate" else 0)
    return wrong.root
