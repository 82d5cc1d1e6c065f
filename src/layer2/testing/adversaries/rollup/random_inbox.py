"""A busy inbox: queue items of every kind and frames of every type, valid, invalid, malformed and ineffective."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

from layer2.ethereum.sender import Sender
from layer2.ethereum.signer import Signer
from layer2.primitives.bls import BlsKey, aggregate
from layer2.primitives.ecdsa import to_compact
from layer2.primitives.hashing import keccak
from layer2.rollup.devnet import LocalRollup
from layer2.rollup.protocol.compressed_amounts import pack_amount
from layer2.rollup.protocol.frames import LIMITS, Frame, FrameType, Op, encode_frame
from layer2.rollup.protocol.messages import Transfer, Withdraw
from layer2.rollup.state.commitments import Assertion
from layer2.rollup.state.forced_queue import Scheme
from layer2.rollup.state.state import Account, owner_of_address
from layer2.rollup.wallet.wallet import Wallet
from layer2.testing.contracts.mocks import deploy_mock

__all__ = ["RandomInbox"]

_ETHER = 10**18
_FEE = 0x2C
"""A fee class of 1,200 units."""


class RandomInbox:
    """Fills a rollup's inbox; `parent` is the final assertion before it, `frames` lists the posted frames in order."""

    def __init__(self, l2: LocalRollup, operator: Signer, payer: Signer, payee: Signer) -> None:
        self.l2 = l2
        self.operator = Sender(l2.connection, operator)
        self.payer, self.payee = l2.wallet(payer), l2.wallet(payee)
        self.frames: list[bytes] = []
        self._nonces: Counter[int] = Counter()
        self._prepare()
        self.parent = self._settled()
        for sheet in (self._queue, self._bls, self._ecdsa, self._nothing):
            sheet()

    # ------------------------------------------------------------------------------------------------------- before

    def _prepare(self) -> None:
        l2 = self.l2
        self.payer.deposit("50 ether")
        self.payee.deposit("5 ether")
        token = deploy_mock("MockToken", "Dollar", "USD", 6, sender=self.operator)
        token.transact(self.operator, "mint", self.payer.signer.address, 10**12)
        token.transact(self.payer.sender, "approve", l2.rollup.address, 2**256 - 1)
        l2.rollup.register_token(self.operator, token.address)
        self.payer.deposit(10**9, token=1)
        for wallet in (self.payer, self.payee):
            l2.sequencer.open_account(wallet.bls.public)
        l2.post()
        self.one, self.two = self.payer.account(bls=False), self.payee.account(bls=False)
        self.dollars = self.payer.account(1)
        self.key_one, self.key_two = self.payer.account(bls=True), self.payee.account(bls=True)
        for account in (self.key_one, self.key_two):
            l2.rollup.deposit(self.operator, 0, 9 * _ETHER, self._owner(account), account)
        l2.post()

    def _settled(self) -> Assertion:
        self.l2.settle()
        self.l2.challenger.replica.step()
        return self.l2.challenger.replica.final()

    def _owner(self, account: int) -> bytes:
        return self.l2.sequencer.replica.head.accounts[account].owner

    # -------------------------------------------------------------------------------------------------------- queue

    def _queue(self) -> None:
        """Fill more than one segment of the queue, with effective and ineffective items."""
        rollup, sender, domain = self.l2.rollup, self.payer.sender, self.l2.rollup.domain
        me = self.payer.signer.address
        self.payer.deposit("1 ether")
        self.payer.deposit("1 ether", to=self.one)
        rollup.deposit(sender, 0, 7, keccak(b"no key"), 0)
        rollup.deposit(sender, 0, 8, owner_of_address(me), self.two)
        rollup.deposit(sender, 1, 9, owner_of_address(me), self.one)
        rollup.deposit(sender, 1, 10, self._owner(self.key_one), 0)
        rollup.register_token(sender, deploy_mock("MockToken", "Euro", "EUR", 6, sender=self.operator).address)
        rows: list[tuple[int, int, int, str | int]] = [
            (self.one, 0, _ETHER // 5, self.two),
            (self.one, 0, _ETHER // 5, self.one),
            (self.one, 0, _ETHER // 5, me),
            (self.two, 0, _ETHER // 5, me),
            (self.one, 1, 5, self.two),
            (self.one, 0, 0, self.two),
            (self.one, 0, 2**127, self.two),
            (self.one, 0, 5, self.dollars),
            (self.one, 0, 5, 1 << 40),
            (999, 0, 5, self.two),
            (self.one, 0, 5, 999),
            (self.one, 0, 0, me),
            (self.one, 0, 2**127, me),
            (self.dollars, 1, 500, me),
        ]
        for row in rows:
            rollup.force(sender, *row)
        nonce = self._read(self.one).nonce + sum(account == self.one and token == 0 for account, token, *_ in rows)
        right = self._digest_signed(self.payer, Transfer(self.one, nonce, self.two, 11, 0, 0).digest(domain))
        for signature in (right, right, right[:63], b"\0" + right[:63], bytes(64), b""):
            rollup.force(self.operator, self.one, 0, 11, self.two, Scheme.ECDSA, signature)
        message = Withdraw(self.key_one, self._read(self.key_one).nonce, me, 12, 0, 0)
        by_key = self.payer.bls.sign(message.digest(domain))
        for signature in (bytes(48), by_key, by_key, by_key[:47], b"\xc0" + bytes(47)):
            rollup.force(self.operator, self.key_one, 0, 12, me, Scheme.BLS, signature)
        rollup.force(self.operator, self.key_one, 0, 12, me, Scheme.ECDSA, right)
        rollup.force(self.operator, self.one, 0, 12, me, 7, b"")
        self._post(self._bls_frame(FrameType.TRANSFERS, self.key_two, [(self.one, 13)]))

    # ------------------------------------------------------------------------------------------------------- frames

    def _bls(self) -> None:
        """Post BLS frames of every type: full, with both halves used, with fees, and with failing operations."""
        key, other = self.key_one, self.key_two
        full = [(self.two if n % 3 else other, 1_000 + n) for n in range(LIMITS[FrameType.TRANSFERS])]
        full[3], full[30] = (key, 5), (999, 5)
        full[5], full[40] = (self.dollars, 5), (self.two, 2047 * 10**20)
        wide = [(self.one, 10_000 * (n + 1)) for n in range(LIMITS[FrameType.WIDE_TRANSFERS])]
        exact = [(self.two, 123_456_789_123 + n) for n in range(LIMITS[FrameType.EXACT_TRANSFERS])]
        outs = [(self.payer.signer.address, 1_000_001 + n) for n in range(LIMITS[FrameType.WITHDRAWALS])]
        self._post(
            self._bls_frame(FrameType.TRANSFERS, key, full, fee=_FEE, receiver=other),
            self._bls_frame(FrameType.WIDE_TRANSFERS, other, wide, fee=0x01, receiver=other),
            self._bls_frame(FrameType.TRANSFERS, key, full[:27]),
        )
        self._post(
            self._bls_frame(FrameType.WITHDRAWALS, key, outs, fee=_FEE, receiver=self.two),
            self._bls_frame(FrameType.EXACT_TRANSFERS, key, exact),
            self._bls_frame(FrameType.WIDE_TRANSFERS, other, wide[:28]),
        )

    def _ecdsa(self) -> None:
        """Post ECDSA frames of every type, some with unsigned operations, and new accounts."""
        me, to = self.payer.signer.address, self.two
        transfers = self._ecdsa_frame(FrameType.ECDSA_TRANSFERS, self.one, [(to, 2_000)] * 6, _FEE, to, spoiled=2)
        outs = self._ecdsa_frame(FrameType.ECDSA_WITHDRAWALS, self.one, [(me, 1_000)] * 4, 0, 0, spoiled=0)
        exact = self._ecdsa_frame(FrameType.ECDSA_EXACT_TRANSFERS, self.one, [(to, 10**15 + 1)] * 5, 0x01, self.one)
        dollars = self._ecdsa_frame(FrameType.ECDSA_TRANSFERS, self.dollars, [(self.dollars, 3)], 0, 0, token=1)
        keys = [BlsKey.derive(keccak(b"new account %d" % n)).public for n in range(3)]
        opens = encode_frame(Frame(FrameType.ACCOUNTS, ops=tuple(Op(key=key) for key in (*keys, bytes(96), keys[0]))))
        self._post(transfers, outs, opens, exact)
        self._post(dollars, opens[:400])

    def _nothing(self) -> None:
        """Post ineffective frames: unknown types, invalid counts, tokens, receivers and signatures."""
        key, to = self.key_one, self.two
        right = self._bls_frame(FrameType.TRANSFERS, key, [(to, 5)])
        self._nonces[key] -= 1
        stranger = Op(self.one, to, 5, packed=5)
        wrong = Frame(FrameType.TRANSFERS, 0, 0, 0, BlsKey.derive(keccak(b"thief")).sign(bytes(32)), (stranger,))
        mine = replace(wrong, ops=(Op(key, to, 5, packed=5),))
        rows = [
            b"\xfe" * 496,
            bytes(496),
            right[:56] + b"\0" + right[57:],
            right[:56] + bytes((LIMITS[FrameType.TRANSFERS] + 1,)) + right[57:],
            b"\5" + bytes(7) + b"\7" + bytes(487),
            right[:1] + b"\0\x09" + right[3:],
            right[:3] + bytes((_FEE,)) + (999).to_bytes(4, "big") + right[8:],
            right[:3] + bytes((_FEE,)) + self.dollars.to_bytes(4, "big") + right[8:],
            encode_frame(wrong),
            encode_frame(mine),
            encode_frame(replace(mine, signature=bytes(48))),
            encode_frame(replace(mine, ops=(Op(998, to, 5, packed=5),))),
        ]
        self._post(*rows, right[:200])

    def _bls_frame(self, kind: FrameType, account: int, rows: Sequence[tuple[int | str, int]], **head: int) -> bytes:
        key = self.payer.bls if account == self.key_one else self.payee.bls
        ops, signed = self._ops(kind, account, rows, head.get("fee", 0), 0, key.sign, [])
        fee, receiver = head.get("fee", 0), head.get("receiver", 0)
        return encode_frame(Frame(kind, 0, fee, receiver, aggregate(signed), ops))

    def _ecdsa_frame(
        self,
        kind: FrameType,
        account: int,
        rows: Sequence[tuple[int | str, int]],
        fee: int,
        receiver: int,
        *,
        spoiled: int = -1,
        token: int = 0,
    ) -> bytes:
        def sign(digest: bytes) -> bytes:
            return self._digest_signed(self.payer, digest)

        ops, signed = self._ops(kind, account, rows, fee, token, sign, [spoiled])
        whole = tuple(replace(op, signature=one) for op, one in zip(ops, signed, strict=True))
        return encode_frame(Frame(kind, token, fee, receiver, b"", whole))

    def _ops(
        self,
        kind: FrameType,
        account: int,
        rows: Sequence[tuple[int | str, int]],
        fee: int,
        token: int,
        sign: Callable[[bytes], bytes],
        spoiled: list[int],
    ) -> tuple[tuple[Op, ...], list[bytes]]:
        """Return operations of one sender with consecutive nonces; a spoiled one is signed for another nonce."""
        exact = kind in (FrameType.EXACT_TRANSFERS, FrameType.ECDSA_EXACT_TRANSFERS) or kind.withdraws
        ops, signed = [], []
        for at, (to, amount) in enumerate(rows):
            nonce = self._read(account).nonce + self._nonces[account] + (at in spoiled)
            message: Transfer | Withdraw
            if isinstance(to, str):
                message = Withdraw(account, nonce, self.payer.signer.address, amount, token, fee)
                ops.append(Op(account, 0, amount, self.payer.signer.address))
            else:
                message = Transfer(account, nonce, to, amount, token, fee)
                ops.append(Op(account, to, amount, packed=0 if exact else pack_amount(amount)))
            signed.append(sign(message.digest(self.l2.rollup.domain)))
            self._nonces[account] += at not in spoiled
        return tuple(ops), signed

    def _read(self, account: int) -> Account:
        return self.l2.sequencer.replica.head.accounts[account]

    def _digest_signed(self, wallet: Wallet, digest: bytes) -> bytes:
        return to_compact(wallet.signer.sign_digest(digest))

    def _post(self, *frames: bytes) -> None:
        """Post one batch of these frames, which consumes all waiting queue items."""
        replica = self.l2.sequencer.replica
        replica.step()
        expected = replica.entries[-1].record.hash()
        self.l2.rollup.post_calldata(self.operator, expected, b"".join(frames), self.l2.rollup.queue_length())
        replica.step()
        self.frames += frames
        self._nonces.clear()
