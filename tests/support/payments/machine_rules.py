"""The rules by which outputs and transactions are taken out, rightly and wrongly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from tests.support.payments.lockstep import CONFIG
from tests.support.payments.machine import Play, anybody, edges, numbers, often, seldom

from layer2.plasma.payments.model import ExitStatus, InFlight, InFlightStatus, actions
from layer2.plasma.payments.model.actions import Proof
from layer2.plasma.protocol.transaction import Transaction


class ExitRules(Play):
    """Standard exits: start, challenge, claim, and again."""

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
                spend = replace(spend, signatures=spend.signatures[64:])
            elif pick % 11 == 1:
                spend = replace(spend, inputs=(*spend.inputs, self.twin.proof(position)))
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
        newer = self.lists(twin.output(chosen[0]).token, min(map(twin.priority, chosen)), how)
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


class InFlightRules(ExitRules):
    """In-flight exits: start, join, contest, answer, stop, settle, abandon."""

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
            signatures = b"".join(twin.sign(one, owner) for owner in owners[: pick % 2])
            proofs = tuple(twin.proof(position) for position in one.inputs)
            action = actions.StartInFlightExit(Proof(0, one.packed), proofs, signatures)
            twin.do(action, by, CONFIG.in_flight_bond)

        self.tries(call)

    @precondition(Play.young)
    @rule(data=st.data(), bit=st.integers(0, 8), thief=seldom, wrong=seldom, late=st.booleans(), edge=edges)
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

    @precondition(Play.young)
    @rule(data=st.data(), by=anybody, pick=numbers, hide=st.booleans(), own=seldom, late=st.booleans(), edge=edges)
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

    @precondition(lambda self: self.flights(InFlightStatus.OPEN, joined=0))
    @rule(data=st.data(), by=anybody)
    def hold(self, data: st.DataObject, by: str) -> None:
        """Games take what others have let go of, and let go of what they cannot win."""
        one, _ = data.draw(st.sampled_from(self.flights(InFlightStatus.OPEN, joined=0)))
        self.tries(lambda: self.twin.hold(one, self.address[by]))

    @rule(token=st.integers(0, 1), bucket=st.integers(0, 12), by=anybody)
    def track(self, token: int, bucket: int, by: str) -> None:
        """One sum of all newer buckets is kept, or not, while something is short."""
        self.tries(lambda: self.twin.do(actions.Track(token, bucket), self.address[by]))

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
        action = actions.ChallengeOutputSpent(
            replace(self.twin.proof(position), position=shown), self.twin.ids(one), proof
        )
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
            action = actions.ProcessInFlightExit(one.packed, twin.ids(one), made, newer)
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
        action = actions.DeleteNonPiggybacked(one.packed, self.twin.ids(one))
        self.tries(lambda: self.twin.do(action, self.address[by]))
