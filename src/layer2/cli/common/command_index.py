"""Index of each family's commands: names, modules and summaries.

The `--help` of a group uses only this index, so that it loads no chain library. Commands are listed under headings in
the order of typical use.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["CHANNEL_COMMANDS", "COIN_COMMANDS", "PLASMA_COMMANDS", "ROLLUP_COMMANDS", "Commands", "Listed"]


@dataclass(frozen=True, slots=True)
class Listed:
    """Index entry of a command: its module below `layer2.cli`, and its summary in at most 50 characters."""

    module: str
    summary: str


Commands = Mapping[str, Mapping[str, Listed]]
"""Commands by name under each heading, in the order of the list."""

CHANNEL_COMMANDS: Commands = {
    "Your money": {
        "open": Listed("channels.pay", "Open a channel with a peer and fund it"),
        "deposit": Listed("channels.pay", "Add money on your side"),
        "show": Listed("channels.pay", "Show a channel, or all of yours"),
        "pay": Listed("channels.pay", "Pay, and print the signed voucher"),
        "request": Listed("channels.pay", "Print a request for a payment"),
        "verify": Listed("channels.pay", "Check a signed payment and keep it"),
        "withdraw": Listed("channels.onchain", "Take money out, the channel stays open"),
        "close": Listed("channels.onchain", "Close together with the peer"),
    },
    "One-way (simplex) channels": {
        "claim": Listed("channels.onchain", "Claim what simplex channels owe you"),
        "exit": Listed("channels.onchain", "Leave a simplex channel as its payer"),
    },
    "When something is wrong": {
        "watch": Listed("channels.onchain", "Answer stale proofs, until Ctrl-C"),
        "dispute": Listed("channels.onchain", "Close without the peer, or answer a dispute"),
        "settle": Listed("channels.onchain", "Pay both sides after the challenge window"),
        "sweep": Listed("channels.onchain", "Collect payouts that failed"),
    },
    "Setting up": {
        "wait": Listed("common.wait", "Let time pass on a development chain"),
    },
}

ROLLUP_COMMANDS: Commands = {
    "Your money": {
        "deposit": Listed("rollup.pay", "Pay in from the main chain"),
        "open": Listed("rollup.pay", "Open an account of a BLS key"),
        "balance": Listed("rollup.show", "Show what you have in a token"),
        "accounts": Listed("rollup.show", "Show your accounts"),
        "send": Listed("rollup.pay", "Send money to an account"),
        "batch": Listed("rollup.pay", "Send many payments at once"),
        "history": Listed("rollup.show", "Show what happened to your accounts"),
        "withdraw": Listed("rollup.pay", "Take money out to the main chain"),
        "withdrawals": Listed("rollup.pay", "Show your withdrawals and how they stand"),
        "claim": Listed("rollup.pay", "Have final withdrawals paid"),
    },
    "Selling a withdrawal": {
        "safe-to-buy": Listed("rollup.sales", "Check that a withdrawal may be paid for now"),
        "sign-claim": Listed("rollup.sales", "Sign a withdrawal over to its buyer"),
        "take-claim": Listed("rollup.sales", "Take over a withdrawal signed over to you"),
        "transfer-claim": Listed("rollup.pay", "Give a withdrawal to an address"),
    },
    "When something is wrong": {
        "force": Listed("rollup.escape", "Send past the sequencer"),
        "propose": Listed("rollup.escape", "Assert and finalise the state yourself"),
        "escape": Listed("rollup.escape", "Freeze a stopped rollup and collect"),
        "proof": Listed("rollup.show", "Print the proof of an account"),
        "check-proof": Listed("rollup.show", "Check such a proof against the contract"),
    },
    "The nodes": {
        "status": Listed("rollup.show", "Show inbox, queue and assertions"),
        "sequencer": Listed("rollup.nodes", "Take operations and post them"),
        "proposer": Listed("rollup.nodes", "Assert what the inbox results in"),
        "challenger": Listed("rollup.nodes", "Prove wrong assertions wrong"),
        "verifier": Listed("rollup.nodes", "Judge every assertion, send nothing"),
        "node": Listed("rollup.nodes", "Verifier, proposer and challenger in one"),
        "run": Listed("rollup.nodes", "Sequencer and node in one"),
        "snapshot": Listed("rollup.show", "Write a final state for nodes to begin with"),
    },
    "Setting up": {
        "deploy": Listed("deploy.rollup", "Deploy a rollup with its judges"),
        "register-token": Listed("rollup.pay", "Give an ERC-20 token a number"),
        "devnet": Listed("rollup.nodes", "Chain, contracts and all nodes, until Ctrl-C"),
        "wait": Listed("common.wait", "Let time pass on a development chain"),
    },
}

PLASMA_COMMANDS: Commands = {
    "Your money": {
        "deposit": Listed("plasma.pay", "Pay in from the main chain"),
        "balance": Listed("plasma.show", "Show what you can spend of a token"),
        "utxos": Listed("plasma.show", "Show your outputs and how they stand"),
        "send": Listed("plasma.pay", "Pay an address or role"),
        "merge": Listed("plasma.pay", "Join small outputs, four into one"),
        "history": Listed("plasma.show", "Show deposits, payments and exits"),
        "deliver": Listed("plasma.pay", "Hand a payment to the operator again"),
        "retry": Listed("plasma.pay", "Sign an expired or refused payment again"),
        "cancel": Listed("plasma.pay", "Free the inputs of a refused payment"),
    },
    "Swaps": {
        "swap-offer": Listed("plasma.swaps", "Offer a swap"),
        "swap-accept": Listed("plasma.swaps", "Sign your half of an offer"),
        "swap-complete": Listed("plasma.swaps", "Check the other half, sign and deliver"),
        "swap-note": Listed("plasma.swaps", "Keep the maker's signature for an exit"),
    },
    "Leaving": {
        "exit": Listed("plasma.exits", "Start taking outputs or payments out"),
        "piggyback": Listed("plasma.exits", "Join in-flight exits that concern you"),
        "claim": Listed("plasma.exits", "Be paid for exits that are due"),
        "withdraw": Listed("plasma.exits", "Fetch payments that failed"),
        "kit": Listed("plasma.exits", "Keep what an exit takes in a file"),
        "recover": Listed("plasma.recover", "Find your outputs again from the blocks"),
    },
    "The nodes": {
        "status": Listed("plasma.show", "Show operator, blocks and exits"),
        "operator": Listed("plasma.nodes", "Take payments and make blocks"),
        "watcher": Listed("plasma.nodes", "Check blocks and stop wrong exits"),
        "challenge": Listed("plasma.nodes", "The watcher's work, once"),
        "run": Listed("plasma.nodes", "Operator and watcher in one"),
    },
    "Setting up": {
        "deploy": Listed("deploy.payments", "Deploy a root chain"),
        "register-token": Listed("plasma.pay", "Give an ERC-20 token a number"),
        "wait": Listed("common.wait", "Let time pass on a development chain"),
    },
}

COIN_COMMANDS: Commands = {
    "Your coins": {
        "deposit": Listed("coins.pay", "Make a coin of an amount"),
        "deposit-nft": Listed("coins.pay", "Make a coin of an ERC-721 token"),
        "list": Listed("coins.show", "Show your coins and how they stand"),
        "send": Listed("coins.pay", "Give a coin to somebody"),
        "receive": Listed("coins.pay", "Take a coin, its history checked"),
        "history": Listed("coins.pay", "Show through whose hands a coin went"),
    },
    "Leaving": {
        "exit": Listed("coins.exits", "Start taking a coin out"),
        "cancel": Listed("coins.exits", "Take an exit back"),
        "claim": Listed("coins.exits", "Be paid for exits that are due"),
        "withdraw": Listed("coins.exits", "Fetch payments that failed"),
        "guard": Listed("coins.nodes", "Contradict exits of your coins by others"),
    },
    "The nodes": {
        "status": Listed("coins.show", "Show operator, blocks and exits"),
        "operator": Listed("coins.nodes", "Take transfers and make blocks"),
        "watcher": Listed("coins.nodes", "Check blocks, stop wrong exits of coins"),
        "challenge": Listed("coins.nodes", "The watcher's work, once"),
    },
    "Setting up": {
        "deploy": Listed("deploy.coins", "Deploy a coin chain"),
        "wait": Listed("common.wait", "Let time pass on a development chain"),
    },
}
