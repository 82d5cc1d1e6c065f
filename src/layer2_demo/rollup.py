"""Scenes of the rollup chapter, in order. Expected payouts are computed here, independently of the library."""

from __future__ import annotations

from collections.abc import Callable

from layer2.ethereum.sender import Sender
from layer2.primitives.bls import BlsKey
from layer2.primitives.units import format_amount
from layer2.rollup.l1.batcher import Data
from layer2.rollup.protocol.messages import Transfer
from layer2.rollup.protocol.signed_operation import SignedOp
from layer2.rollup.state.commitments import Status
from layer2.rollup.validator.proposer import Proposer
from layer2.rollup.wallet.escape_hatch import force_withdrawal, self_propose
from layer2_demo.rollup_stage import RollupStage
from layer2_demo.signing import sign_all

__all__ = ["SCENES"]

ETHER = 10**18
SHARE = ETHER // 10
"""Amount in wei given to each account."""

FIRST = 2
"""First account of a BLS key, the payee's; account 1 is the payer's, owned by its address."""


def opened(stage: RollupStage) -> str:
    """Play one deposit, and the opening of accounts for a thousand keys."""
    payer, payee = stage.l2.wallet(stage.payer), stage.l2.wallet(stage.payee)
    paid_in = SHARE * stage.accounts * 2
    payer.deposit(paid_in)
    stage.books[payer.account()] = paid_in
    keys = [payee.bls.public, *(BlsKey.derive(seed).public for seed in stage.seeds)]
    stage.l2.sequencer.open_accounts(keys)
    stage.l2.post()
    stage.check("the first account of a key", FIRST, payee.account())
    stage.books |= dict.fromkeys(range(FIRST, FIRST + stage.accounts), 0)
    stage.check_books("the sequencer", stage.l2.sequencer.replica)
    return f"{stage.accounts:,} accounts of BLS keys, and {format_amount(paid_in)} in one of an address"


def transferred(stage: RollupStage) -> str:
    """Play payments of the payer to all accounts by ECDSA, followed by payments among all accounts by BLS."""
    payer, payee, domain = stage.l2.wallet(stage.payer), stage.l2.wallet(stage.payee), stage.l2.rollup.domain
    source, last = payer.account(), FIRST + stage.accounts
    given = [(source, to, SHARE) for to in range(FIRST, last)]
    signed = []
    for nonce, (_, to, amount) in enumerate(given):
        message = Transfer(source, nonce, to, amount, 0, 0)
        signed.append(SignedOp(message, payer.sign(message)))
    stage.post("ECDSA in calldata", signed, Data.CALLDATA)

    each, rest = divmod(stage.transfers - stage.accounts, stage.accounts)
    messages: list[list[Transfer]] = []
    for place, index in enumerate(range(FIRST, last)):
        count = each + (place < rest)
        receivers = [FIRST + (place + 37 * step + 1) % stage.accounts for step in range(count)]
        amounts = [ETHER // 10_000 * (1 + (place + step) % 9) for step in range(count)]
        rows = enumerate(zip(receivers, amounts, strict=True))
        messages.append([Transfer(index, nonce, to, amount, 0, 0) for nonce, (to, amount) in rows])
    digests = [[one.digest(domain) for one in own] for own in messages]
    signatures = [[payee.bls.sign(one) for one in digests[0]]]
    signatures += sign_all(list(zip(stage.seeds, digests[1:], strict=True)))
    # All first payments come before all second ones, as they would arrive.
    pairs = [list(zip(own, by, strict=True)) for own, by in zip(messages, signatures, strict=True)]
    turns = [own[turn] for turn in range(each + 1) for own in pairs if turn < len(own)]
    ops, half = [SignedOp(message, signature) for message, signature in turns], len(turns) // 2
    stage.post("BLS in calldata", ops[:half], Data.CALLDATA)
    stage.post("BLS in blobs", ops[half:], Data.BLOBS)

    for sender, to, amount in given + [(one.sender, one.to, one.amount) for one, _ in turns]:
        stage.move(sender, to, amount)
    stage.check_books("the sequencer", stage.l2.sequencer.replica)
    frames = sum(one.size for one in stage.posted) // 496
    return f"{len(given):,} signed by an Ethereum key, {len(turns):,} by {stage.accounts:,} BLS keys, {frames} frames"


def rebuilt(stage: RollupStage) -> str:
    """Play a verifier that rebuilds the same state from the main chain alone."""
    stage.verifier.step()
    stage.check("the state root", stage.l2.root, stage.verifier.head.root)
    stage.check_books("the verifier", stage.verifier)
    root = stage.verifier.head.root.hex()[2:10]
    return f"{len(stage.verifier.entries)} entries read from L1, every signature checked, state root {root} as posted"


def claimed(stage: RollupStage) -> str:
    """Play a withdrawal: asserted, final after the window, and claimed with a Merkle proof."""
    payee, amount = stage.l2.wallet(stage.payee), SHARE // 2
    proposer = Proposer(stage.l2.rollup, stage.l2.proposer.sender, stage.verifier)
    (proposed,) = proposer.step()
    stage.assertion = (31 * stage.verifier.tip().segments, proposed.gas_used)
    payee.withdraw(amount)
    stage.books[FIRST] -= amount
    stage.l2.post()
    proposer.step()
    stage.connection.advance(stage.l2.local.profile.window + 1)
    proposer.step()
    (receipt,) = payee.claim_all()
    stage.audit.expect("payee", amount)
    bond = int(stage.l2.rollup.contract.call("availableBond", stage.operator.address))
    stage.l2.rollup.withdraw_bond(stage.l2.proposer.sender, bond)
    stage.audit.expect("operator", bond)
    return f"{format_amount(amount)} claimed on L1 for {receipt.gas_used:,} gas, after the window"


def convicted(stage: RollupStage) -> str:
    """Play an assertion with an inflated balance, and the fraud proof in one transaction."""
    payer = stage.l2.wallet(stage.payer)
    payer.send(FIRST, ETHER // 1000)
    stage.move(payer.account(bls=False), FIRST, ETHER // 1000)
    stage.l2.post()
    bad = stage.l2.propose(fault="inflate", sender=stage.attacker)
    stage.check("convictions", 1, len(found := stage.l2.challenger.step()))
    stage.check("the lie's status", Status.INVALID.name.lower(), bad.status)
    won = found[0].bond // 2
    stage.l2.rollup.withdraw_bond(Sender(stage.connection, stage.challenger), won)
    stage.audit.expect("challenger", won)
    return f"a root with one ether too much, proven wrong in one transaction of {found[0].gas:,} gas; bond lost"


def alone(stage: RollupStage) -> str:
    """Play a stopped sequencer: the payer forces a withdrawal, proposes the assertion itself and claims the money."""
    profile, amount = stage.l2.local.profile, 5 * SHARE
    user = stage.l2.wallet(stage.payer, with_sequencer=False)
    own = user.account(bls=False)
    force_withdrawal(user, amount, stage.payer.address, own)
    stage.books[own] -= amount
    stage.connection.advance(profile.force_delay + 1)
    force_withdrawal(user)
    stage.check_books("the user's own node", user.replica)
    self_propose(user)
    stage.connection.advance(profile.window + 1)
    self_propose(user)
    stage.check("what she has to do next", "claim", force_withdrawal(user).command)
    (receipt,) = user.claim_all()
    stage.audit.expect("payer", amount)
    stage.l2.rollup.withdraw_bond(user.sender, profile.bond)
    stage.audit.expect("payer", profile.bond)
    return f"{format_amount(amount)} forced, proposed by herself and claimed for {receipt.gas_used:,} gas, nobody asked"


SCENES: list[tuple[str, Callable[[RollupStage], str]]] = [
    ("a thousand accounts", opened),
    ("their transfers", transferred),
    ("rebuilt from L1", rebuilt),
    ("a withdrawal", claimed),
    ("a lie", convicted),
    ("left alone", alone),
]
"""Titles and scenes."""
