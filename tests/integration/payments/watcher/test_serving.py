"""A watcher over HTTP: what it found, what is due, kits and bodies for others, while its own sources may hang."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from tests.support.payments.watcher_world import ETHER, World

from layer2.api.http.errors import NotFound
from layer2.api.plasma import watcher_views as plasmawatchviews
from layer2.api.plasma.payments_client import RemoteOperator
from layer2.api.plasma.remote_blocks import RemoteBodies
from layer2.api.plasma.remote_operator import RemoteOperatorClient
from layer2.api.plasma.watcher_service import WatchService
from layer2.plasma.common.errors import StateUnknown
from layer2.plasma.common.watcher.block_sources import BodySource
from layer2.plasma.payments.chain.contract import ExitStatus
from layer2.plasma.payments.chain.state import RootChainState
from layer2.plasma.payments.wallet.wallet import Wallet
from layer2.plasma.protocol.positions import encode_position


@contextmanager
def served(world: World, source: BodySource | None = None, **options: Any) -> Iterator[WatchService]:
    with WatchService(world.watch(None, source=source or world.hostile, **options)) as service:
        yield service


def ask(service: WatchService, path: str) -> tuple[int, Any]:
    try:
        with urllib.request.urlopen(service.url + path, timeout=30) as answer:
            raw, code = answer.read(), answer.status
    except urllib.error.HTTPError as failure:
        raw, code = failure.read(), failure.code
    return code, json.loads(raw) if path.startswith("/v1") else raw.decode()


def pay_once(world: World) -> None:
    kit = world.deposit(world.payer)
    world.hostile.block([world.pay([(world.payer, kit)], [(world.payee, ETHER // 4), (world.payer, ETHER // 2)])])


def test_good_times_are_told_as_such(world: World) -> None:
    pay_once(world)
    with served(world) as service:
        code, health = ask(service, "/v1/health")
        assert (code, health["ok"]) == (503, False), "nobody has looked yet"
        service.desk.step()
        assert ask(service, "/v1/health")[0] == 200
        status = ask(service, "/v1/status")[1]
        assert (status["posted"], status["verified"], status["healthy"], status["alarms"]) == (1, 1, True, 0)
        assert ask(service, "/v1/alarms")[1] == {"healthy": True, "standing": [], "acts": []}
        assert ask(service, "/v1/challenges")[1] == {"calls": []}
        assert ask(service, f"/v1/owners/{world.payee.address}/balance")[1]["tokens"]["0"]["free"] == str(ETHER // 4)


def test_what_is_wrong_is_an_alarm_and_what_is_due_can_be_sent_by_anybody(world: World) -> None:
    pay_once(world)
    spent = world.deposit(world.thief)
    world.hostile.block([world.pay([(world.thief, spent)], [(world.payee, ETHER)])])
    world.exit(world.thief, spent)
    world.hostile.withheld_mint(5 * ETHER)
    # It has no key: somebody else sends what it says.
    with served(world) as service:
        service.desk.step()
        told = ask(service, "/v1/alarms")[1]
        assert {one["kind"] for one in told["standing"]} == {"EXIT_SPENT", "BLOCK_WITHHELD"}
        assert told["healthy"] is False
        (call,) = ask(service, "/v1/challenges")[1]["calls"]
        assert call["call"] == "challengeExit"
        world.second.send(call["to"], data=bytes.fromhex(call["data"][2:]), value=int(call["value"]))
        assert world.status(spent) is ExitStatus.CHALLENGED
        service.desk.step()
        assert ask(service, "/v1/challenges")[1]["calls"] == []
        assert [one["kind"] for one in ask(service, "/v1/alarms")[1]["standing"]] == ["BLOCK_WITHHELD"]


def test_prometheus_reads_it(world: World) -> None:
    pay_once(world)
    spent = world.deposit(world.thief)
    world.hostile.block([world.pay([(world.thief, spent)], [(world.payee, ETHER)])])
    world.exit(world.thief, spent)
    with served(world, sender=world.watcher) as service:
        service.desk.step()
        code, text = ask(service, "/metrics")
    assert code == 200
    rows = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert all(line.startswith(("# HELP ", "# TYPE ")) for line in text.splitlines() if line.startswith("#"))
    assert rows["layer2_plasma_watcher_blocks_verified"] == "2"
    assert rows['layer2_plasma_watcher_acts_total{name="challengeExit"}'] == "1"
    assert rows['layer2_plasma_watcher_findings_total{kind="EXIT_SPENT"}'] == "1"
    assert int(rows["layer2_plasma_watcher_gas_total"]) > 50_000


def test_another_watcher_takes_its_bodies_and_checks_them_itself(world: World) -> None:
    pay_once(world)
    with served(world) as service:
        service.desk.step()
        world.hostile.withheld |= {1}
        source = RemoteBodies(service.url)
        other = world.watch(None, source=source)
        assert other.step().findings == []
        assert other.status().verified == 1
        block = ask(service, "/v1/blocks/1")[1]
        assert (block["verified"], block["count"], block["posted"]) == (True, 1, True)
        assert ask(service, "/v1/blocks?from=1&count=5")[1] == [block]
        lie = world.hostile.withheld_mint(ETHER)
        service.desk.step()
        assert source.body(lie.number) is None
        assert ask(service, f"/v1/blocks/{lie.number}")[1]["body"] is None
        # An invalid body that leads to its header is shown: it is the proof.
        world.hostile.reveal(lie.number)
        service.desk.step()
        assert source.body(lie.number) is not None
        assert ask(service, f"/v1/blocks/{lie.number}")[1]["verified"] is False
        source.close()


def test_a_wallet_finds_its_money_at_a_watcher_when_the_operator_is_gone(world: World) -> None:
    pay_once(world)
    with served(world) as service:
        service.desk.step()
        client = RemoteOperator(service.url, world.root)
        wallet = Wallet(
            world.root,
            world.payee.signer,
            world.folder / "purse",
            RootChainState(world.root, start_block=world.start),
            RemoteOperatorClient(client),
        )
        wallet.sync()
        assert wallet.balance() == ETHER // 4
        with pytest.raises(NotFound, match="POST /v1/payments"):
            wallet.send(world.payer.address, 1)
        wallet.payments.gate = None
        (one,) = wallet.utxos()
        kit = client.exit_kit(one.position)
        assert kit.signatures, "an in-flight exit needs them"
        wallet.exit(one.position)
        client.close()
        wallet.close()


def test_what_is_not_there_or_no_question_has_a_typed_answer(world: World) -> None:
    pay_once(world)
    with served(world) as service:
        service.desk.step()
        for path, code in {
            "/v1/blocks/9": 404,
            "/v1/blocks/0/body": 404,
            "/v1/blocks/x": 400,
            "/v1/blocks/-1/body": 400,
            f"/v1/outputs/{encode_position(7, 0, 0)}/kit": 404,
            f"/v1/outputs/{encode_position(1, 9, 0)}/kit": 404,
            f"/v1/outputs/{encode_position(1, 0, 3)}/kit": 404,
            f"/v1/outputs/{1 << 64}/kit": 413,
            "/v1/outputs/0/kit": 400,
            "/v1/owners/me/outputs": 400,
            "/v1/payments/0x00": 400,
            "/v1/payments/0x" + "11" * 32: 404,
            "/v1/nothing": 404,
        }.items():
            given, answer = ask(service, path)
            assert given == code, (path, answer)
            assert answer["error"]["code"], path
        with pytest.raises(StateUnknown):
            RemoteOperator(service.url).exit_kit(encode_position(7, 0, 0))


class Hanging:
    """A source that never answers, until the test lets it."""

    def __init__(self) -> None:
        self.asked, self.go = threading.Event(), threading.Event()

    def body(self, number: int) -> bytes | None:
        self.asked.set()
        self.go.wait(30)
        return None


def test_while_a_source_hangs_others_are_served(world: World) -> None:
    pay_once(world)
    hanging = Hanging()
    with served(world, [world.hostile, hanging]) as service:  # type: ignore[arg-type] # several
        service.desk.step()
        world.hostile.withheld_mint(ETHER)
        step = threading.Thread(target=service.desk.step)
        step.start()
        assert hanging.asked.wait(10)
        assert ask(service, "/v1/blocks/1")[1]["verified"] is True
        assert RemoteBodies(service.url).body(1) == world.hostile.body(1)
        assert ask(service, "/v1/status")[1]["posted"] == 1, "as it stood at the last step"
        hanging.go.set()
        step.join()
        assert ask(service, "/v1/status")[1]["posted"] == 2


def test_while_it_is_at_work_for_long_it_says_so(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plasmawatchviews, "_SECONDS", 0.05)
    with served(world) as service:
        service.desk.step()
        with service.desk.watcher.lock:
            code, answer = ask(service, "/v1/blocks?from=1")
            assert (code, answer["error"]["code"]) == (503, "busy")
            assert ask(service, "/v1/status")[0] == 200
            assert ask(service, "/metrics")[0] == 200
        assert ask(service, "/v1/blocks?from=1")[0] == 200
