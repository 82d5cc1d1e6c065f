"""Attacks on valid assertions: fraud proofs in unusual formats, and proof data that nothing binds."""

from __future__ import annotations

from eth_abi.abi import decode, encode

from layer2.ethereum.backend import CallRequest
from layer2.primitives.bls import BlsKey, packed_key
from layer2.primitives.hashing import keccak
from layer2.rollup.derivation.replica import Replica
from layer2.rollup.state.commitments import Assertion, Status
from layer2.rollup.validator.challenger import SIGNATURE_JUDGE
from layer2.rollup.validator.witness import PROOF_TYPES, signature_proof
from layer2.testing.adversaries.rollup.attacks import RollupAttack

__all__ = ["owners_of", "stranger_keys", "with_owners"]

_ETHER = 10**18


def stranger_keys(count: int) -> bytes:
    """Return keys of the attacker, all valid points, in the format of a proof."""
    return packed_key(BlsKey.derive(keccak(b"a key of the attacker")).public) * count


def owners_of(replica: Replica, claim: Assertion, segment: int, ids: bytes) -> list[bytes]:
    """Return the owners of accounts (4 bytes each) in the state before a segment of an assertion."""
    state, rest = replica.segments(replica.claims[claim.parent], claim.inbox_end)
    for _ in range(segment):
        next(rest)
    found = (state.accounts.get(int.from_bytes(ids[at : at + 4], "big")) for at in range(0, len(ids), 4))
    return [bytes(32) if one is None else one.owner for one in found]


def with_owners(replica: Replica, claim: Assertion, segment: int, proof: bytes) -> tuple[bytes, bytes]:
    """Return a proof for the signature judge in the format of the state judge: with owners and without keys.

    The second value is the account data in that format.
    """
    row, siblings, _ = decode(PROOF_TYPES, proof)
    ids, words, hints, branch = row[-1]
    owners = owners_of(replica, claim, segment, ids)
    leaves = b"".join(one + words[32 * at : 32 * at + 32] for at, one in enumerate(owners))
    return encode(PROOF_TYPES, [(*row[:-1], (ids, leaves, hints, branch)), siblings, b""]), leaves


def _without_keys(attack: ConvictionByKeysOfNobody) -> bytes:
    """Return a proof with owners but without keys, and the attacker's keys in their place."""
    replica = attack.l2.challenger.replica
    proof = signature_proof(replica, attack.honest, 0)
    return with_owners(replica, attack.honest, 0, proof)[0] + stranger_keys(4)


def _keys_of_others(attack: ConvictionByKeysOfNobody) -> bytes:
    """Return a proof in the valid format, with the attacker's keys in place of the owners'."""
    row, siblings, keys = decode(PROOF_TYPES, signature_proof(attack.l2.challenger.replica, attack.honest, 0))
    return encode(PROOF_TYPES, [row, siblings, stranger_keys(len(keys) // 192)])


class ConvictionByKeysOfNobody(RollupAttack):
    """The attacker gives no keys to the signature judge, and appends its own keys behind the end of the proof.

    Data that nothing binds must not be read. With these keys the signature of a valid frame would be invalid, and its
    proposer would lose the bond.
    """

    refused_with = "InvalidAccountsLength"

    def prepare(self) -> None:
        """Prepare a valid assertion over a signed and executed frame, and commitments to proofs against it."""
        for wallet in (self.payer, self.payee):
            self.l2.sequencer.open_account(wallet.bls.public)
        self.l2.post()
        self.payer.send(self.payer.account(bls=True), _ETHER, account=self.payer.account(bls=False))
        self.l2.post()
        self.l2.settle()
        self.payer.send(self.payee.account(bls=True), 1_000, account=self.payer.account(bls=True))
        self.l2.post()
        self.honest = self.l2.propose()
        self.parent = self.l2.challenger.replica.claims[self.honest.parent]
        self.proofs = [_keys_of_others(self), _without_keys(self)]
        for proof in self.proofs:
            row = [self.attacker.address, self.honest.id, SIGNATURE_JUDGE, keccak(proof)]
            self.act("commitChallenge", keccak(encode(["address", "bytes32", "uint256", "bytes32"], row)))
        self.chain.mine(self.l2.profile.reveal_blocks)

    def attempt(self) -> None:
        """Attempt the attack; each format is rejected because of missing data."""
        row = (self.honest.as_tuple(), self.parent.as_tuple(), SIGNATURE_JUDGE)
        for proof in self.proofs[:-1]:
            data = self.l2.rollup.contract.encode("challenge", *row, proof)
            outcome = self.chain.simulate(CallRequest(self.l2.rollup.address, data, 0, self.attacker.address, None))
            assert outcome.failure is not None or outcome.revert is not None, "the truth was convicted"
        self.act("challenge", *row, self.proofs[-1])
        assert self.l2.rollup.status(self.honest.id)[2] is Status.OPEN, "the truth was convicted"
