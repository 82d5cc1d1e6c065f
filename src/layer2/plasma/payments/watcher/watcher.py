"""The watcher: sees everything, judges everything, and with a key of its own sets right what can be set right."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from layer2.ethereum.errors import EthereumError
from layer2.ethereum.sender import Sender
from layer2.plasma.common.watcher.actions import Plan, WatchPolicy
from layer2.plasma.common.watcher.alerts import Finding, Kind, Report, Status
from layer2.plasma.common.watcher.block_sources import BodySource
from layer2.plasma.common.watcher.transaction_scheduler import Hands, turn_of
from layer2.plasma.payments.chain.contract import ExitStatus, InFlight, InFlightStatus, RootChain
from layer2.plasma.payments.chain.exit_proof_file import save_kits
from layer2.plasma.payments.chain.exit_proofs import Kit, PaymentKit
from layer2.plasma.payments.chain.reserve_view import holdings
from layer2.plasma.payments.watcher.contract_view import ExitSeen, Game
from layer2.plasma.payments.watcher.data_challenges import questions
from layer2.plasma.payments.watcher.exit_processing import Till, claim_game, claims
from layer2.plasma.payments.watcher.exit_proofs import kit_at, kits_of, payment_kit
from layer2.plasma.payments.watcher.exit_rules import Judge
from layer2.plasma.payments.watcher.sync import WatchState
from layer2.primitives.addresses import address_bytes, to_address
from layer2.primitives.worker_pool import Workers

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
"""Where a test may kill the process: around each thing that it keeps, and around each transaction."""

_LOOK_AT_CODE = 64


class Watcher(WatchState):
    """Watches one plasma chain. `step()` does all that is due; no block, event, body or peer can stop it.

    What it does is decided from what the chain says now: it can be stopped, started again, repeated and reorganised
    away at any point. One thread steps; others read what it knows while they hold `lock`.

    Args:
        sources: who may have the bodies of blocks, asked one after the other.
        folder: for what it keeps; None keeps nothing beyond this process.
        sender: of a key of its own with little money, to act with; None only looks.
        policy: what acts may cost, and when they are made.
        start_block: of the chain below, at which the contract was deployed, or before.
        confirmations: blocks above one before it is read.
        memory: how deep a reorganisation may be, in blocks of the chain below, before all is read anew.
        workers: who checks signatures; the calling thread without it.

    Raises:
        JournalForeign, JournalCorrupt, JournalLocked: the folder is of another chain, damaged, or in use.
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
        workers: Workers | None = None,
    ) -> None:
        super().__init__(
            root_chain,
            sources,
            folder,
            start_block=start_block,
            confirmations=confirmations,
            memory=memory,
            workers=workers,
        )
        self.sender = sender
        self.policy = policy or WatchPolicy()
        self._standing: dict[tuple[Kind, int | bytes], Finding] = {}
        self._hands = Hands(root_chain.contract, self._still)
        self._steps = 0
        self.plans: tuple[Plan, ...] = ()
        """Calls that were due at the last step, whoever makes them."""

    def __repr__(self) -> str:
        return f"<Watcher posted={self.view.posted} verified={self.line.verified} standing={len(self._standing)}>"

    @property
    def id(self) -> bytes:
        """What its turn among several watchers is drawn from."""
        return turn_of(self.sender)

    def status(self) -> Status:
        """How the chain stood at the last step."""
        return Status(
            self._head,
            self.view.posted,
            self.line.verified,
            self.bad_block,
            tuple(sorted(self._late)),
            self.view.frozen,
            self.view.operator,
            len(self.view.exits),
            len(self.view.games),
            tuple(self._standing.values()),
        )

    # ---------------------------------------------------------------------------------------------------------- kits

    def kit(self, position: int) -> Kit:
        """What it takes to exit the output at a position. Raises StateUnknown while its block is not to be had."""
        return kit_at(self.evidence, position)

    def payment_kit(self, record: bytes) -> PaymentKit:
        """What it takes to exit a signed payment, `packed | signatures(64 each)`, through a game of its own."""
        return payment_kit(self.evidence, record)

    def kits(self, owner: str) -> tuple[Kit, ...]:
        """Kits of all outputs that an address owns after the last good block, exiting ones too."""
        return kits_of(self.evidence, self.line.ledger, address_bytes(to_address(owner)))

    def export_kits(self, owner: str, path: str | Path) -> int:
        """Write an owner's exit proofs to a file that wallets load (see `exit_proof_file`), and return their number."""
        found = self.kits(owner)
        save_kits(path, self.root_chain, found)
        return len(found)

    # ---------------------------------------------------------------------------------------------------------- step

    def step(self) -> Report:
        """Read, fetch, judge, act. Says what it found for the first time, and what it did. Repeating it is harmless.

        Raises only what its own disk raises (`JournalFull`, `JournalError`).
        """
        report = Report()
        with self.lock:
            try:
                self._follow(report)
                now = self.connection.timestamp()
                self._fetch(report, now, self.policy.patience)
                self._advance(report)
                standing, plans = self._judge(now)
                self.plans = tuple(plans)
                self._note(standing, report)
                if self.sender is not None:
                    self._act(plans, now, report)
            except EthereumError as failure:
                self._note([*self._standing.values(), Finding(Kind.CHAIN_AWAY, 0, str(failure))], report)
        return report

    def _note(self, standing: Sequence[Finding], report: Report) -> None:
        fresh = {(one.kind, one.subject): one for one in standing}
        report.findings += [one for key, one in fresh.items() if key not in self._standing]
        self._standing = fresh

    # -------------------------------------------------------------------------------------------------------- judging

    def _judge(self, now: int) -> tuple[list[Finding], list[Plan]]:
        judge = Judge(self.evidence, self.root_chain.profile, self.root_chain.is_free)
        standing = self._standing_of_blocks(now) + self._standing_of_contract()
        plans: list[Plan] = []
        due: list[ExitSeen] = []
        for one in list(self.view.exits.values()):
            judged = judge.exit(one, self.believed(one.position))
            standing += judged.findings
            plans += judged.plans
            if judged.plans and now - self._time_of(one.block) > self.policy.stands:
                standing.append(Finding(Kind.EXIT_UNCHALLENGED, one.id, f"since block {one.block}"))
            if judged.good and one.time <= now and not self.rumoured(one.position):
                due.append(one)
        games: list[tuple[Game, InFlight]] = []
        for game in list(self.view.games.values()):
            if game.id in self._over:
                continue
            state = self.root_chain.in_flight(game.id)
            if state.status not in (InFlightStatus.NONE, InFlightStatus.OPEN) and not state.piggybacked:
                self._over.add(game.id)
            believed = all(self.believed(position) for position in game.transaction.inputs)
            judged = judge.game(game, state, now, believed)
            standing += judged.findings
            plans += judged.plans
            if judged.good and believed and state.piggybacked and state.exitable_at <= now:
                games.append((game, state))
        short = self._short(standing)
        plans += questions(self, self.id, self.policy.question, now)
        if self.policy.claims:
            plans += self._claims(due, games, short, now)
        return standing, plans

    def _claims(
        self, due: list[ExitSeen], games: list[tuple[Game, InFlight]], short: frozenset[int], now: int
    ) -> list[Plan]:
        priorities = {one.priority for one in self.view.exits.values()}
        if short:
            priorities.update(self.root_chain.in_flight(game.id).priority for game in self.view.games.values())
        till = Till(self.root_chain, self.evidence, short, frozenset(priorities), self.policy.listed)
        plans = claims(till, due, self.policy.claims, now)
        for game, state in games:
            plan = claim_game(till, game, state, now)
            if plan is not None:
                plans.append(plan)
        return plans + till.tracks

    def _short(self, standing: list[Finding]) -> frozenset[int]:
        """Tokens of which more is registered to leave than there is."""
        tokens = {one.token for one in self.view.exits.values()}
        for game in self.view.games.values():
            tokens |= {one.token for one in game.transaction.outputs}
        short = set()
        for token in sorted(tokens):
            reserved, held = self.root_chain.reserve_of(token)
            there = holdings(self.root_chain, token)
            if there is None or reserved > there - held:
                short.add(token)
                said = "and the token does not say what is there" if there is None else f"{there - held} there"
                standing.append(Finding(Kind.VAULT_SHORT, token, f"{reserved} registered to leave, {said}"))
        return frozenset(short)

    def _standing_of_contract(self) -> list[Finding]:
        """The contract has neither owner nor proxy: if it is another one, this is another chain."""
        self._steps += 1
        if self._steps % _LOOK_AT_CODE != 1:
            return [one for one in self._standing.values() if one.kind is Kind.PARAMETERS_CHANGED]
        if not self._memory.is_changed(self.root_chain.contract):
            return []
        return [Finding(Kind.PARAMETERS_CHANGED, 0, "code or parameters are not those that were seen first")]

    def _time_of(self, block: int) -> int:
        header = self.connection.block(block)
        return self.connection.timestamp() if header is None else header.timestamp

    # --------------------------------------------------------------------------------------------------------- acting

    def _act(self, plans: list[Plan], now: int, report: Report) -> None:
        assert self.sender is not None
        self._hands.act(self.sender, self.policy, plans, now, report)

    def _still(self, plan: Plan) -> bool:
        """Whether nobody has done it yet, though the events may not have been read."""
        if plan.name in ("challengeExit", "claim"):
            return self.root_chain.exit(plan.subject).status == ExitStatus.OPEN
        return True
