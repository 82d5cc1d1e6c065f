"""Sources that forge the signatures of coin blocks: no watcher calls a true transfer false, or helps a thief."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.support.coins.watcher_world import ETHER, HALF, PERIOD, CoinWorld

from layer2.plasma.coins.chain.block_sources import CoinSource
from layer2.plasma.coins.protocol.errors import BodyMissing
from layer2.plasma.coins.protocol.transfer import decode_coin_body, encode_coin_body
from layer2.plasma.coins.watcher.watcher import CoinWatcher
from layer2.plasma.common.watcher.alerts import AlertKind

FORGED: dict[str, Callable[[bytes], bytes]] = {
    "nobody's": lambda given: bytes(64),
    "one bit": lambda given: bytes([given[0] ^ 1]) + given[1:],
    "the last bit": lambda given: given[:-1] + bytes([given[-1] ^ 1]),
}


class Forger:
    """Serves the bodies of another source with other signatures; the transfers stay what they are."""

    def __init__(self, source: CoinSource, forge: Callable[[bytes], bytes]) -> None:
        self._source, self._forge = source, forge

    def coin_body(self, number: int) -> bytes:
        batch = decode_coin_body(self._source.coin_body(number))
        return encode_coin_body([one._replace(signature=self._forge(one.signature)) for one in batch])


class Peer:
    """Another watcher, which serves what it keeps."""

    def __init__(self, watcher: CoinWatcher) -> None:
        self._watcher = watcher

    def coin_body(self, number: int) -> bytes:
        header = self._watcher.view.headers.get(number)
        body = None if header is None else self._watcher.store.body(header.hash)
        if body is None:
            raise BodyMissing(f"block {number} is not here", hint="none")
        return body


@pytest.mark.parametrize("forged", FORGED)
def test_a_true_body_behind_forged_ones_stops_the_thief(world: CoinWorld, forged: str) -> None:
    coin, record, numbers = world.chain_of("thief", "payee")
    world.exit("thief", coin, record, 0)
    sources = [Forger(world.hostile, FORGED[forged]), Forger(world.hostile, FORGED["nobody's"]), world.hostile]
    watcher = world.watch(source=sources)
    report = watcher.step()
    assert AlertKind.TRANSFER_INVALID not in report.kinds()
    assert report.done() == ["challengeAfter"]
    assert not world.runs(coin, 0)
    standing = watcher.books.standing(coin)
    assert standing is not None
    assert (standing.owner, standing.last_block) == (world.people["payee"].address, numbers[0])


@pytest.mark.parametrize("restart", [False, True])
def test_a_forged_body_alone_proves_nothing_and_pays_no_thief(world: CoinWorld, restart: bool) -> None:
    coin, record, _ = world.chain_of("thief", "payee")
    world.exit("thief", coin, record, 0)
    sources: list[CoinSource] = [Forger(world.hostile, FORGED["one bit"])]
    watcher = world.watch(source=sources)
    report = watcher.step()
    assert AlertKind.TRANSFER_INVALID not in report.kinds()
    assert AlertKind.BLOCK_WITHHELD in report.kinds()
    world.later(PERIOD + 1)
    assert watcher.step().acts == []
    if restart:
        watcher.close()
        watcher = world.watch(source=sources)
        assert watcher.step().acts == []
    # It can be refuted until it is claimed.
    watcher.close()
    again = world.watch(source=[*sources, world.hostile])
    assert again.step().done() == ["challengeAfter"]
    assert not world.runs(coin, 0)


def test_an_exit_of_a_coin_that_no_body_moves_is_claimed_beside_forged_ones(world: CoinWorld) -> None:
    """The twin."""
    mine, record = world.deposit("payer", ETHER)
    world.chain_of("thief", "payee")
    world.exit("payer", mine, record, 0)
    watcher = world.watch(source=[Forger(world.hostile, FORGED["one bit"])])
    watcher.step()
    world.later(PERIOD + 1)
    assert watcher.step().done() == ["finalizeExits"]


def test_a_watcher_that_was_fed_with_forgeries_poisons_no_other(world: CoinWorld) -> None:
    coin, record, numbers = world.chain_of("thief", "payee")
    fed = world.watch("fed", by=None, source=[Forger(world.hostile, FORGED["nobody's"])])
    fed.step()
    with pytest.raises(BodyMissing):
        Peer(fed).coin_body(numbers[0])
    world.exit("thief", coin, record, 0)
    watcher = world.watch("one", source=[Peer(fed), world.hostile])
    assert watcher.step().done() == ["challengeAfter"]
    assert Peer(watcher).coin_body(numbers[0]) == world.hostile.coin_body(numbers[0])


def test_a_doubt_of_an_honest_exit_is_answered_past_forged_bodies(world: CoinWorld) -> None:
    coin, record, numbers = world.chain_of("payer", "payee", "other")
    world.exit("other", coin, record, numbers[-1])
    world.doubt("thief", coin, numbers[-1], record)
    world.later(HALF + 1)
    watcher = world.watch(source=[Forger(world.hostile, FORGED["one bit"]), world.hostile])
    assert watcher.step().done() == ["respondChallengeBefore"]
    assert watcher.status().healthy
