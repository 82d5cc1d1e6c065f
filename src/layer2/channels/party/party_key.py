"""The right to sign for a party: its own key here, a session key in `session_party`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from layer2.channels.party.channel_table import ChannelEntry
from layer2.ethereum.signer import Signer

__all__ = ["OwnerKey", "PartyKey"]


class PartyKey(Protocol):
    """A key that signs for a party, within the limits of its right."""

    def now(self) -> int:
        """Return the time that limits the right; 0 if it has no end. Called without the table's lock."""

    def sign(self, digest: bytes) -> bytes:
        """Sign anything in the name of the party; raise `Refused` if the right is for counters only."""

    def counter_signer(self, entry: ChannelEntry, exposure: int, now: int) -> Callable[[bytes], bytes]:
        """Return the signer of a counter (or lock proof) that commits `exposure` in all, at second `now`."""

    def accept_signer(self, entry: ChannelEntry) -> Callable[[bytes], bytes]:
        """Return the signer of an acceptance of the peer's lock proofs."""


class OwnerKey:
    """The party's own key: it signs everything, without an end."""

    def __init__(self, signer: Signer) -> None:
        self.sign: Callable[[bytes], bytes] = signer.sign_digest

    def now(self) -> int:
        """Return 0: the right has no end."""
        return 0

    def counter_signer(self, entry: ChannelEntry, exposure: int, now: int) -> Callable[[bytes], bytes]:
        """Return the key's signer."""
        return self.sign

    def accept_signer(self, entry: ChannelEntry) -> Callable[[bytes], bytes]:
        """Return the key's signer."""
        return self.sign
