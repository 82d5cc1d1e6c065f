"""The committed golden vectors are what the code makes, and what independent encoders make of the same values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from eth_abi.abi import encode
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_utils import keccak
from tools import make_vectors

FOLDER = Path(__file__).parents[1] / "vectors"
HUB_TYPES = {
    "EIP712Domain": [
        {"name": "name", "type": "string"},
        {"name": "version", "type": "string"},
        {"name": "chainId", "type": "uint256"},
        {"name": "verifyingContract", "type": "address"},
    ]
}


def load(name: str) -> Any:
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def raw(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


@pytest.mark.parametrize("name", make_vectors.VECTORS)
def test_the_committed_vectors_are_what_the_code_makes(name: str) -> None:
    assert (FOLDER / f"{name}.json").read_text(encoding="utf-8") == make_vectors.render(name)


def test_no_vector_file_is_left_over() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == set(make_vectors.VECTORS)


def test_the_check_finds_a_changed_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(make_vectors, "FOLDER", tmp_path)
    assert make_vectors.main(["--check"]) == 1
    assert make_vectors.main([]) == 0
    assert make_vectors.main(["--check"]) == 0
    (tmp_path / "channel_keys.json").write_text("[]")
    assert make_vectors.main(["--check"]) == 1


def test_ids_by_the_abi_encoder() -> None:
    for one in load("channel_keys"):
        key = one["key"]
        values = (key["a"], key["b"], key["token"], int(key["params"]))
        encoded = encode(["(address,address,address,uint256)"], [values])
        assert raw(one["encoded"]) == encoded
        tail = one["openBefore"] << 8 | (int(key["token"], 16) != 0) | one["simplex"] << 1
        assert raw(one["id"]) == keccak(encoded)[:27] + tail.to_bytes(5, "big")


def test_type_hashes_by_their_strings() -> None:
    for one in load("channel_messages")["types"].values():
        assert raw(one["typeHash"]) == keccak(text=one["type"])


def value_of(kind: str, text: str) -> Any:
    if kind == "bool":
        return text == "True"
    return int(text) if "int" in kind else text


def test_digests_and_signatures_by_eth_account() -> None:
    vectors = load("channel_messages")
    domain = {name: value for name, value in vectors["domain"].items() if name != "separator"}
    for one in vectors["messages"]:
        text = vectors["types"][one["type"]]["type"]
        members = [part.split() for part in text[text.index("(") + 1 : -1].split(",")]
        values = {name: value_of(kind, one["message"][name]) for kind, name in members}
        full = {
            "types": {**HUB_TYPES, one["type"]: [{"name": name, "type": kind} for kind, name in members]},
            "primaryType": one["type"],
            "domain": domain,
            "message": values,
        }
        signable = encode_typed_data(full_message=full)
        assert signable.body == raw(one["structHash"])
        assert signable.header == raw(vectors["domain"]["separator"])
        signed = Account.sign_message(signable, vectors["signer"]["key"])
        assert signed.message_hash == raw(one["digest"])
        assert signed.signature == raw(one["signature"])
        vs = signed.s | (signed.v - 27) << 255
        assert raw(one["compact"]) == signed.r.to_bytes(32, "big") + vs.to_bytes(32, "big")


def root(nodes: list[bytes]) -> bytes:
    """By recursion over halves, where the code goes level by level."""
    if not nodes:
        return bytes(32)
    if len(nodes) == 1:
        return nodes[0]
    half = 1 << (len(nodes) - 1).bit_length() - 1
    return keccak(root(nodes[:half]) + padded(nodes[half:], half))


def padded(nodes: list[bytes], width: int) -> bytes:
    if width == 1:
        return nodes[0] if nodes else bytes(32)
    half = width // 2
    return keccak(padded(nodes[:half], half) + padded(nodes[half:], half))


def test_locks_by_the_abi_encoder() -> None:
    vectors = load("channel_locks")
    leaves = [raw(lock["leaf"]) for lock in vectors["locks"]]
    for lock, leaf in zip(vectors["locks"], leaves, strict=True):
        head = int(lock["amount"]) << 56 | lock["expiry"] << 8 | lock["kind"]
        assert leaf == head.to_bytes(21, "big") + raw(lock["condition"])
    for one in vectors["sets"]:
        packed = b"".join(leaves[: one["count"]])
        assert raw(one["packed"]) == packed
        assert raw(one["root"]) == root([keccak(leaf) for leaf in leaves[: one["count"]]])
        whole = encode(["uint256", "bytes32"], [int(one["limit"]), raw(one["root"])])
        assert int(one["fingerprint"]) == int.from_bytes(keccak(whole), "big") >> 48
        for index, path in enumerate(one["siblings"]):
            node = keccak(leaves[index])
            for level, other in enumerate(path):
                node = keccak(raw(other) + node if index >> level & 1 else node + raw(other))
            assert node == raw(one["root"])
    virtual = vectors["virtual"]
    parts = [keccak(text="layer2.virtual"), virtual["payer"], virtual["payee"], raw(virtual["salt"])]
    assert raw(virtual["id"]) == keccak(encode(["bytes32", "address", "address", "bytes32"], parts))


def test_session_proofs_have_their_parts_at_their_places() -> None:
    vectors = load("channel_sessions")
    assert raw(vectors["magic"]) == keccak(text="layer2.session")
    for one in vectors["proofs"]:
        proof = raw(one["proof"])
        head = raw(vectors["key"]) + int(vectors["cap"]).to_bytes(16, "big")
        head += vectors["validUntil"].to_bytes(6, "big") + bytes((one["rights"],))
        assert proof[64:107] == head
        assert proof[-32:] == raw(vectors["magic"])
        owner = Account._recover_hash(raw(one["sessionDigest"]), signature=proof[107:-32])
        assert owner == vectors["owner"]
        vs = int.from_bytes(proof[32:64], "big")
        vrs = (27 + (vs >> 255), int.from_bytes(proof[:32], "big"), vs & ((1 << 255) - 1))
        assert Account._recover_hash(raw(one["digest"]), vrs=vrs) == vectors["key"]
