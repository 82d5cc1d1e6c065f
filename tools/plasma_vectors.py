"""Golden vectors of the plasma family: transactions, signed digests, trees, proofs and coins. See `make_vectors`."""

from __future__ import annotations

from typing import Any

from layer2.plasma.coins.protocol.sparse_merkle import SparseTree
from layer2.plasma.coins.protocol.transfer import CoinTransaction, SignedCoin, coin_domain, coin_tree, sign_coin
from layer2.plasma.protocol.blocks import BlockTree, Header
from layer2.plasma.protocol.positions import encode_position
from layer2.plasma.protocol.signing import digest, plasma_domain, struct_hash
from layer2.plasma.protocol.transaction import Deposit, Transaction, fee_transaction, payment
from layer2.primitives.addresses import address_bytes, to_address
from layer2.primitives.ecdsa import PrivateKey
from layer2.primitives.hashing import keccak
from layer2.primitives.typed_data import Domain

CHAIN_ID = 31337
ROOT_CHAIN, COIN_CHAIN = (to_address(keccak(name)[12:]) for name in (b"layer2 root chain", b"layer2 coin chain"))
PAYER, PAYEE = (PrivateKey(keccak(role)) for role in (b"payer", b"payee"))
DOMAIN = plasma_domain(CHAIN_ID, ROOT_CHAIN)
COIN_DOMAIN = coin_domain(CHAIN_ID, COIN_CHAIN)
COUNTS = (1, 2, 3, 4, 5, 7, 8, 9, 16, 17)
MOST = 2**96 - 1


def hexed(data: bytes) -> str:
    """Return data as hex with the prefix 0x."""
    return "0x" + data.hex()


def word(tag: object) -> bytes:
    """Return 32 pseudorandom bytes for a tag."""
    return keccak(str(tag).encode())


def transactions() -> list[Transaction]:
    """Return transactions with every count of inputs and outputs, with and without memo, and with all limits."""
    found: list[Transaction] = []
    for ins in range(1, 5):
        for outs in range(1, 5):
            inputs = [encode_position(1 + at, ins * at, at % 4) for at in range(ins)]
            outputs = [(word((ins, outs, at))[12:], at, 1 + ins * 10**18 + at) for at in range(outs)]
            memo = word((ins, outs)) if (ins + outs) % 2 else b""
            found.append(payment(inputs, outputs, 100 * ins + outs, memo))
    edge = (b"\xff" * 20, 2**16 - 1, MOST)
    found.append(payment([0, 2**64 - 1], [edge] * 4, 2**40 - 1, b"\xff" * 32))
    found.append(payment([1], [(PAYEE.address, 0, 1)], 1, bytes(31) + b"\x01"))
    found.append(fee_transaction(1, [(PAYEE.address, 0, 1)]))
    found.append(fee_transaction(2**39 - 1, [edge] * 4))
    return found


def transaction_vector(one: Transaction) -> dict[str, Any]:
    """Return a transaction's fields, bytes and hashes, and the payer's signature in both forms."""
    signed = digest(one, DOMAIN)
    return {
        "kind": int(one.kind),
        "expiry": one.expiry,
        "inputs": [str(at) for at in one.inputs],
        "outputs": [{"owner": out.address, "token": out.token, "amount": str(out.amount)} for out in one.outputs],
        "memo": hexed(one.memo or bytes(32)),
        "packed": hexed(one.packed),
        "leaf": hexed(one.leaf),
        "hash": hexed(one.hash),
        "outputIds": [hexed(one.output_id(at)) for at in range(len(one.outputs))],
        "structHash": hexed(struct_hash(one)),
        "digest": hexed(signed),
        "signature": hexed(PAYER.sign(signed)),
        "compact": hexed(PAYER.sign_compact(signed)),
    }


def malformed() -> dict[str, str]:
    """Return malformed transactions by the reason why they are malformed."""
    good = payment([1, 2], [(PAYEE.address, 0, 1)], 7)
    packed, memo = good.packed, payment([1], [(PAYEE.address, 0, 1)], 7, word("memo")).packed
    fee = fee_transaction(7, [(PAYEE.address, 0, 1)]).packed
    start = packed[:7]
    return {
        name: hexed(data)
        for name, data in {
            "empty": b"",
            "a byte less": packed[:-1],
            "a byte more": packed + b"\0",
            "a zero in front": b"\0" + packed,
            "unknown type": b"\3" + packed[1:],
            "type 0x82": b"\x82" + fee[1:] + word("memo"),
            "no inputs": b"\1\1" + fee[2:],
            "five inputs": b"\1\x51" + packed[2:7] + b"".join(at.to_bytes(8, "big") for at in range(5)) + packed[-34:],
            "no outputs": b"\1\x20" + packed[2:-34],
            "five outputs": b"\1\x25" + packed[2:] + packed[-34:] * 4,
            "no expiry": packed[:2] + bytes(5) + packed[7:],
            "inputs fall": start + packed[15:23] + packed[7:15] + packed[23:],
            "an input twice": start + packed[7:15] * 2 + packed[23:],
            "nobody's output": packed[:-34] + bytes(20) + packed[-14:],
            "nothing given": packed[:-12] + bytes(12),
            "a memo without its flag": b"\1" + memo[1:],
            "a flag without memo": b"\x81" + packed[1:],
            "an empty memo": memo[:-32] + bytes(32),
            "a fee with an input": b"\2\x21" + packed[2:],
        }.items()
    }


def transactions_vectors() -> dict[str, Any]:
    """Return transactions, malformed transactions and deposits."""
    records = [
        Deposit(1, address_bytes(PAYER.address), 0, 10**18, 1_767_225_600),
        Deposit(2**39 - 1, b"\xff" * 20, 2**16 - 1, MOST, 2**40 - 1),
        Deposit(77, address_bytes(PAYEE.address), 3, 1, 0),
    ]
    return {
        "domain": domain_vector(DOMAIN),
        "signer": {"key": hexed(PAYER.secret()), "address": PAYER.address},
        "transactions": [transaction_vector(one) for one in transactions()],
        "malformed": malformed(),
        "deposits": [
            {
                "number": one.number,
                "owner": to_address(one.owner),
                "token": one.token,
                "amount": str(one.amount),
                "time": one.time,
                "record": hexed(one.record),
                "hash": hexed(one.hash),
                "position": str(one.position),
                "outputId": hexed(one.output_id),
            }
            for one in records
        ],
    }


def domain_vector(domain: Domain) -> dict[str, Any]:
    """Return a domain and its hash."""
    return {
        "name": domain.name,
        "version": domain.version,
        "chainId": domain.chain_id,
        "verifyingContract": domain.verifying_contract,
        "separator": hexed(domain.separator),
    }


def blocks_vectors() -> list[dict[str, Any]]:
    """Return small trees of every shape, with the proof of every leaf."""
    found = []
    for count in COUNTS:
        packed = [payment([1 + at], [(PAYEE.address, 0, count)], 9).packed for at in range(count)]
        signatures = [word(("signature", at)) + word(("more", at)) for at in range(count)]
        tree = BlockTree.of_records([a + b for a, b in zip(packed, signatures, strict=True)])
        header = Header(tree.root, 1_767_225_600 + count, count)
        found.append(
            {
                "count": count,
                "transactions": [hexed(one) for one in packed],
                "signatures": [hexed(one) for one in signatures],
                "root": hexed(tree.root),
                "word": str(header.time << 32 | count),
                "headerHash": hexed(header.hash),
                "proofs": [[hexed(one) for one in tree.proof(at)] for at in range(count)],
            }
        )
    return found


def coins_vectors() -> dict[str, Any]:
    """Return coin transactions, signed digests, and trees of one coin, of adjacent coins and of many."""
    some = int.from_bytes(word("coin")[:8], "big")
    rows = [(1, 0, 1), (2**64 - 1, 0, 2**40 - 1), (some, 0, 7), (2**63, 5, 9), (0, 2**40 - 2, 2**40 - 1)]
    moved = [CoinTransaction(*row[:2], address_bytes(PAYEE.address), row[2]) for row in rows]
    signed = [sign_coin(one, COIN_DOMAIN, PAYER) for one in moved]
    keys = [[7], [6, 7], [0, 2**63], [0, 2**64 - 1], [2**63, 2**63 + 1, 5]]
    keys.append([int.from_bytes(word(at)[:8], "big") for at in range(20)])
    return {
        "domain": domain_vector(COIN_DOMAIN),
        "signer": {"key": hexed(PAYER.secret()), "address": PAYER.address},
        "transactions": [coin_vector(one) for one in moved],
        "block": tree_vector(coin_tree(signed), sorted(one.coin for one in moved)),
        "trees": [tree_vector(SparseTree({key: word(("value", key)) for key in some}), some) for some in keys],
    }


def coin_vector(one: CoinTransaction) -> dict[str, Any]:
    """Return a coin transaction's fields, bytes and hashes, and the payer's signature in both forms."""
    signed = one.digest(COIN_DOMAIN)
    return {
        "coin": str(one.coin),
        "prevBlock": one.prev_block,
        "newOwner": to_address(one.new_owner),
        "expiry": one.expiry,
        "packed": hexed(one.packed),
        "hash": hexed(one.hash),
        "digest": hexed(signed),
        "signature": hexed(PAYER.sign(signed)),
        "compact": hexed(PAYER.sign_compact(signed)),
        "value": hexed(SignedCoin(one, PAYER.sign_compact(signed)).value),
    }


def tree_vector(tree: SparseTree, keys: list[int]) -> dict[str, Any]:
    """Return a tree, with the proofs of its keys and of some absent keys."""
    absent = [key for key in (3, 8, 2**63 - 1, 2**64 - 2) if key not in keys]
    return {
        "root": hexed(tree.root),
        "leaves": [{"key": str(key), "value": hexed(tree.get(key) or b"")} for key in keys],
        "proofs": [
            {
                "key": str(key),
                "siblings": [hexed(one) for one in proof.siblings],
                "other": None if proof.other is None else {"key": str(proof.other[0]), "value": hexed(proof.other[1])},
            }
            for key, proof in ((key, tree.proof(key)) for key in (*keys, *absent))
        ],
    }


VECTORS = {
    "plasma_transactions": transactions_vectors,
    "plasma_blocks": blocks_vectors,
    "plasma_coins": coins_vectors,
}
"""Functions that make the content of each file."""
