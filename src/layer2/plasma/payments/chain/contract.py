"""Typed wrapper of the root chain contract: one method per entry point; reverts raise `ContractReverted` by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Any

from layer2.ethereum.artifacts import load_artifact
from layer2.ethereum.connection import Connection
from layer2.ethereum.contract import Contract, deploy
from layer2.ethereum.records import Receipt
from layer2.ethereum.sender import Sender
from layer2.ethereum.windows import require_windows
from layer2.plasma.payments.chain.records import Exit, ExitStatus, InFlight, InFlightStatus, Proof, Spend
from layer2.plasma.protocol.signing import plasma_domain
from layer2.plasma.protocol.transaction import Deposit
from layer2.primitives.addresses import ZERO_ADDRESS, Address, address_bytes, to_address
from layer2.primitives.ecdsa import to_compact
from layer2.primitives.errors import InputError

__all__ = [
    "DEVNET",
    "PUBLIC",
    "Exit",
    "ExitStatus",
    "InFlight",
    "InFlightStatus",
    "Profile",
    "Proof",
    "RootChain",
    "Spend",
    "deposit_of_event",
]

_DAY = 86_400
_GWEI = 10**9
_NEVER = (1 << 40) - 1


@dataclass(frozen=True, slots=True)
class Profile:
    """The root chain's parameters: durations in seconds, bonds and bounty in wei (`IRootChain.Config`)."""

    exit_period: int
    rotation_delay: int
    data_delay: int
    exit_bond: int
    in_flight_bond: int
    piggyback_bond: int
    data_bond: int
    bounty: int

    @property
    def grace(self) -> int:
        """Grace period in seconds: how long after an exit starts a block may still spend the exiting output."""
        return self.exit_period // 4


# Each bond covers twice the most expensive call that earns it (see `layer2 bench gas plasma`) at 100 gwei.
_BONDS = (
    2 * 62_000 * 100 * _GWEI,
    2 * 100_000 * 100 * _GWEI,
    2 * 84_000 * 100 * _GWEI,
    2 * 250_000 * 100 * _GWEI,
    30_000 * 100 * _GWEI,
)

PUBLIC = Profile(7 * _DAY, 14 * _DAY, 2 * _DAY, *_BONDS)
"""Parameters for public chains: exits take one week, an operator change takes two."""

DEVNET = Profile(3_600, 7_200, 1_200, *_BONDS)
"""Parameters for development chains, with periods of minutes or hours."""


class RootChain:
    """The root chain contract at an address. Amounts are in smallest units, times in Unix seconds."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self.connection = contract.connection
        self.address = contract.address
        self.domain = plasma_domain(self.connection.chain_id, self.address)
        self.arguments: tuple[Any, ...] = ()
        """Constructor arguments if this object deployed the contract, for the deployment record; empty otherwise."""
        _, _, _, *times = contract.call("config")
        self.profile = Profile(*(int(one) for one in times))

    def __repr__(self) -> str:
        return f"<RootChain {self.address} chain={self.connection.chain_id}>"

    @classmethod
    def deploy(
        cls,
        sender: Sender,
        operator: str,
        profile: Profile = DEVNET,
        *,
        validity: str = ZERO_ADDRESS,
        permit2: str = ZERO_ADDRESS,
    ) -> RootChain:
        """Deploy the packaged contract; `validity` is the block verifier, `permit2` the address of Permit2."""
        require_windows(sender.connection, exit_period=profile.exit_period, data_delay=profile.data_delay)
        row = (to_address(operator), to_address(validity), to_address(permit2), *astuple(profile))
        made = cls(deploy(sender, load_artifact("RootChain"), row))
        made.arguments = (row,)
        return made

    @classmethod
    def at(cls, connection: Connection, address: str) -> RootChain:
        """Return the wrapper of a deployed contract; raise `InputError` if the address has no code."""
        target = to_address(address)
        if not connection.code(target):
            raise InputError(
                f"plasma: no code at {target} on chain {connection.chain_id}", hint="deploy it, or check the address"
            )
        return cls(Contract(connection, target, load_artifact("RootChain").abi))

    # ------------------------------------------------------------------------------------------------------- views

    def head(self) -> tuple[Address, int, int, bool]:
        """Return the operator, the next block and deposit numbers, and True if the chain is frozen."""
        operator, block, deposit, frozen = self.contract.call("head")
        return to_address(operator), int(block), int(deposit), bool(frozen)

    def block(self, number: int) -> bytes:
        """Return `keccak(root | word)` of a block; zeros if it does not exist."""
        return bytes(self.contract.call("blocks", number))

    def deposit_hash(self, number: int) -> bytes:
        """Return `keccak` of a deposit's record; zeros if it does not exist."""
        return bytes(self.contract.call("deposits", number))

    def reserved_under(self, token: int, number: int) -> int:
        """Return the amount of a token registered for exits under a block; 0 is the block of deposits."""
        return int(self.contract.call("reservedUnder", token, number))

    def exit(self, output_id: bytes) -> Exit:
        """Return the state of an output's standard exit."""
        status, time, position, priority = self.contract.call("exits", output_id)
        return Exit(ExitStatus(int(status)), int(time), int(position), int(priority))

    def in_flight(self, exit_id: bytes) -> InFlight:
        """Return the state of an in-flight exit."""
        # Fields are read by name, because their order is that of the storage slots.
        row = self.contract.call("inFlight", exit_id)
        return InFlight(
            to_address(row.bondOwner),
            int(row.startedAt),
            int(row.exitableAt),
            InFlightStatus(int(row.status)),
            int(row.piggybacked),
            int(row.competitor),
            int(row.priority),
            int(row.blocked),
            bool(row.contested),
            int(row.held),
        )

    def reserve_of(self, token: int) -> tuple[int, int]:
        """Return the amounts of a token registered for exits, and held for bonds and deferred payments."""
        reserved, held = self.contract.call("reserveOf", token)
        return int(reserved), int(held)

    def is_held(self, output_id: bytes) -> bool:
        """Return True if an in-flight exit holds an output, so that no other one may pay it."""
        return bool(self.contract.call("isHeld", output_id))

    def is_free(self, output_id: bytes) -> bool:
        """Return True if no exit has an output, so that an in-flight exit may take it."""
        taken = (ExitStatus.OPEN, ExitStatus.PAID, ExitStatus.SPENT)
        return self.exit(output_id).status not in taken and not self.is_held(output_id)

    def tracked(self, token: int) -> tuple[int, int] | None:
        """Return the first bucket of a token's tracked sum and the sum; None if nothing is tracked."""
        bucket, total = self.contract.call("tracked", token)
        return None if int(bucket) == _NEVER else (int(bucket), int(total))

    def pending(self, owner: str, token: int) -> int:
        """Return the deferred payment of an account, which could not be transferred."""
        return int(self.contract.call("pendingWithdrawals", to_address(owner), token))

    def token_of(self, token: int) -> Address:
        """Return the address of a token id."""
        return to_address(self.contract.call("tokenOf", token))

    def pending_operator(self) -> tuple[Address, int]:
        """Return the announced next operator, and the time from which on it may take over."""
        following, since = self.contract.call("pendingOperator")
        return to_address(following), int(since)

    # ---------------------------------------------------------------------------------------------------- deposits

    def register_token(self, sender: Sender, token: str) -> Receipt:
        """Register a token, which assigns its id."""
        return self._send(sender, "registerToken", to_address(token))

    def deposit(self, sender: Sender, token: int, amount: int, owner: str) -> Receipt:
        """Deposit ether (token 0) or an approved amount of a token for `owner`."""
        if token == 0:
            return self._send(sender, "depositETH", to_address(owner), value=amount)
        return self._send(sender, "deposit", token, amount, to_address(owner))

    # ------------------------------------------------------------------------------------------------------ blocks

    def submit_block(self, sender: Sender, number: int, root: bytes, count: int) -> Receipt:
        """Submit the next block; only the operator may call it."""
        return self._send(sender, "submitBlock", number, root, count)

    def propose_operator(self, sender: Sender, following: str) -> Receipt:
        """Announce the next operator; only the operator may call it."""
        return self._send(sender, "proposeOperator", to_address(following))

    def accept_operator(self, sender: Sender) -> Receipt:
        """Take over as operator after the delay; only the announced operator may call it."""
        return self._send(sender, "acceptOperator")

    # ------------------------------------------------------------------------------------------------------- exits

    def start_exits(self, sender: Sender, outputs: Sequence[Proof]) -> Receipt:
        """Start standard exits of outputs that the sender owns, with a bond for each."""
        value = self.profile.exit_bond * len(outputs)
        if len(outputs) == 1:
            return self._send(sender, "startExit", outputs[0].as_tuple(), value=value)
        return self._send(sender, "startExits", [one.as_tuple() for one in outputs], value=value)

    def challenge_exit(self, sender: Sender, output: Proof, spend: Spend) -> Receipt:
        """Challenge the exit of a spent output."""
        return self._send(sender, "challengeExit", output.as_tuple(), spend.as_tuple())

    def process_exits(self, sender: Sender, items: Sequence[tuple[int, bytes]], newer: Sequence[int] = ()) -> Receipt:
        """Pay matured exits: (position, transaction or deposit record). `newer`: buckets, see `IRootChain`."""
        return self._send(sender, "processExits", [tuple(one) for one in items], list(newer))

    def track(self, sender: Sender, token: int, bucket: int) -> Receipt:
        """Move the tracked sum of a short token to the buckets from this one on (`IRootChain.track`)."""
        return self._send(sender, "track", token, bucket)

    def withdraw_pending(self, sender: Sender, token: int, to: str) -> Receipt:
        """Withdraw a deferred payment of the sender to an address."""
        return self._send(sender, "withdrawPending", token, to_address(to))

    # --------------------------------------------------------------------------------------------- in-flight exits

    def start_in_flight_exit(
        self, sender: Sender, transaction: Proof, inputs: Sequence[Proof], signatures: Sequence[bytes], bits: int
    ) -> Receipt:
        """Start the in-flight exit of a transaction; `bits` are the sender's inputs and outputs to piggyback."""
        value = self.profile.in_flight_bond + bits.bit_count() * self.profile.piggyback_bond
        joined = b"".join(to_compact(one) for one in signatures)
        row = (transaction.as_tuple(), [one.as_tuple() for one in inputs], joined, bits)
        return self._send(sender, "startInFlightExit", *row, value=value)

    def piggyback(
        self, sender: Sender, data: bytes, input_ids: Sequence[bytes], bit: int, made: Sequence[bytes] = ()
    ) -> Receipt:
        """Piggyback an input or output of the sender; `made` has the origins of it and of each piggybacked input."""
        row = (data, list(input_ids), bit, list(made))
        return self._send(sender, "piggyback", *row, value=self.profile.piggyback_bond)

    def challenge_non_canonical(
        self,
        sender: Sender,
        data: bytes,
        input_ids: Sequence[bytes],
        index: int,
        made: Sequence[bytes],
        competitor: Spend,
    ) -> Receipt:
        """Challenge an in-flight exit with a competitor, another transaction that spends the same output.

        Args:
            made: origins of this input and of each piggybacked one; empty bytes for others.
        """
        row = (data, list(input_ids), index, list(made), competitor.as_tuple())
        return self._send(sender, "challengeNonCanonical", *row)

    def respond_non_canonical(
        self, sender: Sender, transaction: Proof, input_ids: Sequence[bytes], made: Sequence[bytes] = ()
    ) -> Receipt:
        """Prove inclusion before every competitor shown; `made` has the origins of the piggybacked inputs."""
        return self._send(sender, "respondNonCanonical", transaction.as_tuple(), list(input_ids), list(made))

    def hold_inputs(
        self, sender: Sender, data: bytes, input_ids: Sequence[bytes], made: Sequence[bytes] = ()
    ) -> Receipt:
        """Take the inputs that an in-flight exit needs and no other one holds; `made` as in `respond_non_canonical`."""
        return self._send(sender, "holdInputs", data, list(input_ids), list(made))

    def challenge_input_spent(
        self, sender: Sender, data: bytes, input_ids: Sequence[bytes], index: int, made: bytes, spend: Spend
    ) -> Receipt:
        """Challenge a piggybacked input that another transaction has spent."""
        return self._send(sender, "challengeInputSpent", data, list(input_ids), index, made, spend.as_tuple())

    def challenge_output_spent(
        self, sender: Sender, transaction: Proof, input_ids: Sequence[bytes], spend: Spend
    ) -> Receipt:
        """Challenge a piggybacked output that was spent."""
        return self._send(sender, "challengeOutputSpent", transaction.as_tuple(), list(input_ids), spend.as_tuple())

    def process_in_flight_exit(
        self,
        sender: Sender,
        data: bytes,
        input_ids: Sequence[bytes],
        made: Sequence[bytes],
        newer: Sequence[int] = (),
    ) -> Receipt:
        """Settle a matured in-flight exit and pay the covered parts; `made` has the origins of all inputs."""
        return self._send(sender, "processInFlightExit", data, list(input_ids), list(made), list(newer))

    def delete_non_piggybacked(self, sender: Sender, data: bytes, input_ids: Sequence[bytes]) -> Receipt:
        """Delete an in-flight exit without piggybacks after half of its period."""
        return self._send(sender, "deleteNonPiggybacked", data, list(input_ids))

    # --------------------------------------------------------------------------------------------- data challenges

    def challenge_data(self, sender: Sender, number: int, index: int, root: bytes, word: int) -> Receipt:
        """Challenge the operator to show a transaction of a block, with a bond."""
        return self._send(sender, "challengeData", number, index, root, word, value=self.profile.data_bond)

    def show_data(self, sender: Sender, transaction: Proof) -> Receipt:
        """Show the transaction requested by a data challenge."""
        return self._send(sender, "showData", transaction.as_tuple())

    def freeze(self, sender: Sender, number: int, index: int) -> Receipt:
        """Freeze the chain, because a data challenge was not answered in time."""
        return self._send(sender, "freeze", number, index)

    def _send(self, sender: Sender, name: str, *arguments: Any, value: int = 0) -> Receipt:
        return self.contract.transact(sender, name, *arguments, value=value)


def deposit_of_event(args: Mapping[str, Any]) -> Deposit:
    """Return the deposit of a `Deposited` event."""
    return Deposit(args["id"], address_bytes(args["owner"]), args["token"], args["amount"], args["time"])
