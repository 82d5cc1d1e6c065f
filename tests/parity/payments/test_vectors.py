"""The golden vectors of plasma: what independent encoders and the Solidity libraries make of the same values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_utils import keccak
from tests.support.payments.evidence_bench import accepts

from layer2.ethereum.contract import Contract
from layer2.ethereum.sender import Sender
from layer2.plasma.coins.protocol.sparse_merkle import SparseProof, verify_absence, verify_presence
from layer2.plasma.coins.protocol.transfer import coin_domain
from layer2.plasma.payments.chain.contract import RootChain
from layer2.plasma.protocol.signing import plasma_domain

FOLDER = Path(__file__).parents[1] / "vectors"
DOMAIN_TYPE = [
    {"name": "name", "type": "string"},
    {"name": "version", "type": "string"},
    {"name": "chainId", "type": "uint256"},
    {"name": "verifyingContract", "type": "address"},
]
PAYMENT_TYPES = {
    "EIP712Domain": DOMAIN_TYPE,
    "Payment": [
        {"name": "kind", "type": "uint8"},
        {"name": "inputs", "type": "uint64[]"},
        {"name": "outputs", "type": "Output[]"},
        {"name": "expiry", "type": "uint40"},
        {"name": "memo", "type": "bytes32"},
    ],
    "Output": [
        {"name": "owner", "type": "address"},
        {"name": "token", "type": "uint16"},
        {"name": "amount", "type": "uint96"},
    ],
}
TRANSFER_TYPES = {
    "EIP712Domain": DOMAIN_TYPE,
    "Transfer": [
        {"name": "coin", "type": "uint64"},
        {"name": "prevBlock", "type": "uint40"},
        {"name": "newOwner", "type": "address"},
        {"name": "expiry", "type": "uint40"},
    ],
}


def load(name: str) -> Any:
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def raw(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


TRANSACTIONS = load("plasma_transactions")
BLOCKS = load("plasma_blocks")
COINS = load("plasma_coins")


def signed_by_eth_account(vectors: Any, types: Any, primary: str, message: dict[str, Any], one: Any) -> bytes:
    """Check a digest and both signatures with eth-account; the struct's hash."""
    domain = {name: value for name, value in vectors["domain"].items() if name != "separator"}
    signable = encode_typed_data(
        full_message={"types": types, "primaryType": primary, "domain": domain, "message": message}
    )
    assert signable.header == raw(vectors["domain"]["separator"])
    signed = Account.sign_message(signable, vectors["signer"]["key"])
    assert signed.message_hash == raw(one["digest"])
    assert signed.signature == raw(one["signature"])
    vs = signed.s | (signed.v - 27) << 255
    assert raw(one["compact"]) == signed.r.to_bytes(32, "big") + vs.to_bytes(32, "big")
    return bytes(signable.body)


def test_payments_by_eth_account() -> None:
    for one in TRANSACTIONS["transactions"]:
        message = {
            "kind": one["kind"],
            "inputs": [int(at) for at in one["inputs"]],
            "outputs": [{**out, "amount": int(out["amount"])} for out in one["outputs"]],
            "expiry": one["expiry"],
            "memo": raw(one["memo"]),
        }
        body = signed_by_eth_account(TRANSACTIONS, PAYMENT_TYPES, "Payment", message, one)
        assert body == raw(one["structHash"])


def test_transfers_of_coins_by_eth_account() -> None:
    for one in COINS["transactions"]:
        message = {name: one[name] for name in ("prevBlock", "newOwner", "expiry")} | {"coin": int(one["coin"])}
        signed_by_eth_account(COINS, TRANSFER_TYPES, "Transfer", message, one)


def test_transactions_by_the_contract(plasma_bench: Contract) -> None:
    for one in TRANSACTIONS["transactions"]:
        packed = raw(one["packed"])
        assert plasma_bench.call("isValid", packed, b"\xff" * 64)
        kind, expiry, inputs, outputs, tx_hash, struct_hash, leaf = plasma_bench.call("read", packed)
        assert (kind, expiry, [str(at) for at in inputs]) == (one["kind"], one["expiry"], one["inputs"])
        assert [(out[0], out[1], str(out[2])) for out in outputs] == [tuple(out.values()) for out in one["outputs"]]
        assert (tx_hash, struct_hash, leaf) == tuple(raw(one[name]) for name in ("hash", "structHash", "leaf"))
        assert tx_hash == keccak(b"\x02" + packed)
        assert [keccak(tx_hash + bytes((at,))) for at in range(len(outputs))] == [raw(at) for at in one["outputIds"]]
        digest = keccak(b"\x19\x01" + raw(TRANSACTIONS["domain"]["separator"]) + struct_hash)
        assert digest == raw(one["digest"])
        for form in ("signature", "compact"):
            assert plasma_bench.call("signer", digest, raw(one[form])) == TRANSACTIONS["signer"]["address"]


@pytest.mark.parametrize("why", TRANSACTIONS["malformed"])
def test_what_is_no_transaction_is_none_to_the_contract(plasma_bench: Contract, why: str) -> None:
    packed = raw(TRANSACTIONS["malformed"][why])
    # Neither what lies behind the bytes in the calldata, nor its absence, makes one of them.
    for behind in (b"", b"\0" * 64, b"\xff" * 64):
        assert not plasma_bench.call("isValid", packed, behind)


def test_deposits_by_their_bytes() -> None:
    for one in TRANSACTIONS["deposits"]:
        fields = ((one["token"], 2), (int(one["amount"]), 12), (one["time"], 5))
        record = raw(one["owner"]) + b"".join(value.to_bytes(size, "big") for value, size in fields)
        assert raw(one["record"]) == record
        assert raw(one["hash"]) == keccak(record)
        assert int(one["position"]) == (2**39 | one["number"]) << 24
        assert raw(one["outputId"]) == keccak(b"\x03" + one["number"].to_bytes(8, "big"))


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: f"{block['count']} transactions")
def test_each_transaction_has_one_place_and_one_proof(plasma_bench: Contract, block: Any) -> None:
    root, count = raw(block["root"]), block["count"]
    assert raw(block["headerHash"]) == keccak(root + int(block["word"]).to_bytes(32, "big"))
    packed = [raw(one) for one in block["transactions"]]
    signed = keccak(b"".join(raw(one) for one in block["signatures"]))
    assert all(raw(proof[-1]) == signed for proof in block["proofs"])
    for at, proof in enumerate(block["proofs"]):
        path = [raw(one) for one in proof]
        found = [
            index for index in range(count + 2) if plasma_bench.call("contains", root, count, index, packed[at], path)
        ]
        assert found == [at]
        longer = [*path, bytes(32)]
        assert not plasma_bench.call("contains", root, count, at, packed[at], longer)
        assert not plasma_bench.call("contains", root, 2 * count, at, packed[at], longer)
        assert not plasma_bench.call("contains", root, count, at, packed[at], path[:-1])
        assert not plasma_bench.call("contains", root, count, at, packed[at], [*path[:-1], keccak(signed)])
        if count > 1:
            assert not plasma_bench.call("contains", root, count, at, packed[at - 1], path)


@pytest.mark.parametrize("tree", [*COINS["trees"], COINS["block"]], ids=lambda tree: f"{len(tree['leaves'])} leaves")
def test_a_sparse_tree_has_one_value_at_a_key(plasma_bench: Contract, tree: Any) -> None:
    root = raw(tree["root"])
    values = {int(one["key"]): raw(one["value"]) for one in tree["leaves"]}
    assert len(tree["proofs"]) > len(values)
    for one in tree["proofs"]:
        key, siblings = int(one["key"]), [raw(sibling) for sibling in one["siblings"]]
        value = values.get(key)
        other = one["other"] and (int(one["other"]["key"]), raw(one["other"]["value"]))
        absent = verify_absence(root, key, SparseProof(tuple(siblings), other or None))
        assert absent == (value is None)
        if value is None:
            assert not plasma_bench.call("includes", root, key, other[1] if other else bytes(32), siblings)
            continue
        assert verify_presence(root, key, value, siblings)
        assert plasma_bench.call("includes", root, key, value, siblings)
        assert not plasma_bench.call("includes", root, key ^ 1, value, siblings)
        assert not plasma_bench.call("includes", root, key, keccak(value), siblings)
        assert not plasma_bench.call("includes", root, key, value, [*siblings, bytes(32)])


def test_a_block_of_coins_by_the_contract(coin_bench: Contract, operator: Sender) -> None:
    block = COINS["block"]
    siblings = {one["key"]: [raw(sibling) for sibling in one["siblings"]] for one in block["proofs"]}
    (time,) = {coin_bench.events(coin_bench.transact(operator, "submitBlock", 1, raw(block["root"])))[0].args["time"]}
    for one in COINS["transactions"]:
        head = b"\x01" + int(one["coin"]).to_bytes(8, "big") + one["prevBlock"].to_bytes(5, "big")
        assert raw(one["packed"]) == head + raw(one["newOwner"]) + one["expiry"].to_bytes(5, "big")
        assert raw(one["hash"]) == keccak(b"\x02" + raw(one["packed"]))
        assert raw(one["value"]) == keccak(b"\x02" + raw(one["packed"]) + raw(one["compact"]))
        r, vs = raw(one["compact"])[:32], raw(one["compact"])[32:]
        shown = (1, one["prevBlock"], one["newOwner"], one["expiry"], time, r, vs, siblings[one["coin"]])
        # A block holds what it comes after: the others are shown by the library alone.
        taken = accepts(coin_bench, "requireShown", int(one["coin"]), shown)
        assert taken == (one["prevBlock"] < 1 <= one["expiry"])
        for name, value in (("coin", int(one["coin"]) ^ 1), ("owner", "0x" + "11" * 20)):
            wrong = (*shown[:2], value, *shown[3:]) if name == "owner" else shown
            assert not accepts(coin_bench, "requireShown", value if name == "coin" else int(one["coin"]), wrong)


def test_domains_are_those_of_the_contracts(root_chain: RootChain, coin_bench: Contract) -> None:
    chain_id = root_chain.connection.chain_id
    assert root_chain.contract.call("domainSeparator") == plasma_domain(chain_id, root_chain.address).separator
    assert coin_bench.call("domainSeparator") == coin_domain(chain_id, coin_bench.address).separator
    assert plasma_domain(chain_id, coin_bench.address).separator != coin_bench.call("domainSeparator")
