"""Unsigned payments that an operator drafts for owners without a wallet, who review and sign them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import Any

from layer2.api.http.json_fields import bytes_of, number_of
from layer2.api.plasma.payments_views import MOST_SUMMED, owner_of
from layer2.plasma.payments.chain.errors import FundsMissing
from layer2.plasma.payments.operator.operator import Operator
from layer2.plasma.payments.wallet.coin_selection import pick
from layer2.plasma.payments.wallet.payments import LIFETIME
from layer2.plasma.protocol.params import MAX_INPUTS, MAX_OUTPUTS
from layer2.plasma.protocol.positions import block_of
from layer2.plasma.protocol.signing import digest, to_eip712
from layer2.plasma.protocol.transaction import Output, Transaction, payment
from layer2.primitives.errors import MalformedError

__all__ = ["draft"]


@dataclass(frozen=True, slots=True)
class _Piece:
    position: int
    output: Output

    @property
    def block(self) -> int:
        return block_of(self.position)


def draft(inner: Operator, asked: Any) -> dict[str, Any]:
    """Return an unsigned payment from outputs of an owner that are neither exiting nor spent by a pending payment.

    Args:
        inner: the operator.
        asked: JSON object with `owner`, and either `outputs` to pay or `merge` (a token whose outputs are merged);
            optionally with `fee`, `fee_token`, `memo` and `expiry`.

    Raises:
        MalformedError: the request is not valid, or does not fit into one payment.
        FundsMissing: the owner has insufficient funds, or they are split over too many outputs.
    """
    if not isinstance(asked, dict) or not isinstance(asked.get("owner"), str):
        raise MalformedError("not a draft", hint="give owner, and outputs (owner, token, amount) or merge (a token)")
    owner = owner_of(asked["owner"])
    fee, fee_token = number_of("fee", asked.get("fee", 0), 96), number_of("fee_token", asked.get("fee_token", 0), 16)
    memo = b"" if asked.get("memo") is None else bytes_of(asked["memo"], 32)
    inner.follow()
    with inner.lock:
        found = islice(inner.ledger.owned(owner), MOST_SUMMED)
        free = [_Piece(at, one) for at, one, leaves in found if not leaves and inner.spender(at) is None]
        expiry = inner.ledger.head + LIFETIME
    expiry = number_of("expiry", asked.get("expiry", expiry), 40)
    if "merge" in asked:
        made = _merged(free, owner, number_of("merge", asked["merge"], 16), fee, expiry, memo)
    else:
        made = _paid(free, owner, asked.get("outputs"), fee, fee_token, expiry, memo)
    domain = inner.chain.domain
    return {
        "inputs": [str(position) for position in made.inputs],
        "outputs": [{"owner": one.address, "token": one.token, "amount": str(one.amount)} for one in made.outputs],
        "expiry": made.expiry,
        "memo": "0x" + made.memo.hex() if made.memo else None,
        "id": "0x" + made.hash.hex(),
        "digest": "0x" + digest(made, domain).hex(),
        "typed_data": _plain(to_eip712(made, domain)),
    }


def _paid(
    free: list[_Piece], owner: bytes, given: Any, fee: int, fee_token: int, expiry: int, memo: bytes
) -> Transaction:
    if not isinstance(given, list) or not 0 < len(given) <= MAX_OUTPUTS:
        raise MalformedError(
            f"outputs: a list of 1 to {MAX_OUTPUTS} needed", hint="give owner, token and amount of each"
        )
    rows: list[tuple[object, int, int]] = []
    needs = {fee_token: fee}
    for one in given:
        if not isinstance(one, dict) or not isinstance(one.get("owner"), str):
            raise MalformedError("an output has no owner", hint="give owner, token and amount")
        token, amount = number_of("token", one.get("token", 0), 16), number_of("amount", one.get("amount"), 96)
        rows.append((owner_of(one["owner"]), token, amount))
        needs[token] = needs.get(token, 0) + amount
    pieces = pick(free, needs)
    for token in sorted({one.output.token for one in pieces}):
        left = sum(one.output.amount for one in pieces if one.output.token == token) - needs.get(token, 0)
        rows += [(owner, token, left)] if left else []
    if len(rows) > MAX_OUTPUTS:
        raise MalformedError(
            f"{len(rows)} outputs, including change; at most {MAX_OUTPUTS} fit", hint="pay less at once"
        )
    return payment([one.position for one in pieces], rows, expiry, memo)


def _merged(free: list[_Piece], owner: bytes, token: int, fee: int, expiry: int, memo: bytes) -> Transaction:
    mine = sorted((one for one in free if one.output.token == token), key=lambda one: one.output.amount)[:MAX_INPUTS]
    total = sum(one.output.amount for one in mine)
    if len(mine) < 2 or total <= fee:
        raise FundsMissing(
            f"{len(mine)} outputs of token {token} can be joined, two are needed", have=len(mine), need=2
        )
    return payment([one.position for one in mine], [(owner, token, total - fee)], expiry, memo)


def _plain(value: Any) -> Any:
    """Return portable JSON values: bytes as hex, integers of 2^53 or more as strings."""
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, bytes):
        return "0x" + value.hex()
    return str(value) if isinstance(value, int) and value >> 53 else value
