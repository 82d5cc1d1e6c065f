"""The coin watcher: verifies every block and exit, and with a key of its own challenges the invalid ones."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from layer2.ethereum.sender import Sender
from layer2.plasma.coins.chain.block_sources import BodiesOf, CoinSource
from layer2.plasma.coins.chain.contract import CoinChain
from layer2.plasma.coins.chain.exit_proofs import Call, exit_kit
from layer2.plasma.coins.chain.state import CoinChainState, CoinExitSeen, Doubt
from layer2.plasma.coins.protocol.coin_history import History
from layer2.plasma.coins.protocol.errors import CoinRefused
from layer2.plasma.coins.watcher.coin_index import CoinIndex
from layer2.plasma.coins.watcher.exit_rules import CoinExitChecker, CoinExitNow
from layer2.plasma.coins.watcher.watched_blocks import CoinBlocks
from layer2.plasma.common.watcher.actions import Plan, WatchPolicy
from layer2.plasma.common.watcher.alerts import Alert, AlertKind
from layer2.plasma.common.watcher.watcher import ChainWatcher
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


class CoinWatcher(ChainWatcher[CoinBlocks]):
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
        self.chain = chain
        self.owners = frozenset(to_address(one) for one in owners)
        super().__init__(
            chain.contract,
            f"coins {chain.address}",
            [BodiesOf(one) for one in (sources if isinstance(sources, Sequence) else [sources])],
            folder,
            lambda files: CoinBlocks(chain, files, coins),
            sender=sender,
            policy=policy,
            start_block=start_block,
            confirmations=confirmations,
            memory=memory,
        )

    def __repr__(self) -> str:
        return f"<CoinWatcher posted={self.view.posted} known={self.books.head} standing={len(self._standing)}>"

    @property
    def view(self) -> CoinChainState:
        """State of the contract's events."""
        return self.blocks.view

    @property
    def books(self) -> CoinIndex:
        """Index of the coins' transfers."""
        return self.blocks.books

    def history(self, coin: int) -> History:
        """Return the history that a coin's next owner needs; raise StateUnknown if the data of a block is missing."""
        return self.books.history(coin)

    def kit(self, coin: int) -> Call:
        """Return the exit call of a coin's owner; raise CoinRefused if the coin is unknown or paid.

        After an invalid transfer the exit uses the state before it, because later states can be challenged.
        """
        standing, safe = self.books.standing(coin), self.books.safe(coin)
        if standing is None or safe is None or coin in self.view.paid:
            raise CoinRefused(f"coin {coin:#x} does not exist, or is paid out", hint="wait for its deposit")
        return exit_kit(safe if safe.owner == standing.owner else standing)

    def kits(self, owner: str) -> dict[int, Call]:
        """Return the exit calls of all unpaid coins of an owner, by coin."""
        mine = self.books.coins_of(to_address(owner))
        return {coin: self.kit(coin) for coin in mine if coin not in self.view.paid}

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

    # -------------------------------------------------------------------------------------------------------- judging

    def _judge(self, now: int) -> tuple[list[Alert], list[Plan]]:
        me = None if self.sender is None else self.sender.address
        judge = CoinExitChecker(self.books, self.chain.profile, me, self.owners.__contains__)
        standing: list[Alert] = []
        plans: list[Plan] = []
        due: list[CoinExitNow] = []
        for seen in list(self.view.exits.values()):
            one = self._now(seen) if self.blocks.coins is None or seen.coin in self.blocks.coins else None
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
            if one.challenge.challenger != me or one in self.blocks.closed:
                continue
            running = self.chain.exit(one.coin, one.number)
            if running is not None and running.nonce == one.nonce:
                continue
            if self._open_until(one):
                found.append(one)
            else:
                self.blocks.closed.add(one)
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

    # --------------------------------------------------------------------------------------------------------- acting

    def _still(self, plan: Plan) -> bool:
        """Return True if a planned action is still needed, although events may not have been read yet."""
        if plan.name == "voidChallenge":
            return True
        coin, number = int.from_bytes(plan.subject[:8], "big"), int.from_bytes(plan.subject[8:13], "big")
        return self.chain.exit(coin, number) is not None
