"""`layer2 plasma operator --hostile KIND`: a cheating operator to practise against, on development chains only.

The operator accepts payments and then cheats with a real block on the real contract; a thief (the attacker's account)
starts to exit the money that the block gives it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from layer2.cli.plasma.deployment import PlasmaDeployment, place_of
from layer2.ethereum.sender import Sender
from layer2.plasma.common.errors import StateUnknown
from layer2.plasma.common.operator_journal import SealedBlock
from layer2.plasma.payments.operator.operator import Operator
from layer2.plasma.payments.wallet.wallet import Wallet
from layer2.plasma.protocol.signing import Signed
from layer2.primitives.errors import InputError
from layer2.primitives.units import format_amount, parse_amount
from layer2.store.file_store import FileStore

if TYPE_CHECKING:
    from layer2.testing.adversaries.payments.hostile_operator import HostileOperator, Lie

__all__ = ["KINDS", "HostileNode"]

KINDS = ("mint", "withhold", "late-reveal", "reorder", "fee-theft", "censor")
_THIEF = "attacker"
_LOOT = parse_amount("1000 ether")
_STAKE = parse_amount("1 ether")


@dataclass
class HostileNode:
    """An operator that cheats once, in the way of `kind`.

    Args:
        inner: Honest operator that accepts the payments.

    Raises:
        InputError: The chain is not a development chain.
    """

    kind: str
    place: PlasmaDeployment
    inner: Operator
    done: bool = False
    ignored: int = 0

    def __post_init__(self) -> None:
        connection = self.place.workspace.connection
        if not connection.is_dev:
            raise InputError(
                f"chain {connection.chain_id} is not a development chain; --hostile works on development chains only",
                hint="layer2 devnet starts one",
            )
        self.hidden = FileStore(self.place.operator_folder / "hidden")
        self.shown = FileStore(self.place.bodies)

    def body_path(self, number: int) -> Path:
        """Return the path of a block's public data; raise StateUnknown."""
        found = sorted(self.shown.folder.glob(f"{number:012d}-*.body"))
        if not found:
            raise StateUnknown(f"block {number}: no data", hint="ask again")
        return found[-1]

    def step(self) -> list[str]:
        """Cheat once, and return lines about the actions taken."""
        if self.kind == "censor":
            return self._censor()
        if self.kind == "late-reveal" and any(self.hidden.folder.iterdir()):
            return self._reveal()
        if self.done:
            return []
        self.done = True
        return self._cheat()

    # ------------------------------------------------------------------------------------------------------- inside

    def _censor(self) -> list[str]:
        self.inner.follow()
        waiting = self.inner.waiting
        if self.ignored == waiting:
            return []
        self.ignored = waiting
        return [f"accepted {waiting} payments that no block includes"]

    def _cheat(self) -> list[str]:
        from layer2.testing.adversaries.payments.hostile_operator import HostileOperator

        workspace = self.place.workspace
        self.inner.follow()
        thief = replace(workspace, account=_THIEF)
        hostile = HostileOperator(self.place.root, workspace.sender, Sender(workspace.connection, thief.signer))
        pending = self.inner.pending_payments
        thief_wallet = _wallet(place_of(thief))
        try:
            lie = self._lie(hostile, thief_wallet, pending)
            for number in hostile.lies:
                self._keep(hostile, hostile.lies[number])
            thief_wallet.adopt([hostile.kit(position) for position in lie.loot])
            for position in lie.loot:
                thief_wallet.exit(position)
        finally:
            thief_wallet.close()
        amount = format_amount(sum(one.amount for one in lie.transactions[-1].outputs))
        seen = "its data is withheld" if hostile.withheld else "its data is public"
        beside = f", beside {len(pending)} payments" if len(lie.transactions) > 1 else ""
        return [
            f"block {lie.number} is a fraud ({lie.name}){beside}: {amount} for the {_THIEF}, who starts to exit; {seen}"
        ]

    def _lie(self, hostile: HostileOperator, thief: Wallet, pending: tuple[Signed, ...]) -> Lie:
        if self.kind == "mint":
            return hostile.invalid_mint(_LOOT, beside=pending)
        if self.kind == "fee-theft":
            return hostile.oversized_fee(_LOOT, beside=pending)
        if self.kind == "reorder":
            return hostile.reordered(thief.deposit(_STAKE).position, _LOOT)
        return hostile.invalid_mint(_LOOT, withhold=True, beside=pending)

    def _keep(self, hostile: HostileOperator, lie: Lie) -> None:
        made = SealedBlock(lie.number, lie.header.root, lie.header.count, b"", bytes(32))
        files = self.hidden if lie.number in hostile.withheld else self.shown
        files.put(made.name, hostile.shown(lie.number))

    def _reveal(self) -> list[str]:
        """Reveal the data at the last moment, after half of the challenge period."""
        chain_state = self.place.chain_state()
        chain_state.step()
        headers, said = chain_state.headers, []
        for path in sorted(self.hidden.folder.iterdir()):
            number = int(path.name.partition("-")[0])
            due = headers[number].time + self.place.root.profile.exit_period // 2
            if self.place.workspace.connection.timestamp() < due:
                continue
            self.shown.put(path.name, path.read_bytes())
            self.hidden.drop(path.name)
            said.append(f"block {number}: its data is revealed, late")
        return said


def _wallet(place: PlasmaDeployment) -> Wallet:
    wallet = Wallet(
        place.root, place.workspace.signer, place.wallet_store, place.chain_state(), sender=place.workspace.sender
    )
    wallet.look()
    return wallet
