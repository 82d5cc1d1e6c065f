"""Write the golden vectors that tie the Python messages to the contracts: `tests/parity/vectors/*.json`.

 python tools/make_vectors.py            write them
 python tools/make_vectors.py --check    exit with 1 if the committed ones differ

The vectors are deterministic: keys are hashes of role names, values are the limits of their types and hashes of a
counter.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from layer2.channels.model import payoff
from layer2.channels.protocol.channel_key import ChannelKey
from layer2.channels.protocol.lock_openings import Opening, open_locks, resolve_message
from layer2.channels.protocol.lock_tree import fingerprint, locks_root, siblings
from layer2.channels.protocol.locks import (
    Lock,
    LockSet,
    contract_condition,
    contract_lock,
    contract_resolution,
    hash_lock,
    virtual_channel_id,
    voucher_lock,
    voucher_resolution,
)
from layer2.channels.protocol.messages import MESSAGES, Accept, LockVoucher, Session, Voucher, hub_domain
from layer2.channels.protocol.proofs import Payment, claim_row
from layer2.channels.protocol.session_keys import SESSION_MAGIC, SessionProof
from layer2.primitives.addresses import ZERO_ADDRESS, to_address
from layer2.primitives.ecdsa import PrivateKey
from layer2.primitives.hashing import keccak
from layer2.primitives.typed_data import Member, TypedMessage

# The module is in this file's folder, whether this file is run or imported.
sys.path.insert(0, str(Path(__file__).parent))
import plasma_vectors

FOLDER = Path(__file__).resolve().parents[1] / "tests" / "parity" / "vectors"
CHAIN_ID = 31337
HUB = to_address(keccak(b"layer2 hub")[12:])
DOMAIN = hub_domain(CHAIN_ID, HUB)
PAYER, PAYEE, SESSION = (PrivateKey(keccak(role)) for role in (b"payer", b"payee", b"session"))
TOKEN = to_address(keccak(b"token")[12:])
LEVELS = ("zero", "small", "largest")


def word(tag: object) -> bytes:
    """Return 32 pseudorandom bytes for a tag."""
    return keccak(str(tag).encode())


def hexed(data: bytes) -> str:
    """Return data as hex with the prefix 0x."""
    return "0x" + data.hex()


def make_keys() -> list[ChannelKey]:
    """Return keys of both modes and both kinds of asset, with the limits of every number."""
    edges = [(0, 0, 0), (3_600, 2_000_000_000, 7), ((1 << 32) - 1, (1 << 32) - 1, (1 << 64) - 1)]
    return [
        ChannelKey(PAYER.address, PAYEE.address, token, *numbers, simplex=simplex)
        for token in (ZERO_ADDRESS, TOKEN)
        for simplex in (False, True)
        for numbers in edges
    ]


def keys_vectors() -> list[dict[str, Any]]:
    """Return keys with their packed words and ids."""
    return [
        {
            "key": {"a": key.a, "b": key.b, "token": key.token, "params": str(key.params)},
            "delay": key.delay,
            "openBefore": key.open_before,
            "salt": str(key.salt),
            "simplex": key.simplex,
            "encoded": hexed(key.encode()),
            "id": hexed(key.id),
        }
        for key in make_keys()
    ]


def value_at(member: Member, level: int) -> Any:
    """Return a value of a type for a level: its lower limit, a middle value, or its upper limit."""
    if member.type == "address":
        return (ZERO_ADDRESS, PAYEE.address, to_address(b"\xff" * 20))[level]
    if member.type == "bytes32":
        return (bytes(32), word(member.name), b"\xff" * 32)[level]
    if member.type == "bool":
        return level > 0
    signed = member.type.startswith("int")
    bits = int(member.type[3:] if signed else member.type[4:])
    if signed:
        return (-(1 << bits - 1), -1_234, (1 << bits - 1) - 1)[level]
    return (0, 1_234 % (1 << bits), (1 << bits) - 1)[level]


def message_vector(kind: type[TypedMessage], level: int) -> dict[str, Any]:
    """Return one message with its hashes and the payer's signature in both forms."""
    message = kind(**{member.field: value_at(member, level) for member in kind.MEMBERS})
    digest = message.digest(DOMAIN)
    shown = {member.name: getattr(message, member.field) for member in kind.MEMBERS}
    return {
        "type": kind.NAME,
        "level": LEVELS[level],
        "message": {name: hexed(one) if isinstance(one, bytes) else str(one) for name, one in shown.items()},
        "structHash": hexed(message.struct_hash()),
        "digest": hexed(digest),
        "signature": hexed(PAYER.sign(digest)),
        "compact": hexed(PAYER.sign_compact(digest)),
    }


def messages_vectors() -> dict[str, Any]:
    """Return type strings and hashes, the domain, and messages."""
    return {
        "domain": {
            "name": DOMAIN.name,
            "version": DOMAIN.version,
            "chainId": CHAIN_ID,
            "verifyingContract": HUB,
            "separator": hexed(DOMAIN.separator),
        },
        "signer": {"address": PAYER.address, "key": hexed(PAYER.secret())},
        "types": {kind.NAME: {"type": kind.TYPE, "typeHash": hexed(kind.TYPE_HASH)} for kind in MESSAGES},
        "messages": [message_vector(kind, level) for kind in MESSAGES for level in range(3)],
    }


def _lock(lock: Lock) -> dict[str, Any]:
    return {
        "amount": str(lock.amount),
        "expiry": lock.expiry,
        "kind": lock.kind,
        "condition": hexed(lock.condition),
        "leaf": hexed(lock.encode()),
    }


def locks_vectors() -> dict[str, Any]:
    """Return leaves, trees, conditions, resolutions, openings and consents of the receiver."""
    salt, preimage, terms, evidence = word("salt"), word("preimage"), b"terms of 21 bytes ...", b"evidence"
    locks = (
        hash_lock(10, 1_900_000_000, preimage),
        voucher_lock((1 << 112) - 1, (1 << 48) - 1, PAYER.address, PAYEE.address, salt),
        contract_lock(1, 0, TOKEN, terms),
        hash_lock(11, 1_900_000_000, preimage),
        hash_lock(12, 1_900_000_001, preimage),
    )
    virtual = virtual_channel_id(PAYER.address, PAYEE.address, salt)
    signature = PAYER.sign(Voucher(virtual, 77).digest(DOMAIN))
    resolutions = (
        preimage,
        voucher_resolution(PAYER.address, PAYEE.address, salt, 77, signature),
        contract_resolution(TOKEN, terms, evidence),
    )
    sets = [LockSet(locks[:count]) for count in range(len(locks) + 1)]
    channel = make_keys()[0].id
    consents = [resolve_message(channel, "A", *pair) for pair in zip(locks, resolutions, strict=False)]
    chosen = [Opening(2, resolutions[2], PAYEE.sign(consents[2].digest(DOMAIN))), Opening(0, preimage)]
    packed, others = open_locks(locks, chosen)
    return {
        "locks": [_lock(lock) for lock in locks],
        "sets": [
            {
                "count": len(one.locks),
                "packed": hexed(one.encode()),
                "root": hexed(locks_root(one.locks)),
                "locked": str(one.locked),
                "lastExpiry": one.last_expiry,
                "limit": str(1_000 + one.locked),
                "fingerprint": str(fingerprint(1_000 + one.locked, locks_root(one.locks))),
                "siblings": [[hexed(node) for node in siblings(one.locks, [index])] for index in range(len(one.locks))],
            }
            for one in sets
        ],
        "opened": {
            "indexes": [0, 2],
            "openings": hexed(packed),
            "siblings": [hexed(one) for one in others],
            "consents": [hexed(one.digest(DOMAIN)) for one in consents],
        },
        "preimage": hexed(preimage),
        "virtual": {"payer": PAYER.address, "payee": PAYEE.address, "salt": hexed(salt), "id": hexed(virtual)},
        "contract": {
            "address": TOKEN,
            "terms": hexed(terms),
            "evidence": hexed(evidence),
            "condition": hexed(contract_condition(TOKEN, terms)),
        },
        "resolutions": [hexed(one) for one in resolutions],
    }


def sessions_vectors() -> dict[str, Any]:
    """Return session proofs for vouchers, lock vouchers and acceptances."""
    key = make_keys()[1]

    def proof(message: Voucher | LockVoucher | Accept, rights: int) -> dict[str, Any]:
        session = Session(key.id, SESSION.address, 1_000, 1_900_000_000, rights)
        owner_signature = PAYER.sign(session.digest(DOMAIN))
        made = SessionProof.build(session, owner_signature, SESSION.sign(message.digest(DOMAIN)))
        return {
            "type": message.NAME,
            "digest": hexed(message.digest(DOMAIN)),
            "rights": rights,
            "sessionDigest": hexed(session.digest(DOMAIN)),
            "proof": hexed(made.encode()),
        }

    locked = LockVoucher(key.id, 900, 1, 100, 1_900_000_000, word("locks"))
    return {
        "magic": hexed(SESSION_MAGIC),
        "channelId": hexed(key.id),
        "owner": PAYER.address,
        "key": SESSION.address,
        "cap": "1000",
        "validUntil": 1_900_000_000,
        "proofs": [proof(Voucher(key.id, 1_000), rights) for rights in (1, 2, 3)]
        + [proof(locked, 1), proof(Accept(key.id, False, 1, locked.struct_hash()), 4)],
    }


def payouts_vectors() -> dict[str, Any]:
    """Return payoffs at their limits, and rows of a batch claim."""
    top = (1 << 110) - 1
    cases = [
        (0, 0, 0, 0),
        (100, 50, 30, 10),
        (100, 50, 200, 10),
        (100, 50, 0, 500),
        (-20, 50, 0, 0),
        (-20, 50, 0, 30),
        (-top, top, 0, 1),
        (top, top, (1 << 128) - 1, 0),
        (top, top, 0, (1 << 128) - 1),
    ]
    simplex = make_keys()[4]
    signature = PAYER.sign(Voucher(simplex.id, 55).digest(DOMAIN))
    row = claim_row(simplex, Payment(simplex.id, 55, signature))
    session = Session(simplex.id, SESSION.address, 1_000, 1_900_000_000, 1)
    hot = SESSION.sign(Voucher(simplex.id, 55).digest(DOMAIN))
    rows = [
        claim_row(simplex, Payment(simplex.id, 55, SessionProof.build(session, owner, hot).encode()))
        for owner in (PAYER.sign(session.digest(DOMAIN)), b"")
    ]
    return {
        "payoffs": [
            {"netA": str(na), "netB": str(nb), "paidA": str(sa), "paidB": str(sb), "pays": [str(one) for one in pays]}
            for na, nb, sa, sb in cases
            for pays in [payoff(na, nb, sa, sb)]
        ],
        "claim": {
            "id": hexed(simplex.id),
            "payer": PAYER.address,
            "amount": "55",
            "row": hexed(row),
            "sessionRow": hexed(rows[0]),
            "registeredRow": hexed(rows[1]),
        },
    }


VECTORS = {
    "channel_keys": keys_vectors,
    "channel_messages": messages_vectors,
    "channel_locks": locks_vectors,
    "channel_sessions": sessions_vectors,
    "channel_payouts": payouts_vectors,
    **plasma_vectors.VECTORS,
}
"""Functions that make the content of each file."""


def render(name: str) -> str:
    """Return the content of one file."""
    return json.dumps(VECTORS[name](), indent=1) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Write or check the files; return the exit code."""
    parser = argparse.ArgumentParser(description="Write the golden vectors of tests/parity.")
    parser.add_argument("--check", action="store_true", help="only compare, exit with 1 on a difference")
    options = parser.parse_args(arguments)
    FOLDER.mkdir(parents=True, exist_ok=True)
    stale = []
    for name in VECTORS:
        path, text = FOLDER / f"{name}.json", render(name)
        if options.check:
            if not path.is_file() or path.read_text(encoding="utf-8") != text:
                stale.append(path.name)
        else:
            path.write_text(text, encoding="utf-8")
    if stale:
        print(f"stale: {', '.join(stale)}; run python tools/make_vectors.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
