"""The judge of signatures: each kind of frame is judged by its signature, and by nothing that nobody has signed for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from eth_abi.abi import encode
from py_ecc.bls.point_compression import compress_G1
from py_ecc.optimized_bls12_381 import FQ, curve_order, field_modulus, is_inf, multiply
from tests.support.rollup.corner import ACQUITS, BY_KEY, ETHER, GUILTY, KEY, PAYEE, PAYER, Corner
from tests.support.rollup.proof_parts import changed, part

from layer2.ethereum.backend import CallRequest
from layer2.ethereum.errors import ContractReverted
from layer2.primitives.bls import BlsKey, packed_key, signature_hint
from layer2.primitives.hashing import keccak
from layer2.rollup.protocol.frames import Frame, FrameType, Op, encode_frame
from layer2.rollup.protocol.messages import Transfer
from layer2.rollup.protocol.params import MAX_NONCE
from layer2.rollup.state.commitments import Assertion
from layer2.rollup.state.signature_oracle import SignatureOracle
from layer2.rollup.state.state import Account, State, owner_of_key
from layer2.rollup.validator.challenger import SIGNATURE_JUDGE
from layer2.rollup.validator.witness import signature_proof, state_proof
from layer2.testing.adversaries.rollup.fraud_corpus import Remembering, claim_of, right_roots

SPENT_KEY, NEAR_KEY = 7, 8
OTHER = BlsKey.derive(keccak(b"another key"))
BARE = 160


def off_the_curve() -> bytes:
    squares = (field_modulus - 1) // 2
    x = next(x for x in range(1, 99) if pow(x**3 + 4, squares, field_modulus) == field_modulus - 1)
    return bytes((0x80,)) + x.to_bytes(47, "big")


def outside_of_the_subgroup() -> bytes:
    for x in range(1, 99):
        y = pow((x**3 + 4) % field_modulus, (field_modulus + 1) // 4, field_modulus)
        point = (FQ(x), FQ(y), FQ(1))
        if y * y % field_modulus == (x**3 + 4) % field_modulus and not is_inf(multiply(point, curve_order)):
            return int(compress_G1(point)).to_bytes(48, "big")
    raise AssertionError("no such point among small x")


def genesis(state: State) -> None:
    for nonce in (MAX_NONCE, MAX_NONCE - 1):
        state.create(Account(owner_of_key(OTHER.public), 0, nonce, ETHER))
    state.keys[owner_of_key(OTHER.public)] = OTHER.public


class Bench:
    """One entry of frames of all kinds; `first`: the segment of each frame's first half, by its name."""

    def __init__(self, corner: Corner) -> None:
        self.corner = corner
        rows = {**self._executed(), **self._skipped(), "by addresses": corner.frame(), "of nothing": bytes(496)}
        corner.deposit(bytes(32), 0)
        corner.post(*rows.values())
        self.first = {name: 1 + 2 * at for at, name in enumerate(rows)}
        self.executed = [*self._executed(), "by addresses"]
        replica = corner.replica
        self.right = right_roots(replica, replica.final(), 1)
        self.honest = self.claim(self.right)

    def _executed(self) -> dict[str, bytes]:
        corner = self.corner
        signed = OTHER.sign(Transfer(NEAR_KEY, MAX_NONCE - 1, PAYEE, 5, 0, 0).digest(corner.rollup.domain))
        return {
            "right": corner.by_key((PAYEE, 7)),
            "right, of two": corner.by_key((PAYEE, 7), (PAYER, 8), nonce=1),
            "right, with a fee": corner.by_key((PAYEE, 9), nonce=3, fee=0x02, receiver=PAYEE),
            "right, and the last": self._alone(NEAR_KEY, signed),
        }

    def _skipped(self) -> dict[str, bytes]:
        corner, domain = self.corner, self.corner.rollup.domain
        wrong = {
            "zeros": bytes(48),
            "ones": b"\xff" * 48,
            "infinity": b"\xc0" + bytes(47),
            "infinity with an x": b"\xc0" + KEY.sign(bytes(32))[1:],
            "uncompressed": bytes((KEY.sign(bytes(32))[0] & 0x7F,)) + KEY.sign(bytes(32))[1:],
            "beyond the field": bytes((0x80 | field_modulus >> 376,))
            + (field_modulus % (1 << 376)).to_bytes(47, "big"),
            "off the curve": off_the_curve(),
            "outside of the subgroup": outside_of_the_subgroup(),
            "of another message": KEY.sign(bytes(32)),
            "by another key": OTHER.sign(Transfer(BY_KEY, 4, PAYEE, 7, 0, 0).digest(domain)),
            "of another nonce": KEY.sign(Transfer(BY_KEY, 5, PAYEE, 7, 0, 0).digest(domain)),
        }
        rows = {name: corner.by_key((PAYEE, 7), nonce=4, signature=one) for name, one in wrong.items()}
        spent = OTHER.sign(Transfer(SPENT_KEY, MAX_NONCE, PAYEE, 5, 0, 0).digest(domain))
        return rows | {
            "no such sender": self._alone(999, KEY.sign(bytes(32))),
            "a sender of an address": self._alone(PAYER, KEY.sign(bytes(32))),
            "a nonce that is never used": self._alone(SPENT_KEY, spent),
            "no receiver of the fee": corner.by_key((PAYEE, 9), nonce=4, fee=0x02, receiver=999),
            "no such token": self._alone(BY_KEY, KEY.sign(bytes(32)), token=1),
        }

    def _alone(self, sender: int, signature: bytes, *, token: int = 0) -> bytes:
        ops = (Op(sender, PAYEE, 5, packed=5),)
        return encode_frame(Frame(FrameType.TRANSFERS, token, 0, 0, signature, ops))

    def claim(self, roots: list[bytes]) -> Assertion:
        return claim_of(self.corner.replica, self.corner.replica.final(), 1, roots)

    def lie(self, name: str) -> Assertion:
        """What was executed is said to have been skipped, and the other way round."""
        at = self.first[name]
        wrong = self.right[at - 1] if name in self.executed else b"\0" + keccak(b"executed")[1:]
        return self.claim([*self.right[:at], *[wrong] * (len(self.right) - at)])

    def proof(self, name: str, *, half: int = 0) -> bytes:
        return signature_proof(self.corner.replica, self.honest, self.first[name] + half)

    def says(self, proof: bytes) -> str:
        """What the judge says of the truth."""
        return self.corner.verdict(SIGNATURE_JUDGE, self.honest, proof)


@pytest.fixture(scope="module")
def bench(chain, people, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    before = chain.snapshot()
    corner = Corner(chain, people, Path(tmp_path_factory.mktemp("corner")), genesis)
    yield Bench(corner)
    corner.l2.close()
    chain.revert(before)


def test_frames_are_executed_exactly_if_all_who_send_have_signed(bench: Bench) -> None:
    """The truth is acquitted of each, and whoever says otherwise is convicted."""
    judged = {}
    for name, at in bench.first.items():
        if name in ("by addresses", "of nothing"):
            continue
        moved = bench.right[at] != bench.right[at - 1]
        assert moved is (name in bench.executed), name
        lie = bench.lie(name)
        told = bench.corner.verdict(SIGNATURE_JUDGE, lie, signature_proof(bench.corner.replica, lie, at))
        judged[name] = (bench.says(bench.proof(name)), told)
    assert judged == dict.fromkeys(judged, (ACQUITS, GUILTY))
    assert len(judged) == 20


def test_no_amount_of_gas_makes_a_right_signature_wrong(bench: Bench) -> None:
    """A precompile that is given too little fails like one whose input is wrong: the judge must not conclude that."""
    chain, judge = bench.corner.l2.connection, bench.corner.judges[SIGNATURE_JUDGE]
    parent = bench.corner.replica.claims[bench.honest.parent]
    data = judge.encode("isFraudulent", bench.honest.as_tuple(), parent.as_tuple(), bench.proof("right"))

    def convicts(gas: int) -> bool | None:
        """Return the verdict, or None if the call reverts."""
        request = CallRequest(judge.address, data, sender=bench.corner.rollup.address, gas=gas)
        outcome = chain.simulate(request, "latest")
        return bool(int.from_bytes(outcome.output, "big")) if outcome.ok else None

    # What the transaction itself costs, at most (EIP-7623).
    floor = 21_000 + 40 * len(data)
    low, high = floor, 3_000_000
    assert convicts(high) is False
    while high - low > 500:
        middle = (low + high) // 2
        low, high = (middle, high) if convicts(middle) is None else (low, middle)
    # Every precompile is met by one of these with less than it needs.
    judged = Counter(convicts(gas) for gas in range(floor, high, 400))
    assert judged.keys() <= {None, False}
    assert judged[None] > 100


class Deceived(Remembering):
    """Takes one signature for what it is not."""

    def __init__(self, inner: SignatureOracle, signature: bytes) -> None:
        super().__init__(inner)
        self.signature = signature

    def verify(self, pairs: Sequence[tuple[bytes, bytes]], signature: bytes) -> bool:
        return super().verify(pairs, signature) is not (signature == self.signature)


def test_the_challenger_asks_the_judge_that_convicts(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lie that takes a wrong signature for right has the very root that executing the frame gives: to re-execute it
    proves nothing, only its signature does. One that takes a right one for wrong is told from the truth by it too."""
    corner, replica = bench.corner, bench.corner.replica
    judged = {}
    for name, at in bench.first.items():
        frame = replica.entries[0].frames()[(at - 1) // 2]
        with monkeypatch.context() as patch:
            patch.setattr(replica, "authority", Deceived(replica.authority, frame[8:56]))
            roots = right_roots(replica, replica.final(), 1)
        if roots[at] != bench.right[at] and roots[:at] == bench.right[:at]:
            lie = bench.claim(roots)
            judge, proof = corner.l2.challenger.prove(lie, at)
            judged[name] = (judge, corner.verdict(judge, lie, proof))
    assert judged == dict.fromkeys(judged, (SIGNATURE_JUDGE, GUILTY))
    assert set(judged) > {"right", "right, of two", "off the curve", "of another message", "of another nonce"}
    assert len(judged) == 15


def test_only_first_halves_of_frames_by_keys_are_read(bench: Bench) -> None:
    """The second half of an executed frame may change nothing, and a frame by addresses has no such signature."""
    queue = changed(state_proof(bench.corner.replica, bench.honest, 0), leaves=bytes(32), keys=bytes(192))
    assert bench.says(queue) == "NotAFirstHalf()"
    assert bench.says(bench.proof("right", half=1)) == "NotAFirstHalf()"
    assert bench.says(bench.proof("by addresses")) == "NotABlsFrame()"
    assert bench.says(changed(bench.proof("of nothing"), keys=bytes(192))) == "NotABlsFrame()"


def test_a_hint_decides_nothing(bench: Bench) -> None:
    """Whatever is said of the point of a right signature: it is checked, and cannot make the signature wrong."""
    proof = bench.proof("right")
    (right,) = part(proof, "hints")
    y = int.from_bytes(right, "big")
    for hints, told in {
        (off_hint(),): "HintNotARoot()",
        ((field_modulus - y).to_bytes(64, "big"),): "HintOfOtherSign()",
        ((field_modulus + y).to_bytes(64, "big"),): "NonCanonicalHint()",
        (): "InvalidSignatureHint()",
        (right, right): "InvalidSignatureHint()",
        (right,): ACQUITS,
    }.items():
        assert bench.says(changed(proof, hints=list(hints))) == told


def off_hint() -> bytes:
    """A hint that an x is off the curve; true for another one."""
    return signature_hint(off_the_curve())


def test_keys_are_bound_by_the_owners_of_the_accounts(bench: Bench) -> None:
    """As many as accounts, each its owner's; who is said to have no key is shown to have none."""
    proof = bench.proof("right")
    keys = part(proof, "keys")
    owner = owner_of_key(KEY.public)
    assert keys == packed_key(KEY.public)
    for given, told in {
        b"": "InvalidAccountsLength()",
        keys[:-1]: "InvalidAccountsLength()",
        keys + bytes(192): "InvalidAccountsLength()",
        packed_key(OTHER.public): "InvalidAccountsProof()",
        # With no key at all whatever is signed counts as signed wrongly: an address, nobody, or the right owner.
        bytes(BARE) + owner: "InvalidOwner()",
        bytes(BARE) + bytes(12) + owner[12:]: "InvalidAccountsProof()",
        bytes(BARE) + bytes(32): "InvalidAccountsProof()",
        bytes(96) + keys[96:160] + bytes(32): "InvalidOwner()",
        keys: ACQUITS,
    }.items():
        assert bench.says(changed(proof, keys=given)) == told, given.hex()


def test_accounts_are_read_with_their_keys_and_in_no_other_form(bench: Bench) -> None:
    """With owners beside the words and no keys nothing is read: the form is the judge's choice."""
    proof = bench.proof("right")
    words = part(proof, "leaves")
    owners = owner_of_key(KEY.public) + words
    behind = packed_key(OTHER.public)
    assert bench.says(changed(proof, leaves=owners, keys=b"")) == "InvalidAccountsLength()"
    assert bench.says(changed(proof, leaves=owners, keys=b"") + behind) == "InvalidAccountsLength()"
    assert bench.says(changed(proof, leaves=owners)) == "InvalidAccountsLength()"
    other = (int.from_bytes(words, "big") + (1 << 128)).to_bytes(32, "big")
    assert bench.says(changed(proof, leaves=other)) == "InvalidAccountsProof()"
    assert bench.says(changed(proof, leaves=words)) == ACQUITS


def test_a_voice_is_one_key_and_one_signature(bench: Bench) -> None:
    """`IBlsSignatureVerifier`: of the owner's key alone, with nothing behind it."""
    digest, judge = keccak(b"escape"), bench.corner.judges[SIGNATURE_JUDGE]
    signature, key = KEY.sign(digest), packed_key(KEY.public)
    wide = packed_key(OTHER.public)

    def speaks(key: bytes, signature: bytes, hint: bytes) -> bool:
        proof = encode(["bytes", "bytes", "bytes"], [key, signature, hint])
        return bool(judge.call("isValidSignature", owner_of_key(KEY.public), digest, proof))

    hint = signature_hint(signature)
    assert speaks(key, signature, hint)
    assert not speaks(key + wide, signature, hint)
    assert not speaks(wide, OTHER.sign(digest), signature_hint(OTHER.sign(digest)))
    assert not speaks(key, signature + b"\0", hint)
    assert not speaks(key, OTHER.sign(digest), signature_hint(OTHER.sign(digest)))
    with pytest.raises(ContractReverted, match=r"HintOfOtherSign"):
        speaks(key, signature, (field_modulus - int.from_bytes(hint, "big")).to_bytes(64, "big"))
