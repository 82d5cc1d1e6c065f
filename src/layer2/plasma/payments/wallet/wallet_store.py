"""A wallet's store: outputs with their exit proofs, signed payments, and exits, all durable before use."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from layer2.node.event_log import EventLog
from layer2.plasma.payments.chain.errors import OutputUnknown, PaymentUnknown
from layer2.plasma.payments.chain.exit_proof_file import from_json, payment_from_json, to_json
from layer2.plasma.payments.chain.exit_proofs import DepositExitProof, Kit, OutputExitProof
from layer2.plasma.payments.wallet.payment_status import HistoryEntry, PaymentStatus, SentPayment
from layer2.primitives.addresses import address_bytes
from layer2.primitives.errors import Layer2Error
from layer2.primitives.json_text import parse_json
from layer2.store.fault_points import fault_point

__all__ = ["ELSEWHERE", "FAULT_POINTS", "WalletStore"]

FAULT_POINTS = (
    "wallet.sign.before",
    "wallet.sign.durable",
    "wallet.coin.before",
    "wallet.coin.durable",
    "wallet.exit.before",
    "wallet.exit.durable",
)
"""Points at which a test may kill the process; `before` an exit or deposit is recorded, it is already on L1."""
ELSEWHERE = "spent elsewhere"
"""Reason recorded for an output spent by another wallet of the owner."""
KIND = "plasma.wallet"
_RECOVERY = "restore a backup, or start anew: the chain and an operator tell what is owned, not what was signed"

_Row = tuple[str, dict[str, Any]]
"""An event of the wallet: its name and its values."""


class _Rows:
    def encode(self, event: _Row) -> tuple[str, bytes]:
        return event[0], json.dumps(event[1], separators=(",", ":")).encode()

    def decode(self, stream: str, payload: bytes) -> _Row:
        return stream, parse_json(payload)


class WalletStore:
    """A wallet's store in one journal. Not thread-safe without a lock.

    Attributes:
        coins: exit proofs of the owner's outputs by position, including outputs spent by a signed payment, without
            dropped ones.
        sent: signed payments by hash.
        exits: positions of outputs whose standard exit was started here.
        games: hashes of payments whose in-flight exit was started or piggybacked here, with the piggybacked bits.
        joined: exit ids of other owners' payments that were piggybacked here, with the bits.
        since: number of the first deposit after this store was created; 0 before the first read of L1.
        `doubted`: positions of older deposits, which another wallet of the owner may have spent.
        elsewhere: exit proofs by position of outputs that another wallet has spent.
        heard: the last block up to which all outputs are known, and the hash of its header.

    Raises:
        JournalMismatch: the journal belongs to another contract or owner.
        JournalCorrupt: the journal contains an invalid entry.
    """

    def __init__(self, path: str | Path, place: str, owner: str) -> None:
        self.log = EventLog(path, _Rows(), kind=KIND, bound_to=f"{owner} in {place}", recovery=_RECOVERY)
        self.owner = address_bytes(owner)
        self.coins: dict[int, Kit] = {}
        self.sent: dict[bytes, SentPayment] = {}
        self.exits: set[int] = set()
        self.games: dict[bytes, int] = {}
        self.joined: dict[bytes, int] = {}
        self.since = 0
        self.doubted: set[int] = set()
        self.elsewhere: dict[int, Kit] = {}
        self.heard = 0, b""
        self._spent: dict[int, list[bytes]] = {}
        self._lines: list[HistoryEntry] = []
        try:
            self.log.replay(self._apply)
        except BaseException:
            self.log.close()
            raise

    def __repr__(self) -> str:
        return f"<WalletStore {self.log.journal.path} coins={len(self.coins)} sent={len(self.sent)}>"

    def close(self) -> None:
        """Close the journal."""
        self.log.close()

    # ------------------------------------------------------------------------------------------------------ reading

    def coin(self, position: int) -> Kit:
        """Return the exit proof of an own output; raise OutputUnknown if this wallet has none there."""
        kit = self.coins.get(position)
        if kit is None:
            raise OutputUnknown(f"no output of this wallet at {position:#x}", hint="see utxos(); sync first")
        return kit

    def payment(self, hashed: bytes) -> SentPayment:
        """Return a payment; raise PaymentUnknown if this wallet has not signed it."""
        found = self.sent.get(hashed)
        if found is None:
            raise PaymentUnknown(f"0x{hashed.hex()[:16]}..: this wallet has not signed it", hint="see history()")
        return found

    def signed_over(self, position: int) -> list[SentPayment]:
        """Return the payments that spend an output and are included or may still be."""
        found = (self.sent[hashed] for hashed in self._spent.get(position, ()))
        return [one for one in found if one.state is not PaymentStatus.REPLACED]

    def spent(self, position: int) -> bool:
        """Return True if an included payment has spent the output."""
        return any(one.state is PaymentStatus.INCLUDED for one in self.signed_over(position))

    def free(self) -> Iterator[Kit]:
        """Yield outputs that are spendable: not signed over, not exiting, not doubtful."""
        leaving = {kit.position for hashed in self.games for kit in self.sent[hashed].kit.inputs}
        for position, kit in self.coins.items():
            held = position in self.exits or position in leaving or position in self.doubted
            if not held and not self.signed_over(position):
                yield kit

    @property
    def open(self) -> list[SentPayment]:
        """Payments that may still be included."""
        return [one for one in self.sent.values() if one.open]

    @property
    def lines(self) -> tuple[HistoryEntry, ...]:
        """The wallet's history, oldest entry first."""
        return tuple(self._lines)

    # ------------------------------------------------------------------------------------------------------ writing

    def begin(self, deposit: int) -> None:
        """Record the first read of L1; `deposit` is the number of the next deposit."""
        self._write(("since", {"deposit": deposit}))

    def keep(self, kits: Sequence[Kit], what: str = "received", *, doubted: bool = False) -> None:
        """Add proven own outputs; a newer exit proof replaces an older one.

        With `doubted`, another wallet of the owner may have spent them; `trust` clears the mark.
        """
        rows: list[_Row] = [("coin", {"kit": to_json(kit), "what": what}) for kit in kits]
        rows += [("doubt", {"position": kit.position}) for kit in kits if doubted]
        if rows:
            fault_point("wallet.coin.before")
            self._write(*rows)
            fault_point("wallet.coin.durable")

    def hear(self, number: int, header: bytes) -> None:
        """Record that all outputs up to a block are known; `header` is the block's header hash."""
        if self.heard != (number, header):
            self._write(("heard", {"block": number, "header": header.hex()}))

    def trust(self, positions: Iterable[int]) -> None:
        """Mark these outputs as confirmed unspent."""
        rows = [("trust", {"position": one}) for one in sorted(self.doubted.intersection(positions))]
        if rows:
            self._write(*rows)

    def drop(self, position: int, why: str) -> None:
        """Remove an output that was paid out, spent elsewhere or removed by a reorganisation."""
        if position in self.coins:
            self._write(("gone", {"position": position, "why": why}))

    def sign(self, one: SentPayment) -> None:
        """Record a signed payment; its signature must not be released before this returns."""
        fault_point("wallet.sign.before")
        self._write(("sign", {"kit": to_json(one.kit), "what": one.what, "before": one.before.hex()}))
        fault_point("wallet.sign.durable")

    def refuse(self, hashed: bytes, fault: Layer2Error) -> None:
        """Record that the operator rejected a payment; the operator may still include it."""
        self._write(("refused", {"hash": hashed.hex(), "why": str(fault)}))

    def include(self, hashed: bytes, kit: OutputExitProof) -> None:
        """Record a payment's inclusion: competing payments become replaced, and outputs to the owner are added."""
        rows: list[_Row] = [("place", {"hash": hashed.hex(), "kit": to_json(kit)})]
        for at, output in enumerate(kit.transaction.outputs):
            if output.owner == self.owner:
                rows.append(("coin", {"kit": to_json(kit.at(at)), "what": "change"}))
        self._write(*rows)
        fault_point("wallet.coin.durable")

    def exit(self, positions: Iterable[int]) -> None:
        """Record started standard exits."""
        fault_point("wallet.exit.before")
        self._write(*(("exit", {"position": one}) for one in positions))
        fault_point("wallet.exit.durable")

    def unexit(self, position: int, why: str) -> None:
        """Record that a standard exit ended without payment."""
        self._write(("unexit", {"position": position, "why": why}))

    def game(self, hashed: bytes, bits: int) -> None:
        """Record a started or piggybacked in-flight exit of an own payment."""
        fault_point("wallet.exit.before")
        self._write(("game", {"hash": hashed.hex(), "bits": bits}))
        fault_point("wallet.exit.durable")

    def join(self, exit_id: bytes, bits: int) -> None:
        """Record a piggyback on an in-flight exit of another owner's payment."""
        self._write(("join", {"id": exit_id.hex(), "bits": bits}))

    def end(self, identity: bytes, why: str) -> None:
        """Record the end of an in-flight exit, by the hash of an own payment or the exit id of another owner's."""
        self._write(("end", {"id": identity.hex(), "why": why}))

    # ----------------------------------------------------------------------------------------------------- internal

    def _write(self, *rows: _Row) -> None:
        now = int(time.time())
        dated = [(stream, {**row, "time": now}) for stream, row in rows]
        self.log.append(*dated)
        self.log.commit()
        for event in dated:
            self._apply(event)

    def _apply(self, event: _Row) -> None:
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
        stream, row = event
        takers[stream](row)

    def _coin(self, row: dict[str, Any]) -> None:
        kit = from_json(row["kit"])
        known = kit.position in self.coins
        self.coins[kit.position] = kit
        self.elsewhere.pop(kit.position, None)
        if not known:
            what = "deposit" if isinstance(kit, DepositExitProof) else row["what"]
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
        one = SentPayment(payment_from_json(row["kit"]), row["what"], before=bytes.fromhex(row["before"]))
        known = self.sent.get(one.hash)
        # It was signed again with signatures that other owners added.
        self.sent[one.hash] = one if known is None else replace(known, kit=one.kit)
        if known is not None:
            return
        for position in one.transaction.inputs:
            self._spent.setdefault(position, []).append(one.hash)
        self._about(row, one, one.what)

    def _refused(self, row: dict[str, Any]) -> None:
        one = self.sent[bytes.fromhex(row["hash"])]
        self.sent[one.hash] = replace(one, state=PaymentStatus.REFUSED)
        self._about(row, one, "refused")

    def _place(self, row: dict[str, Any]) -> None:
        hashed = bytes.fromhex(row["hash"])
        kit = from_json(row["kit"])
        assert isinstance(kit, OutputExitProof)
        one = self.sent[hashed]
        self.sent[hashed] = replace(one, state=PaymentStatus.INCLUDED, kit=replace(one.kit, included=kit))
        for position in one.transaction.inputs:
            for other in self._spent[position]:
                if other != hashed:
                    self.sent[other] = replace(self.sent[other], state=PaymentStatus.REPLACED)
        if one.state is not PaymentStatus.INCLUDED:
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

    def _about(self, row: dict[str, Any], one: SentPayment, what: str) -> None:
        """Add history entries for a payment's outputs to others, or for all its outputs if there are none to others."""
        outputs = one.transaction.outputs
        away = [output for output in outputs if output.owner != self.owner] or list(outputs)
        for output in away:
            self._note(row, what, output.token, output.amount, output.address)

    def _note(self, row: dict[str, Any], what: str, token: int, amount: int, other: str) -> None:
        self._lines.append(HistoryEntry(int(row["time"]), what, token, amount, other))
