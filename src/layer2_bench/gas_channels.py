"""Total transaction gas of every channel operation, from receipts, compared with the anchors."""

from __future__ import annotations

from typing import Any

from layer2.channels.protocol.channel_key import ChannelKey
from layer2.channels.protocol.locks import HASH_LOCK, Lock, voucher_lock, voucher_resolution
from layer2.channels.protocol.messages import RIGHT_TO_PAY, Close, Session, Voucher
from layer2.channels.protocol.proofs import Payment, claim_row
from layer2.channels.protocol.session_keys import SessionProof
from layer2.ethereum.devnet import AnvilNode, tester_connection
from layer2.primitives.addresses import ZERO_ADDRESS
from layer2.primitives.ecdsa import PrivateKey
from layer2.primitives.errors import InputError
from layer2.primitives.hashing import keccak, sha256
from layer2.testing.adversaries.channels.steps import locked, unlocking
from layer2.testing.adversaries.channels.world import DELAY, UNIT, GasWorld
from layer2_bench.anchors import anchors_of

BATCH = 100


def run_gas(network: str = "test") -> dict[str, Any]:
    """Measure on the in-process chain ("test") or on a new anvil ("anvil").

    Returns:
        `{"family", "operations": {id: {"gas", "anchor": {"name", "gas"}, "target"}}, "unanchored": {id: gas}}`.

    Raises:
        InputError: The network is neither of the two.
        AssertionError: A scenario did not have the measured effect, so that its figure would be meaningless.
    """
    if network not in ("test", "anvil"):
        raise InputError(f"run_gas: network {network!r} given, 'test' or 'anvil' needed", hint="name one of the two")
    if network == "anvil":
        with AnvilNode() as node:
            gas = measure(GasWorld(node.connection))
    else:
        gas = measure(GasWorld(tester_connection()))
    anchors = anchors_of("channels")
    operations = {name: {"gas": gas.pop(name), **anchors[name]} for name in anchors}
    # Operations without an anchor are listed separately.
    return {"family": "channels", "operations": operations, "unanchored": gas}


def measure(world: GasWorld) -> dict[str, int]:
    """Run all scenarios and return the gas by operation id."""
    gas = {"deploy.hub": world.deployment.gas_used}
    gas |= _duplex(world, "eth", 10**15)
    gas |= _duplex(world, "erc20", UNIT)
    del gas["erc20.challenge"], gas["erc20.counter"]
    gas["erc20.open_both_gasless"] = _open_gasless(world)
    gas["erc20.open_both_3009"] = _open_authorized(world)
    gas["htlc.exit"] = _hash_lock_exit(world)
    gas["virtual.exit"] = _virtual_exit(world)
    gas["locks.exit_8_of_8"] = _many_locks_exit(world, 8, 8)
    gas["locks.exit_1_of_64"] = _many_locks_exit(world, 1, 64)
    gas |= _simplex(world)
    _check_nothing_owed(world)
    return gas


def _check_nothing_owed(world: GasWorld) -> None:
    """Verify that no payout was deferred, because a deferred one costs different gas."""
    for player in (world.payer, world.payee):
        for token in (ZERO_ADDRESS, world.token.address):
            owed = world.hub.call("pendingWithdrawals", player.address, token)
            if owed:
                raise AssertionError(f"{player.address} was not paid but booked {owed} units of {token}")


def _duplex(world: GasWorld, prefix: str, unit: int) -> dict[str, int]:
    token = prefix == "erc20"
    key = world.make_key(token=token)
    gas = dict(zip((f"{prefix}.open", f"{prefix}.fund_peer"), world.fund(key), strict=True))
    world.past_opening()
    close = Close(key.id, 3 * unit, unit)
    signed = (world.sign(world.payer, close), world.sign(world.payee, close))
    gas[f"{prefix}.close_cooperative"] = world.act(world.relayer, "close", key.as_tuple(), 3 * unit, unit, *signed)
    gas[f"{prefix}.lifecycle"] = sum(gas.values())
    key = world.make_key(token=token)
    world.fund(key)
    world.past_opening()
    theirs = world.sign(world.payee, Voucher(key.id, unit))
    gas[f"{prefix}.challenge"] = world.act(world.payer, "startClose", key.as_tuple(), unit, theirs)
    newer = world.sign(world.payer, Voucher(key.id, 5 * unit))
    gas[f"{prefix}.counter"] = world.act(world.relayer, "post", key.as_tuple(), False, 5 * unit, newer)
    world.connection.advance(DELAY + 1)
    gas[f"{prefix}.settle"] = world.act(world.relayer, "settle", key.as_tuple())
    return gas


def _open_gasless(world: GasWorld) -> int:
    """Open a channel with the standing approval and two signed `Deposit` messages; neither side sends a transaction.

    Neither party is new, as for balances: each has already used a nonce in the same storage word.
    """
    before = world.make_key(token=True)
    first = [world.consented(world.payer, before, UNIT, side_b=False)]
    first.append(world.consented(world.payee, before, UNIT, side_b=True))
    world.act(world.relayer, "depositPulled", before.as_tuple(), first)
    key = world.make_key(token=True)
    pulls = [world.consented(world.payer, key, 1000 * UNIT, side_b=False)]
    pulls.append(world.consented(world.payee, key, 1000 * UNIT, side_b=True))
    return world.act(world.relayer, "depositPulled", key.as_tuple(), pulls)


def _open_authorized(world: GasWorld) -> int:
    """Open a channel with two EIP-3009 authorisations, without approval; the token stores a nonce for each."""
    key = world.make_key(token=True)
    pulls = [world.authorization(world.payer, key, 1000 * UNIT, side_b=False)]
    pulls.append(world.authorization(world.payee, key, 1000 * UNIT, side_b=True))
    return world.act(world.relayer, "depositPulled", key.as_tuple(), pulls)


def _locked_exit(world: GasWorld, locks: list[Lock], resolutions: dict[int, bytes], key: ChannelKey) -> int:
    """Post the lock proof, which starts the dispute; unlock; settle."""
    amount = 10**15
    gas = world.act(world.payee, "postLocks", key.as_tuple(), False, locked(world, key, 1, amount, locks), b"")
    receipt = world.transact(world.payee, "unlock", *unlocking(key, amount, locks, resolutions))
    (event,) = world.hub.events(receipt, "Unlocked")
    # The hub skips locks that it cannot resolve, and a smaller number would appear cheaper.
    if (event.args["claim"] >> 112 & (1 << 112) - 1).bit_count() != len(resolutions):
        raise AssertionError(f"unlock: not all {len(resolutions)} locks were resolved")
    world.connection.advance(DELAY + 1)
    return gas + receipt.gas_used + world.act(world.relayer, "settle", key.as_tuple())


def _funded(world: GasWorld) -> ChannelKey:
    key = world.make_key()
    world.fund(key)
    world.past_opening()
    return key


def _hash_lock_exit(world: GasWorld) -> int:
    key = _funded(world)
    preimage = keccak(b"preimage")
    lock = Lock(10**15, world.connection.timestamp() + 600, HASH_LOCK, sha256(preimage))
    return _locked_exit(world, [lock], {0: preimage}, key)


def _virtual_exit(world: GasWorld) -> int:
    key = _funded(world)
    # The relayer streams vouchers to the payee; payer and payee share the lock of the last hop.
    head = (world.relayer.address, world.payee.address, keccak(b"salt"))
    lock = voucher_lock(10**15, world.connection.timestamp() + 600, *head)
    signature = world.sign(world.relayer, Voucher(lock.condition, 10**14))
    return _locked_exit(world, [lock], {0: voucher_resolution(*head, 10**14, signature)}, key)


def _many_locks_exit(world: GasWorld, resolved: int, count: int) -> int:
    """Exit with a proof of `count` hash locks, of which the receiver can resolve the first `resolved` ones."""
    key = _funded(world)
    until = world.connection.timestamp() + 600
    preimages = [keccak(b"preimage %d" % number) for number in range(count)]
    locks = [Lock(10**15, until, HASH_LOCK, sha256(preimage)) for preimage in preimages]
    return _locked_exit(world, locks, dict(enumerate(preimages[:resolved])), key)


def _simplex(world: GasWorld) -> dict[str, int]:
    key = world.make_key(token=True, simplex=True)
    gas = {"simplex.open": world.fund(key, both=False)[0]}
    world.past_opening()
    final = world.sign(world.payer, Voucher(key.id, UNIT))
    gas["simplex.close"] = world.act(world.payee, "closeSimplex", key.as_tuple(), UNIT, final, b"")
    key = world.make_key(token=True, simplex=True)
    pull = world.authorization(world.payer, key, 1000 * UNIT, side_b=False)
    gas["simplex.open_3009"] = world.act(world.relayer, "depositPulled", key.as_tuple(), [pull])
    world.past_opening()
    gas["simplex.payer_exit"] = world.act(world.payer, "requestExit", key.as_tuple())
    world.connection.advance(DELAY + 1)
    gas["simplex.payer_exit"] += world.act(world.payer, "exit", key.as_tuple())
    gas["simplex.claim_100_per_channel"] = _claim(world, [_claimable(world, UNIT + at) for at in range(BATCH)], [])
    hot = PrivateKey(keccak(b"session key of the measurements"))
    signed = [_claimable(world, UNIT + at, hot) for at in range(BATCH)]
    gas["simplex.claim_100_session_per_channel"] = _claim(world, [], signed)
    return gas


def _claim(world: GasWorld, rows: list[bytes], session_rows: list[bytes]) -> int:
    """Claim a batch and return the gas per row."""
    args = (world.payee.address, world.token.address, b"".join(rows), b"".join(session_rows))
    receipt = world.transact(world.relayer, "claimVouchers", *args)
    # The hub skips invalid rows silently, and fewer paid rows would appear cheaper.
    paid = len(world.hub.events(receipt, "Claimed"))
    if paid != BATCH:
        raise AssertionError(f"claim: {paid} rows of {BATCH} were paid")
    # The result is rounded up, so that a target exceeded by a fraction is not met.
    return -(-receipt.gas_used // BATCH)


def _claimable(world: GasWorld, amount: int, session_key: PrivateKey | None = None) -> bytes:
    """Open a simplex channel and return its claim row, signed by the payer or by its session key."""
    key = world.make_key(token=True, simplex=True)
    world.fund(key, both=False)
    message = Voucher(key.id, amount)
    if session_key is None:
        return claim_row(key, Payment(key.id, amount, world.sign(world.payer, message)))
    session = Session(key.id, session_key.address, 1000 * UNIT, 2**47, RIGHT_TO_PAY)
    named = world.sign(world.payer, session)
    proof = SessionProof.build(session, named, session_key.sign(message.digest(world.domain))).encode()
    return claim_row(key, Payment(key.id, amount, proof))
