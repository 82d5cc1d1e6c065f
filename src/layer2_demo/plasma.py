"""Scenes of the plasma chapter, in order. Expected payouts are computed here, independently of the library."""

from __future__ import annotations

from collections.abc import Callable

from layer2.ethereum.errors import ContractReverted
from layer2.ethereum.signer import LocalSigner
from layer2.plasma.common.watcher.alerts import AlertKind
from layer2.plasma.payments.chain.contract import ExitStatus, Proof
from layer2.plasma.protocol.signing import Signed, digest, sign
from layer2.plasma.protocol.transaction import Transaction, payment
from layer2.primitives.ecdsa import PrivateKey, to_compact
from layer2.primitives.hashing import keccak
from layer2.primitives.units import format_amount
from layer2_demo.plasma_stage import PlasmaStage

__all__ = ["SCENES"]

ETHER = 10**18
SHARE = ETHER // 10
"""Amount in wei deposited for each user on the plasma chain."""
TRAVEL = ETHER // 20
"""Amount in wei given to each user on the main chain, for the bond and gas of an exit."""
_LAST = 10_000
_MERGED = 4


def deposited(stage: PlasmaStage) -> str:
    """Play the payer's deposits for all users."""
    payer = stage.sender(stage.payer)
    gas = 0
    for number, one in enumerate(stage.users):
        receipt = stage.root.deposit(payer, 0, SHARE, one.address)
        gas = receipt.gas_used
        (event,) = stage.root.contract.events(receipt, "Deposited")
        stage.outputs[number] = [(1 << 63 | int(event.args["id"]) << 24, SHARE)]
        stage.move(None, one.address, SHARE)
    stage.gas["deposit.eth"] = gas
    stage.check_books("the operator")
    return f"{len(stage.users)} deposits of {format_amount(SHARE)}, {gas:,} gas each, spendable at once"


def paid(stage: PlasmaStage) -> str:
    """Play payments by all users from every output, followed by merges of each user's outputs."""
    count, blocks, before = len(stage.users), 0, stage.connection.block_number()
    for turn in range(stage.doublings):
        signed: list[Signed] = []
        rows: list[tuple[int, int, int, int]] = []
        for place in range(count):
            for slot, (position, amount) in enumerate(stage.outputs[place]):
                to, given = (place + 37 * slot + turn + 1) % count, amount // (2 + slot % 3)
                parts = [(stage.users[to].address, 0, given), (stage.users[place].address, 0, amount - given)]
                signed.append(sign(payment([position], parts, _LAST), stage.root.domain, stage.keys[place]))
                rows.append((place, to, given, amount - given))
        stage.outputs = [[] for _ in stage.users]
        for position, (place, to, given, kept) in zip(stage.block(signed), rows, strict=True):
            stage.outputs[to].append((position, given))
            stage.outputs[place].append((position + 1, kept))
            stage.move(stage.users[place].address, stage.users[to].address, given)
        blocks += 1
    while max(map(len, stage.outputs)) > 1:
        _merge(stage)
        blocks += 1
    stage.check_books("the operator")
    spent = [one for one in stage.audit.spent(before) if one.sender == stage.operator.address]
    each = sum(one.gas_used for one in spent) / stage.scenes[-1].payments
    stage.gas["block.submit"] = spent[-1].gas_used
    return f"{stage.scenes[-1].payments:,} payments in {blocks} blocks, {each:,.0f} gas of the main chain each"


def _merge(stage: PlasmaStage) -> None:
    signed: list[Signed] = []
    whose: list[tuple[int, int]] = []
    left: list[list[tuple[int, int]]] = [[] for _ in stage.users]
    for place, own in enumerate(stage.outputs):
        for at in range(0, len(own), _MERGED):
            group = sorted(own[at : at + _MERGED])
            if len(group) == 1:
                left[place] += group
                continue
            total = sum(amount for _, amount in group)
            one = payment([position for position, _ in group], [(stage.users[place].address, 0, total)], _LAST)
            signed.append(sign(one, stage.root.domain, *[stage.keys[place]] * len(group)))
            whose.append((place, total))
    for position, (place, total) in zip(stage.block(signed), whose, strict=True):
        left[place].append((position, total))
    stage.outputs = left


def watched(stage: PlasmaStage) -> str:
    """Play a watcher that fetches and verifies every block."""
    stage.watcher.step()
    seen = stage.watcher.status()
    stage.check("blocks verified", stage.root.head()[1] - 1, seen.verified)
    stage.check("what is wrong", (), seen.standing)
    return f"{seen.verified} blocks fetched, every signature and every sum checked: nothing is wrong"


def claimed(stage: PlasmaStage) -> str:
    """Play a standard exit: the payee is paid, exits and claims the money."""
    payer, payee, amount = stage.l2.wallet(stage.payer), stage.l2.wallet(stage.payee), 4 * SHARE
    payer.deposit(10 * SHARE)
    payer.send(stage.payee.address, amount)
    stage.scenes[-1].payments += 1
    stage.l2.operator.submit_block()
    stage.move(None, stage.payer.address, 10 * SHARE - amount)
    (started,) = payee.exit_all()
    stage.watcher.step()
    stage.connection.advance(stage.l2.exit_period + 1)
    (receipt,) = payee.claim_all()
    bond = stage.root.profile.exit_bond
    stage.audit.expect("payee", amount + bond)
    stage.gas["exit.start_first_in_bucket"], stage.gas["exit.claim"] = started.gas_used, receipt.gas_used
    return f"{format_amount(amount)} taken out: {started.gas_used:,} gas to start, {receipt.gas_used:,} to be paid"


def stopped(stage: PlasmaStage) -> str:
    """Play an exit of a spent output; the watcher shows the payment and receives the bond."""
    attacker = stage.l2.wallet(stage.attacker)
    kit = attacker.deposit(SHARE)
    attacker.send(stage.payee.address, SHARE)
    stage.scenes[-1].payments += 1
    stage.l2.operator.submit_block()
    stage.move(None, stage.payee.address, SHARE)
    attacker.exit(kit.position)
    report = stage.watcher.step()
    stage.check("what the watcher did", ["challengeExit"], report.done())
    stage.check("the exit", ExitStatus.CHALLENGED, stage.root.exit(kit.output_id).status)
    stage.audit.expect("watchtower", stage.root.profile.exit_bond)
    gas = next(act.receipt.gas_used for act in report.acts if act.receipt is not None)
    stage.gas["exit.challenge"] = gas
    return f"an exit of spent money, stopped by the watcher for {gas:,} gas; its bond pays for that"


def twice(stage: PlasmaStage) -> str:
    """Play a double spend: the attacker pays the payee and itself from one output, and exits the second payment."""
    attacker, profile = stage.l2.wallet(stage.attacker), stage.root.profile
    kit = attacker.deposit(SHARE)
    back = payment([kit.position], [(stage.attacker.address, 0, SHARE)], _LAST)
    again = _signed_by(stage, back)
    attacker.send(stage.payee.address, SHARE)
    stage.scenes[-1].payments += 1
    stage.l2.operator.submit_block()
    stage.move(None, stage.payee.address, SHARE)
    thief, proof = stage.sender(stage.attacker), Proof.of_nothing(back.packed)
    started = stage.root.start_in_flight_exit(thief, proof, [kit.proof], again.signatures, 1 << 4)
    report = stage.watcher.step()
    stage.check("what the watcher did", ["challengeNonCanonical"], report.done())
    stage.connection.advance(stage.l2.exit_period + 1)
    # The attacker finalises the exit: it pays nothing, and returns only the piggyback bond.
    stage.root.process_in_flight_exit(thief, back.packed, [kit.output_id], [kit.made])
    stage.audit.expect("attacker", profile.piggyback_bond)
    stage.audit.expect("watchtower", profile.in_flight_bond)
    stage.gas["ife.start_1_1"] = started.gas_used
    return "a payment in flight that contradicts a block: contested by the watcher, paid nothing, bond lost"


def hung(stage: PlasmaStage) -> str:
    """Play an accepted payment that no block includes: the payer starts an in-flight exit, and the payee piggybacks."""
    payer, payee, profile = stage.l2.wallet(stage.payer), stage.l2.wallet(stage.payee), stage.root.profile
    kept = stage.books[stage.payer.address] - SHARE
    sent = payer.send(stage.payee.address, SHARE)
    (started,) = payer.exits.exit_payment(sent.hash)
    (joined,) = payee.exits.join()
    stage.watcher.step()
    stage.connection.advance(stage.l2.exit_period + 1)
    (paid,) = payee.claim_all()
    stage.check("what is left to claim for the payer", 0, len(payer.claim_all()))
    stage.move(stage.payer.address, None, kept + SHARE)
    # The claimer receives the bounties: the payee's own, and that of the payer, who piggybacked for the change.
    stage.audit.expect("payer", kept + profile.in_flight_bond + profile.piggyback_bond - profile.bounty)
    stage.audit.expect("payee", SHARE + profile.piggyback_bond + profile.bounty)
    gas = started.gas_used + joined.gas_used + paid.gas_used
    return f"an honest payment in flight, in no block, paid to its payee, the change to its payer: {gas:,} gas in all"


def _signed_by(stage: PlasmaStage, one: Transaction) -> Signed:
    return Signed(one, (to_compact(stage.attacker.sign_digest(digest(one, stage.root.domain))),))


def collected(stage: PlasmaStage) -> str:
    """Play an NFT coin: it is deposited, transferred off chain with its history, and exited by its new owner."""
    from layer2.testing import deploy_mock

    operator, coins = stage.sender(stage.operator), stage.l2.coins
    giver, taker = (LocalSigner(PrivateKey(keccak(b"the demo's collector %d" % number))) for number in range(2))
    nft = deploy_mock("MockNft", sender=operator)
    for one in (giver, taker):
        operator.send(one.address, value=ETHER)
    nft.transact(operator, "mint", giver.address, 7)
    old, new = coins.wallet(giver), coins.wallet(taker)
    coin = old.deposit_nft(nft, 7)
    stage.check("the NFT's keeper", coins.address, nft.call("ownerOf", 7))
    old.send(coin, new)
    stage.scenes[-1].payments += 1
    made = coins.operator.submit_block()
    stage.check("transfers in the block", 1, 0 if made is None else made.count)
    new.receive(old.wallet.history(coin))
    new.exit(coin)
    stage.connection.advance(coins.exit_period + 1)
    new.claim()
    stage.check("the NFT's owner", taker.address, nft.call("ownerOf", 7))
    return "an NFT deposited, passed on off the chain with a history that its new owner checked, and taken out by him"


def left(stage: PlasmaStage) -> str:
    """Play a mass exit: the operator withholds a block that mints money, all users exit, and the thief comes last."""
    from layer2.testing.adversaries.payments.hostile_operator import HostileOperator

    payer, profile = stage.sender(stage.payer), stage.root.profile
    people = [*stage.users, stage.payer, stage.payee]
    for one in stage.users:
        payer.send(one.address, value=TRAVEL)
    names = {one.address: f"user {number}" for number, one in enumerate(stage.users)}
    for address, name in names.items():
        stage.audit.accounts[name], stage.audit.before[name], stage.audit.income[name] = address, 0, TRAVEL
    names |= {stage.payer.address: "payer", stage.payee.address: "payee"}
    # The deposits were spent without these wallets, so the remaining outputs are named by position.
    named = {one.address: [at for at, _ in own] for one, own in zip(stage.users, stage.outputs, strict=True)}
    wallets = [stage.l2.wallet(one) for one in people]
    own: dict[str, list[int]] = {}
    for wallet in wallets:
        wallet.sync()
        who = wallet.signer.address
        held = [one for one in wallet.utxos() if who not in named or one.position in named[who]]
        own[who] = [one.position for one in held]
        stage.check(f"the outputs of {names[who]}", stage.books[who], sum(one.amount for one in held))
    hostile = HostileOperator(stage.root, stage.sender(stage.operator), stage.sender(stage.attacker))
    lie = hostile.withheld_mint(1_000 * ETHER)
    hostile.steal(lie.loot[0])
    stage.stuck = profile.exit_bond
    report = stage.watcher.step()
    stage.check("the alarm", True, AlertKind.BLOCK_WITHHELD in report.kinds())
    for wallet in wallets:
        # The operator is not used any more.
        wallet.payments.gate, wallet.distrusted = None, lie.number
        who = wallet.signer.address
        wallet.exits.exit_many(own[who])
        stage.audit.expect(names[who], len(own[who]) * profile.exit_bond + stage.books[who])
    stage.connection.advance(stage.l2.exit_period + 1)
    for wallet in wallets:
        wallet.claim_all()
        stage.move(wallet.signer.address, None, stage.books[wallet.signer.address])
    refused = ""
    try:
        stage.root.process_exits(stage.sender(stage.attacker), [(lie.loot[0], lie.transactions[0].packed)])
    except ContractReverted as refusal:
        refused = refusal.name
    stage.check("the thief's claim", "NotCovered", refused)
    return f"{len(people)} owners left with all they had, the thief, who minted 1,000 ether, with nothing"


SCENES: list[tuple[str, Callable[[PlasmaStage], str]]] = [
    ("everybody's deposit", deposited),
    ("their payments", paid),
    ("watched", watched),
    ("a standard exit", claimed),
    ("spent money", stopped),
    ("in flight", hung),
    ("signed twice", twice),
    ("an NFT", collected),
    ("a mass exit", left),
]
"""Titles and scenes."""
