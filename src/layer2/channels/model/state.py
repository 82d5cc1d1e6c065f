"""Storage of the hub: channels word by word, owed amounts, and balances."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from layer2.channels.protocol.channel_key import ChannelKey
from layer2.primitives.addresses import ZERO_ADDRESS, Address, address_bytes, to_address
from layer2.primitives.errors import MalformedError, RangeError
from layer2.primitives.hashing import keccak
from layer2.primitives.typed_data import Domain

MASK111 = (1 << 111) - 1
MASK112 = (1 << 112) - 1
MAX_NET = (1 << 110) - 1
MAX_EPOCH = (1 << 30) - 1
CLOSED = 0xFFFFFFFF
"""Value of the deadline of a permanently closed channel."""


def payoff(net_a: int, net_b: int, paid_a: int, paid_b: int) -> tuple[int, int]:
    """Return the payout of a duplex channel: `payA = clamp(netA - paidA + paidB, 0, netA + netB)`, the rest to B."""
    total = net_a + net_b
    pay_a = max(0, min(net_a - paid_a + paid_b, total))
    return pay_a, total - pay_a


@dataclass(frozen=True, slots=True)
class RawKey:
    """Four words of a key as received by the contract, possibly invalid. Raises the errors of its addresses."""

    a: Address
    b: Address
    token: Address
    params: int

    def __post_init__(self) -> None:
        for name in ("a", "b", "token"):
            object.__setattr__(self, name, to_address(getattr(self, name)))
        if not 0 <= self.params < 1 << 256:
            raise RangeError(f"params is {self.params}, need 256 bits")

    @classmethod
    def of(cls, key: ChannelKey) -> RawKey:
        """Return the words of a valid key."""
        return cls(key.a, key.b, key.token, key.params)

    @property
    def delay(self) -> int:
        """Challenge window or exit delay, seconds."""
        return self.params >> 96 & 0xFFFFFFFF

    @property
    def open_before(self) -> int:
        """Last second for the first deposit, Unix time."""
        return self.params >> 64 & 0xFFFFFFFF

    @property
    def simplex(self) -> bool:
        """True if only `a` pays."""
        return bool(self.params >> 128 & 1)

    @property
    def id(self) -> bytes:
        """Id of the channel, equal to the contract's `channelId(key)`."""
        words = (bytes(12) + address_bytes(address) for address in (self.a, self.b, self.token))
        head = keccak(b"".join(words) + self.params.to_bytes(32, "big"))[:27]
        tail = self.open_before << 8 | (self.token != ZERO_ADDRESS) | self.simplex << 1
        return head + tail.to_bytes(5, "big")


Key = ChannelKey | RawKey
"""Key of an action: a valid key, or any four words."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The lock proof posted for one direction.

    Attributes:
        nonce: nonce of the posted lock voucher; only a higher one replaces it.
        fingerprint: fingerprint of its limit and root.
        claimed: its amount plus the sum that its locks have paid, token units.
        latest: last second to which this direction may move the deadline.
        resolved: one bit for each resolved lock, by index.
    """

    nonce: int
    fingerprint: int
    claimed: int
    latest: int
    resolved: int = 0

    def words(self) -> tuple[int, int]:
        """Return the proof word and the claim word."""
        return self.nonce << 208 | self.fingerprint, self.claimed | self.resolved << 112 | self.latest << 224


@dataclass(frozen=True, slots=True)
class Channel:
    """One channel as stored.

    Amounts in token units; `deadline` in Unix seconds, 0 if open, `CLOSED` if closed. In a simplex channel `net_a` is
    the deposit and `sent_a` the claimed amount. In a duplex channel `sent_*` are the plain counters; a direction also
    has a claim once a lock proof was posted.
    """

    net_a: int = 0
    net_b: int = 0
    deadline: int = 0
    sent_a: int = 0
    sent_b: int = 0
    epoch: int = 0
    claim_a: Claim | None = None
    claim_b: Claim | None = None

    @property
    def empty(self) -> bool:
        """True if `slot0` is zero: never funded, emptied, or closed after `openBefore`."""
        return not (self.net_a or self.net_b or self.deadline)

    def held(self, simplex: bool) -> int:
        """Return the amount that the hub owes to the two parties in this channel, token units."""
        return self.net_a - self.sent_a if simplex else self.net_a + self.net_b

    def sent(self, from_b: bool) -> int:
        """Return the plain counter of one direction."""
        return self.sent_b if from_b else self.sent_a

    def claim(self, from_b: bool) -> Claim | None:
        """Return the lock proof posted for one direction."""
        return self.claim_b if from_b else self.claim_a

    def paid(self, from_b: bool) -> int:
        """Return the amount that one direction pays: the greater of its plain counter and its claim."""
        claim = self.claim(from_b)
        return max(self.sent(from_b), 0 if claim is None else claim.claimed)

    def words(self, simplex: bool) -> tuple[int, int, int, int, int, int]:
        """Return the words of the channel, equal to the contract's `channel(id)`."""
        claims = [word for claim in (self.claim_a, self.claim_b) for word in (claim.words() if claim else (0, 0))]
        if simplex:
            return (self.net_a | self.sent_a << 111 | self.deadline << 224, 0, 0, 0, 0, 0)
        slot0 = self.net_a & MASK111 | (self.net_b & MASK111) << 111 | self.deadline << 224
        slot0 |= (self.claim_a is not None) << 222 | (self.claim_b is not None) << 223
        slot1 = self.sent_a | self.sent_b << 112 | self.epoch << 224
        return (slot0, slot1, claims[0], claims[1], claims[2], claims[3])


NOTHING = Channel()
"""State of an unused channel."""


def is_simplex(channel_id: bytes) -> bool:
    """Return the channel's mode, encoded in the id as in the contract."""
    return bool(channel_id[31] & 2)


@dataclass(frozen=True, slots=True)
class Config:
    """Deployment parameters of a hub: its EIP-712 domain, and bounds in seconds."""

    domain: Domain
    min_delay: int
    max_delay: int
    max_lock_duration: int

    def __post_init__(self) -> None:
        if not 0 <= self.min_delay <= self.max_delay:
            raise RangeError(f"delays are {self.min_delay} to {self.max_delay}, need min <= max")
        longest = 2 * self.max_delay + self.max_lock_duration
        if self.max_lock_duration < 0 or longest >= 1 << 31:
            raise RangeError(f"a dispute could last {longest} seconds, need less than 2^31")


def _empty() -> Mapping[Any, Any]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class HubState:
    """Complete state of the hub. Immutable: `apply` returns a new state.

    Attributes:
        config: deployment parameters of the hub.
        channels: channels by id.
        owed: amounts of failed transfers by (account, token), token units.
        balances: balances of the hub by token, token units.
        tokens: tokens by channel id; only the model stores them, because the contract reads them from the key of each
            call.
        consented: amounts paid by consents for each lock, by (channel id, from_b, nonce, index), token units.
        deposit_nonces: used nonces, as (owner, nonce).
        sessions: registered sessions, as (owner, struct hash).
    """

    config: Config
    channels: Mapping[bytes, Channel] = field(default_factory=_empty)
    owed: Mapping[tuple[Address, Address], int] = field(default_factory=_empty)
    balances: Mapping[Address, int] = field(default_factory=_empty)
    tokens: Mapping[bytes, Address] = field(default_factory=_empty)
    consented: Mapping[tuple[bytes, bool, int, int], int] = field(default_factory=_empty)
    deposit_nonces: frozenset[tuple[Address, int]] = frozenset()
    sessions: frozenset[tuple[Address, bytes]] = frozenset()

    def channel(self, channel_id: bytes) -> Channel:
        """Return a channel; an unused one for an unknown id."""
        return self.channels.get(channel_id, NOTHING)

    def liabilities(self, token: Address) -> int:
        """Return the hub's total debt, in channels and after failed transfers; always equals `balances[token]`."""
        in_channels = sum(
            channel.held(is_simplex(channel_id))
            for channel_id, channel in self.channels.items()
            if self.token_of(channel_id) == token
        )
        return in_channels + sum(amount for (_, one), amount in self.owed.items() if one == token)

    def token_of(self, channel_id: bytes) -> Address:
        """Return the token of a funded channel, zero for ether; raise MalformedError if it was never funded."""
        if not channel_id[31] & 1:
            return ZERO_ADDRESS
        token = self.tokens.get(channel_id)
        if token is None:
            raise MalformedError(f"channel {channel_id.hex()[:8]} was never funded")
        return token
