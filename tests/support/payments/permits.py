"""Signatures by which tokens move, made with eth-account, independently of layer2."""

from __future__ import annotations

from typing import Any

from eth_account.messages import _hash_eip191_message, encode_typed_data
from tests.support.payments.builder import World

from layer2.ethereum.contract import Contract
from layer2.ethereum.sender import Sender

MAXIMUM = 2**256 - 1


def typed(who: Sender, domain: dict[str, Any], types: dict[str, Any], message: dict[str, Any]) -> bytes:
    return who.signer.sign_digest(bytes(_hash_eip191_message(encode_typed_data(domain, types, message))))


def members(text: str) -> list[dict[str, str]]:
    return [{"type": one.split()[0], "name": one.split()[1]} for one in text.split(",")]


def dollars(world: World, token: Contract) -> dict[str, Any]:
    return {"name": "Dollar", "version": "1", "chainId": world.connection.chain_id, "verifyingContract": token.address}


def permit(world: World, token: Contract, owner: Sender, value: int) -> tuple[int, bytes, bytes]:
    types = {"Permit": members("address owner,address spender,uint256 value,uint256 nonce,uint256 deadline")}
    message = {"owner": owner.address, "spender": world.chain.address, "value": value, "nonce": 0, "deadline": MAXIMUM}
    signature = typed(owner, dollars(world, token), types, message)
    return signature[64], signature[:32], signature[32:64]


def authorization(world: World, token: Contract, owner: Sender, value: int, nonce: bytes) -> bytes:
    text = "address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce"
    message = {
        "from": owner.address, "to": world.chain.address, "value": value,
        "validAfter": 0, "validBefore": MAXIMUM, "nonce": nonce,
    }  # fmt: skip
    return typed(owner, dollars(world, token), {"ReceiveWithAuthorization": members(text)}, message)


def permit2_transfer(world: World, permit2: Contract, token: Contract, owner: Sender, value: int) -> bytes:
    types = {
        "PermitTransferFrom": members("TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline"),
        "TokenPermissions": members("address token,uint256 amount"),
    }
    domain = {"name": "Permit2", "chainId": world.connection.chain_id, "verifyingContract": permit2.address}
    permitted = {"token": token.address, "amount": value}
    message = {"permitted": permitted, "spender": world.chain.address, "nonce": 0, "deadline": MAXIMUM}
    return typed(owner, domain, types, message)
