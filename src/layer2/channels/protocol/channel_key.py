"""The key of a channel, and the id derived from it."""

from __future__ import annotations

from dataclasses import dataclass, field

from layer2.primitives.addresses import ZERO_ADDRESS, Address, address_bytes, to_address
from layer2.primitives.errors import MalformedError, RangeError, shown
from layer2.primitives.hashing import keccak

_SIMPLEX = 1 << 128
_LIMITS = {"delay": 32, "open_before": 32, "salt": 64}


@dataclass(frozen=True, slots=True)
class ChannelKey:
    """The key of a channel; mirrors the contract's `Key`.

    Attributes:
        a: first party; the payer of a simplex channel.
        b: second party; the payee of a simplex channel.
        token: ERC-20 address, zero for ether.
        delay: challenge window or exit delay, seconds.
        open_before: last second at which the channel can be opened, Unix time.
        salt: 64 bits that distinguish channels of the same parties.
        simplex: True if only `a` pays.
        id: 32 bytes, derived from all other fields.

    Raises:
        MalformedError: an invalid address, or two equal parties.
        RangeError: a number outside its bits.
    """

    a: Address
    b: Address
    token: Address
    delay: int
    open_before: int
    salt: int
    simplex: bool = False
    id: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name in ("a", "b", "token"):
            object.__setattr__(self, name, to_address(getattr(self, name)))
        if ZERO_ADDRESS in (self.a, self.b):
            raise MalformedError("a party of the channel is the zero address", hint="name both parties")
        if self.a == self.b:
            raise MalformedError(f"both parties of the channel are {self.a}", hint="a channel needs two parties")
        if type(self.simplex) is not bool:
            raise MalformedError(f"the channel's simplex is {self.simplex!r}, need True or False")
        for name, bits in _LIMITS.items():
            value = getattr(self, name)
            if type(value) is not int:
                raise MalformedError(f"the channel's {name} is {value!r:.80}, need an int of {bits} bits")
            if not 0 <= value < 1 << bits:
                raise RangeError(f"the channel's {name} is {shown(value)}, need {bits} bits")
        tail = self.open_before << 8 | (self.token != ZERO_ADDRESS) | self.simplex << 1
        object.__setattr__(self, "id", keccak(self.encode())[:27] + tail.to_bytes(5, "big"))

    @property
    def params(self) -> int:
        """Packed word `flags | delay | openBefore | salt`."""
        return (_SIMPLEX if self.simplex else 0) | self.delay << 96 | self.open_before << 64 | self.salt

    def encode(self) -> bytes:
        """Return the 128 bytes that are hashed: four words."""
        words = (bytes(12) + address_bytes(address) for address in (self.a, self.b, self.token))
        return b"".join(words) + self.params.to_bytes(32, "big")

    @classmethod
    def decode(cls, data: bytes) -> ChannelKey:
        """Decode the output of `encode`; raise MalformedError for any other bytes."""
        if len(data) != 128:
            raise MalformedError(f"a channel key has 128 bytes, {len(data)} were given")
        if any(data[at : at + 12] != bytes(12) for at in (0, 32, 64)):
            raise MalformedError("the channel key has undefined bits set")
        a, b, token = (to_address(data[at : at + 20]) for at in (12, 44, 76))
        return cls.from_params(a, b, token, int.from_bytes(data[96:], "big"))

    @classmethod
    def from_params(cls, a: str, b: str, token: str, params: int) -> ChannelKey:
        """Build a key from its ABI form; raise MalformedError for unknown flags, else the constructor's errors."""
        if type(params) is not int or not 0 <= params < 1 << 129:
            raise MalformedError(f"params {shown(params)} of a channel key are not a 129-bit number")
        return cls(
            a=to_address(a),
            b=to_address(b),
            token=to_address(token),
            delay=params >> 96 & 0xFFFFFFFF,
            open_before=params >> 64 & 0xFFFFFFFF,
            salt=params & (1 << 64) - 1,
            simplex=bool(params & _SIMPLEX),
        )

    def as_tuple(self) -> tuple[Address, Address, Address, int]:
        """Return the ABI form."""
        return (self.a, self.b, self.token, self.params)

    def other(self, party: Address) -> Address:
        """Return the other party; raise MalformedError if `party` is neither of the two."""
        if party == self.a:
            return self.b
        if party == self.b:
            return self.a
        raise MalformedError(f"{party} is not a party of channel {self.id.hex()[:8]}")
