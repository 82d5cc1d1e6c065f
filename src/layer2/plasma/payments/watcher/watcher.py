"""The watcher: validates every block and exit, and with a key of its own challenges the invalid ones."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from layer2.ethereum.sender import Sender
from layer2.plasma.common.watcher.actions import Plan, WatchPolicy
from layer2.plasma.common.watcher.alerts import Alert, AlertKind, Status
from layer2.plasma.common.watcher.block_sources import BodySource
from layer2.plasma.common.watcher.transaction_scheduler import turn_of
from layer2.plasma.common.watcher.watcher import ChainWatcher
from layer2.plasma.payments.chain.contract import ExitStatus, InFlight, InFlightStatus, RootChain
from layer2.plasma.payments.chain.exit_proof_file import save_kits
from layer2.plasma.payments.chain.exit_proofs import InFlightExitProof, Kit
from layer2.plasma.payments.chain.reserve_view import holdings
from layer2.plasma.payments.chain.state import ExitSeen, Game, RootChainState
from layer2.plasma.payments.utxo.checkpoint import CheckpointStore
from layer2.plasma.payments.watcher.block_pipeline import BlockPipeline
from layer2.plasma.payments.watcher.data_challenges import questions
from layer2.plasma.payments.watcher.exit_processing import PayoutContext, claim_game, claims
from layer2.plasma.payments.watcher.exit_proofs import kit_at, kits_of, payment_kit
from layer2.plasma.payments.watcher.exit_rules import ExitChecker
from layer2.plasma.payments.watcher.proof_index import Evidence
from layer2.plasma.payments.watcher.watched_blocks import PaymentBlocks
from layer2.primitives.addresses import address_bytes, to_address
from layer2.primitives.display import format_units
from layer2.primitives.worker_pool import WorkerPool

__all__ = ["FAULT_POINTS", "Watcher"]

FAULT_POINTS = (
    "watcher.news.before",
    "watcher.news.durable",
    "watcher.body.before",
    "watcher.body.durable",
    "watcher.verdict.before",
    "watcher.verdict.durable",
    "watcher.frozen.before",
    "watcher.frozen.durable",
    "watcher.act.before",
    "watcher.act.sent",
    "watcher.act.mined",
)
"""Points at which a test may kill the process: around each durable write and each transaction."""


class Watcher(ChainWatcher[PaymentBlocks]):
    """Watches one plasma chain; `step()` does everything that is due, and no block, event, body or peer can stop it.

    Decisions depend only on the current state of L1, so that the watcher can be stopped, restarted, repeated and
    reorganised at any point. One thread steps; other threads read its state while they hold `lock`.

    Args:
        sources: sources of block bodies, queried in order.
        folder: directory of the stored state; if None, nothing outlives this process.
        sender: signs with a key of its own that holds little money; if None, the watcher only observes.
        policy: cost limits and timing of transactions.
        start_block: an L1 block at or before the contract's deployment.
        confirmations: number of L1 blocks above a block before it is read.
        memory: depth in L1 blocks up to which a reorganisation is undone; after a deeper one, the watcher syncs again
            from the start.
        workers: processes that verify signatures; by default the calling thread verifies them.

    Raises:
        JournalMismatch, JournalCorrupt, JournalLocked: the folder belongs to another chain, is damaged, or is in use.
    """

    def __init__(
        self,
        root_chain: RootChain,
        sources: BodySource | Sequence[BodySource],
        folder: str | Path | None = None,
        *,
        sender: Sender | None = None,
        policy: WatchPolicy | None = None,
        start_block: int = 0,
        confirmations: int = 0,
        memory: int = 64,
        workers: WorkerPool | None = None,
    ) -> None:
        self.root_chain = root_chain
        self.workers = workers or WorkerPool()
        super().__init__(
            root_chain.contract,
            root_chain.address,
            sources if isinstance(sources, Sequence) else [sources],
            folder,
            lambda files: PaymentBlocks(root_chain, files, self.workers),
            sender=sender,
            policy=policy,
            start_block=start_block,
            confirmations=confirmations,
            memory=memory,
        )

    def __repr__(self) -> str:
        return f"<Watcher posted={self.view.posted} verified={self.line.verified} standing={len(self._standing)}>"

    def close(self) -> None:
        """Close the files and the workers."""
        super().close()
        self.workers.close()

    @property
    def view(self) -> RootChainState:
        """State of the contract's events."""
        return self.blocks.view

    @property
    def line(self) -> BlockPipeline:
        """The ledger in the order of L1."""
        return self.blocks.line

    @property
    def evidence(self) -> Evidence:
        """Index of the transactions in blocks and of learned payments."""
        return self.blocks.evidence

    @property
    def checkpoints(self) -> CheckpointStore:
        """Stored copy of the ledger."""
        return self.blocks.checkpoints

    @property
    def bad_block(self) -> int | None:
        """The first invalid block, found by validation or by a data challenge's answer; None if there is none."""
        return self.blocks.bad_block

    def believed(self, position: int) -> bool:
        """Return True if the position belongs to a deposit or to a valid block."""
        return self.blocks.believed(position)

    def learn(self, record: bytes) -> bool:
        """Store a signed payment that may be in no block and can challenge exits; see `PaymentBlocks.learn`."""
        return self.blocks.learn(record)

    @property
    def id(self) -> bytes:
        """Seed of this watcher's turn among several watchers."""
        return turn_of(self.sender)

    def status(self) -> Status:
        """Return the status of the plasma chain at the last step."""
        return Status(
            self._head,
            self.view.posted,
            self.line.verified,
            self.bad_block,
            tuple(sorted(self._late)),
            self.view.frozen,
            self.view.operator,
            len(self.view.exits),
            len(self.view.open_games),
            tuple(self._standing.values()),
        )

    # --------------------------------------------------------------------------------------------------- exit proofs

    def kit(self, position: int) -> Kit:
        """Return the exit proof of the output at a position; raise StateUnknown if its block is not available."""
        return kit_at(self.evidence, position)

    def payment_kit(self, record: bytes) -> InFlightExitProof:
        """Return the proof for an in-flight exit of a signed payment, `packed | signatures(64 each)`."""
        return payment_kit(self.evidence, record)

    def kits(self, owner: str) -> tuple[Kit, ...]:
        """Return exit proofs of all outputs that an address owns after the last valid block, including exiting ones."""
        return kits_of(self.evidence, self.line.ledger, address_bytes(to_address(owner)))

    def export_kits(self, owner: str, path: str | Path) -> int:
        """Write an owner's exit proofs to a file that wallets load (see `exit_proof_file`), and return their number."""
        found = self.kits(owner)
        save_kits(path, self.root_chain, found)
        return len(found)

    # ----------------------------------------------------------------------------------------------------- validation

    def _judge(self, now: int) -> tuple[list[Alert], list[Plan]]:
        judge = ExitChecker(self.evidence, self.root_chain.profile, self.root_chain.is_free)
        standing: list[Alert] = []
        plans: list[Plan] = []
        due: list[ExitSeen] = []
        for one in list(self.view.exits.values()):
            judged = judge.exit(one, self.blocks.believed(one.position))
            standing += judged.findings
            plans += judged.plans
            if judged.plans and now - self._time_of(one.block) > self.policy.stands:
                standing.append(Alert(AlertKind.EXIT_UNCHALLENGED, one.id, f"since block {one.block}"))
            if judged.good and one.time <= now and not self.rumoured(one.position):
                due.append(one)
        games: list[tuple[Game, InFlight]] = []
        for game in list(self.view.open_games.values()):
            if game.id in self.blocks.over:
                continue
            state = self.root_chain.in_flight(game.id)
            if state.status not in (InFlightStatus.NONE, InFlightStatus.OPEN) and not state.piggybacked:
                self.blocks.over.add(game.id)
            believed = all(self.blocks.believed(position) for position in game.transaction.inputs)
            judged = judge.game(game, state, now, believed)
            standing += judged.findings
            plans += judged.plans
            if judged.good and believed and state.piggybacked and state.exitable_at <= now:
                games.append((game, state))
        short = self._short(standing)
        plans += questions(self.blocks, self.id, self.policy.question, now)
        if self.policy.claims:
            plans += self._claims(due, games, short, now)
        return standing, plans

    def _claims(
        self, due: list[ExitSeen], games: list[tuple[Game, InFlight]], short: frozenset[int], now: int
    ) -> list[Plan]:
        priorities = {one.priority for one in self.view.exits.values()}
        if short:
            priorities.update(self.root_chain.in_flight(game.id).priority for game in self.view.open_games.values())
        till = PayoutContext(self.root_chain, self.evidence, short, frozenset(priorities), self.policy.listed)
        plans = claims(till, due, self.policy.claims, now)
        for game, state in games:
            plan = claim_game(till, game, state, now)
            if plan is not None:
                plans.append(plan)
        return plans + till.tracks

    def _short(self, standing: list[Alert]) -> frozenset[int]:
        """Return the tokens whose registered exits exceed the vault's holdings, and append an alert for each."""
        tokens = {one.token for one in self.view.exits.values()}
        for game in self.view.open_games.values():
            tokens |= {one.token for one in game.transaction.outputs}
        short = set()
        for token in sorted(tokens):
            reserved, held = self.root_chain.reserve_of(token)
            there = holdings(self.root_chain, token)
            if there is None or reserved > there - held:
                short.add(token)
                said = (
                    "and the token returns no balance" if there is None else f"{format_units(there - held, token)} held"
                )
                standing.append(
                    Alert(AlertKind.VAULT_SHORT, token, f"{format_units(reserved, token)} registered for exits, {said}")
                )
        return frozenset(short)

    def _still(self, plan: Plan) -> bool:
        """Return True if the call is still needed on L1, where an event may be newer than those read."""
        if plan.name in ("challengeExit", "processExits"):
            return self.root_chain.exit(plan.subject).status == ExitStatus.OPEN
        return True
