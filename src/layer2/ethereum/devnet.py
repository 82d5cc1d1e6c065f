"""Development chains: in this process (eth-tester on py-evm) or a private anvil."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from eth_typing import Address, BlockNumber
from web3 import Web3

from layer2.ethereum.accounts import DEV_BALANCE, DEV_MNEMONIC, dev_keys
from layer2.ethereum.anvil import AnvilNode, find_anvil
from layer2.ethereum.connection import Connection
from layer2.primitives.extras import needs
from layer2.primitives.hashing import keccak

if TYPE_CHECKING:
    from eth_tester import EthereumTester

__all__ = [
    "DEV_BALANCE",
    "DEV_MNEMONIC",
    "GENESIS_TIMESTAMP",
    "TESTER_CHAIN_ID",
    "AnvilNode",
    "find_anvil",
    "make_tester",
    "tester_connection",
]

GENESIS_TIMESTAMP = 1_767_225_600
"""Genesis time of the in-process chain (2026-01-01 00:00:00 UTC)."""

TESTER_CHAIN_ID = 1337
"""Chain id of the in-process chain, the same as ape's local network."""

_GAS_LIMIT = 30_000_000


def tester_connection(accounts: int = 10) -> Connection:  # noqa: PT028  not a test
    """Create an in-process chain with Prague rules and `accounts` funded accounts (see `Connection.signers`).

    Deterministic: the same calls give the same blocks, hashes and times. Each block is one second after its parent
    unless time is moved with `advance` or `set_next_timestamp`. Needs the `devnet` extra.
    """
    tester = make_tester(accounts)
    from web3.providers.eth_tester import EthereumTesterProvider
    from web3.providers.eth_tester.defaults import API_ENDPOINTS

    def chain_id(_tester: Any, _params: Any) -> str:
        return hex(TESTER_CHAIN_ID)

    endpoints: dict[str, dict[str, Any]] = {**API_ENDPOINTS}
    endpoints["eth"] = {**endpoints["eth"], "chainId": chain_id}
    return Connection(Web3(EthereumTesterProvider(tester, api_endpoints=endpoints)))


def make_tester(accounts: int = 10) -> EthereumTester:
    """Create the `EthereumTester` of `tester_connection`."""
    with needs("devnet"):
        from eth.chains.base import MiningChain
        from eth.db import get_db_backend
        from eth.typing import AccountDetails
        from eth.vm.forks.prague import PragueVM
        from eth_keys.datatypes import PrivateKey
        from eth_tester import EthereumTester, PyEVMBackend

    class DevChain(MiningChain):
        chain_id = TESTER_CHAIN_ID
        vm_configuration = ((BlockNumber(0), PragueVM),)

        def create_header_from_parent(self, parent_header: Any, **params: Any) -> Any:
            # py-evm would follow the wall clock and reduce the gas limit.
            params.setdefault("timestamp", parent_header.timestamp + 1)
            params.setdefault("gas_limit", parent_header.gas_limit)
            return super().create_header_from_parent(parent_header, **params)

        def get_transaction_builder(self) -> Any:
            # Required by eth-tester's own eth_call.
            return self.get_vm().get_transaction_builder()

    class DevBackend(PyEVMBackend):  # type: ignore[misc]  # eth-tester is not annotated
        def reset_to_genesis(self, *_args: Any, **_kwargs: Any) -> None:
            self.account_keys = [PrivateKey(key) for key in dev_keys(accounts)]
            parameters = self.generate_genesis_params({"timestamp": GENESIS_TIMESTAMP, "gas_limit": _GAS_LIMIT})
            state = {
                Address(key.public_key.to_canonical_address()): AccountDetails(
                    balance=DEV_BALANCE, nonce=0, code=b"", storage={}
                )
                for key in self.account_keys
            }
            self.chain = DevChain.from_genesis(get_db_backend(), parameters, state)

        def mine_blocks(self, num_blocks: int = 1, coinbase: bytes = b"\0" * 20) -> tuple[bytes, ...]:
            return tuple(_mine(self.chain, num_blocks, coinbase))

    return EthereumTester(DevBackend())


def _mine(chain: Any, count: int, coinbase: bytes) -> Iterator[bytes]:
    for _ in range(count):
        # prevrandao is derived from the parent; eth-tester's random value would make the hashes differ between runs.
        yield chain.mine_block(coinbase=coinbase, mix_hash=keccak(bytes(chain.header.parent_hash))).hash
