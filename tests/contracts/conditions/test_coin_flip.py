"""The coin flip: who wins, who forfeits, and what no evidence can do."""

from __future__ import annotations

import pytest
from eth_abi.abi import encode

from layer2.channels.contract.hub import LockProof, Opening
from layer2.channels.hub import HubFacade
from layer2.channels.protocol.conditions import CoinFlipTerms, a_wins, commitment
from layer2.channels.protocol.lock_tree import locks_root
from layer2.channels.protocol.messages import LockVoucher
from layer2.ethereum.connection import Connection
from layer2.ethereum.contract import Contract
from layer2.ethereum.sender import Sender
from layer2.primitives.errors import MalformedError
from layer2.primitives.hashing import keccak
from layer2.testing.revert_checks.reverts import reverts

ETHER = 10**18
SECRET_A = keccak(b"the payer's secret")
SECRET_B = next(s for s in (keccak(b"try %d" % n) for n in range(64)) if not a_wins(SECRET_A, s))
LOSING_B = next(s for s in (keccak(b"try %d" % n) for n in range(64)) if a_wins(SECRET_A, s))
CHANNEL = bytes(32)


def terms(chain: Connection, *, pays_a: bool = False, secret_b: bytes = SECRET_B) -> CoinFlipTerms:
    return CoinFlipTerms(commitment(SECRET_A), commitment(secret_b), chain.timestamp() + 600, pays_a, ETHER)


def judged(game: Contract, of: CoinFlipTerms, secret_a: bytes, secret_b: bytes) -> int:
    evidence = encode(["bytes32", "bytes32"], [secret_a, secret_b])
    return int(game.call("resolve", CHANNEL, of.encode(), evidence))


def test_both_secrets_pay_the_winner_at_once(chain: Connection, game: Contract) -> None:
    assert judged(game, terms(chain), SECRET_A, SECRET_B) == ETHER


def test_both_secrets_pay_the_loser_nothing(chain: Connection, game: Contract) -> None:
    assert judged(game, terms(chain, secret_b=LOSING_B), SECRET_A, LOSING_B) == 0
    assert judged(game, terms(chain, pays_a=True), SECRET_A, SECRET_B) == 0


def test_a_player_cannot_swap_its_secret_after_seeing_the_other(chain: Connection, game: Contract) -> None:
    with reverts("GameUndecided"):
        judged(game, terms(chain, secret_b=LOSING_B), SECRET_A, SECRET_B)


def test_a_withheld_secret_forfeits_after_the_time_to_reveal(
    chain: Connection, game: Contract, operator: Sender
) -> None:
    agreed = terms(chain)
    game.transact(operator, "reveal", SECRET_B, agreed.reveal_by)
    with reverts("GameUndecided"):
        judged(game, agreed, bytes(32), SECRET_B)
    chain.advance(601)
    assert judged(game, agreed, bytes(32), SECRET_B) == ETHER
    assert judged(game, terms_for_a(agreed), bytes(32), SECRET_B) == 0


def terms_for_a(other: CoinFlipTerms) -> CoinFlipTerms:
    return CoinFlipTerms(other.commit_a, other.commit_b, other.reveal_by, True, other.stake)


def test_no_forfeit_when_both_secrets_were_recorded(chain: Connection, game: Contract, operator: Sender) -> None:
    agreed = terms(chain)
    game.transact(operator, "reveal", SECRET_A, agreed.reveal_by)
    game.transact(operator, "reveal", SECRET_B, agreed.reveal_by)
    chain.advance(601)
    with reverts("GameUndecided"):
        judged(game, agreed, bytes(32), SECRET_B)
    assert judged(game, agreed, SECRET_A, SECRET_B) == ETHER


def test_a_secret_comes_too_late(chain: Connection, game: Contract, operator: Sender) -> None:
    agreed = terms(chain)
    chain.set_next_timestamp(agreed.reveal_by + 1)
    with reverts("RevealLate", timestamp=agreed.reveal_by + 1, revealBy=agreed.reveal_by):
        game.transact(operator, "reveal", SECRET_B, agreed.reveal_by, gas=200_000)


def test_a_copied_commitment_never_decides(chain: Connection, game: Contract) -> None:
    same = commitment(SECRET_A)
    with pytest.raises(MalformedError, match="copied"):
        CoinFlipTerms(same, same, chain.timestamp() + 600, False, ETHER)
    row = encode(["(bytes32,bytes32,uint256,bool,uint256)"], [(same, same, chain.timestamp() + 600, False, ETHER)])
    with reverts("GameUndecided"):
        game.call("resolve", CHANNEL, row, encode(["bytes32", "bytes32"], [SECRET_A, SECRET_A]))


def test_the_winner_is_paid_through_a_channel(chain: Connection, game: Contract, operator: Sender) -> None:
    hub = HubFacade.deploy(chain, operator)
    payer, payee = chain.signers(3)[1:3]
    channel = hub.open(payer, payee, deposit=2 * ETHER, dispute="1 hour")
    agreed = terms(chain)
    lock = agreed.lock(game.address, agreed.reveal_by + 600)
    voucher = LockVoucher(channel.id, 0, 1, ETHER, lock.expiry, locks_root([lock]))
    proof = LockProof(0, 1, ETHER, lock.expiry, voucher.locks_root, payer.sign_typed(voucher, hub.domain))
    receiver = Sender(chain, payee)
    hub.post_locks(receiver, channel.key, "A", proof)
    resolution = agreed.resolution(game.address, SECRET_A, SECRET_B)
    hub.unlock(receiver, channel.key, "A", ETHER, [lock], [Opening(0, resolution)])
    chain.advance(3601 + 1200)
    before = chain.balance(payee.address)
    hub.settle(operator, channel.key)
    assert chain.balance(payee.address) - before == ETHER
    hub.release()
