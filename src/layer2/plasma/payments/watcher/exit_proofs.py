"""Exit proofs made from a watcher's data, for owners without their own proofs and without an operator."""

from __future__ import annotations

from layer2.plasma.common.errors import StateUnknown
from layer2.plasma.payments.chain.exit_proofs import DepositExitProof, InFlightExitProof, Kit, OutputExitProof
from layer2.plasma.payments.utxo.utxo_set import UtxoSet
from layer2.plasma.payments.watcher.proof_index import Evidence
from layer2.plasma.protocol.positions import decode_position
from layer2.plasma.protocol.signing import Signed
from layer2.plasma.protocol.transaction import decode_transaction
from layer2.primitives.errors import MalformedError

__all__ = ["kit_at", "kits_of", "payment_kit"]


def kit_at(evidence: Evidence, position: int) -> Kit:
    """Return the exit proof of an output, spent or not; raise StateUnknown if its block is not available."""
    place = decode_position(position)
    if place.deposit:
        deposit = evidence.view.deposits.get(place.deposit)
        if deposit is None:
            raise StateUnknown(f"deposit {place.deposit} does not exist yet", hint="wait for it")
        return DepositExitProof(deposit)
    proof = evidence.proof(place.block, place.transaction, place.output)
    if proof is None:
        raise StateUnknown(f"block {place.block}: no body, or no transaction {place.transaction}", hint="ask again")
    header = evidence.view.headers[place.block]
    return OutputExitProof(position, decode_transaction(proof.data), header, proof.path)


def payment_kit(evidence: Evidence, record: bytes) -> InFlightExitProof:
    """Return the exit proof of a signed payment, `packed | signatures(64 each)`, with its inclusion if there is one.

    Raises:
        MalformedError: the record is not a valid payment.
        ExitProofInvalid: the inputs are not those of the payment.
        StateUnknown: an input is not available.
    """
    if len(record) < 2:
        raise MalformedError(f"{len(record)} bytes are not a payment")
    end = max(0, len(record) - 64 * (record[1] >> 4))
    one = decode_transaction(record[:end])
    signatures = tuple(record[at : at + 64] for at in range(end, len(record), 64))
    inputs = tuple(kit_at(evidence, position) for position in one.inputs)
    found = evidence.inclusions(one.hash)
    included = kit_at(evidence, found[0] << 8) if found else None
    return InFlightExitProof(
        Signed(one, signatures), inputs, included if isinstance(included, OutputExitProof) else None
    )


def kits_of(evidence: Evidence, ledger: UtxoSet, owner: bytes) -> tuple[Kit, ...]:
    """Return exit proofs of all unspent outputs of an owner, in the order of their creation."""
    return tuple(kit_at(evidence, position) for position, one in ledger.unspent() if one.owner == owner)
