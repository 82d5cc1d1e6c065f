"""Kits and their files: one reading each, and nothing that does not lead to what the chain has."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from layer2.plasma.payments.chain.errors import ExitProofInvalid, ExitProofMalformed
from layer2.plasma.payments.chain.exit_proof_file import (
    from_json,
    load_kits,
    parse,
    payment_from_json,
    save_kits,
    text_of,
    to_json,
)
from layer2.plasma.payments.chain.exit_proofs import UNSIGNED, DepositExitProof, InFlightExitProof, OutputExitProof
from layer2.plasma.protocol.blocks import BlockTree, Header
from layer2.plasma.protocol.positions import encode_position
from layer2.plasma.protocol.signing import Signed, plasma_domain, sign
from layer2.plasma.protocol.transaction import Deposit, Transaction, fee_transaction, payment
from layer2.primitives.ecdsa import PrivateKey
from layer2.primitives.hashing import keccak

PAYER, PAYEE, THIEF = (PrivateKey(keccak(name)) for name in (b"payer", b"payee", b"thief"))
ADDRESS = "0x" + "11" * 20
DOMAIN = plasma_domain(7, "0x" + "11" * 20)


def raw(key: PrivateKey) -> bytes:
    return bytes.fromhex(key.address[2:])


class Chain:
    """What a kit is held against."""

    domain = DOMAIN
    address = DOMAIN.verifying_contract

    class connection:
        chain_id = 7

    def __init__(self) -> None:
        self.blocks: dict[int, bytes] = {}
        self.deposits: dict[int, bytes] = {}

    def block(self, number: int) -> bytes:
        return self.blocks.get(number, bytes(32))

    def deposit_hash(self, number: int) -> bytes:
        return self.deposits.get(number, bytes(32))


def deposit(number: int = 1, amount: int = 100, owner: PrivateKey = PAYER) -> DepositExitProof:
    return DepositExitProof(Deposit(number, raw(owner), 0, amount, 5 + number))


def block(*rows: Transaction, number: int = 1) -> tuple[Header, BlockTree]:
    tree = BlockTree([one.packed for one in rows], keccak(b"signatures"))
    return Header(tree.root, 1_000 + number, tree.count), tree


FIRST = payment([deposit().position], [(PAYEE.address, 0, 60), (PAYER.address, 0, 40)], 10)
OTHER = payment([deposit(2).position], [(THIEF.address, 0, 100)], 10)


def output(at: int = 0) -> OutputExitProof:
    header, tree = block(FIRST, OTHER)
    return OutputExitProof(encode_position(1, 0, at), FIRST, header, tree.proof(0))


def paid() -> InFlightExitProof:
    """The payee pays on, out of a block and with a deposit of somebody else."""
    one = payment([output().position, deposit(3).position], [(THIEF.address, 0, 160)], 10)
    return InFlightExitProof(sign(one, DOMAIN, PAYEE, PAYER), (output(), deposit(3)))


@pytest.fixture
def chain() -> Chain:
    made = Chain()
    header, _ = block(FIRST, OTHER)
    made.blocks[1] = header.hash
    for number in (1, 2, 3):
        made.deposits[number] = deposit(number).deposit.hash
    return made


def test_a_file_is_read_as_it_was_written(chain: Chain, tmp_path: Path) -> None:
    kits = [deposit(), output(0), output(1)]
    save_kits(tmp_path / "deep" / "kits.json", chain, kits, [paid()])  # type: ignore[arg-type]
    found = load_kits(tmp_path / "deep" / "kits.json", chain)  # type: ignore[arg-type]
    assert list(found.outputs) == kits
    assert found.payments == (paid(),)
    assert [one.name for one in (tmp_path / "deep").iterdir()] == ["kits.json"]


def test_a_file_that_is_no_text_is_refused(chain: Chain, tmp_path: Path) -> None:
    (tmp_path / "kits.json").write_bytes(b"\xff\xfe\xfd")
    with pytest.raises(ExitProofMalformed):
        load_kits(tmp_path / "kits.json", chain)  # type: ignore[arg-type]


# ---------------------------------------------------------------------------------------------------------- the parts


def test_a_path_for_another_place_is_no_kit() -> None:
    kit = output()
    header, tree = block(FIRST, OTHER)
    with pytest.raises(ExitProofInvalid):
        OutputExitProof(encode_position(1, 1, 0), FIRST, header, tree.proof(0))
    for path in ((), (*kit.path, bytes(32)), (bytes(32),), (kit.path[0][:31],)):
        with pytest.raises(ExitProofInvalid):
            OutputExitProof(kit.position, FIRST, header, path)
    for position in (0, 1, encode_position(1, 0, 2), deposit().position, 1 << 64, encode_position(11, 0, 0)):
        with pytest.raises(ExitProofInvalid):
            OutputExitProof(position, FIRST, header, kit.path)
    for wrong in (replace(header, count=3), replace(header, count=1), replace(header, root=bytes(32))):
        with pytest.raises(ExitProofInvalid):
            OutputExitProof(kit.position, FIRST, wrong, kit.path)
    # The header's time is held against the chain alone.
    assert OutputExitProof(kit.position, FIRST, replace(header, time=1), kit.path).header != kit.header


def test_a_fee_transaction_stands_in_its_block_only() -> None:
    made = fee_transaction(3, [(PAYER.address, 0, 1)])
    header, tree = block(made)
    assert OutputExitProof(encode_position(3, 0, 0), made, header, tree.proof(0)).output.amount == 1
    for number in (2, 4):
        with pytest.raises(ExitProofInvalid):
            OutputExitProof(encode_position(number, 0, 0), made, header, tree.proof(0))


def test_a_payment_needs_the_kits_of_its_inputs() -> None:
    kit = paid()
    for inputs in (
        (),
        kit.inputs[:1],
        tuple(reversed(kit.inputs)),
        (output(1), deposit(3)),
        (output(0), deposit(2)),
        (*kit.inputs, deposit(1)),
    ):
        with pytest.raises(ExitProofInvalid):
            InFlightExitProof(kit.payment, inputs)
    with pytest.raises(ExitProofInvalid):
        InFlightExitProof(Signed(kit.transaction, kit.payment.signatures[:1]), kit.inputs)
    with pytest.raises(ExitProofInvalid, match="another transaction"):
        InFlightExitProof(kit.payment, kit.inputs, output())


def test_no_payment_makes_money() -> None:
    one = payment([deposit().position], [(PAYEE.address, 0, 60), (PAYER.address, 0, 41)], 10)
    with pytest.raises(ExitProofInvalid, match="101 wei go out, 100 wei come in"):
        InFlightExitProof(sign(one, DOMAIN, PAYER), (deposit(),))
    two = payment([deposit().position], [(PAYEE.address, 1, 1)], 10)
    with pytest.raises(ExitProofInvalid):
        InFlightExitProof(sign(two, DOMAIN, PAYER), (deposit(),))


def test_the_same_money_is_not_spent_twice() -> None:
    """A transaction that stands in two blocks is one output."""
    header, tree = block(FIRST, OTHER)
    again = OutputExitProof(encode_position(2, 0, 0), FIRST, header, tree.proof(0))
    one = payment([output().position, again.position], [(THIEF.address, 0, 120)], 10)
    with pytest.raises(ExitProofInvalid, match="twice"):
        InFlightExitProof(sign(one, DOMAIN, PAYEE, PAYEE), (output(), again))


def test_every_owner_must_have_signed(chain: Chain) -> None:
    kit = paid()
    kit.require_on_chain(chain)  # type: ignore[arg-type]
    assert kit.complete
    first, second = kit.payment.signatures
    elsewhere = sign(kit.transaction, plasma_domain(8, ADDRESS), PAYEE, PAYER).signatures
    for signatures in ((second, first), (first, first), (first, UNSIGNED), (first, b"\xff" * 64), elsewhere):
        wrong = InFlightExitProof(Signed(kit.transaction, signatures), kit.inputs)
        assert wrong.complete == (UNSIGNED not in signatures)
        with pytest.raises(ExitProofInvalid, match="has not signed"):
            wrong.require_on_chain(chain)  # type: ignore[arg-type]


def test_bits_name_what_is_owned() -> None:
    kit = paid()
    assert [kit.bits_of(raw(key)) for key in (PAYEE, PAYER, THIEF)] == [0x01, 0x02, 0x10]
    assert kit.bits_of(raw(PAYEE), inputs=False) == kit.bits_of(raw(THIEF), outputs=False) == 0
    assert kit.block == 1
    assert kit.exit_id == keccak(kit.hash + output().output_id + deposit(3).output_id)


# ---------------------------------------------------------------------------------------------------------- the chain


def test_what_the_chain_lacks_is_wrong(chain: Chain) -> None:
    text = text_of(chain, [deposit(), output()], [paid()])  # type: ignore[arg-type]
    parse(text, chain)  # type: ignore[arg-type]
    for change in (
        lambda: chain.blocks.clear(),
        lambda: chain.blocks.update({1: bytes(32)}),
        lambda: chain.deposits.pop(1),
        lambda: chain.deposits.pop(3),
        lambda: chain.deposits.update({3: deposit(3, 101).deposit.hash}),
    ):
        blocks, deposits = dict(chain.blocks), dict(chain.deposits)
        change()
        with pytest.raises(ExitProofInvalid):
            parse(text, chain)  # type: ignore[arg-type]
        chain.blocks, chain.deposits = blocks, deposits
    parse(text, chain)  # type: ignore[arg-type]


@pytest.mark.parametrize(("name", "value"), [("chainId", 8), ("contract", "0x" + "22" * 20), ("chainId", "7")])
def test_a_file_of_elsewhere_is_wrong(chain: Chain, name: str, value: object) -> None:
    row = json.loads(text_of(chain, [deposit()]))  # type: ignore[arg-type]
    row[name] = value
    with pytest.raises(ExitProofInvalid, match="connect to their chain"):
        parse(json.dumps(row), chain)  # type: ignore[arg-type]


# ------------------------------------------------------------------------------------------------------- the readings


def _leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(value, dict):
        return [path, *(one for key in value for one in _leaves(value[key], (*path, key)))]
    if isinstance(value, list):
        return [path, *(one for at, each in enumerate(value) for one in _leaves(each, (*path, at)))]
    return [path]


def _put(value: Any, path: tuple[Any, ...], change: Callable[[Any], Any]) -> Any:
    if not path:
        return change(value)
    value[path[0]] = _put(value[path[0]], path[1:], change)
    return value


def _more(value: Any) -> Any:
    if isinstance(value, dict):
        return {**value, "more": 1}
    if isinstance(value, list):
        return [*value, "0x00"]
    if isinstance(value, str):
        return value + "00"
    return value + 1 if isinstance(value, int) else 1


CHANGES: dict[str, Callable[[Any], Any]] = {
    "nothing": lambda _: None,
    "true": lambda _: True,
    "a number": lambda _: 4711,
    "text": lambda _: "text",
    "a list": lambda _: [[]],
    "a table": lambda _: {},
    "more": _more,
    "another case": lambda value: value.replace("0x", "0X") if isinstance(value, str) else -1,
    "another bit": lambda value: f"0x{int(value, 16) ^ 2:0{len(value) - 2}x}" if _is_hex(value) else {"a": 1},
}


def _is_hex(value: object) -> bool:
    return isinstance(value, str) and value.startswith("0x") and len(value) > 2


@pytest.mark.parametrize("name", CHANGES)
def test_whatever_is_changed_anywhere_is_refused(chain: Chain, name: str) -> None:
    text = text_of(chain, [deposit(), output()], [paid()])  # type: ignore[arg-type]
    tried = 0
    for path in _leaves(json.loads(text)):
        changed = json.dumps(_put(json.loads(text), path, CHANGES[name]))
        if json.loads(changed) == json.loads(text):
            continue
        tried += 1
        with pytest.raises((ExitProofMalformed, ExitProofInvalid)):
            parse(changed, chain)  # type: ignore[arg-type]
    assert tried > 25


def test_a_missing_name_is_refused(chain: Chain) -> None:
    row = json.loads(text_of(chain, [deposit()]))  # type: ignore[arg-type]
    for name in list(row):
        short = {key: value for key, value in row.items() if key != name}
        with pytest.raises(ExitProofMalformed):
            parse(json.dumps(short), chain)  # type: ignore[arg-type]


def test_a_name_that_stands_twice_is_refused(chain: Chain) -> None:
    text = text_of(chain, [deposit()])  # type: ignore[arg-type]
    with pytest.raises(ExitProofMalformed, match="twice"):
        parse(text.replace('"version": 1', '"version": 2, "version": 1'), chain)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "1", "null", "1e400", "NaN", "[" * 99_999, '{"]' + "]" * 99 + '": ' + "[" * 99_999]
)
def test_what_is_no_file_is_refused(chain: Chain, text: str) -> None:
    with pytest.raises(ExitProofMalformed):
        parse(text, chain)  # type: ignore[arg-type]


def test_kinds_do_not_stand_for_each_other() -> None:
    with pytest.raises(ExitProofMalformed):
        from_json(to_json(paid()))
    with pytest.raises(ExitProofMalformed):
        payment_from_json(to_json(output()))
    with pytest.raises(ExitProofMalformed, match="does not prove"):
        payment_from_json({**to_json(paid()), "included": to_json(deposit())})
