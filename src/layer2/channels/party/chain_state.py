"""Conversion of a channel's on-chain state, confirmed and newest, into an event of the party's ledger."""

from __future__ import annotations

from layer2.channels.contract.channel_view import ChannelView
from layer2.channels.party.events import ChainSeen
from layer2.channels.party.state import TOMBSTONE, State

__all__ = ["seen"]


def seen(state: State, deep: ChannelView, head: ChannelView, now: int, *, final: bool) -> ChainSeen:
    """Return the event for two reads of the chain: `deep`, confirmed at block time `now`, and `head`, the newest.

    Money counts once it is confirmed; a dispute or a close counts immediately. `final`: the state in `deep` can no
    longer be reverted.
    """
    deadline = head.deadline
    # After `openBefore` an empty slot is as final as a tombstone; before it, only if the channel had held money.
    used = bool(state.net_a or state.net_b or state.deadline)
    if not head.exists and (now > state.key.open_before or (used and state.deadline)):
        deadline = TOMBSTONE
    if deadline == TOMBSTONE:
        # A closed channel keeps its last nets, because they are the amounts it paid out at the newest counters.
        return ChainSeen(state.net_a, state.net_b, state.epoch, deadline, now, state.epoch if final else 0)
    net_a, net_b = deep.net_a, deep.net_b
    known = any(one.epoch == deep.epoch for one in state.withdrawals)
    if head.epoch > deep.epoch and not known:
        # A withdrawal that this journal does not contain is pending: count only the balance that remains after it.
        net_a, net_b = min(net_a, head.net_a), min(net_b, head.net_b)
    return ChainSeen(net_a, net_b, deep.epoch, deadline, now, deep.epoch if final else 0)
