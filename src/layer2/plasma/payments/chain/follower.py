"""The real chain behind what the operator asks for: events of the RootChain as happenings, blocks as transactions."""

from __future__ import annotations

import time

from layer2.ethereum.contract import Event
from layer2.ethereum.errors import ConnectionFailed
from layer2.ethereum.event_stream import EventLog
from layer2.ethereum.sender import Sender
from layer2.plasma.payments.chain.contract import InFlightStatus, RootChain, deposit_of_event
from layer2.plasma.payments.chain.events import (
    BlockPosted,
    Deposited,
    ExitBegun,
    ExitEnded,
    ExitPaid,
    Happening,
    InFlightBegun,
    InFlightBlocked,
    InFlightEnded,
    InFlightJoined,
    News,
)
from layer2.plasma.protocol.blocks import Header
from layer2.primitives.errors import InputError
from layer2.primitives.typed_data import Domain

__all__ = ["ChainLog", "happening_of"]


class ChainLog:
    """Follows a RootChain from its first block on, and submits for one sender.

    Args:
        sender: the operator's; None for somebody who only looks.
        start_block: at which the contract was deployed, or before.
        confirmations: blocks above one before it is read. Deposits have a margin of their own.
    """

    def __init__(
        self, root_chain: RootChain, sender: Sender | None = None, *, start_block: int = 0, confirmations: int = 0
    ) -> None:
        self.root_chain = root_chain
        self.sender = sender
        self._log: EventLog[Happening] = EventLog(
            root_chain.contract, happening_of, start_block=start_block, confirmations=confirmations
        )

    def __repr__(self) -> str:
        return f"<ChainLog {self.address} next={self._log.next_block}>"

    @property
    def chain_id(self) -> int:
        """Of the chain (EIP-155)."""
        return self.root_chain.connection.chain_id

    @property
    def address(self) -> str:
        """Of the contract."""
        return self.root_chain.address

    @property
    def domain(self) -> Domain:
        """What payments are signed under."""
        return self.root_chain.domain

    @property
    def grace(self) -> int:
        """Seconds from the start of an exit in which a block may still spend what leaves."""
        return self.root_chain.profile.grace

    def news(self) -> News:
        """What happened since the last time; from `start_block` on the first time. Raises what `LogFollower` raises."""
        return self._log.news()

    def age(self, block: int) -> int:
        """Seconds from a block of the chain until the next can be. Raises ConnectionFailed while the node lacks it."""
        connection = self.root_chain.connection
        found = connection.block(block)
        if found is None:
            raise ConnectionFailed(f"the node has no block {block}", hint="ask again")
        # The newest block may be old: of a node that lags, or of a development chain, whose clock is its own.
        coming = connection.block("pending") if connection.is_dev else None
        now = int(time.time()) if coming is None else coming.timestamp
        return max(connection.timestamp(), now) - found.timestamp

    def submit(self, number: int, root: bytes, count: int) -> None:
        """Put a block on the chain, and wait until it is there; raises ContractReverted as the contract says."""
        if self.sender is None:
            raise InputError(f"{self.address}: nobody to submit for", hint="pass the operator's sender")
        self.root_chain.submit_block(self.sender, number, root, count)


def happening_of(event: Event) -> Happening | None:
    """What an event of the RootChain means to who keeps a ledger; None if nothing."""
    name, args = event.name, event.args
    if name == "Deposited":
        return Deposited(deposit_of_event(args))
    if name == "BlockSubmitted":
        word = args["word"]
        return BlockPosted(args["number"], Header(args["root"], word >> 32, word & 0xFFFFFFFF))
    if name == "ExitStarted":
        return ExitBegun(args["id"], args["position"], args["priority"])
    if name in ("ExitChallenged", "ExitEnded"):
        return ExitEnded(args["id"])
    if name in ("ExitPaid", "OutputSpent"):
        return ExitPaid(args["id"])
    if name == "InFlightStarted":
        return InFlightBegun(args["id"], args["data"], tuple(args["inputIds"]))
    if name == "Piggybacked":
        return InFlightJoined(args["id"], args["bits"])
    if name == "PiggybackBlocked":
        return InFlightBlocked(args["id"], args["bit"])
    if name == "InFlightSettled":
        return InFlightEnded(args["id"], 0xF0 if args["status"] == InFlightStatus.PAYS_OUTPUTS else 0x0F)
    if name == "InFlightAbandoned":
        return InFlightEnded(args["id"])
    return None
