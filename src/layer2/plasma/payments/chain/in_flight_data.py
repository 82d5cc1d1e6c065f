"""What the inputs of an in-flight exit are made of, and which of them it should hold."""

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
    """The inputs (bits) that a game of `count` can win anything with, as the contract has it.

    Contested, what has joined of its inputs; else all of them or, while nobody has joined, none.
    """
    if game.contested:
        return game.piggybacked & _INPUTS
    return (1 << count) - 1 if game.piggybacked else 0


def inputs_made(
    root: RootChain, exit_id: bytes, transaction: Transaction, input_ids: Sequence[bytes], start_block: int
) -> tuple[bytes, ...]:
    """Transaction or deposit record behind each input, from the calldata of the start; checked against the ids.

    Raises:
        OutputUnknown: the exit was not started by a direct call: only who knows the inputs can claim it.
    """
    connection = root.connection
    topics = [root.contract.topic("InFlightStarted"), exit_id]
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
        f"in-flight exit 0x{exit_id.hex()[:16]}..: what its inputs are is not in the call that started it",
        hint="let the one who started it claim it",
    )


def joined_made(
    root: RootChain,
    exit_id: bytes,
    transaction: Transaction,
    input_ids: Sequence[bytes],
    own: Mapping[int, bytes],
    start_block: int,
) -> tuple[bytes, ...]:
    """What made the inputs of a game, for who joins it: its own (by index), and what has joined as far as known."""
    if root.in_flight(exit_id).piggybacked & _INPUTS & ~sum(1 << at for at in own):
        try:
            return inputs_made(root, exit_id, transaction, input_ids, start_block)
        except OutputUnknown:
            # They are asked for only if something was paid meanwhile under a later block.
            pass
    return tuple(own.get(at, b"") for at in range(len(input_ids)))


def _id_of(position: int, data: bytes) -> bytes:
    if is_deposit(position):
        return deposit_output_id(deposit_of(position))
    return output_id(transaction_hash(data), position & 0xFF)
