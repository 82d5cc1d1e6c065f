"""How a run ends: in some of them with stories that meet every edge of time, in all with everything settled."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.invariant.rootrules import InFlightRules
from tests.invariant.roottwin import CONFIG, W

from layer2.plasma.game import ExitStatus, InFlightStatus, actions
from layer2.plasma.game.errors import RootError
from layer2.plasma.positions import block_of


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
        abandon = actions.AbandonInFlight(twin.flight_id(one))
        self.refused("PiggybackWrong", lambda: twin.do(abandon, thief))
        twin.exit(source)
        twin.challenge(source, one, by=thief)
        self.refused("ExitBlocked", lambda: twin.exit(source))
        newer = self.lists(0, 0, 2)
        twin.at(flight.exitable_at - 1)
        self.refused("TooEarly", lambda: twin.settle(one, thief, newer))
        twin.at(flight.exitable_at)
        twin.settle(one, thief, newer)
        assert twin.status(source) == ExitStatus.PAID
        self.refused("InFlightStatusWrong", lambda: twin.settle(one, thief, newer))

    def paid_elsewhere(self) -> None:
        """An input leaves by an exit that nobody stops: then the transaction pays no output."""
        twin, payee = self.twin, self.address["payee"]
        source = twin.deposit(payee, 60)
        one = self.draft([source], 3)
        twin.start(one, payee)
        for bit, out in enumerate(one.outputs, 4):
            twin.join(one, bit, out.owner)
        twin.exit(source)
        time = twin.state.exit(twin.id(source)).time
        twin.at(time - 1)
        self.refused("TooEarly", lambda: twin.claim(source))
        twin.at(time)
        twin.claim(source, newer=self.lists(0, 0, 2))
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
            self.refused("NotCovered", lambda how=how: twin.claim(loot, newer=self.lists(0, block_of(loot), how)))

    def teardown(self) -> None:
        """To the end: whatever runs is settled or abandoned, paid and fetched; then the chain is frozen by a successor.

        Nothing has changed unseen, and bonds and debts are all that is held.
        """
        if not hasattr(self, "twin") or not self.twin.agreed:
            return
        twin, watcher = self.twin, self.address["watcher"]
        if self.with_stories and not twin.state.frozen:
            self.quarrel_at_the_edges()
            self.paid_elsewhere()
            self.heist_at_the_edges()
        twin.set_blacklisted(())
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
            if not token and not twin.open:
                assert not self.tries(lambda owner=owner: twin.do(actions.Withdraw(0, self.address["closed"]), owner))
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
