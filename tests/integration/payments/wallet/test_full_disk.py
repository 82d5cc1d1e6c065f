"""A disk without room under a wallet's memory: what could not be written was not signed, kept or forgotten."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.integration.payments.wallet.conftest import ETHER, World

from layer2.plasma.payments.wallet.wallet import Wallet
from layer2.plasma.payments.wallet.wallet_store import WalletStore
from layer2.store.errors import JournalFull

Verb = Callable[[Wallet, World], object]


def fill(wallet_store: WalletStore) -> None:
    """Leave no room for anything more."""
    (pages,) = wallet_store.log.journal._database.execute("PRAGMA page_count").fetchone()
    wallet_store.log.journal._database.execute(f"PRAGMA max_page_count = {pages}")
    # Rows that the memory knows, and that change nothing.
    with pytest.raises(JournalFull):
        for _ in range(1_000):
            wallet_store._write(("since", {"deposit": wallet_store.since}))


def memory(wallet_store: WalletStore) -> dict[str, object]:
    """All of it, as it answers."""
    return {
        "coins": dict(wallet_store.coins),
        "sent": dict(wallet_store.sent),
        "free": [kit.position for kit in wallet_store.free()],
        "exits": set(wallet_store.exits),
        "games": dict(wallet_store.games),
        "joined": dict(wallet_store.joined),
        "doubted": set(wallet_store.doubted),
        "heard": wallet_store.heard,
        "lines": wallet_store.lines,
    }


VERBS: dict[str, Verb] = {
    "send": lambda wallet, world: wallet.send(world.payee.address, "0.1 ether"),
    "merge": lambda wallet, world: wallet.merge(),
    "include": lambda wallet, world: wallet.sync(),
    "keep": lambda wallet, world: wallet.deposit("1 ether"),
    "drop": lambda wallet, world: wallet.wallet_store.drop(min(wallet.wallet_store.coins), "gone"),
    "exit": lambda wallet, world: wallet.exit(min(wallet.wallet_store.coins)),
    "game": lambda wallet, world: wallet.wallet_store.game(next(iter(wallet.wallet_store.sent)), 16),
    "join": lambda wallet, world: wallet.wallet_store.join(bytes(32), 1),
    "doubt": lambda wallet, world: wallet.wallet_store.keep(list(wallet.wallet_store.coins.values()), doubted=True),
    "hear": lambda wallet, world: wallet.wallet_store.hear(7, bytes(32)),
}


@pytest.mark.parametrize("verb", VERBS)
def test_memory_changes_with_the_journal_or_not_at_all(world: World, payer: Wallet, verb: str) -> None:
    for _ in range(3):
        payer.deposit("1 ether")
    payer.send(world.payee.address, "0.5 ether")
    world.gate.block()
    fill(payer.wallet_store)
    before, taken = memory(payer.wallet_store), len(world.gate.taken)
    with pytest.raises(JournalFull):
        VERBS[verb](payer, world)
    assert memory(payer.wallet_store) == before
    # No signature went out that is not remembered.
    assert len(world.gate.taken) == taken
    path, place = (
        Path(payer.wallet_store.log.journal.path),
        f"{world.root.address} on chain {world.connection.chain_id}",
    )
    payer.close()
    again = WalletStore(path, place, world.payer.address)
    assert memory(again) == before
    again.close()


def test_once_there_is_room_everything_goes_on(world: World, payer: Wallet) -> None:
    payer.deposit("1 ether")
    fill(payer.wallet_store)
    with pytest.raises(JournalFull):
        payer.send(world.payee.address, "0.5 ether")
    payer.wallet_store.log.journal._database.execute("PRAGMA max_page_count = 1000000")
    payer.send(world.payee.address, "0.4 ether")
    world.gate.block()
    payer.sync()
    assert payer.balance() == 6 * ETHER // 10
