"""Records of deployed contracts: one JSON file per deployment, verified against the chain when loaded."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from layer2.ethereum.artifacts import Artifact
from layer2.ethereum.connection import Connection
from layer2.ethereum.contract import init_code
from layer2.ethereum.errors import DeploymentMismatch, WrongChain
from layer2.ethereum.records import Receipt
from layer2.primitives.addresses import Address, to_address
from layer2.primitives.errors import Layer2Error, MalformedError
from layer2.primitives.hashing import keccak
from layer2.primitives.json_text import parse_json

__all__ = ["Deployment", "Registry"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True, slots=True)
class Deployment:
    """One deployed contract.

    Hashes are 0x-hex keccak-256; `runtime_code_hash` is that of the code on chain, with its immutables;
    `constructor_args` are JSON values (integers as decimal strings, bytes as 0x-hex).
    """

    chain_id: int
    contract: str
    address: Address
    block: int
    tx_hash: str
    deployer: Address
    constructor_args: list[Any]
    init_code_hash: str
    runtime_code_hash: str
    source_checksum: str
    compiler: dict[str, Any] = field(default_factory=dict)
    git_commit: str | None = None

    @classmethod
    def record(
        cls,
        connection: Connection,
        artifact: Artifact,
        receipt: Receipt,
        deployer: Address,
        args: Sequence[Any] = (),
        *,
        git_commit: str | None = None,
    ) -> Deployment:
        """Return the record of a new deployment, with the code hash read from the chain."""
        if receipt.contract_address is None:
            raise DeploymentMismatch(
                f"{artifact.name}: transaction 0x{receipt.tx_hash.hex()} created no contract",
                hint="pass the receipt of the deployment",
            )
        code = _code_at(connection, receipt.contract_address, artifact.name)
        return cls(
            chain_id=connection.chain_id,
            contract=artifact.name,
            address=receipt.contract_address,
            block=receipt.block_number,
            tx_hash="0x" + receipt.tx_hash.hex(),
            deployer=to_address(deployer),
            constructor_args=[_to_json(arg) for arg in args],
            init_code_hash="0x" + keccak(init_code(artifact, args)).hex(),
            runtime_code_hash="0x" + keccak(code).hex(),
            source_checksum=artifact.source_checksum,
            compiler=dict(artifact.compiler),
            git_commit=git_commit if git_commit is not None else _git_commit(),
        )

    def verify(self, connection: Connection) -> None:
        """Verify chain and code; raise `WrongChain` or `DeploymentMismatch`."""
        if connection.chain_id != self.chain_id:
            raise WrongChain(
                f"{self.contract} at {self.address} is on chain {self.chain_id}, connected to {connection.chain_id}",
                hint="connect to the right chain or deploy here",
            )
        found = "0x" + keccak(_code_at(connection, self.address, self.contract)).hex()
        if found != self.runtime_code_hash:
            raise DeploymentMismatch(
                f"{self.contract} at {self.address}: code hash {found} on chain, {self.runtime_code_hash} recorded",
                hint="this is another contract: correct the record or deploy again",
            )


class Registry:
    """The deployments below `root`, as `<chain id>/<name>.json`."""

    def __init__(self, root: str | Path = "deployments") -> None:
        self.root = Path(root)

    def __repr__(self) -> str:
        return f"<Registry {self.root}>"

    def save(self, name: str, deployment: Deployment) -> Path:
        """Write (or replace) a record atomically: the file is complete or absent."""
        path = self._path(deployment.chain_id, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(f".{os.getpid()}.tmp")
        draft.write_text(json.dumps(asdict(deployment), indent=2, sort_keys=True) + "\n", encoding="utf-8")
        draft.replace(path)
        return path

    def load(self, chain_id: int, name: str, connection: Connection) -> Deployment:
        """Load a record and verify it; raise `DeploymentMismatch`, `WrongChain` or `MalformedError`."""
        path = self._path(chain_id, name)
        if not path.is_file():
            known = ", ".join(self.names(chain_id)) or "none"
            raise DeploymentMismatch(
                f"{name}: no deployment recorded on chain {chain_id} (recorded: {known})",
                hint="deploy it first",
            )
        deployment = _parse(path)
        if deployment.chain_id != chain_id:
            raise WrongChain(
                f"{path.name}: recorded for chain {chain_id} but deployed on {deployment.chain_id}",
                hint="move the file to its chain's folder",
            )
        deployment.verify(connection)
        return deployment

    def names(self, chain_id: int) -> list[str]:
        """Return the names recorded for a chain."""
        return sorted(path.stem for path in (self.root / str(chain_id)).glob("*.json"))

    def _path(self, chain_id: int, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise MalformedError(
                f"deployment name {name!r} is not a valid file name",
                hint="use letters, digits, dot, dash",
            )
        return self.root / str(chain_id) / f"{name}.json"


def _parse(path: Path) -> Deployment:
    try:
        raw = parse_json(path.read_bytes(), path.name)
        known = {one.name for one in fields(Deployment)}
        if not isinstance(raw, dict) or set(raw) - known:
            raise MalformedError(f"{path}: not a deployment record", hint="restore the file or deploy again")
        raw["address"] = to_address(raw["address"])
        raw["deployer"] = to_address(raw["deployer"])
        return Deployment(**raw)
    except (KeyError, TypeError, ValueError, Layer2Error) as failure:
        raise MalformedError(f"{path}: damaged: {failure}", hint="restore the file or deploy again") from failure


def _code_at(connection: Connection, address: Address, name: str) -> bytes:
    code = connection.code(address)
    if not code:
        raise DeploymentMismatch(
            f"{name}: no code at {address} on chain {connection.chain_id}",
            hint="a new development chain has no contracts: deploy again",
        )
    return code


def _to_json(value: Any) -> Any:
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return str(value)
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, list | tuple):
        return [_to_json(one) for one in value]
    return str(getattr(value, "address", value))


def _git_commit() -> str | None:
    try:
        result = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None  # git is not installed; the field is optional
    return result.stdout.strip() or None if result.returncode == 0 else None
