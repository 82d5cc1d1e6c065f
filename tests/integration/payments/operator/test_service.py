"""The operator over HTTP: payments in, blocks and proofs out, and a typed answer to everything that is wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from eth_account.messages import encode_typed_data
from tests.support.asking import BINARY, JSON, ask, metrics_of

from layer2.api.plasma.payments_client import RemoteOperator
from layer2.api.plasma.payments_json import MOST_PAYMENTS, payment_json
from layer2.api.plasma.payments_service import PlasmaService
from layer2.ethereum.errors import WrongChain
from layer2.ethereum.sender import Sender
from layer2.plasma.common.errors import InputSpent, InputUnknown, SignatureWrong, StateUnknown
from layer2.plasma.payments.chain.contract import RootChain
from layer2.plasma.payments.operator.intake import record_of
from layer2.plasma.protocol.blocks import decode_body
from layer2.plasma.protocol.packed import join_body
from layer2.plasma.protocol.positions import encode_position
from layer2.primitives.errors import MalformedError
from layer2.primitives.hashing import keccak

from .conftest import PAYEE, PAYER, THIEF, Stage


@pytest.fixture
def service(stage: Stage) -> Iterator[PlasmaService]:
    with PlasmaService(stage.operator) as one:
        yield one


@pytest.fixture
def client(service: PlasmaService, stage: Stage) -> Iterator[RemoteOperator]:
    one = RemoteOperator(service.url, stage.contract)
    yield one
    one.close()


def test_payments_in_blocks_out_and_the_kit_opens_an_exit(stage: Stage, client: RemoteOperator) -> None:
    places = [stage.deposit(PAYER) for _ in range(3)]
    stage.operator.follow()
    payments = [stage.pay(one, change=39) for one in places]
    assert client.submit_many(payments) == [None] * 3
    assert client.tx_status(payments[1].transaction.hash)["state"] == "pending"
    assert client.balance(PAYER.address) == {
        "tokens": {"0": {"free": "0", "pending": "300", "exiting": "0"}},
        "more": False,
    }
    stage.operator.step()
    told = client.tx_status(payments[1].transaction.hash)
    assert (told["state"], told["block"], told["index"]) == ("posted", 1, 1)
    assert client.block(1)["count"] == 4
    assert client.header(1) == stage.operator.header(1)
    body = client.body(1)
    assert [one.transaction for one in decode_body(body)][:3] == [one.transaction for one in payments]
    assert client.body(1, 10, 30) == body[10:30]
    assert client.body(1, len(body) - 5) == body[-5:]
    assert client.body(1, len(body) + 5) == b""
    outputs = client.outputs(PAYEE.address)
    assert [row["amount"] for row in outputs["outputs"]] == ["60"] * 3
    kit = client.exit_kit(int(outputs["outputs"][2]["position"]))
    stage.contract.start_exits(stage.fund(PAYEE), [kit.proof])
    stage.operator.follow()
    assert client.balance(PAYEE.address)["tokens"]["0"] == {"free": "120", "pending": "0", "exiting": "60"}


def test_refusals_come_as_the_errors_they_are(stage: Stage, client: RemoteOperator) -> None:
    place = stage.deposit(PAYER)
    stage.operator.follow()
    good, stolen = stage.pay(place), stage.pay(place, THIEF)._replace(signatures=(PAYEE.sign_compact(bytes(32)),))
    kinds = [
        type(one)
        for one in client.submit_many([stolen, good, stage.pay(place, THIEF), stage.pay(encode_position(7, 0, 0))])
    ]
    assert kinds == [SignatureWrong, type(None), InputSpent, InputUnknown]
    with pytest.raises(InputSpent):
        client.submit(stage.pay(place, THIEF))
    assert client.submit(good) == good.transaction.hash
    assert client.state()["pending"] == 1


def test_json_and_bytes_say_the_same(stage: Stage, service: PlasmaService) -> None:
    one, two = (stage.pay(stage.deposit(PAYER)) for _ in range(2))
    stage.operator.follow()
    body = json.dumps({"payments": [payment_json(one), "0x" + record_of(two).hex(), {"inputs": []}, "0x00"]}).encode()
    status, raw = ask(service, "/v1/payments", body)
    rows = json.loads(raw)["results"]
    assert (status, [row.get("ok") for row in rows]) == (200, [True, True, None, None])
    assert rows[0]["id"] == "0x" + one.transaction.hash.hex()
    assert [row["error"]["code"] for row in rows[2:]] == ["malformed-error"] * 2
    status, raw = ask(service, "/v1/payments", join_body([record_of(one), record_of(two)]), BINARY)
    assert (status, json.loads(raw)) == (200, {"accepted": 2, "refused": {}})
    assert stage.operator.waiting == 2


@pytest.mark.parametrize(
    ("kind", "body", "status", "code"),
    [
        (JSON, b"[]", 400, "malformed-error"),
        (JSON, b"{}", 400, "malformed-error"),
        (JSON, b"[1.5]", 400, "malformed-error"),
        (JSON, b"[" * 100_000, 400, "malformed-error"),
        (JSON, b"[" + b'"0x00",' * MOST_PAYMENTS + b'"0x00"]', 413, "too-large"),
        (BINARY, b"", 400, "malformed-error"),
        (BINARY, b"\0\1\0", 400, "body-malformed"),
        (BINARY, b"\xff\xff" + bytes(10), 400, "body-malformed"),
        (BINARY, b"\0\7" + b"\1\xf1" + bytes(5), 400, "body-malformed"),
        (BINARY, (b"\0\7" + bytes(7)) * (MOST_PAYMENTS + 1), 413, "too-large"),
        ("text/plain", b"x", 415, "wrong-type"),
    ],
)
def test_bad_bodies_get_a_typed_answer(service: PlasmaService, kind: str, body: bytes, status: int, code: str) -> None:
    have, raw = ask(service, "/v1/payments", body, kind)
    assert (have, json.loads(raw)["error"]["code"]) == (status, code)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/blocks/1", 404),
        ("/v1/blocks/0", 404),
        ("/v1/blocks/x", 400),
        ("/v1/blocks/1/body", 404),
        ("/v1/blocks?from=x", 400),
        ("/v1/outputs/0/kit", 400),
        (f"/v1/outputs/{1 << 64}/kit", 413),
        (f"/v1/outputs/{encode_position(1, 0, 0)}/kit", 404),
        (f"/v1/outputs/{1 << 63 | 5 << 24}/kit", 404),
        ("/v1/owners/0x12/outputs", 400),
        ("/v1/payments/0x12", 400),
        ("/v1/payments/0x" + "00" * 32, 404),
        ("/v1/nothing", 404),
    ],
)
def test_bad_questions_get_a_typed_answer(service: PlasmaService, path: str, status: int) -> None:
    have, raw = ask(service, path)
    assert have == status
    assert set(json.loads(raw)["error"]) == {"code", "message", "have", "need", "hint"}


def test_lists_come_in_pages(stage: Stage, service: PlasmaService, client: RemoteOperator) -> None:
    for _ in range(3):
        stage.deposit(PAYER)
    for place in (1, 2, 3):
        stage.operator.submit(stage.pay(1 << 63 | place << 24))
        stage.operator.step()
    first = client.outputs(PAYEE.address, 0, 2)
    assert (len(first["outputs"]), first["more"]) == (2, True)
    rest = client.outputs(PAYEE.address, 2, 2)
    assert (len(rest["outputs"]), rest["more"]) == (1, False)
    status, raw = ask(service, "/v1/blocks?from=2&count=5")
    assert (status, [one["block"] for one in json.loads(raw)]) == (200, [2, 3])


def test_health_tells_what_is_wrong(stage: Stage, service: PlasmaService) -> None:
    assert ask(service, "/v1/health")[0] == 200
    service.failure = "the chain does not answer"
    status, raw = ask(service, "/v1/health")
    assert (status, json.loads(raw)["failure"]) == (503, "the chain does not answer")


def test_metrics_tell_the_same(service: PlasmaService) -> None:
    told = metrics_of(service)
    assert told["layer2_plasma_operator_ok"] == 1
    assert told["layer2_plasma_operator_posted"] == json.loads(ask(service, "/v1/health")[1])["posted"]
    service.failure = "the chain does not answer"
    assert metrics_of(service)["layer2_plasma_operator_ok"] == 0


def test_the_loop_makes_blocks_by_itself(stage: Stage) -> None:
    place = stage.deposit(PAYER)
    with PlasmaService(stage.operator, interval=0.05) as service:
        client = RemoteOperator(service.url, stage.contract)
        stage.operator.follow()
        hashed = client.submit(stage.pay(place))
        for _ in range(200):
            if client.tx_status(hashed)["state"] == "posted":
                break
            service._ended.wait(0.05)
        assert client.tx_status(hashed)["state"] == "posted"
        assert service.failure is None
        client.close()


def test_a_client_of_another_contract_is_told(stage: Stage, service: PlasmaService) -> None:
    other = RootChain.deploy(Sender(stage.chain, stage.chain.signers(3)[2]), stage.sender.address)
    with pytest.raises(WrongChain):
        RemoteOperator(service.url, other)


def test_a_kit_of_what_is_not_on_the_chain_is_not_there_yet(stage: Stage, client: RemoteOperator) -> None:
    stage.operator.submit(stage.pay(stage.deposit(PAYER)))
    stage.operator.make_block()
    with pytest.raises(StateUnknown):
        client.exit_kit(encode_position(1, 0, 0))
    with pytest.raises(StateUnknown):
        client.header(1)
    stage.operator.step()
    assert client.exit_kit(encode_position(1, 0, 0)).output.amount == 60
    with pytest.raises(StateUnknown):
        client.exit_kit(encode_position(1, 1, 0))
    with pytest.raises(MalformedError):
        client.exit_kit(encode_position(1, 0, 3) + 9)


def draft(service: PlasmaService, **asked: object) -> tuple[int, dict[str, Any]]:
    code, raw = ask(service, "/v1/drafts", json.dumps(asked).encode())
    return code, json.loads(raw)


def test_a_draft_is_signed_as_typed_data_and_accepted(stage: Stage, service: PlasmaService) -> None:
    for _ in range(3):
        stage.deposit(PAYER)
    pay = [{"owner": PAYEE.address, "token": 0, "amount": "120"}]
    code, found = draft(service, owner=PAYER.address, outputs=pay, fee=5)
    assert code == 200
    assert [(row["owner"], row["amount"]) for row in found["outputs"]] == [
        (PAYEE.address, "120"),
        (PAYER.address, "75"),
    ]
    # What an Ethereum wallet signs when it is shown the typed data.
    signable = encode_typed_data(full_message=found["typed_data"])
    assert keccak(b"\x19" + signable.version + signable.header + signable.body) == bytes.fromhex(found["digest"][2:])
    signature = PAYER.sign_compact(bytes.fromhex(found["digest"][2:]))
    row = {name: found[name] for name in ("inputs", "outputs", "expiry", "memo")}
    row["signatures"] = ["0x" + signature.hex()] * len(found["inputs"])
    told = json.loads(ask(service, "/v1/payments", json.dumps([row]).encode())[1])
    assert told["results"] == [{"ok": True, "id": found["id"]}]
    # What is pending is not drafted again; what is left cannot be joined.
    code, found = draft(service, owner=PAYER.address, outputs=pay)
    assert (code, found["error"]["code"]) == (409, "funds-missing")
    assert draft(service, owner=PAYER.address, merge=0)[0] == 409


def test_a_merge_is_drafted(stage: Stage, service: PlasmaService) -> None:
    for _ in range(5):
        stage.deposit(PAYER)
    code, found = draft(service, owner=PAYER.address, merge=0, fee="1")
    assert (code, len(found["inputs"])) == (200, 4)
    assert [(row["owner"], row["amount"]) for row in found["outputs"]] == [(PAYER.address, "399")]


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"owner": 7},
        {"owner": "me", "merge": 0},
        {"owner": PAYER.address},
        {"owner": PAYER.address, "outputs": []},
        {"owner": PAYER.address, "outputs": [{"owner": PAYEE.address, "amount": 1}] * 5},
        {"owner": PAYER.address, "outputs": [{"owner": PAYEE.address, "amount": 0}]},
        {"owner": PAYER.address, "outputs": [{"owner": PAYEE.address, "amount": -1}]},
        {"owner": PAYER.address, "outputs": [7]},
        {"owner": PAYER.address, "merge": "all"},
        {"owner": PAYER.address, "merge": 0, "expiry": 0},
        {"owner": PAYER.address, "merge": 0, "memo": "0x00"},
    ],
)
def test_what_cannot_be_drafted_has_a_typed_answer(
    stage: Stage, service: PlasmaService, asked: dict[str, object]
) -> None:
    for _ in range(2):
        stage.deposit(PAYER)
    code, found = draft(service, **asked)
    assert (code, found["error"]["code"].split("-")[-1]) in ((400, "error"), (400, "malformed"))
