"""Evidence of a watcher: inclusions and spends, with the bytes that the contract accepts as proof."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

from layer2.plasma.common.watcher.block_cache import BlockCache
from layer2.plasma.payments.chain.contract import Proof, Spend
from layer2.plasma.payments.chain.state import RootChainState
from layer2.plasma.payments.utxo.batch_signatures import digest_of
from layer2.plasma.protocol.blocks import BlockTree
from layer2.plasma.protocol.malformed import BodyMalformed, TreeMalformed
from layer2.plasma.protocol.packed import FEE, Fields, packed_of, read, split, split_body
from layer2.plasma.protocol.params import ETHER_TOKEN
from layer2.plasma.protocol.positions import decode_position
from layer2.plasma.protocol.transaction import transaction_hash
from layer2.primitives.ecdsa import recover, signers
from layer2.primitives.errors import MalformedError, SignatureError
from layer2.primitives.typed_data import Domain

__all__ = ["NOWHERE", "Evidence", "Spender"]

NOWHERE = (1 << 56) - 1
"""Place of a transaction in no block; it counts as younger than all included ones."""

_KEPT = 3
"""Number of blocks whose records and trees are cached."""
_KEPT_RECORDS = 1 << 16
"""Number of cached single records; exits of outputs from many blocks are validated repeatedly."""


@dataclass(frozen=True, slots=True)
class Spender:
    """A payment whose input `input` spends an output with the owner's signature.

    Attributes:
        signatures: signatures of all inputs, 64 bytes each.
        place: block << 16 | index.
    """

    packed: bytes
    input: int
    signatures: bytes
    place: int = NOWHERE

    @property
    def hash(self) -> bytes:
        """Hash of the transaction."""
        return transaction_hash(self.packed)


class Evidence:
    """Searches block bodies through the store's index, limited to the blocks known to `view`."""

    def __init__(self, view: RootChainState, store: BlockCache, domain: Domain) -> None:
        self.view = view
        self.store = store
        self._prefix = domain.prefix
        self._records: OrderedDict[bytes, list[bytes]] = OrderedDict()
        self._trees: OrderedDict[bytes, BlockTree] = OrderedDict()
        self._single: OrderedDict[tuple[bytes, int], bytes] = OrderedDict()

    def __repr__(self) -> str:
        return f"<Evidence {self.store}>"

    # ------------------------------------------------------------------------------------------------------- blocks

    def records(self, number: int) -> list[bytes] | None:
        """Return the records of a block's body; None if the body is missing."""
        header = self.view.headers.get(number)
        if header is None:
            return None
        key = header.hash
        found = self._records.get(key)
        if found is None:
            body = self.store.body(key)
            if body is None:
                return None
            try:
                found = split_body(body)
            except BodyMalformed:
                # The stored body was valid when it was fetched, so this is a different one.
                return None
            self._records[key] = found
        self._records.move_to_end(key)
        while len(self._records) > _KEPT:
            self._records.popitem(last=False)
        return found

    def record(self, number: int, index: int) -> bytes | None:
        """Return a transaction of a block with its signatures; None if it is not available."""
        header = self.view.headers.get(number)
        if header is None:
            return None
        key = header.hash, index
        found = self._single.get(key)
        if found is None:
            records = self.records(number)
            if records is None or index >= len(records):
                return None
            found = self._single[key] = records[index]
            while len(self._single) > _KEPT_RECORDS:
                self._single.popitem(last=False)
        return found

    def transaction(self, number: int, index: int) -> bytes | None:
        """Return the packed transaction without signatures; None if it is not available."""
        record = self.record(number, index)
        return None if record is None else packed_of(record)

    def proof(self, number: int, index: int, output: int = 0) -> Proof | None:
        """Return the inclusion proof of an output; None if its block is not available."""
        header, packed = self.view.headers.get(number), self.transaction(number, index)
        if header is None or packed is None:
            return None
        tree = self._tree(number, header.hash)
        if tree is None or tree.root != header.root:
            return None
        word = header.time << 32 | header.count
        return Proof(number << 24 | index << 8 | output, word, packed, tree.proof(index))

    def data(self, position: int) -> bytes | None:
        """Return the origin of an output: a deposit's record or a packed transaction; None if not available."""
        try:
            where = decode_position(position)
        except MalformedError:
            return None
        if where.deposit:
            deposit = self.view.deposits.get(where.deposit)
            return None if deposit is None else deposit.record
        return self.transaction(where.block, where.transaction)

    def owner(self, position: int) -> bytes | None:
        """Return the owner of the output at a position; None if it is unknown."""
        found = self._output(position)
        return None if found is None else found[0]

    def token(self, position: int) -> int:
        """Return the token id at a position; ether if it is unknown."""
        found = self._output(position)
        return ETHER_TOKEN if found is None else found[1]

    def output_proof(self, position: int) -> Proof | None:
        """Return the proof of an output or deposit; None if it is not available."""
        where = decode_position(position)
        if not where.deposit:
            return self.proof(where.block, where.transaction, where.output)
        data = self.data(position)
        return None if data is None else Proof.of_deposit(position, data)

    # ----------------------------------------------------------------------------------------------------- searching

    def inclusions(self, hashed: bytes) -> list[int]:
        """Return the valid places of a transaction, oldest first: block << 16 | index."""
        found = []
        for number, index in self.store.places(hashed):
            packed = self.transaction(number, index)
            if packed is None or transaction_hash(packed) != hashed:
                continue
            fields = read(packed)
            if fields is not None and _may_stand(fields, number):
                found.append(number << 16 | index)
        return found

    def find(self, hashed: bytes, first: int, last: int) -> tuple[int, int] | None:
        """Return block and index of a transaction in blocks `first` to `last` (`leaving.Where`); None if absent."""
        for place in self.inclusions(hashed):
            if first <= place >> 16 <= last:
                return place >> 16, place & 0xFFFF
        return None

    def spenders(self, position: int, owner: bytes) -> Iterator[Spender]:
        """Yield payments that spend an output with the owner's signature.

        Payments in blocks come first, oldest first, then payments in no block that may still be included.
        """
        for number, index, at in self.store.spends(position):
            record = self.record(number, index)
            if record is None:
                continue
            found = self._spender(record, position, owner, number << 16 | index)
            if found is not None and found.input == at:
                yield found
        following = self.view.posted + 1
        for record in [*self.store.loose(position), *self._of_games(position)]:
            found = self._spender(record, position, owner, NOWHERE)
            if found is not None and int.from_bytes(found.packed[2:7], "big") >= following:
                yield found

    def is_signed(self, record: bytes) -> bool | None:
        """Return True if the owners of all inputs have signed a payment; None if the owner of an input is unknown."""
        parts = split(record)
        fields = None if parts is None else read(parts[0])
        if parts is None or fields is None:
            return False
        owners = [self.owner(position) for position in fields.inputs]
        digest = digest_of(self._prefix, parts[0], fields)
        found = signers([digest] * len(owners), [parts[1][at : at + 64] for at in range(0, len(parts[1]), 64)])
        if any(owner not in (None, signer) for owner, signer in zip(owners, found, strict=True)):
            return False
        return None if None in owners else True

    def spend(self, one: Spender) -> Spend | None:
        """Return a spend as the contract's argument, with inclusion if it has one; None if not provable."""
        if one.place == NOWHERE:
            proof: Proof | None = Proof.of_nothing(one.packed)
        else:
            proof = self.proof(one.place >> 16, one.place & 0xFFFF)
        inputs = self._inputs(one.packed)
        return None if proof is None or inputs is None else Spend(proof, one.signatures, inputs)

    def _inputs(self, packed: bytes) -> tuple[Proof, ...] | None:
        """Return proofs of the inputs of a payment with several inputs; None if one cannot be proven."""
        fields = read(packed)
        if fields is None or len(fields.inputs) == 1:
            return ()
        found = []
        for position in fields.inputs:
            proof = self.output_proof(position)
            if proof is None:
                return None
            found.append(proof)
        return tuple(found)

    # ----------------------------------------------------------------------------------------------------- internal

    def _output(self, position: int) -> tuple[bytes, int, int] | None:
        """Return owner, token and amount of an output; None if it is unknown."""
        data = self.data(position)
        if data is None:
            return None
        if position >> 63:
            return data[:20], int.from_bytes(data[20:22], "big"), int.from_bytes(data[22:34], "big")
        fields, index = read(data), position & 0xFF
        return fields.outputs[index] if fields is not None and index < len(fields.outputs) else None

    def _is_short(self, fields: Fields) -> bool:
        """Return True if a payment's outputs exceed its inputs in a token; False while an input is unknown."""
        left: Counter[int] = Counter()
        for position in fields.inputs:
            found = self._output(position)
            if found is None:
                return False
            left[found[1]] += found[2]
        for _, token, amount in fields.outputs:
            left[token] -= amount
        return any(amount < 0 for amount in left.values())

    def _of_games(self, position: int) -> Iterator[bytes]:
        for game in self.view.open_games.values():
            if position in game.transaction.inputs:
                yield game.transaction.packed + b"".join(game.signatures)

    def _spender(self, record: bytes, position: int, owner: bytes, place: int) -> Spender | None:
        parts = split(record)
        fields = None if parts is None else read(parts[0])
        if parts is None or fields is None or position not in fields.inputs or fields.kind == FEE:
            return None
        if place != NOWHERE and not _may_stand(fields, place >> 16):
            return None
        if len(fields.inputs) > 1 and (self.is_signed(record) is False or self._is_short(fields)):
            # The contract accepts only complete spends: a partly signed or underfunded payment spends nothing.
            return None
        packed, signatures = parts
        at = fields.inputs.index(position)
        signature = signatures[64 * at : 64 * at + 64]
        try:
            signer = recover(digest_of(self._prefix, packed, fields), signature)
        except SignatureError:
            return None
        return Spender(packed, at, signatures, place) if bytes.fromhex(signer[2:]) == owner else None

    def _tree(self, number: int, key: bytes) -> BlockTree | None:
        tree = self._trees.get(key)
        if tree is None:
            records = self.records(number)
            if records is None:
                return None
            try:
                tree = BlockTree.of_records(records)
            except TreeMalformed:
                return None
            self._trees[key] = tree
        self._trees.move_to_end(key)
        while len(self._trees) > _KEPT:
            self._trees.popitem(last=False)
        return tree


def _may_stand(one: Fields, number: int) -> bool:
    """Return True if the contract allows a transaction in the block (`LateInclusion`)."""
    return number <= one.expiry and (one.kind != FEE or number == one.expiry)
