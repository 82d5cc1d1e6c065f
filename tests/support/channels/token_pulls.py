"""Pulls of tokens into a channel: an EIP-2612 permit with a consent, and Permit2 with the channel as its witness."""

from __future__ import annotations

from dataclasses import replace

from eth_abi.abi import encode
from eth_account import Account
from eth_account.messages import encode_typed_data

from layer2.channels.protocol.channel_key import ChannelKey
from layer2.channels.protocol.messages import Deposit
from layer2.ethereum.artifacts import load_artifact
from layer2.ethereum.contract import deploy_with_receipt
from layer2.ethereum.sender import Sender
from layer2.ethereum.signer import LocalSigner
from layer2.primitives.ecdsa import PrivateKey
from layer2.primitives.hashing import keccak
from layer2.testing import deploy_mock
from layer2.testing.adversaries.channels.steps import LATER
from layer2.testing.adversaries.channels.world import ETHER, GasWorld, Player

PERMIT_DATA = ["uint256", "uint256", "bytes", "uint48", "bytes", "uint256"]
FOREVER = 2**256 - 1
PERMIT = keccak(b"Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)")


def permit_of(world: GasWorld, owner: Player, value: int, nonce: int = 0) -> bytes:
    """An EIP-2612 signature that lets the hub take `value`."""
    types = ["bytes32", "address", "address", "uint256", "uint256", "uint256"]
    row = encode(types, [PERMIT, owner.address, world.hub.address, value, nonce, FOREVER])
    return owner.key.sign(keccak(b"\x19\x01" + world.token.call("DOMAIN_SEPARATOR") + keccak(row)))


def by_permit(world: GasWorld, owner: Player, key: ChannelKey, value: int, permit: bytes) -> tuple[object, ...]:
    """A pull of `value` by permit, with the owner's consent to this channel."""
    consent = world.sign(owner, Deposit(key.id, value, 0, LATER))
    return (2, False, value, encode(PERMIT_DATA, [value, FOREVER, permit, LATER, consent, 0]))


WITNESS = [{"name": "channelId", "type": "bytes32"}]
TOKEN_PERMISSIONS = [{"name": "token", "type": "address"}, {"name": "amount", "type": "uint256"}]
PERMIT2 = [
    {"name": "permitted", "type": "TokenPermissions"},
    {"name": "spender", "type": "address"},
    {"name": "nonce", "type": "uint256"},
    {"name": "deadline", "type": "uint256"},
    {"name": "witness", "type": "Deposit"},
]


class Permitting:
    """A hub that knows a Permit2, and a payer that has approved only that."""

    def __init__(self, world: GasWorld) -> None:
        self.world = world
        self.permit2 = deploy_mock("MockPermit2", sender=world.operator)
        artifact, bounds = load_artifact("ChannelHub"), (60, 86_400, 86_400)
        self.hub, _ = deploy_with_receipt(world.operator, artifact, self.permit2.address, *bounds)
        self.payer = Account.from_key(keccak(b"permit2 payer"))
        self.payee = world.payee.address
        token = world.token
        world.operator.send(token.address, token.encode("mint", self.payer.address, 1000))
        world.operator.send(self.payer.address, value=ETHER)
        sender = Sender(world.connection, LocalSigner(PrivateKey(keccak(b"permit2 payer"))))
        token.transact(sender, "approve", self.permit2.address, FOREVER)

    def key(self) -> ChannelKey:
        return replace(self.world.make_key(token=True), a=self.payer.address)

    def pull(self, key: ChannelKey, amount: int, nonce: int = 0, deadline: int = FOREVER) -> tuple[object, ...]:
        """Signed with an independent EIP-712 implementation."""
        message = {
            "permitted": {"token": key.token, "amount": amount},
            "spender": self.hub.address,
            "nonce": nonce,
            "deadline": deadline,
            "witness": {"channelId": key.id},
        }
        domain = {"name": "Permit2", "chainId": self.world.connection.chain_id}
        types = {"PermitWitnessTransferFrom": PERMIT2, "TokenPermissions": TOKEN_PERMISSIONS, "Deposit": WITNESS}
        typed = encode_typed_data({**domain, "verifyingContract": self.permit2.address}, types, message)
        signature = bytes(self.payer.sign_message(typed).signature)
        return (3, False, amount, encode(["uint256", "uint256", "bytes"], [nonce, deadline, signature]))

    def deposit(self, key: ChannelKey, *pulls: tuple[object, ...]) -> None:
        self.hub.transact(self.world.relayer.sender, "depositPulled", key.as_tuple(), list(pulls), gas=3_000_000)

    def net(self, key: ChannelKey) -> int:
        return int(self.hub.call("channel", key.id)[0] & (1 << 111) - 1)
