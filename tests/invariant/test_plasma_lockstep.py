"""Contract and model in lock-step: whatever anybody calls, both accept it or both refuse it for the same reason.

Users sign conflicting transactions, the operator includes what it likes (mints, repetitions, what has expired), people
take out what they own, spent or not, start and join in-flight exits and dispute them, claim with and without lists,
abandon and fetch what a receiver refused, at times that hit the edges of every wait. After each call events, money and
every word that the contract shows agree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from tests.campaign import campaign
from tests.invariant.roottwin import CONFIG, PEOPLE, Counts, Twin, W, World

from layer2.ethereum.devnet import tester_connection as new_chain
from layer2.plasma.game import Env, ExitStatus, InFlight, InFlightStatus, State, actions, exits, inflight, settlement
from layer2.plasma.game.actions import Proof
from layer2.plasma.game.env import Act
from layer2.plasma.game.errors import RootError, TooLate
from layer2.plasma.game.evidence import Spent, spent
from layer2.plasma.game.reserve import Reserve
from layer2.plasma.positions import block_of, encode_position
from layer2.plasma.transaction import Transaction, fee_transaction, payment

USERS = ("payer", "payee", "other", "closed", "thief")
users, anybody = st.sampled_from(USERS), st.sampled_from(PEOPLE)
tokens = st.sampled_from((0, 0, 1))
amounts = st.integers(1, 200)
seldom = st.sampled_from((False,) * 7 + (True,))
edges = st.sampled_from((0, 0, 0, 0, 1, -1))
numbers = st.integers(0, 2**32)
# For how many blocks a transaction may still come in.
lives = st.sampled_from((0, 2, 50, 50, 50))
kinds = st.sampled_from(("pay", "pay", "known", "known", "mint", "fee", "late"))
questions = st.sampled_from(("ask", "ask", "show", "show", "freeze"))

_worlds: list[World] = []


def often(every: int) -> Callable[[Any], Any]:
    """A rule that must not crowd out the games: once in so many calls."""
    return precondition(lambda self: self.twin.calls % every == 0)


def world() -> World:
    """The chain, made at first use."""
    if not _worlds:
        _worlds.append(World(new_chain()))
    return _worlds[0]


class LockStep(RuleBasedStateMachine):
    counts: ClassVar[Counts] = Counts()

    @initialize(amounts=st.tuples(amounts, amounts, amounts, amounts))
    def begin(self, amounts: tuple[int, ...]) -> None:
        self.world = world()
        self.twin = Twin(self.world, self.counts)
        self.address = self.world.address
        self.made: list[Transaction] = []
        self.places: dict[bytes, list[int]] = {}
        deposits = [
            self.twin.deposit(self.address[name], 20 + amount, token)
            for name, amount, token in zip(("payer", "payee", "closed", "thief"), amounts, (0, 1, 0, 0), strict=True)
        ]
        for pick, inputs in enumerate((deposits[:1], deposits[1:3], deposits[3:], deposits[:2])):
            self.draft(inputs, 37 * amounts[pick])
        self.include([self.made[amounts[0] % 2], self.made[2]])

    # ------------------------------------------------------------------------------------------------------ tools

    def tries(self, call: Callable[[], object]) -> bool:
        """Make a call; whether both accepted it."""
        try:
            call()
        except RootError:
            return False
        return True

    def positions(self) -> list[int]:
        """Of every output there is, the youngest first."""
        found = [record.position for record in self.twin.records.values()]
        for number, (_, transactions, _) in self.twin.blocks.items():
            for index, one in enumerate(transactions):
                found += [encode_position(number, index, output) for output in range(len(one.outputs))]
        return found[::-1]

    def with_status(self, *statuses: ExitStatus) -> list[int]:
        return [one for one in self.positions() if self.twin.status(one) in statuses]

    def names(self, wanted: bytes) -> list[int]:
        """Where an output lies: more than one place if it was included twice."""
        return [one for one in self.positions() if self.twin.id(one) == wanted]

    def spenders(self, position: int) -> list[Transaction]:
        return [one for one in self.made if position in one.inputs]

    def rivals(self, one: Transaction) -> list[tuple[int, Transaction]]:
        """Input by input who spends it too."""
        return [(at, other) for at in one.inputs for other in self.spenders(at) if other.hash != one.hash]

    def place(self, one: Transaction, pick: int, skip: bool) -> int:
        """One of the places where it was included; 0 if nowhere, or if none is to be shown."""
        places = self.places.get(one.hash, [])
        return places[pick % len(places)] if places and not skip else 0

    def flights(self, *statuses: InFlightStatus, joined: int = 0xFF) -> list[tuple[Transaction, InFlight]]:
        """In-flight exits in one of these states with one of these bits."""
        known = ((one, self.twin.state.flight(self.twin.flight_id(one))) for one in self.made)
        return [pair for pair in known if pair[1].status in statuses and (joined == 0 or pair[1].piggybacked & joined)]

    def young(self) -> list[tuple[Transaction, InFlight]]:
        """In-flight exits in their first half, or, once in a while, any that run; those that were included first."""
        running = self.flights(InFlightStatus.OPEN, joined=0)
        found = [pair for pair in running if self.half(pair[1]) > self.twin.now + 1 or self.twin.calls % 7 == 0]
        return sorted(found, key=lambda pair: pair[0].hash not in self.places)

    def half(self, flight: InFlight) -> int:
        return flight.started_at + W // 2

    def lists(self, token: int, block: int, how: int) -> tuple[int, ...]:
        """Buckets to leave out: none, the best list, a part of it, one that is not sorted."""
        best = self.twin.state.reserve.buckets(token, block)
        return ((), (), tuple(best), tuple(best[::2]), (*best, 0))[how % 5]

    def draft(self, inputs: Sequence[int], pick: int, more: int = 0, late: int = 50) -> Transaction:
        """A payment to some users of what the inputs hold, less a fee, or with so much more."""
        twin = self.twin
        have: dict[int, int] = {}
        for position in set(inputs):
            _, token, amount = twin.output(position)
            have[token] = have.get(token, 0) + amount
        outputs: list[tuple[bytes, int, int]] = []
        for token, amount in have.items():
            fee = pick % 3 if amount > 3 else 0
            whole = amount - fee + more
            part = 1 + pick % whole
            owners = [self.address[USERS[(pick >> shift) % len(USERS)]] for shift in (3, 7)]
            shares = (part, whole - part)
            outputs += [(owner, token, share) for owner, share in zip(owners, shares, strict=True) if share]
        expiry = max(1, twin.state.next_block - 1 + late)
        memo = (pick + 1).to_bytes(32, "big") if pick % 5 == 0 else b""
        made = payment(sorted(set(inputs)), outputs[:4], expiry, memo)
        if all(made.hash != one.hash for one in self.made):
            self.made.append(made)
        return made

    def include(self, transactions: list[Transaction]) -> bool:
        positions: list[int] = []
        if not self.tries(lambda: positions.extend(self.twin.block(*transactions))):
            return False
        for one, position in zip(transactions, positions, strict=True):
            self.places.setdefault(one.hash, []).append(position)
        return True

    # ------------------------------------------------------------------------------------------------ the chain

    @often(6)
    @rule(who=users, token=tokens, amount=amounts, wrong=st.sampled_from((0,) * 8 + (1, 2)))
    def deposit(self, who: str, token: int, amount: int, wrong: int) -> None:
        owner = self.address[who]
        if wrong:
            amount, to = (0, owner) if wrong == 1 else (amount, bytes(20))
            self.tries(lambda: self.twin.do(actions.Deposit(token, amount, to), owner, 0 if token else amount))
        else:
            self.tries(lambda: self.twin.deposit(owner, amount, token))

    @rule(data=st.data(), pick=numbers, late=lives, two=st.booleans(), more=st.sampled_from((0, 0, 0, 50)))
    def somebody_signs(self, data: st.DataObject, pick: int, late: int, two: bool, more: int) -> None:
        """A payment, which may conflict with others, and may never come into a block."""
        known = self.positions()
        inputs = [data.draw(st.sampled_from(known))]
        if two:
            inputs.append(data.draw(st.sampled_from(known)))
        self.draft(inputs, pick, more, late)

    @often(2)
    @rule(
        data=st.data(),
        kinds=st.lists(kinds, min_size=1, max_size=4),
        pick=numbers,
        wrong=seldom,
    )
    def block(self, data: st.DataObject, kinds: list[str], pick: int, wrong: bool) -> None:
        number, known = self.twin.state.next_block, self.positions()
        chosen: list[Transaction] = []
        for at, kind in enumerate(kinds):
            if kind == "known" and self.made:
                chosen.append(data.draw(st.sampled_from(self.made)))
            elif kind == "fee":
                reward = [(self.twin.state.operator, 0, 1 + pick % 9)]
                chosen.append(fee_transaction(number + (pick % 3 == 0), reward))
            else:
                more, late = 150 if kind == "mint" else 0, 0 if kind == "late" else 50
                chosen.append(self.draft([data.draw(st.sampled_from(known))], pick + at, more, late))
        if wrong:
            by, size = (("payer", 1), ("operator", 0), ("operator", 65_537))[pick % 3]
            guess = actions.SubmitBlock(number + (pick % 5 == 0), bytes(32), size)
            self.tries(lambda: self.twin.do(guess, self.address[by]))
        elif self.twin.state.operator in self.world.sender:
            self.include(chosen)

    # -------------------------------------------------------------------------------------------- standard exits

    @precondition(lambda self: self.with_status(ExitStatus.NONE, ExitStatus.CHALLENGED))
    @rule(data=st.data(), two=seldom, thief=seldom, bond=seldom, wrong=seldom)
    def exit(self, data: st.DataObject, two: bool, thief: bool, bond: bool, wrong: bool) -> None:
        twin = self.twin
        chosen = [data.draw(st.sampled_from(self.with_status(ExitStatus.NONE, ExitStatus.CHALLENGED)))]
        if two:
            same = [one for one in self.positions() if twin.output(one).owner == twin.output(chosen[0]).owner]
            chosen.append(data.draw(st.sampled_from(same)))
        if wrong:
            proof = twin.proof(chosen[0])
            broken = replace(proof, path=(*proof.path, bytes(32))) if proof.path else replace(proof, word=1)
            by = twin.output(chosen[0]).owner
            self.tries(lambda: twin.do(actions.StartExits((broken,)), by, CONFIG.exit_bond))
        else:
            value = CONFIG.exit_bond * len(chosen) - 1 if bond else None
            self.tries(lambda: twin.exit(*chosen, by=self.address["thief"] if thief else None, value=value))

    @precondition(lambda self: self.with_status(ExitStatus.OPEN))
    @rule(data=st.data(), by=anybody, pick=numbers, hide=st.booleans(), new=st.booleans(), wrong=seldom)
    def challenge(self, data: st.DataObject, by: str, pick: int, hide: bool, new: bool, wrong: bool) -> None:
        """With a transaction that spends the output, wherever it lies; its owner may have signed it only now."""
        waiting = self.with_status(ExitStatus.OPEN)
        # Whose output was spent comes first.
        spent = [one for one in waiting if self.spenders(one)]
        position = data.draw(st.sampled_from(spent if spent and not new else waiting))
        found = self.spenders(position)
        spender = found[pick % len(found)] if found else self.draft([position], pick)
        at = self.place(spender, pick, hide)
        signer = self.address["thief"] if wrong else None

        def call() -> None:
            spend = self.twin.spend(spender, position, at, signer)
            if pick % 11 == 0:
                spend = replace(spend, input=spend.input + 1)
            self.twin.do(actions.ChallengeExit(self.twin.proof(position), spend), self.address[by])

        self.tries(call)

    @precondition(lambda self: self.with_status(ExitStatus.OPEN))
    @rule(data=st.data(), by=anybody, many=st.integers(1, 3), edge=edges, how=st.integers(0, 4), patient=st.booleans())
    def claim(self, data: st.DataObject, by: str, many: int, edge: int, how: int, patient: bool) -> None:
        twin = self.twin
        # One after the other in time: the first one's edge is what is hit.
        waiting = sorted(self.with_status(ExitStatus.OPEN), key=lambda one: twin.state.exit(twin.id(one)).time)
        chosen = [waiting[0], *(data.draw(st.sampled_from(waiting)) for _ in range(many - 1))]
        last = max if patient else min
        twin.at(last(twin.state.exit(twin.id(one)).time for one in chosen) + edge)
        newer = self.lists(twin.output(chosen[0]).token, min(block_of(one) for one in chosen), how)
        self.tries(lambda: twin.claim(*chosen, by=self.address[by], newer=newer))

    @often(4)
    @precondition(lambda self: self.with_status(ExitStatus.PAID, ExitStatus.SPENT, ExitStatus.CHALLENGED))
    @rule(data=st.data(), by=anybody, again=st.booleans())
    def what_is_done_is_tried_again(self, data: st.DataObject, by: str, again: bool) -> None:
        done = self.with_status(ExitStatus.PAID, ExitStatus.SPENT, ExitStatus.CHALLENGED)
        position = data.draw(st.sampled_from(done))
        if again:
            self.tries(lambda: self.twin.exit(position))
        else:
            self.tries(lambda: self.twin.claim(position, by=self.address[by]))

    # -------------------------------------------------------------------------------------------- in-flight exits

    @precondition(lambda self: self.made)
    @rule(data=st.data(), mask=st.integers(0, 255), pick=numbers, hide=st.booleans(), wrong=seldom, thief=seldom)
    def start(
        self, data: st.DataObject, mask: int, pick: int, hide: bool, wrong: bool, thief: bool
    ) -> None:  # fmt: skip
        twin = self.twin
        fresh = [
            one
            for one in self.made
            if twin.state.flight(twin.flight_id(one)).status == InFlightStatus.NONE
            and (one.expiry >= twin.state.next_block or one.hash in self.places or pick % 9 == 0)
        ]
        if fresh or pick % 7 == 0:
            one = data.draw(st.sampled_from(fresh or self.made))
        else:
            one = self.draft([data.draw(st.sampled_from(self.positions()))], pick)
        owners = [twin.output(at).owner for at in one.inputs]
        by = self.address["thief"] if thief else owners[pick % len(owners)]
        bits = 0
        for bit, owner in [*enumerate(owners), *enumerate((out.owner for out in one.outputs), 4)]:
            if owner == by or wrong:
                bits |= mask & 1 << bit
        at = self.place(one, pick, hide and one.expiry >= twin.state.next_block)

        def call() -> None:
            if pick % 13:
                twin.start(one, by, bits, at)
                return
            signatures = tuple(twin.sign(one, owner) for owner in owners[: pick % 2])
            proofs = tuple(twin.proof(position) for position in one.inputs)
            action = actions.StartInFlight(Proof(0, one.packed), proofs, signatures)
            twin.do(action, by, CONFIG.in_flight_bond)

        self.tries(call)

    @precondition(young)
    @rule(data=st.data(), bit=st.integers(0, 8), thief=seldom, wrong=seldom, late=seldom, edge=edges)
    def join(self, data: st.DataObject, bit: int, thief: bool, wrong: bool, late: bool, edge: int) -> None:
        twin = self.twin
        one, flight = data.draw(st.sampled_from(self.young()))
        there = [*range(len(one.inputs)), *range(4, 4 + len(one.outputs))]
        free = [at for at in there if not (flight.piggybacked | flight.blocked) >> at & 1]
        if not wrong:
            bit = (free or there)[bit % len(free or there)]
        owner = self.address["thief"]
        if not thief and bit in there:
            owner = twin.output(one.inputs[bit]).owner if bit < 4 else one.outputs[bit - 4].owner
        if late:
            twin.at(self.half(flight) - 1 + edge)
        self.tries(lambda: twin.join(one, bit, owner))

    @precondition(young)
    @rule(data=st.data(), by=anybody, pick=numbers, hide=st.booleans(), own=seldom, late=seldom, edge=edges)
    def contest(
        self, data: st.DataObject, by: str, pick: int, hide: bool, own: bool, late: bool, edge: int
    ) -> None:  # fmt: skip
        twin = self.twin
        one, flight = data.draw(st.sampled_from(self.young()))
        found = self.rivals(one)
        position, other = found[pick % len(found)] if found else (one.inputs[0], self.draft(one.inputs[:1], pick))
        if own:
            other = one
        if late:
            twin.at(self.half(flight) - 1 + edge)
        at = self.place(other, pick, hide)
        taken = self.tries(lambda: twin.contest(one, other, position, at, self.address[by]))
        if taken and one.hash in self.places and pick % 2:
            self.tries(lambda: twin.answer(one, self.place(one, pick, False), self.address["operator"]))

    def answerable(self) -> list[tuple[Transaction, InFlight]]:
        """Included and contested, or, once in a while, not contested."""
        running = [pair for pair in self.flights(InFlightStatus.OPEN, joined=0) if pair[0].hash in self.places]
        return [pair for pair in running if pair[1].contested or self.twin.calls % 7 == 0]

    @precondition(answerable)
    @rule(data=st.data(), by=anybody, pick=numbers, late=seldom, edge=edges)
    def answer(self, data: st.DataObject, by: str, pick: int, late: bool, edge: int) -> None:
        one, flight = data.draw(st.sampled_from(self.answerable()))
        if late:
            self.twin.at(flight.exitable_at - 1 + edge)
        self.tries(lambda: self.twin.answer(one, self.place(one, pick, False), self.address[by]))

    @precondition(lambda self: self.flights(*InFlightStatus, joined=0x0F))
    @rule(data=st.data(), pick=numbers, hide=st.booleans(), own=seldom, wrong=seldom)
    def stop_input(self, data: st.DataObject, pick: int, hide: bool, own: bool, wrong: bool) -> None:
        twin = self.twin
        one, flight = data.draw(st.sampled_from(self.flights(*InFlightStatus, joined=0x0F)))
        joined = [at for bit, at in enumerate(one.inputs) if flight.piggybacked >> bit & 1 or wrong]
        position = joined[pick % len(joined)]
        found = [other for other in self.spenders(position) if other.hash != one.hash]
        other = one if own else found[pick % len(found)] if found else self.draft([position], pick)
        at = self.place(other, pick, hide)
        self.tries(lambda: twin.stop_input(one, other, position, at, self.address["watcher"]))

    def spent_outputs(self) -> Iterator[tuple[Transaction, int, list[Transaction]]]:
        """Included in-flight exits, an output that joined where it lies, and who spends it there."""
        for one, flight in self.flights(*InFlightStatus, joined=0xF0):
            for place in self.places.get(one.hash, []):
                for output in range(len(one.outputs)):
                    if flight.piggybacked >> 4 + output & 1:
                        yield one, place | output, self.spenders(place | output)

    @precondition(lambda self: any(True for _ in self.spent_outputs()))
    @rule(data=st.data(), pick=numbers, hide=st.booleans(), wrong=seldom)
    def stop_output(self, data: st.DataObject, pick: int, hide: bool, wrong: bool) -> None:
        found = list(self.spent_outputs())
        one, position, spenders = data.draw(st.sampled_from([row for row in found if row[2]] or found))
        spender = spenders[pick % len(spenders)] if spenders else self.draft([position], pick)
        shown = position ^ (1 if wrong else 0)
        proof = self.twin.spend(spender, position, self.place(spender, pick, hide))
        action = actions.ChallengeOutput(replace(self.twin.proof(position), position=shown), self.twin.ids(one), proof)
        self.tries(lambda: self.twin.do(action, self.address["watcher"]))

    @precondition(lambda self: self.flights(*InFlightStatus))
    @rule(data=st.data(), by=anybody, edge=edges, how=st.integers(0, 4), wrong=seldom)
    def settle(self, data: st.DataObject, by: str, edge: int, how: int, wrong: bool) -> None:
        twin = self.twin
        one, flight = data.draw(st.sampled_from(self.flights(*InFlightStatus)))
        if flight.status == InFlightStatus.OPEN:
            twin.at(flight.exitable_at + edge)
        newer = self.lists(one.outputs[0].token, flight.priority, how)
        if wrong:
            # What is not needed may be anything.
            made = tuple(b"" for _ in one.inputs)
            action = actions.ClaimInFlight(one.packed, twin.ids(one), made, newer)
            self.tries(lambda: twin.do(action, self.address[by]))
        else:
            self.tries(lambda: twin.settle(one, self.address[by], newer))

    def alone(self) -> list[tuple[Transaction, InFlight]]:
        """That nothing has joined, or, once in a while, any."""
        running = self.flights(InFlightStatus.OPEN, joined=0)
        return [pair for pair in running if not pair[1].piggybacked or self.twin.calls % 7 == 0]

    @precondition(alone)
    @rule(data=st.data(), by=anybody, edge=edges)
    def abandon(self, data: st.DataObject, by: str, edge: int) -> None:
        one, flight = data.draw(st.sampled_from(self.alone()))
        self.twin.at(self.half(flight) + edge)
        action = actions.AbandonInFlight(self.twin.flight_id(one))
        self.tries(lambda: self.twin.do(action, self.address[by]))

    # ------------------------------------------------------------------------------- debts, data, the operator

    @precondition(lambda self: self.twin.state.pending)
    @rule(data=st.data(), to=st.sampled_from((*PEOPLE, "itself")), thief=seldom)
    def withdraw(self, data: st.DataObject, to: str, thief: bool) -> None:
        owner, token = data.draw(st.sampled_from(sorted(self.twin.state.pending)))
        target = self.world.here if to == "itself" else self.address[to]
        action = actions.Withdraw(token, target)
        self.tries(lambda: self.twin.do(action, self.address["thief"] if thief else owner))

    @often(5)
    @rule(names=st.sampled_from(((), ("payer",), ("payee", "thief"), ("other", "closed", "watcher"))))
    def the_token_refuses(self, names: tuple[str, ...]) -> None:
        self.twin.set_blacklisted(self.address[one] for one in names)

    @precondition(lambda self: not self.twin.open and self.twin.state.pending)
    @rule(now=seldom)
    def the_closed_account_opens(self, now: bool) -> None:
        if now:
            self.twin.open_door()

    @often(4)
    @rule(data=st.data(), by=anybody, act=questions, edge=edges, wrong=seldom)
    def data_is_asked_for(self, data: st.DataObject, by: str, act: str, edge: int, wrong: bool) -> None:
        twin = self.twin
        number = data.draw(st.sampled_from(sorted(twin.blocks)))
        index = data.draw(st.integers(0, twin.blocks[number][0].count - (0 if wrong else 1)))
        asked = [place for place, (_, until) in twin.state.data.items() if until != 2**40 - 1]
        if act == "ask" or not asked:
            proof = twin.proof(encode_position(number, 0, 0))
            ask = actions.ChallengeData(number, index, proof.root, proof.word)
            asked_now = self.tries(lambda: twin.do(ask, self.address[by], CONFIG.data_bond))
            if asked_now and by in USERS:
                # The operator answers at once.
                shown = twin.proof(encode_position(number, index, 0))
                self.tries(lambda: twin.do(actions.ShowData(shown), self.address["operator"]))
            return
        number, index = data.draw(st.sampled_from(sorted(asked)))
        if act == "show":
            proof = twin.proof(encode_position(number, index, 0))
            shown = replace(proof, data=proof.data + b"\0") if wrong else proof
            self.tries(lambda: twin.do(actions.ShowData(shown), self.address[by]))
        else:
            twin.at(twin.state.data[number, index][1] + edge)
            # Another way to write the same place is none.
            freeze = actions.Freeze(number - 1, index + 65_536) if wrong else actions.Freeze(number, index)
            self.tries(lambda: twin.do(freeze, self.address[by]))

    @often(9)
    @rule(by=st.sampled_from(("operator", "operator", "thief", "watcher")), to=anybody, edge=edges, take=st.booleans())
    def the_operator_changes(self, by: str, to: str, edge: int, take: bool) -> None:
        following, since = self.twin.state.announced
        if take and since:
            self.twin.at(since + edge)
            caller = self.address[by] if by == "thief" else following
            self.tries(lambda: self.twin.do(actions.AcceptOperator(), caller))
        else:
            caller = self.address[by] if by == "thief" else self.twin.state.operator
            self.tries(lambda: self.twin.do(actions.AnnounceOperator(self.address[to]), caller))

    @often(3)
    @rule(seconds=st.integers(1, W // 3))
    def time_passes(self, seconds: int) -> None:
        self.twin.now += seconds

    def teardown(self) -> None:
        """To the end: whatever runs is settled or abandoned, paid and fetched; then the chain is frozen by a successor.

        Nothing has changed unseen, and bonds and debts are all that is held.
        """
        if not hasattr(self, "twin"):
            return
        twin, watcher = self.twin, self.address["watcher"]
        twin.set_blacklisted(())
        twin.open_door()
        for one, flight in self.flights(InFlightStatus.OPEN, joined=0):
            if not flight.piggybacked:
                twin.at(self.half(flight))
                twin.do(actions.AbandonInFlight(twin.flight_id(one)), watcher)
        for one, flight in self.flights(*InFlightStatus):
            twin.at(flight.exitable_at)
            self.tries(lambda one=one, flight=flight: twin.settle(one, watcher, self.lists(0, flight.priority, 2)))
        for position in self.with_status(ExitStatus.OPEN):
            exit = twin.state.exit(twin.id(position))
            if exit.position == position:
                twin.at(exit.time)
                newer = self.lists(twin.output(position).token, block_of(position), 2)
                self.tries(lambda position=position, newer=newer: twin.claim(position, by=watcher, newer=newer))
        for owner, token in sorted(twin.state.pending):
            twin.do(actions.Withdraw(token, watcher), owner)
        twin.do(actions.AnnounceOperator(watcher), twin.state.operator)
        twin.at(twin.now + 1 + CONFIG.rotation_delay)
        twin.do(actions.AcceptOperator(), watcher)
        if not twin.state.frozen:
            fresh = twin.block(*self.made[:1])[0]
            proof = twin.proof(fresh)
            ask = actions.ChallengeData(fresh >> 24, 0, proof.root, proof.word)
            twin.do(ask, self.address["payer"], CONFIG.data_bond)
            twin.at(twin.now + CONFIG.data_delay)
            twin.do(actions.Freeze(fresh >> 24, 0), watcher)
        twin.compare_words()
        twin.check()


LockStep.TestCase.settings = campaign(examples=30, steps=40)


def test_contract_and_model_never_differ_and_many_calls_are_accepted() -> None:
    LockStep.counts = counts = Counts()
    LockStep.TestCase().runTest()
    print(counts)
    refusals = {error for _, error in counts.refused}
    assert counts.accepted.total() > (counts.accepted + counts.turned_down).total() * 0.6
    assert set(counts.accepted) == {
        "Deposit", "SubmitBlock", "AnnounceOperator", "AcceptOperator", "StartExits", "ChallengeExit", "Claim",
        "Withdraw", "StartInFlight", "Piggyback", "ChallengeCanonical", "AnswerCanonical", "ChallengeInput",
        "ChallengeOutput", "ClaimInFlight", "AbandonInFlight", "ChallengeData", "ShowData", "Freeze",
    }  # fmt: skip
    assert refusals >= {"TooEarly", "TooLate", "NotCovered", "PaymentFailed", "ExitBlocked", "NotOlder"}
    assert len(refusals) > 20


# ----------------------------------------------------------------------------------------------------------- controls


def too_late(one: Act, number: bytes, flight: InFlight) -> None:
    """The first half has a second more."""
    inflight._open(number, flight)
    if one.env.time > flight.started_at + W // 2:
        raise TooLate(one.env.time, flight.started_at + W // 2)


def need(self: Reserve, token: int, block: int, amount: int, newer: Sequence[int] = ()) -> int:
    """All that is registered, whatever is listed."""
    return self.total.get(token, 0)


def forget(self: Reserve, token: int, block: int, amount: int) -> None:
    """What is stopped or paid stays registered."""


def for_good(one: Act, spend: actions.Spend, position: int, owner: bytes) -> Spent:
    """A spender that may not be included stops an exit for ever."""
    return spent(one, spend, position, owner)._replace(until=2**40 - 1)


CONTROLS: dict[str, tuple[object, str, object]] = {
    "the first half ends later": (inflight, "_first_half", too_late),
    "lists are ignored": (Reserve, "need", need),
    "registrations do not end": (Reserve, "release", forget),
    "bonds cover exits": (State, "covers", lambda self, token: self.balance.get(token, 0)),
    "an exit is stopped for ever": (exits, "spent", for_good),
    "what was paid elsewhere is paid again": (settlement, "_ENDED", ()),
    "everybody can be paid": (Env, "reaches", lambda self, owner, token: True),
}


@pytest.mark.parametrize("change", CONTROLS)
def test_a_changed_model_is_noticed(change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(*CONTROLS[change])
    LockStep.counts = Counts()
    limits = settings(LockStep.TestCase.settings, phases=(Phase.generate,))
    with pytest.raises((AssertionError, ExceptionGroup)):
        run_state_machine_as_test(LockStep, settings=limits)
