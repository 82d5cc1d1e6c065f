"""Attacks on the channel hub as named adversaries, to run against any hub or to extend.

Each has a fair share (`fair`, wei) and counts the hub's payouts beyond it.
"""

from __future__ import annotations

from typing import ClassVar

from layer2.channels.bindings.events import Closed, typed_event
from layer2.channels.model import CLOSED
from layer2.channels.protocol.channel_key import ChannelKey
from layer2.channels.protocol.messages import RIGHT_TO_PAY, Session, Voucher, Withdraw
from layer2.channels.protocol.session_keys import SESSION_MAGIC, encode_session
from layer2.ethereum.records import Receipt
from layer2.primitives.ecdsa import PrivateKey
from layer2.primitives.hashing import keccak
from layer2.testing.adversaries.base import Adversary
from layer2.testing.adversaries.channels.steps import (
    LATER,
    closed,
    funded,
    hash_lock,
    locked,
    row_of,
    unlocking,
    voucher,
)
from layer2.testing.adversaries.channels.world import DELAY, ETHER, GasWorld, Player

__all__ = ["PREIMAGE", "HubAttack"]

PREIMAGE = keccak(b"the preimage of an attacked lock")
"""Preimage of an attacked lock, known to its payee."""


class HubAttack(Adversary):
    """An attack in a new channel in which payer and payee hold one ether each."""

    refused_with: ClassVar[str | None] = None
    """Expected error of the hub; `None` if all calls are valid and the gain must be zero."""
    simplex: ClassVar[bool] = False
    thief_is_payee: ClassVar[bool] = False
    fair: ClassVar[int] = ETHER
    """Amount in wei that the thief is entitled to."""

    def __init__(self, world: GasWorld) -> None:
        super().__init__()
        self.world = world
        self.key: ChannelKey = funded(world, simplex=self.simplex)
        self.got = 0

    def holdings(self) -> dict[str, int]:
        """Return the hub's payouts to the thief beyond its fair share."""
        return {"ether": max(0, self.got - self.fair)}

    def act(self, player: Player, name: str, *args: object) -> Receipt:
        """Call the hub and count the thief's payout of a close."""
        receipt = self.world.transact(player, name, *args)
        for event in self.world.hub.events(receipt):
            seen = typed_event(event.name, event.args)
            if isinstance(seen, Closed) and seen.channel_id == self.key.id:
                self.got += seen.pay_b if self.thief_is_payee else seen.pay_a
        return receipt

    def settle(self) -> None:
        """Wait for the window and settle as a third party; do nothing if no close is running."""
        deadline = self.world.hub.call("channel", self.key.id)[0] >> 224
        if deadline in (0, CLOSED):
            return
        self.world.connection.advance(DELAY + 900)
        self.act(self.world.relayer, "exit" if self.simplex else "settle", self.key.as_tuple())

    def post_locks(self, nonce: int = 1, amount: int = 0) -> tuple[object, ...]:
        """Post the payee's proof with one hash lock; return the arguments of `unlock` that open it."""
        locks = [hash_lock(self.world, PREIMAGE)]
        proof = locked(self.world, self.key, nonce, amount, locks)
        self.act(self.world.payee, "postLocks", self.key.as_tuple(), False, proof, b"")
        return unlocking(self.key, amount, locks, {0: PREIMAGE})


class StaleCloseByPayer(HubAttack):
    """The payer has paid half an ether, starts a close without payments, and expects no response."""

    fair = ETHER // 2

    def attempt(self) -> None:
        """Attempt the attack; the payee's tower answers within the window."""
        self.act(self.world.payer, "startClose", self.key.as_tuple(), 0, b"")
        newest = voucher(self.world, self.world.payer, self.key, ETHER // 2)
        self.act(self.world.relayer, "post", self.key.as_tuple(), False, ETHER // 2, newest)
        self.settle()


class OldCounterAfterTheNewest(HubAttack):
    """After the newest counter is on chain, the payer posts an older one of its own to revert it."""

    refused_with = "StaleCounter"
    fair = ETHER // 2

    def attempt(self) -> None:
        """Attempt the attack with an older counter after the newer one."""
        for amount in (ETHER // 2, ETHER // 4):
            signature = voucher(self.world, self.world.payer, self.key, amount)
            if amount == ETHER // 2:
                self.act(self.world.payee, "startClose", self.key.as_tuple(), amount, signature)
            else:
                self.act(self.world.payer, "post", self.key.as_tuple(), False, amount, signature)


class PromiseBeyondTheDeposits(HubAttack):
    """Payer and payee collude with a voucher of fifty ether in a channel of two, to take other channels' money."""

    thief_is_payee = True
    fair = 2 * ETHER

    def attempt(self) -> None:
        """Attempt the attack; the payoff is limited to the channel's balance."""
        signature = voucher(self.world, self.world.payer, self.key, 50 * ETHER)
        self.act(self.world.payee, "startClose", self.key.as_tuple(), 50 * ETHER, signature)
        self.settle()


class CloseTwice(HubAttack):
    """A co-signed close is sent again after it was paid, to be paid twice."""

    refused_with = "ChannelClosed"

    def attempt(self) -> None:
        """Attempt the attack; a closed channel stays marked as closed."""
        signed = closed(self.world, self.key, 0, 0)
        for _ in range(2):
            self.act(self.world.payer, "close", self.key.as_tuple(), 0, 0, *signed)


class WithdrawTwice(HubAttack):
    """A co-signed withdrawal is sent again while the channel stays open."""

    refused_with = "InvalidSignature"

    def attempt(self) -> None:
        """Attempt the attack; the epoch has advanced."""
        message = Withdraw(self.key.id, ETHER // 4, 0, 0, LATER)
        signed = self.world.sign(self.world.payer, message), self.world.sign(self.world.payee, message)
        for _ in range(2):
            self.act(self.world.relayer, "withdraw", self.key.as_tuple(), ETHER // 4, 0, LATER, *signed)


class SenderDropsItsLock(HubAttack):
    """The payer signs a newer proof without the lock and posts it before the payee can unlock."""

    refused_with = "InvalidSignature"
    fair = ETHER - ETHER // 10

    def attempt(self) -> None:
        """Attempt the attack; a newer proof needs the payee's acceptance."""
        row = self.post_locks()
        proof = locked(self.world, self.key, 2, 0, [])
        forged = self.world.sign(self.world.payer, Voucher(self.key.id, 0))
        try:
            self.act(self.world.payer, "postLocks", self.key.as_tuple(), False, proof, forged)
        finally:
            self.act(self.world.payee, "unlock", *row)


class UnlockTwice(HubAttack):
    """The payee takes one lock twice with one preimage."""

    refused_with = "NothingUnlocked"
    thief_is_payee = True
    fair = ETHER + ETHER // 10

    def attempt(self) -> None:
        """Attempt the attack; a resolved lock is skipped."""
        row = self.post_locks()
        for _ in range(2):
            self.act(self.world.payee, "unlock", *row)


class GuessedPreimage(HubAttack):
    """The payee unlocks with an invented preimage."""

    refused_with = "NothingUnlocked"
    thief_is_payee = True

    def attempt(self) -> None:
        """Attempt the attack; the SHA-256 of the preimage does not match."""
        locks = [hash_lock(self.world, PREIMAGE)]
        proof = locked(self.world, self.key, 1, 0, locks)
        self.act(self.world.payee, "postLocks", self.key.as_tuple(), False, proof, b"")
        self.act(self.world.payee, "unlock", *unlocking(self.key, 0, locks, {0: keccak(PREIMAGE)}))


class SessionBeyondItsCap(HubAttack):
    """A stolen session key signs more than its owner allowed."""

    refused_with = "SessionExceeded"
    thief_is_payee = True
    fair = ETHER + 100

    def attempt(self) -> None:
        """Attempt the attack; the cap is checked on chain."""
        hot = PrivateKey(keccak(b"stolen session key"))
        session = Session(self.key.id, hot.address, 100, LATER, RIGHT_TO_PAY)
        right = encode_session(session, self.world.sign(self.world.payer, session))
        signature = hot.sign_compact(Voucher(self.key.id, 101).digest(self.world.domain)) + right + SESSION_MAGIC
        self.act(self.world.payee, "startClose", self.key.as_tuple(), 101, signature)


class ExitBeforeTheDelay(HubAttack):
    """The payer of a simplex channel withdraws its deposit immediately, before the payee can claim."""

    refused_with = "DisputeNotOver"
    simplex = True
    fair = ETHER // 2

    def attempt(self) -> None:
        """Attempt the attack; the delay gives the payee time to claim."""
        self.act(self.world.payer, "requestExit", self.key.as_tuple())
        try:
            self.act(self.world.payer, "exit", self.key.as_tuple())
        finally:
            signature = voucher(self.world, self.world.payer, self.key, ETHER // 2)
            self.act(self.world.payee, "claimVoucher", self.key.as_tuple(), ETHER // 2, signature)


class ClaimOfAnotherPayee(HubAttack):
    """A third party claims the payee's vouchers to its own address."""

    refused_with = "NothingClaimed"
    simplex = True
    fair = 0

    def attempt(self) -> None:
        """Attempt the attack; the payee is part of the channel's id."""
        row = row_of(self.key, 5, voucher(self.world, self.world.payer, self.key, 5))
        self.act(self.world.relayer, "claimVouchers", self.world.relayer.address, self.key.token, row, b"")


class LockThatFreezes(HubAttack):
    """The payee posts a lock that expires in ten years, to block the payer's money."""

    refused_with = "LockExpiryTooFar"
    thief_is_payee = True

    def attempt(self) -> None:
        """Attempt the attack; the expiry of a lock is limited by `maxLockDuration`."""
        far = hash_lock(self.world, PREIMAGE, lasts=10 * 365 * 86_400)
        proof = locked(self.world, self.key, 1, 0, [far])
        self.act(self.world.payee, "postLocks", self.key.as_tuple(), False, proof, b"")
