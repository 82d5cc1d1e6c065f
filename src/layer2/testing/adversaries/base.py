"""Base of named attacks: each is a class whose docstring describes the attack and whose instances record attempts."""

from __future__ import annotations

import inspect
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from layer2.primitives.errors import Layer2Error

__all__ = ["Adversary", "AttackRecord", "adversaries"]

_REGISTRY: dict[str, type[Adversary]] = {}


@dataclass(frozen=True, slots=True)
class AttackRecord:
    """One attempt: True if the system accepted it, the error that rejected it, and the attacker's gain.

    `gain` is given by asset in its smallest unit, without gas; it is negative if the attack cost the attacker money.
    """

    attack: str
    accepted: bool
    refusal: Layer2Error | None = None
    gain: Mapping[str, int] = field(default_factory=dict)

    @property
    def profitable(self) -> bool:
        """True if the attacker gained any asset."""
        return any(amount > 0 for amount in self.gain.values())


class Adversary(ABC):
    """Base class of an attack. A subclass describes the attack in its docstring and implements `attempt`.

    `name` is derived from the class name ("StaleCloseByPayer" -> "stale close by payer"). Two attacks with the same
    name, or an attack without a docstring, raise a `TypeError` when the class is created.
    """

    name: ClassVar[str] = ""

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        if "attempt" not in vars(cls):
            return
        if not (cls.__doc__ or "").strip():
            raise TypeError(f"{cls.__name__}: an attack needs a docstring that tells what the attacker does")
        if "name" not in vars(cls):
            cls.name = _sentence(cls.__name__)
        known = _REGISTRY.get(cls.name)
        if known is not None and (known.__module__, known.__qualname__) != (cls.__module__, cls.__qualname__):
            raise TypeError(f"{cls.__qualname__}: the attack {cls.name!r} exists already, in {known.__module__}")
        _REGISTRY[cls.name] = cls

    def __init__(self) -> None:
        self.records: list[AttackRecord] = []

    @property
    def story(self) -> str:
        """Description of the attack, from the docstring."""
        return inspect.cleandoc(type(self).__doc__ or "")

    @abstractmethod
    def attempt(self) -> None:
        """Carry out the attack once; a rejection by the system is raised as a `Layer2Error`."""

    def holdings(self) -> dict[str, int]:
        """Return the attacker's holdings by asset in its smallest unit; override it to measure the gain."""
        return {}

    def run(self) -> AttackRecord:
        """Attempt the attack and record the result; errors other than a `Layer2Error` are bugs and propagate."""
        before = self.holdings()
        refusal: Layer2Error | None = None
        try:
            self.attempt()
        except Layer2Error as error:
            refusal = error
        after = self.holdings()
        gain = {asset: after.get(asset, 0) - before.get(asset, 0) for asset in sorted(before.keys() | after.keys())}
        record = AttackRecord(self.name, refusal is None, refusal, gain)
        self.records.append(record)
        return record

    def __repr__(self) -> str:
        accepted = sum(record.accepted for record in self.records)
        return f"<Adversary {self.name}: {len(self.records)} attempts, {accepted} accepted>"


def adversaries() -> dict[str, type[Adversary]]:
    """Return all imported attacks by name, so that a test can check that each one is tested."""
    return dict(sorted(_REGISTRY.items()))


def _sentence(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name).lower()
