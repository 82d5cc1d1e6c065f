"""A whole rollup in one object, for the console, scripts and tests: contract, sequencer, proposer, wallets."""

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
from layer2.rollup.l1.batcher import Data, Poster
from layer2.rollup.l1.contract import DEVNET, Profile, RollupContract
from layer2.rollup.sequencer.sequencer import Sequencer
from layer2.rollup.state.commitments import Claim
from layer2.rollup.state.state import State
from layer2.rollup.validator.challenger import Challenger
from layer2.rollup.validator.proposer import Proposer
from layer2.rollup.wallet.wallet import Wallet

__all__ = ["JUDGES", "LocalRollup"]

JUDGES = ("StateJudge", "SignatureJudge", "EndpointJudge")
"""The judges of a rollup, in the order in which it knows them."""


class LocalRollup:
    """A rollup deployed now, with all its parts in this process; each follows the chain by itself."""

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
        """Let go of all files."""
        self.sequencer.close()

    def replica(self) -> Replica:
        """A new follower that shares nothing with the others."""
        return Replica(self.rollup, start_block=self.start_block, genesis=self.genesis)

    def wallet(self, signer: Signer, *, with_sequencer: bool = True) -> Wallet:
        """The wallet of an account; without the sequencer it can only force and escape."""
        signer = as_signer(signer)
        if not with_sequencer:
            return Wallet(self.rollup, signer, self.replica())
        found = self._wallets.get(signer.address)
        if found is None:
            found = Wallet(self.rollup, signer, self.sequencer.replica, self.sequencer)
            self._wallets[signer.address] = found
        return found

    def post(self) -> Receipt | None:
        """Let the sequencer post what is due."""
        return self.sequencer.step()

    @property
    def root(self) -> bytes:
        """The state root at the head of the inbox, as the sequencer has it."""
        return self.sequencer.replica.head.root

    def rebuild_from_l1(self) -> bytes:
        """The same root, rebuilt from the chain's logs alone by a replica made now."""
        fresh = self.replica()
        fresh.step()
        return fresh.head.root

    def propose(self, fault: str | None = None, sender: Signer | None = None) -> Claim:
        """Assert what the inbox results in, or with a `fault` something else, as a liar would.

        Faults: `inflate` (one account owns more at the end), `deflate` (it owns nothing), `noise` (a root of nothing).
        """
        replica = self.challenger.replica
        replica.step()
        parent, end = replica.tip(), len(replica.entries)
        done = replica.execute(parent, end)
        roots = list(done.roots)
        if fault is not None:
            roots[-1] = _lie(done.state, fault)
        paying = self.proposer.sender if sender is None else Sender(self.connection, sender)
        free = int(self.rollup.contract.call("freeBond", paying.address))
        value = max(0, self.profile.bond - free)
        last = replica.entries[end - 1].record
        poster = Poster(self.rollup, paying, replica.blobs, self.proposer.poster.data)
        poster.propose(parent, last, end, roots[-1], roots, value)
        known = set(replica.claims)
        replica.step()
        (made,) = (one for one in replica.claims.values() if one.id not in known)
        return made

    def settle(self) -> list[Receipt]:
        """Propose, let the window pass (on a development chain) and make it final."""
        done = self.proposer.step()
        self.connection.advance(self.profile.window + 1)
        return done + self.proposer.step()


def _lie(state: State, fault: str) -> bytes:
    """The root of a state that never was."""
    wrong = state.copy()
    if fault == "noise":
        return b"\0" + keccak(state.root)[1:]
    if fault not in ("inflate", "deflate") or not wrong.accounts:
        raise InputError(f"fault {fault!r} given, one of inflate, deflate, noise needed", hint="name one of them")
    index = max(wrong.accounts)
    balance = wrong.accounts[index].balance
    wrong.change(index, balance=balance + 10**18 if fault == "inflate" else 0)
    return wrong.root
