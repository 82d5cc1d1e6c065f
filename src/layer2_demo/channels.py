"""Scenes of the channels chapter, in order. Expected payouts are computed here, independently of the library."""

from __future__ import annotations

import time
from collections.abc import Callable

from layer2.channels.protocol.conditions import CoinFlipTerms, a_wins, commitment
from layer2.channels.protocol.locks import CONTRACT_LOCK, virtual_channel_id, voucher_resolution
from layer2.channels.protocol.messages import Voucher
from layer2.channels.protocol.proofs import Payment, claim_rows
from layer2.channels.watchtower.watchtower import Watchtower
from layer2.ethereum.artifacts import load_artifact
from layer2.ethereum.contract import deploy
from layer2.primitives.ecdsa import recover
from layer2.primitives.hashing import sha256
from layer2.primitives.units import format_amount
from layer2_demo.stage import HubStage

__all__ = ["SCENES"]

ETHER = 10**18
HOUR = 3_600
SIMPLEX_CHANNELS = 100
PAYMENTS_EACH = 50
STREAMED = 300


def together(stage: HubStage) -> str:
    """Play payments both ways, a hash lock, a withdrawal, and a cooperative close."""
    channel = stage.hub.open(stage.payer, stage.payee, deposit=5 * ETHER, dispute=HOUR, peer_deposit=2 * ETHER)
    forth = stage.payments // 2
    back = stage.payments - forth
    there, here = 2 * ETHER // forth, ETHER // back
    # The directions alternate, so that both counters grow together.
    for part in range(10):
        stage.stream(channel, there, forth * (part + 1) // 10 - forth * part // 10)
        stage.stream(channel, here, back * (part + 1) // 10 - back * part // 10, back=True)

    secret = sha256(b"the demo's secret, known to the payee only")
    locked = ETHER // 4
    channel.conditional(locked, hash_lock=sha256(secret), expiry=HOUR)
    channel.fulfil(secret)
    stage.single(locked)

    taken = ETHER // 2
    channel.withdraw(taken)
    stage.audit.expect("payer", taken)

    sent, returned = there * forth + locked, here * back
    channel.close()
    stage.check("phase", "closed", channel.phase)
    stage.audit.expect("payer", 5 * ETHER - taken - sent + returned)
    stage.audit.expect("payee", 2 * ETHER + sent - returned)
    stage.check("the hub's ether", 0, stage.held())
    return (
        f"{forth + back:,} payments, one locked to a hash and paid for its secret, "
        f"{format_amount(taken)} withdrawn on the way, closed by both"
    )


def cheated(stage: HubStage) -> str:
    """Play a stale proof; the watchtower, without the payee's key, answers and settles."""
    channel = stage.hub.open(stage.payer, stage.payee, deposit=3 * ETHER, dispute=HOUR)
    tower = Watchtower(stage.connection, stage.hub, stage.hub.sender(stage.watchtower), settle=True)
    stage.stream(channel, ETHER // 1000, 400)
    old = channel.pay(ETHER // 10)
    stage.single(ETHER // 10)
    newest = channel.pay(ETHER)
    stage.single(ETHER)
    tower.watch(channel.key, "A", newest)
    channel.dispute(old, sender=stage.payer)
    stage.check("the stale counter", old.amount, channel.view().sent_a)
    tower.step()
    stage.check("the counter after the tower's step", newest.amount, channel.view().sent_a)
    stage.connection.advance(HOUR + 1)
    tower.step()
    channel.refresh()
    owed = 400 * (ETHER // 1000) + ETHER // 10 + ETHER
    stage.check("phase", "closed", channel.phase)
    stage.audit.expect("payee", owed)
    stage.audit.expect("payer", 3 * ETHER - owed)
    stage.check("the hub's ether", 0, stage.held())
    return (
        f"the payer posted {format_amount(old.amount)}, the tower answered with "
        f"{format_amount(newest.amount)}, everybody was paid after the window"
    )


def claimed(stage: HubStage) -> str:
    """Play a hundred simplex channels claimed in one transaction, one closed and one exited by its payer."""
    price, deposit = ETHER // 10_000, ETHER // 100
    payer, payee = stage.hub.party(stage.payer), stage.hub.party(stage.payee)
    channels = [
        stage.hub.open(stage.payer, stage.payee, deposit=deposit, dispute=HOUR, simplex=True)
        for _ in range(SIMPLEX_CHANNELS)
    ]
    for channel in channels:
        stage.stream(channel, price, PAYMENTS_EACH)
    rows = []
    for channel in channels:
        proof = payee.proofs.newest_received(channel.id)
        assert isinstance(proof, Payment)  # The payments were accepted just above.
        rows.append((channel.key, proof))
    zero = channels[0].key.token
    mined = stage.hub.claim_vouchers(stage.hub.sender(payee), payee.address, zero, *claim_rows(rows))
    earned = price * PAYMENTS_EACH
    stage.audit.expect("payee", earned * SIMPLEX_CHANNELS)

    channels[0].close(sender=stage.payee)
    channels[1].request_exit(sender=stage.payer)
    stage.connection.advance(HOUR + 1)
    channels[1].exit(sender=stage.payer)
    stage.audit.expect("payer", 2 * (deposit - earned))
    stage.left = (SIMPLEX_CHANNELS - 2) * (deposit - earned)
    stage.check("the payer's node", payer.address, channels[0].key.a)
    each = mined.gas_used // SIMPLEX_CHANNELS
    return f"{SIMPLEX_CHANNELS} channels claimed in one transaction, {each:,} gas each; one closed, one left"


def streamed(stage: HubStage) -> str:
    """Play a stream through an intermediary: two locks, and vouchers that the intermediary never sees."""
    middle, amount, price = stage.challenger, ETHER // 2, ETHER // 1000
    first = stage.hub.open(stage.payer, middle, deposit=ETHER, dispute=HOUR)
    second = stage.hub.open(middle, stage.payee, deposit=ETHER, dispute=HOUR)
    salt = sha256(b"the demo's virtual channel")
    people = (stage.payer.address, stage.payee.address)
    first.virtual(amount, payer=people[0], payee=people[1], salt=salt, expiry=2 * HOUR)
    # The intermediary's own lock expires earlier, so that it can still claim the payer's after the payee claims.
    second.virtual(amount, payer=people[0], payee=people[1], salt=salt, expiry=HOUR)

    name, domain = virtual_channel_id(*people, salt), stage.hub.domain
    begin, signature = time.perf_counter(), b""
    for count in range(1, STREAMED + 1):
        voucher = Voucher(name, price * count)
        signature = stage.payer.sign_typed(voucher, domain)
        stage.check("the voucher's signer", people[0], recover(voucher.digest(domain), signature))
    stage.scenes[-1].seconds, stage.scenes[-1].payments = time.perf_counter() - begin, STREAMED
    paid = price * STREAMED
    stage.moved += paid
    newest = voucher_resolution(*people, salt, paid, signature)
    second.fulfil(newest, name)
    first.fulfil(newest, name)
    first.close()
    second.close()
    stage.audit.expect("payer", ETHER - paid)
    stage.audit.expect("challenger", ETHER)
    stage.audit.expect("payee", paid)
    return f"{STREAMED} vouchers straight to the payee, through a middle that saw only the first and the last step"


def flipped(stage: HubStage) -> str:
    """Play a game in a channel: one flip is paid off chain; in the next one the loser stops responding and forfeits."""
    game = deploy(stage.hub.sender(stage.operator), load_artifact("CoinFlip"))
    channel = stage.hub.open(stage.payer, stage.payee, deposit=ETHER, dispute=HOUR)
    stake = ETHER // 10

    def flip(number: int, secret_a: bytes) -> tuple[CoinFlipTerms, bytes, int]:
        """Lock the payer's stake on a coin flip that the payee wins."""
        secret_b = next(one for n in range(256) if not a_wins(secret_a, one := sha256(b"%d %d" % (number, n))))
        by = stage.connection.timestamp() + HOUR
        terms = CoinFlipTerms(commitment(secret_a), commitment(secret_b), by, False, stake)
        channel.lock(stake, CONTRACT_LOCK, terms.lock(game.address, by + HOUR).condition, expiry=2 * HOUR)
        return terms, secret_b, by

    secret_a = sha256(b"the payer's first secret")
    terms, secret_b, _ = flip(1, secret_a)
    shown = terms.resolution(game.address, secret_a, secret_b)
    channel.fulfil(shown, terms.lock(game.address, terms.reveal_by + 1).condition)
    stage.single(stake)

    terms, secret_b, by = flip(2, sha256(b"the payer's second secret"))
    game.transact(stage.hub.sender(stage.payee), "reveal", secret_b, by)
    stage.connection.advance(HOUR + 1)
    forfeit = terms.resolution(game.address, None, secret_b)
    channel.learn(forfeit, terms.lock(game.address, by + 1).condition)
    channel.dispute(sender=stage.payee)
    channel.unlock(sender=stage.payee)
    stage.connection.advance(2 * HOUR)
    channel.settle(sender=stage.payee)
    stage.moved += stake
    stage.audit.expect("payee", 2 * stake)
    stage.audit.expect("payer", ETHER - 2 * stake)
    return "a coin flip paid off chain; in the second the loser went silent and lost by forfeit, on chain"


SCENES: list[tuple[str, Callable[[HubStage], str]]] = [
    ("closed together", together),
    ("cheated", cheated),
    ("a game", flipped),
    ("virtual channel", streamed),
    ("100 one-way channels", claimed),
]
"""Titles and scenes."""
