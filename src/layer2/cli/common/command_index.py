"""Index of each family's commands: names, modules and summaries.

The `--help` of a group uses only this index, so that it loads no chain library. Commands are listed under headings in
the order of typical use.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = [
    "CHANNEL_COMMANDS",
    "COIN_COMMANDS",
    "EXAMPLES",
    "OPTIONS",
    "PLASMA_COMMANDS",
    "ROLLUP_COMMANDS",
    "Commands",
    "Listed",
]


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
        "withdraw": Listed("channels.onchain", "Withdraw, with the channel left open"),
        "close": Listed("channels.onchain", "Close together with the peer"),
    },
    "One-way (simplex) channels": {
        "claim": Listed("channels.onchain", "Claim what simplex channels owe you"),
        "exit": Listed("channels.onchain", "Exit a simplex channel as its payer"),
    },
    "When something is wrong": {
        "watch": Listed("channels.onchain", "Answer stale proofs, until Ctrl-C"),
        "dispute": Listed("channels.onchain", "Close without the peer, or answer a dispute"),
        "settle": Listed("channels.onchain", "Pay both sides after the challenge window"),
        "sweep": Listed("channels.onchain", "Collect payouts that failed"),
    },
    "Setting up": {
        "wait": Listed("common.wait", "Advance the time of a development chain"),
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
        "withdrawals": Listed("rollup.pay", "Show your withdrawals and their status"),
        "claim": Listed("rollup.pay", "Collect final withdrawals"),
    },
    "Selling a withdrawal": {
        "safe-to-buy": Listed("rollup.sales", "Check that a withdrawal may be paid for now"),
        "sign-claim": Listed("rollup.sales", "Sign a withdrawal over to its buyer"),
        "take-claim": Listed("rollup.sales", "Take over a withdrawal signed over to you"),
        "transfer-claim": Listed("rollup.pay", "Give a withdrawal to an address"),
    },
    "When something is wrong": {
        "force": Listed("rollup.escape", "Force an operation past the sequencer"),
        "propose": Listed("rollup.escape", "Assert and finalise the state yourself"),
        "escape": Listed("rollup.escape", "Freeze a stopped rollup and collect"),
        "proof": Listed("rollup.show", "Print the proof of an account"),
        "check-proof": Listed("rollup.show", "Check such a proof against the contract"),
    },
    "The nodes": {
        "status": Listed("rollup.show", "Show inbox, queue and assertions"),
        "sequencer": Listed("rollup.nodes", "Accept operations and post them"),
        "proposer": Listed("rollup.nodes", "Assert the result of the inbox"),
        "challenger": Listed("rollup.nodes", "Prove fraud of wrong assertions"),
        "verifier": Listed("rollup.nodes", "Verify every assertion, send nothing"),
        "node": Listed("rollup.nodes", "Verifier, proposer and challenger in one"),
        "run": Listed("rollup.nodes", "Sequencer and node in one"),
        "snapshot": Listed("rollup.show", "Write a final state for new nodes"),
    },
    "Setting up": {
        "deploy": Listed("deploy.rollup", "Deploy a rollup with its judges"),
        "register-token": Listed("rollup.pay", "Register an ERC-20 token"),
        "devnet": Listed("rollup.nodes", "Chain, contracts and all nodes, until Ctrl-C"),
        "wait": Listed("common.wait", "Advance the time of a development chain"),
    },
}

PLASMA_COMMANDS: Commands = {
    "Your money": {
        "deposit": Listed("plasma.pay", "Pay in from the main chain"),
        "balance": Listed("plasma.show", "Show what you can spend of a token"),
        "utxos": Listed("plasma.show", "Show your outputs and their status"),
        "send": Listed("plasma.pay", "Pay an address or role"),
        "merge": Listed("plasma.pay", "Join small outputs, four into one"),
        "history": Listed("plasma.show", "Show deposits, payments and exits"),
        "deliver": Listed("plasma.pay", "Submit a payment to the operator again"),
        "retry": Listed("plasma.pay", "Sign an expired or refused payment again"),
        "cancel": Listed("plasma.pay", "Release the inputs of a refused payment"),
    },
    "Swaps": {
        "swap-offer": Listed("plasma.swaps", "Offer a swap"),
        "swap-accept": Listed("plasma.swaps", "Sign your half of an offer"),
        "swap-complete": Listed("plasma.swaps", "Check the other half, sign and deliver"),
        "swap-note": Listed("plasma.swaps", "Keep the maker's signature for an exit"),
    },
    "Exiting": {
        "exit": Listed("plasma.exits", "Start exits of outputs or payments"),
        "piggyback": Listed("plasma.exits", "Join in-flight exits that concern you"),
        "claim": Listed("plasma.exits", "Collect mature exits"),
        "withdraw": Listed("plasma.exits", "Collect payouts that failed"),
        "kit": Listed("plasma.exits", "Export or use exit proofs in a file"),
        "recover": Listed("plasma.recover", "Recover your outputs from block data"),
    },
    "The nodes": {
        "status": Listed("plasma.show", "Show operator, blocks and exits"),
        "operator": Listed("plasma.nodes", "Accept payments and build blocks"),
        "watcher": Listed("plasma.nodes", "Check blocks and stop wrong exits"),
        "challenge": Listed("plasma.nodes", "Run one step of the watcher"),
        "run": Listed("plasma.nodes", "Operator and watcher in one"),
    },
    "Setting up": {
        "deploy": Listed("deploy.payments", "Deploy a root chain"),
        "register-token": Listed("plasma.pay", "Register an ERC-20 token"),
        "wait": Listed("common.wait", "Advance the time of a development chain"),
    },
}

COIN_COMMANDS: Commands = {
    "Your coins": {
        "deposit": Listed("coins.pay", "Make a coin of an amount"),
        "deposit-nft": Listed("coins.pay", "Make a coin of an ERC-721 token"),
        "list": Listed("coins.show", "Show your coins and their status"),
        "send": Listed("coins.pay", "Give a coin to somebody"),
        "receive": Listed("coins.pay", "Receive a coin after verifying its history"),
        "history": Listed("coins.pay", "Show the owners of a coin"),
    },
    "Exiting": {
        "exit": Listed("coins.exits", "Start the exit of a coin"),
        "cancel": Listed("coins.exits", "Cancel an exit"),
        "claim": Listed("coins.exits", "Collect mature exits"),
        "withdraw": Listed("coins.exits", "Collect payouts that failed"),
        "guard": Listed("coins.nodes", "Challenge exits of your coins by others"),
    },
    "The nodes": {
        "status": Listed("coins.show", "Show operator, blocks and exits"),
        "operator": Listed("coins.nodes", "Accept transfers and build blocks"),
        "watcher": Listed("coins.nodes", "Check blocks, stop wrong exits of coins"),
        "challenge": Listed("coins.nodes", "Run one step of the watcher"),
    },
    "Setting up": {
        "deploy": Listed("deploy.coins", "Deploy a coin chain"),
        "wait": Listed("common.wait", "Advance the time of a development chain"),
    },
}

EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "channels": (
        'open payee --deposit "5 ether" --dispute "1 hour" --as payer',
        'pay last "0.1 ether" --as payer',
        "show --as payer",
    ),
    "rollup": ('deposit "2 ether" --as payer', 'send 2 "0.5 ether" --as payer', "run"),
    "plasma": ('deposit "1 ether" --as payer', 'send payee "0.4 ether" --as payer', "run"),
    "coin": ('deposit "1 ether" --as payer', "list --as payer"),
}
"""Examples of each family, without the program and the family."""

OPTIONS = (
    ("--network", "Node; LAYER2_NETWORK"),
    ("--account, --as", "Who acts; LAYER2_ACCOUNT"),
    ("--home", "Folder of the journals; LAYER2_HOME"),
    ("--json", "Print JSON"),
)
"""Options of every command, with the variables that stand for them."""
