"""Context of every command: the chain, the acting account and the folder of its journals."""

from __future__ import annotations

import getpass
import json
import os
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import click
from eth_account import Account

from layer2.ethereum.accounts import ROLES, role_index
from layer2.ethereum.connection import Connection
from layer2.ethereum.sender import Sender
from layer2.ethereum.signer import LocalSigner, Signer
from layer2.primitives.addresses import Address, to_address
from layer2.primitives.errors import InputError, MalformedError
from layer2.primitives.json_text import parse_json
from layer2.store.private_files import make_folder

__all__ = ["AccountUnusable", "Workspace", "account_of", "party_address", "resolve_url"]

DEFAULT_URL = "http://127.0.0.1:8545"


class AccountUnusable(InputError):
    """The account named on the command line cannot sign."""


def resolve_url(network: str) -> str:
    """Return the URL of a network: `anvil`, `devnet` and `local` are the local node, others a URL or socket path."""
    return DEFAULT_URL if network in ("anvil", "devnet", "local") else network


def account_of(text: str, connection: Connection) -> Signer:
    """Return the signer of a role on a development chain, of `env:NAME` with a private key, or of a keystore file.

    A private key is never accepted on the command line, where other users of the machine can read it.
    """
    index = role_index(text)
    if index is not None:
        if not connection.is_dev:
            raise AccountUnusable(
                f"account {text!r}: chain {connection.chain_id} is not a development chain, and the keys of "
                f"roles are public",
                hint="use a keystore file or env:NAME",
            )
        return connection.signers(len(ROLES))[index]
    if text.startswith("env:"):
        secret = os.environ.get(text[4:])
        if not secret:
            raise AccountUnusable(f"account {text!r}: the variable {text[4:]} is not set", hint="export it first")
        return LocalSigner(secret.strip())
    path = Path(text).expanduser()
    if not path.is_file():
        raise AccountUnusable(
            f"account {text!r}: neither a role ({', '.join(ROLES)}), nor env:NAME, nor a keystore file",
            hint="pass one of these with --account",
        )
    password = os.environ.get("LAYER2_PASSWORD")
    if password is None:
        password = getpass.getpass(f"Password of {path.name}: ")
    try:
        return LocalSigner(bytes(Account.decrypt(parse_json(path.read_bytes(), floats=True), password)))
    except (ValueError, KeyError, TypeError, MalformedError) as failure:
        raise AccountUnusable(f"keystore {path.name}: {failure}", hint="check the file and the password") from None


def party_address(text: str, connection: Connection) -> Address:
    """Parse an address, or a role on a development chain, into an address."""
    if role_index(text) is not None:
        return account_of(text, connection).address
    return to_address(text)


@dataclass
class Workspace:
    """Options shared by all commands; the objects behind them are created on first use."""

    network: str
    account: str
    home: Path
    as_json: bool = False
    limits: dict[str, Any] = field(default_factory=dict)
    """Limits of a service that this command hosts, see `Hosted`."""
    confirmations: int | None = None
    _open: list[Any] = field(default_factory=list)

    @cached_property
    def connection(self) -> Connection:
        """Connection to the chain."""
        return Connection.connect(resolve_url(self.network))

    @cached_property
    def signer(self) -> Signer:
        """Signer of the acting account."""
        return account_of(self.account, self.connection)

    @cached_property
    def sender(self) -> Sender:
        """Sender of the acting account's transactions."""
        return Sender(self.connection, self.signer)

    @property
    def folder(self) -> Path:
        """Folder of this account's journals for this chain, created on first use with access for the owner only."""
        return self.folder_of(self.signer.address)

    def folder_of(self, what: str) -> Path:
        """Return a folder for this chain by any name, created on first use."""
        name = str(self.connection.chain_id)
        if self.connection.is_dev:
            # Development chains share chain ids, so the first block's hash distinguishes them.
            first = self.connection.block(0)
            name += "" if first is None else f"-{first.hash.hex()[:8]}"
        path = self.home / name / what
        return make_folder(path)

    def signer_of(self, text: str) -> Signer:
        """Return the signer of another account, by the rules of `--account`."""
        return account_of(text, self.connection)

    def emit(self, record: dict[str, Any], text: str) -> None:
        """Print the record as JSON with `--json`, otherwise the text."""
        click.echo(json.dumps(record, sort_keys=True) if self.as_json else text)
