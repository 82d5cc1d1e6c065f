"""A contract wrapper that first tries each call in mutated encodings, whose effects must match the original call.

It requires the in-process chain, on which all effects of a call are known: the root over all accounts and storage, the
events and the output. A mutated call must either be rejected, by an error of the contract or of the compiler's decoder
and never by a panic or lack of gas, without any change; or have exactly the effects of the original call; or, where
parts are optional, the effects of the original call with fewer parts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from eth_abi.abi import decode, encode

from layer2.ethereum.abi import Codec, select
from layer2.ethereum.backend import CallRequest
from layer2.ethereum.contract import Contract
from layer2.ethereum.records import Receipt
from layer2.ethereum.sender import Sender
from layer2.ethereum.tester_backend import Effect, TesterBackend
from layer2.primitives.addresses import Address
from layer2.testing.fuzz.abi_mutations import Bend, bent, members

__all__ = ["Less", "Trials"]

Path = tuple[int, ...]
Less = Callable[[Sequence[Any]], Iterator[Sequence[Any]]]
"""Function that yields the permitted reduced arguments of a call."""


@dataclass(slots=True)
class Trials:
    """A substitute for a contract that tries mutations of the calls sent to it.

    Args:
        only: Functions to try.
        attacker: Bytes that an attacker appends.
        most: Maximum number of mutations of each call, see `bent`; None for all.
        inside: Mutations of the content of a member of bytes, by function and path.
        less: Functions that may have the effects of reduced arguments.
        gas: Gas limit of each call, more than any valid call needs.
        seed: Beginning of what is drawn where `most` is given.
    """

    contract: Contract
    only: Collection[str]
    attacker: bytes
    most: int | None
    inside: Mapping[tuple[str, Path], Callable[[bytes], Iterable[Bend]]] = field(default_factory=dict)
    less: Mapping[str, Less] = field(default_factory=dict)
    gas: int = 10_000_000
    seed: int = 0
    tries: dict[str, Counter[str]] = field(default_factory=dict)
    """Number of calls by function and result: `refused` by an error, `not decoded`, `same`, or `less`."""
    refusals: Counter[str] = field(default_factory=Counter)
    """Number of rejections by function and error, as in `claim: NothingDue`."""
    faults: list[str] = field(default_factory=list)
    """Descriptions of forbidden effects."""
    _seen: dict[str, list[bytes]] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.contract, name)

    def transact(self, sender: Sender, name: str, *args: Any, value: int = 0, gas: int | None = None) -> Receipt:
        """Try the call in mutated encodings, then send it."""
        if name in self.only:
            self.try_out(sender.address, name, *args, value=value)
        return self.contract.transact(sender, name, *args, value=value, gas=gas)

    def count(self, *ends: str) -> int:
        """Return the number of tried calls with one of these results, or of all."""
        return sum(one[end] for one in self.tries.values() for end in ends or one)

    def try_out(self, sender: Address, name: str, *args: Any, value: int = 0) -> None:
        """Try a call in all mutated encodings, without a lasting change of the chain."""
        codec = next(one for one in select(self.contract.abi, "function") if one.name == name)
        backend = self.contract.connection.backend
        if not isinstance(backend, TesterBackend):
            raise TypeError("effects are known on the in-process chain only")
        request = CallRequest(self.contract.address, self.contract.encode(name, *args), value, sender, self.gas)
        values = decode(codec.input_types, request.data[4:])
        honest = backend.perform(request)
        if not honest.outcome.ok:
            raise AssertionError(f"the honest call of {name} does not pass: {honest.outcome}")
        lesser = [
            backend.perform(replace(request, data=self.contract.encode(name, *fewer)))
            for fewer in (self.less[name](values) if name in self.less else ())
        ]
        right = [honest, *(one for one in lesser if one.outcome.ok)]
        nothing = backend.perform(replace(request, data=b"", value=0)).state
        count = self.tries.setdefault(name, Counter())
        for shape in self._shapes(codec, request.data[4:], values):
            done = backend.perform(replace(request, data=codec.selector + shape.data))
            end, told = self._judge(done, right, nothing)
            count[end] += 1
            if end == "fault":
                self.faults.append(f"{codec.name} [{shape.name}]: {told}")
            elif end == "refused":
                self.refusals[f"{name}: {told}"] += 1

    def _judge(self, done: Effect, right: Sequence[Effect], nothing: bytes) -> tuple[str, str]:
        """Return the result of a call, and its detail."""
        if done.outcome.failure is not None:
            return "fault", f"stops: {done.outcome.failure}"
        if done.outcome.revert is None:
            if done == right[0]:
                return "same", ""
            return ("less", "") if done in right else ("fault", "does something else")
        if done.state != nothing:
            return "fault", "reverts and changes something"
        if not done.outcome.revert:
            return "not decoded", ""
        error = self.contract.decoder.decode(done.outcome.revert)
        known = error.name not in ("", "Error", "Panic")
        return ("refused", error.name) if known else ("fault", f"reverts with {error}")

    def _shapes(self, codec: Codec, data: bytes, values: Sequence[Any]) -> Iterator[Bend]:
        types = codec.input_types
        contents = {
            one.path: (one.kind, content) for one in members(types, data) if (content := one.content(data)) is not None
        }
        donors = {path: other for path, (kind, content) in contents.items() if (other := self._other(kind, content))}
        yield from bent(
            types, data, attacker=self.attacker, donors=donors, most=self.most, seed=self.seed + self.count()
        )
        for path, (_, content) in contents.items():
            inside = self.inside.get((codec.name, path))
            label = ".".join(map(str, path))
            for shape in inside(content) if inside is not None else ():
                yield Bend(f"inside {label}: {shape.name}", encode(types, _with(values, path, shape.data)))

    def _other(self, kind: str, content: bytes) -> bytes | None:
        """Return the most recent other content of this kind, such as another message's signature."""
        known = self._seen.setdefault(kind, [])
        found = next((one for one in reversed(known) if one != content), None)
        if content not in known:
            known.append(content)
        return found


def _with(values: Any, path: Path, to: bytes) -> Any:
    if not path:
        return to
    return tuple(_with(one, path[1:], to) if at == path[0] else one for at, one in enumerate(values))
