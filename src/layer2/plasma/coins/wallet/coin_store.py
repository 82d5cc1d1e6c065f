"""The coins of one key: received only with a history that was checked, followed block by block, passed on or taken out.

The wallet trusts the Ethereum node alone. It keeps the history of each coin, which is also what the next owner needs,
in a journal: nothing signed leaves before it is there, so that a restart signs no coin over twice.
"""

from __future__ import annotations

from layer2.ethereum.sender import Sender
from layer2.ethereum.signer import LocalSigner, Signer, as_signer
from layer2.plasma.coins.chain.contract import CoinChain
from layer2.plasma.coins.chain.exit_proofs import Call, contradiction, exit_kit, kit_of
from layer2.plasma.coins.chain.state import CoinSight
from layer2.plasma.coins.protocol.coin_history import Evidence, History, Move, Standing, check_history
from layer2.plasma.coins.protocol.errors import CoinRefused, HistoryBroken
from layer2.plasma.coins.protocol.history_codec import decode_evidence, decode_history, encode_evidence, encode_history
from layer2.plasma.coins.protocol.records import CoinRecord
from layer2.plasma.coins.protocol.transfer import CoinTransaction, SignedCoin, decode_coin
from layer2.plasma.payments.chain.errors import ViewIncomplete
from layer2.primitives.addresses import Address, address_bytes, to_address
from layer2.primitives.ecdsa import PrivateKey, to_compact
from layer2.primitives.errors import RangeError
from layer2.store.journal import Journal

__all__ = ["CoinWallet"]

_COIN, _BLOCK, _SIGNED = "coin", "block", "signed"
"""Streams of the journal: a history, one more block of it, a transfer that was signed."""


class CoinWallet:
    """Coins of a key on a coin chain.

    What the journal holds is checked against the chain again, at the start and whenever the chain takes blocks back: of
    a history that a reorganisation of Ethereum has undone, the part that still holds is kept.

    Args:
        key: signs transfers; an account of any kind that signs typed data.
        sight: who follows the chain; may be shared with other wallets. One of its own without it.
    """

    def __init__(
        self, chain: CoinChain, key: PrivateKey | Signer, journal: Journal, sight: CoinSight | None = None
    ) -> None:
        self.chain = chain
        self.sight = sight or CoinSight(chain)
        self._signer = LocalSigner(key) if isinstance(key, PrivateKey) else as_signer(key)
        self._journal = journal
        self._turn = 0
        self._held: dict[int, tuple[History, Standing]] = {}
        self._broken: dict[int, HistoryBroken] = {}
        self._signed: dict[int, list[CoinTransaction]] = {}
        self._replay()

    def __repr__(self) -> str:
        return f"<CoinWallet {self.address} coins={len(self.coins())}>"

    @property
    def address(self) -> Address:
        """Whose coins they are."""
        return self._signer.address

    def coins(self) -> list[int]:
        """The coins that are the key's by all blocks that were followed, and were not paid."""
        mine = (coin for coin, (_, standing) in self._held.items() if standing.owner == self.address)
        return sorted(coin for coin in mine if coin not in self.sight.paid)

    def knows(self, coin: int) -> bool:
        """Whether a coin is here, its own or one that was passed on."""
        return coin in self._held

    def look(self) -> None:
        """Read the chain; what it has taken back counts no more. Raises what `CoinSight.step` raises."""
        self.sight.step()
        if self.sight.turns != self._turn:
            self._turn = self.sight.turns
            for coin, (history, _) in self._held.items():
                self._hold(coin, history)

    def signed_over(self, coin: int) -> CoinTransaction | None:
        """The transfer of a coin that was signed here and may still be in a block that was not followed."""
        standing = self._known(coin)[1]
        return next((one for one in self._signed.get(coin, ()) if _may_come(one, standing)), None)

    def revealed(self) -> dict[int, Move]:
        """Coins that an answer on the chain has shown to be the key's, though their blocks were not; by which transfer.

        They can be defended and, if the transfer before is known as well, taken out.
        """
        found = {}
        for coin, moves in self.sight.revealed.items():
            mine = [one for one in moves if to_address(one.transaction.new_owner) == self.address]
            last = max(mine, key=lambda one: one.number, default=None)
            if last is None or coin in self.sight.paid or coin in self.coins():
                continue
            spent = any(one.prev_block == last.number for one in self._signed.get(coin, ()))
            passed = coin in self._held and self._held[coin][1].spend_of(last.number) is not None
            if not (spent or passed):
                found[coin] = last
        return found

    def last_block(self, coin: int) -> int:
        """The block of the transfer by which a coin is the key's, zero for the deposit; CoinRefused: unknown."""
        found = self.revealed().get(coin)
        return found.number if found else self._known(coin)[1].last_block

    def broken(self, coin: int) -> HistoryBroken | None:
        """How a block took a coin without its owner, if one did: it can only be taken out."""
        return self._broken.get(coin)

    def standing(self, coin: int) -> Standing:
        """How a coin stands; raises `CoinRefused` for an unknown one."""
        return self._known(coin)[1]

    def history(self, coin: int) -> History:
        """What the next owner needs; raises `CoinRefused` for an unknown one."""
        return self._known(coin)[0]

    # --------------------------------------------------------------------------------------------------- receiving

    def deposited(self, coin: int, record: CoinRecord) -> None:
        """Take a coin of one's own deposit."""
        if record.owner != self.address:
            raise CoinRefused(f"coin {coin} was deposited by {record.owner}", hint="receive its history")
        self._require_there(coin, record)
        self._keep(History(coin, record, ()), Standing(coin, record))

    def receive(self, history: History) -> Standing:
        """Take a coin, if its whole history holds and nobody is taking it out.

        Raises:
            HistoryBroken: the history does not hold.
            CoinRefused: the coin was paid or is another one, is another owner's, or one of its states exits.
        """
        coin = history.coin
        self._require_there(coin, history.record)
        self.look()
        if self.sight.next_block != self.chain.next_block():
            # With headers left out, a history that was cut short would seem whole.
            raise CoinRefused(
                f"blocks of coins up to {self.sight.next_block - 1} were read, and the next one is "
                f"{self.chain.next_block()}",
                hint="the node shows no more: try again in a moment",
            )
        standing = check_history(history, self.sight.since(history.record.birth), self.chain.domain)
        if standing.owner != self.address:
            raise CoinRefused(
                f"coin {coin} belongs to {standing.owner}, not to {self.address}", hint="wait for the block"
            )
        self._require_not_leaving(standing)
        self._keep(history, standing)
        return standing

    def follow(self, coin: int, *evidence: Evidence) -> Standing:
        """Check the next blocks for a coin; a broken one can be taken out, and no longer be passed on.

        Raises:
            HistoryBroken: a block takes the coin without its owner, or the evidence shows nothing. What was shown of
                the blocks before it counts.
            CoinRefused: there is no next block.
        """
        self.look()
        history, standing = self._known(coin)
        if coin in self._broken:
            raise self._broken[coin]
        headers = self.sight.since(standing.next_block)
        if len(headers) < len(evidence):
            missing = standing.next_block + len(headers)
            raise CoinRefused(f"coin {coin}: block {missing} was not submitted yet", hint="wait for it")
        try:
            for header, one in zip(headers, evidence, strict=False):
                standing = standing.after(header, one, self.chain.domain)
                history = history.extended(one)
                self._journal.append(_BLOCK, coin.to_bytes(8, "big") + encode_evidence(one))
        except HistoryBroken as broken:
            # Evidence that shows nothing is no fault of the block: whoever sent it must not spoil the coin.
            if broken.proven:
                self._broken[coin] = broken
            raise
        finally:
            self._journal.commit()
            self._held[coin] = history, standing
        return standing

    # ------------------------------------------------------------------------------------------------- passing on

    def transfer(self, coin: int, to: str, expiry: int) -> SignedCoin:
        """Sign a coin over: one transfer at a time, until the last one has expired unused.

        Raises:
            CoinRefused: the coin is not the key's, its history broke, it is leaving, or another transfer of it is
                signed and may still be included.
            RangeError: the expiry has passed already.
        """
        self.look()
        standing = self._known(coin)[1]
        if standing.owner != self.address:
            raise CoinRefused(f"coin {coin} belongs to {standing.owner}", hint="nothing to pass on")
        if coin in self._broken:
            raise CoinRefused(f"coin {coin} broke: {self._broken[coin].args[0]}", hint="take it out")
        self._require_not_leaving(standing)
        if expiry < standing.next_block:
            raise RangeError(f"expiry {expiry} is before the next block {standing.next_block}", hint="name a later one")
        one = CoinTransaction(coin, standing.last_block, address_bytes(to_address(to)), expiry)
        # All that were ever signed: a reorganisation brings back times in which an old one could be included.
        before = self.signed_over(coin)
        if before is not None and before != one:
            raise CoinRefused(
                f"coin {coin} is signed over to 0x{before.new_owner.hex()} until block {before.expiry}",
                hint="wait for that block: two transfers of a coin are a double spend",
            )
        if before != one:
            self._journal.append_durable(_SIGNED, one.packed)
            self._signed.setdefault(coin, []).append(one)
        return SignedCoin(one, to_compact(self._signer.sign_typed(one.message, self.chain.domain)))

    # ------------------------------------------------------------------------------------------------------ exits

    def exit_kit(self, coin: int) -> Call:
        """How to take a coin out without anybody's help: keep it where the operator cannot reach."""
        found = self.revealed().get(coin)
        if found is not None:
            return kit_of(self.sight.records[coin], self._before(found), found)
        standing = self._known(coin)[1]
        if standing.owner != self.address:
            raise CoinRefused(f"coin {coin} belongs to {standing.owner}", hint="an exit would be refuted")
        return exit_kit(standing)

    def exit(self, sender: Sender, coin: int, *, though_signed: bool = False, incomplete: bool = False) -> None:
        """Start taking a coin out.

        Args:
            incomplete: also when there are blocks that were not checked, and no transfer was signed here that they may
                hold: another wallet with this key may have signed one, which refutes the exit and costs its bond.
            though_signed: also when a transfer of it may be in a block that was not checked, because the operator shows
                no blocks: whoever finds it there refutes the exit and gets its bond.

        Raises:
            CoinRefused: a transfer of it is signed, and not all blocks that may hold it were checked.
            ViewIncomplete: blocks were not checked, and the coin is not known to be broken.
        """
        self.look()
        signed = self.signed_over(coin) if coin in self._held else None
        if signed is not None and not though_signed:
            raise CoinRefused(
                f"coin {coin} is signed over until block {signed.expiry}",
                hint="follow the blocks up to that one, or exit with though_signed",
            )
        behind = 0 if signed is not None or coin in self._broken else self._behind(coin)
        if behind and not incomplete:
            raise ViewIncomplete(
                f"coin {coin}: {behind} of {len(self.sight.headers)} blocks were not checked for it",
                hint="ask an operator or another source of blocks, or exit by what is known: incomplete",
            )
        self.chain.make(sender, self.exit_kit(coin))

    def guard(self, coin: int, number: int) -> Call | None:
        """What to say against the running exit of a coin of one's own; None: nothing, or no such exit."""
        found = self.chain.exit_of(coin, number)
        return contradiction(self._known(coin)[1], found) if found else None

    # ---------------------------------------------------------------------------------------------------- private

    def _behind(self, coin: int) -> int:
        """How many blocks were not checked for a coin of this wallet's own."""
        if coin not in self._held or coin in self.revealed():
            return 0
        return max(0, self.sight.next_block - self._held[coin][1].next_block)

    def _before(self, move: Move) -> Move | None:
        """The transfer that another one spends, from what was revealed or checked here; None: the deposit."""
        coin, number = move.transaction.coin, move.transaction.prev_block
        known = self._held[coin][1].moves if coin in self._held else ()
        found = next((one for one in (*self.sight.revealed[coin], *known) if one.number == number), None)
        if number and found is None:
            raise CoinRefused(
                f"coin {coin}: the transfer of block {number}, which that of {move.number} spends, is not known",
                hint="ask the payer for its history",
            )
        return found

    def _keep(self, history: History, standing: Standing) -> None:
        self._journal.append_durable(_COIN, encode_history(history))
        self._held[history.coin] = history, standing
        self._broken.pop(history.coin, None)

    def _replay(self) -> None:
        found: dict[int, History] = {}
        for entry in self._journal.read():
            if entry.stream == _COIN:
                history = decode_history(entry.payload)
                found[history.coin] = history
            elif entry.stream == _BLOCK:
                coin = int.from_bytes(entry.payload[:8], "big")
                found[coin] = found[coin].extended(decode_evidence(entry.payload, coin, 8)[0])
            else:
                one = decode_coin(entry.payload)
                self._signed.setdefault(one.coin, []).append(one)
        self.sight.step()
        self._turn = self.sight.turns
        for coin, history in found.items():
            self._hold(coin, history)

    def _hold(self, coin: int, history: History) -> None:
        """Keep of a history what the chain bears out now."""
        standing, checked = Standing(coin, history.record), 0
        for header, evidence in zip(self.sight.since(history.record.birth), history.evidence, strict=False):
            try:
                standing = standing.after(header, evidence, self.chain.domain)
            except HistoryBroken:
                break
            checked += 1
        self._broken.pop(coin, None)
        if checked < len(history.evidence):
            history = History(coin, history.record, history.evidence[:checked])
            # Written out: what comes now follows on this, not on what the chain took back.
            self._journal.append_durable(_COIN, encode_history(history))
        self._held[coin] = history, standing

    def _known(self, coin: int) -> tuple[History, Standing]:
        if coin not in self._held:
            raise CoinRefused(f"coin {coin} is not in this wallet", hint="receive it first")
        return self._held[coin]

    def _require_there(self, coin: int, record: CoinRecord) -> None:
        if not self.chain.holds(coin, record):
            raise CoinRefused(f"coin {coin} is not in the vault with this record", hint="it was paid, or never made")

    def _require_not_leaving(self, standing: Standing) -> None:
        running = self.sight.leaving.get(standing.coin, set())
        for number in (0, *(move.number for move in standing.moves)):
            if number in running:
                raise CoinRefused(f"coin {standing.coin} is leaving, by block {number}", hint="let it be refuted first")


def _may_come(signed: CoinTransaction, standing: Standing) -> bool:
    """Whether a signed transfer may be in a block that was not checked yet."""
    return signed.prev_block == standing.last_block and signed.expiry >= standing.next_block
