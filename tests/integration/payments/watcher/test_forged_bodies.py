"""Sources that forge the signatures of bodies: no watcher is made to call a true block bad, or to help a thief."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.payments.watcher_world import ETHER, W, World

from layer2.plasma.common.watcher.alerts import AlertKind
from layer2.plasma.common.watcher.block_sources import BodySource
from layer2.plasma.payments.chain.contract import ExitStatus
from layer2.plasma.payments.chain.exit_proofs import Kit
from layer2.plasma.payments.chain.state import RootChainState
from layer2.plasma.payments.wallet.recovery import recover
from layer2.plasma.payments.wallet.wallet import Wallet
from layer2.plasma.payments.watcher.watcher import Watcher
from layer2.plasma.protocol.packed import join_body, packed_of, split_body

Forge = Callable[[bytes], bytes]

FORGED: dict[str, Forge] = {
    "nobody's": lambda given: bytes(len(given)),
    "one bit": lambda given: bytes([given[0] ^ 1]) + given[1:],
    "the last bit": lambda given: given[:-1] + bytes([given[-1] ^ 1]),
    "halves exchanged": lambda given: given[32:] + given[:32],
}


class Forger:
    """Serves the bodies of another source with other signatures; the transactions stay what they are."""

    def __init__(self, source: BodySource, forge: Forge) -> None:
        self._source, self._forge = source, forge

    def body(self, number: int) -> bytes | None:
        found = self._source.body(number)
        if found is None:
            return None
        records = split_body(found)
        return join_body([packed_of(one) + self._forge(one[len(packed_of(one)) :]) for one in records])


class Peer:
    """Another watcher, which serves what it keeps."""

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher

    def body(self, number: int) -> bytes | None:
        header = self._watcher.view.headers.get(number)
        return None if header is None else self._watcher.store.body(header.hash)


class Late:
    """Has nothing until a test says so."""

    def __init__(self, source: BodySource) -> None:
        self._source, self.here = source, False

    def body(self, number: int) -> bytes | None:
        return self._source.body(number) if self.here else None


def spent_exit(world: World) -> Kit:
    """The thief's deposit, which it has paid away in a true block, and exits all the same."""
    kit = world.deposit(world.thief)
    world.hostile.block([world.pay([(world.thief, kit)], [(world.payee, ETHER)])])
    world.exit(world.thief, kit)
    return kit


@pytest.mark.parametrize("forged", FORGED)
def test_a_true_body_behind_forged_ones_is_found_and_stops_the_thief(world: World, forged: str) -> None:
    forger = Forger(world.hostile, FORGED[forged])
    kit = spent_exit(world)
    watcher = world.watch(
        sender=world.watcher, source=[forger, Forger(world.hostile, FORGED["nobody's"]), world.hostile]
    )
    report = watcher.step()
    assert AlertKind.BLOCK_INVALID not in report.kinds()
    assert report.done() == ["challengeExit"]
    assert world.status(kit) is ExitStatus.CHALLENGED
    assert watcher.status().verified == 1


@pytest.mark.parametrize("restart", [False, True])
def test_a_forged_body_alone_proves_nothing_and_pays_no_thief(world: World, restart: bool) -> None:
    late = Late(world.hostile)
    sources = [Forger(world.hostile, FORGED["one bit"]), late]
    kit = spent_exit(world)
    watcher = world.watch(sender=world.watcher, source=sources)
    report = watcher.step()
    assert AlertKind.BLOCK_INVALID not in report.kinds()
    assert (watcher.status().verified, watcher.status().withheld, watcher.bad_block) == (0, (1,), None)
    # Whatever is claimed later, this watcher makes no money of it: it has seen a record that spends the output.
    world.later(2 * W)
    assert watcher.step().acts == []
    assert world.status(kit) is ExitStatus.OPEN
    if restart:
        watcher.close()
        watcher = world.watch(sender=world.watcher, source=sources)
        assert watcher.step().acts == []
    late.here = True
    assert watcher.step().done() == ["challengeExit"]
    assert watcher.status().healthy


def test_an_honest_exit_is_claimed_beside_forged_bodies(world: World) -> None:
    """The twin: what no record spends is claimed for its owner."""
    kit = world.deposit(world.payer)
    spent_exit(world)
    world.exit(world.payer, kit)
    watcher = world.watch(sender=world.watcher, source=[Forger(world.hostile, FORGED["one bit"])])
    watcher.step()
    world.later(2 * W)
    assert watcher.step().done() == ["processExits"]
    assert world.status(kit) is ExitStatus.PAID


def test_a_watcher_that_was_fed_with_forgeries_poisons_no_other(world: World) -> None:
    kit = spent_exit(world)
    fed = world.watch("fed", source=[Forger(world.hostile, FORGED["halves exchanged"])])
    fed.step()
    assert Peer(fed).body(1) is None
    watcher = world.watch("one", sender=world.watcher, source=[Peer(fed), world.hostile])
    assert watcher.step().done() == ["challengeExit"]
    assert world.status(kit) is ExitStatus.CHALLENGED
    # And the other way round: it heals the one that was fed.
    fed.sources.sources.append(Peer(watcher))
    fed.step()
    assert (fed.status().verified, Peer(fed).body(1)) == (1, world.hostile.body(1))


def test_a_block_that_is_bad_whoever_shows_it_is_said_to_be_bad(world: World) -> None:
    """The twin: the operator itself has put a payment with a false signature into its block."""
    kit = world.deposit(world.payer)
    signed = world.pay([(world.payer, kit)], [(world.thief, ETHER)])
    world.hostile.block([signed.transaction.packed + bytes(64)])
    watcher = world.watch(source=[Forger(world.hostile, FORGED["one bit"]), world.hostile])
    report = watcher.step()
    assert AlertKind.BLOCK_INVALID in report.kinds()
    assert watcher.bad_block == 1
    # Its body is the block's: others are shown it, and come to the same verdict.
    other = world.watch("two", source=[Peer(watcher)])
    other.step()
    assert other.bad_block == 1
    watcher.close()
    again = world.watch("one", source=[Forger(world.hostile, FORGED["one bit"])])
    assert again.bad_block == 1


@pytest.mark.parametrize("order", ["forged first", "true first", "forged alone"])
def test_a_wallet_recovers_from_true_bodies_only(world: World, tmp_path: Path, order: str) -> None:
    kit = world.deposit(world.payer)
    world.hostile.block([world.pay([(world.payer, kit)], [(world.payee, ETHER)])])
    forger = Forger(world.hostile, FORGED["nobody's"])
    sources = {"forged first": [forger, world.hostile], "true first": [world.hostile, forger], "forged alone": [forger]}
    watcher = world.watch(source=sources[order])
    watcher.step()
    chain_state = RootChainState(world.root, start_block=world.start)
    wallet = Wallet(world.root, world.payee.signer, tmp_path / "purse.journal", chain_state, sender=world.payee)
    try:
        found = recover(wallet, watcher)
        assert found.bad_block is None
        whole = order != "forged alone"
        assert (found.verified, [one.amount for one in found.found]) == ((1, [ETHER]) if whole else (0, []))
    finally:
        wallet.close()
