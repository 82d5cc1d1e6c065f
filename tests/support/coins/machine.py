"""What the machine of the coin chain knows: coins and their transfers, true and invented, and what honest owners do.

Honest owners obey the wallet's rules: they accept a coin only by its whole history and while nobody takes it out, sign
it over once at a time, and say against every exit what the library's `contradiction` and `answer` tell them to.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize
from tests.support.chains import new_chain
from tests.support.coins.lockstep import PROFILE, CoinTwin, CoinWorld
from tests.support.payments.lockstep import Counts

from layer2.plasma.coins.bindings.errors import CoinError
from layer2.plasma.coins.chain import exit_proofs as library
from layer2.plasma.coins.model import Effect, Exit, Shown, actions, challenge_id
from layer2.plasma.coins.protocol.coin_history import Moved, Standing
from layer2.plasma.coins.protocol.errors import HistoryBroken
from layer2.plasma.coins.protocol.records import CoinHeader, CoinRecord
from layer2.plasma.coins.protocol.transfer import CoinTransaction, SignedCoin, coin_tree, sign_coin
from layer2.primitives.addresses import address_bytes, to_address

HONEST = ("payer", "payee", "other")
ROGUES = ("thief", "closed", "operator")

people, rogues = st.sampled_from((*HONEST, "thief", "closed")), st.sampled_from(ROGUES)

_worlds: list[CoinWorld] = []


def world() -> CoinWorld:
    """The chain, made at first use."""
    if not _worlds:
        _worlds.append(CoinWorld(new_chain()))
    return _worlds[0]


@dataclass(frozen=True)
class Step:
    """A transfer that a block holds, whoever signed it."""

    shown: Shown

    @property
    def number(self) -> int:
        return self.shown.number


@dataclass
class Track:
    """A coin: how it stands by the library, what blocks say of it, what was signed, who accepted it."""

    standing: Standing
    broken: bool = False
    steps: list[Step] = field(default_factory=list)
    signed: list[SignedCoin] = field(default_factory=list)
    accepted: bytes = b""

    @property
    def coin(self) -> int:
        return self.standing.coin

    @property
    def record(self) -> CoinRecord:
        return self.standing.record

    @property
    def owner(self) -> bytes:
        """By all blocks up to the first that breaks its history."""
        return address_bytes(self.standing.owner)

    def may_come(self) -> bool:
        """Whether a transfer of what the owner has may be in a block that was not checked."""
        last, following = self.standing.last_block, self.standing.next_block
        ones = (one.transaction for one in self.signed)
        return any(one.prev_block == last and one.expiry >= following for one in ones)

    def numbers(self) -> list[int]:
        """Blocks of its transfers, and zero for the deposit."""
        return [0, *(one.number for one in self.steps)]

    def step(self, number: int) -> Step | None:
        return next((one for one in self.steps if one.number == number), None)

    def holder(self, number: int) -> bytes:
        """To whom the transfer of a block gave it, rightly or not."""
        step = self.step(number)
        return step.shown.new_owner if step else address_bytes(self.record.owner)


class CoinPlay(RuleBasedStateMachine):
    """One run on both sides, begun with a coin of each kind and a block."""

    counts: ClassVar[Counts] = Counts()

    @initialize(amounts=st.tuples(*[st.integers(1, 200)] * 3))
    def begin(self, amounts: tuple[int, int, int]) -> None:
        self.world = world()
        self.twin = CoinTwin(self.world, self.counts)
        self.address = self.world.address
        self.honest = {self.address[name] for name in HONEST}
        self.tracks: dict[int, Track] = {}
        self.said: set[tuple[int, int, int]] = set()
        # Coins whose owners were not shown the blocks that hold them.
        self.dark: set[int] = set()
        # The first run of all is one of them.
        self.with_stories = amounts[0] % 4 == 1
        payer, thief = self.address["payer"], self.address["thief"]
        self.deposit(payer, actions.DepositETH(), 20 + amounts[0])
        self.deposit(thief, actions.DepositETH(), 20 + amounts[1])
        self.deposit(thief, actions.DepositErc20(self.world.erc20, amounts[2]))
        first, second, _ = self.tracks.values()
        self.sign(first, self.address["payee"])
        self.sign(second, self.address["other"])
        self.include([first.signed[0], second.signed[0]])

    # -------------------------------------------------------------------------------------------------------- calls

    def tries(self, call: Callable[[], list[Any]]) -> bool:
        """Make a call, and before and after it what honest owners have to; whether both accepted it."""
        self.answer_in_time()
        try:
            effects = call()
        except CoinError:
            return False
        self.heed(effects)
        self.guard()
        return True

    def make(self, action: actions.Action, by: bytes, value: int = 0) -> bool:
        return self.tries(lambda: self.twin.do(action, by, value))

    def heed(self, effects: list[Any]) -> None:
        """No coin of an honest owner is paid to somebody else."""
        for one in effects:
            if isinstance(one, Effect) and one.name == "Claimed":
                coin, _, paid = one.fields
                track = self.tracks[coin]  # type: ignore[index]
                assert not self.is_guarded(track) or paid == track.owner, f"coin {coin} was robbed"

    # ------------------------------------------------------------------------------------------------ honest owners

    def is_guarded(self, track: Track) -> bool:
        """Whether an honest owner has it, and has not signed it over into blocks that cannot be checked."""
        return bool(track.accepted) and track.accepted == track.owner and not (track.broken and track.may_come())

    def guarded(self) -> list[Track]:
        return [one for one in self.tracks.values() if self.is_guarded(one) and one.coin in self.twin.state.coins]

    def is_leaving(self, track: Track) -> bool:
        moves = (move.number for move in track.standing.moves)
        running = self.twin.state.running()
        return any((track.coin, number) in running for number in (0, *moves))

    def guard(self) -> None:
        """Each honest owner contradicts each exit of its coins, as the library tells it, once for each start."""
        for track in self.guarded():
            if track.coin in self.dark:
                continue
            for (coin, number), one in self.twin.state.running().items():
                # An exit of the deposit is not counted, and its time is never put off.
                start = (coin, number, one.nonce if number else one.exitable_at)
                if coin != track.coin or start in self.said:
                    continue
                self.said.add(start)
                call = library.contradiction(track.standing, library.ExitView(number, one.prev_block if number else 0))
                if call is not None:
                    self.say(call, track.accepted)

    def say(self, call: library.Call, by: bytes) -> None:
        """A call of the library, which has to be accepted."""
        bond = {"": 0, "challenge": PROFILE.challenge_bond, "exit": PROFILE.exit_bond}[call.bond]
        self.heed(self.twin.do(self.as_action(call), by, bond))

    def as_action(self, call: library.Call) -> actions.Action:
        kind = getattr(actions, call.name[0].upper() + call.name[1:])
        if call.name == "respondChallengeBefore":
            coin, number, (challenger, earlier, owner), spend = call.args
            challenge = actions.Challenge(address_bytes(challenger), earlier, address_bytes(owner))
            return actions.RespondChallengeBefore(coin, number, challenge, shown_of(spend))
        if call.name == "challengeBeforeByDeposit":
            return actions.ChallengeBeforeByDeposit(*call.args[:2], self.tracks[call.args[0]].record)
        return kind(*call.args[:2], shown_of(call.args[2]), *call.args[3:])  # type: ignore[no-any-return]

    def answer_in_time(self) -> None:
        """Before time goes on, challenges of honest exits are answered, in the last second in which they can be."""
        until = max(self.twin.now + 1, self.twin.next)
        wanted = self.twin.next
        for place in list(self.twin.challenged.values()):
            coin, number, nonce, challenge = place
            one, track = self.twin.state.exit(coin, number), self.tracks[coin]
            mine = self.is_guarded(track) and (number, one.owner) == (track.standing.last_block, track.accepted)
            end = self.until(*place)
            # Each call takes a second.
            if not (mine and end and one.nonce == nonce) or until < end - len(self.twin.challenged):
                continue
            self.twin.at(0)
            view = library.ChallengeView(
                to_address(challenge.challenger), challenge.number, to_address(challenge.owner)
            )
            exit_ = library.ExitView(number, one.prev_block)
            self.say(library.answer(track.standing, exit_, view), self.address["watcher"])
        self.twin.at(wanted)

    def until(self, coin: int, number: int, nonce: int, challenge: actions.Challenge) -> int:
        """Until when a challenge can be answered; zero: it is not open."""
        return self.twin.state.challenges.get(challenge_id(coin, number, nonce, challenge), 0)

    # ------------------------------------------------------------------------------------------------- coins, blocks

    def deposit(self, owner: bytes, action: actions.Action, value: int = 0) -> bool:
        if not self.make(action, owner, value):
            return False
        for coin in self.twin.state.coins.keys() - self.tracks.keys():
            track = Track(Standing(coin, self.twin.state.coins[coin]))
            track.accepted = owner if owner in self.honest else b""
            self.tracks[coin] = track
        return True

    def sign(self, track: Track, to: bytes, life: int = 50, prev: int | None = None) -> SignedCoin:
        """By whoever has it after block `prev`: by the owner, if that is not given."""
        last = track.standing.last_block if prev is None else prev
        one = CoinTransaction(track.coin, last, to, max(1, self.twin.state.next_block - 1 + life))
        signer = track.owner if prev is None else track.holder(last)
        signed = sign_coin(one, self.twin.state.domain, self.world.key[signer])
        if all(known.transaction != one for known in track.signed):
            track.signed.append(signed)
        return signed

    def forge(self, track: Track, to: bytes, prev: int) -> SignedCoin:
        """A transfer that the thief signs for whoever owns the coin."""
        one = CoinTransaction(track.coin, prev, to, self.twin.state.next_block + 50)
        return sign_coin(one, self.twin.state.domain, self.world.key[self.address["thief"]])

    def include(self, batch: list[SignedCoin]) -> bool:
        """The operator submits a block; everybody checks it, and honest payees accept what they may."""
        number = self.twin.state.next_block
        tree = coin_tree(batch)
        if not self.make(actions.SubmitBlock(number, tree.root), self.twin.state.operator):
            return False
        header = CoinHeader(number, tree.root, self.twin.now)
        found = {one.transaction.coin: one for one in batch}
        for track in self.tracks.values():
            proof = tree.proof(track.coin)
            signed = found.get(track.coin)
            if signed:
                one = signed.transaction
                said = (number, one.prev_block, one.new_owner, one.expiry, header.time)
                r, vs = signed.signature[:32], signed.signature[32:]
                track.steps.append(Step(Shown(*said, r, vs, proof.siblings)))
            if track.broken or header.number < track.standing.next_block:
                continue
            try:
                evidence = Moved(signed, proof.siblings) if signed else proof
                track.standing = track.standing.after(header, evidence, self.twin.state.domain)
            except HistoryBroken:
                # All evidence is the block's own: it is the block that is at fault.
                track.broken = True
                continue
            if signed:
                takes = track.owner in self.honest and not self.is_leaving(track)
                track.accepted = track.owner if takes and track.coin in self.twin.state.coins else b""
        self.guard()
        return True

    # ------------------------------------------------------------------------------------------------------- finding

    def running(self) -> list[tuple[Track, int, Exit]]:
        """Exits, those that end first before the others."""
        found = [(self.tracks[coin], number, one) for (coin, number), one in self.twin.state.running().items()]
        return sorted(found, key=lambda row: (row[2].exitable_at, row[0].coin, row[1]))

    def open(self, running: bool = True) -> list[tuple[int, int, int, actions.Challenge]]:
        """Challenges of exits that run, or of others."""
        found = []
        for known, place in self.twin.challenged.items():
            one = self.twin.state.exit(place[0], place[1])
            alive = any(one.owner) and one.nonce == place[2]
            if known in self.twin.state.challenges and alive is running:
                found.append(place)
        return found

    def exit_action(self, track: Track, number: int) -> actions.Action:
        """As whoever has all blocks would make it, rightly or not."""
        step = track.step(number)
        if step is None:
            return actions.ExitDeposit(track.coin, track.record)
        prev = track.step(step.shown.prev_block)
        shown = prev.shown if prev else actions.NOTHING
        return actions.ExitTransfer(track.coin, track.record, shown, step.shown)


def shown_of(row: tuple[Any, ...]) -> Shown:
    """A transfer as the library shows it to the contract."""
    number, prev, owner, expiry, time, r, vs, siblings = row
    return Shown(number, prev, address_bytes(owner), expiry, time, r, vs, tuple(siblings))
