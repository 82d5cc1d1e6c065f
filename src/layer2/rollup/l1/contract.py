"""Typed wrapper of the rollup contract: one method per entry point; reverts raise a named `ContractReverted`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from layer2.ethereum.abi import AbiEntry
from layer2.ethereum.artifacts import load_artifact
from layer2.ethereum.connection import Connection
from layer2.ethereum.contract import Contract, deploy
from layer2.ethereum.records import Receipt
from layer2.ethereum.sender import Sender
from layer2.ethereum.windows import require_windows
from layer2.primitives.addresses import ZERO_ADDRESS, Address, to_address
from layer2.primitives.errors import InputError
from layer2.rollup.protocol.messages import rollup_domain
from layer2.rollup.state.commitments import GENESIS, Assertion, ItemRecord, Roots, Status
from layer2.rollup.state.state import Withdrawal

__all__ = ["DEVNET", "PUBLIC", "Profile", "RollupContract"]

_DAY = 86_400
_BLOB_GAS = 300_000
"""Gas limit above the cost of any call with blobs; unused gas is refunded."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Parameters of the rollup: durations in seconds, bond in wei (`IRollup.Config`)."""

    force_delay: int
    sequencer_window: int
    window: int
    freeze_after: int
    reveal_blocks: int
    bond: int

    def announce_by(self, created: int, seconds_per_block: int = 12) -> int:
        """Return the last second to commit in time to a fraud proof against an assertion created at `created`.

        The proof can be revealed `reveal_blocks` after the commitment, and must be revealed before the window ends, so
        the effective window is shorter by that delay. Missed blocks shorten it further; commit well before this time.
        """
        return created + self.window - (self.reveal_blocks + 1) * seconds_per_block


PUBLIC = Profile(_DAY // 2, _DAY // 4, 7 * _DAY, 30 * _DAY, 5, 10**18)
"""Parameters for public chains: a challenge window of one week, forced inclusion after twelve hours."""

DEVNET = Profile(600, 300, 3_600, 4 * 3_600, 2, 10**18)
"""Parameters for development chains, with durations of minutes to hours."""


def _judge_errors() -> list[Sequence[AbiEntry]]:
    """Return the ABIs of the fraud verifiers, whose errors a challenge may revert with."""
    return [load_artifact(name).abi for name in ("StateVerifier", "SignatureVerifier", "EndpointVerifier")]


class RollupContract:
    """The rollup contract at an address. Amounts are in smallest units, times in Unix seconds."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self.connection = contract.connection
        self.address = contract.address
        self.domain = rollup_domain(self.connection.chain_id, self.address)
        self.arguments: tuple[Any, ...] = ()
        """Constructor arguments if this object deployed the contract, for the deployment record; otherwise empty."""

    def __repr__(self) -> str:
        return f"<Rollup {self.address} chain={self.connection.chain_id}>"

    @classmethod
    def deploy(
        cls,
        sender: Sender,
        sequencer: str,
        profile: Profile = DEVNET,
        judges: Sequence[str] = (),
        genesis: bytes = GENESIS,
    ) -> RollupContract:
        """Deploy the packaged rollup.

        Args:
            judges: addresses of the fraud verifiers; the second one also verifies BLS signatures in frozen mode.
            genesis: initial state root.
        """
        require_windows(sender.connection, window=profile.window)
        row = (
            to_address(sequencer),
            profile.force_delay,
            profile.sequencer_window,
            profile.window,
            profile.freeze_after,
            profile.reveal_blocks,
            profile.bond,
        )
        # The signature verifier also verifies the signatures of BLS keys in frozen mode.
        voice = judges[1] if len(judges) > 1 else ZERO_ADDRESS
        arguments = (row, list(judges), voice, genesis)
        made = cls(deploy(sender, load_artifact("Rollup"), *arguments, errors=_judge_errors()))
        made.arguments = arguments
        return made

    @classmethod
    def at(cls, connection: Connection, address: str) -> RollupContract:
        """Bind to a deployed rollup; raise `InputError` if the address has no code."""
        target = to_address(address)
        if not connection.code(target):
            raise InputError(
                f"rollup: no code at {target} on chain {connection.chain_id}", hint="deploy it, or check the address"
            )
        return cls(Contract(connection, target, load_artifact("Rollup").abi, errors=_judge_errors()))

    # ------------------------------------------------------------------------------------------------------- views

    def acc(self, index: int) -> bytes:
        """Return the accumulator after entry `index`."""
        return bytes(self.contract.call("accumulators", index))

    def inbox(self) -> tuple[int, int, int, int, int]:
        """Return the numbers of entries, segments and consumed queue items, and two times in Unix seconds.

        The times are those of the last entry and of the oldest waiting queue item.
        """
        items, segments, consumed, last, since = self.contract.call("inbox")
        return int(items), int(segments), int(consumed), int(last), int(since)

    def queue_length(self) -> int:
        """Return the number of items ever queued."""
        return int(self.contract.call("queue")[1])

    def status(self, claim_id: bytes) -> tuple[Address, int, Status]:
        """Return the proposer, the creation time and the status of an assertion."""
        proposer, created, status = self.contract.call("assertion", claim_id)
        return to_address(proposer), int(created), Status(int(status))

    def finality(self) -> tuple[bytes, int]:
        """Return the id of the last final assertion and the time at which it became final."""
        claim_id, time = self.contract.call("finality")
        return bytes(claim_id), int(time)

    def token_price(self) -> int:
        """Return the price in wei of registering the next token."""
        return int(self.contract.call("tokenPrice"))

    def claim_owner(self, number: int, leaf: bytes) -> Address | None:
        """Return the last transferee of a withdrawal; None if it still belongs to its target."""
        owner = to_address(self.contract.call("claimOwner", number, leaf))
        return None if owner == ZERO_ADDRESS else owner

    def config(self) -> Profile:
        """Return the parameters of the deployment."""
        _, *row = self.contract.call("config")
        return Profile(*(int(one) for one in row))

    def token_of(self, token: int) -> Address:
        """Return the address of a token by its id."""
        return to_address(self.contract.call("tokenOf", token))

    # ------------------------------------------------------------------------------------------------------- inbox

    def post_calldata(self, sender: Sender, expected: bytes, data: bytes, queue_end: int) -> Receipt:
        """Append an entry of frames in calldata."""
        return self._send(sender, "postCalldata", expected, data, queue_end)

    def post_blobs(
        self, sender: Sender, expected: bytes, frames: int, queue_end: int, blobs: Sequence[bytes]
    ) -> Receipt:
        """Append an entry of `frames` frames in blobs."""
        data = self.contract.encode("postBlobs", expected, frames, queue_end)
        return sender.send(self.address, data, gas=_BLOB_GAS, decoder=self.contract.decoder, blobs=blobs)

    def force_include(self, sender: Sender, expected: bytes, queue_end: int) -> Receipt:
        """Force the inclusion of an overdue queue."""
        return self._send(sender, "forceInclude", expected, queue_end)

    def force(
        self,
        sender: Sender,
        account: int,
        token: int,
        amount: int,
        to: str | int,
        scheme: int = 0,
        signature: bytes = b"",
    ) -> Receipt:
        """Queue an operation: a transfer to an account id, or a withdrawal to an address."""
        withdraws = isinstance(to, str)
        target = to_address(to) if isinstance(to, str) else to_address(to.to_bytes(20, "big"))
        return self._send(sender, "force", scheme, account, token, amount, withdraws, target, signature)

    # ------------------------------------------------------------------------------------------------- assertions

    def propose(
        self,
        sender: Sender,
        parent: Assertion,
        last: ItemRecord,
        inbox_end: int,
        root: bytes,
        roots: bytes,
        value: int = 0,
        *,
        blob: bytes | None = None,
    ) -> Receipt:
        """Assert a state root with its segment `roots`, given in calldata or in `blob`.

        Args:
            value: wei added to the proposer's bond first.
        """
        row = (parent.as_tuple(), last.as_tuple(), inbox_end, root, roots)
        if blob is None:
            return self._send(sender, "propose", *row, value=value)
        data = self.contract.encode("propose", *row)
        return sender.send(self.address, data, value, _BLOB_GAS, decoder=self.contract.decoder, blobs=[blob])

    def finalize(self, sender: Sender, claim: Assertion) -> Receipt:
        """Finalize an assertion after its challenge window."""
        return self._send(sender, "finalize", claim.as_tuple())

    def withdraw_bond(self, sender: Sender, amount: int) -> Receipt:
        """Withdraw an amount of available bond."""
        return self._send(sender, "withdrawBond", amount)

    # ------------------------------------------------------------------------------------------------------- vault

    def register_token(self, sender: Sender, token: str) -> Receipt:
        """Register a token for the current price; it receives an id."""
        return self._send(sender, "registerToken", to_address(token), value=self.token_price())

    def deposit(self, sender: Sender, token: int, amount: int, owner: bytes, to: int = 0) -> Receipt:
        """Deposit into a new account of `owner`, or into the existing account `to` unless it is 0."""
        return self._send(sender, "deposit", token, amount, owner, to, value=amount if token == 0 else 0)

    def finalize_withdrawal(
        self, sender: Sender, final: Assertion, roots: Roots, index: int, withdrawal: Withdrawal, path: Sequence[bytes]
    ) -> Receipt:
        """Claim a withdrawal of a final assertion."""
        row = (withdrawal.target, withdrawal.token, withdrawal.amount)
        return self._send(sender, "finalizeWithdrawal", final.as_tuple(), roots.as_tuple(), index, row, list(path))

    def transfer_claim(
        self,
        sender: Sender,
        claimed: Assertion,
        roots: Roots,
        index: int,
        withdrawal: Withdrawal,
        path: Sequence[bytes],
        to: str,
        by_signature: tuple[int, bytes] | None = None,
    ) -> Receipt:
        """Transfer an unpaid withdrawal; `by_signature` is the target's `TransferClaim`: expiry time and signature."""
        row = (withdrawal.target, withdrawal.token, withdrawal.amount)
        args = (claimed.as_tuple(), roots.as_tuple(), index, row, list(path), to_address(to))
        if by_signature is None:
            return self._send(sender, "transferClaim", *args)
        return self._send(sender, "transferClaimBySig", *args, *by_signature)

    def freeze(self, sender: Sender, final: Assertion, following: ItemRecord) -> Receipt:
        """Freeze the rollup if its queue, or the entry `following` the last final assertion, has waited too long."""
        return self._send(sender, "freeze", final.as_tuple(), following.as_tuple())

    def escape(
        self,
        sender: Sender,
        final: Assertion,
        roots: Roots,
        account: int,
        owner: bytes,
        word: int,
        path: Sequence[bytes],
    ) -> Receipt:
        """Pay an account's balance under the last final state; frozen mode only."""
        return self._send(sender, "escape", final.as_tuple(), roots.as_tuple(), account, owner, word, list(path))

    def escape_to(
        self,
        sender: Sender,
        final: Assertion,
        roots: Roots,
        account: int,
        owner: bytes,
        word: int,
        path: Sequence[bytes],
        to: str,
        voice: bytes,
    ) -> Receipt:
        """Pay a BLS account's balance to the address that its key has signed; frozen mode only."""
        row = (final.as_tuple(), roots.as_tuple(), account, owner, word, list(path), to_address(to), voice)
        return self._send(sender, "escapeTo", *row)

    def refund(
        self,
        sender: Sender,
        final: Assertion,
        roots: Roots,
        index: int,
        before: bytes,
        raw: bytes,
        later: Sequence[bytes],
    ) -> Receipt:
        """Refund a deposit that was not consumed; frozen mode only."""
        return self._send(sender, "refund", final.as_tuple(), roots.as_tuple(), index, before, raw, list(later))

    def _send(self, sender: Sender, name: str, *args: Any, value: int = 0) -> Receipt:
        return self.contract.transact(sender, name, *args, value=value)
