"""Corpus of wrong assertions: every kind of wrong root of a segment, derived from the inbox's valid result.

Classes: F1 a state root; F2 a BLS frame executed with an invalid signature; F3 a frame skipped despite a valid one; F4
an ECDSA-signed operation wrongly executed or left out; F5 the queue.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from layer2.ethereum.sender import Sender
from layer2.primitives.addresses import Address, to_address
from layer2.primitives.hashing import keccak
from layer2.primitives.typed_data import Domain
from layer2.rollup.derivation.replica import Replica
from layer2.rollup.devnet import LocalRollup
from layer2.rollup.protocol.calldata_chunks import commit
from layer2.rollup.protocol.params import OPS_PER_SEGMENT
from layer2.rollup.state.commitments import Assertion, pack_roots
from layer2.rollup.state.forced_queue import QueueItem
from layer2.rollup.state.signature_oracle import SignatureOracle
from layer2.rollup.state.state import Account, State, System, Withdrawal, state_root
from layer2.rollup.state.transition import apply_frame, apply_queue

__all__ = ["Fraud", "Remembering", "assert_roots", "claim_of", "frauds", "right_roots"]

_NOBODY = to_address("0x" + "66" * 20)


def right_roots(replica: Replica, parent: Assertion, end: int) -> list[bytes]:
    """Return the roots that result from the batches after `parent` up to `end`."""
    return list(replica.execute(parent, end).roots)


def claim_of(replica: Replica, parent: Assertion, end: int, roots: Sequence[bytes]) -> Assertion:
    """Return the assertion of these roots, known to the replica as if it had been proposed."""
    packed = pack_roots(list(roots))
    last = replica.entries[end - 1].record
    claim = Assertion(parent.id, end, last.segments, roots[-1], commit(packed), False)
    replica.given_roots[claim.id] = packed
    return claim


def assert_roots(l2: LocalRollup, parent: Assertion, end: int, roots: Sequence[bytes], sender: Sender) -> Assertion:
    """Propose these roots with the missing part of the bond; return the assertion."""
    replica = l2.challenger.replica
    replica.step()
    free = int(l2.rollup.contract.call("availableBond", sender.address))
    last = replica.entries[end - 1].record
    value = max(0, l2.profile.bond - free)
    known = set(replica.claims)
    l2.rollup.propose(sender, parent, last, end, roots[-1], pack_roots(list(roots)), value)
    replica.step()
    (made,) = [one for claim_id, one in replica.claims.items() if claim_id not in known]
    return made


class Remembering:
    """A signature checker that caches its verdicts, because the corpus repeats the same queries thousands of times."""

    def __init__(self, inner: SignatureOracle) -> None:
        self.inner = inner
        self._known: dict[object, bool] = {}

    @property
    def domain(self) -> Domain:
        """EIP-712 domain of the rollup."""
        return self.inner.domain

    def verify(self, pairs: Sequence[tuple[bytes, bytes]], signature: bytes) -> bool:
        """Return the cached verdict of the inner checker."""
        what = (tuple(pairs), signature)
        if what not in self._known:
            self._known[what] = self.inner.verify(pairs, signature)
        return self._known[what]

    def recover(self, digest: bytes, signature: bytes) -> Address | None:
        """Return the signer recovered by the inner checker."""
        return self.inner.recover(digest, signature)

    def is_key(self, key: bytes) -> bool:
        """Return True if the inner checker accepts the key."""
        return self.inner.is_key(key)


class _Biased(Remembering):
    """Accepts every BLS signature, or rejects every BLS and ECDSA signature."""

    def __init__(self, inner: SignatureOracle, answer: bool) -> None:
        super().__init__(inner)
        self.answer = answer

    def verify(self, pairs: Sequence[tuple[bytes, bytes]], signature: bytes) -> bool:
        return self.answer

    def recover(self, digest: bytes, signature: bytes) -> Address | None:
        return self.inner.recover(digest, signature) if self.answer else None


@dataclass(frozen=True, slots=True)
class Fraud:
    """A wrong assertion; `segment` is its first wrong segment, counted from its first one."""

    kind: str
    name: str
    segment: int
    roots: list[bytes]


@dataclass(frozen=True, slots=True)
class _Unit:
    """Queue items of one segment, or a frame (two segments)."""

    items: list[QueueItem]
    frame: bytes | None

    def run(self, state: State, authority: SignatureOracle) -> Iterator[bytes]:
        if self.frame is None:
            return apply_queue(state, self.items, authority)
        return apply_frame(state, self.frame, authority)

    @property
    def lie(self) -> str:
        """Fraud class of a wrong root of this unit."""
        return "F5" if self.frame is None else "F1"


def _units(replica: Replica, parent: Assertion, end: int) -> list[_Unit]:
    units: list[_Unit] = []
    start = replica.entries[parent.inbox_end - 1].record.queue_end if parent.inbox_end else 0
    for entry in replica.entries[parent.inbox_end : end]:
        items = replica.queue[start : entry.record.queue_end]
        start = entry.record.queue_end
        units += [_Unit(items[at : at + OPS_PER_SEGMENT], None) for at in range(0, len(items), OPS_PER_SEGMENT)]
        units += [_Unit([], frame) for frame in entry.frames()]
    return units


def frauds(replica: Replica, parent: Assertion, end: int) -> Iterator[Fraud]:
    """Yield all frauds about the batches after `parent` up to `end`."""
    right = right_roots(replica, parent, end)
    state = replica.state_of(parent).copy()
    state.begin_assertion()
    units, segment = _units(replica, parent, end), 0
    for number, unit in enumerate(units):
        origin = state.copy()
        for half, _ in enumerate(unit.run(state, replica.authority)):
            at = segment + half
            before = origin.root if at == 0 else right[at - 1]
            for name, root in _lies(origin, state, before):
                if root != right[at]:
                    yield Fraud(unit.lie, name, at, [*right[:at], root, *right[at + 1 :]])
        width = 1 + half
        yield from _biased(replica, units, number, origin, segment, right)
        segment += width
        yield from _carried(replica, units, number, state, segment, right)


def _carried(
    replica: Replica, units: list[_Unit], number: int, state: State, segment: int, right: list[bytes]
) -> Iterator[Fraud]:
    """Yield a fraud whose later segments are executed correctly on a wrong state."""
    lying = state.copy()
    index = max(lying.accounts)
    lying.change(index, balance=lying.accounts[index].balance + 1)
    roots = [*right[: segment - 1], lying.root]
    for unit in units[number + 1 :]:
        roots += unit.run(lying, replica.authority)
    yield Fraud(units[number].lie, "more for the newest account, and carried on", segment - 1, roots)


def _biased(
    replica: Replica, units: list[_Unit], number: int, origin: State, segment: int, right: list[bytes]
) -> Iterator[Fraud]:
    """Yield the fraud of executing the data with every signature accepted, or every one rejected."""
    unit = units[number]
    for answer in (True, False):
        lying = origin.copy()
        roots = list(right[:segment]) + list(unit.run(lying, _Biased(replica.authority, answer)))
        for later in units[number + 1 :]:
            roots += later.run(lying, replica.authority)
        if roots != right:
            first = next(at for at, pair in enumerate(zip(roots, right, strict=True)) if pair[0] != pair[1])
            kind = unit.lie if unit.frame is None else "F4" if unit.frame[0] > 4 else "F2" if answer else "F3"
            yield Fraud(kind, "executed though not signed" if answer else "left out though signed", first, roots)


def _lies(before: State, after: State, root_before: bytes) -> Iterator[tuple[str, bytes]]:
    yield "noise", b"\0" + keccak(after.root)[1:]
    yield "zero", bytes(32)
    yield "nothing happened", root_before
    yield from _account_lies(before, after)
    system, accounts = after.system, after.accounts_root
    yield "accounts of before", state_root(before.accounts_root, system.hash())
    yield "system of before", state_root(accounts, before.system.hash())
    for name, wrong in _system_lies(after, system):
        yield name, state_root(accounts, wrong.hash())


def _account_lies(before: State, after: State) -> Iterator[tuple[str, bytes]]:
    touched = [at for at, one in after.accounts.items() if before.accounts.get(at) != one]
    for index in touched[:2] + touched[-2:] or [1]:
        one = after.accounts[index]
        for name, wrong in (
            ("owner", replace(one, owner=bytes(12) + b"\x66" * 20)),
            ("token", replace(one, token=one.token + 1)),
            ("nonce", replace(one, nonce=one.nonce + 1)),
            ("balance raised", replace(one, balance=one.balance + 1)),
            ("balance lowered", replace(one, balance=max(0, one.balance - 1))),
        ):
            yield f"{name} of account {index}", _with(after, index, wrong)
    ghost = after.next_account + 5
    yield "an account from nowhere", _with(after, ghost, Account(bytes(12) + b"\x66" * 20, 0, 0, 10**18))


def _with(state: State, index: int, account: Account) -> bytes:
    wrong = state.copy()
    wrong.put(index, account)
    return wrong.root


def _system_lies(after: State, system: System) -> Iterator[tuple[str, System]]:
    exits = list(after.withdrawals)
    stolen = Withdrawal(_NOBODY, 0, 10**18)
    lists = {"a withdrawal added": [*exits, stolen]}
    if exits:
        last = exits[-1]
        lists["a withdrawal removed"] = exits[:-1]
        lists["the first withdrawal replaced"] = [stolen, *exits[1:]]
        lists["a withdrawal's target"] = [*exits[:-1], replace(last, target=_NOBODY)]
        lists["a withdrawal's token"] = [*exits[:-1], replace(last, token=last.token + 1)]
        lists["a withdrawal's amount"] = [*exits[:-1], replace(last, amount=last.amount + 1)]
        lists["withdrawals in another order"] = exits[::-1]
    for name, wrong in lists.items():
        state = State()
        for one in wrong:
            state.take_out(one)
        yield name, replace(system, withdrawals=state.system.withdrawals, withdrawal_count=len(wrong))
    yield "withdrawals, the list alone", replace(system, withdrawals=keccak(system.withdrawals))
    yield "count of withdrawals", replace(system, withdrawal_count=system.withdrawal_count + 1)
    yield "withdrawals before", replace(system, earlier=system.earlier + 1)
    yield "next account", replace(system, next_account=system.next_account + 1)
    yield "queue count raised", replace(system, queue_count=system.queue_count + 1)
    yield "queue count lowered", replace(system, queue_count=max(0, system.queue_count - 1))
    yield "tokens", replace(system, tokens=system.tokens + 1)
    yield "queue accumulator", replace(system, queue_acc=keccak(system.queue_acc)[4:])
