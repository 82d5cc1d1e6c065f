"""What the owner of coins has to do about exits: contradict those of others, answer doubts about the own ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from layer2.ethereum.errors import ContractReverted
from layer2.ethereum.records import Receipt
from layer2.ethereum.sender import Sender
from layer2.plasma.coins.chain.exit_proofs import Call, ChallengeView, ExitView, answer, contradiction, contradiction_by
from layer2.plasma.coins.protocol.errors import CoinRefused, NotAnswerable
from layer2.plasma.coins.protocol.records import CoinExit
from layer2.plasma.coins.wallet.coin_store import CoinWallet

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


def guard(wallet: CoinWallet, sender: Sender, *, though_signed: bool = False) -> list[Deed]:
    """Do what is due about the coins of a wallet that has been followed up to now; what was done, and what was not.

    Args:
        though_signed: challenge histories of coins, too, of which a transfer may be in a block that was not checked: if
            it is, the bond is lost, and its block is shown to the next owner.
    """
    done: list[Deed] = []
    for one in deeds_due(wallet, though_signed=though_signed):
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


def deeds_due(wallet: CoinWallet, *, though_signed: bool = False) -> list[Deed]:
    """What is due now, by the clock of the chain. `though_signed`: as for `guard`."""
    now = wallet.chain.connection.timestamp()
    found: list[Deed] = []
    for coin in wallet.coins():
        for running in _running(wallet, coin):
            found += _about(wallet, coin, running, now, though_signed)
    for coin, move in wallet.revealed().items():
        for running in _running(wallet, coin):
            if running.number == move.number:
                # The own one: of its history no more is known than the answers have shown.
                found += _answers(wallet, coin, running, now)
                continue
            call = contradiction_by(move, ExitView(running.number, running.prev_block))
            found += _against(wallet, coin, running, call, now)
    found += _bonds(wallet)
    return found


def _running(wallet: CoinWallet, coin: int) -> list[CoinExit]:
    known = sorted(wallet.sight.leaving.get(coin, ()))
    return [one for number in known if (one := wallet.chain.exit(coin, number)) is not None]


def _about(wallet: CoinWallet, coin: int, running: CoinExit, now: int, though_signed: bool) -> Iterator[Deed]:
    standing = wallet.standing(coin)
    if running.owner == wallet.address and running.number == standing.last_block:
        yield from _answers(wallet, coin, running, now)
        return
    call = contradiction(standing, ExitView(running.number, running.prev_block))
    doubtful = call is not None and call.bond and wallet.signed_over(coin) and not though_signed
    if doubtful and not _mine(wallet, coin, running):
        # It may be the payee's, who would answer, and the bond would be lost.
        why = "signed over: challenge it though signed, at the risk of the bond, if its block is not shown"
        yield Deed(coin, running.number, None, why)
        return
    yield from _against(wallet, coin, running, call, now)


def _against(wallet: CoinWallet, coin: int, running: CoinExit, call: Call | None, now: int) -> Iterator[Deed]:
    mine = _mine(wallet, coin, running)
    over = [doubt for doubt, until in mine if now > until]
    if over:
        args = (coin, running.number, over[0].as_tuple())
        yield Deed(coin, running.number, Call("refuteHistory", args), "nobody answered for this history")
    elif call is None or (call.bond and any(doubt.number == _earlier(call) for doubt, _ in mine)):
        return
    elif call.bond and now > running.exitable_at and not running.challenges:
        yield Deed(coin, running.number, None, "the time to doubt its history is over")
    else:
        yield Deed(coin, running.number, call, f"block {running.number} is not its owner's to take out")


def _answers(wallet: CoinWallet, coin: int, running: CoinExit, now: int) -> Iterator[Deed]:
    for doubt, until in _open(wallet, coin, running):
        if now > until:
            yield Deed(coin, running.number, None, f"the time to answer {doubt.challenger} is over")
            continue
        try:
            call = answer(wallet.standing(coin), ExitView(running.number, running.prev_block), doubt)
        except (NotAnswerable, CoinRefused) as fault:
            yield Deed(coin, running.number, None, str(fault))
        else:
            yield Deed(coin, running.number, call, f"doubted by {doubt.challenger}")


def _earlier(call: Call) -> int:
    """The block whose transfer a challenge shows, zero for the deposit."""
    return 0 if call.name == "challengeHistoryByDeposit" else int(call.args[2][0])


def _mine(wallet: CoinWallet, coin: int, running: CoinExit) -> list[tuple[ChallengeView, int]]:
    return [one for one in _open(wallet, coin, running) if one[0].challenger == wallet.address]


def _open(wallet: CoinWallet, coin: int, running: CoinExit) -> list[tuple[ChallengeView, int]]:
    """Challenges of an exit that are open, and until when each can be answered."""
    if not running.challenges:
        return []
    known = sorted(wallet.sight.doubts.get((coin, running.number), ()), key=lambda one: one[0].number)
    rows = [
        (doubt, wallet.chain.doubted_until(coin, running.number, nonce, doubt))
        for doubt, nonce in known
        if nonce == running.nonce
    ]
    return [row for row in rows if row[1]]


def _bonds(wallet: CoinWallet) -> Iterator[Deed]:
    """Bonds of own challenges whose exit is over otherwise."""
    for (coin, number), known in wallet.sight.doubts.items():
        mine = [(doubt, nonce) for doubt, nonce in known if doubt.challenger == wallet.address]
        running = wallet.chain.exit(coin, number) if mine else None
        for doubt, nonce in mine:
            over = running is None or running.nonce != nonce
            if over and wallet.chain.doubted_until(coin, number, nonce, doubt):
                call = Call("voidChallenge", (coin, number, nonce, doubt.as_tuple()))
                yield Deed(coin, number, call, "the exit is over: the bond comes back")
