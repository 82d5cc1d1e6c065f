"""The rules by which coins are taken out, contradicted, answered for, claimed; rightly and wrongly."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from tests.support.coins.lockstep import PROFILE
from tests.support.coins.machine import CoinPlay, Step, Track, rogues
from tests.support.payments.machine import anybody, edges, mostly, numbers, often, seldom

from layer2.plasma.coins.model import Exit, actions


class CoinExitRules(CoinPlay):
    """Every call about exits, by those who may make it and by others."""

    def payable(self) -> list[Track]:
        return [one for one in self.tracks.values() if one.coin in self.twin.state.coins]

    def rogue_exits(self) -> list[tuple[Track, int]]:
        """What somebody without scruples could try to take out: true, spent, or invented."""
        running = self.twin.state.running()
        return [
            (track, number)
            for track in self.payable()
            for number in track.numbers()
            if track.holder(number) not in self.honest and (track.coin, number) not in running
        ]

    @precondition(rogue_exits)
    @rule(data=st.data(), wrong=seldom, bond=seldom, thief=seldom, pick=numbers)
    def a_rogue_exits(self, data: st.DataObject, wrong: bool, bond: bool, thief: bool, pick: int) -> None:
        track, number = data.draw(st.sampled_from(self.rogue_exits()[::-1]))
        action = self.exit_action(track, number)
        if wrong and isinstance(action, actions.ExitTransfer):
            action = self.spoilt(action, pick)
        by = self.address["payer"] if thief else track.holder(number)
        self.make(action, by, PROFILE.exit_bond - bond)

    def spoilt(self, action: actions.ExitTransfer, pick: int) -> actions.ExitTransfer:
        """With one thing wrong about it."""
        last = action.last
        return (
            replace(action, last=self.spoilt_shown(last, pick)),
            replace(action, prev=replace(action.prev, number=action.prev.number + 1)),
            replace(action, record=replace(action.record, value=action.record.value + 1)),
            replace(action, last=replace(last, vs=bytes(32))),
        )[pick % 4]

    def spoilt_shown(self, shown: actions.Shown, pick: int) -> actions.Shown:
        pick //= 4
        return (
            replace(shown, siblings=(*shown.siblings, bytes(32))),
            replace(shown, time=shown.time + 1),
            replace(shown, expiry=shown.number - 1),
            replace(shown, new_owner=bytes(20)),
            replace(shown, prev_block=shown.number),
            replace(shown, new_owner=self.address["thief"]),
        )[pick % 6]

    def own_exits(self) -> list[Track]:
        """What honest owners may take out."""
        return [one for one in self.guarded() if not one.may_come() and not self.is_leaving(one)]

    @often(2)
    @precondition(own_exits)
    @rule(data=st.data())
    def an_owner_exits(self, data: st.DataObject) -> None:
        track = data.draw(st.sampled_from(self.own_exits()))
        assert self.make(self.exit_action(track, track.standing.last_block), track.accepted, PROFILE.exit_bond)

    @often(3)
    @precondition(CoinPlay.running)
    @rule(data=st.data(), by=anybody, wrong=seldom)
    def cancel(self, data: st.DataObject, by: str, wrong: bool) -> None:
        track, number, one = data.draw(st.sampled_from(self.running()))
        self.make(actions.CancelExit(track.coin, number), self.address[by] if wrong else one.owner)

    # ------------------------------------------------------------------------------------------------- contradictions

    def spends(self, after: bool) -> list[tuple[Track, int, Step]]:
        """Running exits and transfers that were spent after or before them, if any could do."""
        found = []
        for track, number, one in self.running():
            for step in track.steps:
                wanted = number if after else one.prev_block
                fits = step.shown.prev_block == wanted and (after or step.number < number)
                if fits and (after or number):
                    found.append((track, number, step))
        return found

    @precondition(lambda self: self.spends(True) or self.spends(False))
    @rule(data=st.data(), by=anybody, wrong=seldom, after=st.booleans(), pick=numbers)
    def contradict(self, data: st.DataObject, by: str, wrong: bool, after: bool, pick: int) -> None:
        found = self.spends(after)
        if wrong and pick % 3 == 0:
            found = [(track, number, step) for track, number, _ in self.running() for step in track.steps]
        if not found:
            return
        track, number, step = data.draw(st.sampled_from(found))
        shown = self.spoilt_shown(step.shown, pick) if wrong and pick % 3 == 1 else step.shown
        kind = actions.ChallengeAfter if after else actions.ChallengeBetween
        self.make(kind(track.coin, number, shown), self.address[by])

    def young(self) -> list[tuple[Track, int, Exit]]:
        """Exits with a history that cannot be claimed yet; or, once in a while, any."""
        loose = self.twin.calls % 7 == 0
        return [
            row
            for row in self.running()
            if (row[2].prev_block and (row[2].exitable_at > self.twin.now or row[2].challenges)) or loose
        ]

    @precondition(young)
    @rule(data=st.data(), by=anybody, wrong=seldom, late=seldom, edge=edges, pick=numbers)
    def challenge_before(
        self, data: st.DataObject, by: str, wrong: bool, late: bool, edge: int, pick: int
    ) -> None:  # fmt: skip
        track, number, one = data.draw(st.sampled_from(self.young()))
        steps = [step for step in track.steps if step.number < one.prev_block] or track.steps
        if late:
            self.twin.at(one.exitable_at + edge)
        value = PROFILE.challenge_bond - (wrong and pick % 3 == 0)
        if pick % 3 == 0 or not steps:
            action = actions.ChallengeBeforeByDeposit(track.coin, number, track.record)
            self.make(action, self.address[by], value)
            return
        shown = data.draw(st.sampled_from(steps)).shown
        if wrong and pick % 3 == 1:
            shown = self.spoilt_shown(shown, pick)
        self.make(actions.ChallengeBefore(track.coin, number, shown), self.address[by], value)

    @precondition(lambda self: self.open())
    @rule(data=st.data(), by=anybody, wrong=seldom, last=seldom, edge=edges)
    def answer(self, data: st.DataObject, by: str, wrong: bool, last: bool, edge: int) -> None:
        coin, number, nonce, challenge = data.draw(st.sampled_from(self.open()))
        track, one = self.tracks[coin], self.twin.state.exit(coin, number)
        steps = [step for step in track.steps if step.shown.prev_block == challenge.number]
        inside = [step for step in steps if step.number <= one.prev_block]
        found = track.steps if wrong else inside or steps
        if not found:
            return
        if last:
            self.twin.at(self.until(coin, number, nonce, challenge) + edge)
        step = data.draw(st.sampled_from(found))
        self.make(actions.RespondChallengeBefore(coin, number, challenge, step.shown), self.address[by])

    @often(2)
    @precondition(lambda self: self.open())
    @rule(data=st.data(), by=anybody, wrong=seldom, edge=edges)
    def refute(self, data: st.DataObject, by: str, wrong: bool, edge: int) -> None:
        coin, number, nonce, challenge = data.draw(st.sampled_from(self.open()))
        self.twin.at(self.until(coin, number, nonce, challenge) + 1 + edge)
        if wrong:
            challenge = replace(challenge, challenger=self.address["thief"])
        self.make(actions.RefuteChallengeResponse(coin, number, challenge), self.address[by])

    @precondition(lambda self: self.open(running=False) or (self.open() and self.twin.calls % 5 == 0))
    @rule(data=st.data(), by=anybody, wrong=seldom)
    def void(self, data: st.DataObject, by: str, wrong: bool) -> None:
        found = self.open(running=wrong) or self.open(running=not wrong)
        coin, number, nonce, challenge = data.draw(st.sampled_from(found))
        self.make(actions.VoidChallenge(coin, number, nonce, challenge), self.address[by])

    # ---------------------------------------------------------------------------------------------------------- claims

    @often(2)
    @precondition(CoinPlay.running)
    @rule(data=st.data(), by=anybody, edge=edges, more=mostly, wrong=seldom)
    def claim(self, data: st.DataObject, by: str, edge: int, more: bool, wrong: bool) -> None:
        found = [row for row in self.running() if not row[2].challenges] or self.running()
        chosen = [found[0]]
        if more:
            chosen.append(data.draw(st.sampled_from(self.running())))
        self.twin.at(max(one.exitable_at for _, _, one in chosen[:1]) + 1 + edge)
        dues = [actions.ExitClaim(track.coin, number, track.record) for track, number, _ in chosen]
        if wrong:
            dues[0] = replace(dues[0], record=replace(dues[0].record, value=dues[0].record.value + 1))
        self.make(actions.FinalizeExits(tuple(dues)), self.address[by])

    @often(4)
    @rule(data=st.data(), who=rogues, pick=numbers)
    def heist(self, data: st.DataObject, who: str, pick: int) -> None:
        """The operator invents two transfers, and whoever got the coin by them takes it out."""
        coins = [one for one in self.payable() if self.twin.state.operator in self.world.sender]
        if not coins:
            return
        track = data.draw(st.sampled_from(coins))
        prev = self.twin.state.next_block - 1 - pick % 2
        for _ in range(2):
            if not self.include([self.forge(track, self.address[who], max(0, prev))]):
                return
            prev = self.twin.state.next_block - 1
        self.make(self.exit_action(track, prev), self.address[who], PROFILE.exit_bond)
