"""Exit proofs as JSON: each file has exactly one interpretation, and each proof is verified against L1.

Integers that may exceed 53 bits are strings. A file names its chain and contract, against which the loader verifies it.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from layer2.plasma.payments.chain.contract import RootChain
from layer2.plasma.payments.chain.errors import ExitProofInvalid, ExitProofMalformed
from layer2.plasma.payments.chain.exit_proofs import (
    DepositExitProof,
    InFlightExitProof,
    Kit,
    OutputExitProof,
    require_on_chain,
)
from layer2.plasma.protocol.blocks import decode_header
from layer2.plasma.protocol.signing import Signed
from layer2.plasma.protocol.transaction import decode_deposit, decode_transaction
from layer2.primitives.errors import MalformedError, shown
from layer2.store.private_files import make_folder, open_private

__all__ = [
    "ExitProofFile",
    "from_json",
    "load_kits",
    "parse",
    "payment_from_json",
    "read_json",
    "save_kits",
    "text_of",
    "to_json",
]

T = TypeVar("T")

FORMAT = "layer2 plasma exit kits"
_DEEPEST = 16
_BRACKETS = re.compile(r'"(?:\\.|[^"\\])*"|[\[\]{}]', re.DOTALL)
_LONGEST = 16
"""Maximum number of siblings in a path."""


@dataclass(frozen=True, slots=True)
class ExitProofFile:
    """Exit proofs of outputs and of payments."""

    outputs: tuple[Kit, ...] = ()
    payments: tuple[InFlightExitProof, ...] = ()


def to_json(kit: Kit | InFlightExitProof) -> dict[str, Any]:
    """Return an exit proof as plain JSON values."""
    if isinstance(kit, DepositExitProof):
        return {"kind": "deposit", "number": kit.deposit.number, "record": _hex(kit.deposit.record)}
    if isinstance(kit, OutputExitProof):
        return {
            "kind": "output",
            "position": f"0x{kit.position:016x}",
            "transaction": _hex(kit.transaction.packed),
            "header": _hex(kit.header.encoded),
            "path": [_hex(one) for one in kit.path],
        }
    return {
        "kind": "payment",
        "transaction": _hex(kit.transaction.packed),
        "signatures": [_hex(one) for one in kit.payment.signatures],
        "inputs": [to_json(one) for one in kit.inputs],
        "included": None if kit.included is None else to_json(kit.included),
    }


def from_json(value: object) -> Kit:
    """Decode the exit proof of an output; raise ExitProofMalformed or ExitProofInvalid if it is not valid."""
    kind = value.get("kind") if isinstance(value, dict) else None
    if kind == "deposit":
        row = _fields(value, "kind", "number", "record")
        number = row["number"]
        if isinstance(number, bool) or not isinstance(number, int):
            raise ExitProofMalformed(f"kit: {shown(number, 40)} is not a deposit number")
        return _read(lambda: DepositExitProof(decode_deposit(number, _bytes(row["record"], 39))))
    if kind == "output":
        row = _fields(value, "kind", "position", "transaction", "header", "path")
        path = row["path"]
        if not isinstance(path, list) or len(path) > _LONGEST:
            raise ExitProofMalformed("kit: a path is a list of 16 siblings or less")
        return _read(
            lambda: OutputExitProof(
                int.from_bytes(_bytes(row["position"], 8), "big"),
                decode_transaction(_bytes(row["transaction"])),
                decode_header(_bytes(row["header"], 64)),
                tuple(_bytes(one, 32) for one in path),
            )
        )
    raise ExitProofMalformed(f"kit: {shown(kind, 40)} is not a kind of output", hint='write "deposit" or "output"')


def payment_from_json(value: object) -> InFlightExitProof:
    """Decode the exit proof of a payment; raise ExitProofMalformed or ExitProofInvalid if it is not valid."""
    row = _fields(value, "kind", "transaction", "signatures", "inputs", "included")
    signatures, inputs = row["signatures"], row["inputs"]
    if row["kind"] != "payment" or not isinstance(signatures, list) or not isinstance(inputs, list):
        raise ExitProofMalformed("kit: a payment has lists of signatures and inputs")
    included = None if row["included"] is None else from_json(row["included"])
    if isinstance(included, DepositExitProof):
        raise ExitProofMalformed("kit: a deposit does not prove the inclusion of a payment")
    kits = tuple(from_json(one) for one in inputs)

    def made() -> InFlightExitProof:
        transaction = decode_transaction(_bytes(row["transaction"]))
        return InFlightExitProof(Signed(transaction, tuple(_bytes(one, 64) for one in signatures)), kits, included)

    return _read(made)


def read_json(text: str) -> Any:
    """Decode untrusted JSON text; raise ExitProofMalformed if it is not valid."""
    # The library's decoder recurses and may exhaust the stack, so the nesting depth is checked first.
    depth = 0
    for found in _BRACKETS.finditer(text):
        if found[0][0] != '"':
            depth += 1 if found[0] in "[{" else -1
        if depth > _DEEPEST:
            raise ExitProofMalformed(f"text: nested more than {_DEEPEST} deep")
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=_never, parse_float=_never)
    except json.JSONDecodeError as fault:
        raise ExitProofMalformed(f"text: not JSON: {fault}") from None
    except ValueError:
        raise ExitProofMalformed("text: a number is too long") from None


def text_of(root: RootChain, outputs: Iterable[Kit], payments: Iterable[InFlightExitProof] = ()) -> str:
    """Return the text of a file of exit proofs."""
    value = {
        "format": FORMAT,
        "version": 1,
        "chainId": root.connection.chain_id,
        "contract": root.address,
        "outputs": [to_json(one) for one in outputs],
        "payments": [to_json(one) for one in payments],
    }
    return json.dumps(value, indent=1) + "\n"


def parse(text: str, root: RootChain) -> ExitProofFile:
    """Decode the exit proofs in a file's text and verify each against L1.

    Raises:
        ExitProofMalformed: the text is not valid.
        ExitProofInvalid: the file is of another chain or contract, or a proof does not match L1.
    """
    value = read_json(text)
    row = _fields(value, "format", "version", "chainId", "contract", "outputs", "payments")
    if row["format"] != FORMAT or row["version"] != 1 or isinstance(row["version"], bool):
        raise ExitProofMalformed(f"kits: format {shown(row['format'], 40)}, version {shown(row['version'], 8)}")
    if not isinstance(row["outputs"], list) or not isinstance(row["payments"], list):
        raise ExitProofMalformed("kits: outputs and payments are lists")
    chain, contract = root.connection.chain_id, root.address
    if row["chainId"] != chain or row["contract"] != contract:
        raise ExitProofInvalid(
            f"the kits belong to {shown(row['contract'], 42)} on chain {shown(row['chainId'], 20)}, "
            f"this is {contract} on chain {chain}",
            hint="connect to their chain",
        )
    found = ExitProofFile(tuple(map(from_json, row["outputs"])), tuple(map(payment_from_json, row["payments"])))
    require_on_chain(root, (*found.outputs, *found.payments))
    return found


def save_kits(
    path: str | Path, root: RootChain, outputs: Iterable[Kit], payments: Iterable[InFlightExitProof] = ()
) -> None:
    """Write exit proofs to a file, atomically; durable when this returns."""
    target = Path(path)
    make_folder(target.parent)
    scratch = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with open_private(scratch) as file:
            file.write(text_of(root, outputs, payments).encode())
            file.flush()
            os.fsync(file.fileno())
        scratch.replace(target)
    finally:
        scratch.unlink(missing_ok=True)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def load_kits(path: str | Path, root: RootChain) -> ExitProofFile:
    """Read exit proofs from a file and verify each against L1; raise the errors of `parse`."""
    try:
        return parse(Path(path).read_text(encoding="utf-8"), root)
    except UnicodeDecodeError:
        raise ExitProofMalformed(f"kits: {path} is not text") from None


# ----------------------------------------------------------------------------------------------------------- internal


def _hex(data: bytes) -> str:
    return "0x" + data.hex()


def _bytes(value: object, size: int | None = None) -> bytes:
    if not isinstance(value, str) or not value.startswith("0x"):
        raise ExitProofMalformed(f"kit: {shown(value, 40)} is not hex text")
    try:
        data = bytes.fromhex(value[2:])
    except ValueError:
        raise ExitProofMalformed(f"kit: {value[:40]!r} is not hex text") from None
    if value != _hex(data) or (size is not None and len(data) != size):
        raise ExitProofMalformed(f"kit: {value[:40]!r} is not {size or 'its'} bytes in lower case")
    return data


def _fields(value: object, *names: str) -> Mapping[str, Any]:
    if not isinstance(value, dict) or set(value) != set(names):
        have = ", ".join(sorted(map(str, value))) if isinstance(value, dict) else type(value).__name__
        raise ExitProofMalformed(f"kit: {have[:80]} given, {', '.join(names)} needed")
    return value


def _read(make: Callable[[], T]) -> T:
    try:
        return make()
    except ExitProofMalformed:
        raise
    except MalformedError as fault:
        raise ExitProofMalformed(f"kit: {fault}") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row = dict(pairs)
    if len(row) != len(pairs):
        raise ExitProofMalformed("kit: a name occurs twice")
    return row


def _never(text: str) -> Any:
    raise ExitProofMalformed(f"kit: {text[:20]} is not a whole number")
