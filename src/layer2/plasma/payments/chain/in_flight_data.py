"""Origins of the inputs of an in-flight exit, and the selection of inputs it should hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError

from layer2.ethereum.records import hex_bytes
from layer2.plasma.payments.chain.contract import InFlight, RootChain
from layer2.plasma.payments.chain.errors import OutputUnknown
from layer2.plasma.protocol.positions import deposit_of, is_deposit
from layer2.plasma.protocol.transaction import Transaction, deposit_output_id, output_id, transaction_hash

__all__ = ["inputs_made", "inputs_wanted", "joined_made"]

_PROOF = "(uint64,uint256,bytes,bytes32[])"
_INPUTS = 0x0F
_START = (_PROOF, f"{_PROOF}[]", "bytes", "uint256")


def inputs_wanted(game: InFlight, count: int) -> int:
    """Return the bits of the inputs that an in-flight exit of `count` inputs needs to hold to be paid.

    A contested exit needs its piggybacked inputs. Otherwise it needs all inputs, or none before the first piggyback.
    """
    if game.contested:
        return game.piggybacked & _INPUTS
    return (1 << count) - 1 if game.piggybacked else 0


def inputs_made(
    root: RootChain, exit_id: bytes, transaction: Transaction, input_ids: Sequence[bytes], start_block: int
) -> tuple[bytes, ...]:
    """Return the transaction or deposit record behind each input, from the calldata of the start call.

    The result is verified against the ids.

    Raises:
        OutputUnknown: the exit was not started by a direct call, so that only an account that knows the inputs can
            claim it.
    """
    connection = root.connection
    topics = [root.contract.topic("InFlightExitStarted"), exit_id]
    for log in reversed(connection.logs(start_block, connection.block_number(), root.address, topics)):
        call = hex_bytes(connection.web3.eth.get_transaction("0x" + log.tx_hash.hex())["input"])  # type: ignore[arg-type]
        try:
            rows = decode(_START, call[4:])[1]
        except DecodingError:
            continue
        made = tuple(bytes(row[2]) for row in rows)
        ids = [_id_of(position, data) for position, data in zip(transaction.inputs, made, strict=False)]
        if len(made) == len(input_ids) and ids == list(input_ids):
            return made
    raise OutputUnknown(
        f"in-flight exit 0x{exit_id.hex()[:16]}..: the call that started it does not contain its inputs",
        hint="let its starter process it",
    )


def joined_made(
    root: RootChain,
    exit_id: bytes,
    transaction: Transaction,
    input_ids: Sequence[bytes],
    own: Mapping[int, bytes],
    start_block: int,
) -> tuple[bytes, ...]:
    """Return the origins of an in-flight exit's inputs for a piggyback.

    Own inputs (by index) are always included, the piggybacked ones as far as they are known.
    """
    if root.in_flight(exit_id).piggybacked & _INPUTS & ~sum(1 << at for at in own):
        try:
            return inputs_made(root, exit_id, transaction, input_ids, start_block)
        except OutputUnknown:
            # The contract needs them only if something was paid meanwhile under a later block.
            pass
    return tuple(own.get(at, b"") for at in range(len(input_ids)))


def _id_of(position: int, data: bytes) -> bytes:
    if is_deposit(position):
        return deposit_output_id(deposit_of(position))
    return output_id(transaction_hash(data), position & 0xFF)
