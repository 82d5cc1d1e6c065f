"""What a wallet remembers: outputs with their kits, what it signed, what leaves. Durable before anybody is told."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from layer2.plasma.common.errors import JournalForeign
from layer2.plasma.payments.chain.errors import OutputUnknown, PaymentUnknown
from layer2.plasma.payments.chain.exit_proof_file import from_json, payment_from_json, to_json
from layer2.plasma.payments.chain.exit_proofs import DepositKit, Kit, OutputKit
from layer2.plasma.payments.wallet.payment_status import Line, Sent, State
from layer2.primitives.addresses import address_bytes
from layer2.primitives.errors import Layer2Error
from layer2.primitives.json_text import parse_json
from layer2.store.errors import JournalCorrupt
from layer2.store.journal import Journal, fault_point

__all__ = ["ELSEWHERE", "FAULT_POINTS", "Purse"]

FAULT_POINTS = (
    "wallet.sign.before",
    "wallet.sign.durable",
    "wallet.coin.before",
    "wallet.coin.durable",
    "wallet.exit.before",
    "wallet.exit.durable",
)
"""Where a test may kill the process; `before` an exit or deposit is noted, the chain has it."""
ELSEWHERE = "spent elsewhere"
"""Why an output is gone that another wallet of the owner has spent."""
KIND = "plasma.wallet"
_RECOVERY = "restore a backup, or start anew: the chain and an operator tell what is owned, not what was signed"


class Purse:
    """A wallet's memory in one journal. Not safe to use from several threads without a lock.

    Attributes:
        coins: outputs of the owner by position, whether spent by a signature of his or not; gone ones are not here.
        sent: by hash.
        exits: positions whose standard exit was started here.
        games: hashes of payments whose in-flight exit was started or joined here, with what joined (bits).
        joined: exit ids of payments of others that were joined here, with the bits.
        since: the number of the first deposit that was not there yet when this memory began; 0 before it looked.
        doubted: positions of deposits that were there before: another wallet of the owner may have spent them.
        elsewhere: outputs by position that another wallet has spent.
        heard: the last block whose outputs, with those of all before, somebody has told, and the hash of its header.

    Raises:
        JournalForeign: the journal is of another contract or owner. JournalCorrupt: it holds what was never written.
    """

    def __init__(self, path: str | Path, place: str, owner: str) -> None:
        self.journal = Journal(path, kind=KIND, recovery=_RECOVERY)
        self.owner = address_bytes(owner)
        self.coins: dict[int, Kit] = {}
        self.sent: dict[bytes, Sent] = {}
        self.exits: set[int] = set()
        self.games: dict[bytes, int] = {}
        self.joined: dict[bytes, int] = {}
        self.since = 0
        self.doubted: set[int] = set()
        self.elsewhere: dict[int, Kit] = {}
        self.heard = 0, b""
        self._spent: dict[int, list[bytes]] = {}
        self._lines: list[Line] = []
        try:
            self._claim(f"{owner} in {place}")
            for entry in self.journal.read():
                self._replay(entry.sequence, entry.stream, entry.payload)
        except BaseException:
            self.journal.close()
            raise

    def __repr__(self) -> str:
        return f"<Purse {self.journal.path} coins={len(self.coins)} sent={len(self.sent)}>"

    def close(self) -> None:
        """Let go of the journal."""
        self.journal.close()

    # ------------------------------------------------------------------------------------------------------ reading

    def coin(self, position: int) -> Kit:
        """The kit of an own output; raises OutputUnknown."""
        kit = self.coins.get(position)
        if kit is None:
            raise OutputUnknown(f"no output of this wallet at {position:#x}", hint="utxos shows them; sync first")
        return kit

    def payment(self, hashed: bytes) -> Sent:
        """A payment that was signed here; raises PaymentUnknown."""
        found = self.sent.get(hashed)
        if found is None:
            raise PaymentUnknown(f"0x{hashed.hex()[:16]}..: this wallet has not signed it", hint="history shows them")
        return found

    def signed_over(self, position: int) -> list[Sent]:
        """Payments that spend an output and may still happen, or have."""
        found = (self.sent[hashed] for hashed in self._spent.get(position, ()))
        return [one for one in found if one.state is not State.REPLACED]

    def spent(self, position: int) -> bool:
        """Whether a payment that is in a block has spent it."""
        return any(one.state is State.INCLUDED for one in self.signed_over(position))

    def free(self) -> Iterator[Kit]:
        """Outputs that nothing was signed over, that do not leave, and of which there is no doubt."""
        leaving = {kit.position for hashed in self.games for kit in self.sent[hashed].kit.inputs}
        for position, kit in self.coins.items():
            held = position in self.exits or position in leaving or position in self.doubted
            if not held and not self.signed_over(position):
                yield kit

    @property
    def open(self) -> list[Sent]:
        """Payments that may still happen."""
        return [one for one in self.sent.values() if one.open]

    @property
    def lines(self) -> tuple[Line, ...]:
        """What happened, oldest first."""
        return tuple(self._lines)

    # ------------------------------------------------------------------------------------------------------ writing

    def begin(self, deposit: int) -> None:
        """The chain is looked at for the first time: `deposit` is the number of its next one."""
        self._write(("since", {"deposit": deposit}))

    def keep(self, kits: Sequence[Kit], what: str = "received", *, doubted: bool = False) -> None:
        """Own outputs that are proven to be there; of one that is here already the newer kit counts.

        `doubted`: another wallet of the owner may have spent them, until `trust` says otherwise.
        """
        rows: list[tuple[str, dict[str, Any]]] = [("coin", {"kit": to_json(kit), "what": what}) for kit in kits]
        rows += [("doubt", {"position": kit.position}) for kit in kits if doubted]
        if rows:
            fault_point("wallet.coin.before")
            self._write(*rows)
            fault_point("wallet.coin.durable")

    def hear(self, number: int, header: bytes) -> None:
        """Somebody has told which outputs there are after a block; `header`: its hash, to know it by."""
        if self.heard != (number, header):
            self._write(("heard", {"block": number, "header": header.hex()}))

    def trust(self, positions: Iterable[int]) -> None:
        """Of these there is no doubt any more."""
        rows = [("trust", {"position": one}) for one in sorted(self.doubted.intersection(positions))]
        if rows:
            self._write(*rows)

    def drop(self, position: int, why: str) -> None:
        """An output is gone: paid out, or the chain took it back."""
        if position in self.coins:
            self._write(("gone", {"position": position, "why": why}))

    def sign(self, one: Sent) -> None:
        """Something is signed. The signature must go to nobody before this returns."""
        fault_point("wallet.sign.before")
        self._write(("sign", {"kit": to_json(one.kit), "what": one.what, "before": one.before.hex()}))
        fault_point("wallet.sign.durable")

    def refuse(self, hashed: bytes, fault: Layer2Error) -> None:
        """An operator did not take it. It has the signature all the same."""
        self._write(("refused", {"hash": hashed.hex(), "why": str(fault)}))

    def include(self, hashed: bytes, kit: OutputKit) -> None:
        """A payment stands in a block; what it replaced or was replaced by is over, outputs to the owner are his."""
        rows: list[tuple[str, dict[str, Any]]] = [("place", {"hash": hashed.hex(), "kit": to_json(kit)})]
        for at, output in enumerate(kit.transaction.outputs):
            if output.owner == self.owner:
                rows.append(("coin", {"kit": to_json(kit.at(at)), "what": "change"}))
        self._write(*rows)
        fault_point("wallet.coin.durable")

    def exit(self, positions: Iterable[int]) -> None:
        """Standard exits were started."""
        fault_point("wallet.exit.before")
        self._write(*(("exit", {"position": one}) for one in positions))
        fault_point("wallet.exit.durable")

    def unexit(self, position: int, why: str) -> None:
        """A standard exit did not come to its end."""
        self._write(("unexit", {"position": position, "why": why}))

    def game(self, hashed: bytes, bits: int) -> None:
        """An in-flight exit of an own payment was started or joined."""
        fault_point("wallet.exit.before")
        self._write(("game", {"hash": hashed.hex(), "bits": bits}))
        fault_point("wallet.exit.durable")

    def join(self, exit_id: bytes, bits: int) -> None:
        """An in-flight exit of somebody else's payment was joined."""
        self._write(("join", {"id": exit_id.hex(), "bits": bits}))

    def end(self, identity: bytes, why: str) -> None:
        """An in-flight exit is over: by the hash of an own payment, or the id of somebody else's."""
        self._write(("end", {"id": identity.hex(), "why": why}))

    # ------------------------------------------------------------------------------------------------------- inside

    def _claim(self, own: str) -> None:
        known = self.journal.get_meta("plasma")
        if known is None:
            self.journal.put_meta("plasma", own.encode())
            self.journal.commit()
        elif known != own.encode():
            raise JournalForeign(
                f"the journal {self.journal.path} is of {known.decode(errors='replace')}, this is {own}",
                hint="name another journal",
            )

    def _write(self, *rows: tuple[str, dict[str, Any]]) -> None:
        now = int(time.time())
        dated = [(stream, {**row, "time": now}) for stream, row in rows]
        for stream, row in dated:
            self.journal.append(stream, json.dumps(row, separators=(",", ":")).encode())
        self.journal.commit()
        for stream, row in dated:
            self._apply(stream, row)

    def _replay(self, sequence: int, stream: str, payload: bytes) -> None:
        try:
            self._apply(stream, parse_json(payload))
        except (ValueError, KeyError, TypeError, Layer2Error) as fault:
            raise JournalCorrupt(
                f"the {KIND} journal {self.journal.path} is damaged: row {sequence} is none of ours", hint=_RECOVERY
            ) from fault

    def _apply(self, stream: str, row: dict[str, Any]) -> None:
        takers: dict[str, Callable[[dict[str, Any]], None]] = {
            "coin": self._coin,
            "gone": self._gone,
            "since": self._since,
            "doubt": self._doubt,
            "trust": self._trust,
            "heard": self._heard,
            "sign": self._sign,
            "refused": self._refused,
            "place": self._place,
            "exit": self._exit,
            "unexit": self._unexit,
            "game": self._game,
            "join": self._join,
            "end": self._end,
        }
        takers[stream](row)

    def _coin(self, row: dict[str, Any]) -> None:
        kit = from_json(row["kit"])
        known = kit.position in self.coins
        self.coins[kit.position] = kit
        self.elsewhere.pop(kit.position, None)
        if not known:
            what = "deposit" if isinstance(kit, DepositKit) else row["what"]
            self._note(row, what, kit.output.token, kit.output.amount, f"{kit.position:#x}")

    def _gone(self, row: dict[str, Any]) -> None:
        kit = self.coins.pop(row["position"])
        if row["why"] == ELSEWHERE:
            self.elsewhere[kit.position] = kit
        self.exits.discard(row["position"])
        self.doubted.discard(row["position"])
        self._note(row, row["why"], kit.output.token, kit.output.amount, f"{kit.position:#x}")

    def _since(self, row: dict[str, Any]) -> None:
        self.since = int(row["deposit"])

    def _doubt(self, row: dict[str, Any]) -> None:
        self.doubted.add(int(row["position"]))

    def _trust(self, row: dict[str, Any]) -> None:
        self.doubted.discard(int(row["position"]))

    def _heard(self, row: dict[str, Any]) -> None:
        self.heard = int(row["block"]), bytes.fromhex(row["header"])

    def _sign(self, row: dict[str, Any]) -> None:
        one = Sent(payment_from_json(row["kit"]), row["what"], before=bytes.fromhex(row["before"]))
        known = self.sent.get(one.hash)
        # Again with signatures of others that came later.
        self.sent[one.hash] = one if known is None else replace(known, kit=one.kit)
        if known is not None:
            return
        for position in one.transaction.inputs:
            self._spent.setdefault(position, []).append(one.hash)
        self._about(row, one, one.what)

    def _refused(self, row: dict[str, Any]) -> None:
        one = self.sent[bytes.fromhex(row["hash"])]
        self.sent[one.hash] = replace(one, state=State.REFUSED)
        self._about(row, one, "refused")

    def _place(self, row: dict[str, Any]) -> None:
        hashed = bytes.fromhex(row["hash"])
        kit = from_json(row["kit"])
        assert isinstance(kit, OutputKit)
        one = self.sent[hashed]
        self.sent[hashed] = replace(one, state=State.INCLUDED, kit=replace(one.kit, included=kit))
        for position in one.transaction.inputs:
            for other in self._spent[position]:
                if other != hashed:
                    self.sent[other] = replace(self.sent[other], state=State.REPLACED)
        if one.state is not State.INCLUDED:
            self._about(row, one, "included")

    def _exit(self, row: dict[str, Any]) -> None:
        self.exits.add(row["position"])
        kit = self.coins[row["position"]]
        self._note(row, "exit", kit.output.token, kit.output.amount, f"{kit.position:#x}")

    def _unexit(self, row: dict[str, Any]) -> None:
        self.exits.discard(row["position"])
        kit = self.coins[row["position"]]
        self._note(row, row["why"], kit.output.token, kit.output.amount, f"{kit.position:#x}")

    def _game(self, row: dict[str, Any]) -> None:
        hashed = bytes.fromhex(row["hash"])
        self.games[hashed] = self.games.get(hashed, 0) | row["bits"]
        self._about(row, self.sent[hashed], "in-flight exit")

    def _join(self, row: dict[str, Any]) -> None:
        identity = bytes.fromhex(row["id"])
        self.joined[identity] = self.joined.get(identity, 0) | row["bits"]

    def _end(self, row: dict[str, Any]) -> None:
        identity = bytes.fromhex(row["id"])
        if self.games.pop(identity, None) is not None:
            self._about(row, self.sent[identity], row["why"])
        self.joined.pop(identity, None)

    def _about(self, row: dict[str, Any], one: Sent, what: str) -> None:
        """A line for a payment: what it gives to others; all of it, if to nobody else."""
        outputs = one.transaction.outputs
        away = [output for output in outputs if output.owner != self.owner] or list(outputs)
        for output in away:
            self._note(row, what, output.token, output.amount, output.address)

    def _note(self, row: dict[str, Any], what: str, token: int, amount: int, other: str) -> None:
        self._lines.append(Line(int(row["time"]), what, token, amount, other))
