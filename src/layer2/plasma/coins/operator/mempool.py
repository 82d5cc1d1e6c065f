"""Accepted transfers that no block includes yet; at most one per coin, because a block includes only one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from layer2.node.intake import Refusals
from layer2.plasma.coins.chain.state import CoinChainState
from layer2.plasma.coins.operator.owner_table import CoinLedger
from layer2.plasma.coins.protocol.errors import CoinExiting, CoinSpent, UnknownCoin
from layer2.plasma.coins.protocol.transfer import CoinTransaction, SignedCoin
from layer2.plasma.coins.protocol.transfer_batch import read_record
from layer2.plasma.common.errors import Expired, MempoolFull, Rejected, SignatureWrong
from layer2.primitives.errors import Layer2Error, MalformedError

__all__ = ["CoinMempool", "VerifiedTransfers", "Waiting"]


class Waiting(NamedTuple):
    """An accepted transfer: its record, its decoded form, its signer and its coin's basis (`CoinRecord.basis`)."""

    record: bytes
    signed: SignedCoin
    signer: bytes
    basis: bytes


class VerifiedTransfers:
    """Decoded records with their recovered signers or rejections, by position.

    Attributes:
        digests: Hashes of the transfers, empty for malformed records.
    """

    __slots__ = ("digests", "records", "refused", "signed", "signers")

    def __init__(self, records: Sequence[bytes]) -> None:
        self.records = records
        self.refused: dict[int, Layer2Error] = {}
        self.signed: dict[int, SignedCoin] = {}
        self.signers: dict[int, bytes] = {}
        self.digests = [b""] * len(records)
        for place, record in enumerate(records):
            try:
                self.signed[place] = read_record(record)
            except MalformedError as fault:
                self.refused[place] = fault
            else:
                self.digests[place] = self.signed[place].transaction.hash

    def __repr__(self) -> str:
        return f"<VerifiedTransfers {len(self.records)} refused={len(self.refused)}>"


class CoinMempool:
    """Accepted transfers in order of acceptance.

    Args:
        margin: Number of Ethereum blocks above a deposit before its coin can be transferred.

    Attributes:
        pending: Pending transfers by hash.
        claimed: Hash of the pending transfer of each coin that has one.
    """

    def __init__(self, most: int, margin: int, chain_state: CoinChainState, ledger: CoinLedger) -> None:
        self.most = most
        self.margin = margin
        self.pending: dict[bytes, Waiting] = {}
        self.claimed: dict[int, bytes] = {}
        self._chain_state = chain_state
        self._ledger = ledger

    def __repr__(self) -> str:
        return f"<CoinMempool {len(self.pending)} of {self.most}>"

    def of(self, coin: int) -> Waiting | None:
        """Return the pending transfer of a coin, or None."""
        hashed = self.claimed.get(coin)
        return None if hashed is None else self.pending[hashed]

    def admit(self, batch: VerifiedTransfers, number: int) -> Refusals:
        """Admit the transfers that block `number` may include; return each one's rejection or None.

        Transfers that are already pending or included are accepted again without effect.
        """
        results: Refusals = []
        for place, record in enumerate(batch.records):
            fault = batch.refused.get(place)
            if fault is None:
                transfer = batch.signed[place].transaction
                one = Waiting(record, batch.signed[place], batch.signers[place], self._ledger.basis(transfer.coin))
                if batch.digests[place] not in self.pending and not self._ledger.holds(transfer):
                    fault = self._full() or self.judge(one, number) or self._rival(transfer)
                    if fault is None:
                        self.add(batch.digests[place], one)
            results.append(fault)
        return results

    def add(self, hashed: bytes, one: Waiting) -> None:
        """Add a validated transfer, in place of another one of its coin."""
        coin = one.signed.transaction.coin
        self.pending.pop(self.claimed.get(coin, b""), None)
        self.pending[hashed] = one
        self.claimed[coin] = hashed

    def remove(self, hashed: bytes) -> None:
        """Remove a transfer that was included or became invalid."""
        del self.claimed[self.pending.pop(hashed).signed.transaction.coin]

    def choose(self, number: int, most: int) -> tuple[dict[bytes, Waiting], dict[bytes, Rejected]]:
        """Return the transfers for block `number` in order of acceptance, and the rejections of those now invalid."""
        chosen: dict[bytes, Waiting] = {}
        dropped: dict[bytes, Rejected] = {}
        for hashed, one in self.pending.items():
            if len(chosen) == most:
                break
            fault = self.judge(one, number)
            if fault is None:
                chosen[hashed] = one
            else:
                dropped[hashed] = fault
        return chosen, dropped

    def impossible(self, coins: Iterable[int], number: int) -> dict[bytes, Rejected]:
        """Return the rejections of pending transfers of these coins that no block can include any more."""
        hashes = [self.claimed[coin] for coin in coins if coin in self.claimed]
        judged = ((hashed, self.judge(self.pending[hashed], number)) for hashed in hashes)
        return {hashed: fault for hashed, fault in judged if fault is not None}

    def judge(self, one: Waiting, number: int) -> Rejected | None:
        """Return the reason why block `number` may not include a transfer, or None if it may."""
        transfer = one.signed.transaction
        coin, held = transfer.coin, self._ledger.get(transfer.coin)
        if held is None or coin in self._chain_state.paid:
            return UnknownCoin(f"coin {coin:#x} is not in the contract", hint="check its number; wait for its deposit")
        if self._chain_state.made_at[coin] + self.margin > self._chain_state.head:
            return UnknownCoin(
                f"coin {coin:#x} has too few confirmations", need=self.margin, hint="wait for more blocks"
            )
        if transfer.prev_block != held.last_block:
            return CoinSpent(
                f"coin {coin:#x}: the transfer spends block {transfer.prev_block}, its last one is in "
                f"{held.last_block}",
                have=transfer.prev_block,
                need=held.last_block,
                hint="sync the coin, and sign again",
            )
        if one.signer != held.owner:
            return SignatureWrong(
                f"coin {coin:#x}: the transfer is not signed by its owner 0x{held.owner.hex()}",
                hint="sign this transfer with its owner's key",
            )
        if one.basis != self._ledger.basis(coin):
            return UnknownCoin(
                f"coin {coin:#x} has changed since this transfer was accepted: the chain was reorganised",
                hint="sync the coin, and sign again",
            )
        if coin in self._chain_state.leaving:
            return CoinExiting(f"coin {coin:#x} is exiting", hint="challenge the exit, or wait for it")
        if number > transfer.expiry:
            return Expired(
                f"coin {coin:#x}: the next block is {number}",
                have=transfer.expiry,
                need=number,
                hint="use a later expiry",
            )
        return None

    def _full(self) -> MempoolFull | None:
        count = len(self.pending)
        if count < self.most:
            return None
        return MempoolFull(f"{count} transfers are pending", have=count, need=self.most, hint="try after a block")

    def _rival(self, one: CoinTransaction) -> CoinSpent | None:
        other = self.claimed.get(one.coin)
        if other is None:
            return None
        return CoinSpent(
            f"coin {one.coin:#x}: pending transfer 0x{other.hex()[:8]}.. spends it",
            hint="send one transfer of a coin per block",
        )
