"""Transactions of a watchtower: priced by their stake, replaced until they are mined, persistent across restarts."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from layer2.channels.bindings.errors import HubError, NothingUnlocked
from layer2.channels.contract.hub import HubContract, HubReceipt
from layer2.channels.party.policy import ChallengePolicy, Decision
from layer2.channels.watchtower.pending_transactions import PendingTransaction
from layer2.channels.watchtower.plan import GAS, Plan
from layer2.channels.watchtower.store import WatchtowerStore
from layer2.ethereum.backend import CallRequest
from layer2.ethereum.connection import Connection
from layer2.ethereum.errors import (
    ConnectionFailed,
    EthereumError,
    NonceError,
    TransactionFailed,
    TransactionTimeout,
)
from layer2.ethereum.fees import Fees
from layer2.ethereum.records import Block
from layer2.ethereum.sender import Pending, Sender
from layer2.store.journal import fault_point

__all__ = ["Answer", "TransactionSender"]

Name = tuple[bytes, str, str]
_UNSENT = Pending(-1, CallRequest(None), 0, Fees(0, 0), 0)


@dataclass(frozen=True, slots=True)
class Answer:
    """The result of one action. `declined`: the policy rejected it or delayed it; nothing failed."""

    channel_id: bytes
    act: str
    done: bool
    detail: str
    receipt: HubReceipt | None = None
    declined: bool = False

    @property
    def failed(self) -> bool:
        """True if an action was due and could not be completed."""
        return not self.done and not self.declined

    def __repr__(self) -> str:
        mark = "done" if self.done else "not done"
        return f"<Answer {self.channel_id.hex()[:4]}.. {self.act} {mark}: {self.detail}>"


class TransactionSender:
    """Sends a watchtower's plans from one account and tracks the pending transactions.

    `patience`: seconds that a step waits for receipts; later steps track the transactions not mined by then.
    """

    def __init__(
        self,
        connection: Connection,
        hub: HubContract,
        sender: Sender,
        policy: ChallengePolicy,
        store: WatchtowerStore,
        patience: float,
    ) -> None:
        self.connection = connection
        self.hub = hub
        self.sender = sender
        self.policy = policy
        self.patience = patience
        self._store = store

    def _decide(self, flight: PendingTransaction, gas: int, head: Block) -> Decision:
        policy = self.policy
        if flight.stake is None:
            return Decision(True, policy.calm_fee, policy.tip, "not weighed")
        return policy.decide(
            token=flight.token,
            stake=flight.stake,
            gas=gas,
            base_fee=head.base_fee,
            now=head.timestamp,
            deadline=flight.deadline,
        )

    def launch(self, plan: Plan, head: Block) -> Answer | None:
        """Send a plan; return `None` if it is now pending, else an answer with the reason."""
        channel_id = plan.key.id
        flight = PendingTransaction(plan.name, plan.key.token, plan.stake, plan.deadline, _UNSENT)
        decision = self._decide(flight, plan.gas, head)
        if not decision.act:
            return Answer(channel_id, plan.act, False, decision.reason, declined=True)

        def keep(pending: Pending) -> None:
            if flight.pending is not pending:
                flight.pending = pending
            self._store.keep_flight(flight)

        fault_point("watchtower.act.before")
        policy = decision.gas_policy(self.sender.gas_policy)
        try:
            flight.pending = self.hub.send_for(self.sender, plan.call, policy, keep)
        except (HubError, EthereumError) as failure:
            # Another account acted first, or the node is unreachable: the next step reads the chain again.
            if flight.pending is not _UNSENT and not isinstance(failure, ConnectionFailed):
                self._store.drop_flight(flight)
            nothing = plan.tries and isinstance(failure, NothingUnlocked)
            return Answer(channel_id, plan.act, False, str(failure), declined=nothing)
        self._store.flights[flight.name] = flight
        fault_point("watchtower.act.sent")
        return None

    def renew(self, plan: Plan) -> None:
        """Update a pending transaction to the current plan, if the plan has changed since it was sent."""
        flight = self._store.flights[plan.name]
        flight.stake, flight.deadline = plan.stake, plan.deadline
        data = self.hub.contract.encode(plan.call.name, *plan.call.args)
        pending = flight.pending
        if pending.request.data != data:
            pending.request = replace(pending.request, data=data)
            pending.gas = max(pending.gas, plan.gas)
            pending.sent_at = float("-inf")

    def wait(self, names: Sequence[Name], patience: float) -> dict[Name, Answer]:
        """Track these pending actions until they are mined, for at most `patience` seconds."""
        answers: dict[Name, Answer] = {}
        until, pause = time.monotonic() + patience, 0.002
        while True:
            head = self.connection.latest()
            for name, flight in list(self._store.flights.items()):
                if name in names:
                    self._visit(flight, head, answers)
            waiting = [name for name in self._store.flights if name in names and name not in answers]
            if not waiting:
                return answers
            if time.monotonic() >= until:
                for name in waiting:
                    at = self._store.flights[name].pending
                    fee = f"nonce {at.nonce} at {at.fees.max_fee} wei per gas is not mined yet"
                    answers[name] = Answer(name[0], name[1], False, fee)
                return answers
            time.sleep(pause)
            pause = min(pause * 2, 1.0)

    def _visit(self, flight: PendingTransaction, head: Block, answers: dict[Name, Answer]) -> None:
        channel_id, act, _ = name = flight.name
        pending = flight.pending
        try:
            if not flight.adopted:
                if pending.request.sender != self.sender.address or not self.sender.adopt(pending):
                    self._store.drop_flight(
                        flight
                    )  # mined, or of another account: the on-chain state shows what is due
                    return
                pending.keep = lambda _: self._store.keep_flight(flight)
                flight.adopted = True
            decision = self._decide(flight, max(pending.gas, GAS.get(act, 0)), head)
            if decision.act:
                pending.policy = decision.gas_policy(self.sender.gas_policy)
            receipt = self.hub.poll(self.sender, pending)
        except TransactionTimeout as failure:
            answers[name] = Answer(channel_id, act, False, str(failure))
        except (HubError, NonceError, TransactionFailed) as failure:
            self._store.drop_flight(flight)
            answers[name] = Answer(channel_id, act, False, str(failure))
        except EthereumError as failure:
            answers[name] = Answer(channel_id, act, False, str(failure))
        else:
            if receipt is not None:
                fault_point("watchtower.act.mined")
                self._store.drop_flight(flight)
                answers[name] = Answer(channel_id, act, True, f"{receipt.gas_used} gas", receipt)
