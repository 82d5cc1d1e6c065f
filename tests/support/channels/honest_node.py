"""A real node and its tower on the model of the hub: what the honest side of a machine is made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from hypothesis import strategies as st

from layer2.channels.bindings.errors import HubError
from layer2.channels.contract.calls import HubCall
from layer2.channels.contract.channel_view import ChannelView
from layer2.channels.model import Action, Config, Env, HubState, Transferred, apply
from layer2.channels.model import actions as act
from layer2.channels.party.party import Party
from layer2.channels.protocol.channel_key import ChannelKey
from layer2.channels.protocol.locks import hash_lock
from layer2.channels.protocol.messages import hub_domain
from layer2.channels.protocol.proofs import LockPayment, Payment
from layer2.channels.watchtower.plan import due, must_start_by, opening
from layer2.channels.watchtower.records import DirectionRecord, WatchedChannel
from layer2.ethereum.records import Block
from layer2.ethereum.signer import LocalSigner
from layer2.primitives.addresses import ZERO_ADDRESS, Address, to_address

DELAY, MAX_LOCKS, START = 600, 4_000, 1_000_000
NAP = 90
"""The honest side wakes up as often as this, seconds, at least."""

HONEST, ADVERSARY, STRANGER = (LocalSigner(bytes([tag]) * 32) for tag in (1, 2, 3))
_HUB = to_address("0x" + "77" * 20)


class ModelHub:
    """The hub's model with time and callers, in the form in which a node asks a hub."""

    def __init__(self) -> None:
        self.address = _HUB
        self.domain = hub_domain(31337, _HUB)
        self.now = START
        self.blocks = 0
        self.state = HubState(Config(self.domain, 60, 86_400, MAX_LOCKS))
        self.paid: Counter[Address] = Counter()
        self.taken: Counter[str] = Counter()
        self.tried: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.connection: Any = SimpleNamespace(
            chain_id=31337, is_dev=True, latest=self._latest, timestamp=lambda: self.now, block=lambda _: self._latest()
        )

    def _latest(self) -> Block:
        mark = self.blocks.to_bytes(16, "big") + self.now.to_bytes(16, "big")
        return Block(self.blocks, mark, bytes(32), self.now, 0, 30_000_000)

    def view(self, key: ChannelKey, block: int | None = None) -> ChannelView:
        words = self.state.channel(key.id).words(key.simplex)
        return ChannelView.decode(key.id, words, simplex=key.simplex)

    def window(self, key: ChannelKey) -> int:
        return key.delay

    def max_lock_duration(self) -> int:
        return MAX_LOCKS

    def is_registered(self, owner: Address, struct_hash: bytes) -> bool:
        return False

    def do(self, action: Action, by: Address) -> bool:
        """Carry an act out at the present second; whether the hub took it."""
        name = type(action).__name__
        self.tried[name] += 1
        self.blocks += 1
        try:
            self.state, effects = apply(self.state, action, Env(self.now, by))
        except HubError as refusal:
            self.refused[type(refusal).__name__] += 1
            return False
        self.taken[name] += 1
        for effect in effects:
            if isinstance(effect, Transferred):
                self.paid[effect.to] += effect.amount
        return True

    def call(self, one: HubCall, by: Address) -> bool:
        """Carry out a call as a tower sends it."""
        kind = getattr(act, one.name[0].upper() + one.name[1:])
        return self.do(kind(*(_in_model(value) for value in one.args)), by)


def _in_model(value: Any) -> Any:
    if isinstance(value, tuple) and len(value) == 4 and isinstance(value[0], str):
        return ChannelKey.from_params(*value)
    if isinstance(value, tuple):
        return act.LockProof(*value)
    return tuple(value) if isinstance(value, list) else value


def change_locks(
    node: Party,
    channel_id: bytes,
    now: int,
    secrets: Mapping[bytes, bytes],
    data: st.DataObject,
    *,
    unit: int = 1,
    lasting: Sequence[int] = (200, 700, 1_500),
) -> tuple[str, LockPayment | None]:
    """Have a node sign a lock proof of a kind that its state allows: which kind, and the proof if there was one to be.

    `secrets`: every preimage by its hash. Raises what the node refuses with.
    """
    mine = node.state(channel_id).mine
    kinds = ("retract",) if mine.offers else ("add", "drop", "drop", "fulfil", "expire") if mine.locks else ("add",)
    how = data.draw(st.sampled_from(kinds))
    if how == "add":
        amount, lasts = unit * data.draw(st.integers(1, 40)), data.draw(st.sampled_from(lasting))
        secret = data.draw(st.sampled_from([*secrets.values()]))
        return how, node.locks.add_lock(channel_id, hash_lock(amount, now + lasts, secret))
    if how == "retract":
        return how, node.locks.retract(channel_id)
    if how == "expire":
        return how, node.locks.expire(channel_id)
    lock = data.draw(st.sampled_from(mine.locks))
    if how == "drop":
        return how, node.locks.drop(channel_id, lock)
    return how, node.locks.fulfil(channel_id, lock.condition, secrets[lock.condition])


class Honest:
    """A node on side `side` of one channel, and the tower that wakes up for it."""

    def __init__(self, hub: ModelHub, side: str, folder: Path, salt: int) -> None:
        self.hub = hub
        parties = (HONEST.address, ADVERSARY.address) if side == "A" else (ADVERSARY.address, HONEST.address)
        self.key = ChannelKey(*parties, ZERO_ADDRESS, delay=DELAY, open_before=START + 10**6, salt=salt, simplex=False)
        self.node = Party.open(HONEST, hub, folder / f"{salt}.journal")  # type: ignore[arg-type]
        self.node._table.journal._database.execute("PRAGMA synchronous=OFF")  # about promises here, not the disk
        self.side, self.other = side, "B" if side == "A" else "A"
        self.by = HONEST.address

    @property
    def channel(self) -> ChannelView:
        return self.hub.view(self.key)

    def guards(self) -> list[DirectionRecord]:
        """What the node gives its tower."""
        node, channel_id = self.node, self.key.id
        state = node.state(channel_id)
        plain = Payment(channel_id, state.theirs.plain, state.theirs.voucher) if state.theirs.voucher else None
        found = []
        received, mine = node.proofs.accepted(channel_id, self.other), node.proofs.accepted(channel_id, self.side)
        if plain is not None or received is not None:
            proof, accept = (None, b"") if received is None else received
            openings = node.openings(channel_id, consenting=True)
            found.append(DirectionRecord(self.other, plain, proof, accept, openings))
        if mine is not None:
            found.append(DirectionRecord(self.side, None, *mine, answering=True))
        return found

    def wake(self) -> None:
        """Look at the chain, then do all that is due, as a tower does: in rounds, from the state alone."""
        self.node.refresh(self.key.id)
        for _ in range(4):
            guards, view = self.guards(), self.channel
            watched = WatchedChannel(self.key, {one.side: one for one in guards})
            plans = due(watched, view, self.hub.now, {}, settle=False)
            if not view.disputed and view.exists:
                for guard in guards:
                    until = must_start_by(guard, {})
                    if until is not None and self.hub.now <= until <= self.hub.now + 3 * NAP:
                        start = opening(self.key, guard, view, self.by, until)
                        plans += [start] if start is not None else []
            if not plans:
                return
            for plan in plans:
                assert self.hub.call(plan.call, self.by), f"{plan.act} was refused: {self.hub.refused}"
        self.node.refresh(self.key.id)

    def owned(self) -> int:
        """What the newest agreed state is worth to the node: paid out already, and what is left for it at least."""
        state = self.node.state(self.key.id)
        view = self.channel
        nets = (view.net_a, view.net_b) if self.side == "A" else (view.net_b, view.net_a)
        pairs = zip(state.theirs.locks, self.node.proofs.resolutions(self.key.id), strict=True)
        known = sum(claim[0] for lock, one in pairs if one and (claim := state.claim_of(lock)) is not None)
        low = nets[0] - state.mine.limit + state.theirs.amount + known
        return self.hub.paid[HONEST.address] + max(0, min(low, sum(nets)))
