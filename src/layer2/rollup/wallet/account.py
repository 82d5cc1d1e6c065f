"""An account owner: one Ethereum key and the BLS key derived from it."""

from __future__ import annotations

from layer2.ethereum.assets import Asset, asset_at
from layer2.ethereum.sender import Sender
from layer2.ethereum.signer import Signer, as_signer
from layer2.primitives.bls import BlsKey
from layer2.primitives.ecdsa import to_compact
from layer2.primitives.hashing import keccak
from layer2.rollup.derivation.account_proof import AccountProof
from layer2.rollup.derivation.replica import Replica
from layer2.rollup.l1.contract import RollupContract
from layer2.rollup.protocol.errors import AccountUnknown, ViewIncomplete
from layer2.rollup.protocol.messages import Transfer, Withdraw
from layer2.rollup.state.state import Account, owner_of_address, owner_of_key
from layer2.rollup.wallet.account_history import History, HistoryEntry

__all__ = ["Owner"]

_KEY_PHRASE = b"layer2 rollup: derive my BLS key. Sign this only in your own wallet."


class Owner:
    """The keys of a user and their rollup accounts, as the replica last read them.

    Accounts are identified by number. An account holds one token, identified by its number in the rollup (0 is ether).
    """

    def __init__(self, rollup: RollupContract, signer: Signer, replica: Replica, sender: Sender | None = None) -> None:
        self.rollup = rollup
        self.signer = as_signer(signer)
        self.replica = replica
        self.sender = sender or Sender(rollup.connection, self.signer)
        self._bls: BlsKey | None = None
        self._owners: tuple[bytes, bytes] | None = None
        self._assets: dict[int, Asset] = {}
        self._history: History | None = None

    def __repr__(self) -> str:
        held, unheard = self.show(self.balance(incomplete=True)), ""
        if not self.complete:
            unheard = " and what is in entries it has not heard of"
        return f"<Wallet {self.signer.address} accounts={sorted(self.accounts)} {held}{unheard}>"

    @property
    def bls(self) -> BlsKey:
        """BLS key derived from a deterministic signature of the Ethereum key; the same key at every start."""
        if self._bls is None:
            self._bls = BlsKey.derive(self.signer.sign_digest(keccak(_KEY_PHRASE + self.rollup.domain.separator)))
        return self._bls

    @property
    def owners(self) -> tuple[bytes, bytes]:
        """Owner words of both keys: the address first, then the BLS key."""
        if self._owners is None:
            self._owners = owner_of_address(self.signer.address), owner_of_key(self.bls.public)
        return self._owners

    @property
    def accounts(self) -> dict[int, Account]:
        """Accounts of both keys by index, as of the head of the inbox."""
        head = self.replica.head
        return {
            index: head.accounts[index] for index in sorted(one for word in self.owners for one in head.owned(word))
        }

    def account(self, token: int = 0, *, bls: bool | None = None) -> int:
        """Return the first account of a token, optionally of one kind of key; raise AccountUnknown if there is none."""
        for index, one in self.accounts.items():
            if one.token == token and bls in (None, one.address is None):
                return index
        raise AccountUnknown(f"{self.signer.address} has no account of token {token}", hint="deposit first")

    @property
    def complete(self) -> bool:
        """True if every inbox entry known at the last read of L1 has been executed."""
        return self.replica.read and len(self.replica.entries) == self.replica.posted

    def require_complete(self, what: str, before: int | None = None) -> None:
        """Raise ViewIncomplete unless all inbox entries, or the first `before` of them, have been executed.

        Args:
            what: the requested value, named in the error message.
        """
        replica = self.replica
        end = replica.posted if before is None else before
        if replica.read and len(replica.entries) >= end:
            return
        unheard = f"{end - len(replica.entries)} of {replica.posted} entries" if replica.read else "the chain"
        why = f" ({replica.missing.args[0]})" if replica.missing is not None else ""
        raise ViewIncomplete(
            f"{what}: {self.signer.address} lacks {unheard}{why}, so its data is incomplete",
            hint="pass a beacon node or an archive with the data, or continue with incomplete",
        )

    def balance(self, token: int = 0, *, incomplete: bool = False) -> int:
        """Return the balance over all accounts of a token, in smallest units.

        Args:
            incomplete: count the known balances even if the data of some entries is unavailable.

        Raises:
            ViewIncomplete: some entries have not been executed, so the balance is unknown.
        """
        if not incomplete:
            self.require_complete("balance")
        return sum(one.balance for one in self.accounts.values() if one.token == token)

    def own(self, index: int) -> Account:
        """Return one of the owner's accounts; raise AccountUnknown if the account belongs to another owner."""
        one = self.accounts.get(index)
        if one is None:
            raise AccountUnknown(
                f"account {index} does not belong to {self.signer.address}",
                hint=f"use one of its accounts: {', '.join(map(str, self.accounts)) or 'none yet'}",
            )
        return one

    # ------------------------------------------------------------------------------------------------------ amounts

    def asset(self, token: int = 0) -> Asset:
        """Return a token's symbol and decimals."""
        if token not in self._assets:
            self._assets[token] = asset_at(self.rollup.connection, self.rollup.token_of(token))
        return self._assets[token]

    def amount(self, text: str | int, token: int = 0) -> int:
        """Parse an amount such as `"0.3 ether"` or `"12.5 USD"` into smallest units."""
        return self.asset(token).parse(text)

    def show(self, amount: int, token: int = 0) -> str:
        """Format an amount with its unit for display."""
        return self.asset(token).format(amount)

    # ------------------------------------------------------------------------------------------- history and proofs

    def history(self, *, incomplete: bool = False) -> list[HistoryEntry]:
        """Return the history of the accounts, from the first entry of the inbox to the last.

        Args:
            incomplete: stop at the last executed entry if the data of later entries is unavailable.

        Raises:
            ViewIncomplete: some entries have not been executed.
        """
        if not incomplete:
            self.require_complete("history")
        if self._history is None:
            self._history = History(self.replica, self.owners)
        return self._history.lines()

    def proof(self, account: int) -> AccountProof:
        """Return the proof of an account under the last final state."""
        return AccountProof.of(self.replica, self.replica.final(), account)

    def sign(self, message: Transfer | Withdraw) -> bytes:
        """Sign an operation with the key of its account. Give the signature to a sequencer only."""
        return self._signature(self.own(message.sender), message)

    # ---------------------------------------------------------------------------------------------------- internals

    def _signature(self, account: Account, message: Transfer | Withdraw) -> bytes:
        digest = message.digest(self.rollup.domain)
        return self.bls.sign(digest) if account.address is None else to_compact(self.signer.sign_digest(digest))
