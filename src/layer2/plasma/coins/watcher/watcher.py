"""The watcher of coins: sees every block, judges every exit, and with a key of its own sets right what can be."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from layer2.ethereum.errors import EthereumError
from layer2.ethereum.sender import Sender
from layer2.plasma.coins.chain.block_sources import CoinSource
from layer2.plasma.coins.chain.contract import CoinChain
from layer2.plasma.coins.watcher.contract_view import CoinExitSeen, Doubt
from layer2.plasma.coins.watcher.exit_rules import CoinExitNow, CoinJudge
from layer2.plasma.coins.watcher.sync import CoinWatchState
from layer2.plasma.common.watcher.actions import Plan, WatchPolicy
from layer2.plasma.common.watcher.alerts import Finding, Kind, Report
from layer2.plasma.common.watcher.transaction_scheduler import Hands
from layer2.primitives.addresses import Address, to_address

__all__ = ["COIN_FAULT_POINTS", "CoinStatus", "CoinWatcher"]

COIN_FAULT_POINTS = (
    "watcher.news.before",
    "watcher.news.durable",
    "watcher.body.before",
    "watcher.body.durable",
    "watcher.act.before",
    "watcher.act.sent",
    "watcher.act.mined",
)
"""Where a test may kill the process: around each thing that it keeps, and around each transaction."""

_LOOK_AT_CODE = 64
_NO_HURRY = 365 * 86_400


@dataclass(frozen=True, slots=True)
class CoinStatus:
    """How the coin chain stands.

    Attributes:
        head: the newest block of the chain below that was read.
        posted: coin blocks there are; `known`: those whose bodies are there with those of all before.
        withheld: those whose body is missing for too long.
        coins: that were made and not paid; `exits`: that run.
        standing: what is wrong now.
    """

    head: int
    posted: int
    known: int
    withheld: tuple[int, ...]
    operator: Address
    coins: int
    exits: int
    standing: tuple[Finding, ...]

    @property
    def healthy(self) -> bool:
        """Whether nobody has to leave."""
        return not any(one.kind.alarming for one in self.standing)


class CoinWatcher(CoinWatchState):
    """Watches one coin chain. `step()` does all that is due; no block, event, body or peer can stop it.

    What it does is decided from what the chain says now: it can be stopped, started again, repeated and reorganised
    away at any point. One thread at a time. Started again it reads events and bodies from its folder, and judges anew.

    Args:
        sources: who may have the bodies of blocks, asked one after the other.
        folder: for what it keeps; None keeps nothing beyond this process.
        sender: of a key of its own with money for bonds, to act with; None only looks.
        policy: what acts may cost, and when they are made.
        coins: to look after only these; None: after all.
        owners: whose coins are worth a bond when blocks or signatures that nobody shows might justify an exit: those
            who say that they have not signed. For others' coins such an exit is only told: the bond could be lost.
        start_block: of the chain below, at which the contract was deployed, or before.
        confirmations: blocks above one before it is read.
        memory: how deep a reorganisation may be, in blocks of the chain below, before all is read anew.

    Raises:
        JournalForeign, JournalCorrupt, JournalLocked: the folder is of another chain, damaged, or in use.
    """

    def __init__(
        self,
        chain: CoinChain,
        sources: CoinSource | Sequence[CoinSource],
        folder: str | Path | None = None,
        *,
        sender: Sender | None = None,
        policy: WatchPolicy | None = None,
        coins: Collection[int] | None = None,
        owners: Collection[str] = (),
        start_block: int = 0,
        confirmations: int = 0,
        memory: int = 64,
    ) -> None:
        super().__init__(
            chain,
            sources,
            folder,
            coins=coins,
            start_block=start_block,
            confirmations=confirmations,
            memory=memory,
        )
        self.sender = sender
        self.policy = policy or WatchPolicy()
        self.owners = frozenset(to_address(one) for one in owners)
        self._hands = Hands(chain.contract, self._still)
        self._standing: dict[tuple[Kind, int | bytes], Finding] = {}
        self._steps = 0

    def __repr__(self) -> str:
        return f"<CoinWatcher posted={self.view.posted} known={self.books.head} standing={len(self._standing)}>"

    def status(self) -> CoinStatus:
        """How the chain stood at the last step."""
        view = self.view
        return CoinStatus(
            self._head,
            view.posted,
            self.books.head,
            tuple(sorted(self._late)),
            view.operator,
            len(view.records) - len(view.paid_in),
            len(view.exits),
            tuple(self._standing.values()),
        )

    # ---------------------------------------------------------------------------------------------------------- step

    def step(self) -> Report:
        """Read, fetch, judge, act. Says what it found for the first time, and what it did. Repeating it is harmless.

        Raises only what its own disk raises (`JournalFull`, `JournalError`).
        """
        report = Report()
        try:
            self._follow(report)
            now = self.connection.timestamp()
            self._fetch(report, now, self.policy.patience)
            self._advance()
            standing, plans = self._judge(now)
            self._note(standing, report)
            if self.sender is not None:
                self._hands.act(self.sender, self.policy, plans, now, report)
        except EthereumError as failure:
            self._note([*self._standing.values(), Finding(Kind.CHAIN_AWAY, 0, str(failure))], report)
        return report

    def _note(self, standing: Sequence[Finding], report: Report) -> None:
        fresh = {(one.kind, one.subject): one for one in standing}
        report.findings += [one for key, one in fresh.items() if key not in self._standing]
        self._standing = fresh

    # -------------------------------------------------------------------------------------------------------- judging

    def _judge(self, now: int) -> tuple[list[Finding], list[Plan]]:
        me = None if self.sender is None else self.sender.address
        judge = CoinJudge(self.books, self.chain.profile, me, self.owners.__contains__)
        standing = self._standing_of_blocks(now) + self._standing_of_contract()
        plans: list[Plan] = []
        due: list[CoinExitNow] = []
        for seen in list(self.view.exits.values()):
            one = self._now(seen) if self._coins is None or seen.coin in self._coins else None
            if one is None:
                continue
            judged = judge.exit(one, now)
            standing += judged.findings
            plans += judged.plans
            if not judged.good and judged.plans and now - self._time_of(seen.block) > self.policy.stands:
                standing.append(Finding(Kind.EXIT_UNCHALLENGED, one.subject, f"since block {seen.block}"))
            waits = one.doubts or one.exit.exitable_at >= now or one.coin in self.view.paid_in
            if judged.good and not waits and not self.rumoured(one.coin):
                due.append(one)
        plans += [judge.void(doubt, now) for doubt in self._void(me)]
        return standing, plans + self._claims(due, now)

    def _now(self, seen: CoinExitSeen) -> CoinExitNow | None:
        """An exit as the contract has it now; None if it is over, though the event was not read."""
        found = self.chain.exit(seen.coin, seen.number)
        if found is None:
            return None
        doubts = [
            (one.challenge, until)
            for one in (self.view.doubts if found.challenges else ())
            if (one.coin, one.number, one.nonce) == (seen.coin, seen.number, found.nonce)
            and (until := self._open_until(one))
        ]
        return CoinExitNow(seen.coin, found, tuple(doubts), tuple(self.view.moves_of(seen.coin)))

    def _open_until(self, doubt: Doubt) -> int:
        return self.chain.doubted_until(doubt.coin, doubt.number, doubt.nonce, doubt.challenge)

    def _void(self, me: Address | None) -> list[Doubt]:
        """Challenges of one's own whose exit is over, with their bonds still there."""
        found: list[Doubt] = []
        for one in self.view.doubts:
            if one.challenge.challenger != me or one in self._closed:
                continue
            running = self.chain.exit(one.coin, one.number)
            if running is not None and running.nonce == one.nonce:
                continue
            if self._open_until(one):
                found.append(one)
            else:
                self._closed.add(one)
        return found

    def _claims(self, due: list[CoinExitNow], now: int) -> list[Plan]:
        most, plans = self.policy.claims, list[Plan]()
        # One exit of a coin is paid: of two that are right, the first.
        once = {one.coin: one for one in sorted(due, key=lambda one: -one.exit.exitable_at)}
        rows = sorted(once.values(), key=lambda one: (one.exit.exitable_at, one.coin))
        for at in range(0, len(rows), most) if most else ():
            batch = rows[at : at + most]
            dues = [(one.coin, one.exit.number, self.view.records[one.coin].as_tuple()) for one in batch]
            gas, reward = 60_000 + 110_000 * len(batch), self.chain.profile.bounty * len(batch)
            plans.append(Plan("claim", batch[0].subject, (dues,), reward, now + _NO_HURRY, duty=False, gas=gas))
        return plans

    def _standing_of_contract(self) -> list[Finding]:
        """The contract has neither owner nor proxy: if it is another one, this is another chain."""
        self._steps += 1
        if self._steps % _LOOK_AT_CODE != 1:
            return [one for one in self._standing.values() if one.kind is Kind.PARAMETERS_CHANGED]
        if not self._memory.is_changed(self.chain.contract):
            return []
        return [Finding(Kind.PARAMETERS_CHANGED, 0, "code or parameters are not those that were seen first")]

    def _time_of(self, block: int) -> int:
        header = self.connection.block(block)
        return self.connection.timestamp() if header is None else header.timestamp

    # --------------------------------------------------------------------------------------------------------- acting

    def _still(self, plan: Plan) -> bool:
        """Whether nobody has done it yet, though the events may not have been read."""
        if plan.name == "voidChallenge":
            return True
        coin, number = int.from_bytes(plan.subject[:8], "big"), int.from_bytes(plan.subject[8:13], "big")
        return self.chain.exit(coin, number) is not None
