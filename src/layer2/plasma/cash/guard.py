"""What the owner of coins has to do about exits: contradict those of others, answer doubts about the own ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from layer2.ethereum.errors import ContractReverted
from layer2.ethereum.records import Receipt
from layer2.ethereum.sender import Sender
from layer2.plasma.cash.exits import Call, ChallengeView, ExitView, answer, contradiction
from layer2.plasma.cash.records import CoinExit
from layer2.plasma.cash.refusals import NotAnswerable
from layer2.plasma.cash.wallet import CoinWallet

__all__ = ["Deed", "deeds_due", "guard"]


@dataclass(frozen=True, slots=True)
class Deed:
    """A call that is due about the exit of a coin, or will be.

    Attributes:
        number: the block of the exit's transfer, zero for the deposit.
        call: what is to be made; None: nothing yet, or nothing can be.
        detail: what for.
        receipt: of the call, if it was made.
    """

    coin: int
    number: int
    call: Call | None
    detail: str
    receipt: Receipt | None = None

    @property
    def name(self) -> str:
        """Of the call."""
        return self.call.name if self.call else "nothing"


def guard(wallet: CoinWallet, sender: Sender) -> list[Deed]:
    """Do what is due about the coins of a wallet that has been followed up to now; what was done, and what was not."""
    done: list[Deed] = []
    for one in deeds_due(wallet):
        if one.call is None:
            done.append(one)
            continue
        try:
            receipt = wallet.chain.make(sender, one.call)
        except ContractReverted as refused:
            # Somebody else was faster, or the time was over with the block that it would have been in.
            done.append(Deed(one.coin, one.number, None, f"{one.call.name}: {refused}"))
        else:
            done.append(Deed(one.coin, one.number, one.call, one.detail, receipt))
    return done


def deeds_due(wallet: CoinWallet) -> list[Deed]:
    """What is due now, by the clock of the chain."""
    now = wallet.chain.connection.timestamp()
    found: list[Deed] = []
    for coin in wallet.coins():
        for number in sorted(wallet.sight.leaving.get(coin, ())):
            running = wallet.chain.exit(coin, number)
            if running is not None:
                found += _about(wallet, coin, running, now)
    found += _bonds(wallet)
    return found


def _about(wallet: CoinWallet, coin: int, running: CoinExit, now: int) -> Iterator[Deed]:
    standing = wallet.standing(coin)
    doubts = _open(wallet, coin, running)
    if running.owner == wallet.address and running.number == standing.last_block:
        yield from _answers(wallet, coin, running, doubts, now)
        return
    view = ExitView(running.number, running.prev_block)
    call = contradiction(standing, view)
    mine = [one for one in doubts if one.challenger == wallet.address]
    if mine and now > running.exitable_at:
        args = (coin, running.number, mine[0].as_tuple())
        yield Deed(coin, running.number, Call("refuteHistory", args), "nobody answered for this history")
    elif call is None or mine:
        return
    elif call.bond and wallet.signed_over(coin):
        # It may be the payee's, who would answer and take the bond.
        yield Deed(coin, running.number, None, "signed over: the next owner has to say whose it is")
    elif call.bond and now > running.exitable_at - wallet.chain.profile.exit_period // 2:
        yield Deed(coin, running.number, None, "the time to doubt its history is over")
    else:
        yield Deed(coin, running.number, call, f"block {running.number} is not its owner's to take out")


def _answers(wallet: CoinWallet, coin: int, running: CoinExit, doubts: list[ChallengeView], now: int) -> Iterator[Deed]:
    begin = running.exitable_at - wallet.chain.profile.exit_period // 2
    for doubt in doubts:
        if now > running.exitable_at:
            yield Deed(coin, running.number, None, f"the time to answer {doubt.challenger} is over")
            continue
        try:
            call = answer(wallet.standing(coin), ExitView(running.number, running.prev_block), doubt)
        except NotAnswerable as fault:
            yield Deed(coin, running.number, None, str(fault))
            continue
        # Answers are taken in the second half of the exit's time only.
        early = now <= begin
        what = f"doubted by {doubt.challenger}" + (f", to be answered after {begin}" if early else "")
        yield Deed(coin, running.number, None if early else call, what)


def _open(wallet: CoinWallet, coin: int, running: CoinExit) -> list[ChallengeView]:
    if not running.challenges:
        return []
    known = sorted(wallet.sight.doubts.get((coin, running.number), ()), key=lambda one: one[0].number)
    return [
        doubt
        for doubt, nonce in known
        if nonce == running.nonce and wallet.chain.doubts(coin, running.number, nonce, doubt)
    ]


def _bonds(wallet: CoinWallet) -> Iterator[Deed]:
    """Bonds of own challenges whose exit is over otherwise."""
    for (coin, number), known in wallet.sight.doubts.items():
        mine = [(doubt, nonce) for doubt, nonce in known if doubt.challenger == wallet.address]
        running = wallet.chain.exit(coin, number) if mine else None
        for doubt, nonce in mine:
            over = running is None or running.nonce != nonce
            if over and wallet.chain.doubts(coin, number, nonce, doubt):
                call = Call("voidChallenge", (coin, number, nonce, doubt.as_tuple()))
                yield Deed(coin, number, call, "the exit is over: the bond comes back")
