"""How a run ends: in some of them with stories that meet every edge of time, in all with everything settled."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.support.payments.lockstep import CONFIG, W
from tests.support.payments.machine_rules import InFlightRules

from layer2.plasma.payments.bindings.errors import RootError
from layer2.plasma.payments.model import ExitStatus, InFlightStatus, actions
from layer2.plasma.protocol.transaction import payment


class Endings(InFlightRules):
    """Calls whose verdict is known beforehand, whatever the rules have left behind."""

    def refused(self, error: str, call: Callable[[], object]) -> None:
        """Both refuse a call, and with this."""
        with pytest.raises(RootError) as refused:
            call()
        assert refused.typename == error

    def quarrel_at_the_edges(self) -> None:
        """A transaction is contested in the last second in which it can be; it pays its input, once."""
        twin, payer, thief = self.twin, self.address["payer"], self.address["thief"]
        source = twin.deposit(payer, 50)
        one, rival = self.draft([source], 3), self.draft([source], 4)
        twin.exit(source)
        twin.start(one, payer, 1)
        flight = twin.state.flight(twin.flight_id(one))
        owner = one.outputs[0].owner
        twin.at(flight.started_at + W // 2 - 1)
        twin.contest(one, rival, source, by=thief)
        twin.at(flight.started_at + W // 2)
        self.refused("TooLate", lambda: twin.contest(one, rival, source, by=thief))
        twin.at(flight.started_at + W // 2)
        self.refused("TooLate", lambda: twin.join(one, 4, owner))
        twin.at(flight.started_at + W // 2)
        abandon = actions.DeleteNonPiggybacked(one.packed, twin.ids(one))
        self.refused("InvalidPiggyback", lambda: twin.do(abandon, thief))
        twin.challenge(source, one, by=thief)
        self.refused("ExitBlocked", lambda: twin.exit(source))
        twin.hold(one, payer)
        short = twin.state.reserve.total.get(0, 0) - twin.state.covers(0)
        if short > 0:
            # Thefts of this run may be registered in front of it: there is enough for them, too.
            twin.deposit(payer, short)
        newer = self.lists(0, twin.state.flight(twin.flight_id(one)).priority, 2)
        twin.at(flight.exitable_at - 1)
        self.refused("TooEarly", lambda: twin.settle(one, thief, newer))
        twin.at(flight.exitable_at)
        self.refused("TooLate", lambda: twin.hold(one, payer))
        twin.at(flight.exitable_at)
        twin.settle(one, thief, newer)
        assert twin.status(source) == ExitStatus.PAID
        self.refused("UnexpectedInFlightStatus", lambda: twin.settle(one, thief, newer))

    def answered_in_the_last_second(self) -> None:
        """Outputs that joined before and after a payment was contested count once it is answered."""
        twin, payer = self.twin, self.address["payer"]
        source = twin.deposit(payer, 70)
        one, rival = self.draft([source], 3), self.draft([source], 4)
        assert self.include([one])
        first, second = one.outputs
        twin.start(one, payer)
        waiting = twin.state.reserve.total.get(0, 0)
        twin.join(one, 4, first.owner)
        assert twin.state.reserve.total[0] == waiting + first.amount
        twin.contest(one, rival, source, by=self.address["thief"])
        twin.join(one, 5, second.owner)
        assert twin.state.reserve.total[0] == waiting
        exitable = twin.state.flight(twin.flight_id(one)).exitable_at
        place = self.places[one.hash][-1]
        twin.at(exitable - 1)
        twin.answer(one, place)
        assert twin.state.reserve.total[0] == waiting + first.amount + second.amount
        twin.at(exitable)
        self.refused("TooLate", lambda: twin.answer(one, place))
        twin.at(exitable)
        twin.settle(one, payer, self.lists(0, twin.state.flight(twin.flight_id(one)).priority, 2))
        assert twin.status(place) == twin.status(place | 1) == ExitStatus.PAID

    def contested_for_good(self) -> None:
        """Of two outputs one is stopped while a competitor stands; the answer holds until an older one is shown."""
        twin, payer = self.twin, self.address["payer"]
        source = twin.deposit(payer, 80)
        one, rival = self.draft([source], 3), self.draft([source], 4)
        assert self.include([rival])
        assert self.include([one])
        place = self.places[one.hash][-1]
        twin.start(one, payer)
        waiting = twin.state.reserve.total.get(0, 0)
        for bit, out in enumerate(one.outputs, 4):
            twin.join(one, bit, out.owner)
        twin.contest(one, rival, source)
        twin.stop_output(one, place, self.draft([place], 5))
        assert twin.state.reserve.total[0] == waiting
        twin.answer(one, place)
        assert twin.state.reserve.total[0] == waiting + one.outputs[1].amount
        twin.contest(one, rival, source, self.places[rival.hash][-1])
        assert twin.state.reserve.total[0] == waiting
        self.refused("NotOlder", lambda: twin.answer(one, place))
        twin.at(twin.state.flight(twin.flight_id(one)).exitable_at)
        twin.settle(one, payer)
        assert twin.state.reserve.total[0] == waiting
        assert twin.status(place | 1) == ExitStatus.NONE

    def bounties_cover_nothing(self) -> None:
        """Out of nothing comes as much as is free, in two parts, and a wei: the first part's bounty does not pay it."""
        twin, thief = self.twin, self.address["thief"]
        free = twin.state.covers(0) - twin.state.reserve.total.get(0, 0)
        if free < 50:
            twin.deposit(self.address["payer"], 50 - free)
            free = 50
        mint = payment([twin.deposit(thief, 1)], [(thief, 0, 5), (thief, 0, free - 3)], 2**39)
        assert self.include([mint])
        small = self.places[mint.hash][0]
        twin.exit(small, small | 1)
        twin.at(twin.state.exit(twin.id(small)).time)
        twin.claim(small, small | 1, by=thief, newer=(small >> 25,))
        assert (twin.status(small), twin.status(small | 1)) == (ExitStatus.PAID, ExitStatus.OPEN)

    def let_go_and_taken(self) -> None:
        """Two games want one input: the later takes it, and registers its output, when the older cannot win it."""
        twin, payer = self.twin, self.address["payer"]
        source = twin.deposit(payer, 90)
        older, newer = self.draft([source], 3), self.draft([source], 4)
        waiting = twin.state.reserve.total.get(0, 0)
        for one in (older, newer):
            twin.start(one, payer)
            twin.join(one, 4, one.outputs[0].owner)
        assert twin.state.reserve.total[0] == waiting + older.outputs[0].amount
        self.refused("NothingToHold", lambda: twin.hold(newer, payer))
        twin.contest(older, newer, source)
        assert twin.state.reserve.total[0] == waiting
        twin.hold(older, payer)
        twin.hold(newer, payer)
        assert [twin.state.flight(twin.flight_id(one)).held for one in (older, newer)] == [0, 1]
        assert twin.state.reserve.total[0] == waiting + newer.outputs[0].amount

    def paid_elsewhere(self) -> None:
        """An input leaves by an exit that nobody stops: then the transaction pays no output."""
        twin, payee = self.twin, self.address["payee"]
        source = twin.deposit(payee, 60)
        one = self.draft([source], 3)
        # A game that holds its input lets no other exit of it start.
        twin.exit(source)
        twin.start(one, payee)
        for bit, out in enumerate(one.outputs, 4):
            twin.join(one, bit, out.owner)
        time = twin.state.exit(twin.id(source)).time
        twin.at(time - 1)
        self.refused("TooEarly", lambda: twin.claim(source))
        twin.at(time)
        twin.claim(source, newer=self.lists(0, twin.priority(source), 2))
        twin.settle(one, payee)
        assert twin.state.flight(twin.flight_id(one)).status == InFlightStatus.PAYS_INPUTS
        assert twin.state.exit(one.output_id(0)).status == ExitStatus.NONE

    def heist_at_the_edges(self) -> None:
        """What was made out of nothing waits for twice the time, and is more than there is."""
        twin, thief = self.twin, self.address["thief"]
        mint = self.draft([twin.deposit(thief, 5)], 1, 10**6)
        assert self.include([mint])
        loot = self.places[mint.hash][-1] | 1
        made = twin.now
        twin.exit(loot)
        assert twin.state.exit(twin.id(loot)).time == made + 2 * W
        twin.at(made + 2 * W - 1)
        self.refused("TooEarly", lambda: twin.claim(loot, by=thief))
        for how in (0, 2):
            twin.at(made + 2 * W)
            self.refused("NotCovered", lambda how=how: twin.claim(loot, newer=self.lists(0, twin.priority(loot), how)))

    def teardown(self) -> None:
        """To the end: whatever runs is settled or abandoned, paid and fetched; then the chain is frozen by a successor.

        Nothing has changed unseen, and bonds and debts are all that is held.
        """
        if not hasattr(self, "twin") or not self.twin.agreed:
            return
        twin, watcher = self.twin, self.address["watcher"]
        if self.with_stories and not twin.state.frozen:
            self.quarrel_at_the_edges()
            self.answered_in_the_last_second()
            self.contested_for_good()
            self.let_go_and_taken()
            self.paid_elsewhere()
            self.bounties_cover_nothing()
            self.heist_at_the_edges()
        twin.set_blacklisted(())
        for one, flight in self.flights(InFlightStatus.OPEN, joined=0):
            if not flight.piggybacked:
                twin.at(self.half(flight))
                twin.do(actions.DeleteNonPiggybacked(one.packed, twin.ids(one)), watcher)
        for one, flight in self.flights(*InFlightStatus):
            twin.at(flight.exitable_at)
            self.tries(lambda one=one, flight=flight: twin.settle(one, watcher, self.lists(0, flight.priority, 2)))
        for position in self.with_status(ExitStatus.OPEN):
            exit = twin.state.exit(twin.id(position))
            if exit.position == position:
                twin.at(exit.time)
                newer = self.lists(twin.output(position).token, twin.priority(position), 2)
                self.tries(lambda position=position, newer=newer: twin.claim(position, by=watcher, newer=newer))
        for owner, token in sorted(twin.state.pending):
            if not token and not twin.open:
                assert not self.tries(
                    lambda owner=owner: twin.do(actions.WithdrawPending(0, self.address["closed"]), owner)
                )
            twin.do(actions.WithdrawPending(token, watcher), owner)
        twin.do(actions.ProposeOperator(watcher), twin.state.operator)
        twin.at(twin.now + 1 + CONFIG.rotation_delay)
        twin.do(actions.AcceptOperator(), watcher)
        if not twin.state.frozen:
            fresh = twin.block(*self.made[:1])[0]
            proof = twin.proof(fresh)
            ask = actions.ChallengeData(fresh >> 24, 0, twin.blocks[fresh >> 24][0].root, proof.word)
            twin.do(ask, self.address["payer"], CONFIG.data_bond)
            twin.at(twin.now + CONFIG.data_delay)
            twin.do(actions.Freeze(fresh >> 24, 0), watcher)
        twin.compare_words()
        twin.check()
