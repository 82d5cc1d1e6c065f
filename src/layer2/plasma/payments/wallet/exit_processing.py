"""Exit processing: claims of matured exits in batches, and withdrawals of deferred payments."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import groupby

from layer2.ethereum.backend import CallRequest
from layer2.ethereum.errors import ContractReverted, TransactionFailed, TransactionTimeout
from layer2.ethereum.records import Receipt
from layer2.plasma.payments.chain.contract import ExitStatus, InFlight, InFlightStatus
from layer2.plasma.payments.chain.errors import OutputUnknown
from layer2.plasma.payments.chain.exit_proofs import Kit
from layer2.plasma.payments.chain.in_flight_data import inputs_made, inputs_wanted
from layer2.plasma.payments.chain.reserve_view import LISTED, newer_needed, track_needed, widened
from layer2.plasma.payments.wallet.account import Account
from layer2.plasma.protocol.params import LISTED_MOST
from layer2.plasma.protocol.transaction import Output, Transaction

__all__ = ["Claims"]

_BATCH = 50
_MOVES = 64
"""Maximum number of `track` calls per claim; sufficient for 250,000 buckets."""
_DEAR = 2_000_000
"""Gas that a claim never needs."""
_NOT_NOW = ("TooEarly", "NotCovered", "NothingToPay", "OutputHeld")


class Claims:
    """Claims the matured exits of an account. Anyone may claim for any owner; the bounty goes to the sender.

    Attributes:
        listed: maximum number of buckets listed in a claim; the tracked sum is moved first if a claim would need more.
    """

    def __init__(self, account: Account) -> None:
        self.listed = LISTED_MOST
        self._account = account
        self._root = account.root
        self._sender = account.sender
        self._chain_state = account.chain_state
        self._wallet_store = account.wallet_store

    def claimable(self) -> list[Kit]:
        """Return own outputs whose standard exit has matured, oldest first."""
        now, found = self._root.connection.timestamp(), []
        for kit in self._started():
            state = self._root.exit(kit.output_id)
            if state.status is ExitStatus.OPEN and state.time <= now:
                found.append(kit)
        return sorted(found, key=lambda kit: (self._priority(kit), kit.position))

    def claim_all(self) -> list[Receipt]:
        """Claim all exits started or piggybacked here that are payable now; the others remain for a later call.

        An in-flight exit that is not yet exitable takes the inputs that it needs and that no other one holds any more.
        Newer buckets are listed where the contract would otherwise revert with `NotCovered`. Challenged exits are
        recorded as ended, and in-flight exits without piggybacks are deleted to recover their bond.

        Raises:
            TransactionFailed: a claim fails for a reason outside the contract, possibly in its token; raised after all
                other claims.
        """
        self._settle_standing()
        receipts: list[Receipt] = []
        failures: list[TransactionFailed] = []
        for attempt in self._attempts():
            try:
                receipts += attempt()
            except TransactionTimeout:
                raise
            except TransactionFailed as failure:
                failures.append(failure)
        self._settle_standing()
        if failures:
            raise failures[0]
        return receipts

    def _attempts(self) -> Iterator[Callable[[], list[Receipt]]]:
        """Yield the claims to try, grouped by token so that one token cannot fail the claims of another."""
        waiting = sorted(self.claimable(), key=lambda kit: kit.output.token)
        for _, kits in groupby(waiting, key=lambda kit: kit.output.token):
            rows = list(kits)
            for at in range(0, len(rows), _BATCH):
                yield partial(self._claim, rows[at : at + _BATCH])
        for one in list(self._games()):
            yield partial(self._claim_game, *one)

    # ------------------------------------------------------------------------------------------------ standard exits

    def _started(self) -> Iterator[Kit]:
        return (self._wallet_store.coins[position] for position in sorted(self._wallet_store.exits))

    def _claim(self, kits: Sequence[Kit]) -> list[Receipt]:
        receipts: list[Receipt] = []
        under = {kit.position: self._priority(kit) for kit in kits}
        rows = [(kit, self._newer(kit.output, under[kit.position])) for kit in kits]
        payable = [(kit, newer) for kit, newer in rows if newer is not None]
        newer = sorted({one for _, each in payable for one in each})
        if len(payable) > 1 and len(newer) * len(payable) > self.listed:
            # Claim one by one, oldest first, because the combined list of newer buckets is too long.
            return [receipt for kit, _ in payable for receipt in self._claim([kit])]
        if len(payable) == 1 and len(newer) > self.listed:
            receipts, found = self._move(payable[0][0].output, under[payable[0][0].position], newer)
            payable, newer = payable if found is not None else [], found or []
        if not payable:
            return receipts
        oldest = min(under[kit.position] for kit, _ in payable)
        newer = self._widened(payable[0][0].output, oldest, newer, len(payable))
        items = [(kit.position, kit.made) for kit, _ in payable]
        try:
            receipts.append(self._root.process_exits(self._sender, items, newer))
        except ContractReverted as fault:
            # It was claimed by someone else, or is not covered any more: a later call tries it again.
            if fault.name not in (*_NOT_NOW, "UnexpectedExitStatus"):
                raise
            return receipts
        # Exits skipped by the batch may be payable alone, with a list of their own buckets.
        for kit, _ in payable if len(payable) > 1 else ():
            if self._account.exit_status(kit) is ExitStatus.OPEN:
                receipts += self._claim([kit])
        return receipts

    def _priority(self, kit: Kit) -> int:
        """Return the block number under which the output's exit is registered."""
        return self._root.exit(kit.output_id).priority

    def _newer(self, output: Output, priority: int) -> list[int] | None:
        self._chain_state.step()
        return newer_needed(self._root, output.token, priority, output.amount, self._chain_state.priorities)

    def _widened(self, output: Output, priority: int, newer: list[int], parts: int) -> list[int]:
        """Return the list extended by buckets of exits that may start before the claim.

        Such exits then cannot front-run the claim. Without newer buckets and without a distrusted block, the list is
        returned unchanged.
        """
        if not newer and self._account.distrusted is None:
            return newer
        return widened(self._root, output.token, priority, newer, self.listed // parts)

    def _move(self, output: Output, priority: int, newer: list[int]) -> tuple[list[Receipt], list[int] | None]:
        """Move the tracked sum until the claim's list is short enough.

        Returns:
            The receipts, and the list of newer buckets, or None if the claim is not payable now.
        """
        receipts: list[Receipt] = []
        found: list[int] | None = newer
        for _ in range(_MOVES):
            moved = None if found is None else track_needed(self._root, output.token, priority, found, self.listed)
            if moved is None:
                return receipts, found
            receipts.append(self._root.track(self._sender, output.token, moved[0]))
            found = self._newer(output, priority)
        return receipts, None

    def _settle_standing(self) -> None:
        """Record the outcome of standard exits, and outputs paid or spent by other in-flight exits."""
        for kit in list(self._wallet_store.coins.values()):
            leaving = kit.position in self._wallet_store.exits
            if not leaving and self._wallet_store.spent(kit.position):
                continue
            status = self._account.exit_status(kit)
            if status is ExitStatus.PAID:
                self._wallet_store.drop(kit.position, "paid out")
            elif status is ExitStatus.SPENT:
                self._wallet_store.drop(kit.position, "spent by an exit")
            elif not leaving and status is ExitStatus.OPEN:
                # Only the owner can have started it: a process stopped before it recorded the exit.
                self._wallet_store.exit([kit.position])
            elif leaving and status is ExitStatus.CHALLENGED:
                self._wallet_store.unexit(kit.position, "exit stopped")
            elif leaving and status is ExitStatus.NONE and not self._root.is_held(kit.output_id):
                self._wallet_store.unexit(kit.position, "its in-flight exit ended")

    # ------------------------------------------------------------------------------------------------ in-flight exits

    def _games(self) -> Iterator[tuple[bytes, Transaction, tuple[bytes, ...], tuple[bytes, ...] | None]]:
        """Yield in-flight exits of own payments, and those of others that were piggybacked.

        The origins of the inputs are None for the latter, because no exit proof holds them.
        """
        for hashed in self._wallet_store.games:
            kit = self._wallet_store.sent[hashed].kit
            yield hashed, kit.transaction, kit.input_ids, kit.made
        for identity in self._wallet_store.joined:
            if identity in self._chain_state.games:
                game = self._chain_state.games[identity]
                yield identity, game.transaction, game.input_ids, None

    def _claim_game(
        self,
        identity: bytes,
        transaction: Transaction,
        input_ids: tuple[bytes, ...],
        made: tuple[bytes, ...] | None,
    ) -> list[Receipt]:
        exit_id = identity if made is None else self._wallet_store.sent[identity].kit.exit_id
        game = self._root.in_flight(exit_id)
        if game.status is InFlightStatus.NONE or (game.status is not InFlightStatus.OPEN and not game.piggybacked):
            self._wallet_store.end(identity, "in-flight exit over")
            return []
        if not game.piggybacked:
            if (
                made is None
                or self._root.connection.timestamp() < game.started_at + self._root.profile.exit_period // 2
            ):
                return []
            receipt = self._root.delete_non_piggybacked(self._sender, transaction.packed, input_ids)
            self._wallet_store.end(identity, "in-flight exit dropped")
            return [receipt]
        if game.status is InFlightStatus.OPEN and self._root.connection.timestamp() < game.exitable_at:
            return self._hold(exit_id, game, transaction, input_ids, made)
        if made is None:
            made = inputs_made(self._root, exit_id, transaction, input_ids, self._chain_state.start_block)
        paid = self._pay_game(game, transaction, input_ids, made)
        after = self._root.in_flight(exit_id)
        if after.status is not InFlightStatus.OPEN and not after.piggybacked:
            self._wallet_store.end(identity, "in-flight exit over")
        return [] if paid is None else [paid]

    def _hold(
        self,
        exit_id: bytes,
        game: InFlight,
        transaction: Transaction,
        input_ids: tuple[bytes, ...],
        made: tuple[bytes, ...] | None,
    ) -> list[Receipt]:
        """Make an in-flight exit hold the inputs that it needs and that no other one holds.

        It pays only inputs that it holds.
        """
        wanted = inputs_wanted(game, len(input_ids)) & ~game.held
        if not any(wanted >> at & 1 and self._root.is_free(known) for at, known in enumerate(input_ids)):
            return []
        try:
            made = made or inputs_made(self._root, exit_id, transaction, input_ids, self._chain_state.start_block)
            return [self._root.hold_inputs(self._sender, transaction.packed, input_ids, made)]
        except OutputUnknown:
            return []
        except ContractReverted as fault:
            if fault.name not in ("NothingToHold", "TooLate"):
                raise
            return []

    def _pay_game(
        self, game: InFlight, transaction: Transaction, input_ids: Sequence[bytes], made: Sequence[bytes]
    ) -> Receipt | None:
        paid = list(_paid(transaction, game))
        lists = [self._newer(output, game.priority) for output in paid]
        newer = sorted({bucket for each in lists for bucket in each or ()})
        if paid:
            newer = self._widened(paid[0], game.priority, newer, len(paid))
        try:
            if None in lists and self._is_dear(transaction, input_ids, made, newer):
                return None
            return self._root.process_in_flight_exit(self._sender, transaction.packed, input_ids, made, newer)
        except ContractReverted as fault:
            if fault.name not in _NOT_NOW:
                raise
            return None

    def _is_dear(
        self, transaction: Transaction, input_ids: Sequence[bytes], made: Sequence[bytes], newer: Sequence[int]
    ) -> bool:
        """Return True if a token uses so much gas in a claim that the bounty cannot pay for it."""
        data = self._root.contract.encode(
            "processInFlightExit", transaction.packed, list(input_ids), list(made), list(newer)
        )
        request = CallRequest(self._root.address, data, 0, self._sender.address)
        try:
            most = _DEAR + LISTED * len(newer) * (len(transaction.inputs) + len(transaction.outputs))
            return self._sender.estimate(request, self._root.contract.decoder) > most
        except ContractReverted:
            raise
        except TransactionFailed:
            return True


def _paid(transaction: Transaction, game: InFlight) -> Iterator[Output]:
    """Yield the outputs that an in-flight exit may pay, as far as they were piggybacked.

    The claim decides between outputs and inputs. Inputs have the tokens of outputs, or are covered in any case, so
    listing too many buckets does no harm.
    """
    for at, output in enumerate(transaction.outputs):
        if game.piggybacked >> (4 + at) & 1 or game.piggybacked & 15:
            yield output
