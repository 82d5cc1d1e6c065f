"""Atomic swaps: one payment, signed by both owners, that exchanges two tokens.

The maker sends an unsigned offer. The taker builds the payment and signs its own inputs. The maker checks the payment
against the offer, signs last and submits. The taker's inputs are locked until the payment expires; the maker's are
locked from its signature on.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from layer2.plasma.payments.chain.contract import ExitStatus
from layer2.plasma.payments.chain.errors import ExitProofMalformed, SwapInvalid
from layer2.plasma.payments.chain.exit_proof_file import from_json, read_json, to_json
from layer2.plasma.payments.chain.exit_proofs import UNSIGNED, InFlightExitProof, Kit, require_on_chain
from layer2.plasma.payments.wallet.account import Account
from layer2.plasma.payments.wallet.coin_selection import pick
from layer2.plasma.payments.wallet.payment_status import SentPayment
from layer2.plasma.payments.wallet.payments import Payments
from layer2.plasma.protocol.params import MAX_INPUTS
from layer2.plasma.protocol.signing import Signed, digest
from layer2.plasma.protocol.transaction import Transaction, payment
from layer2.primitives.addresses import Address, to_address
from layer2.primitives.ecdsa import recover
from layer2.primitives.errors import SignatureError
from layer2.primitives.json_text import whole_number

__all__ = ["Offer", "Swaps"]

_OFFERED = MAX_INPUTS - 1
"""Maximum number of the maker's inputs, because the taker needs at least one."""
_FORMAT = "layer2 plasma swap offer"


@dataclass(frozen=True, slots=True)
class Offer:
    """A swap offer: `maker` gives (token, amount) from `inputs`, `taker` gives `want`; valid until block `expiry`."""

    contract: Address
    chain_id: int
    maker: Address
    taker: Address
    give: tuple[int, int]
    want: tuple[int, int]
    expiry: int
    inputs: tuple[Kit, ...]

    def to_text(self) -> str:
        """Return the offer as JSON, for the taker."""
        value = {
            "format": _FORMAT,
            "contract": self.contract,
            "chainId": self.chain_id,
            "maker": self.maker,
            "taker": self.taker,
            "give": [self.give[0], str(self.give[1])],
            "want": [self.want[0], str(self.want[1])],
            "expiry": self.expiry,
            "inputs": [to_json(one) for one in self.inputs],
        }
        return json.dumps(value)

    @classmethod
    def from_text(cls, text: str) -> Offer:
        """Decode an offer from JSON; raise ExitProofMalformed or ExitProofInvalid if it is not valid."""
        try:
            row = read_json(text)
            if row.pop("format") != _FORMAT:
                raise ExitProofMalformed("offer: not an offer of a swap")
            give, want = ((whole_number(row[name][0]), whole_number(row[name][1])) for name in ("give", "want"))
            people = (to_address(row.pop("maker")), to_address(row.pop("taker")))
            kits = tuple(from_json(one) for one in row.pop("inputs"))
            place = (to_address(row.pop("contract")), whole_number(row.pop("chainId")))
            expiry = whole_number(row.pop("expiry"))
        except (
            json.JSONDecodeError,
            KeyError,
            IndexError,
            TypeError,
            ValueError,
            AttributeError,
            RecursionError,
        ) as fault:
            raise ExitProofMalformed(f"offer: {type(fault).__name__}: {fault}") from None
        if set(row) != {"give", "want"}:
            raise ExitProofMalformed("offer: unexpected fields")
        return cls(*place, *people, give, want, expiry, kits)

    def change(self) -> dict[int, int]:
        """Return the maker's change by token.

        Raises:
            SwapInvalid: the inputs hold less than the given amount.
        """
        left = {self.give[0]: -self.give[1]}
        for kit in self.inputs:
            left[kit.output.token] = left.get(kit.output.token, 0) + kit.output.amount
        if left[self.give[0]] < 0:
            raise SwapInvalid(
                f"offer: the inputs hold {-left[self.give[0]]} less than the offer gives", hint="ask for another one"
            )
        return {token: amount for token, amount in left.items() if amount}


class Swaps:
    """The swaps of an account, as their maker and as their taker."""

    def __init__(self, account: Account, payments: Payments) -> None:
        self._account = account
        self._payments = payments
        self._root = account.root
        self._wallet_store = account.wallet_store

    def propose(
        self,
        taker: str,
        *,
        give: str | int,
        want: str | int,
        give_token: int = 0,
        want_token: int = 0,
        expiry: int | None = None,
    ) -> Offer:
        """Return an offer of a swap; nothing is signed or locked."""
        if give_token == want_token:
            raise SwapInvalid(
                f"token {give_token} for token {want_token}: the same token twice is not a swap", hint="name two tokens"
            )
        units = self._account.amount(give, give_token)
        kits = pick(self._wallet_store.free(), {give_token: units}, _OFFERED)
        return Offer(
            self._root.address,
            self._root.connection.chain_id,
            self._account.signer.address,
            to_address(taker),
            (give_token, units),
            (want_token, self._account.amount(want, want_token)),
            expiry or self._payments.expiry(),
            tuple(sorted(kits, key=lambda kit: kit.position)),
        )

    def accept(self, offer: Offer, *, longest: int | None = None) -> InFlightExitProof:
        """Sign the taker's half of a swap and store it; return the half-signed payment for the maker.

        Args:
            longest: maximum number of blocks for which own outputs may be locked; by default `lifetime`.

        Raises:
            SwapInvalid: the offer is for another taker, locks outputs for too long, or gives an output that cannot be
                given.
            ExitProofInvalid: the maker's outputs do not match L1.
        """
        self._require_here(offer)
        if offer.taker != self._account.signer.address or offer.maker == offer.taker:
            raise SwapInvalid(
                f"the offer is for {offer.taker}, this is {self._account.signer.address}", hint="ask for another one"
            )
        last = self._root.head()[1] - 1 + (self._payments.lifetime if longest is None else longest)
        if offer.expiry > last:
            raise SwapInvalid(
                f"the offer binds until block {offer.expiry}, {last} at most wanted", hint="ask for another one"
            )
        require_on_chain(self._root, offer.inputs)
        for kit in offer.inputs:
            if kit.output.address != offer.maker or self._root.exit(kit.output_id).status is not ExitStatus.NONE:
                raise SwapInvalid(f"output {kit.position:#x} is not an unspent output of {offer.maker}")
        token, amount = offer.want
        mine = pick(self._wallet_store.free(), {token: amount}, MAX_INPUTS - len(offer.inputs))
        transaction = self._swap(offer, mine)
        signature = self._payments.sign(transaction)
        kits = tuple(sorted((*offer.inputs, *mine), key=lambda kit: kit.position))
        signatures = tuple(signature if kit.output.owner == self._account.owner else UNSIGNED for kit in kits)
        half = InFlightExitProof(Signed(transaction, signatures), kits)
        self._wallet_store.sign(SentPayment(half, "swap"))
        return half

    def complete(self, offer: Offer, half: InFlightExitProof) -> SentPayment:
        """Check the taker's half against the own offer, sign and submit it; the result's proof is for the taker.

        Raises:
            SwapInvalid: the payment differs from the offer, or an offered output is not free any more.
        """
        self._require_here(offer)
        one = half.transaction
        if offer.maker != self._account.signer.address:
            raise SwapInvalid(
                f"the offer was made by {offer.maker}, this is {self._account.signer.address}",
                hint="pass your own offer",
            )
        free = {kit.position: kit for kit in self._wallet_store.free()}
        own = {kit.position for kit in offer.inputs}
        taken = {position for position in one.inputs if position in self._wallet_store.coins}
        if taken != own or not own <= set(free):
            raise SwapInvalid("the payment spends other outputs than were offered, or they are not free any more")
        if any(kit.position in own and kit != free[kit.position] for kit in half.inputs):
            raise SwapInvalid("the payment comes with wrong kits of the outputs that were offered")
        theirs = [kit for kit in half.inputs if kit.position not in own]
        if any(kit.output.address != offer.taker for kit in theirs):
            raise SwapInvalid(f"the payment spends outputs of others than {offer.taker}")
        if one.expiry != offer.expiry or one.memo:
            raise SwapInvalid(f"the payment is for block {one.expiry} at the latest, {offer.expiry} was offered")
        wanted = offer.change()
        wanted[offer.want[0]] = wanted.get(offer.want[0], 0) + offer.want[1]
        got: dict[int, int] = {}
        for output in one.outputs:
            if output.owner == self._account.owner:
                got[output.token] = got.get(output.token, 0) + output.amount
        if got != wanted:
            raise SwapInvalid(f"the payment gives {got} back here, {wanted} was agreed")
        require_on_chain(self._root, theirs)
        message = digest(one, self._root.domain)
        signature, signatures = self._payments.sign(one), []
        for kit, given in zip(half.inputs, half.payment.signatures, strict=True):
            if kit.position in own:
                signatures.append(signature)
                continue
            if not _is_by(message, given, offer.taker):
                raise SwapInvalid(f"{offer.taker} has not signed for {kit.position:#x}")
            signatures.append(given)
        made = SentPayment(InFlightExitProof(Signed(one, tuple(signatures)), half.inputs), "swap")
        gate = self._payments.operator("complete_swap")
        self._wallet_store.sign(made)
        return self._payments.submit(gate, made)

    def note(self, kit: InFlightExitProof) -> None:
        """Store the maker's signatures, which the taker needs for an in-flight exit of its own part.

        Raises:
            PaymentUnknown: the own half was not signed here.
            ExitProofInvalid: a signature is not valid.
        """
        known = self._wallet_store.payment(kit.hash)
        kit.require_signed(self._root.domain)
        self._wallet_store.sign(
            SentPayment(InFlightExitProof(kit.payment, known.kit.inputs, known.kit.included), known.what)
        )

    def _swap(self, offer: Offer, mine: list[Kit]) -> Transaction:
        rows: list[tuple[object, int, int]] = [(offer.taker, *offer.give), (offer.maker, *offer.want)]
        rows += [(offer.maker, token, amount) for token, amount in sorted(offer.change().items())]
        rows += self._payments.change(mine, {offer.want[0]: offer.want[1]})
        return payment([kit.position for kit in (*offer.inputs, *mine)], rows, offer.expiry)

    def _require_here(self, offer: Offer) -> None:
        here = (self._root.address, self._root.connection.chain_id)
        if (offer.contract, offer.chain_id) != here:
            raise SwapInvalid(f"the offer is for {offer.contract} on chain {offer.chain_id}, this is {here[0]}")


def _is_by(message: bytes, signature: bytes, who: Address) -> bool:
    try:
        return recover(message, signature) == who
    except SignatureError:
        return False
