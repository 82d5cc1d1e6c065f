"""A coin wallet with an account that sends its transactions, and an operator or other sources of blocks."""

from __future__ import annotations

from collections.abc import Iterable

from layer2.ethereum.assets import allow
from layer2.ethereum.contract import Contract
from layer2.ethereum.records import Receipt
from layer2.ethereum.sender import Sender
from layer2.plasma.coins.chain.block_sources import CoinSource
from layer2.plasma.coins.chain.operator_client import BodyEvidence, CoinOperatorClient, EvidenceSource
from layer2.plasma.coins.protocol.coin_history import History, Standing
from layer2.plasma.coins.protocol.errors import CoinRefused, HistoryBroken
from layer2.plasma.coins.protocol.records import CoinExit, CoinRecord
from layer2.plasma.coins.protocol.transfer import SignedCoin
from layer2.plasma.coins.wallet.coin_store import CoinStore
from layer2.plasma.coins.wallet.exit_guard import GuardAction, guard
from layer2.plasma.payments.wallet.payments import LIFETIME
from layer2.primitives.addresses import ZERO_ADDRESS, Address, to_address
from layer2.primitives.errors import InputError, Layer2Error, RangeError

__all__ = ["CoinWallet"]

_APPROVE = [
    {
        "type": "function",
        "name": "approve",
        "stateMutability": "nonpayable",
        "inputs": [{"name": "to", "type": "address"}, {"name": "id", "type": "uint256"}],
        "outputs": [],
    }
]


class CoinWallet:
    """Deposits, transfers, receives, exits and guards the coins of one key.

    Args:
        sender: Pays gas and bonds; must be the wallet's own account, because only an owner can start an exit.
        gate: The operator; without it coins can be deposited, guarded and exited, but not transferred.
        sources: Sources of block data, queried in order if the operator does not respond.
        lifetime: Number of blocks within which a transfer must be included.
    """

    def __init__(
        self,
        wallet: CoinStore,
        sender: Sender,
        gate: CoinOperatorClient | None = None,
        sources: Iterable[CoinSource] = (),
        *,
        lifetime: int = LIFETIME,
    ) -> None:
        self.wallet = wallet
        self.sender = sender
        self.gate = gate
        self.lifetime = lifetime
        self._others = [BodyEvidence(one, wallet.chain_state) for one in sources]

    def __repr__(self) -> str:
        return f"<CoinWallet {self.address} coins={len(self.wallet.coins())}>"

    @property
    def address(self) -> Address:
        """Address of the coins' owner."""
        return self.wallet.address

    def coins(self) -> list[int]:
        """Return the coins of this wallet."""
        return self.wallet.coins()

    # ------------------------------------------------------------------------------------------------------ deposits

    def deposit_ether(self, amount: int) -> int:
        """Deposit wei as a new coin; return its number."""
        return self._made(self.wallet.chain.deposit_ether(self.sender, amount))

    def deposit_erc20(self, token: str, amount: int) -> int:
        """Approve and deposit a token amount as a new coin; return its number."""
        allow(self.sender, token, self.wallet.chain.address, amount)
        return self._made(self.wallet.chain.deposit_erc20(self.sender, token, amount))

    def deposit_nft(self, token: str, number: int) -> int:
        """Approve and deposit an ERC-721 token as a new coin; return the coin's number."""
        connection, target = self.sender.connection, to_address(token)
        if not connection.code(target):
            raise InputError(f"token: no code at {target} on chain {connection.chain_id}", hint="check the address")
        Contract(connection, target, _APPROVE).transact(self.sender, "approve", self.wallet.chain.address, number)
        return self._made(self.wallet.chain.deposit_erc721(self.sender, target, number))

    # ------------------------------------------------------------------------------------------------------ following

    def sync(self) -> list[Layer2Error]:
        """Read the chain, add own deposits, and verify the new blocks of each coin.

        Returns:
            The failures: HistoryBroken for an invalid transfer or proof, and the errors of sources that did not
                respond.
            A failure of one coin does not affect the others.
        """
        wallet = self.wallet
        faults: list[Layer2Error] = []
        wallet.look()
        for coin in wallet.chain_state.deposits_of(self.address):
            record = wallet.chain_state.records[coin]
            if not wallet.knows(coin) and coin not in wallet.chain_state.paid and wallet.chain.holds(coin, record):
                wallet.deposited(coin, record)
        for coin in wallet.coins():
            broken = wallet.broken(coin)
            if broken is not None:
                faults.append(broken)
                continue
            faults += self._follow(coin)
        return faults

    def send(self, coin: int, to: str, *, expiry: int | None = None) -> SignedCoin:
        """Sign a transfer and submit it to the operator; repeating it with the same payee is safe.

        Raises:
            CoinRefused: Nothing was signed.
            Rejected: The operator rejected the transfer.
        """
        if self.gate is None:
            raise InputError(f"coin {coin:#x}: this wallet has no operator", hint="pass its URL")
        target, before = to_address(to), self.wallet.signed_over(coin)
        again = before is not None and to_address(before.new_owner) == target
        until = expiry or (
            before.expiry if before and again else self.wallet.chain_state.next_block - 1 + self.lifetime
        )
        signed = self.wallet.transfer(coin, target, until)
        self.gate.submit(signed)
        return signed

    def receive(self, history: History) -> Standing:
        """Receive a coin with the history from its payer, extended by proofs of the blocks since.

        Raise the errors of `CoinStore.receive`.
        """
        self.wallet.look()
        fault: Layer2Error | None = None
        for source in self._sources():
            try:
                return self.wallet.receive(self._completed(history, source))
            except HistoryBroken as broken:
                if broken.proven:
                    raise
                fault = broken
            except (CoinRefused, RangeError):
                raise
            except Layer2Error as silent:
                fault = silent
        if fault is not None and not self._whole(history):
            raise fault
        return self.wallet.receive(history)

    def fetch(self, coin: int) -> Standing:
        """Receive a coin with the history that the operator serves from its deposit on, verified as usual."""
        self.wallet.look()
        record = self.wallet.chain_state.records.get(coin)
        if record is None:
            raise CoinRefused(f"coin {coin:#x} was never deposited", hint="check its number")
        return self.receive(History(coin, record, ()))

    # ------------------------------------------------------------------------------------------------------- leaving

    def exit(self, coin: int, *, though_signed: bool = False, incomplete: bool = False) -> CoinExit:
        """Start the exit of a coin without any other party. Raise the errors of `CoinStore.exit`."""
        self.wallet.exit(self.sender, coin, though_signed=though_signed, incomplete=incomplete)
        self.wallet.look()
        found = self.exit_of(coin)
        assert found is not None  # The exit has just been started.
        return found

    def cancel(self, coin: int) -> Receipt:
        """Cancel this wallet's exit of a coin; raise CoinRefused if there is none."""
        found = self.exit_of(coin)
        if found is None:
            raise CoinRefused(f"coin {coin:#x}: no exit of {self.address} is running", hint="nothing to cancel")
        receipt = self.wallet.chain.cancel(self.sender, coin, found.number)
        self.wallet.look()
        return receipt

    def exit_of(self, coin: int) -> CoinExit | None:
        """Return this wallet's running exit of a coin, or None."""
        found = self.wallet.chain.exit(coin, self.wallet.last_block(coin))
        return found if found is not None and found.owner == self.address else None

    def claim(self) -> tuple[list[int], Receipt | None]:
        """Claim all mature exits of this wallet; return the coins, and the receipt or None if there were none."""
        now, wallet = self.sender.connection.timestamp(), self.wallet
        wallet.look()
        due: list[tuple[int, int, CoinRecord]] = []
        for coin in (*wallet.coins(), *wallet.revealed()):
            found = self.exit_of(coin) if coin in wallet.chain_state.leaving else None
            if found is not None and found.exitable_at < now and not found.challenges:
                due.append((coin, found.number, wallet.chain_state.records[coin]))
        receipt = wallet.chain.finalize_exits(self.sender, *due) if due else None
        wallet.look()
        return [coin for coin, _, _ in due], receipt

    def guard(self, *, though_signed: bool = False) -> list[GuardAction]:
        """Challenge exits of this wallet's coins by others, and answer challenges of its own exits.

        Return the actions taken and those that are impossible. `though_signed` includes coins with a signed transfer
        that withheld blocks may include, at the risk of bonds.
        """
        self.wallet.look()
        done = guard(self.wallet, self.sender, though_signed=though_signed)
        self.wallet.look()
        return done

    def withdraw(self, token: str = ZERO_ADDRESS, to: str | None = None) -> Receipt:
        """Withdraw a deferred payout of ether or tokens."""
        return self.wallet.chain.withdraw_pending(self.sender, token, to_address(to or self.address))

    def withdraw_nft(self, token: str, number: int, to: str | None = None) -> Receipt:
        """Withdraw a deferred ERC-721 token."""
        return self.wallet.chain.withdraw_pending_nft(self.sender, token, number, to_address(to or self.address))

    # ------------------------------------------------------------------------------------------------------- inside

    def _made(self, made: tuple[int, CoinRecord]) -> int:
        coin, record = made
        self.wallet.deposited(coin, record)
        self.wallet.look()
        return coin

    def _whole(self, history: History) -> bool:
        return history.record.birth + len(history.evidence) >= self.wallet.chain_state.next_block

    def _completed(self, history: History, source: EvidenceSource) -> History:
        """Return the history extended by the proofs that a source has of the following blocks."""
        evidence, end = list(history.evidence), self.wallet.chain_state.next_block - history.record.birth
        while len(evidence) < end:
            more = source.coin_evidence(history.coin, history.record.birth + len(evidence))
            if not more:
                break
            evidence += more
        return History(history.coin, history.record, tuple(evidence[: max(end, len(history.evidence))]))

    def _sources(self) -> list[EvidenceSource]:
        return [*([self.gate] if self.gate is not None else []), *self._others]

    def _follow(self, coin: int) -> list[Layer2Error]:
        """Follow a coin with the sources in order; return the failures if unverified blocks remain."""
        wallet = self.wallet
        faults: list[Layer2Error] = []
        for source in self._sources():
            try:
                while wallet.standing(coin).next_block < wallet.chain_state.next_block:
                    more = source.coin_evidence(coin, wallet.standing(coin).next_block)
                    ahead = wallet.chain_state.next_block - wallet.standing(coin).next_block
                    if not more:
                        break
                    wallet.follow(coin, *more[:ahead])
            except HistoryBroken as broken:
                faults.append(broken)
                if broken.proven:
                    break
            except Layer2Error as fault:
                faults.append(fault)
        return faults if wallet.standing(coin).next_block < wallet.chain_state.next_block else []
