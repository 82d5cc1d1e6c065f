"""Ether or an ERC-20 token as an asset: its symbol, its decimals, and allowances."""

from __future__ import annotations

from dataclasses import dataclass

from layer2.ethereum.connection import Connection
from layer2.ethereum.contract import Contract
from layer2.ethereum.errors import EthereumError
from layer2.ethereum.sender import Sender
from layer2.primitives.addresses import ZERO_ADDRESS, Address, to_address
from layer2.primitives.errors import InputError, Layer2Error, MalformedError
from layer2.primitives.units import format_amount, parse_amount

__all__ = ["ETHER", "Asset", "allow", "asset_at", "token_at"]

_ETHER_UNITS = ("ether", "eth", "gwei", "wei")
_TOKEN_ABI = [
    {
        "type": "function",
        "name": name,
        "stateMutability": "nonpayable" if name == "approve" else "view",
        "inputs": [{"name": kind, "type": kind} for kind in inputs],
        "outputs": [{"name": "", "type": output}],
    }
    for name, inputs, output in (
        ("decimals", (), "uint8"),
        ("symbol", (), "string"),
        ("balanceOf", ("address",), "uint256"),
        ("allowance", ("address", "address"), "uint256"),
        ("approve", ("address", "uint256"), "bool"),
    )
]


@dataclass(frozen=True, slots=True)
class Asset:
    """Asset that a channel pays in; `address` is zero for ether."""

    address: Address = ZERO_ADDRESS
    decimals: int = 18
    symbol: str = "ether"

    def parse(self, text: str | int) -> int:
        """Parse an amount into smallest units.

        Accepts an int (unchanged), `"12.5 USD"`, `"12.5 token"`, `"7 units"`; for ether `"1 ether"`, `"3 wei"`.

        Raises:
            MalformedError: not an amount, a number without a unit, or an ether unit for a token.
            RangeError: an amount that is negative, too large or too precise.
        """
        if not isinstance(text, str) or self.address == ZERO_ADDRESS:
            return parse_amount(text)
        plain = text.strip()
        if self.symbol and plain.lower().endswith(self.symbol.lower()):
            plain = plain[: -len(self.symbol)].strip() + " token"
        elif plain.lower().endswith(_ETHER_UNITS):
            raise MalformedError(
                f"{text!r} given, an amount of {self.symbol or 'the token'} ({self.decimals} decimals) needed",
                hint=f'write "5 {self.symbol or "token"}"',
            )
        elif plain.replace(".", "").isdigit() and plain.strip("0."):
            raise MalformedError(
                f"{text!r} has no unit", hint=f'write "{plain} {self.symbol or "token"}", or "{plain} units" (smallest)'
            )
        return parse_amount(plain, self.decimals)

    def format(self, amount: int) -> str:
        """Format an amount in whole units with the symbol."""
        return format_amount(amount, self.decimals, self.symbol)

    def number(self, amount: int) -> str:
        """Format an amount in whole units without the symbol."""
        return format_amount(amount, self.decimals, "")


ETHER = Asset()


def token_at(connection: Connection, address: str) -> Contract:
    """Bind an ERC-20 contract; raise `InputError` for an address without code."""
    target = to_address(address)
    if not connection.code(target):
        raise InputError(f"token: no code at {target} on chain {connection.chain_id}", hint="check the address")
    return Contract(connection, target, _TOKEN_ABI)


def asset_at(connection: Connection, address: str) -> Asset:
    """Return the asset at an address. A token without a readable `decimals` is counted in its smallest units."""
    if to_address(address) == ZERO_ADDRESS:
        return ETHER
    token = token_at(connection, address)
    try:
        decimals = int(token.call("decimals"))
    except (EthereumError, Layer2Error):
        decimals = 0
    try:
        symbol = str(token.call("symbol"))
    except (EthereumError, Layer2Error):
        symbol = ""
    # Users read and write the symbol, so only a short alphanumeric word is accepted.
    return Asset(token.address, decimals, symbol if symbol.isascii() and symbol.isalnum() and len(symbol) <= 12 else "")


def allow(sender: Sender, token: str, spender: str, amount: int) -> None:
    """Approve `spender` for `amount`, unless already approved; first reset an old allowance, as some tokens require."""
    contract = token_at(sender.connection, token)
    have = int(contract.call("allowance", sender.address, spender))
    if have >= amount:
        return
    if have:
        contract.transact(sender, "approve", spender, 0)
    contract.transact(sender, "approve", spender, amount)
