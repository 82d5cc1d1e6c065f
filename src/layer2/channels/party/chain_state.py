"""What a node makes of a channel as the chain has it: at a depth that counts, and in the newest block."""

from __future__ import annotations

from layer2.channels.contract.channel_view import ChannelView
from layer2.channels.party.events import ChainSeen
from layer2.channels.party.state import TOMBSTONE, State

__all__ = ["seen"]


def seen(state: State, deep: ChannelView, head: ChannelView, now: int, *, final: bool) -> ChainSeen:
    """Return the event for a look at the chain: `deep` is the view that counts, at block time `now`, `head` the newest.

    Money counts when it is deep enough; a dispute or an end counts at once. `final`: what `deep` shows cannot be taken
    back any more.
    """
    deadline = head.deadline
    # Past `openBefore` an empty slot is as final as a tombstone; before it, only if the channel had held something.
    used = bool(state.net_a or state.net_b or state.deadline)
    if not head.exists and (now > state.key.open_before or (used and state.deadline)):
        deadline = TOMBSTONE
    if deadline == TOMBSTONE:
        # A closed channel keeps its last nets: they are what it paid out, by the newest counters.
        return ChainSeen(state.net_a, state.net_b, state.epoch, deadline, now, state.epoch if final else 0)
    net_a, net_b = deep.net_a, deep.net_b
    known = any(one.epoch == deep.epoch for one in state.withdrawals)
    if head.epoch > deep.epoch and not known:
        # A withdrawal that this journal does not know is under way: count what will be left.
        net_a, net_b = min(net_a, head.net_a), min(net_b, head.net_b)
    return ChainSeen(net_a, net_b, deep.epoch, deadline, now, deep.epoch if final else 0)
