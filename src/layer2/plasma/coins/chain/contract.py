"""Typed facade over the deployed coin chain: reverts come as `ContractReverted` with a name."""

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
    """The coin chain at an address."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self.connection = contract.connection
        self.address = contract.address
        self.domain = coin_domain(self.connection.chain_id, self.address)
        self.arguments: tuple[Any, ...] = ()
        """Of the constructor, when it was deployed here."""
        row = contract.call("config")
        self.profile = CoinProfile(*(int(value) for value in row[1:]))

    def __repr__(self) -> str:
        return f"<CoinChain {self.address} chain={self.connection.chain_id}>"

    @classmethod
    def deploy(cls, sender: Sender, operator: str, profile: CoinProfile = COIN_DEVNET) -> CoinChain:
        """Deploy the packaged contract."""
        require_windows(sender.connection, exit_period=profile.exit_period)
        times = (to_address(operator), profile.exit_period, profile.rotation_delay)
        row = (*times, profile.exit_bond, profile.challenge_bond, profile.bounty)
        made = cls(deploy(sender, load_artifact("CoinChain"), row))
        made.arguments = (row,)
        return made

    @classmethod
    def at(cls, connection: Connection, address: str) -> CoinChain:
        """Bind one that is deployed already; raises `InputError` when there is no code."""
        target = to_address(address)
        if not connection.code(target):
            raise InputError(f"coins: no code at {target} on chain {connection.chain_id}", hint="check the address")
        return cls(Contract(connection, target, load_artifact("CoinChain").abi))

    # ------------------------------------------------------------------------------------------------------- views

    def next_block(self) -> int:
        """The number of the block to come."""
        return int(self.contract.call("head")[1])

    def holds(self, coin: int, record: CoinRecord) -> bool:
        """Whether the coin was made like this, and was not paid."""
        return bytes(self.contract.call("coins", coin)) == record.hash

    def exit_of(self, coin: int, number: int) -> ExitView | None:
        """The running exit of a block's transfer, zero for the deposit."""
        found = self.exit(coin, number)
        return None if found is None else ExitView(number, found.prev_block)

    def exit(self, coin: int, number: int) -> CoinExit | None:
        """The same with all that the contract keeps of it."""
        owner, exitable_at, _, challenges, prev_owner, prev_block, nonce, _ = self.contract.call("exits", coin, number)
        if owner == ZERO_ADDRESS:
            return None
        # An exit of a deposit keeps what an exit before it left in the other slot.
        spent, signer = (int(prev_block), to_address(prev_owner)) if number else (0, ZERO_ADDRESS)
        return CoinExit(number, to_address(owner), int(exitable_at), int(challenges), spent, int(nonce), signer)

    def doubted_until(self, coin: int, number: int, nonce: int, challenge: ChallengeView) -> int:
        """Until when, in Unix seconds, a challenge of an exit's history can be answered; zero: it is not open."""
        key = self.contract.call("challengeId", coin, number, nonce, challenge.as_tuple())
        return int(self.contract.call("challenges", key))

    def operator(self) -> Address:
        """Who submits blocks."""
        return to_address(self.contract.call("head")[0])

    def next_operator(self) -> tuple[Address, int]:
        """Who was named to operate next, and from when on; zero and zero: nobody."""
        who, time = self.contract.call("nextOperator")
        return to_address(who), int(time)

    def coins_made(self) -> int:
        """How many coins were ever made."""
        return int(self.contract.call("head")[2])

    def owed(self, account: str, token: str = ZERO_ADDRESS) -> int:
        """What could not be pushed to an account, zero for ether."""
        return int(self.contract.call("owed", to_address(account), to_address(token)))

    def owed_token(self, token: str, number: int) -> Address:
        """To whom an ERC-721 token is owed that could not be pushed; the zero address: to nobody."""
        return to_address(self.contract.call("owedToken", to_address(token), number))

    # ------------------------------------------------------------------------------------------------------- calls

    def submit(self, sender: Sender, number: int, root: bytes) -> CoinHeader:
        """Submit a block: operator only."""
        receipt = self.contract.transact(sender, "submitBlock", number, root)
        return CoinHeader(number, root, int(self.contract.events(receipt, "BlockSubmitted")[0].args["time"]))

    def deposit_ether(self, sender: Sender, amount: int) -> tuple[int, CoinRecord]:
        """Make a coin of wei; the coin and its record."""
        return self._made(self.contract.transact(sender, "depositEther", value=amount))

    def deposit_erc20(self, sender: Sender, token: str, amount: int) -> tuple[int, CoinRecord]:
        """Make a coin of a token amount that was approved; the coin and its record."""
        return self._made(self.contract.transact(sender, "depositErc20", to_address(token), amount))

    def deposit_erc721(self, sender: Sender, token: str, number: int) -> tuple[int, CoinRecord]:
        """Make a coin of an ERC-721 token that was approved; the coin and its record."""
        return self._made(self.contract.transact(sender, "depositErc721", to_address(token), number))

    def make(self, sender: Sender, call: Call) -> Receipt:
        """Make a call of `layer2.plasma.coins.chain.exit_proofs`, with its bond."""
        bonds = {"": 0, "exit": self.profile.exit_bond, "challenge": self.profile.challenge_bond}
        return self.contract.transact(sender, call.name, *call.args, value=bonds[call.bond])

    def cancel(self, sender: Sender, coin: int, number: int) -> Receipt:
        """Take an exit back that nobody challenges: its owner only."""
        return self.contract.transact(sender, "cancelExit", coin, number)

    def claim(self, sender: Sender, *dues: tuple[int, int, CoinRecord], gas: int | None = None) -> Receipt:
        """Pay exits to their owners: coin, block of the exit, record of each; the bounty goes to the caller."""
        return self.contract.transact(
            sender, "claim", [(coin, number, record.as_tuple()) for coin, number, record in dues], gas=gas
        )

    def withdraw(self, sender: Sender, token: str, to: Address) -> Receipt:
        """Take what could not be pushed."""
        return self.contract.transact(sender, "withdraw", to_address(token), to)

    def withdraw_token(self, sender: Sender, token: str, number: int, to: Address) -> Receipt:
        """Take an ERC-721 token that could not be pushed."""
        return self.contract.transact(sender, "withdrawToken", to_address(token), number, to)

    def _made(self, receipt: Receipt) -> tuple[int, CoinRecord]:
        args: dict[str, Any] = self.contract.events(receipt, "CoinDeposited")[0].args
        record = CoinRecord(args["owner"], Kind(args["kind"]), args["token"], args["value"], args["birth"])
        return int(args["coin"]), record
