"""What each family's commands are called, in which module they stand, and what they do in a few words.

A list is printed from here alone: `--help` of a group loads no chain library. Each group has headings for the reader;
the order within is the order in which people need them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["CHANNEL_COMMANDS", "COIN_COMMANDS", "PLASMA_COMMANDS", "ROLLUP_COMMANDS", "Commands", "Listed"]


@dataclass(frozen=True, slots=True)
class Listed:
    """A command in a list: the module below `layer2.cli` that has it, and its purpose in at most 50 characters."""

    module: str
    summary: str


Commands = Mapping[str, Mapping[str, Listed]]
"""Headings, and under each the commands by name, in the order of the list."""

CHANNEL_COMMANDS: Commands = {
    "Your money": {
        "open": Listed("channel_verbs", "Open a channel with a peer and fund it"),
        "deposit": Listed("channel_verbs", "Add money on your side"),
        "show": Listed("channel_verbs", "Show a channel, or all of yours"),
        "pay": Listed("channel_verbs", "Pay, and print the signed voucher"),
        "request": Listed("channel_verbs", "Print a request for a payment"),
        "verify": Listed("channel_verbs", "Check a signed payment and keep it"),
        "withdraw": Listed("channel_ends", "Take money out, the channel stays open"),
        "close": Listed("channel_ends", "Close together with the peer"),
    },
    "One-way (simplex) channels": {
        "claim": Listed("channel_ends", "Claim what simplex channels owe you"),
        "exit": Listed("channel_ends", "Leave a simplex channel as its payer"),
    },
    "When something is wrong": {
        "watch": Listed("channel_ends", "Answer stale proofs, until Ctrl-C"),
        "dispute": Listed("channel_ends", "Close without the peer, or answer a dispute"),
        "settle": Listed("channel_ends", "Pay both sides after the challenge window"),
        "sweep": Listed("channel_ends", "Collect payouts that failed"),
    },
    "Setting up": {
        "wait": Listed("waiting", "Let time pass on a development chain"),
    },
}

ROLLUP_COMMANDS: Commands = {
    "Your money": {
        "deposit": Listed("rollup_money", "Pay in from the main chain"),
        "open": Listed("rollup_money", "Open an account of a BLS key"),
        "balance": Listed("rollup_views", "Show what you have in a token"),
        "accounts": Listed("rollup_views", "Show your accounts"),
        "send": Listed("rollup_money", "Send money to an account"),
        "batch": Listed("rollup_money", "Send many payments at once"),
        "history": Listed("rollup_views", "Show what happened to your accounts"),
        "withdraw": Listed("rollup_money", "Take money out to the main chain"),
        "withdrawals": Listed("rollup_money", "Show your withdrawals and how they stand"),
        "claim": Listed("rollup_money", "Have final withdrawals paid"),
    },
    "Selling a withdrawal": {
        "safe-to-buy": Listed("rollup_sales", "Check that a withdrawal may be paid for now"),
        "sign-claim": Listed("rollup_sales", "Sign a withdrawal over to its buyer"),
        "take-claim": Listed("rollup_sales", "Take over a withdrawal signed over to you"),
        "transfer-claim": Listed("rollup_money", "Give a withdrawal to an address"),
    },
    "When something is wrong": {
        "force": Listed("rollup_exits", "Send past the sequencer"),
        "propose": Listed("rollup_exits", "Assert and finalise the state yourself"),
        "escape": Listed("rollup_exits", "Freeze a stopped rollup and collect"),
        "proof": Listed("rollup_views", "Print the proof of an account"),
        "check-proof": Listed("rollup_views", "Check such a proof against the contract"),
    },
    "The nodes": {
        "status": Listed("rollup_views", "Show inbox, queue and assertions"),
        "sequencer": Listed("rollup_nodes", "Take operations and post them"),
        "proposer": Listed("rollup_nodes", "Assert what the inbox results in"),
        "challenger": Listed("rollup_nodes", "Prove wrong assertions wrong"),
        "verifier": Listed("rollup_nodes", "Judge every assertion, send nothing"),
        "node": Listed("rollup_nodes", "Verifier, proposer and challenger in one"),
        "run": Listed("rollup_nodes", "Sequencer and node in one"),
        "snapshot": Listed("rollup_views", "Write a final state for nodes to begin with"),
    },
    "Setting up": {
        "deploy": Listed("rollup_deploy", "Deploy a rollup with its judges"),
        "register-token": Listed("rollup_money", "Give an ERC-20 token a number"),
        "devnet": Listed("rollup_nodes", "Chain, contracts and all nodes, until Ctrl-C"),
        "wait": Listed("waiting", "Let time pass on a development chain"),
    },
}

PLASMA_COMMANDS: Commands = {
    "Your money": {
        "deposit": Listed("plasma_money", "Pay in from the main chain"),
        "balance": Listed("plasma_views", "Show what you can spend of a token"),
        "utxos": Listed("plasma_views", "Show your outputs and how they stand"),
        "send": Listed("plasma_money", "Pay an address or role"),
        "merge": Listed("plasma_money", "Join small outputs, four into one"),
        "history": Listed("plasma_views", "Show deposits, payments and exits"),
        "deliver": Listed("plasma_money", "Hand a payment to the operator again"),
        "retry": Listed("plasma_money", "Sign an expired or refused payment again"),
        "cancel": Listed("plasma_money", "Free the inputs of a refused payment"),
    },
    "Swaps": {
        "swap-offer": Listed("plasma_swaps", "Offer a swap"),
        "swap-accept": Listed("plasma_swaps", "Sign your half of an offer"),
        "swap-complete": Listed("plasma_swaps", "Check the other half, sign and deliver"),
        "swap-note": Listed("plasma_swaps", "Keep the maker's signature for an exit"),
    },
    "Leaving": {
        "exit": Listed("plasma_exits", "Start taking outputs or payments out"),
        "piggyback": Listed("plasma_exits", "Join in-flight exits that concern you"),
        "claim": Listed("plasma_exits", "Be paid for exits that are due"),
        "withdraw": Listed("plasma_exits", "Fetch payments that failed"),
        "kit": Listed("plasma_exits", "Keep what an exit takes in a file"),
        "recover": Listed("plasma_recover", "Find your outputs again from the blocks"),
    },
    "The nodes": {
        "status": Listed("plasma_views", "Show operator, blocks and exits"),
        "operator": Listed("plasma_nodes", "Take payments and make blocks"),
        "watcher": Listed("plasma_nodes", "Check blocks and stop wrong exits"),
        "challenge": Listed("plasma_nodes", "The watcher's work, once"),
        "run": Listed("plasma_nodes", "Operator and watcher in one"),
    },
    "Setting up": {
        "deploy": Listed("plasma_deploy", "Deploy a root chain"),
        "register-token": Listed("plasma_money", "Give an ERC-20 token a number"),
        "wait": Listed("waiting", "Let time pass on a development chain"),
    },
}

COIN_COMMANDS: Commands = {
    "Your coins": {
        "deposit": Listed("coin_money", "Make a coin of an amount"),
        "deposit-nft": Listed("coin_money", "Make a coin of an ERC-721 token"),
        "list": Listed("coin_views", "Show your coins and how they stand"),
        "send": Listed("coin_money", "Give a coin to somebody"),
        "receive": Listed("coin_money", "Take a coin, its history checked"),
        "history": Listed("coin_money", "Show through whose hands a coin went"),
    },
    "Leaving": {
        "exit": Listed("coin_exits", "Start taking a coin out"),
        "cancel": Listed("coin_exits", "Take an exit back"),
        "claim": Listed("coin_exits", "Be paid for exits that are due"),
        "withdraw": Listed("coin_exits", "Fetch payments that failed"),
        "guard": Listed("coin_nodes", "Contradict exits of your coins by others"),
    },
    "The nodes": {
        "status": Listed("coin_views", "Show operator, blocks and exits"),
        "operator": Listed("coin_nodes", "Take transfers and make blocks"),
        "watcher": Listed("coin_nodes", "Check blocks, stop wrong exits of coins"),
        "challenge": Listed("coin_nodes", "The watcher's work, once"),
    },
    "Setting up": {
        "deploy": Listed("coin_deploy", "Deploy a coin chain"),
        "wait": Listed("waiting", "Let time pass on a development chain"),
    },
}
