"""The coin flip's forfeit: for either player, at its boundary seconds, and against evidence that proves nothing."""

from __future__ import annotations

import pytest
from tests.contracts.conditions.test_coin_flip import CHANNEL, judged

from layer2.channels.bindings.errors import NothingUnlocked
from layer2.channels.contract.hub import LockProof, Opening
from layer2.channels.hub import HubFacade
from layer2.channels.protocol.conditions import CoinFlipTerms, a_wins, commitment
from layer2.channels.protocol.lock_tree import locks_root
from layer2.channels.protocol.messages import LockVoucher
from layer2.ethereum.connection import Connection
from layer2.ethereum.contract import Contract
from layer2.ethereum.sender import Sender
from layer2.primitives.hashing import keccak
from layer2.testing.revert_checks.reverts import reverts

STAKE = 10**18
UNKNOWN = bytes(32)
SECRET_A = keccak(b"what A committed to")
# B loses: whatever B is paid below, it is paid by forfeit and not by the coin.
SECRET_B = next(s for s in (keccak(b"what B committed to %d" % n) for n in range(64)) if a_wins(SECRET_A, s))
NEITHER = keccak(b"what nobody committed to")


def terms(chain: Connection, *, pays_a: bool, reveal_by: int | None = None) -> CoinFlipTerms:
    until = chain.timestamp() + 600 if reveal_by is None else reveal_by
    return CoinFlipTerms(commitment(SECRET_A), commitment(SECRET_B), until, pays_a, STAKE)


def forfeited(game: Contract, of: CoinFlipTerms, secret_a: bytes = UNKNOWN, secret_b: bytes = UNKNOWN) -> int:
    return judged(game, of, secret_a, secret_b)


@pytest.mark.parametrize(("secret", "a_recorded"), [(SECRET_A, True), (SECRET_B, False)], ids=["A", "B"])
def test_the_only_one_that_recorded_wins_and_the_other_does_not(
    chain: Connection, game: Contract, operator: Sender, secret: bytes, a_recorded: bool
) -> None:
    agreed = terms(chain, pays_a=a_recorded)
    game.transact(operator, "reveal", secret, agreed.reveal_by)
    chain.advance(601)
    assert forfeited(game, agreed) == STAKE
    assert forfeited(game, terms(chain, pays_a=not a_recorded, reveal_by=agreed.reveal_by)) == 0


@pytest.mark.parametrize("pays_a", [True, False])
def test_nobody_wins_by_forfeit_when_nobody_recorded(chain: Connection, game: Contract, pays_a: bool) -> None:
    agreed = terms(chain, pays_a=pays_a)
    chain.advance(601)
    with reverts("GameUndecided"):
        forfeited(game, agreed)


def test_a_secret_is_recorded_in_the_last_second(chain: Connection, game: Contract, operator: Sender) -> None:
    agreed = terms(chain, pays_a=True)
    chain.set_next_timestamp(agreed.reveal_by)
    receipt = game.transact(operator, "reveal", SECRET_A, agreed.reveal_by)
    (event,) = game.events(receipt, "SecretRevealed")
    assert event.args == {"commitment": agreed.commit_a, "revealBy": agreed.reveal_by, "secret": SECRET_A}
    assert game.call("secretOf", agreed.commit_a, agreed.reveal_by) == SECRET_A


def test_a_forfeit_starts_one_second_after_the_last_to_reveal(
    chain: Connection, game: Contract, operator: Sender
) -> None:
    agreed = terms(chain, pays_a=True)
    game.transact(operator, "reveal", SECRET_A, agreed.reveal_by)
    chain.set_next_timestamp(agreed.reveal_by)
    chain.mine()
    assert chain.timestamp() == agreed.reveal_by
    with reverts("GameUndecided"):
        forfeited(game, agreed)
    chain.set_next_timestamp(agreed.reveal_by + 1)
    chain.mine()
    assert forfeited(game, agreed) == STAKE


def test_a_secret_recorded_for_another_time_is_no_forfeit(chain: Connection, game: Contract, operator: Sender) -> None:
    agreed = terms(chain, pays_a=True)
    game.transact(operator, "reveal", SECRET_A, agreed.reveal_by + 1)
    chain.advance(601)
    with reverts("GameUndecided"):
        forfeited(game, agreed)


def test_a_recorded_secret_of_nobody_decides_nothing(chain: Connection, game: Contract, operator: Sender) -> None:
    agreed = terms(chain, pays_a=False)
    game.transact(operator, "reveal", NEITHER, agreed.reveal_by)
    chain.advance(601)
    with reverts("GameUndecided"):
        forfeited(game, agreed, NEITHER, NEITHER)


@pytest.mark.parametrize(
    "evidence", [b"", bytes(31), SECRET_A, SECRET_A + SECRET_B[:31]], ids=["empty", "short", "one word", "cut"]
)
def test_cut_evidence_reverts_and_whole_evidence_decides(chain: Connection, game: Contract, evidence: bytes) -> None:
    agreed = terms(chain, pays_a=True)
    with reverts():
        game.call("resolve", CHANNEL, agreed.encode(), evidence)
    assert game.call("resolve", CHANNEL, agreed.encode(), SECRET_A + SECRET_B) == STAKE


@pytest.mark.parametrize(
    ("first", "second"),
    [(SECRET_B, SECRET_A), (SECRET_A, NEITHER), (NEITHER, SECRET_B)],
    ids=["swapped", "wrong B", "wrong A"],
)
def test_wrong_secrets_pay_neither_side_before_or_after(
    chain: Connection, game: Contract, first: bytes, second: bytes
) -> None:
    sides = [terms(chain, pays_a=pays_a) for pays_a in (True, False)]
    for wait in (0, 601):
        if wait:
            chain.advance(wait)
        for agreed in sides:
            with reverts("GameUndecided"):
                forfeited(game, agreed, first, second)


@pytest.mark.parametrize("a_receives", [True, False], ids=["winner", "loser"])
def test_in_a_channel_only_the_winner_unlocks_the_stake(
    chain: Connection, game: Contract, operator: Sender, a_receives: bool
) -> None:
    hub = HubFacade.deploy(chain, operator)
    payer, payee = chain.signers(3)[1:3]
    channel = hub.open(payer, payee, deposit=2 * STAKE, dispute="1 hour")
    # The payee plays A, or B: the coin falls for A.
    agreed = terms(chain, pays_a=a_receives)
    lock = agreed.lock(game.address, agreed.reveal_by + 600)
    voucher = LockVoucher(channel.id, 0, 1, STAKE, lock.expiry, locks_root([lock]))
    proof = LockProof(0, 1, STAKE, lock.expiry, voucher.locks_root, payer.sign_typed(voucher, hub.domain))
    receiver = Sender(chain, payee)
    hub.post_locks(receiver, channel.key, "A", proof)
    resolution = agreed.resolution(game.address, SECRET_A, SECRET_B)
    if a_receives:
        hub.unlock(receiver, channel.key, "A", STAKE, [lock], [Opening(0, resolution)])
    else:
        with pytest.raises(NothingUnlocked):
            hub.unlock(receiver, channel.key, "A", STAKE, [lock], [Opening(0, resolution)])
    chain.advance(3601 + 1200)
    before = chain.balance(payee.address)
    hub.settle(operator, channel.key)
    assert chain.balance(payee.address) - before == (STAKE if a_receives else 0)
    hub.release()
