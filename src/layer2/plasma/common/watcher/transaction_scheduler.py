"""Sends the watcher's planned transactions, staggered among watchers and within their gas budget."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from layer2.ethereum.contract import Contract
from layer2.ethereum.errors import ContractReverted, TransactionFailed
from layer2.ethereum.fees import GasPolicy
from layer2.ethereum.sender import Pending, Sender
from layer2.plasma.common.watcher.actions import Plan, WatchPolicy
from layer2.plasma.common.watcher.alerts import Act, Report
from layer2.primitives.errors import Layer2Error
from layer2.store.journal import fault_point

__all__ = ["TransactionScheduler", "turn_of"]

_SHUNNED = 86_400
"""Seconds without calls for a token that made a call fail; only the token's owners need its claims."""


class TransactionScheduler:
    """Sends the calls of plans.

    Args:
        still: predicate that is True if a plan is still needed, called immediately before sending.
    """

    def __init__(self, contract: Contract, still: Callable[[Plan], bool]) -> None:
        self.contract = contract
        self._still = still
        self._since: dict[bytes, int] = {}
        self._shunned: dict[int, int] = {}

    def __repr__(self) -> str:
        return f"<TransactionScheduler {self.contract.address} waiting={len(self._since)}>"

    def act(self, sender: Sender, policy: WatchPolicy, plans: Iterable[Plan], now: int, report: Report) -> None:
        """Send due calls, the most urgent first, then wait for all of them; a failed plan does not stop the others."""
        wanted = {plan.key: plan for plan in sorted(plans, key=lambda one: one.deadline)}
        self._since = {key: self._since.get(key, now) for key in wanted}
        under_way: list[tuple[Plan, Pending]] = []
        for plan in wanted.values():
            if now < policy.wait(turn_of(sender), plan, self._since[plan.key]):
                continue
            shunned = [token for token in plan.asks if now < self._shunned.get(token, 0)]
            if shunned:
                why = f"a claim of token {shunned[0]} looked good and burnt its gas"
                report.acts.append(Act(plan.name, plan.subject, False, why))
                continue
            if not self._still(plan):
                report.acts.append(Act(plan.name, plan.subject, False, "somebody else was faster"))
                continue
            sent = self._send(sender, policy, plan, now)
            if isinstance(sent, Act):
                report.acts.append(sent)
            else:
                under_way.append((plan, sent))
        for plan, pending in under_way:
            report.acts.append(self._finish(sender, plan, pending, now))

    def _send(self, sender: Sender, policy: WatchPolicy, plan: Plan, now: int) -> Pending | Act:
        base_fee = self.contract.connection.latest().base_fee
        price = policy.price(plan, base_fee, now)
        if not price:
            why = f"{plan.cost} gas at {base_fee} wei is more than it is worth by now"
            return Act(plan.name, plan.subject, False, why)
        before = sender.gas_policy
        sender.gas_policy = _priced(policy, before, price)
        fault_point("watcher.act.before")
        try:
            pending = self.contract.transact_nowait(sender, plan.name, *plan.arguments, value=plan.value)
        except Layer2Error as failure:
            # Another sender was faster, or the node is unreachable: the next step tries again.
            return Act(plan.name, plan.subject, False, str(failure))
        finally:
            sender.gas_policy = before
        fault_point("watcher.act.sent")
        return pending

    def _finish(self, sender: Sender, plan: Plan, pending: Pending, now: int) -> Act:
        try:
            receipt = sender.wait(pending, decoder=self.contract.decoder)
        except TransactionFailed as failure:
            if failure.receipt is not None and not (isinstance(failure, ContractReverted) and failure.name):
                # The call failed outside the contract's rules: the token may work only in calls that cost nothing.
                self._shunned |= dict.fromkeys(plan.asks, now + _SHUNNED)
            return Act(plan.name, plan.subject, False, str(failure), failure.receipt)
        except Layer2Error as failure:
            return Act(plan.name, plan.subject, False, str(failure))
        fault_point("watcher.act.mined")
        return Act(plan.name, plan.subject, True, f"{receipt.gas_used} gas", receipt)


def turn_of(sender: Sender | None) -> bytes:
    """Return the seed of an account's turns; empty without an account."""
    return sender.address.encode() if sender is not None else b""


def _priced(policy: WatchPolicy, base: GasPolicy, price: int) -> GasPolicy:
    return replace(base, max_fee_per_gas=price, priority_fee=min(policy.tip, price))
