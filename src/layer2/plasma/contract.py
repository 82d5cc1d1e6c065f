"""Typed facade over the deployed RootChain: a method for each entry point; reverts are `ContractReverted` by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from layer2.ethereum.artifacts import load_artifact
from layer2.ethereum.connection import Connection
from layer2.ethereum.contract import Contract, deploy
from layer2.ethereum.records import Receipt
from layer2.ethereum.sender import Sender
from layer2.plasma.blocks import Header
from layer2.plasma.messages import plasma_domain
from layer2.plasma.records import DEVNET, Exit, ExitStatus, InFlight, InFlightStatus, Profile, Proof, Spend
from layer2.plasma.transaction import Deposit
from layer2.primitives.addresses import Address, address_bytes, to_address
from layer2.primitives.errors import InputError

__all__ = ["RootChain", "deposit_of_event"]


class RootChain:
    """The RootChain at an address. Amounts in smallest units, times in Unix seconds."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self.connection = contract.connection
        self.address = contract.address
        self.domain = plasma_domain(self.connection.chain_id, self.address)
        self.arguments: tuple[Any, ...] = ()
        """What the constructor was given, when this object made the contract: for the record of the deployment."""

    def __repr__(self) -> str:
        return f"<RootChain {self.address} chain={self.connection.chain_id}>"

    @classmethod
    def deploy(cls, sender: Sender, operator: str, profile: Profile = DEVNET) -> RootChain:
        """Deploy the packaged contract."""
        arguments = (profile.row(operator),)
        made = cls(deploy(sender, load_artifact("RootChain"), *arguments))
        made.arguments = arguments
        return made

    @classmethod
    def at(cls, connection: Connection, address: str) -> RootChain:
        """Bind a contract that is deployed already; raises `InputError` when there is no code."""
        target = to_address(address)
        if not connection.code(target):
            raise InputError(
                f"RootChain: no code at {target} on chain {connection.chain_id}", hint="deploy it, or check the address"
            )
        return cls(Contract(connection, target, load_artifact("RootChain").abi))

    # ------------------------------------------------------------------------------------------------------- views

    def profile(self) -> tuple[Address, Profile]:
        """Who operated at the beginning, and the parameters."""
        operator, validity, permit2, *rest = self.contract.call("config")
        period, rotation, data, exits, in_flight, piggyback, data_bond, bounty = map(int, rest)
        bonds = (exits, in_flight, piggyback, data_bond, bounty)
        return to_address(operator), Profile(period, rotation, data, *bonds, to_address(validity), to_address(permit2))

    def head(self) -> tuple[Address, int, int, bool]:
        """Operator, next block, next deposit, whether frozen."""
        operator, block, deposit, frozen = self.contract.call("head")
        return to_address(operator), int(block), int(deposit), bool(frozen)

    def block_hash(self, number: int) -> bytes:
        """What the chain keeps of a block: the hash of its header; zeros if there is none."""
        return bytes(self.contract.call("blocks", number))

    def deposit_hash(self, number: int) -> bytes:
        """What the chain keeps of a deposit: the hash of its record; zeros if there is none."""
        return bytes(self.contract.call("deposits", number))

    def exit_of(self, output_id: bytes) -> Exit:
        """A standard exit."""
        status, time, position = self.contract.call("exits", output_id)
        return Exit(ExitStatus(int(status)), int(time), int(position))

    def in_flight(self, known: bytes) -> InFlight:
        """An in-flight exit."""
        owner, started, exitable, status, joined, competitor, priority, blocked, contested = self.contract.call(
            "inFlight", known
        )
        numbers = (int(started), int(exitable), InFlightStatus(int(status)), int(joined), int(competitor))
        return InFlight(to_address(owner), *numbers, int(priority), int(blocked), bool(contested))

    def reserve_of(self, token: int) -> tuple[int, int]:
        """Registered for exits in a token; and what the contract holds of it for bonds and deferred payments."""
        reserved, held = self.contract.call("reserveOf", token)
        return int(reserved), int(held)

    def owed(self, owner: str, token: str) -> int:
        """What could not be paid to an owner and waits for `withdraw`; `token`: its address, zero for ether."""
        return int(self.contract.call("pending", to_address(owner), to_address(token)))

    def token_of(self, token: int) -> Address:
        """The address of a token id; zero for ether."""
        return to_address(self.contract.call("tokenOf", token))

    # ---------------------------------------------------------------------------------------------------- deposits

    def register_token(self, sender: Sender, token: str) -> Receipt:
        """Give a token an id."""
        return self._send(sender, "registerToken", to_address(token))

    def deposit(self, sender: Sender, amount: int, token: int = 0, owner: str | None = None) -> Receipt:
        """Pay in, for `owner` or the sender. A token must be allowed before."""
        target = to_address(owner or sender.address)
        if token == 0:
            return self._send(sender, "depositETH", target, value=amount)
        return self._send(sender, "deposit", token, amount, target)

    def deposits_in(self, receipt: Receipt) -> list[Deposit]:
        """The deposits that a transaction made."""
        return [deposit_of_event(one.args) for one in self.contract.events(receipt, "Deposited")]

    # ------------------------------------------------------------------------------------------------------ blocks

    def submit_block(self, sender: Sender, number: int, root: bytes, count: int) -> Receipt:
        """Commit to the next block."""
        return self._send(sender, "submitBlock", number, root, count)

    def submit_proven_block(
        self, sender: Sender, number: int, root: bytes, count: int, next_state: bytes, proof: bytes
    ) -> Receipt:
        """The same with a proof, on a chain that wants one."""
        return self._send(sender, "submitProvenBlock", number, root, count, next_state, proof)

    def announce_operator(self, sender: Sender, following: str) -> Receipt:
        """Name the next operator."""
        return self._send(sender, "announceOperator", to_address(following))

    def accept_operator(self, sender: Sender) -> Receipt:
        """Take over."""
        return self._send(sender, "acceptOperator")

    # ------------------------------------------------------------------------------------------------------- exits

    def start_exit(self, sender: Sender, output: Proof, bond: int) -> Receipt:
        """Start to take out an output."""
        return self._send(sender, "startExit", output, value=bond)

    def start_exits(self, sender: Sender, outputs: Sequence[Proof], bond: int) -> Receipt:
        """Several at once. `bond`: of each."""
        return self._send(sender, "startExits", list(outputs), value=bond * len(outputs))

    def challenge_exit(self, sender: Sender, output: Proof, spend: Spend) -> Receipt:
        """Stop an exit whose output is spent."""
        return self._send(sender, "challengeExit", output, spend)

    def claim(self, sender: Sender, items: Sequence[tuple[int, bytes]], newer: Sequence[int] = ()) -> Receipt:
        """Pay exits that have waited: (position, transaction or deposit record) of each."""
        return self._send(sender, "claim", list(items), list(newer))

    def withdraw(self, sender: Sender, token: str, to: str) -> Receipt:
        """Fetch what could not be paid to the sender."""
        return self._send(sender, "withdraw", to_address(token), to_address(to))

    def start_in_flight(
        self,
        sender: Sender,
        transaction: Proof,
        inputs: Sequence[Proof],
        signatures: Sequence[bytes],
        bits: int,
        value: int,
    ) -> Receipt:
        """Start the exit of a transaction that may not have been included; `value`: its bond and one for each bit."""
        return self._send(sender, "startInFlight", transaction, list(inputs), list(signatures), bits, value=value)

    def piggyback(
        self, sender: Sender, data: bytes, input_ids: Sequence[bytes], bit: int, input_data: bytes, bond: int
    ) -> Receipt:
        """Join an in-flight exit with an input (bits 0 to 3) or output (4 to 7)."""
        return self._send(sender, "piggyback", data, list(input_ids), bit, input_data, value=bond)

    def challenge_canonical(
        self, sender: Sender, data: bytes, input_ids: Sequence[bytes], input: int, input_data: bytes, competitor: Spend
    ) -> Receipt:
        """Show a competitor of an in-flight exit."""
        return self._send(sender, "challengeCanonical", data, list(input_ids), input, input_data, competitor)

    def answer_canonical(self, sender: Sender, transaction: Proof, input_ids: Sequence[bytes]) -> Receipt:
        """Show that it was included before them."""
        return self._send(sender, "answerCanonical", transaction, list(input_ids))

    def challenge_input(
        self, sender: Sender, data: bytes, input_ids: Sequence[bytes], input: int, input_data: bytes, spend: Spend
    ) -> Receipt:
        """Show that an input that joined is spent by another transaction."""
        return self._send(sender, "challengeInput", data, list(input_ids), input, input_data, spend)

    def challenge_output(self, sender: Sender, transaction: Proof, input_ids: Sequence[bytes], spend: Spend) -> Receipt:
        """Show that an output that joined is spent."""
        return self._send(sender, "challengeOutput", transaction, list(input_ids), spend)

    def claim_in_flight(
        self,
        sender: Sender,
        data: bytes,
        input_ids: Sequence[bytes],
        input_data: Sequence[bytes],
        newer: Sequence[int] = (),
    ) -> Receipt:
        """Settle an in-flight exit that has waited."""
        return self._send(sender, "claimInFlight", data, list(input_ids), list(input_data), list(newer))

    def abandon_in_flight(self, sender: Sender, known: bytes) -> Receipt:
        """Drop an in-flight exit that nothing has joined."""
        return self._send(sender, "abandonInFlight", known)

    # -------------------------------------------------------------------------------------------------------- data

    def challenge_data(self, sender: Sender, number: int, index: int, header: Header, bond: int) -> Receipt:
        """Ask for a transaction of a block."""
        word = header.time << 32 | header.count
        return self._send(sender, "challengeData", number, index, header.root, word, value=bond)

    def show_data(self, sender: Sender, transaction: Proof) -> Receipt:
        """Show it."""
        return self._send(sender, "showData", transaction)

    def freeze(self, sender: Sender, number: int, index: int) -> Receipt:
        """Freeze the chain because it was not shown in time."""
        return self._send(sender, "freeze", number, index)

    def _send(self, sender: Sender, name: str, *args: Any, value: int = 0) -> Receipt:
        return self.contract.transact(sender, name, *args, value=value)


def deposit_of_event(args: dict[str, Any]) -> Deposit:
    """The deposit of a `Deposited` event."""
    return Deposit(args["id"], address_bytes(args["owner"]), args["token"], args["amount"], args["time"])
