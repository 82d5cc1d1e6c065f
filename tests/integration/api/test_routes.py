"""Every route of every service is asked what nobody should ask: each answer is typed, in time, and never a failure."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from aiohttp import web
from tests.support.api_routes import BINARY, JSON, Routes
from tests.support.campaign import NIGHTLY, SEED

from layer2.api.http.handlers import body_of, new_application
from layer2.api.http.json_fields import number_of, read_json
from layer2.api.http.node_health import NodeHealth
from layer2.api.http.service import HttpService
from layer2.api.plasma.coins_json import transfer_json
from layer2.api.plasma.coins_service import CoinService
from layer2.api.plasma.payments_json import payment_json
from layer2.api.plasma.payments_service import PlasmaService
from layer2.api.plasma.watcher_service import WatchService
from layer2.api.rollup.operations_json import operation_json
from layer2.api.rollup.service import SequencerService
from layer2.ethereum.devnet import tester_connection as new_chain
from layer2.ethereum.sender import Sender
from layer2.ethereum.signer import LocalSigner
from layer2.plasma.coins.protocol.transfer import CoinTransaction, sign_coin
from layer2.plasma.coins.protocol.transfer_batch import record_of as coin_record
from layer2.plasma.devnet import LocalPlasma
from layer2.plasma.payments.operator.intake import record_of
from layer2.plasma.protocol.packed import join_body
from layer2.plasma.protocol.positions import encode_position
from layer2.plasma.protocol.signing import sign
from layer2.plasma.protocol.transaction import payment
from layer2.primitives.addresses import address_bytes
from layer2.primitives.bls import BlsKey
from layer2.primitives.ecdsa import PrivateKey
from layer2.primitives.errors import MalformedError
from layer2.primitives.hashing import keccak
from layer2.primitives.worker_pool import WorkerPool
from layer2.rollup.devnet import LocalRollup
from layer2.rollup.protocol.messages import Transfer
from layer2.rollup.protocol.signed_operation import SignedOp, join_records

MOST = 400 if NIGHTLY else 24
PAYER, STRANGER = (PrivateKey(keccak(name)) for name in (b"payer", b"stranger"))


class Town:
    """One node of each kind that is served, each with something to tell, and what may rightly be asked of it."""

    def __init__(self, folder: Path) -> None:
        self.chain = new_chain()
        operator, other = self.chain.signers(2)
        Sender(self.chain, operator).send(PAYER.address, value=10**18)
        payer = LocalSigner(PAYER)
        # In blobs it would have to load the ceremony of KZG.
        self.rollup = LocalRollup(self.chain, operator, folder=folder / "rollup", data="calldata")
        self.rollup.wallet(payer).deposit(1_000)
        self.op = self.signed(0)
        self.rollup.post()
        self.rollup.sequencer.submit(self.op)
        self.rollup.post()
        self.rollup.settle()
        self.plasma = LocalPlasma(self.chain, other, folder=folder / "plasma")
        wallet = self.plasma.wallet(payer)
        kits = [wallet.deposit(100) for _ in range(5)]
        self.plasma.operator.follow()
        domain = self.plasma.root.domain
        self.paid, self.open = (
            sign(payment([one.position], [(PAYER.address, 0, 100)], 1_000), domain, PAYER) for one in kits[:2]
        )
        assert self.plasma.operator.submit_many([self.paid]) == [None]
        self.plasma.operator.step()
        self.plasma.watch()
        self.coins = self.plasma.coins()
        holder = self.coins.wallet(payer)
        moved, self.coin = holder.deposit(100), holder.deposit(100)
        self.moved = holder.send(moved, STRANGER.address)
        self.coins.operator.step()

    def signed(self, nonce: int) -> SignedOp:
        message = Transfer(1, nonce, 1, 5, 0, 0)
        return SignedOp(message, PAYER.sign_compact(message.digest(self.rollup.rollup.domain)))

    def close(self) -> None:
        self.plasma.close()
        self.rollup.close()

    def sequencer(self) -> Routes:
        op, done = self.signed(1), self.op.message.digest(self.rollup.rollup.domain)
        ops = json.dumps([operation_json(op), "0x" + op.encode().hex()]).encode()
        key = json.dumps({"key": "0x" + BlsKey.derive(keccak(b"new")).public.hex(), "token": 0}).encode()
        names = {
            "id": ["1"],
            "/v1/operations/{id} id": ["0x" + done.hex()],
            "owner": [PAYER.address],
            "n": ["1"],
        }
        bodies = {
            "/v1/operations": [(JSON, ops), (BINARY, join_records([op.encode()]))],
            "/v1/keys": [(JSON, key)],
        }
        return Routes(SequencerService(self.rollup.sequencer), names, bodies, MOST, seed=SEED)

    def operator(self) -> Routes:
        pay = json.dumps({"payments": [payment_json(self.open), "0x" + record_of(self.open).hex()]}).encode()
        row = {"owner": STRANGER.address, "token": 0, "amount": "5"}
        asked = {"owner": PAYER.address, "outputs": [row], "fee": "1", "memo": "0x" + "01" * 32, "expiry": 99}
        merge = {"owner": PAYER.address, "merge": 0}
        bodies = {
            "/v1/payments": [(JSON, pay), (BINARY, join_body([record_of(self.open)]))],
            "/v1/drafts": [(JSON, json.dumps(asked).encode()), (JSON, json.dumps(merge).encode())],
        }
        return Routes(PlasmaService(self.plasma.operator), self.plasma_names(), bodies, MOST, seed=SEED)

    def plasma_names(self) -> dict[str, list[str]]:
        return {
            "id": ["0x" + self.paid.transaction.hash.hex()],
            "n": ["1", "2"],
            "owner": [PAYER.address],
            "position": [str(encode_position(1, 0, 0)), str(encode_position(1, 1, 0)), str(1 << 63 | 1 << 24)],
        }

    def coin_operator(self) -> Routes:
        made = CoinTransaction(self.coin, 0, address_bytes(STRANGER.address), 1_000)
        one = sign_coin(made, self.coins.chain.domain, PAYER)
        body = json.dumps({"transfers": [transfer_json(one), "0x" + coin_record(one).hex()]}).encode()
        names = {
            "id": ["0x" + self.moved.transaction.hash.hex()],
            "coin": [str(self.coin)],
            "owner": [PAYER.address],
            "n": ["1"],
        }
        bodies = {"/v1/transfers": [(JSON, body), (BINARY, coin_record(one))]}
        return Routes(CoinService(self.coins.operator), names, bodies, MOST, seed=SEED)

    def watcher(self) -> Routes:
        service = WatchService(self.plasma.watcher)
        service.desk.step()
        return Routes(service, self.plasma_names(), {}, MOST, seed=SEED)

    def node(self) -> Routes:
        return Routes(NodeHealth(self.rollup.proposer, lambda: {"ok": True}), {}, {}, MOST, seed=SEED)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    made = Town(tmp_path_factory.mktemp("town"))
    yield made
    made.close()


KINDS = {"sequencer": 800, "operator": 1_000, "coin_operator": 600, "watcher": 300, "node": 40}
"""And how many requests at least."""


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_is_asked_is_answered_by_name(town: Town, kind: str) -> None:
    routes: Routes = getattr(town, kind)()
    with routes.service:
        routes.ask_all()
    assert routes.faults == []
    asked = sum((one for one in routes.answers.values()), Counter[int]())
    print(kind, asked.total(), dict(asked))
    assert asked.total() > KINDS[kind]
    for path, answers in routes.answers.items():
        # Each answers what is right, and refuses; what takes an input, also for what it is.
        assert answers[200] > 0, path
        assert answers[405] > 0, path
        assert answers[400] > 0 or not ("{" in path or path.startswith("POST")), path


class Careless(HttpService):
    """A service that trusts what it is sent, each route in its own way."""

    def __init__(self) -> None:
        super().__init__(SimpleNamespace(step=lambda: None), WorkerPool())

    def application(self) -> web.Application:
        app = new_application()
        names = ("typed", "by_place", "by_path", "untyped", "slow")
        app.add_routes([web.post(f"/{name}/{{n}}", getattr(self, name)) for name in names])
        return app

    async def typed(self, request: web.Request) -> web.Response:
        data = read_json(await body_of(request, JSON))
        if not isinstance(data, dict):
            raise MalformedError("not a JSON object")
        return web.json_response({"n": number_of("n", request.match_info["n"]), "a": number_of("a", data.get("a"))})

    async def by_place(self, request: web.Request) -> web.Response:
        return web.json_response({"a": read_json(await body_of(request, JSON))["a"]})

    async def by_path(self, request: web.Request) -> web.Response:
        return web.json_response({"n": int(request.match_info["n"])})

    async def untyped(self, request: web.Request) -> web.Response:
        return web.Response(status=200 if (await request.read()).startswith(b"{") else 400, text="what?")

    async def slow(self, request: web.Request) -> web.Response:
        await asyncio.sleep(1.1 if len(request.match_info["n"]) > 3_000 else 0)
        return web.json_response({})


@pytest.fixture(scope="module")
def careless() -> list[str]:
    bodies = {f"/{name}/{{n}}": [(JSON, b'{"a": 1}')] for name in ("typed", "by_place", "by_path", "untyped", "slow")}
    routes = Routes(Careless(), {"n": ["1"]}, bodies, 3, slow=1.0)
    with routes.service:
        routes.ask_all()
    return routes.faults


@pytest.mark.parametrize(
    ("name", "what"), [("by_place", "fails"), ("by_path", "fails"), ("untyped", "is no typed error"), ("slow", "took")]
)
def test_a_service_that_trusts_what_it_is_sent_is_found(careless: list[str], name: str, what: str) -> None:
    assert any(f"/{name}/" in one and what in one for one in careless)


def test_a_service_that_reads_well_is_not_accused(careless: list[str]) -> None:
    assert [one for one in careless if "/typed/" in one] == []
