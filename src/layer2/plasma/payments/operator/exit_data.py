"""Data for an exit without the operator: an output's position, its origin, and the inclusion proof."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from layer2.plasma.payments.chain.contract import Proof
from layer2.plasma.protocol.blocks import Header, decode_header, verify_inclusion
from layer2.plasma.protocol.malformed import PositionMalformed, TreeMalformed
from layer2.plasma.protocol.positions import decode_position, is_deposit
from layer2.plasma.protocol.transaction import Deposit, Output, decode_deposit, decode_transaction, deposit_output_id
from layer2.primitives.errors import Layer2Error, MalformedError
from layer2.primitives.json_text import parse_json, whole_number

__all__ = ["ExitData"]


@dataclass(frozen=True, slots=True)
class ExitData:
    """An output with its proof: header, transaction and siblings of a child block, or the record of a deposit.

    Attributes:
        signatures: signatures of the output's transaction, 64 bytes per input, needed for an in-flight exit.

    Raises (at construction):
        PositionMalformed, TreeMalformed, MalformedError: the parts do not prove the output.
    """

    position: int
    data: bytes
    header: Header | None = None
    path: tuple[bytes, ...] = ()
    signatures: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        place = decode_position(self.position)
        if is_deposit(self.position):
            decode_deposit(place.deposit, self.data)
            if self.header is not None or self.path or self.signatures:
                raise MalformedError("a deposit has neither header nor path nor signatures")
            return
        one = decode_transaction(self.data)
        if place.output >= len(one.outputs):
            raise PositionMalformed(f"output {place.output} of {len(one.outputs)}: no such item")
        header = self.header
        if header is None or not verify_inclusion(header.root, header.count, place.transaction, self.data, self.path):
            raise TreeMalformed(f"the proof does not lead from position {self.position:#x} to the header's root")

    @classmethod
    def of_deposit(cls, deposit: Deposit) -> ExitData:
        """Return the exit data of a deposit."""
        return cls(deposit.position, deposit.record)

    @property
    def output(self) -> Output:
        """Owner, token and amount of the output."""
        place = decode_position(self.position)
        if place.deposit:
            return decode_deposit(place.deposit, self.data).output
        return decode_transaction(self.data).outputs[place.output]

    @property
    def output_id(self) -> bytes:
        """Id of the output in the contract."""
        place = decode_position(self.position)
        if place.deposit:
            return deposit_output_id(place.deposit)
        return decode_transaction(self.data).output_id(place.output)

    @property
    def proof(self) -> Proof:
        """The proof as the contract's argument."""
        if self.header is None:
            return Proof(self.position, 0, self.data, ())
        return Proof.of(self.position, self.header, self.data, self.path)

    def to_json(self) -> dict[str, Any]:
        """Return the data as plain values: integers that may exceed 2^53 as decimal strings, bytes as hex."""
        owner, token, amount = self.output
        return {
            "position": str(self.position),
            "output_id": _hex(self.output_id),
            "output": {"owner": _hex(owner), "token": token, "amount": str(amount)},
            "deposit" if self.header is None else "transaction": _hex(self.data),
            "header": None if self.header is None else _hex(self.header.encoded),
            "path": [_hex(one) for one in self.path],
            "signatures": [_hex(one) for one in self.signatures],
        }

    @classmethod
    def from_json(cls, data: Any) -> ExitData:
        """Decode and verify the result of `to_json`; raise MalformedError if it is not valid."""
        try:
            if isinstance(data, str | bytes):
                data = parse_json(data, "exit kit")
            header = None if data["header"] is None else decode_header(_raw(data["header"]))
            raw = _raw(data["deposit" if header is None else "transaction"])
            path, signatures = (tuple(map(_raw, data[name])) for name in ("path", "signatures"))
            return cls(whole_number(data["position"]), raw, header, path, signatures)
        except (KeyError, TypeError, ValueError, AttributeError) as failure:
            raise MalformedError(f"not an exit proof: {failure!r:.80}", hint="pass the operator's answer") from None
        except Layer2Error as failure:
            if isinstance(failure, MalformedError):
                raise
            raise MalformedError(f"not an exit proof: {failure}") from failure


def _hex(data: bytes) -> str:
    return "0x" + data.hex()


def _raw(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))
