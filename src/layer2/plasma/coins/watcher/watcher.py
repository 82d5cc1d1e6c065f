"""The coin watcher: verifies every block and exit, and with a key of its own challenges the invalid ones."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from layer2.ethereum.errors import EthereumError
from layer2.ethereum.sender import Sender
from layer2.plasma.coins.chain.block_sources import CoinSource
from layer2.plasma.coins.chain.contract import CoinChain
from layer2.plasma.coins.chain.state import CoinExitSeen, Doubt
from layer2.plasma.coins.watcher.exit_rules import CoinExitChecker, CoinExitNow
from layer2.plasma.coins.watcher.sync import CoinWatchState
from layer2.plasma.common.watcher.actions import Plan, WatchPolicy
from layer2.plasma.common.watcher.alerts import Alert, AlertKind, Report
from layer2.plasma.common.watcher.transaction_scheduler import TransactionScheduler
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
"""Failpoints around each durable write and each transaction, at which tests can kill the process."""

_LOOK_AT_CODE = 64
_NO_HURRY = 365 * 86_400


@dataclass(frozen=True, slots=True)
class CoinStatus:
    """Status of the coin chain.

    Attributes:
        head: Newest Ethereum block that was read.
        posted: Number of submitted coin blocks.
        known: Number of the last block up to which all block data is available.
        withheld: Blocks whose data has been missing for too long.
        coins: Number of unpaid coins.
        exits: Number of running exits.
        standing: Current alerts.
    """

    head: int
    posted: int
    known: int
    withheld: tuple[int, ...]
    operator: Address
    coins: int
    exits: int
    standing: tuple[Alert, ...]

    @property
    def healthy(self) -> bool:
        """True if no alert requires owners to exit."""
        return not any(one.kind.alarming for one in self.standing)


class CoinWatcher(CoinWatchState):
    """Watches one coin chain. `step()` does all due work; no block, event, data or peer can stop it.

    Each decision depends only on the current state of the chain, so that the watcher survives interruption, restart,
    repetition and reorganisation at any point. Only one thread may use it. After a restart it reads events and block
    data from its folder and verifies them again.

    Args:
        sources: Sources of block data, queried in order.
        folder: Folder of the persistent state; None keeps it in memory.
        sender: Sender with its own key and money for bonds; None for a watcher that only reports.
        policy: Cost limits and timing of transactions.
        coins: Coins to watch; None for all.
        owners: Owners who state that they have not signed: their coins justify a bond even though withheld data might
            validate an exit. For other owners such an exit is only reported, because the bond could be lost.
        start_block: Ethereum block of the contract's deployment, or an earlier one.
        confirmations: Number of blocks above a block before its events are read.
        memory: Maximum depth of a reorganisation in Ethereum blocks before all events are read again.

    Raises:
        JournalMismatch, JournalCorrupt, JournalLocked: The folder belongs to another chain, is damaged, or is in use.
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
        self._scheduler = TransactionScheduler(chain.contract, self._still)
        self._standing: dict[tuple[AlertKind, int | bytes], Alert] = {}
        self._steps = 0

    def __repr__(self) -> str:
        return f"<CoinWatcher posted={self.view.posted} known={self.books.head} standing={len(self._standing)}>"

    def status(self) -> CoinStatus:
        """Return the status as of the last step."""
        view = self.view
        return CoinStatus(
            self._head,
            view.posted,
            self.books.head,
            tuple(sorted(self._late)),
            view.operator,
            len(view.records) - len(view.paid),
            len(view.exits),
            tuple(self._standing.values()),
        )

    # ---------------------------------------------------------------------------------------------------------- step

    def step(self) -> Report:
        """Read, fetch, verify and act; report new alerts and the actions taken. Repeating it is harmless.

        Raises:
            JournalFull, JournalError: The local disk failed. No other error is raised.
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
                self._scheduler.act(self.sender, self.policy, plans, now, report)
        except EthereumError as failure:
            self._note([*self._standing.values(), Alert(AlertKind.CHAIN_AWAY, 0, str(failure))], report)
        return report

    def _note(self, standing: Sequence[Alert], report: Report) -> None:
        fresh = {(one.kind, one.subject): one for one in standing}
        report.findings += [one for key, one in fresh.items() if key not in self._standing]
        self._standing = fresh

    # -------------------------------------------------------------------------------------------------------- judging

    def _judge(self, now: int) -> tuple[list[Alert], list[Plan]]:
        me = None if self.sender is None else self.sender.address
        judge = CoinExitChecker(self.books, self.chain.profile, me, self.owners.__contains__)
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
                standing.append(Alert(AlertKind.EXIT_UNCHALLENGED, one.subject, f"since block {seen.block}"))
            waits = one.doubts or one.exit.exitable_at >= now or one.coin in self.view.paid
            if judged.good and not waits and not self.rumoured(one.coin):
                due.append(one)
        plans += [judge.void(doubt, now) for doubt in self._void(me)]
        return standing, plans + self._claims(due, now)

    def _now(self, seen: CoinExitSeen) -> CoinExitNow | None:
        """Return an exit's current state in the contract, or None if it ended although the event was not read."""
        found = self.chain.exit(seen.coin, seen.number)
        if found is None:
            return None
        doubts = [
            (one.challenge, until)
            for one in (self.view.doubts.get((seen.coin, seen.number), ()) if found.challenges else ())
            if one.nonce == found.nonce and (until := self._open_until(one))
        ]
        return CoinExitNow(seen.coin, found, tuple(doubts), tuple(self.view.moves_of(seen.coin)))

    def _open_until(self, doubt: Doubt) -> int:
        return self.chain.doubted_until(doubt.coin, doubt.number, doubt.nonce, doubt.challenge)

    def _void(self, me: Address | None) -> list[Doubt]:
        """Return this watcher's challenges with unreturned bonds whose exits have ended."""
        found: list[Doubt] = []
        for one in chain.from_iterable(self.view.doubts.values()):
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
        # Only one exit of a coin is paid: of two valid ones, the first.
        once = {one.coin: one for one in sorted(due, key=lambda one: -one.exit.exitable_at)}
        rows = sorted(once.values(), key=lambda one: (one.exit.exitable_at, one.coin))
        for at in range(0, len(rows), most) if most else ():
            batch = rows[at : at + most]
            dues = [(one.coin, one.exit.number, self.view.records[one.coin].as_tuple()) for one in batch]
            gas, reward = 60_000 + 110_000 * len(batch), self.chain.profile.bounty * len(batch)
            plans.append(Plan("finalizeExits", batch[0].subject, (dues,), reward, now + _NO_HURRY, duty=False, gas=gas))
        return plans

    def _standing_of_contract(self) -> list[Alert]:
        """Return alerts about changed code or parameters.

        The contract has neither an owner nor a proxy, so that a change means that this is another chain.
        """
        self._steps += 1
        if self._steps % _LOOK_AT_CODE != 1:
            return [one for one in self._standing.values() if one.kind is AlertKind.PARAMETERS_CHANGED]
        if not self._memory.is_changed(self.chain.contract):
            return []
        return [Alert(AlertKind.PARAMETERS_CHANGED, 0, "code or parameters are not those that were seen first")]

    def _time_of(self, block: int) -> int:
        header = self.connection.block(block)
        return self.connection.timestamp() if header is None else header.timestamp

    # --------------------------------------------------------------------------------------------------------- acting

    def _still(self, plan: Plan) -> bool:
        """Return True if a planned action is still needed, although events may not have been read yet."""
        if plan.name == "voidChallenge":
            return True
        coin, number = int.from_bytes(plan.subject[:8], "big"), int.from_bytes(plan.subject[8:13], "big")
        return self.chain.exit(coin, number) is not None
