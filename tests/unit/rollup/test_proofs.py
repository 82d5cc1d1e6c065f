"""An account proof leads to the claimed root, and no changed one does."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from layer2.primitives.addresses import to_address
from layer2.primitives.errors import MalformedError
from layer2.primitives.hashing import keccak
from layer2.rollup.derivation.account_proof import AccountProof
from layer2.rollup.protocol.errors import ProofWrong
from layer2.rollup.state.commitments import Assertion, Roots
from layer2.rollup.state.state import Account, State, Withdrawal, owner_of_address

ROLLUP = to_address("0x" + "11" * 20)


def proven(index: int = 3, accounts: int = 5) -> AccountProof:
    state = State()
    for number in range(1, accounts + 1):
        state.create(Account(owner_of_address("0x" + f"{number:02x}" * 20), 0, number, 100 * number))
    state.take_out(Withdrawal(ROLLUP, 0, 7))
    claim = Assertion(bytes(32), 4, 9, state.root, keccak(b"roots"), False)
    path = tuple(state.account_path(index))
    return AccountProof(ROLLUP, claim, Roots.of(state), index, state.accounts[index], path)


@pytest.mark.parametrize("accounts", [1, 2, 5, 64])
def test_every_account_of_a_state_is_proven(accounts: int) -> None:
    for index in range(1, accounts + 1):
        proof = proven(index, accounts)
        proof.check()
        assert AccountProof.from_json(json.loads(json.dumps(proof.to_json()))) == proof


def test_a_changed_proof_is_wrong() -> None:
    good = proven()
    wrong = [
        replace(good, account=replace(good.account, balance=301)),
        replace(good, account=replace(good.account, nonce=9)),
        replace(good, account=replace(good.account, owner=owner_of_address(ROLLUP))),
        replace(good, index=2),
        replace(good, index=3 + (1 << len(good.path))),
        replace(good, path=good.path[:-1]),
        replace(good, path=(*good.path, bytes(32))),
        replace(good, path=(keccak(b"x"), *good.path[1:])),
        replace(good, claim=replace(good.claim, root=keccak(b"x"))),
        *(replace(good, roots=replace(good.roots, **{name: keccak(b"x")})) for name in ("accounts", "withdrawals")),
    ]
    for one in wrong:
        with pytest.raises(ProofWrong):
            one.check()
    good.check()


def test_what_is_no_proof_is_malformed() -> None:
    good = proven().to_json()
    bad = [
        None,
        [],
        "text",
        {**good, "path": ["0x12"]},
        {**good, "path": 5},
        {**good, "owner": "zz"},
        {**good, "balance": "much"},
        {**good, "balance": str(1 << 300)},
        {**good, "account": -1},
        {**good, "account": 1 << 40},
        {**good, "claim": {**good["claim"], "segments": "0x" + "00" * 32}},
        {**good, "claim": {**good["claim"], "inboxEnd": 1 << 80}},
        {**good, "roots": {}},
        {name: value for name, value in good.items() if name != "token"},
    ]
    for one in bad:
        with pytest.raises(MalformedError):
            AccountProof.from_json(one)
