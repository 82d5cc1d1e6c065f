"""The rule of every public verb of rollup, plasma and coins, and what a stranger tries with those that name things."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Any

from tests.integration.facades.conftest import ETHER

from layer2.ethereum.errors import ContractReverted
from layer2.plasma.coins.devnet import DevnetCoinWallet, LocalCoins
from layer2.plasma.coins.protocol.errors import CoinRefused
from layer2.plasma.facade import DevnetWallet as PlasmaWallet
from layer2.plasma.facade import PlasmaFacade
from layer2.plasma.payments.chain.errors import FundsMissing, OutputUnknown, PaymentUnknown, SwapInvalid
from layer2.plasma.payments.wallet.exit_processing import Claims
from layer2.plasma.payments.wallet.exits import Exits
from layer2.plasma.payments.wallet.payments import Payments
from layer2.plasma.payments.wallet.swaps import Swaps
from layer2.plasma.protocol.positions import encode_position
from layer2.rollup.facade import DevnetWallet as RollupWallet
from layer2.rollup.facade import RollupFacade
from layer2.rollup.protocol.errors import AccountUnknown
from layer2.rollup.protocol.messages import Transfer
from layer2.rollup.wallet.l1_actions import Outgoing


class Rule(enum.Enum):
    """Who may do what a verb says."""

    REFUSED = "it names what somebody owns: nobody else may"
    ANYBODY = "anybody, at its own cost: nobody has less for it"
    ITS_OWNER = "anybody, and its owner is paid; where that is a key and no address, the key alone"
    OWN = "it works with what the wallet's own key holds, and names nothing else"
    HOME = "it works with the nodes and wallets of this process, each with its own key"
    READS = "it changes nothing"


def rules(*rows: tuple[Rule, str]) -> dict[str, Rule]:
    """By name, from names in one text for each rule."""
    return {name: rule for rule, names in rows for name in names.split()}


RULES: dict[type, dict[str, Rule]] = {
    RollupFacade: rules(
        (Rule.ANYBODY, "propose"),
        (Rule.HOME, "close devnet post settle wallet"),
        (Rule.READS, "account_of address rebuild_from_l1 root seal signer_of"),
    ),
    RollupWallet: rules(
        (Rule.ITS_OWNER, "escape"),
        (Rule.REFUSED, "force own send send_many sign take_claim transfer_claim withdraw"),
        (Rule.ANYBODY, "claim deposit freeze include refund register_token sign_claim"),
        (Rule.OWN, "claim_all open open_account"),
        (Rule.READS, "account accounts amount asset balance bls complete escapable history outgoing owners proof"),
        (Rule.READS, "refundable require_complete require_judged safe_to_buy show"),
    ),
    PlasmaFacade: rules(
        (Rule.HOME, "claim_all close coins devnet operator wallet watch watcher"),
        (Rule.READS, "address exit_period root signer_of"),
    ),
    PlasmaWallet: rules(
        (Rule.REFUSED, "cancel exit merge retry send split"),
        (Rule.ANYBODY, "deposit register_token"),
        (Rule.OWN, "adopt claim_all close exit_all export_kits import_kits look sync withdraw"),
        (Rule.READS, "amount asset balance complete exit_status history in_doubt owed renewed renewed_payment"),
        (Rule.READS, "require_complete show utxos"),
    ),
    Payments: rules((Rule.REFUSED, "deliver"), (Rule.OWN, "pay sign submit"), (Rule.READS, "change expiry operator")),
    Swaps: rules((Rule.REFUSED, "accept complete note propose")),
    Exits: rules((Rule.REFUSED, "exit exit_many exit_payment"), (Rule.OWN, "exit_all join"), (Rule.READS, "plan")),
    Claims: rules((Rule.OWN, "claim_all"), (Rule.READS, "claimable")),
    LocalCoins: rules((Rule.HOME, "claim_all close wallet"), (Rule.READS, "address exit_period")),
    DevnetCoinWallet: rules(
        (Rule.REFUSED, "cancel exit exit_of fetch receive send"),
        (Rule.ANYBODY, "deposit deposit_erc20 deposit_ether deposit_nft"),
        (Rule.OWN, "claim guard sync withdraw withdraw_nft"),
        (Rule.READS, "address coins"),
    ),
}


def named(kind: type, rule: Rule) -> list[str]:
    return sorted(name for name, one in RULES[kind].items() if one in (rule, Rule.ITS_OWNER))


# --------------------------------------------------------------------------------------------------------- rollup


def frozen(l2: RollupFacade, people) -> None:
    l2.connection.advance(l2.local.profile.freeze_after + 1)
    l2.wallet(people.payer, with_sequencer=False).freeze()


def forced(l2: RollupFacade, people) -> None:
    payer = l2.wallet(people.payer)
    payer.force("0.1 ether", people.payer.address, account=payer.account(bls=False))
    l2.connection.advance(l2.local.profile.force_delay + 1)


def late(l2: RollupFacade, _: Any) -> None:
    l2.connection.advance(l2.local.profile.freeze_after + 1)


Verb = Callable[[Any, int, Outgoing, Any], Any]
UNTIL, TO = 2**40, "0x" + "11" * 20
FOREIGN = (AccountUnknown, "does not belong to")
ROLLUP_REFUSED: dict[str, tuple[Verb, type[Exception], str]] = {
    "send": (lambda one, account, *_: one.send(1, "0.1 ether", account=account), *FOREIGN),
    "send_many": (lambda one, account, *_: one.send_many([(1, "0.1 ether")], account=account), *FOREIGN),
    "withdraw": (lambda one, account, *_: one.withdraw("0.1 ether", account=account), *FOREIGN),
    "force": (lambda one, account, *_: one.force("0.1 ether", one.signer.address, account=account), *FOREIGN),
    "sign": (lambda one, account, *_: one.sign(Transfer(account, 0, 1, 5, 0, 0)), *FOREIGN),
    "own": (lambda one, account, *_: one.own(account), *FOREIGN),
    "transfer_claim": (
        lambda one, _, out, __: one.transfer_claim(out, one.signer.address),
        ContractReverted,
        "UnauthorizedCaller",
    ),
    "take_claim": (
        lambda one, _, out, __: one.take_claim(
            out, one.signer.address, 2**40, one.sign_claim(out, one.signer.address, 2**40)
        ),
        ContractReverted,
        "InvalidProof",
    ),
    "escape": (lambda one, account, *_: one.escape(account), ContractReverted, "InvalidProof"),
}
"""What a stranger tries with the account of the payer's BLS key and its withdrawal, and how it is refused."""
ROLLUP_FREE: dict[str, tuple[Any, Verb, int]] = {
    "claim": (None, lambda one, _, out, __: one.claim(out), ETHER // 5),
    "sign_claim": (None, lambda one, _, out, __: one.sign_claim(out, TO, UNTIL), 0),
    "deposit": (None, lambda one, account, *_: one.deposit("0.3 ether", to=account), 0),
    "register_token": (None, lambda one, _, __, token: one.register_token(token), 0),
    "include": (forced, lambda one, *_: one.include(), 0),
    "freeze": (late, lambda one, *_: one.freeze(), 0),
    "escape": (frozen, lambda one, *_: one.escape(1), 18 * ETHER // 10),
    "refund": (frozen, lambda one, *_: one.refund(2), ETHER // 10),
}
"""What comes before, what a stranger does with the payer's things, and how much ether the payer gets by it."""


# --------------------------------------------------------------------------------------------------------- plasma


POSITION = encode_position(1, 0, 1)
"""The change of the payment below."""
UNKNOWN, MISSING = (PaymentUnknown, "this wallet has not signed it"), (FundsMissing, "0 ether can be spent now")
PLASMA_PARTS: dict[type, str] = {
    PlasmaWallet: "",
    Payments: "payments",
    Swaps: "swaps",
    Exits: "exits",
    Claims: "claims",
}
"""A wallet's collaborators, by the attributes that hold them."""
PLASMA_REFUSED: dict[str, tuple[Callable[[Any, Any, Any], Any], type[Exception], str]] = {
    "exit": (lambda one, *_: one.exit(POSITION), OutputUnknown, "no output of this wallet"),
    "exits.exit": (lambda one, *_: one.exits.exit(POSITION), OutputUnknown, "no output of this wallet"),
    "exits.exit_many": (lambda one, *_: one.exits.exit_many([POSITION]), OutputUnknown, "no output of this wallet"),
    "exits.exit_payment": (lambda one, paid, _: one.exits.exit_payment(paid.hash), *UNKNOWN),
    "payments.deliver": (lambda one, paid, _: one.payments.deliver(paid.hash), *UNKNOWN),
    "retry": (lambda one, paid, _: one.retry(paid.hash), *UNKNOWN),
    "cancel": (lambda one, paid, _: one.cancel(paid.hash), *UNKNOWN),
    "swaps.note": (lambda one, paid, _: one.swaps.note(paid.kit), *UNKNOWN),
    "send": (lambda one, *_: one.send("0x" + "11" * 20, "0.1 ether"), *MISSING),
    "split": (lambda one, *_: one.split(["0.1 ether"]), *MISSING),
    "merge": (lambda one, *_: one.merge(), FundsMissing, "0 outputs of token 0 can be spent"),
    "swaps.propose": (
        lambda one, _, offer: one.swaps.propose(offer.maker, give="0.1 ether", want=5, want_token=1),
        *MISSING,
    ),
    "swaps.accept": (lambda one, _, offer: one.swaps.accept(offer), SwapInvalid, "the offer is for"),
    "swaps.complete": (lambda one, paid, offer: one.swaps.complete(offer, paid.kit), SwapInvalid, "offer was made by"),
}
PLASMA_FREE: dict[str, Callable[[Any, Any, str], Any]] = {
    "deposit": lambda one, owner, _: one.deposit("0.3 ether", to=owner),
    "register_token": lambda one, _, token: one.register_token(token),
}


# ---------------------------------------------------------------------------------------------------------- coins


ABSENT = (CoinRefused, "is not in this wallet")
COINS_REFUSED: dict[str, tuple[Callable[[Any, int], Any], type[Exception], str]] = {
    "send": (lambda one, coin: one.send(coin, one.address), *ABSENT),
    "exit": (lambda one, coin: one.exit(coin), *ABSENT),
    "exit_of": (lambda one, coin: one.exit_of(coin), *ABSENT),
    "cancel": (lambda one, coin: one.cancel(coin), *ABSENT),
    "fetch": (lambda one, coin: one.fetch(coin), CoinRefused, "belongs to"),
    "receive": (lambda one, coin: one.receive(coin), CoinRefused, "belongs to"),
}
COINS_FREE: dict[str, Callable[[Any, Any, Any], Any]] = {
    "deposit": lambda one, *_: one.deposit("0.3 ether"),
    "deposit_ether": lambda one, *_: one.deposit_ether(5),
    "deposit_erc20": lambda one, token, _: one.deposit_erc20(token.address, 5),
    "deposit_nft": lambda one, _, nft: one.deposit_nft(nft.address, 7),
}
