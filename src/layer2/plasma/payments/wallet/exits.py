"""Exits without an operator: standard exits, in-flight exits, and piggybacks on in-flight exits of others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from layer2.ethereum.errors import ContractReverted
from layer2.ethereum.records import Receipt
from layer2.plasma.payments.chain.contract import Exit, ExitStatus, InFlight, InFlightStatus
from layer2.plasma.payments.chain.errors import ExitProofInvalid, HeldInFlight, OutputUnknown
from layer2.plasma.payments.chain.exit_proofs import Kit, OutputExitProof
from layer2.plasma.payments.chain.in_flight_data import joined_made
from layer2.plasma.payments.wallet.account import Account
from layer2.plasma.payments.wallet.competing_exits import CONTEST, contest, stuck
from layer2.plasma.payments.wallet.payment_status import PaymentStatus, SentPayment
from layer2.plasma.protocol.params import ETHER_TOKEN
from layer2.primitives.errors import Layer2Error

__all__ = ["Exits", "Plan"]

_BATCH = 40
"""Standard exits in one transaction, which keeps it below 5 million gas."""
_NEVER = (1 << 40) - 1


@dataclass(frozen=True, slots=True)
class Plan:
    """The planned exits of a wallet.

    Attributes:
        outputs: outputs to exit by standard exits.
        payments: payments to exit by in-flight exits, each with the bits to piggyback.
        joins: piggybacks on in-flight exits of others: exit id, bit, and for an input the packed origin of its output.
        left_out: outputs that another wallet of the owner may have spent; their exits might lose their bonds.
    """

    outputs: tuple[Kit, ...]
    payments: tuple[tuple[SentPayment, int], ...]
    joins: tuple[tuple[bytes, int, bytes], ...]
    left_out: tuple[Kit, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.outputs or self.payments or self.joins)


class Exits:
    """Starts the exits of an account: standard exits, in-flight exits and piggybacks."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._root = account.root
        self._sender = account.sender
        self._chain_state = account.chain_state
        self._wallet_store = account.wallet_store

    # ------------------------------------------------------------------------------------------------------- planning

    def plan(self, *, least: int = 0, doubtful: bool = False) -> Plan:
        """Return the cheapest safe exits for all outputs and open payments.

        A proven output with no payment signed over it takes a standard exit. The inputs of an own payment cannot,
        because anyone who has the payment can challenge such an exit. The payment itself takes an in-flight exit if one
        of its outputs returns to this owner or another owner has signed it. An output of an own payment in a distrusted
        block also exits by the in-flight exit of its payment. After a payment has expired without known inclusion, its
        inputs take standard exits again.

        Args:
            least: minimum amount in wei; smaller ether outputs are left out, because an exit costs gas.
            doubtful: also exit outputs that another wallet of the owner may have spent.
        """
        payments, covered = [], set()
        for one in self._wallet_store.sent.values():
            bits = self._bits(one)
            if bits and one.hash not in self._wallet_store.games and self._startable(one):
                payments.append((one, bits))
                # The in-flight exit covers its inputs, so no standard exit of them may start.
                covered |= self._outputs_of(one) | set(one.transaction.inputs)
        joins = tuple(self._joinable())
        # A piggybacked output exits only by that in-flight exit.
        joined = {
            self._chain_state.games[identity].transaction.output_id(bit - 4) for identity, bit, _ in joins if bit >= 4
        }
        standing = [
            kit
            for kit in self._standing()
            if kit.position not in covered and kit.output_id not in joined and not _is_dust(kit, least)
        ]
        doubted = set() if doubtful else self._wallet_store.doubted
        outputs = [kit for kit in standing if kit.position not in doubted]
        left_out = tuple(kit for kit in standing if kit.position in doubted)
        # Older outputs exit first, because they have priority.
        outputs.sort(key=lambda kit: (kit.block, kit.position))
        return Plan(tuple(outputs), tuple(payments), joins, left_out)

    def exit_all(self, *, least: int = 0, doubtful: bool = False, incomplete: bool = False) -> list[Receipt]:
        """Start all exits of `plan`; a failed start does not stop the others.

        Args:
            least, doubtful: as for `plan`.
            incomplete: use the known outputs even if those of some blocks are unknown. An output included in such a
                block may take the more expensive exit or lose its bond, and unknown outputs do not exit.

        Raises:
            ViewIncomplete: the outputs of some blocks before the first distrusted one are unknown; nothing was started.
            HeldInFlight, ContractReverted, ExitProofInvalid: the first failure, raised when the others have started.
        """
        self._account.look()
        if not incomplete:
            self._account.require_complete("exit all", self._account.distrusted)
        plan = self.plan(least=least, doubtful=doubtful)
        steps: list[Callable[[], list[Receipt]]] = [
            partial(self._start, plan.outputs[at : at + _BATCH]) for at in range(0, len(plan.outputs), _BATCH)
        ]
        steps += [partial(self._exit_payment, one.hash, bits) for one, bits in plan.payments]
        steps += [partial(self._join, *row) for row in plan.joins]
        receipts, faults = self._try(steps)
        # Search after the in-flight exits above were started: one blocked by another in-flight exit is contested now.
        self._chain_state.step()
        more, others = self._try(
            [partial(contest, self._account, one) for one in stuck(self._account, self._root.connection.timestamp())]
        )
        faults += others
        if faults:
            raise faults[0]
        return receipts + more

    @staticmethod
    def _try(steps: Iterable[Callable[[], list[Receipt]]]) -> tuple[list[Receipt], list[Layer2Error]]:
        receipts: list[Receipt] = []
        faults: list[Layer2Error] = []
        for step in steps:
            try:
                receipts += step()
            except (HeldInFlight, ExitProofInvalid, OutputUnknown, ContractReverted) as fault:
                faults.append(fault)
        return receipts, faults

    # --------------------------------------------------------------------------------------------------------- exits

    def exit(self, position: int) -> Receipt:
        """Start the standard exit of one output, independent of `plan`."""
        return self._start([self._wallet_store.coin(position)])[0]

    def exit_many(self, positions: Iterable[int]) -> list[Receipt]:
        """Start standard exits, in one transaction if the contract accepts them all."""
        return self._start([self._wallet_store.coin(one) for one in positions])

    def exit_payment(self, hashed: bytes, *, bits: int | None = None) -> list[Receipt]:
        """Start the in-flight exit of an own payment, or piggyback on it if it has already started.

        Args:
            bits: own inputs (0 to 3) and outputs (4 to 7) to piggyback; by default those that can be paid.
        """
        return self._exit_payment(
            hashed, self._bits(self._wallet_store.payment(hashed), forced=True) if bits is None else bits
        )

    def join(self) -> list[Receipt]:
        """Piggyback own inputs and outputs on in-flight exits of others."""
        self._chain_state.step()
        return [receipt for row in list(self._joinable()) for receipt in self._join(*row)]

    # ----------------------------------------------------------------------------------------------------- internal

    def _start(self, kits: Sequence[Kit]) -> list[Receipt]:
        """Start all exits that can be started, then raise the first failure."""
        fresh: list[Kit] = []
        faults: list[Layer2Error] = []
        for kit in kits:
            try:
                fresh.append(self._account.renewed(kit))
            except ExitProofInvalid as fault:
                faults.append(fault)
        receipts = self._begin(fresh, faults) if fresh else []
        if faults:
            raise faults[0]
        return receipts

    def _begin(self, kits: Sequence[Kit], faults: list[Layer2Error]) -> list[Receipt]:
        try:
            receipt = self._root.start_exits(self._sender, [kit.proof for kit in kits])
        except ContractReverted as fault:
            if len(kits) == 1:
                faults.append(_held(kits[0]) if fault.name == "OutputHeld" else fault)
                return []
            half = len(kits) // 2
            return self._begin(kits[:half], faults) + self._begin(kits[half:], faults)
        self._wallet_store.exit(kit.position for kit in kits)
        return [receipt]

    def _exit_payment(self, hashed: bytes, bits: int) -> list[Receipt]:
        kit = self._account.renewed_payment(self._wallet_store.payment(hashed).kit)
        kit.require_signed(self._root.domain)
        game = self._root.in_flight(kit.exit_id)
        receipts: list[Receipt] = []
        if game.status is InFlightStatus.NONE:
            inputs = [each.proof for each in kit.inputs]
            receipts.append(
                self._root.start_in_flight_exit(self._sender, kit.proof, inputs, kit.payment.signatures, bits)
            )
            self._wallet_store.game(hashed, bits)
            self._leaves(*(kit.transaction.output_id(bit - 4) for bit in range(4, 8) if bits >> bit & 1))
            return receipts
        if hashed not in self._wallet_store.games:
            # It was started by someone else, or by a process that stopped before it recorded the exit.
            self._wallet_store.game(hashed, game.piggybacked & kit.bits_of(self._account.owner))
        for bit in range(8 if game.status is InFlightStatus.OPEN else 0):
            if bits >> bit & 1 and not (game.piggybacked | game.blocked) >> bit & 1:
                packed = kit.transaction.packed
                receipts.append(self._root.piggyback(self._sender, packed, kit.input_ids, bit, kit.made))
                self._wallet_store.game(hashed, 1 << bit)
                if bit >= 4:
                    self._leaves(kit.transaction.output_id(bit - 4))
        return receipts

    def _standing(self) -> Iterator[Kit]:
        """Yield outputs for standard exits: not spent by a payment that may be included, and not exiting yet."""
        following = self._root.head()[1]
        games = {
            kit.position for hashed in self._wallet_store.games for kit in self._wallet_store.sent[hashed].kit.inputs
        }
        for kit in list(self._wallet_store.coins.values()):
            spenders = self._wallet_store.signed_over(kit.position)
            if kit.position in games or any(not _over(one, following) for one in spenders):
                continue
            if kit.position in self._wallet_store.exits and self._root.is_held(kit.output_id):
                # It was piggybacked, and exits by that in-flight exit.
                continue
            state = self._root.exit(kit.output_id)
            if state.status is ExitStatus.NONE or _again(state, following):
                yield kit

    def _startable(self, one: SentPayment) -> bool:
        inputs = one.kit.input_ids
        if any(self._root.exit(known).status in (ExitStatus.PAID, ExitStatus.SPENT) for known in inputs):
            return False
        if one.what == CONTEST and self._root.is_held(inputs[0]):
            # The in-flight exit that it contests pays that input.
            return False
        if one.state is PaymentStatus.INCLUDED:
            return True
        if one.open and one.kit.complete and one.kit.exit_id in self._chain_state.games:
            # The in-flight exit is open: even after expiry it may hold and pay this owner's inputs.
            return self._is_joinable(self._root.in_flight(one.kit.exit_id))
        # An expired payment counts only if it was included.
        return one.open and one.transaction.expiry >= self._root.head()[1]

    def _bits(self, one: SentPayment, *, forced: bool = False) -> int:
        """Return the bits to piggyback on a payment's in-flight exit.

        They are 0 if a standard exit suffices or nothing can be paid.
        """
        if one.state is PaymentStatus.REPLACED or not one.kit.complete:
            # Its in-flight exit cannot start without the signatures of the other owners.
            return 0
        included = one.kit.included
        if included is not None and not forced and not self._is_distrusted(included):
            return 0
        outputs = one.kit.bits_of(self._account.owner, inputs=False)
        if included is not None and not forced:
            # Outputs that were spent or dropped cannot be paid.
            outputs &= sum(16 << at for at in range(4) if self._own(included.position & ~0xFF | at))
        alone = all(kit.output.owner == self._account.owner for kit in one.kit.inputs)
        rivals = any(len(self._wallet_store.signed_over(at)) > 1 for at in one.transaction.inputs)
        # Without possible competitors the payment is canonical: inputs cannot be paid, and a piggyback would cost a
        # bounty.
        if alone and not rivals:
            return outputs
        return outputs | one.kit.bits_of(self._account.owner, outputs=False)

    def _own(self, position: int) -> bool:
        return position in self._wallet_store.coins and not self._wallet_store.signed_over(position)

    def _is_distrusted(self, kit: OutputExitProof) -> bool:
        return self._account.distrusted is not None and kit.block >= self._account.distrusted

    def _outputs_of(self, one: SentPayment) -> set[int]:
        included = one.kit.included
        return set() if included is None else {included.position & ~0xFF | at for at in range(4)}

    def _joinable(self) -> Iterator[tuple[bytes, int, bytes]]:
        # Own payments are planned separately, unless signatures for their in-flight exit are missing.
        own = {one.kit.exit_id for one in self._wallet_store.sent.values() if one.kit.complete}
        ids = {kit.output_id: kit for kit in self._wallet_store.coins.values()}
        for identity, started in self._chain_state.games.items():
            transaction, input_ids = started.transaction, started.input_ids
            mine = [(at, ids[known].made) for at, known in enumerate(input_ids) if known in ids and identity not in own]
            mine += [
                (4 + at, b"")
                for at, output in enumerate(transaction.outputs)
                if output.owner == self._account.owner
                and identity not in own
                and self._wanting(transaction.output_id(at), ids)
            ]
            if not mine:
                continue
            game = self._root.in_flight(identity)
            if not self._is_joinable(game):
                continue
            for bit, made in mine:
                if not (game.piggybacked | game.blocked) >> bit & 1:
                    yield identity, bit, made

    def _is_joinable(self, game: InFlight) -> bool:
        half = game.started_at + self._root.profile.exit_period // 2
        return game.status is InFlightStatus.OPEN and self._root.connection.timestamp() < half

    def _wanting(self, output_id: bytes, ids: dict[bytes, Kit]) -> bool:
        """Return True if an output of another owner's payment can exit only by this in-flight exit."""
        kit = ids.get(output_id)
        if kit is not None and (not isinstance(kit, OutputExitProof) or not self._is_distrusted(kit)):
            return False
        return self._root.exit(output_id).status in (ExitStatus.NONE, ExitStatus.OPEN, ExitStatus.CHALLENGED)

    def _join(self, identity: bytes, bit: int, made: bytes) -> list[Receipt]:
        started = self._chain_state.games[identity]
        transaction, input_ids = started.transaction, started.input_ids
        own = {bit: made} if bit < 4 else {}
        told = joined_made(self._root, identity, transaction, input_ids, own, self._chain_state.start_block)
        receipt = self._root.piggyback(self._sender, transaction.packed, input_ids, bit, told)
        self._wallet_store.join(identity, 1 << bit)
        if bit >= 4:
            self._leaves(transaction.output_id(bit - 4))
        return [receipt]

    def _leaves(self, *output_ids: bytes) -> None:
        """Record that piggybacked outputs, if known here, cannot be spent any more."""
        known = [kit.position for kit in self._wallet_store.coins.values() if kit.output_id in output_ids]
        self._wallet_store.exit(position for position in known if position not in self._wallet_store.exits)


def _held(kit: Kit) -> HeldInFlight:
    what = f"output {kit.position:#x} of {kit.output.address}: an in-flight exit holds it"
    return HeldInFlight(what, hint="piggyback on that exit (exit all does this), or try again after it")


def _over(one: SentPayment, following: int) -> bool:
    """Return True if a payment has expired without known inclusion, so that it cannot stop an exit of its inputs."""
    return one.state is not PaymentStatus.INCLUDED and one.transaction.expiry < following


def _again(state: Exit, following: int) -> bool:
    """Return True if a challenged exit may be started again, because its spend expired without inclusion."""
    return state.status is ExitStatus.CHALLENGED and state.time != _NEVER and state.time < following


def _is_dust(kit: Kit, least: int) -> bool:
    return kit.output.token == ETHER_TOKEN and kit.output.amount < least
