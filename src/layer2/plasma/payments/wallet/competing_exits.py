"""Contests of in-flight exits that wait for an input held by another in-flight exit.

An uncontested in-flight exit pays nothing while another one holds one of its inputs. The owner of that input can have
it held forever by one in-flight exit after another, as a ransom for the other owner's input. The other owner therefore
contests the exit in its first half, with a payment to itself that expires with the next block. The piggybacked inputs
are then paid, regardless of who holds the rest. If the contested payment was included in a block, anyone can prove it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from layer2.ethereum.records import Receipt
from layer2.plasma.payments.chain.contract import InFlightStatus
from layer2.plasma.payments.chain.exit_proofs import InFlightExitProof, Kit
from layer2.plasma.payments.chain.in_flight_data import joined_made
from layer2.plasma.payments.chain.records import Proof, Spend
from layer2.plasma.payments.wallet.account import Account
from layer2.plasma.payments.wallet.payment_status import SentPayment
from layer2.plasma.protocol.signing import Signed, digest
from layer2.plasma.protocol.transaction import Transaction, payment
from layer2.primitives.ecdsa import to_compact

__all__ = ["CONTEST", "Stuck", "contest", "stuck"]

CONTEST = "contest"
"""Kind of such a payment in the wallet's records."""


@dataclass(frozen=True, slots=True)
class Stuck:
    """An in-flight exit that waits for another one, and an own input of it: its index and its exit proof."""

    id: bytes
    transaction: Transaction
    input_ids: tuple[bytes, ...]
    index: int
    kit: Kit


def stuck(holder: Account, now: int) -> Iterator[Stuck]:
    """Yield contestable in-flight exits with an own input that wait for an input held by another one."""
    ids = {kit.output_id: kit for kit in holder.wallet_store.coins.values()}
    half = holder.root.profile.exit_period // 2
    for identity, started in list(holder.chain_state.games.items()):
        transaction, input_ids = started.transaction, started.input_ids
        mine = [(at, ids[known]) for at, known in enumerate(input_ids) if known in ids]
        if not mine or len(mine) == len(input_ids) or holder.wallet_store.spent(mine[0][1].position):
            continue
        game = holder.root.in_flight(identity)
        if game.status is not InFlightStatus.OPEN or game.contested or now >= game.started_at + half:
            continue
        if any(holder.root.is_held(known) for at, known in enumerate(input_ids) if not game.held >> at & 1):
            yield Stuck(identity, transaction, tuple(input_ids), *mine[0])


def contest(holder: Account, one: Stuck) -> list[Receipt]:
    """Piggyback the own input, then contest the in-flight exit; the input is paid when the exit can be claimed.

    The piggyback comes first, because anyone can make a contested exit release the inputs that were not piggybacked.
    """
    root, owned = holder.root, one.kit.output
    alone = payment([one.kit.position], [(owned.address, owned.token, owned.amount)], root.head()[1])
    signature = to_compact(holder.signer.sign_digest(digest(alone, root.domain)))
    holder.wallet_store.sign(SentPayment(InFlightExitProof(Signed(alone, (signature,)), (one.kit,)), CONTEST))
    spend = Spend(Proof.of_nothing(alone.packed), signature)
    made = [one.kit.made if at == one.index else b"" for at in range(len(one.input_ids))]
    packed, ids = one.transaction.packed, one.input_ids
    receipts = []
    if not root.in_flight(one.id).piggybacked >> one.index & 1:
        start = holder.chain_state.start_block
        told = joined_made(root, one.id, one.transaction, ids, {one.index: one.kit.made}, start)
        receipts.append(root.piggyback(holder.sender, packed, ids, one.index, told))
        holder.wallet_store.join(one.id, 1 << one.index)
    return [*receipts, root.challenge_non_canonical(holder.sender, packed, ids, one.index, made, spend)]
