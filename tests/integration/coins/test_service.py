"""The operator of coins over HTTP: transfers in, evidence and bodies out, a typed answer to all that is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
from aiohttp import web
from tests.support.asking import BINARY, JSON, ask, metrics_of

from layer2.api.http.errors import Unreachable
from layer2.api.plasma.coins_client import RemoteCoins
from layer2.api.plasma.coins_json import MOST_TRANSFERS, transfer_json
from layer2.api.plasma.coins_service import CoinService
from layer2.api.plasma.remote_blocks import RemoteBodies
from layer2.ethereum.errors import WrongChain
from layer2.plasma.coins.chain.block_sources import CoinBodies
from layer2.plasma.coins.protocol.coin_history import History, check_history
from layer2.plasma.coins.protocol.errors import BodyMissing, CoinSpent, UnknownCoin
from layer2.plasma.coins.protocol.transfer_batch import record_of
from layer2.plasma.coins.wallet.wallet import CoinWallet
from layer2.plasma.common.errors import SignatureWrong, StateUnknown
from layer2.primitives.errors import RangeError

from .conftest import ETHER, PAYEE, PAYER, THIEF, Stage


@pytest.fixture
def service(stage: Stage) -> Iterator[CoinService]:
    with CoinService(stage.operator) as one:
        yield one


@pytest.fixture
def client(service: CoinService, stage: Stage) -> Iterator[RemoteCoins]:
    one = RemoteCoins(service.url, stage.coins)
    yield one
    one.close()


def test_transfers_in_evidence_and_bodies_out(stage: Stage, client: RemoteCoins) -> None:
    coin, other = stage.deposit(), stage.deposit()
    stage.operator.follow()
    first = stage.give(coin)
    assert client.submit_many([first, stage.give(other)]) == [None, None]
    assert client.tx_status(first.transaction.hash)["state"] == "pending"
    assert client.coin(coin)["pending"] == transfer_json(first)
    stage.operator.step()
    assert client.submit(stage.give(other, 1, THIEF, by=PAYEE))
    stage.operator.step()
    told = client.tx_status(first.transaction.hash)
    assert (told["state"], told["block"]) == ("posted", 1)
    record = stage.operator.coin(coin).record
    history = History(coin, record, tuple(client.coin_evidence(coin, 1)))
    assert check_history(history, stage.operator.chain_state.since(1), stage.coins.domain).owner == PAYEE.address
    assert client.coin_evidence(coin, 1, 1) == list(history.evidence[:1])
    assert client.coin_evidence(coin, 3) == []
    assert [row["coin"] for row in client.coins_of(PAYEE.address)["coins"]] == [str(coin)]
    assert client.block(1)["count"] == 2
    body = client.coin_body(1)
    assert body == stage.operator.coin_body(1)
    assert (client.body(1, 10, 30), client.body(1, len(body) + 5)) == (body[10:30], b"")
    assert CoinBodies(RemoteBodies(client.url)).coin_body(1) == body


def test_a_coin_goes_from_hand_to_hand_over_http(
    stage: Stage, client: RemoteCoins, holders: Callable[..., CoinWallet]
) -> None:
    payer, payee = holders(PAYER, client), holders(PAYEE, client)
    coin = payer.deposit_ether(ETHER)
    stage.operator.follow()
    payer.send(coin, PAYEE.address)
    stage.operator.step()
    assert payee.fetch(coin).last_block == 1
    assert (payer.sync(), payer.coins(), payee.coins()) == ([], [], [coin])


def test_refusals_come_as_the_errors_they_are(stage: Stage, client: RemoteCoins) -> None:
    coin = stage.deposit()
    stage.operator.follow()
    batch = [stage.give(coin, by=THIEF), stage.give(coin), stage.give(coin, to=THIEF), stage.give(coin + 1)]
    kinds = [type(one) for one in client.submit_many(batch)]
    assert kinds == [SignatureWrong, type(None), CoinSpent, UnknownCoin]
    with pytest.raises(CoinSpent):
        client.submit(stage.give(coin, to=THIEF))
    assert client.submit(batch[1]) == batch[1].transaction.hash
    assert client.state()["pending"] == 1
    for wrong in (lambda: client.coin(coin + 1), lambda: client.block(9), lambda: client.tx_status(bytes(32))):
        with pytest.raises(StateUnknown):
            wrong()
    with pytest.raises(BodyMissing):
        client.coin_body(9)
    with pytest.raises(RangeError):
        client.coin_evidence(coin, 0)


def test_json_and_bytes_say_the_same(stage: Stage, service: CoinService) -> None:
    one, two = (stage.give(stage.deposit()) for _ in range(2))
    stage.operator.follow()
    wrong = {**transfer_json(one), "newOwner": None}
    body = json.dumps({"transfers": [transfer_json(one), "0x" + record_of(two).hex(), wrong, {}, "0x00"]}).encode()
    status, raw = ask(service, "/v1/transfers", body)
    rows = json.loads(raw)["results"]
    assert (status, [row.get("ok") for row in rows]) == (200, [True, True, None, None, None])
    assert rows[0]["id"] == "0x" + one.transaction.hash.hex()
    assert [row["error"]["code"] for row in rows[2:]] == ["malformed-error", "malformed-error", "coin-malformed"]
    status, raw = ask(service, "/v1/transfers", record_of(one) + record_of(two), BINARY)
    assert (status, json.loads(raw)) == (200, {"accepted": 2, "refused": {}})
    assert stage.operator.waiting == 2


@pytest.mark.parametrize(
    ("kind", "body", "status", "code"),
    [
        (JSON, b"[]", 400, "malformed-error"),
        (JSON, b"{}", 400, "malformed-error"),
        (JSON, b"[1.5]", 400, "malformed-error"),
        (JSON, b"[" * 100_000, 400, "malformed-error"),
        (JSON, b"[" + b'"0x00",' * MOST_TRANSFERS + b'"0x00"]', 413, "too-large"),
        (BINARY, b"", 400, "malformed-error"),
        (BINARY, bytes(102), 400, "body-malformed"),
        (BINARY, bytes(103) * (MOST_TRANSFERS + 1), 413, "too-large"),
        (BINARY, bytes(3 << 20), 413, "too-large"),
        ("text/plain", b"x", 415, "wrong-type"),
    ],
)
def test_bad_bodies_get_a_typed_answer(service: CoinService, kind: str, body: bytes, status: int, code: str) -> None:
    have, raw = ask(service, "/v1/transfers", body, kind)
    assert (have, json.loads(raw)["error"]["code"]) == (status, code)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/blocks/1", 404),
        ("/v1/blocks/x", 400),
        ("/v1/blocks/1/body", 404),
        ("/v1/blocks?from=x", 400),
        ("/v1/coins/5", 404),
        ("/v1/coins/-5", 400),
        (f"/v1/coins/{1 << 64}", 413),
        (f"/v1/coins/{1 << 64}/evidence", 413),
        ("/v1/coins/5/evidence?from=0", 400),
        ("/v1/coins/5/evidence?count=x", 400),
        ("/v1/owners/0x12/coins", 400),
        ("/v1/transfers/0x12", 400),
        ("/v1/transfers/0x" + "00" * 32, 404),
        ("/v1/nothing", 404),
    ],
)
def test_bad_questions_get_a_typed_answer(service: CoinService, path: str, status: int) -> None:
    have, raw = ask(service, path)
    assert have == status
    assert set(json.loads(raw)["error"]) == {"code", "message", "have", "need", "hint"}


def test_lists_come_in_pages(stage: Stage, service: CoinService, client: RemoteCoins) -> None:
    coins = [stage.deposit() for _ in range(3)]
    stage.operator.follow()
    first, rest = client.coins_of(PAYER.address, 0, 2), client.coins_of(PAYER.address, 2, 2)
    assert ([row["coin"] for row in first["coins"]], first["more"]) == ([str(one) for one in coins[:2]], True)
    assert ([row["coin"] for row in rest["coins"]], rest["more"]) == ([str(coins[2])], False)
    for prev in range(3):
        stage.operator.submit(stage.give(coins[0], prev, PAYER))
        stage.operator.step()
    status, raw = ask(service, "/v1/blocks?from=2&count=5")
    assert (status, [one["block"] for one in json.loads(raw)]) == (200, [2, 3])


def test_health_tells_what_is_wrong(service: CoinService) -> None:
    assert ask(service, "/v1/health")[0] == 200
    service.failure = "the chain does not answer"
    status, raw = ask(service, "/v1/health")
    assert (status, json.loads(raw)["failure"]) == (503, "the chain does not answer")


def test_metrics_tell_the_same(service: CoinService) -> None:
    told = metrics_of(service)
    assert told["layer2_plasma_coins_ok"] == 1
    assert told["layer2_plasma_coins_posted"] == json.loads(ask(service, "/v1/health")[1])["posted"]
    service.failure = "the chain does not answer"
    assert metrics_of(service)["layer2_plasma_coins_ok"] == 0


def test_a_client_of_another_contract_is_told(stage: Stage, service: CoinService) -> None:
    other = type(stage.coins).deploy(stage.sender, stage.sender.address)
    with pytest.raises(WrongChain):
        RemoteCoins(service.url, other)


def test_the_loop_makes_blocks_by_itself(stage: Stage) -> None:
    coin = stage.deposit()
    stage.operator.follow()
    with CoinService(stage.operator, interval=0.05) as service:
        client = RemoteCoins(service.url, stage.coins)
        hashed = client.submit(stage.give(coin))
        for _ in range(200):
            if client.tx_status(hashed)["state"] == "posted":
                break
            service._ended.wait(0.05)
        assert client.tx_status(hashed)["state"] == "posted"
        client.close()


class Nonsense(CoinService):
    """A service that answers what no operator would."""

    def application(self) -> web.Application:
        async def answer(request: web.Request) -> web.Response:
            return web.json_response(self.answer)

        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", answer)
        return app

    answer: object = {}


@pytest.mark.parametrize("answer", [[], {}, {"evidence": 5}, {"evidence": [5]}, {"evidence": ["0x00"]},
                                    {"evidence": ["0xzz"]}, {"evidence": ["0x" + "00" * 11]}])  # fmt: skip
def test_nonsense_instead_of_evidence_is_an_unreachable_operator(stage: Stage, answer: object) -> None:
    with Nonsense(stage.operator) as service:
        service.answer = answer
        client = RemoteCoins(service.url)
        with pytest.raises(Unreachable):
            client.coin_evidence(5, 1)
        client.close()
