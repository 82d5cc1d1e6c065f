"""A second state transition, written from the specification alone: slow, flat, and sharing no code with the first.

Accounts are a plain dictionary of lists, frames are cut by hand, the root is computed afresh from all leaves.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from sha3 import keccak_256

CAP = 2**128 - 1
SIZES = {1: 8, 2: 10, 3: 40, 4: 24, 5: 74, 6: 104, 7: 88, 8: 96}
FIRST = {5: 3, 6: 3, 7: 3}
"""Operations in the first half of a frame, where it is not 27: by type."""


def h(data: bytes) -> bytes:
    return keccak_256(data).digest()


def tree(leaves: list[bytes], depth: int) -> bytes:
    """The root over leaves at 0, 1, 2 ... by plain recursion."""
    if depth == 0:
        return leaves[0] if leaves else bytes(32)
    half = 1 << (depth - 1)
    return h(tree(leaves[:half], depth - 1) + tree(leaves[half:], depth - 1)) if leaves else empty(depth)


def empty(depth: int) -> bytes:
    node = bytes(32)
    for _ in range(depth):
        node = h(node + node)
    return node


class Reference:
    """`sign_check(key_or_address, digest, signature)` and `digest(kind, fields)` stand for the cryptography."""

    def __init__(self, verify: Callable[..., bool], recover: Callable[..., Any], is_key: Callable[..., bool],
                 digest: Callable[..., bytes], owner_of: Callable[[bytes], bytes]) -> None:  # fmt: skip
        self.acc: dict[int, list[Any]] = {}
        self.out: list[tuple[bytes, int, int]] = []
        self.earlier = 0
        self.next = 1
        self.queued, self.tokens = 0, 1
        self.chain = bytes(28)
        self.keys: dict[bytes, bytes] = {}
        self.verify, self.recover, self.is_key = verify, recover, is_key
        self.digest, self.owner_of = digest, owner_of
        self.watch = False
        self.middle = b""
        """The root after the first half of the last frame, if `watch` is set: it takes as long as all the rest."""

    def root(self) -> bytes:
        leaves = [bytes(32)] * (max(self.acc, default=-1) + 1)
        for index, (owner, token, nonce, balance) in self.acc.items():
            leaves[index] = h(owner + struct.pack(">10xHI", token, nonce) + balance.to_bytes(16, "big"))
        exits = [h(to + struct.pack(">H", token) + amount.to_bytes(16, "big")) for to, token, amount in self.out]
        system = (
            tree(exits, 17)
            + struct.pack(">IIQIQ4x", len(self.out), self.next, self.queued, self.tokens, self.earlier)
            + bytes(4)
            + self.chain
        )
        return b"\0" + h(tree(leaves, 32) + h(system))[1:]

    # ------------------------------------------------------------------------------------------------------- frames

    def frame(self, data: bytes) -> None:
        self.middle = self.root() if self.watch else b""
        kind, token, fee_class, receiver = struct.unpack(">BHBI", data[:8])
        fee = (fee_class % 16) * 10 ** (fee_class // 16)
        if kind not in SIZES:
            return
        at = 56 if kind <= 4 else 8
        count, size = data[at], SIZES[kind]
        if count == 0 or at + 1 + count * size > 496 or token >= self.tokens:
            return
        rows = [data[at + 1 + i * size : at + 1 + (i + 1) * size] for i in range(count)]
        if kind == 8:
            for number, key in enumerate(rows):
                if self.watch and number == FIRST.get(kind, 27):
                    self.middle = self.root()
                if self.is_key(key) and self.next < 2**32 - 1:
                    self.keys[self.owner_of(key)] = key
                    self.acc[self.next] = [self.owner_of(key), token, 0, 0]
                    self.next += 1
            if self.watch and len(rows) <= FIRST.get(kind, 27):
                self.middle = self.root()
            return
        if fee and (receiver not in self.acc or self.acc[receiver][1] != token):
            return
        ops = [self.cut(kind, row) for row in rows]
        if kind <= 4:
            pairs, used = [], {}
            for sender, to, amount, target, _ in ops:
                if sender not in self.acc or self.acc[sender][0] not in self.keys:
                    return
                nonce = self.acc[sender][2] + used.get(sender, 0)
                if nonce >= 2**32 - 1:
                    return
                used[sender] = used.get(sender, 0) + 1
                pairs.append((self.keys[self.acc[sender][0]],
                              self.digest(sender, nonce, to, target, amount, token, fee_class)))  # fmt: skip
            if not self.verify(pairs, data[8:56]):
                return
        first = FIRST.get(kind, 27)
        for number, half in enumerate((ops[:first], ops[first:])):
            fees = 0
            for sender, to, amount, target, signature in half:
                if kind >= 5:
                    one = self.acc.get(sender)
                    if one is None or any(one[0][:12]) or one[2] >= 2**32 - 1:
                        continue
                    digest = self.digest(sender, one[2], to, target, amount, token, fee_class)
                    if self.recover(digest, signature) != one[0][12:]:
                        continue
                fees += fee * self.act(sender, to, amount, target, token, fee)
            if fees and self.acc[receiver][3] + fees <= CAP:
                self.acc[receiver][3] += fees
            if self.watch and number == 0:
                self.middle = self.root()

    def cut(self, kind: int, row: bytes) -> tuple[Any, ...]:
        signature = row[-64:] if kind >= 5 else b""
        wide = int.from_bytes
        if kind == 1:
            word = wide(row, "big")
            sender, to, amount = word >> 40, word >> 16 & 0xFFFFFF, (word & 2047) * 10 ** (word >> 11 & 31)
            return sender, to, amount, None, b""
        if kind in (3, 6):
            return wide(row[:4], "big"), 0, wide(row[4:20], "big"), row[20:40], signature
        if kind in (4, 7):
            return wide(row[:4], "big"), wide(row[4:8], "big"), wide(row[8:24], "big"), None, signature
        packed = wide(row[8:10], "big")
        return wide(row[:4], "big"), wide(row[4:8], "big"), (packed & 2047) * 10 ** (packed >> 11), None, signature

    def act(self, sender: int, to: int, amount: int, target: bytes | None, token: int, fee: int) -> bool:
        mine = self.acc[sender]
        mine[2] += 1
        if mine[1] != token or amount == 0 or mine[3] < amount + fee:
            return False
        if target is not None:
            mine[3] -= amount + fee
            self.out.append((target, token, amount))
            return True
        other = self.acc.get(to)
        if other is None or other[1] != token or (to != sender and other[3] + amount > CAP):
            return False
        mine[3] -= amount + fee
        other[3] += amount
        return True

    # -------------------------------------------------------------------------------------------------------- queue

    def item(self, raw: bytes) -> None:
        self.queued += 1
        self.chain = h(self.chain + h(raw))[4:]
        depositor = raw[1:21]
        if raw[0] == 3:
            self.tokens += 1
            return
        if raw[0] == 1:
            token, amount = struct.unpack(">H", raw[21:23])[0], int.from_bytes(raw[23:39], "big")
            owner, to = raw[39:71], int.from_bytes(raw[71:75], "big")
            if to == 0 and owner[:12] == bytes(12) and owner != bytes(32) and self.next < 2**32 - 1:
                self.acc[self.next] = [owner, token, 0, amount]
                self.next += 1
            elif to and to in self.acc and self.acc[to][:2] == [owner, token] and self.acc[to][3] + amount <= CAP:
                self.acc[to][3] += amount
            else:
                self.out.append((depositor, token, amount))
            return
        scheme, sender, token = raw[21], int.from_bytes(raw[22:26], "big"), int.from_bytes(raw[26:28], "big")
        amount, out, to = int.from_bytes(raw[28:44], "big"), raw[44], raw[45:65]
        one = self.acc.get(sender)
        if one is None or one[1] != token or one[2] >= 2**32 - 1 or (not out and any(to[:16])):
            return
        target = to if out else None
        digest = self.digest(sender, one[2], int.from_bytes(to, "big") if not out else 0, target, amount, token, 0)
        by_address = one[0][:12] == bytes(12)
        if scheme == 0:
            fine = by_address and one[0][12:] == depositor
        elif scheme == 1:
            fine = by_address and self.recover(digest, raw[65:]) == one[0][12:]
        else:
            fine = scheme == 2 and one[0] in self.keys and self.verify([(self.keys[one[0]], digest)], raw[65:])
        if fine:
            self.act(sender, int.from_bytes(to, "big") if not out else 0, amount, target, token, 0)
