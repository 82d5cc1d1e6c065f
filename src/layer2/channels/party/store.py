"""The journal of a party, bound to one account, chain and hub. Every message is durable before it is sent."""

from __future__ import annotations

from pathlib import Path

from layer2.channels.contract.hub import HubContract
from layer2.channels.party.channel_table import ChannelTable
from layer2.channels.party.errors import JournalLost
from layer2.ethereum.signer import Signer
from layer2.primitives.addresses import Address
from layer2.store.errors import JournalCorrupt, JournalMissing, JournalVersion
from layer2.store.journal import Journal

__all__ = ["FAULT_POINTS", "JOURNAL_KIND", "open_journal", "open_table"]

JOURNAL_KIND = "channels.party"

FAULT_POINTS = (
    "party.sign.before",
    "party.sign.appended",
    "party.sign.committed",
    "party.receive.before",
    "party.receive.appended",
    "party.receive.committed",
    "party.note.before",
    "party.note.appended",
    "party.note.committed",
)
"""Fault points for tests: before the record is written, written but not durable, durable but not sent."""

_RECOVERY = (
    "nothing more is signed without it; start a new journal with Party.recover(...) and resync() every channel "
    "from the peer's copy of what you signed"
)


def open_journal(path: str | Path, *, create: bool) -> Journal:
    """Open the journal at `path`; raise `JournalLost` with recovery instructions if it is missing or corrupt."""
    try:
        return Journal(path, kind=JOURNAL_KIND, schema_version=2, must_exist=not create, recovery=_RECOVERY)
    except (JournalCorrupt, JournalMissing, JournalVersion) as failure:
        raise JournalLost(f"node: journal {path} cannot be used: {failure}", hint=_RECOVERY) from failure


def open_table(path: str | Path, hub: HubContract, signer: Signer, owner: Address, *, create: bool) -> ChannelTable:
    """Open the channels that `signer` drives for `owner` on a hub; raise `JournalLost` for a journal of others."""
    journal = open_journal(path, create=create)
    try:
        _identify(journal, hub, signer, owner)
        return ChannelTable(journal, hub, _RECOVERY)
    except BaseException:
        journal.close()
        raise


def _identify(journal: Journal, hub: HubContract, signer: Signer, owner: Address) -> None:
    by = "" if signer.address == owner else f" by {signer.address}"
    identity = f"{owner} {hub.connection.chain_id} {hub.address}{by}".encode()
    found = journal.get_meta("party")
    if found is None:
        if any(True for _ in journal.read()):
            raise JournalLost("the journal has records but names no party", hint=_RECOVERY)
        journal.put_meta("party", identity)
        journal.commit()
    elif found != identity:
        raise JournalLost(
            f"the journal belongs to {found.decode(errors='replace')}, opened as {identity.decode()}",
            hint="open the journal of this account, chain and hub",
        )
