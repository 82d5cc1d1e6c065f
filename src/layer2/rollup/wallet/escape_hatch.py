"""Escape hatch for users without a sequencer: each call performs all due actions and reports the next one."""

from __future__ import annotations

from dataclasses import dataclass, field

from layer2.ethereum.errors import ContractReverted
from layer2.ethereum.records import Receipt
from layer2.primitives.display import format_time
from layer2.primitives.errors import InputError
from layer2.rollup.protocol.errors import DataMissing, StateUnknown
from layer2.rollup.state.commitments import Assertion, Status
from layer2.rollup.state.forced_queue import Deposit, Forced
from layer2.rollup.validator.proposer import Proposer
from layer2.rollup.wallet.l1_actions import Exits

__all__ = ["StepResult", "freeze_and_escape", "force_withdrawal", "self_propose"]


@dataclass(slots=True)
class StepResult:
    """Result of a step: the completed actions and the next one.

    Attributes:
        done: descriptions of the completed actions, in order.
        next: description of the next action; empty if nothing is left to do.
        command: CLI command that performs the next action.
        at: earliest Unix time of the next action; None means now.
        gas: gas used by all completed actions.
    """

    done: list[str] = field(default_factory=list)
    next: str = ""
    command: str = ""
    at: int | None = None
    gas: int = 0

    def __str__(self) -> str:
        return "\n".join(self.lines()) or "nothing to do"

    def lines(self) -> list[str]:
        """Return one text line per completed action, then one for the next action with its time."""
        if not self.next:
            return list(self.done)
        when = "now" if self.at is None else f"after {format_time(self.at)}"
        return [*self.done, f"next ({when}): {self.next}"]

    def did(self, what: str, receipt: Receipt) -> None:
        """Record a completed action and its gas."""
        self.done.append(what)
        self.gas += receipt.gas_used

    def then(self, what: str, command: str, at: int | None = None) -> StepResult:
        """Set the next action and return this result."""
        self.next, self.command, self.at = what, command, at
        return self


def force_withdrawal(
    user: Exits, amount: str | int | None = None, to: int | str = "", account: int | None = None
) -> StepResult:
    """Queue an operation, if one is given, and force the queue into the inbox as soon as the contract allows it.

    Call again without an operation to continue.

    Raises:
        InputError: the queue contains no item of this owner.
    """
    result = StepResult()
    user.replica.step()
    if amount is not None:
        result.did("queued", user.force(amount, to, account))
        user.replica.step()
        result.done[-1] = f"queued as item {len(user.replica.queue) - 1}"
    mine = [i for i, one in enumerate(user.replica.queue) if one.sender == user.signer.address]
    if not mine:
        raise InputError(f"{user.signer.address}: no queued item of this account", hint="pass an amount and a receiver")
    if mine[-1] >= _consumed(user):
        at = _opens_at(user)
        try:
            receipt = user.include()
        except ContractReverted as refusal:
            if refusal.name != "SequencerWindowOpen":
                raise
            return result.then("include the queue if the sequencer has not done so", "force", at)
        result.did(f"included the queue in the inbox as entry {user.rollup.inbox()[0]}", receipt)
        user.replica.step()
        if mine[-1] >= _consumed(user):
            return result.then("include the rest of the queue", "force")
    return _after_inclusion(user, result, mine[-1])


def self_propose(user: Exits) -> StepResult:
    """Finalize due assertions, then bond and propose the state that no valid assertion covers yet."""
    result, replica = StepResult(), user.replica
    proposer = Proposer(user.rollup, user.sender, replica)
    replica.step()
    for receipt in proposer.finalize_due():
        result.did("finalised an assertion", receipt)
    proposed = proposer.propose()
    if proposed is not None:
        result.did(f"proposed the state after entry {replica.tip().inbox_end}, with a bond", proposed)
    tip = replica.tip()
    if tip.id == replica.final().id:
        if user.complete:
            return result
        return result.then(f"assert the entries after {len(replica.entries)} when their data is available", "propose")
    return result.then(f"finalise entries up to {tip.inbox_end}", "propose", _final_at(user, tip))


def freeze_and_escape(user: Exits, *, incomplete: bool = False) -> StepResult:
    """Freeze the rollup if an item has waited too long; once it is frozen, collect all funds of the owner.

    Args:
        incomplete: freeze and collect known funds even if the data to verify the last final assertion is unavailable.
            Escapes do not depend on later assertions.

    Raises:
        InputError: the rollup works and nothing waits.
        ViewIncomplete: the last final state is unknown; no transaction was sent.
    """
    result = StepResult()
    user.replica.step()
    if not incomplete:
        user.require_judged("escape", Status.FINAL)
    if not user.replica.frozen:
        try:
            result.did("froze the rollup", user.freeze())
        except ContractReverted as refusal:
            at = _freezes_at(user, refusal)
            return result.then("freeze the rollup if the item is still waiting", "escape", at)
        user.replica.step()
    known = _final_known(user)
    for account in user.escapable() if known else ():
        one = user.proof(account).account
        result.did(f"account {account} paid: {user.show(one.balance, one.token)}", user.escape(account))
    for index in user.refundable() if known else ():
        item = user.replica.queue[index]
        assert isinstance(item, Deposit)  # only deposits are refundable
        result.did(f"deposit {index} paid back: {user.show(item.amount, item.token)}", user.refund(index))
    for out in [one for one in user.outgoing(incomplete=True) if one.standing == "claimable"]:
        amount = user.show(out.withdrawal.amount, out.withdrawal.token)
        result.did(f"withdrawal {out.place} paid: {amount}", user.claim(out))
    user.replica.step()
    return result if known else result.then("collect accounts and deposits when the data is available", "escape")


def _final_known(user: Exits) -> bool:
    """Return True if the last final state, under which every escape is proven, can be computed."""
    try:
        user.replica.state_of(user.replica.final())
    except (StateUnknown, DataMissing):
        return False
    return True


def _after_inclusion(user: Exits, result: StepResult, index: int) -> StepResult:
    """Return the steps left for an operation in the inbox: an assertion that covers it, its window, the claim."""
    replica = user.replica
    records = (replica.record(at) for at in range(replica.posted))
    entry = next(at for at, one in enumerate(records, 1) if one is not None and one.queue_end > index)
    result.done.append(f"in the inbox, entry {entry}: it can no longer be censored")
    if len(replica.entries) < entry:
        return result.then("derive its result when the data before it is available", "force")
    tip = replica.tip()
    if tip.inbox_end < entry:
        return result.then("assert its result if nobody else has done so", "propose")
    if replica.final().inbox_end < entry:
        return result.then("finalise the assertion that includes it", "propose", _final_at(user, tip, entry))
    item = replica.queue[index]
    if isinstance(item, Forced) and item.target is not None:
        claimable = any(one.standing == "claimable" for one in user.outgoing(incomplete=True))
        return result.then("claim the money", "claim") if claimable else result
    return result


def _consumed(user: Exits) -> int:
    last = user.replica.record(user.replica.posted - 1)
    return 0 if last is None else last.queue_end


def _opens_at(user: Exits) -> int:
    """Return the time at which anyone may post: the queue is overdue, or the sequencer's window has expired."""
    _, _, _, last, since = user.rollup.inbox()
    config = user.rollup.contract.call("config")
    return int(min(since + int(config[1]), last + int(config[2])) + 1)


def _freezes_at(user: Exits, refusal: ContractReverted) -> int:
    """Return the time at which the rollup can be frozen, derived from the contract's revert."""
    if refusal.name == "TooEarly":
        return int(refusal.arguments["from"])
    if refusal.name != "BatchMismatch":
        raise refusal
    # Every inbox entry is final, so only the queue can be waiting.
    if user.rollup.queue_length() == _consumed(user):
        raise InputError("escape: the rollup works and nothing is overdue", hint="use withdraw, or force") from refusal
    return user.rollup.inbox()[4] + int(user.rollup.contract.call("config")[4]) + 1


def _final_at(user: Exits, tip: Assertion, entry: int = 0) -> int:
    """Return the time at which the first assertion up to `tip` that covers an entry (or `tip`) can become final."""
    claim = tip
    while entry and user.replica.claims[claim.parent].inbox_end >= entry:
        claim = user.replica.claims[claim.parent]
    window = int(user.rollup.contract.call("config")[3])
    return user.rollup.status(claim.id)[1] + window + 1
