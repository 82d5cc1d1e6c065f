"""Whole stories of the coin chain: disputes that single rules would seldom bring together, with their edges of time."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import rule
from tests.support.coins.lockstep import PROFILE
from tests.support.coins.machine import ROGUES, Track
from tests.support.coins.machine_rules import CoinExitRules
from tests.support.payments.machine import anybody, edges, mostly, numbers, often

from layer2.plasma.coins.bindings.errors import CoinError
from layer2.plasma.coins.model import actions

HALF = PROFILE.exit_period // 2
rogue_pairs = st.lists(st.sampled_from(ROGUES), min_size=3, max_size=3)


class CoinStories(CoinExitRules):
    """Coins of rogues, so that nobody is robbed whoever wins."""

    def loot(self, data: st.DataObject) -> Track | None:
        """A coin of somebody without scruples whose history is not broken."""
        found = [one for one in self.payable() if one.owner not in self.honest and not (one.broken or one.accepted)]
        if self.twin.state.operator not in self.world.sender:
            return None
        if not found and self.deposit(self.address["thief"], actions.DepositETH(), 50):
            found = list(self.tracks.values())[-1:]
        return data.draw(st.sampled_from(found))  # type: ignore[no-any-return]

    @rule(data=st.data(), ways=rogue_pairs, by=anybody, edge=edges, pick=numbers, steps=st.tuples(*[mostly] * 5))
    def dispute(
        self, data: st.DataObject, ways: list[str], by: str, edge: int, pick: int, steps: tuple[bool, ...]
    ) -> None:  # fmt: skip
        """An exit whose history somebody doubts, at any time; it is answered for, or falls, or is void."""
        track = self.loot(data)
        if track is None:
            return
        for name in ways[: 2 + pick % 2]:
            if not self.include([self.sign(track, self.address[name])]) or track.broken:
                return
        coin, number = track.coin, track.standing.last_block
        if not self.make(self.exit_action(track, number), track.owner, PROFILE.exit_bond):
            return
        one, challenger = self.twin.state.exit(coin, number), self.address[by]
        earlier = [step for step in track.steps if step.number < one.prev_block]
        if steps[0]:
            self.twin.at(one.exitable_at - (HALF if pick % 2 else 0) + edge)
        if earlier and steps[1]:
            self.make(actions.ChallengeBefore(coin, number, earlier[-1].shown), challenger, PROFILE.challenge_bond)
        deposit = actions.ChallengeBeforeByDeposit(coin, number, track.record)
        for _ in range(1 + (pick % 5 == 0)):
            self.make(deposit, challenger, PROFILE.challenge_bond)
        mine = [place for place in self.open() if place[:2] == (coin, number)]
        if pick % 7 == 0:
            # Refuted otherwise: its owner has spent the coin.
            spend = self.sign(track, self.address["thief"])
            if self.include([spend]) and track.steps[-1].shown.prev_block == number:
                step = track.steps[-1]
                self.make(actions.ChallengeAfter(coin, number, step.shown), challenger)
        elif steps[2]:
            for at, (_, _, _, challenge) in enumerate(mine):
                spend_ = next((step for step in track.steps if step.shown.prev_block == challenge.number), None)
                if spend_ is None or (at and not steps[3]):
                    continue
                if pick % 3 == 0:
                    self.twin.at(self.until(*mine[at]) + edge)
                answer = actions.RespondChallengeBefore(coin, number, challenge, spend_.shown)
                self.make(answer, self.address["watcher"])
        if steps[4]:
            for place in [place for place in self.open() if place[:2] == (coin, number)]:
                self.twin.at(self.until(*place) + 1 + edge)
                self.make(actions.RefuteChallengeResponse(coin, number, place[3]), challenger)
        for place in self.open(running=False):
            self.make(actions.VoidChallenge(*place), challenger)

    @often(2)
    @rule(data=st.data(), ways=rogue_pairs, by=anybody, hops=st.integers(0, 2), claimed=st.booleans())
    def double_spend(self, data: st.DataObject, ways: list[str], by: str, hops: int, claimed: bool) -> None:
        """A coin is signed over twice, and both are included; whoever got it by the second takes it out."""
        track = self.loot(data)
        if track is None:
            return
        for name in ways[:hops]:
            self.include([self.sign(track, self.address[name])])
        prev = track.standing.last_block
        both = [self.sign(track, self.address[name], 50 + at, prev) for at, name in enumerate(ways[1:])]
        if not all([self.include([one]) for one in both]) or len(track.steps) < 2:
            return
        first, second = track.steps[-2:]
        number = second.number
        if second.shown.prev_block != first.shown.prev_block or (track.coin, number) in self.twin.state.running():
            return
        self.make(self.exit_action(track, number), track.holder(number), PROFILE.exit_bond)
        action = actions.ChallengeBetween(track.coin, number, first.shown)
        self.make(action, self.address[by])
        if claimed:
            self.twin.at(self.twin.state.exit(track.coin, number).exitable_at + 1)
            self.make(actions.FinalizeExits((actions.ExitClaim(track.coin, number, track.record),)), self.address[by])

    # ------------------------------------------------------------------------------------------- known beforehand

    def refused(self, error: str, action: actions.Action, by: bytes, value: int = 0) -> None:
        """Both refuse a call, and with this."""
        with pytest.raises(CoinError) as refused:
            self.twin.do(action, by, value)
        assert refused.typename == error

    def last_seconds(self) -> None:
        """A challenge and its answer in the last second that each of them has; then the coin is paid, once."""
        twin, thief, payer = self.twin, self.address["thief"], self.address["payer"]
        assert self.deposit(thief, actions.DepositETH(), 70)
        track = list(self.tracks.values())[-1]
        for name in ("operator", "thief"):
            assert self.include([self.sign(track, self.address[name])])
        coin, number = track.coin, track.standing.last_block
        exit_ = self.exit_action(track, number)
        assert self.make(exit_, thief, PROFILE.exit_bond)
        assert self.make(actions.CancelExit(coin, number), thief)
        # What the operator puts in once more is no part of the history.
        assert self.include([track.signed[0]])
        again = track.steps[-1]
        assert self.make(exit_, thief, PROFILE.exit_bond)
        first = actions.ChallengeAfter(coin, number, track.steps[0].shown)
        self.refused("UnexpectedPreviousBlock", first, payer)
        one, bond = twin.state.exit(coin, number), PROFILE.challenge_bond
        doubt = actions.ChallengeBeforeByDeposit(coin, number, track.record)
        twin.at(one.exitable_at - HALF)
        assert self.make(doubt, payer, bond)
        challenge, spend = actions.Challenge(payer, 0, thief), track.steps[0]
        answer = actions.RespondChallengeBefore(coin, number, challenge, spend.shown)
        twin.at(one.exitable_at)
        assert self.make(doubt, self.address["payee"], bond)
        self.refused("ExitChallenged", actions.CancelExit(coin, number), thief)
        self.refused("ExitRunning", exit_, thief, PROFILE.exit_bond)
        twin.at(one.exitable_at + 1)
        self.refused("TooLate", answer, thief)
        # The payer's is over, and stands: who has answered the other one has won nothing.
        assert self.make(replace(answer, challenge=replace(challenge, challenger=self.address["payee"])), thief)
        due = actions.FinalizeExits((actions.ExitClaim(coin, number, track.record),))
        assert self.make(actions.RefuteChallengeResponse(coin, number, challenge), payer)
        self.refused("UnknownExit", answer, thief)
        assert self.make(exit_, thief, PROFILE.exit_bond)
        one = twin.state.exit(coin, number)
        assert self.make(doubt, payer, bond)
        late = replace(answer, spend=again.shown)
        self.refused("BlockOutOfRange", late, thief)
        twin.at(one.exitable_at)
        self.refused("TooEarly", actions.RefuteChallengeResponse(coin, number, challenge), payer)
        twin.at(one.exitable_at)
        assert self.make(answer, thief)
        end = twin.state.exit(coin, number).exitable_at
        assert end == one.exitable_at + HALF
        twin.at(end)
        self.refused("NothingDue", due, thief)
        twin.at(end + 1)
        self.refused("TooLate", doubt, payer, bond)
        twin.at(end + 1)
        assert self.make(due, thief)
        self.refused("NothingDue", due, thief)
        self.refused("UnknownCoin", exit_, thief, PROFILE.exit_bond)
        self.refused("UnknownExit", actions.CancelExit(coin, number), thief)

    def a_doubt_without_an_exit(self) -> None:
        """An exit that is challenged falls by a spend: the challenger gets the bond of the challenge back, once."""
        thief, payer = self.address["thief"], self.address["payer"]
        assert self.deposit(thief, actions.DepositETH(), 80)
        track = list(self.tracks.values())[-1]
        for name in ("operator", "thief"):
            assert self.include([self.sign(track, self.address[name])])
        coin, number = track.coin, track.standing.last_block
        assert self.make(self.exit_action(track, number), thief, PROFILE.exit_bond)
        doubt = actions.ChallengeBefore(coin, number, track.steps[0].shown)
        self.refused("BlockOutOfRange", doubt, payer, PROFILE.challenge_bond)
        by_deposit = actions.ChallengeBeforeByDeposit(coin, number, track.record)
        assert self.make(by_deposit, payer, PROFILE.challenge_bond)
        self.refused("ChallengeOpen", by_deposit, payer, PROFILE.challenge_bond)
        void = actions.VoidChallenge(coin, number, 1, actions.Challenge(payer, 0, thief))
        self.refused("ExitRunning", void, payer)
        assert self.include([self.sign(track, self.address["closed"])])
        spend = track.steps[-1]
        assert self.make(actions.ChallengeAfter(coin, number, spend.shown), payer)
        assert self.make(void, thief)
        self.refused("UnknownChallenge", void, payer)

    def signed_over_into_the_dark(self) -> None:
        """The block that holds the payee's coin is withheld, and two are invented after it: the payee ends with it.

        The payer challenges in the last second, and the thief shows the hidden block in the last second for that.
        """
        thief, payer, payee, bond = (
            *(self.address[name] for name in ("thief", "payer", "payee")),
            PROFILE.challenge_bond,
        )
        assert self.deposit(payer, actions.DepositETH(), 75)
        track = list(self.tracks.values())[-1]
        coin = track.coin
        self.dark.add(coin)
        assert self.include([self.sign(track, payee)])
        hidden = track.steps[0]
        for number in (hidden.number, hidden.number + 1):
            assert self.include([self.forge(track, thief, number)])
        number = track.steps[-1].number
        assert self.make(self.exit_action(track, number), thief, PROFILE.exit_bond)
        self.twin.at(self.twin.state.exit(coin, number).exitable_at)
        assert self.make(actions.ChallengeBeforeByDeposit(coin, number, track.record), payer, bond)
        challenge = actions.Challenge(payer, 0, payer)
        self.twin.at(self.until(coin, number, 1, challenge))
        assert self.make(actions.RespondChallengeBefore(coin, number, challenge, hidden.shown), thief)
        self.dark.remove(coin)
        self.twin.at(self.twin.state.exit(coin, number).exitable_at)
        self.guard()
        own = actions.Challenge(payee, hidden.number, payee)
        spend = track.steps[1]
        false = actions.RespondChallengeBefore(coin, number, own, spend.shown)
        self.refused("InvalidSignature", false, thief)
        due = actions.ExitClaim(coin, number, track.record)
        self.refused("NothingDue", actions.FinalizeExits((due,)), thief)
        self.twin.at(self.until(coin, number, 1, own) + 1)
        assert self.make(actions.RefuteChallengeResponse(coin, number, own), self.address["watcher"])
        assert self.make(self.exit_action(track, hidden.number), payee, PROFILE.exit_bond)
        self.past(self.twin.state.exit(coin, hidden.number).exitable_at)
        assert self.make(actions.FinalizeExits((replace(due, number=hidden.number),)), payee)

    def a_thief_comes_back(self) -> None:
        """The thief takes out what it has given to an honest owner, and what the operator invents after it."""
        thief = self.address["thief"]
        assert self.deposit(thief, actions.DepositETH(), 90)
        track = list(self.tracks.values())[-1]
        assert self.include([self.sign(track, self.address["payee"])])
        assert self.is_guarded(track)
        assert self.make(self.exit_action(track, 0), thief, PROFILE.exit_bond)
        for number in [track.standing.last_block, self.twin.state.next_block]:
            assert self.include([self.forge(track, thief, number)])
        assert not self.make(self.exit_action(track, track.steps[-2].number), thief, PROFILE.exit_bond)
        invented = track.steps[-1].number
        assert self.make(self.exit_action(track, invented), thief, PROFILE.exit_bond)
        self.past(self.twin.now + PROFILE.exit_period + 2)
        for number in (0, invented):
            assert not self.make(actions.FinalizeExits((actions.ExitClaim(track.coin, number, track.record),)), thief)

    def past(self, time: int) -> None:
        """Time goes by, and whoever has to speak in it does."""
        self.twin.at(time + 1)
        self.answer_in_time()
        self.twin.now, self.twin.next = max(self.twin.now, time), 0

    def a_token_nobody_takes(self) -> None:
        """An ERC-721 token comes out to an account that does not take it, and is fetched elsewhere."""
        twin, closed, watcher = self.twin, self.address["closed"], self.address["watcher"]
        number = next((one for one, holder in twin.holders.items() if holder == closed), None)
        if number is None:
            return
        nft, payer = self.world.erc721, self.address["payer"]
        self.refused("InsufficientTransfer", actions.DepositErc20(nft, number), closed)
        own = twin.holders[1] == payer
        self.refused("TokenNotReceived" if own else "InsufficientTransfer", actions.DepositErc20(nft, 1), payer)
        assert self.deposit(closed, actions.DepositErc721(nft, number))
        track = list(self.tracks.values())[-1]
        assert self.make(actions.ExitDeposit(track.coin, track.record), closed, PROFILE.exit_bond)
        end = twin.state.exit(track.coin, 0).exitable_at
        due = actions.FinalizeExits((actions.ExitClaim(track.coin, 0, track.record),))
        twin.at(end)
        self.refused("NothingDue", due, watcher)
        twin.at(end + 1)
        assert self.make(due, watcher)
        self.refused("NothingPending", actions.WithdrawPendingNft(nft, number, watcher), watcher)
        self.refused("PaymentFailed", actions.WithdrawPendingNft(nft, number, bytes(20)), closed)
        assert self.make(actions.WithdrawPendingNft(nft, number, watcher), closed)

    def a_successor(self) -> None:
        """Another operator takes over in the first second in which it may."""
        watcher = self.address["watcher"]
        assert self.make(actions.ProposeOperator(watcher), self.twin.state.operator)
        since = self.twin.state.named[1]
        self.twin.at(since - 1)
        self.refused("TooEarly", actions.AcceptOperator(), watcher)
        self.twin.at(since)
        assert self.make(actions.AcceptOperator(), watcher)
        self.refused("UnauthorizedCaller", actions.AcceptOperator(), watcher)
