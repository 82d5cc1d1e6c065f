"""The signed messages: equal to two independent EIP-712 encoders and to the type strings in the contracts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from eip712 import EIP712Domain, EIP712Message
from eip712.messages import hash_message
from eth_account.messages import _hash_eip191_message, encode_typed_data
from eth_pydantic_types import abi
from hypothesis import given, settings
from tests.support.channels.strategies import domains, messages

from layer2.channels.protocol.messages import MESSAGES, Voucher, hub_domain
from layer2.primitives.errors import MalformedError, RangeError
from layer2.primitives.typed_data import Domain, TypedMessage, assert_fields_match

ROOT = Path(__file__).resolve().parents[3]


def _by_eip712_package(message: TypedMessage, domain: Domain) -> bytes:
    annotations = {member.name: getattr(abi, member.type) for member in message.MEMBERS}
    eip712_domain = EIP712Domain(
        name=domain.name,
        version=domain.version,
        chainId=domain.chain_id,
        verifyingContract=domain.verifying_contract,
    )
    body = {"__annotations__": annotations, "__module__": __name__}
    kind: Any = type(message.NAME, (EIP712Message,), body)
    values = {member.name: getattr(message, member.field) for member in message.MEMBERS}
    return bytes(hash_message(kind(**values, eip712_domain=eip712_domain)))


@given(messages, domains)
@settings(max_examples=200)
def test_digests_equal_those_of_eth_account(message: TypedMessage, domain: Domain) -> None:
    signable = encode_typed_data(full_message=message.to_eip712(domain))
    assert message.digest(domain) == bytes(_hash_eip191_message(signable))
    assert message.struct_hash() == signable.body
    assert domain.separator == signable.header


@given(messages, domains)
@settings(max_examples=50)
def test_digests_equal_those_of_the_eip712_package(message: TypedMessage, domain: Domain) -> None:
    assert message.digest(domain) == _by_eip712_package(message, domain)


@given(messages, domains, domains)
@settings(max_examples=30)
def test_another_chain_or_contract_gives_another_digest(message: TypedMessage, domain: Domain, other: Domain) -> None:
    same = (domain.chain_id, domain.verifying_contract) == (other.chain_id, other.verifying_contract)
    assert (message.digest(domain) == message.digest(other)) == same


@pytest.mark.parametrize("kind", MESSAGES)
def test_each_type_has_its_fields_in_order_and_stands_in_a_contract(kind: type[TypedMessage]) -> None:
    assert_fields_match(kind)
    sources = "".join(path.read_text() for path in (ROOT / "contracts" / "channels").glob("*.sol"))
    joined = re.sub(r'"\s+"', "", sources)
    assert f'"{kind.TYPE}"' in joined


def test_type_hashes_are_distinct() -> None:
    assert len({kind.TYPE_HASH for kind in MESSAGES}) == len(MESSAGES)


def test_the_domain_is_the_hubs() -> None:
    hub = "0x" + "11" * 20
    domain = hub_domain(31337, hub)
    assert (domain.name, domain.version, domain.chain_id) == ("layer2 ChannelHub", "1", 31337)
    assert domain.verifying_contract == hub


def test_values_that_do_not_fit_are_refused() -> None:
    assert Voucher(bytes(32), (1 << 128) - 1)
    with pytest.raises(RangeError):
        Voucher(bytes(32), 1 << 128)
    with pytest.raises(RangeError):
        Voucher(bytes(32), -1)
    with pytest.raises(MalformedError):
        Voucher(bytes(31), 1)
    with pytest.raises(MalformedError):
        Voucher(bytes(32), True)
