"""A deployed contract: encodes calls from names and Python values; decodes results, events and errors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from layer2.ethereum.abi import AbiEntry, Codec, select
from layer2.ethereum.artifacts import Artifact
from layer2.ethereum.backend import BlockId, CallRequest
from layer2.ethereum.connection import Connection
from layer2.ethereum.errors import AbiError, TransactionFailed
from layer2.ethereum.records import Log, Receipt
from layer2.ethereum.reverts import ErrorDecoder, decode_revert
from layer2.ethereum.sender import Pending, Sender
from layer2.primitives.addresses import Address, to_address

__all__ = ["Contract", "Event", "deploy", "deploy_with_receipt", "init_code"]


@dataclass(frozen=True, slots=True)
class Event:
    """A decoded log: event name, arguments by name, position in the block, and the log itself."""

    name: str
    args: dict[str, Any]
    log_index: int
    log: Log


class Contract:
    """A contract at an address. Functions are named (`"open"`), overloaded ones by signature.

    `errors`: ABIs of other contracts that this one calls, so that their custom errors are decoded too.
    """

    def __init__(
        self,
        connection: Connection,
        address: Address,
        abi: Iterable[AbiEntry],
        *,
        errors: Iterable[Iterable[AbiEntry]] = (),
    ) -> None:
        self.connection = connection
        self.address = to_address(address)
        self.abi = list(abi)
        self.decoder = ErrorDecoder(self.abi, *errors)
        self._functions: dict[str, list[Codec]] = {}
        for codec in select(self.abi, "function"):
            self._functions.setdefault(codec.name, []).append(codec)
            self._functions[codec.signature] = [codec]
        self._events = {codec.topic: codec for codec in select(self.abi, "event")}
        self.deployment: Receipt | None = None
        """Receipt of the deployment, if this object was created by `deploy`."""

    def __repr__(self) -> str:
        return f"<Contract {self.address} functions={sum('(' in name for name in self._functions)}>"

    def encode(self, name: str, *args: Any) -> bytes:
        """Return the calldata of a function call; raise `AbiError` for a wrong name or wrong arguments."""
        codec = self._function(name, len(args))
        return codec.selector + codec.encode_inputs(args)

    def call(
        self,
        name: str,
        *args: Any,
        sender: Address | None = None,
        block: BlockId | None = None,
        value: int = 0,
    ) -> Any:
        """Simulate a call and decode its result; raise `ContractReverted` with the error's name."""
        codec = self._function(name, len(args))
        data = codec.selector + codec.encode_inputs(args)
        request = CallRequest(self.address, data, value, sender)
        outcome = self.connection.simulate(request, "latest" if block is None else block)
        if outcome.revert is not None:
            raise decode_revert(outcome.revert, self.decoder)
        if outcome.failure is not None:
            raise TransactionFailed(
                f"{codec.signature} on {self.address}: {outcome.failure}", hint="pass other arguments"
            )
        return codec.decode_outputs(outcome.output)

    def transact(self, sender: Sender, name: str, *args: Any, value: int = 0, gas: int | None = None) -> Receipt:
        """Send a transaction and wait for its receipt; raise `ContractReverted` with the error's name."""
        return sender.send(self.address, self.encode(name, *args), value, gas, decoder=self.decoder)

    def transact_nowait(self, sender: Sender, name: str, *args: Any, value: int = 0, gas: int | None = None) -> Pending:
        """Send without waiting; finish with `sender.wait(pending, decoder=contract.decoder)`."""
        return sender.send_nowait(self.address, self.encode(name, *args), value, gas, decoder=self.decoder)

    def topic(self, event: str) -> bytes:
        """Return the first topic of an event's logs, for filters."""
        for codec in self._events.values():
            if event in (codec.name, codec.signature):
                return codec.topic
        known = ", ".join(sorted(codec.name for codec in self._events.values()))
        raise AbiError(f"{self.address}: no event {event!r}; it has: {known}", hint="check the name")

    def decode_log(self, log: Log) -> Event | None:
        """Return the event of a log; `None` for a log of another contract or an event not in this ABI."""
        if log.address != self.address or not log.topics:
            return None
        codec = self._events.get(log.topics[0])
        if codec is None:
            return None
        return Event(codec.name, codec.decode_event(log.topics, log.data), log.log_index, log)

    def events(self, receipt: Receipt, name: str | None = None) -> list[Event]:
        """Return this contract's events in a receipt, in order; with `name`, only the events of that name."""
        decoded = (self.decode_log(log) for log in receipt.logs)
        return [event for event in decoded if event is not None and name in (None, event.name)]

    def _function(self, name: str, count: int) -> Codec:
        found = self._functions.get(name)
        if found is None:
            known = ", ".join(sorted(one for one in self._functions if "(" not in one))
            raise AbiError(f"{self.address}: no function {name!r}; it has: {known}", hint="check the name")
        if len(found) > 1:
            fitting = [codec for codec in found if len(codec.inputs) == count]
            if len(fitting) != 1:
                raise AbiError(
                    f"{self.address}: {name!r} is overloaded",
                    hint=f"name one of: {', '.join(codec.signature for codec in found)}",
                )
            found = fitting
        return found[0]


def init_code(artifact: Artifact, args: Sequence[Any] = ()) -> bytes:
    """Return the creation code followed by the encoded constructor arguments."""
    constructor = next((entry for entry in artifact.abi if entry["type"] == "constructor"), None)
    codec = Codec(constructor or {"type": "constructor", "inputs": []})
    if not artifact.bytecode:
        raise AbiError(f"{artifact.name}: no bytecode, it is an interface or abstract", hint="deploy an implementation")
    return artifact.bytecode + codec.encode_inputs(args)


def deploy_with_receipt(
    sender: Sender,
    artifact: Artifact,
    *args: Any,
    value: int = 0,
    gas: int | None = None,
    errors: Iterable[Iterable[AbiEntry]] = (),
) -> tuple[Contract, Receipt]:
    """Deploy a contract and return it with the receipt; constructor reverts raise `ContractReverted`."""
    extra = list(errors)
    code = init_code(artifact, args)
    receipt = sender.send(None, code, value, gas, decoder=ErrorDecoder(artifact.abi, *extra))
    if receipt.contract_address is None:
        raise TransactionFailed(f"{artifact.name}: the node reports no contract address", receipt=receipt)
    contract = Contract(sender.connection, receipt.contract_address, artifact.abi, errors=extra)
    contract.deployment = receipt
    return contract, receipt


def deploy(
    sender: Sender,
    artifact: Artifact,
    *args: Any,
    value: int = 0,
    gas: int | None = None,
    errors: Iterable[Iterable[AbiEntry]] = (),
) -> Contract:
    """Deploy a contract: `deploy(sender, load_artifact("ChannelHub"), ...)`; its receipt is `.deployment`."""
    contract, _ = deploy_with_receipt(sender, artifact, *args, value=value, gas=gas, errors=errors)
    return contract
