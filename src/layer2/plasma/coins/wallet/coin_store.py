"""The coins of one key, received only with a verified history and followed block by block.

The wallet trusts only the Ethereum node. It stores the history of each coin, which the next owner also needs, in a
journal. Each signed transfer is journaled before it is released, so that a restart cannot sign a coin twice.
"""

from __future__ import annotations

from layer2.ethereum.sender import Sender
from layer2.ethereum.signer import LocalSigner, Signer, as_signer
from layer2.plasma.coins.chain.contract import CoinChain
from layer2.plasma.coins.chain.exit_proofs import Call, contradiction, exit_kit, kit_of
from layer2.plasma.coins.chain.state import CoinChainState
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

__all__ = ["CoinStore"]

_COIN, _BLOCK, _SIGNED = "coin", "block", "signed"
"""Journal streams: a history, the evidence of one more block, and a signed transfer."""


class CoinStore:
    """Coins of a key on a coin chain.

    The journal's content is verified against the chain at start and after each reorganisation. If a reorganisation
    invalidates a history, its valid prefix is kept.

    Args:
        key: Signs transfers; any account that signs typed data.
        chain_state: Chain state, which wallets may share; by default the wallet creates its own.
    """

    def __init__(
        self, chain: CoinChain, key: PrivateKey | Signer, journal: Journal, chain_state: CoinChainState | None = None
    ) -> None:
        self.chain = chain
        self.chain_state = chain_state or CoinChainState(chain)
        self._signer = LocalSigner(key) if isinstance(key, PrivateKey) else as_signer(key)
        self._journal = journal
        self._turn = 0
        self._held: dict[int, tuple[History, Standing]] = {}
        self._broken: dict[int, HistoryBroken] = {}
        self._signed: dict[int, list[CoinTransaction]] = {}
        self._replay()

    def __repr__(self) -> str:
        return f"<CoinStore {self.address} coins={len(self.coins())}>"

    @property
    def address(self) -> Address:
        """Address of the coins' owner."""
        return self._signer.address

    def coins(self) -> list[int]:
        """Return the unpaid coins that the key owns as of the last verified blocks."""
        mine = (coin for coin, (_, standing) in self._held.items() if standing.owner == self.address)
        return sorted(coin for coin in mine if coin not in self.chain_state.paid)

    def knows(self, coin: int) -> bool:
        """Return True if the wallet stores a coin, even if it was transferred since."""
        return coin in self._held

    def look(self) -> None:
        """Read the chain; verify histories again after a reorganisation. Raise the errors of `CoinChainState.step`."""
        self.chain_state.step()
        if self.chain_state.turns != self._turn:
            self._turn = self.chain_state.turns
            for coin, (history, _) in self._held.items():
                self._hold(coin, history)

    def signed_over(self, coin: int) -> CoinTransaction | None:
        """Return the signed transfer of a coin that an unverified block may still include, or None."""
        standing = self._known(coin)[1]
        return next((one for one in self._signed.get(coin, ()) if _may_come(one, standing)), None)

    def revealed(self) -> dict[int, Move]:
        """Return coins of the key that are known only from responses on chain, with the transfer that was shown.

        These coins can be defended. They can also exit if the previous transfer is known.
        """
        found = {}
        for coin, moves in self.chain_state.revealed.items():
            mine = [one for one in moves if to_address(one.transaction.new_owner) == self.address]
            last = max(mine, key=lambda one: one.number, default=None)
            if last is None or coin in self.chain_state.paid or coin in self.coins():
                continue
            spent = any(one.prev_block == last.number for one in self._signed.get(coin, ()))
            passed = coin in self._held and self._held[coin][1].spend_of(last.number) is not None
            if not (spent or passed):
                found[coin] = last
        return found

    def last_block(self, coin: int) -> int:
        """Return the block of the transfer that gave the key a coin (zero: deposit); raise CoinRefused."""
        found = self.revealed().get(coin)
        return found.number if found else self._known(coin)[1].last_block

    def broken(self, coin: int) -> HistoryBroken | None:
        """Return the invalid transfer of a coin that a block includes, or None; such a coin can only exit."""
        return self._broken.get(coin)

    def standing(self, coin: int) -> Standing:
        """Return the proven state of a coin; raise `CoinRefused` if it is unknown."""
        return self._known(coin)[1]

    def history(self, coin: int) -> History:
        """Return the history that the next owner needs; raise `CoinRefused` if the coin is unknown."""
        return self._known(coin)[0]

    # --------------------------------------------------------------------------------------------------- receiving

    def deposited(self, coin: int, record: CoinRecord) -> None:
        """Add a coin that this key deposited."""
        if record.owner != self.address:
            raise CoinRefused(f"coin {coin:#x} was deposited by {record.owner}", hint="receive its history")
        self._require_there(coin, record)
        self._keep(History(coin, record, ()), Standing(coin, record))

    def receive(self, history: History) -> Standing:
        """Receive a coin if its whole history is valid and no state of it is exiting.

        Raises:
            HistoryBroken: The history is invalid.
            CoinRefused: The coin was paid, has another record or owner, or one of its states is exiting.
        """
        coin = history.coin
        self._require_there(coin, history.record)
        self.look()
        if self.chain_state.next_block != self.chain.next_block():
            # If the node omitted headers, a truncated history would seem complete.
            raise CoinRefused(
                f"blocks of coins up to {self.chain_state.next_block - 1} were read, and the next one is "
                f"{self.chain.next_block()}",
                hint="the node is behind: try again in a moment",
            )
        standing = check_history(history, self.chain_state.since(history.record.birth), self.chain.domain)
        if standing.owner != self.address:
            raise CoinRefused(
                f"coin {coin:#x} belongs to {standing.owner}, not to {self.address}", hint="wait for the block"
            )
        self._require_not_leaving(standing)
        self._keep(history, standing)
        return standing

    def follow(self, coin: int, *evidence: Evidence) -> Standing:
        """Verify the next blocks for a coin; a broken coin can only exit.

        Raises:
            HistoryBroken: A block includes an invalid transfer, or a proof is invalid. Proofs before it are kept.
            CoinRefused: The next block was not submitted yet.
        """
        self.look()
        history, standing = self._known(coin)
        if coin in self._broken:
            raise self._broken[coin]
        headers = self.chain_state.since(standing.next_block)
        if len(headers) < len(evidence):
            missing = standing.next_block + len(headers)
            raise CoinRefused(f"coin {coin:#x}: block {missing} was not submitted yet", hint="wait for it")
        try:
            for header, one in zip(headers, evidence, strict=False):
                standing = standing.after(header, one, self.chain.domain)
                history = history.extended(one)
                self._journal.append(_BLOCK, coin.to_bytes(8, "big") + encode_evidence(one))
        except HistoryBroken as broken:
            # An invalid proof is not a fault of the block, so its sender must not invalidate the coin.
            if broken.proven:
                self._broken[coin] = broken
            raise
        finally:
            self._journal.commit()
            self._held[coin] = history, standing
        return standing

    # ------------------------------------------------------------------------------------------------- passing on

    def transfer(self, coin: int, to: str, expiry: int) -> SignedCoin:
        """Sign a transfer of a coin. Another one can be signed only after the last one has expired unused.

        Raises:
            CoinRefused: The coin has another owner, a broken history or a running exit, or another signed transfer may
                still be included.
            RangeError: The expiry has passed.
        """
        self.look()
        standing = self._known(coin)[1]
        if standing.owner != self.address:
            raise CoinRefused(f"coin {coin:#x} belongs to {standing.owner}", hint="only its owner can transfer it")
        if coin in self._broken:
            raise CoinRefused(f"coin {coin:#x} has a broken history: {self._broken[coin].args[0]}", hint="exit it")
        self._require_not_leaving(standing)
        if expiry < standing.next_block:
            raise RangeError(f"expiry {expiry} is before the next block {standing.next_block}", hint="use a later one")
        one = CoinTransaction(coin, standing.last_block, address_bytes(to_address(to)), expiry)
        # All signed transfers are checked, because a reorganisation may make an expired one includable again.
        before = self.signed_over(coin)
        if before is not None and before != one:
            raise CoinRefused(
                f"coin {coin:#x} is signed over to 0x{before.new_owner.hex()} until block {before.expiry}",
                hint="wait for that block: two transfers of a coin are a double spend",
            )
        if before != one:
            self._journal.append_durable(_SIGNED, one.packed)
            self._signed.setdefault(coin, []).append(one)
        return SignedCoin(one, to_compact(self._signer.sign_typed(one.message, self.chain.domain)))

    # ------------------------------------------------------------------------------------------------------ exits

    def exit_kit(self, coin: int) -> Call:
        """Return the call that exits a coin without the operator; store it where the operator cannot reach it."""
        found = self.revealed().get(coin)
        if found is not None:
            return kit_of(self.chain_state.records[coin], self._before(found), found)
        standing = self._known(coin)[1]
        if standing.owner != self.address:
            raise CoinRefused(f"coin {coin:#x} belongs to {standing.owner}", hint="only its owner can exit it")
        return exit_kit(standing)

    def exit(self, sender: Sender, coin: int, *, though_signed: bool = False, incomplete: bool = False) -> None:
        """Start the exit of a coin.

        Args:
            incomplete: Exit although blocks are unverified and no transfer that they may include was signed here. If
                another wallet with this key has signed one, it refutes the exit, and the bond is lost.
            though_signed: Exit although an unverified block may include a signed transfer, because the operator
                withholds block data. Anyone who finds that transfer can refute the exit and take its bond.

        Raises:
            CoinRefused: A signed transfer may be in a block that was not verified.
            ViewIncomplete: Blocks are unverified, and the coin is not known to be broken.
        """
        self.look()
        signed = self.signed_over(coin) if coin in self._held else None
        if signed is not None and not though_signed:
            raise CoinRefused(
                f"coin {coin:#x} is signed over until block {signed.expiry}",
                hint="sync up to that block, or exit with though_signed",
            )
        behind = 0 if signed is not None or coin in self._broken else self._behind(coin)
        if behind and not incomplete:
            raise ViewIncomplete(
                f"coin {coin:#x}: {behind} of {len(self.chain_state.headers)} blocks were not verified for it",
                hint="pass another operator or source of blocks, or exit with incomplete",
            )
        self.chain.make(sender, self.exit_kit(coin))

    def guard(self, coin: int, number: int) -> Call | None:
        """Return the challenge of a running exit of this wallet's coin, or None."""
        found = self.chain.exit_of(coin, number)
        return contradiction(self._known(coin)[1], found) if found else None

    # ---------------------------------------------------------------------------------------------------- private

    def _behind(self, coin: int) -> int:
        """Return the number of unverified blocks of a stored coin."""
        if coin not in self._held or coin in self.revealed():
            return 0
        return max(0, self.chain_state.next_block - self._held[coin][1].next_block)

    def _before(self, move: Move) -> Move | None:
        """Return the transfer that another one spends, from revealed or verified transfers; None for the deposit."""
        coin, number = move.transaction.coin, move.transaction.prev_block
        known = self._held[coin][1].moves if coin in self._held else ()
        found = next((one for one in (*self.chain_state.revealed[coin], *known) if one.number == number), None)
        if number and found is None:
            raise CoinRefused(
                f"coin {coin:#x}: the transfer of block {number}, which that of {move.number} spends, is not known",
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
        self.chain_state.step()
        self._turn = self.chain_state.turns
        for coin, history in found.items():
            self._hold(coin, history)

    def _hold(self, coin: int, history: History) -> None:
        """Keep the prefix of a history that the chain still confirms."""
        standing, checked = Standing(coin, history.record), 0
        for header, evidence in zip(self.chain_state.since(history.record.birth), history.evidence, strict=False):
            try:
                standing = standing.after(header, evidence, self.chain.domain)
            except HistoryBroken:
                break
            checked += 1
        self._broken.pop(coin, None)
        if checked < len(history.evidence):
            history = History(coin, history.record, history.evidence[:checked])
            # The shortened history is written, because the next evidence extends it.
            self._journal.append_durable(_COIN, encode_history(history))
        self._held[coin] = history, standing

    def _known(self, coin: int) -> tuple[History, Standing]:
        if coin not in self._held:
            raise CoinRefused(f"coin {coin:#x} is not in this wallet", hint="receive it first")
        return self._held[coin]

    def _require_there(self, coin: int, record: CoinRecord) -> None:
        if not self.chain.holds(coin, record):
            raise CoinRefused(
                f"coin {coin:#x} is not in the contract with this record", hint="it was paid out, or never deposited"
            )

    def _require_not_leaving(self, standing: Standing) -> None:
        running = self.chain_state.leaving.get(standing.coin, ())
        for number in (0, *(move.number for move in standing.moves)):
            if number in running:
                raise CoinRefused(
                    f"coin {standing.coin:#x} is exiting from block {number}", hint="challenge that exit first"
                )


def _may_come(signed: CoinTransaction, standing: Standing) -> bool:
    """Return True if an unverified block may include a signed transfer."""
    return signed.prev_block == standing.last_block and signed.expiry >= standing.next_block
