"""Operations over HTTP: what is accepted is posted, what is refused says why, near and far alike."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest

from layer2.api.http.errors import Unreachable
from layer2.api.rollup.client import RemoteSequencer
from layer2.api.rollup.operations_json import operation_json
from layer2.api.rollup.service import SequencerService
from layer2.ethereum.errors import WrongChain
from layer2.primitives.bls import BlsKey
from layer2.primitives.ecdsa import from_compact
from layer2.primitives.errors import InputError, Layer2Error, SignatureError
from layer2.rollup.devnet import LocalRollup
from layer2.rollup.protocol.compressed_amounts import pack_fee
from layer2.rollup.protocol.errors import (
    AccountUnknown,
    BalanceTooLow,
    DataMissing,
    FeeTooLow,
    FeeUnwanted,
    MempoolFull,
    NonceWrong,
    SignatureWrong,
    StateUnknown,
    TooLarge,
)
from layer2.rollup.protocol.messages import Transfer
from layer2.rollup.protocol.signed_operation import SignedOp
from layer2.rollup.sequencer.sequencer import Sequencer
from layer2.rollup.sequencer.signature_workers import SignatureWorkers
from layer2.rollup.wallet.wallet import Wallet

from .conftest import BLS_PAYER, PAYEE, PAYER, RICH, TOKEN_PAYER, Pen


def post(url: str, path: str, data: Any) -> dict[str, Any]:
    request = urllib.request.Request(url + path, json.dumps(data).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


def get(url: str, path: str) -> tuple[int, dict[str, Any]]:
    try:
        with urllib.request.urlopen(url + path, timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as failed:
        return failed.code, json.load(failed)


def test_operations_of_both_keys_are_accepted_in_every_form_and_posted(l2, service, client, pen) -> None:
    hexed = [pen.pay(PAYER, 0), pen.pay(BLS_PAYER, 0)]
    objects = [pen.pay(PAYER, 1), pen.withdraw(PAYER, 2), pen.pay(BLS_PAYER, 1)]
    long = pen.pay(PAYER, 3)
    rows: list[Any] = ["0x" + one.encode().hex() for one in hexed] + [operation_json(one) for one in objects]
    rows.append({**operation_json(long), "signature": "0x" + from_compact(long.signature).hex()})
    answer = post(service.url, "/v1/operations", {"operations": rows})
    assert answer["accepted"] == 6
    ids = ["0x" + one.message.digest(l2.rollup.domain).hex() for one in [*hexed, *objects, long]]
    assert [row["id"] for row in answer["results"]] == ids
    assert client.submit_many([pen.pay(PAYER, 4), pen.pay(BLS_PAYER, 2)]) == [None, None]
    client.submit(pen.pay(PAYER, 5))
    assert (client.next_nonce(PAYER), client.next_nonce(BLS_PAYER)) == (6, 3)
    assert client.state()["pending"] == 9
    assert get(service.url, f"/v1/operations/{ids[0]}")[1]["state"] == "pending"
    l2.post()
    assert client.tx_status(hexed[0].message.digest(l2.rollup.domain))["entry"] == 1
    assert client.account(PAYEE)["balance"] == str(RICH + 8 * 5)
    assert l2.rebuild_from_l1() == l2.root
    assert client.state()["root"] == "0x" + l2.root.hex()


REFUSED: list[tuple[type[Layer2Error], Callable[[Pen], SignedOp], Callable[[Pen], SignedOp]]] = [
    (AccountUnknown, lambda pen: pen.pay(99, 0, by=PAYER), lambda pen: pen.pay(PAYER, 0)),
    (AccountUnknown, lambda pen: pen.pay(PAYER, 0, to=99), lambda pen: pen.pay(PAYER, 0, to=BLS_PAYER)),
    (AccountUnknown, lambda pen: pen.pay(PAYER, 0, to=TOKEN_PAYER), lambda pen: pen.pay(PAYER, 0, to=PAYER)),
    (AccountUnknown, lambda pen: pen.pay(PAYER, 0, token=1), lambda pen: pen.pay(PAYER, 0, token=0)),
    (NonceWrong, lambda pen: pen.pay(PAYER, 1), lambda pen: pen.pay(PAYER, 0)),
    (BalanceTooLow, lambda pen: pen.pay(PAYER, 0, amount=RICH + 1), lambda pen: pen.pay(PAYER, 0, amount=RICH)),
    (BalanceTooLow, lambda pen: pen.pay(PAYER, 0, amount=0), lambda pen: pen.pay(PAYER, 0, amount=1)),
    (BalanceTooLow, lambda pen: pen.withdraw(PAYER, 0, RICH + 1), lambda pen: pen.withdraw(PAYER, 0, RICH)),
    (SignatureWrong, lambda pen: pen.pay(PAYER, 0, by=PAYEE), lambda pen: pen.pay(PAYER, 0)),
    (SignatureWrong, lambda pen: pen.pay(PAYER, 0, by=BLS_PAYER), lambda pen: pen.pay(PAYER, 0)),
    (SignatureWrong, lambda pen: pen.pay(BLS_PAYER, 0, by=PAYER), lambda pen: pen.pay(BLS_PAYER, 0)),
    (FeeUnwanted, lambda pen: pen.pay(PAYER, 0, fee=1), lambda pen: pen.pay(PAYER, 0, fee=0)),
]


@pytest.mark.parametrize(("kind", "wrong", "right"), REFUSED)
def test_each_refusal_is_the_same_near_and_far_and_changes_nothing(
    l2, service, client, pen, kind, wrong, right
) -> None:
    bad, good = wrong(pen), right(pen)
    with pytest.raises(kind) as far:
        client.submit(bad)
    with pytest.raises(kind) as near:
        l2.sequencer.submit(bad)
    assert str(far.value) == str(near.value)
    assert (far.value.have, far.value.need) == (near.value.have, near.value.need)
    (row,) = post(service.url, "/v1/operations", ["0x" + bad.encode().hex()])["results"]
    assert row["error"]["code"] == kind.code
    assert row["error"]["hint"]
    assert l2.sequencer.waiting == 0
    client.submit(good)
    assert l2.sequencer.waiting == 1


def test_a_used_nonce_says_which_one_is_needed(client, pen) -> None:
    client.submit(pen.pay(PAYER, 0))
    with pytest.raises(NonceWrong) as refused:
        client.submit(pen.pay(PAYER, 0))
    assert (refused.value.have, refused.value.need) == (0, 1)


def test_wrong_bls_signatures_are_found_among_right_ones(l2, client, pen) -> None:
    ops = [pen.pay(BLS_PAYER, nonce) for nonce in range(20)]
    # Two that cancel each other out in a plain sum: each carries the other's signature.
    ops[18], ops[19] = (SignedOp(a.message, b.signature) for a, b in ((ops[18], ops[19]), (ops[19], ops[18])))
    results = client.submit_many(ops)
    assert results[:18] == [None] * 18
    assert isinstance(results[18], SignatureWrong)
    assert l2.sequencer.waiting == 18
    client.submit(pen.pay(BLS_PAYER, 18))


def test_a_least_fee_is_asked_and_paid(chain, people, tmp_path, l2, pen) -> None:
    fee = pack_fee(100)
    dear = Sequencer(
        l2.rollup, l2.sequencer.sender, tmp_path / "dear", replica=l2.replica(), least_fee=100, fee_account=PAYEE
    )
    with SequencerService(dear) as service:
        client = RemoteSequencer(service.url)
        with pytest.raises(FeeTooLow) as refused:
            client.submit(pen.pay(PAYER, 0, fee=pack_fee(90)))
        assert (refused.value.have, refused.value.need) == (90, 100)
        client.submit(pen.pay(PAYER, 0, fee=fee))
        client.submit(pen.pay(BLS_PAYER, 0, to=PAYER, fee=fee))
        assert client.state()["fees"] == {"least": {"otherwise": "100"}, "accounts": {"0": PAYEE}}
        client.close()
    dear.step()
    assert dear.replica.head.accounts[PAYEE].balance == RICH + 5 + 200


def test_a_full_mempool_refuses_and_takes_again_after_the_entry(tmp_path, l2, pen) -> None:
    small = Sequencer(l2.rollup, l2.sequencer.sender, tmp_path / "small", replica=l2.replica(), most_pending=3)
    with SequencerService(small) as service:
        client = RemoteSequencer(service.url)
        results = client.submit_many([pen.pay(PAYER, nonce) for nonce in range(5)])
        assert [type(one) for one in results] == [type(None)] * 3 + [MempoolFull] * 2
        small.step()
        client.submit(pen.pay(PAYER, 3))
        client.close()
    assert small.waiting == 1


def test_a_key_gets_an_account_over_http(l2, service, client) -> None:
    key = BlsKey.derive(b"7" * 32).public
    client.open_account(key)
    client.open_account(key)
    l2.post()
    assert len(l2.sequencer.replica.head.accounts) == 5
    with pytest.raises(SignatureError):
        client.open_account(bytes(96))
    with pytest.raises(InputError, match="not registered"):
        client.open_account(key, token=3)


def test_what_is_known_can_be_asked(l2, service, client, pen) -> None:
    client.submit(pen.pay(PAYER, 0))
    l2.post()
    owner = l2.sequencer.replica.head.accounts[PAYER]
    _, mine = get(service.url, f"/v1/owners/{owner.address}/accounts")
    assert mine == get(service.url, f"/v1/owners/0x{owner.owner.hex()}/accounts")[1]
    assert [one["account"] for one in mine] == [PAYER]
    assert get(service.url, "/v1/entries/1")[1]["frames"] == 1
    l2.settle()
    proof = client.proof(PAYER)
    proof.check()
    assert proof.account == owner
    assert get(service.url, "/v1/health") == (
        200,
        {"ok": True, "failure": None, "pending": 0, "waiting_keys": 0, "entries": 1},
    )
    for path, code in (
        ("/v1/accounts/99", "account-unknown"),
        ("/v1/accounts/99/proof", "account-unknown"),
        ("/v1/entries/2", "state-unknown"),
        ("/v1/operations/0x" + "11" * 32, "state-unknown"),
    ):
        status, told = get(service.url, path)
        assert (status, told["error"]["code"]) == (404, code)
    with pytest.raises(StateUnknown):
        client.tx_status(bytes(32))


def test_no_balance_is_told_while_the_data_of_an_entry_is_missing(l2, service, client) -> None:
    """The negative twin is above: with the whole inbox, all of these answer."""
    owner = l2.sequencer.replica.head.accounts[PAYER].address
    l2.sequencer.replica.missing = DataMissing("blob 0x01.. of entry 1 is with nobody")
    for path in (f"/v1/accounts/{PAYER}", f"/v1/owners/{owner}/accounts"):
        status, told = get(service.url, path)
        assert (status, told["error"]["code"]) == (503, "data-missing"), path
    with pytest.raises(DataMissing, match="entry 1 is with nobody"):
        client.account(PAYER)
    assert client.state()["missing"] == "blob 0x01.. of entry 1 is with nobody"
    l2.sequencer.replica.missing = None
    assert (client.account(PAYER)["balance"], client.state()["missing"]) == (str(RICH), None)


def test_a_wallet_pays_through_a_sequencer_elsewhere(l2, people, client) -> None:
    payer = Wallet(l2.rollup, people.payer, l2.sequencer.replica, client)
    payer.deposit("2 ether")
    l2.post()
    payer.send(PAYEE, "0.5 ether")
    payer.send_many([(PAYEE, "0.1 ether"), (PAYER, "0.1 ether")])
    payer.withdraw("0.2 ether")
    payer.open_account()
    with pytest.raises(BalanceTooLow):
        payer.send(PAYEE, "5 ether")
    l2.post()
    assert payer.account(bls=True)
    assert l2.sequencer.replica.head.accounts[PAYEE].balance == RICH + 6 * 10**17
    assert l2.rebuild_from_l1() == l2.root


def test_a_client_notices_another_rollup_and_a_silent_url(l2, people, service, tmp_path) -> None:
    other = LocalRollup(l2.connection, people.sequencer, folder=tmp_path / "other")
    with pytest.raises(WrongChain):
        RemoteSequencer(service.url, other.rollup)
    with pytest.raises(Unreachable):
        RemoteSequencer("http://127.0.0.1:9", timeout=2).state()
    with pytest.raises(InputError, match="'ftp://somewhere' is not a URL"):
        RemoteSequencer("ftp://somewhere")


def test_a_service_stops_and_starts_again_with_what_it_accepted(l2, pen) -> None:
    service = SequencerService(l2.sequencer)
    for turn in range(2):
        client = RemoteSequencer(service.start())
        client.submit(pen.pay(PAYER, turn))
        service.stop()
        with pytest.raises(Unreachable):
            RemoteSequencer(service.url, timeout=2).state()
    assert l2.sequencer.waiting == 2


def test_many_clients_at_once_lose_nothing(l2, service, pen) -> None:
    from concurrent.futures import ThreadPoolExecutor

    ops = {one: [pen.pay(one, nonce, to=BLS_PAYER) for nonce in range(40)] for one in (PAYER, PAYEE, BLS_PAYER)}

    def send(account: int) -> int:
        client = RemoteSequencer(service.url)
        for op in ops[account]:
            client.submit(op)
        client.close()
        return account

    with ThreadPoolExecutor(3) as threads:
        assert sorted(threads.map(send, ops)) == [PAYER, PAYEE, BLS_PAYER]
    assert l2.sequencer.waiting == 120
    l2.post()
    assert l2.sequencer.waiting == 0
    assert l2.rebuild_from_l1() == l2.root


def test_a_killed_worker_loses_nothing_and_lets_nothing_through(tmp_path, l2, pen) -> None:
    import os
    import signal

    sequencer = Sequencer(
        l2.rollup, l2.sequencer.sender, tmp_path / "killed", replica=l2.replica(), verifier=SignatureWorkers(2)
    )
    with SequencerService(sequencer) as service:
        client = RemoteSequencer(service.url)
        client.submit(pen.pay(PAYER, 0))
        for process in list(sequencer.verifier._pool._processes.values()):  # type: ignore[union-attr]
            os.kill(process.pid, signal.SIGKILL)
        thief = SignedOp(Transfer(BLS_PAYER, 0, PAYER, 5, 0, 0), pen.pay(BLS_PAYER, 1).signature)
        results = client.submit_many([pen.pay(PAYER, 1), thief, pen.pay(PAYER, 2), pen.pay(PAYEE, 0, by=PAYER)])
        assert [type(one) for one in results] == [type(None), SignatureWrong, type(None), SignatureWrong]
        client.close()
    assert sequencer.verifier.restarts == 1
    assert sequencer.waiting == 3


def test_too_many_operations_at_once_are_refused_as_a_whole(l2, client, pen) -> None:
    with pytest.raises(TooLarge) as refused:
        client.submit_records([pen.pay(PAYER, 0).encode()] * 4_097)
    assert refused.value.need == 4_096
    assert l2.sequencer.waiting == 0
