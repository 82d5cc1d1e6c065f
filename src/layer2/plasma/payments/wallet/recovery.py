"""Recovery of a wallet from block bodies of any source: owned outputs, spent outputs, and payment status."""

from __future__ import annotations

from dataclasses import dataclass

from layer2.plasma.payments.chain.exit_proofs import Kit, OutputExitProof
from layer2.plasma.payments.utxo.columns import GONE
from layer2.plasma.payments.utxo.utxo_set import UtxoSet
from layer2.plasma.payments.wallet.account import Utxo
from layer2.plasma.payments.wallet.wallet import Wallet
from layer2.plasma.payments.wallet.wallet_store import ELSEWHERE
from layer2.plasma.payments.watcher.exit_proofs import kit_at
from layer2.plasma.payments.watcher.watcher import Watcher

__all__ = ["Recovered", "recover"]


@dataclass(frozen=True, slots=True)
class Recovered:
    """Result of a recovery.

    Attributes:
        verified: number of the last block verified together with all before it.
        posted: number of submitted blocks.
        found: own outputs that were unknown, or were doubtful and are unspent.
        spent: outputs of this wallet that another wallet with its key has spent.
        `doubted`: outputs that remain doubtful because blocks are missing or invalid.
        bad_block: the first invalid block; None if there is none.
    """

    verified: int
    posted: int
    found: tuple[Utxo, ...]
    spent: tuple[Kit, ...]
    doubted: tuple[Kit, ...]
    bad_block: int | None


def recover(wallet: Wallet, seen: Watcher) -> Recovered:
    """Update a wallet's outputs, payments and doubtful outputs from a watcher's verified blocks.

    An output spent in a verified block is spent. A doubtful output counts as unspent only if no block is missing. A
    payment in no block that another wallet of the owner signed is not visible, and its operator may still include it.
    """
    wallet.look()
    wallet_store, ledger, verified = wallet.wallet_store, seen.line.ledger, seen.line.verified
    posted = wallet.root.head()[1] - 1
    for one in wallet_store.open:
        places = [place for place in seen.evidence.inclusions(one.hash) if seen.believed(place << 8)]
        if places:
            kit = kit_at(seen.evidence, places[0] << 8)
            assert isinstance(kit, OutputExitProof)
            wallet_store.include(one.hash, kit)
    unspent = {kit.position: kit for kit in seen.kits(wallet.signer.address)}
    spent = []
    for position, kit in list(wallet_store.coins.items()):
        # Outputs that this wallet signed over or exits itself are settled elsewhere.
        ours = position in wallet_store.exits or wallet_store.signed_over(position)
        if not ours and _is_gone(ledger, position):
            wallet_store.drop(position, ELSEWHERE)
            spent.append(kit)
    complete = verified == posted
    if complete and verified in wallet.chain_state.headers:
        wallet_store.hear(verified, wallet.chain_state.headers[verified].hash)
    sure = [kit for position, kit in unspent.items() if complete or position not in wallet_store.doubted]
    found = wallet.adopt(sure)
    doubted = tuple(wallet_store.coins[position] for position in sorted(wallet_store.doubted))
    wallet.distrusted = seen.bad_block
    return Recovered(verified, posted, tuple(found), tuple(spent), doubted, seen.bad_block)


def _is_gone(ledger: UtxoSet, position: int) -> bool:
    """Return True if a valid block has spent the output or the contract has paid it out.

    Outputs of blocks that the ledger has not reached are not gone.
    """
    found = ledger.find(position)
    return ledger.passed(position) if found is None else bool(found[1] & GONE)
