"""Typed wrapper of the deployed coin chain contract. Reverts are raised as `ContractReverted` with the error's name."""

from __future__ import annotations

from typing import Any

from layer2.ethereum.artifacts import load_artifact
from layer2.ethereum.connection import Connection
from layer2.ethereum.contract import Contract, deploy
from layer2.ethereum.records import Receipt
from layer2.ethereum.sender import Sender
from layer2.ethereum.windows import require_windows
from layer2.plasma.coins.chain.exit_proofs import Call, ChallengeView, ExitView
from layer2.plasma.coins.protocol.config import COIN_DEVNET, COIN_PUBLIC, CoinProfile
from layer2.plasma.coins.protocol.records import CoinExit, CoinHeader, CoinRecord, Kind
from layer2.plasma.coins.protocol.transfer import coin_domain
from layer2.primitives.addresses import ZERO_ADDRESS, Address, to_address
from layer2.primitives.errors import InputError

__all__ = ["COIN_DEVNET", "COIN_PUBLIC", "CoinChain", "CoinProfile"]


class CoinChain:
    """The coin chain contract at an address."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self.connection = contract.connection
        self.address = contract.address
        self.domain = coin_domain(self.connection.chain_id, self.address)
        self.arguments: tuple[Any, ...] = ()
        """Constructor arguments; empty unless this process deployed the contract."""
        row = contract.call("config")
        self.profile = CoinProfile(*(int(value) for value in row[1:]))

    def __repr__(self) -> str:
        return f"<CoinChain {self.address} chain={self.connection.chain_id}>"

    @classmethod
    def deploy(cls, sender: Sender, operator: str, profile: CoinProfile = COIN_DEVNET) -> CoinChain:
        """Deploy the packaged contract and return its wrapper."""
        require_windows(sender.connection, exit_period=profile.exit_period)
        times = (to_address(operator), profile.exit_period, profile.rotation_delay)
        row = (*times, profile.exit_bond, profile.challenge_bond, profile.bounty)
        made = cls(deploy(sender, load_artifact("CoinChain"), row))
        made.arguments = (row,)
        return made

    @classmethod
    def at(cls, connection: Connection, address: str) -> CoinChain:
        """Bind a deployed contract; raise `InputError` if the address has no code."""
        target = to_address(address)
        if not connection.code(target):
            raise InputError(f"coins: no code at {target} on chain {connection.chain_id}", hint="check the address")
        return cls(Contract(connection, target, load_artifact("CoinChain").abi))

    # ------------------------------------------------------------------------------------------------------- views

    def next_block(self) -> int:
        """Return the number of the next block."""
        return int(self.contract.call("head")[1])

    def holds(self, coin: int, record: CoinRecord) -> bool:
        """Return True if the coin exists with this record and has not been paid out."""
        return bytes(self.contract.call("coins", coin)) == record.hash

    def exit_of(self, coin: int, number: int) -> ExitView | None:
        """Return the running exit of the transfer in block `number` (zero for the deposit), or None."""
        found = self.exit(coin, number)
        return None if found is None else ExitView(number, found.prev_block)

    def exit(self, coin: int, number: int) -> CoinExit | None:
        """Return the running exit of the transfer in block `number` with all stored fields, or None."""
        owner, exitable_at, _, challenges, prev_owner, prev_block, nonce, _ = self.contract.call("exits", coin, number)
        if owner == ZERO_ADDRESS:
            return None
        # An exit of a deposit does not overwrite the second storage slot, which may hold values of an earlier exit.
        spent, signer = (int(prev_block), to_address(prev_owner)) if number else (0, ZERO_ADDRESS)
        return CoinExit(number, to_address(owner), int(exitable_at), int(challenges), spent, int(nonce), signer)

    def doubted_until(self, coin: int, number: int, nonce: int, challenge: ChallengeView) -> int:
        """Return the response deadline of a history challenge in Unix seconds, or zero if the challenge is not open."""
        key = self.contract.call("challengeId", coin, number, nonce, challenge.as_tuple())
        return int(self.contract.call("challenges", key))

    def operator(self) -> Address:
        """Return the address that submits blocks."""
        return to_address(self.contract.call("head")[0])

    def pending_operator(self) -> tuple[Address, int]:
        """Return the proposed operator and the time from which it may take over; both are zero if none is proposed."""
        who, time = self.contract.call("pendingOperator")
        return to_address(who), int(time)

    def coins_made(self) -> int:
        """Return the number of coins ever created."""
        return int(self.contract.call("head")[2])

    def owed(self, account: str, token: str = ZERO_ADDRESS) -> int:
        """Return the amount of a deferred payout to an account; a zero token address means ether."""
        return int(self.contract.call("pendingWithdrawals", to_address(account), to_address(token)))

    def pending_nft(self, token: str, number: int) -> Address:
        """Return the account to which a deferred ERC-721 token is owed, or the zero address."""
        return to_address(self.contract.call("pendingNft", to_address(token), number))

    # ------------------------------------------------------------------------------------------------------- calls

    def submit(self, sender: Sender, number: int, root: bytes) -> CoinHeader:
        """Submit a block. Only the operator may call this."""
        receipt = self.contract.transact(sender, "submitBlock", number, root)
        return CoinHeader(number, root, int(self.contract.events(receipt, "BlockSubmitted")[0].args["time"]))

    def deposit_ether(self, sender: Sender, amount: int) -> tuple[int, CoinRecord]:
        """Deposit wei as a new coin; return the coin and its record."""
        return self._made(self.contract.transact(sender, "depositETH", value=amount))

    def deposit_erc20(self, sender: Sender, token: str, amount: int) -> tuple[int, CoinRecord]:
        """Deposit an approved token amount as a new coin; return the coin and its record."""
        return self._made(self.contract.transact(sender, "depositErc20", to_address(token), amount))

    def deposit_erc721(self, sender: Sender, token: str, number: int) -> tuple[int, CoinRecord]:
        """Deposit an approved ERC-721 token as a new coin; return the coin and its record."""
        return self._made(self.contract.transact(sender, "depositErc721", to_address(token), number))

    def make(self, sender: Sender, call: Call) -> Receipt:
        """Send a call of `layer2.plasma.coins.chain.exit_proofs` with its bond."""
        bonds = {"": 0, "exit": self.profile.exit_bond, "challenge": self.profile.challenge_bond}
        return self.contract.transact(sender, call.name, *call.args, value=bonds[call.bond])

    def cancel(self, sender: Sender, coin: int, number: int) -> Receipt:
        """Cancel an unchallenged exit. Only its owner may call this."""
        return self.contract.transact(sender, "cancelExit", coin, number)

    def finalize_exits(self, sender: Sender, *dues: tuple[int, int, CoinRecord], gas: int | None = None) -> Receipt:
        """Pay out exits, each given as coin, exit block and record; the caller receives the bounties."""
        return self.contract.transact(
            sender, "finalizeExits", [(coin, number, record.as_tuple()) for coin, number, record in dues], gas=gas
        )

    def withdraw_pending(self, sender: Sender, token: str, to: Address) -> Receipt:
        """Withdraw the caller's deferred payout of a token."""
        return self.contract.transact(sender, "withdrawPending", to_address(token), to)

    def withdraw_pending_nft(self, sender: Sender, token: str, number: int, to: Address) -> Receipt:
        """Withdraw a deferred ERC-721 token."""
        return self.contract.transact(sender, "withdrawPendingNft", to_address(token), number, to)

    def _made(self, receipt: Receipt) -> tuple[int, CoinRecord]:
        args: dict[str, Any] = self.contract.events(receipt, "CoinDeposited")[0].args
        record = CoinRecord(args["owner"], Kind(args["kind"]), args["token"], args["value"], args["birth"])
        return int(args["coin"]), record
