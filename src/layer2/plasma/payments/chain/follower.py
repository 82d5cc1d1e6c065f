"""The operator's connection to the RootChain: decoded events, and block submission."""

from __future__ import annotations

import time

from layer2.ethereum.contract import Event
from layer2.ethereum.errors import ConnectionFailed
from layer2.ethereum.event_stream import EventStream
from layer2.ethereum.sender import Sender
from layer2.plasma.payments.chain.contract import InFlightStatus, RootChain, deposit_of_event
from layer2.plasma.payments.chain.events import (
    BlockSubmitted,
    Deposited,
    ExitEnded,
    ExitPaid,
    ExitStarted,
    Happening,
    InFlightExitProcessed,
    InFlightExitStarted,
    News,
    PiggybackBlocked,
    Piggybacked,
)
from layer2.plasma.protocol.blocks import Header
from layer2.primitives.errors import InputError
from layer2.primitives.typed_data import Domain

__all__ = ["ChainLog", "happening_of"]


class ChainLog:
    """Follows a RootChain's events from its first block, and submits blocks for one sender.

    Args:
        sender: the operator's sender; None for an observer.
        start_block: an L1 block at or before the contract's deployment.
        confirmations: number of L1 blocks above a block before it is read. Deposits have a separate margin.
    """

    def __init__(
        self, root_chain: RootChain, sender: Sender | None = None, *, start_block: int = 0, confirmations: int = 0
    ) -> None:
        self.root_chain = root_chain
        self.sender = sender
        self._log: EventStream[Happening] = EventStream(
            root_chain.contract, happening_of, start_block=start_block, confirmations=confirmations
        )

    def __repr__(self) -> str:
        return f"<ChainLog {self.address} next={self._log.next_block}>"

    @property
    def chain_id(self) -> int:
        """Chain id of L1 (EIP-155)."""
        return self.root_chain.connection.chain_id

    @property
    def address(self) -> str:
        """Address of the contract."""
        return self.root_chain.address

    @property
    def domain(self) -> Domain:
        """EIP-712 domain of payments."""
        return self.root_chain.domain

    @property
    def grace(self) -> int:
        """Grace period in seconds: how long after an exit starts a block may still spend the exiting output."""
        return self.root_chain.profile.grace

    def news(self) -> News:
        """Return the events since the last call, or since `start_block`; raise the errors of `LogFollower`."""
        return self._log.news()

    def age(self, block: int) -> int:
        """Return the seconds from an L1 block to the earliest next one; raise ConnectionFailed if the node lacks it."""
        connection = self.root_chain.connection
        found = connection.block(block)
        if found is None:
            raise ConnectionFailed(f"the node has no block {block}", hint="ask again")
        # The newest block may be old: on a lagging node, or on a development chain with its own clock.
        coming = connection.block("pending") if connection.is_dev else None
        now = int(time.time()) if coming is None else coming.timestamp
        return max(connection.timestamp(), now) - found.timestamp

    def submit(self, number: int, root: bytes, count: int) -> None:
        """Submit a block and wait until it is mined; raise ContractReverted if the contract rejects it."""
        if self.sender is None:
            raise InputError(f"{self.address}: no sender to submit with", hint="pass the operator's sender")
        self.root_chain.submit_block(self.sender, number, root, count)


def happening_of(event: Event) -> Happening | None:
    """Return the ledger event of a RootChain event; None if the ledger ignores it."""
    name, args = event.name, event.args
    if name == "Deposited":
        return Deposited(deposit_of_event(args))
    if name == "BlockSubmitted":
        word = args["word"]
        return BlockSubmitted(args["number"], Header(args["root"], word >> 32, word & 0xFFFFFFFF))
    if name == "ExitStarted":
        return ExitStarted(args["id"], args["position"], args["priority"])
    if name in ("ExitChallenged", "ExitEnded"):
        return ExitEnded(args["id"])
    if name in ("ExitPaid", "OutputSpent"):
        return ExitPaid(args["id"])
    if name == "InFlightExitStarted":
        return InFlightExitStarted(args["id"], args["data"], tuple(args["inputIds"]))
    if name == "Piggybacked":
        return Piggybacked(args["id"], args["bits"])
    if name == "PiggybackBlocked":
        return PiggybackBlocked(args["id"], args["bit"])
    if name == "InFlightExitProcessed":
        return InFlightExitProcessed(args["id"], 0xF0 if args["status"] == InFlightStatus.PAYS_OUTPUTS else 0x0F)
    if name == "InFlightExitDeleted":
        return InFlightExitProcessed(args["id"])
    return None
