"""Attacks on conditional payments, deposits and signers as named adversaries; each succeeded against an earlier hub."""

from __future__ import annotations

from dataclasses import replace

from layer2.channels.protocol.channel_key import ChannelKey
from layer2.channels.protocol.lock_openings import resolve_message
from layer2.channels.protocol.locks import Lock, hash_lock, voucher_lock, voucher_resolution
from layer2.channels.protocol.messages import RIGHT_TO_PAY, Session, Voucher
from layer2.channels.protocol.session_keys import FOREVER, SessionProof
from layer2.primitives.addresses import Address
from layer2.primitives.ecdsa import PrivateKey
from layer2.primitives.hashing import keccak
from layer2.testing.adversaries.channels.attacks import PREIMAGE, HubAttack
from layer2.testing.adversaries.channels.steps import accepted, locked, unlocking, voucher
from layer2.testing.adversaries.channels.world import DELAY, ETHER, UNIT, GasWorld, Player
from layer2.testing.contracts.mocks import deploy_mock

__all__: list[str] = []

_TENTH = ETHER // 10
_SALT = keccak(b"the virtual channel of an attacked lock")


class LockAttack(HubAttack):
    """Common steps with lock proofs of the payer's direction."""

    def lock(self, amount: int = _TENTH, preimage: bytes = PREIMAGE, lasts: int = 600) -> Lock:
        """Build a hash lock that expires `lasts` seconds from now."""
        return hash_lock(amount, self.world.connection.timestamp() + lasts, preimage)

    def stream(self, amount: int) -> Lock:
        """Build a lock for a virtual channel in which the relayer pays the payee."""
        until = self.world.connection.timestamp() + 600
        return voucher_lock(amount, until, self.world.relayer.address, self.world.payee.address, _SALT)

    def streamed(self, lock: Lock, amount: int) -> bytes:
        """Build the resolution of a virtual channel's lock by a voucher of the relayer."""
        signature = self.world.sign(self.world.relayer, Voucher(lock.condition, amount))
        return voucher_resolution(self.world.relayer.address, self.world.payee.address, _SALT, amount, signature)

    def consent(self, lock: Lock, resolution: bytes) -> bytes:
        """Sign the payee's consent to one resolution of one lock."""
        return self.world.sign(self.world.payee, resolve_message(self.key.id, "A", lock, resolution))

    def post_as(self, by: Player, nonce: int, amount: int, locks: list[Lock], *, accept: bool = False) -> None:
        """Post a proof of the payer, with or without the payee's acceptance."""
        proof = locked(self.world, self.key, nonce, amount, locks)
        consent = accepted(self.world, self.key, nonce, amount, locks) if accept else b""
        self.act(by, "postLocks", self.key.as_tuple(), False, proof, consent)

    def post_plain(self, by: Player, amount: int) -> None:
        """Post a plain voucher of the payer."""
        signature = voucher(self.world, self.world.payer, self.key, amount)
        self.act(by, "post", self.key.as_tuple(), False, amount, signature)


class OneWeiAgainstAllLocks(LockAttack):
    """The payer starts the close and posts its own plain voucher one wei above the payee's lock proof."""

    fair = ETHER - 1 - _TENTH

    def attempt(self) -> None:
        """Attempt the attack; the proof is stored apart from the voucher, and its locks add to its own counter."""
        locks = [self.lock()]
        self.act(self.world.payer, "startClose", self.key.as_tuple(), 0, b"")
        self.post_plain(self.world.payer, 2)
        self.post_as(self.world.payee, 1, 1, locks)
        self.act(self.world.payee, "unlock", *unlocking(self.key, 1, locks, {0: PREIMAGE}))
        self.settle()


class PlainVoucherOverLocks(LockAttack):
    """The payer posts its own plain voucher, one wei higher, to remove the payee's locks."""

    fair = ETHER - _TENTH

    def attempt(self) -> None:
        """Attempt the attack; a voucher removes no lock."""
        locks = [self.lock()]
        self.post_as(self.world.payee, 1, 0, locks)
        self.post_plain(self.world.payer, 1)
        self.act(self.world.payee, "unlock", *unlocking(self.key, 0, locks, {0: PREIMAGE}))
        self.settle()


class ReturnToAReplacedProof(LockAttack):
    """The payee posts a proof that was replaced by agreement: a lock of half an ether, of which a tenth was paid."""

    refused_with = "StaleNonce"
    thief_is_payee = True
    fair = ETHER + _TENTH

    def attempt(self) -> None:
        """Attempt the attack; the payer posts the newer proof, which the payee had accepted."""
        old = [self.stream(ETHER // 2)]
        self.post_as(self.world.payee, 1, 0, old)
        self.post_as(self.world.payer, 2, _TENTH, [], accept=True)
        try:
            self.post_as(self.world.payee, 1, 0, old)
        finally:
            self.settle()


class OldProofAtTheLastSecond(LockAttack):
    """The payee accepts a replaced proof itself, and a third party posts it in the last second of the window."""

    thief_is_payee = True
    fair = ETHER + _TENTH

    def attempt(self) -> None:
        """Attempt the attack; a posted proof always gives the payer a whole delay to answer."""
        old = [self.stream(ETHER // 2)]
        self.act(self.world.payee, "startClose", self.key.as_tuple(), 0, b"")
        deadline = self.world.hub.call("channel", self.key.id)[0] >> 224
        self.world.connection.set_next_timestamp(deadline)
        self.post_as(self.world.relayer, 1, 0, old, accept=True)
        self.world.connection.advance(DELAY - 60)
        self.post_as(self.world.payer, 2, _TENTH, [], accept=True)
        self.settle()


class OldConsentBeatsNewVoucher(LockAttack):
    """A tower bribed by the payer posts an old proof that the payee allowed it to post."""

    fair = ETHER - 3 * _TENTH

    def attempt(self) -> None:
        """Attempt the attack; another tower's newer plain voucher still counts."""
        self.act(self.world.payer, "startClose", self.key.as_tuple(), 0, b"")
        self.post_as(self.world.relayer, 1, _TENTH, [], accept=True)
        self.post_plain(self.world.relayer, 3 * _TENTH)
        self.settle()


class OldConsentUsesALockUp(LockAttack):
    """The payer holds the payee's first consent for a virtual lock, for one wei, and uses it immediately."""

    fair = ETHER - _TENTH

    def attempt(self) -> None:
        """Attempt the attack; of several consents for a lock the greatest value counts."""
        locks = [self.stream(_TENTH)]
        self.post_as(self.world.payee, 1, 0, locks)
        for worth, by in ((1, self.world.payer), (_TENTH, self.world.relayer)):
            resolution = self.streamed(locks[0], worth)
            consents = {0: self.consent(locks[0], resolution)}
            self.act(by, "unlock", *unlocking(self.key, 0, locks, {0: resolution}, consents))
        self.settle()


class DustUnderTheSameHash(LockAttack):
    """The payer first opens its dust lock with the hash of a real lock, so that the real one seems to be paid."""

    fair = ETHER - _TENTH - 1

    def attempt(self) -> None:
        """Attempt the attack; locks are identified by their position, not by their condition."""
        locks = [self.lock(1), self.lock()]
        self.post_as(self.world.payee, 1, 0, locks)
        self.act(self.world.payer, "unlock", *unlocking(self.key, 0, locks, {0: PREIMAGE}))
        self.act(self.world.payee, "unlock", *unlocking(self.key, 0, locks, {0: PREIMAGE, 1: PREIMAGE}))
        self.settle()


class DustBeforeEachUnlock(LockAttack):
    """The payer opens dust locks one by one, each before the payee's unlock of all the others."""

    fair = ETHER - _TENTH - 4

    def attempt(self) -> None:
        """Attempt the attack; resolved locks are skipped, so that no unlock can stop another."""
        dust = [keccak(bytes((number,))) for number in range(4)]
        locks = [*(self.lock(1, one) for one in dust), self.lock()]
        known = {**dict(enumerate(dust)), 4: PREIMAGE}
        self.post_as(self.world.payee, 1, 0, locks)
        whole = unlocking(self.key, 0, locks, known)
        for number in range(4):
            self.act(self.world.payer, "unlock", *unlocking(self.key, 0, locks, {number: dust[number]}))
        self.act(self.world.payee, "unlock", *whole)
        self.settle()


class DustBesideAConsent(LockAttack):
    """The payer adds a dust lock to the list, so that the consents of the payee's tower match no list any more."""

    fair = ETHER - _TENTH

    def attempt(self) -> None:
        """Attempt the attack; a consent is for one lock and one resolution at any position."""
        lock = self.stream(_TENTH)
        resolution = self.streamed(lock, _TENTH)
        consent = self.consent(lock, resolution)
        grown = [self.lock(1, keccak(b"dust")), lock]
        self.act(self.world.payer, "startClose", self.key.as_tuple(), 0, b"")
        self.post_as(self.world.relayer, 2, 0, grown, accept=True)
        self.act(self.world.relayer, "unlock", *unlocking(self.key, 0, grown, {1: resolution}, {1: consent}))
        self.settle()


class QuietChannelAfterAMonth(LockAttack):
    """The payer waits until every consent of the payee's towers might have expired, and closes without payments."""

    fair = ETHER - _TENTH

    def attempt(self) -> None:
        """Attempt the attack; an acceptance does not expire."""
        proof = locked(self.world, self.key, 1, _TENTH, [])
        accept = accepted(self.world, self.key, 1, _TENTH, [])
        self.world.connection.advance(400 * 86_400)
        self.act(self.world.payer, "startClose", self.key.as_tuple(), 0, b"")
        self.act(self.world.relayer, "postLocks", self.key.as_tuple(), False, proof, accept)
        self.settle()


class UnsignedByItsContract(LockAttack):
    """A payer that is a contract lets the payee accept a voucher, and later denies the signature."""

    fair = ETHER - _TENTH

    def __init__(self, world: GasWorld) -> None:
        super().__init__(world)
        self.wallet = deploy_mock("SmartWallet", world.payer.address, sender=world.operator)
        self.key = _channel_of(world, self.wallet.address)

    def attempt(self) -> None:
        """Attempt the attack; such a party registers a key irrevocably, and the payee accepts only that key."""
        hot = PrivateKey(keccak(b"session key of a contract"))
        session = Session(self.key.id, hot.address, ETHER, FOREVER, RIGHT_TO_PAY)
        row = (session.channel_id, session.key, session.cap, session.valid_until, session.rights)
        data = self.world.hub.encode("registerSession", *row)
        self.wallet.transact(self.world.payer.sender, "execute", self.world.hub.address, 0, data)
        signature = hot.sign(Voucher(self.key.id, _TENTH).digest(self.world.domain))
        proof = SessionProof.build(session, b"", signature).encode()
        # No call revokes the key; another grant for the same key is stored separately.
        less = self.world.hub.encode("registerSession", session.channel_id, session.key, 0, 0, 0)
        self.wallet.transact(self.world.payer.sender, "execute", self.world.hub.address, 0, less)
        self.act(self.world.payee, "startClose", self.key.as_tuple(), _TENTH, proof)
        self.settle()


class DustAgainstASignedDeposit(HubAttack):
    """A third party deposits one unit before a deposit that its owner has signed, to invalidate the signature."""

    fair = 0

    def attempt(self) -> None:
        """Attempt the attack; a signed deposit depends only on its owner's nonce, which others cannot change."""
        world, key = self.world, self.world.make_key(token=True)
        pull = world.consented(world.payer, key, 1000 * UNIT, side_b=False)
        self.act(world.relayer, "deposit", key.as_tuple(), 1, 0)
        self.act(world.relayer, "depositPulled", key.as_tuple(), [pull])
        _require_nets(world, key, 1000 * UNIT + 1, 0)


class HalfOfATwoSidedOpening(HubAttack):
    """A third party uses one half of a two-sided opening before it, so that the whole opening fails."""

    fair = 0

    def attempt(self) -> None:
        """Attempt the attack; a used authorisation has already credited the channel, and the rest succeeds."""
        world, key = self.world, self.world.make_key(token=True)
        pulls = [world.authorization(world.payer, key, 1000 * UNIT, side_b=False)]
        pulls.append(world.authorization(world.payee, key, 1000 * UNIT, side_b=True))
        self.act(world.payee, "depositPulled", key.as_tuple(), pulls[:1])
        self.act(world.relayer, "depositPulled", key.as_tuple(), pulls)
        _require_nets(world, key, 1000 * UNIT, 1000 * UNIT)


def _channel_of(world: GasWorld, payer: Address) -> ChannelKey:
    key = replace(world.make_key(), a=payer)
    world.act(world.relayer, "depositETH", key.id, False, value=ETHER)
    world.act(world.payee, "depositETH", key.id, True, value=ETHER)
    return key


def _require_nets(world: GasWorld, key: ChannelKey, net_a: int, net_b: int) -> None:
    slot0 = world.hub.call("channel", key.id)[0]
    if slot0 != net_a | net_b << 111:
        raise AssertionError(f"the channel holds {slot0:#x}, need {net_a} and {net_b}")
