"""EIP-712: the compiled encoders agree with two generic ones on any value, and refuse values outside their type."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest
from eip712.messages import EIP712Domain, EIP712Message, hash_message
from eth_abi.abi import encode
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_pydantic_types import abi
from eth_pydantic_types.address import Address as AddressOracle
from eth_utils.crypto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from layer2.primitives.addresses import ZERO_ADDRESS, Address, to_address
from layer2.primitives.ecdsa import PrivateKey, recover
from layer2.primitives.errors import MalformedError, RangeError
from layer2.primitives.typed_data import Domain, TypedMessage, assert_fields_match, snake_case

HUB = to_address("0x" + "11" * 20)
DOMAIN = Domain("layer2 ChannelHub", "1", 1, HUB)


@dataclass(frozen=True, slots=True)
class Voucher(TypedMessage):
    TYPE: ClassVar[str] = "Voucher(bytes32 channelId,uint128 amount)"
    channel_id: bytes
    amount: int


@dataclass(frozen=True, slots=True)
class Everything(TypedMessage):
    TYPE: ClassVar[str] = (
        "Everything(bytes32 anId,uint256 big,uint8 small,int128 signedBig,int8 signedSmall,address payTo,bool yes,"
        "bytes raw,string memo)"
    )
    an_id: bytes
    big: int
    small: int
    signed_big: int
    signed_small: int
    pay_to: Address
    yes: bool
    raw: bytes
    memo: str


@dataclass(frozen=True, slots=True)
class Nothing(TypedMessage):
    TYPE: ClassVar[str] = "Nothing()"


class VoucherOracle(EIP712Message):
    channelId: abi.bytes32
    amount: abi.uint128


VoucherOracle.__name__ = "Voucher"

WORDS = st.binary(min_size=32, max_size=32)
ADDRESSES = st.binary(min_size=20, max_size=20).map(to_address)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=40)
DOMAINS = st.builds(Domain, TEXTS, TEXTS, st.integers(0, 2**256 - 1), ADDRESSES)


def unsigned(bits: int) -> st.SearchStrategy[int]:
    return st.integers(0, 2**bits - 1) | st.sampled_from((0, 2**bits - 1))


def signed(bits: int) -> st.SearchStrategy[int]:
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    return st.integers(low, high) | st.sampled_from((low, -1, high))


VOUCHERS = st.builds(Voucher, WORDS, unsigned(128))
ANYTHING = st.builds(
    Everything,
    WORDS,
    unsigned(256),
    unsigned(8),
    signed(128),
    signed(8),
    ADDRESSES,
    st.booleans(),
    st.binary(max_size=70),
    TEXTS,
)
EXAMPLE = Everything(bytes(32), 0, 0, 0, 0, ZERO_ADDRESS, False, b"", "")


def example(**changes: Any) -> Everything:
    return dataclasses.replace(EXAMPLE, **changes)


def account_digest(message: TypedMessage, domain: Domain) -> bytes:
    signable = encode_typed_data(full_message=message.to_eip712(domain))
    return keccak(b"\x19" + signable.version + signable.header + signable.body)


@settings(max_examples=100)
@given(ANYTHING | VOUCHERS, DOMAINS)
def test_the_digest_is_that_of_eth_account(message: TypedMessage, domain: Domain) -> None:
    signable = encode_typed_data(full_message=message.to_eip712(domain))
    assert domain.separator == signable.header
    assert message.struct_hash() == signable.body
    assert message.digest(domain) == domain.digest(message.struct_hash()) == account_digest(message, domain)


@settings(max_examples=60)
@given(VOUCHERS, DOMAINS)
def test_the_digest_is_that_of_the_eip712_package(voucher: Voucher, domain: Domain) -> None:
    # The whole domain goes to each message: single fields would change it for every other message of the class.
    oracle_domain = EIP712Domain(
        name=domain.name,
        version=domain.version,
        chainId=domain.chain_id,
        verifyingContract=AddressOracle(domain.verifying_contract),
    )
    values: dict[str, Any] = {"channelId": voucher.channel_id, "amount": voucher.amount, "eip712_domain": oracle_domain}
    oracle = VoucherOracle(**values)
    assert voucher.digest(domain) == hash_message(oracle)


@settings(max_examples=40)
@given(VOUCHERS)
def test_the_struct_hash_is_abi_encoding_hashed(voucher: Voucher) -> None:
    type_hash = keccak(text=Voucher.TYPE)
    words = encode(["bytes32", "bytes32", "uint128"], [type_hash, voucher.channel_id, voucher.amount])
    assert type_hash == Voucher.TYPE_HASH
    assert voucher.struct_hash() == keccak(words)


def test_a_message_without_members_hashes_its_type_alone() -> None:
    assert Nothing().struct_hash() == keccak(keccak(text="Nothing()"))


@settings(max_examples=20)
@given(st.integers(1, 2**250).map(lambda number: number.to_bytes(32, "big")), VOUCHERS, DOMAINS)
def test_a_wallet_signs_the_same_digest(secret: bytes, voucher: Voucher, domain: Domain) -> None:
    wallet = Account.from_key(secret).sign_typed_data(full_message=voucher.to_eip712(domain))
    assert bytes(wallet.signature) == PrivateKey(secret).sign(voucher.digest(domain))
    assert recover(voucher.digest(domain), bytes(wallet.signature)) == PrivateKey(secret).address


@pytest.mark.parametrize(
    "other",
    [
        Domain("another hub", "1", 1, HUB),
        Domain("layer2 ChannelHub", "2", 1, HUB),
        Domain("layer2 ChannelHub", "1", 2, HUB),
        Domain("layer2 ChannelHub", "1", 1, ZERO_ADDRESS),
    ],
    ids=["name", "version", "chain", "contract"],
)
def test_each_part_of_the_domain_separates_signatures(other: Domain) -> None:
    voucher = Voucher(bytes(32), 1)
    assert voucher.digest(other) != voucher.digest(DOMAIN)


def test_messages_of_one_class_do_not_share_a_domain() -> None:
    voucher = Voucher(bytes(32), 1)
    before = voucher.digest(DOMAIN)
    other = Domain(DOMAIN.name, DOMAIN.version, 31337, HUB)
    assert Voucher(bytes(32), 1).digest(other) != before
    assert voucher.digest(DOMAIN) == Voucher(bytes(32), 1).digest(DOMAIN) == before


def test_domains_and_messages_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        DOMAIN.chain_id = 2  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        Voucher(bytes(32), 1).amount = 2  # type: ignore[misc]


def test_a_misspelt_field_is_refused() -> None:
    with pytest.raises(TypeError, match="ammount"):
        Voucher(channel_id=bytes(32), ammount=1)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("field", "low", "high"),
    [
        ("big", 0, 2**256 - 1),
        ("small", 0, 255),
        ("signed_big", -(2**127), 2**127 - 1),
        ("signed_small", -128, 127),
    ],
)
def test_a_number_must_fit_its_type(field: str, low: int, high: int) -> None:
    for fits in (low, high):
        assert example(**{field: fits}).values()[field] == fits
    for outside in (low - 1, high + 1):
        with pytest.raises(RangeError, match=f"{field} is {outside}, need {low} to {high}"):
            example(**{field: outside})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("an_id", bytes(31)),
        ("an_id", bytes(33)),
        ("an_id", "0x" + "00" * 32),
        ("an_id", bytearray(32)),
        ("big", 1.0),
        ("big", "1"),
        ("big", True),
        ("pay_to", "0x12"),
        ("pay_to", 5),
        ("yes", 1),
        ("yes", None),
        ("raw", "text"),
        ("memo", b"raw"),
        ("memo", "\ud800"),
    ],
)
def test_a_value_of_another_kind_is_refused(field: str, value: Any) -> None:
    with pytest.raises(MalformedError):
        example(**{field: value})


def test_addresses_are_normalised_so_that_equal_messages_are_equal() -> None:
    text = "0x" + "ab" * 20
    message = example(pay_to=text)
    assert message.pay_to == to_address(text) != text
    assert message == example(pay_to=bytes.fromhex("ab" * 20))
    assert Domain("n", "1", 1, Address(text)) == Domain("n", "1", 1, to_address(text))


@pytest.mark.parametrize("chain_id", [-1, 2**256])
def test_a_chain_id_that_is_no_word_is_refused(chain_id: int) -> None:
    with pytest.raises(RangeError, match="not a uint256"):
        Domain("n", "1", chain_id, HUB)


def test_a_domain_at_no_address_is_refused() -> None:
    with pytest.raises(MalformedError):
        Domain("n", "1", 1, Address("0x12"))


@pytest.mark.parametrize("text", ["Voucher", "Voucher(uint128[] amounts)", "Voucher(Other other)", "Bad(uint x)", "()"])
def test_a_type_the_encoder_does_not_know_is_refused_when_declared(text: str) -> None:
    with pytest.raises(MalformedError):
        type("Declared", (TypedMessage,), {"TYPE": text})


def test_fields_must_be_the_members_in_their_order() -> None:
    @dataclass(frozen=True)
    class Swapped(TypedMessage):
        TYPE: ClassVar[str] = "Swapped(uint8 first,uint8 second)"
        second: int
        first: int

    for good in (Voucher, Everything, Nothing):
        assert_fields_match(good)
    with pytest.raises(MalformedError, match="Swapped has the fields"):
        assert_fields_match(Swapped)


@pytest.mark.parametrize(
    ("solidity", "python"),
    [("channelId", "channel_id"), ("amount", "amount"), ("sentA", "sent_a"), ("outA", "out_a"), ("x1Y", "x1_y")],
)
def test_python_names_follow_solidity_names(solidity: str, python: str) -> None:
    assert snake_case(solidity) == python
