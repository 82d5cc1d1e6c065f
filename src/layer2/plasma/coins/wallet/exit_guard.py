"""Defence of a coin owner's exits: challenges of other exits, and responses to challenges of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from layer2.ethereum.errors import ContractReverted
from layer2.ethereum.records import Receipt
from layer2.ethereum.sender import Sender
from layer2.plasma.coins.chain.exit_proofs import Call, ChallengeView, ExitView, answer, contradiction, contradiction_by
from layer2.plasma.coins.protocol.errors import CoinRefused, NotAnswerable
from layer2.plasma.coins.protocol.records import CoinExit
from layer2.plasma.coins.wallet.coin_store import CoinStore

__all__ = ["GuardAction", "deeds_due", "guard"]


@dataclass(frozen=True, slots=True)
class GuardAction:
    """An action about a coin's exit that is due or cannot be made yet.

    Attributes:
        number: Block of the exiting transfer, zero for the deposit.
        call: Contract call to send; None if there is none yet, or none is possible.
        detail: Reason of the action.
        receipt: Receipt of the call, if it was sent.
    """

    coin: int
    number: int
    call: Call | None
    detail: str
    receipt: Receipt | None = None

    @property
    def name(self) -> str:
        """Name of the call, or "nothing"."""
        return self.call.name if self.call else "nothing"


def guard(wallet: CoinStore, sender: Sender, *, though_signed: bool = False) -> list[GuardAction]:
    """Send all due actions for the coins of an up-to-date wallet; return the actions with their results.

    Args:
        though_signed: Also challenge histories of coins with a signed transfer that an unverified block may include. If
            a block includes it, the bond is lost, and the transfer is revealed to the next owner.
    """
    done: list[GuardAction] = []
    for one in deeds_due(wallet, though_signed=though_signed):
        if one.call is None:
            done.append(one)
            continue
        try:
            receipt = wallet.chain.make(sender, one.call)
        except ContractReverted as refused:
            # Another transaction was mined first, or the deadline passed before the call was mined.
            done.append(GuardAction(one.coin, one.number, None, f"{one.call.name}: {refused}"))
        else:
            done.append(GuardAction(one.coin, one.number, one.call, one.detail, receipt))
    return done


def deeds_due(wallet: CoinStore, *, though_signed: bool = False) -> list[GuardAction]:
    """Return the actions that are due at the latest block's time. `though_signed` is as for `guard`."""
    now = wallet.chain.connection.timestamp()
    found: list[GuardAction] = []
    for coin in wallet.coins():
        for running in _running(wallet, coin):
            found += _about(wallet, coin, running, now, though_signed)
    for coin, move in wallet.revealed().items():
        for running in _running(wallet, coin):
            if running.number == move.number:
                # This is the wallet's own exit, whose history is known only as far as the responses have shown.
                found += _answers(wallet, coin, running, now)
                continue
            call = contradiction_by(move, ExitView(running.number, running.prev_block))
            found += _against(wallet, coin, running, call, now)
    found += _bonds(wallet)
    return found


def _running(wallet: CoinStore, coin: int) -> list[CoinExit]:
    known = sorted(wallet.chain_state.leaving.get(coin, ()))
    return [one for number in known if (one := wallet.chain.exit(coin, number)) is not None]


def _about(wallet: CoinStore, coin: int, running: CoinExit, now: int, though_signed: bool) -> Iterator[GuardAction]:
    standing = wallet.standing(coin)
    if running.owner == wallet.address and running.number == standing.last_block:
        yield from _answers(wallet, coin, running, now)
        return
    call = contradiction(standing, ExitView(running.number, running.prev_block))
    doubtful = call is not None and call.bond and wallet.signed_over(coin) and not though_signed
    if doubtful and not _mine(wallet, coin, running):
        # The exit may be the payee's, who would answer the challenge, and its bond would be lost.
        why = "signed over: challenge it though signed, at the risk of the bond, if its block is not shown"
        yield GuardAction(coin, running.number, None, why)
        return
    yield from _against(wallet, coin, running, call, now)


def _against(wallet: CoinStore, coin: int, running: CoinExit, call: Call | None, now: int) -> Iterator[GuardAction]:
    mine = _mine(wallet, coin, running)
    over = [doubt for doubt, until in mine if now > until]
    if over:
        args = (coin, running.number, over[0].as_tuple())
        yield GuardAction(
            coin, running.number, Call("refuteChallengeResponse", args), "nobody answered for this history"
        )
    elif call is None or (call.bond and any(doubt.number == _earlier(call) for doubt, _ in mine)):
        return
    elif call.bond and now > running.exitable_at and not running.challenges:
        yield GuardAction(coin, running.number, None, "the time to doubt its history is over")
    else:
        yield GuardAction(coin, running.number, call, f"block {running.number} is not its owner's to take out")


def _answers(wallet: CoinStore, coin: int, running: CoinExit, now: int) -> Iterator[GuardAction]:
    for doubt, until in _open(wallet, coin, running):
        if now > until:
            yield GuardAction(coin, running.number, None, f"the time to answer {doubt.challenger} is over")
            continue
        try:
            call = answer(wallet.standing(coin), ExitView(running.number, running.prev_block), doubt)
        except (NotAnswerable, CoinRefused) as fault:
            yield GuardAction(coin, running.number, None, str(fault))
        else:
            yield GuardAction(coin, running.number, call, f"doubted by {doubt.challenger}")


def _earlier(call: Call) -> int:
    """Return the block of the transfer in a history challenge, zero for the deposit."""
    return 0 if call.name == "challengeBeforeByDeposit" else int(call.args[2][0])


def _mine(wallet: CoinStore, coin: int, running: CoinExit) -> list[tuple[ChallengeView, int]]:
    return [one for one in _open(wallet, coin, running) if one[0].challenger == wallet.address]


def _open(wallet: CoinStore, coin: int, running: CoinExit) -> list[tuple[ChallengeView, int]]:
    """Return the open challenges of an exit with their response deadlines."""
    if not running.challenges:
        return []
    known = sorted(wallet.chain_state.doubts.get((coin, running.number), ()), key=lambda one: one.challenge.number)
    rows = [
        (one.challenge, wallet.chain.doubted_until(coin, running.number, one.nonce, one.challenge))
        for one in known
        if one.nonce == running.nonce
    ]
    return [row for row in rows if row[1]]


def _bonds(wallet: CoinStore) -> Iterator[GuardAction]:
    """Yield refunds of the wallet's challenge bonds whose exits ended for another reason."""
    for (coin, number), known in wallet.chain_state.doubts.items():
        mine = [(one.challenge, one.nonce) for one in known if one.challenge.challenger == wallet.address]
        running = wallet.chain.exit(coin, number) if mine else None
        for doubt, nonce in mine:
            over = running is None or running.nonce != nonce
            if over and wallet.chain.doubted_until(coin, number, nonce, doubt):
                call = Call("voidChallenge", (coin, number, nonce, doubt.as_tuple()))
                yield GuardAction(coin, number, call, "the exit is over: the bond comes back")
