"""Environment of the gas measurements: a hub that already holds money, and parties that already hold tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from eth_abi.abi import encode

from layer2.channels.protocol.channel_key import ChannelKey
from layer2.channels.protocol.messages import Deposit, hub_domain
from layer2.ethereum.artifacts import load_artifact
from layer2.ethereum.connection import Connection
from layer2.ethereum.contract import deploy_with_receipt
from layer2.ethereum.records import Receipt
from layer2.ethereum.sender import Sender
from layer2.ethereum.signer import LocalSigner
from layer2.primitives.addresses import ZERO_ADDRESS, Address
from layer2.primitives.ecdsa import PrivateKey, to_compact
from layer2.primitives.hashing import keccak
from layer2.primitives.typed_data import Domain, TypedMessage

ETHER = 10**18
UNIT = 10**6
DELAY = 3600
OPENING = 1000
"""Seconds in which a channel can be opened; it closes after that time, so that its slot is freed."""

_RECEIVE = keccak(
    b"ReceiveWithAuthorization(address from,address to,uint256 value,"
    b"uint256 validAfter,uint256 validBefore,bytes32 nonce)"
)


@dataclass(slots=True)
class Player:
    """A party: its key, and its transaction sender."""

    key: PrivateKey
    sender: Sender

    @property
    def address(self) -> Address:
        """Address of the party."""
        return self.key.address


class GasWorld:
    """Hub, token and parties on a development chain; makes channels and signs for both sides."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.operator = Sender(connection, connection.signers(1)[0])
        self.hub, receipt = deploy_with_receipt(
            self.operator,
            load_artifact("ChannelHub"),
            "0x000000000022D473030F116dDEE9F6B43aC78BA3",
            60,
            86400 * 30,
            604800,
        )
        self.deployment = receipt
        self.domain: Domain = hub_domain(connection.chain_id, self.hub.address)
        token = load_artifact("MockToken", mocks=True)
        self.token, _ = deploy_with_receipt(self.operator, token, "Dollar", "USD", 6)
        self.payer = self._player(1)
        self.payee = self._player(2)
        self.relayer = self._player(3)
        self._salt = 0x1234_5678_9ABC_0000
        self._deposits = 0
        # The hub already holds ether and tokens.
        self.operator.send(self.token.address, self.token.encode("mint", self.hub.address, 1))
        self.fund(self.make_key())

    def _player(self, number: int) -> Player:
        key = PrivateKey(keccak(b"bench player %d" % number))
        player = Player(key, Sender(self.connection, LocalSigner(key)))
        self.operator.send(key.address, value=100 * ETHER)
        self.operator.send(self.token.address, self.token.encode("mint", key.address, 10**9 * UNIT))
        player.sender.send(self.token.address, self.token.encode("approve", self.hub.address, 2**256 - 1))
        return player

    # ------------------------------------------------------------------------------------------------ channels

    def make_key(self, *, token: bool = False, simplex: bool = False) -> ChannelKey:
        """Return the key of a new channel of payer and payee."""
        self._salt += 1
        asset = self.token.address if token else ZERO_ADDRESS
        until = self.connection.timestamp() + OPENING
        return ChannelKey(self.payer.address, self.payee.address, asset, DELAY, until, self._salt, simplex)

    def fund(self, key: ChannelKey, *, both: bool = True) -> tuple[int, int]:
        """Deposit for A, and for B; return the gas of each."""
        if key.token == ZERO_ADDRESS:
            first = self.act(self.payer, "depositETH", key.id, False, value=ETHER)
            return first, self.act(self.payee, "depositETH", key.id, True, value=ETHER) if both else 0
        first = self.act(self.payer, "deposit", key.as_tuple(), 1000 * UNIT, 0)
        return first, self.act(self.payee, "deposit", key.as_tuple(), 0, 1000 * UNIT) if both else 0

    def past_opening(self) -> None:
        """Advance time beyond the opening period of channels."""
        self.connection.advance(OPENING + 1)

    def act(self, player: Player, name: str, *args: Any, value: int = 0) -> int:
        """Send one transaction to the hub; return its total gas."""
        return self.transact(player, name, *args, value=value).gas_used

    def transact(self, player: Player, name: str, *args: Any, value: int = 0) -> Receipt:
        """Send one transaction to the hub with ample gas, so that no payout runs out of it."""
        return self.hub.transact(player.sender, name, *args, value=value, gas=6_000_000)

    def sign(self, player: Player, message: TypedMessage) -> bytes:
        """Return the compact signature of a party."""
        return to_compact(player.key.sign(message.digest(self.domain)))

    def consented(self, player: Player, key: ChannelKey, amount: int, *, side_b: bool) -> tuple[int, bool, int, bytes]:
        """Return one pull from a standing approval, by a `Deposit` signed with the next nonce."""
        self._deposits += 1
        signature = self.sign(player, Deposit(key.id, amount, self._deposits, 2**47))
        kinds = ["uint256", "uint256", "bytes", "uint48", "bytes", "uint256"]
        data = encode(kinds, [0, 0, b"", 2**47, signature, self._deposits])
        return (2, side_b, amount, data)

    def authorization(
        self, player: Player, key: ChannelKey, amount: int, *, side_b: bool
    ) -> tuple[int, bool, int, bytes]:
        """Return one pull by EIP-3009 with a valid signature."""
        salt = keccak(key.id + bytes((side_b,)))
        nonce = keccak(key.id + salt)
        row = encode(
            ["bytes32", "address", "address", "uint256", "uint256", "uint256", "bytes32"],
            [_RECEIVE, player.address, self.hub.address, amount, 0, 2**48, nonce],
        )
        separator: bytes = self.token.call("DOMAIN_SEPARATOR")
        signature = player.key.sign(keccak(b"\x19\x01" + separator + keccak(row)))
        data = encode(["bytes32", "uint256", "uint256", "bytes"], [salt, 0, 2**48, signature])
        return (1, side_b, amount, data)
