from __future__ import annotations

import pytest

from layer2.primitives.errors import Layer2Error
from layer2.testing.adversaries.base import Adversary, adversaries


class TakesTwoCoins(Adversary):
    """The attacker asks for two coins more than it owns, and gets them."""

    def __init__(self) -> None:
        super().__init__()
        self.coins = 5

    def attempt(self) -> None:
        self.coins += 2

    def holdings(self) -> dict[str, int]:
        return {"coin": self.coins}


class AsksAndIsRefused(Adversary):
    """The attacker asks, and the system says no."""

    def attempt(self) -> None:
        raise Layer2Error("no")


def test_a_successful_attack_is_recorded_with_its_gain() -> None:
    attacker = TakesTwoCoins()
    record = attacker.run()
    assert (record.accepted, record.gain, record.profitable) == (True, {"coin": 2}, True)
    assert attacker.records == [record]


def test_a_refused_attack_is_recorded_with_the_refusal() -> None:
    record = AsksAndIsRefused().run()
    assert (record.accepted, record.profitable, str(record.refusal)) == (False, False, "no")


def test_a_bug_in_an_attack_is_not_a_refusal() -> None:
    class BrokenAttack(Adversary):
        """Not an attack but a mistake."""

        def attempt(self) -> None:
            raise KeyError("typo")

    with pytest.raises(KeyError):
        BrokenAttack().run()


def test_names_and_stories_come_from_the_class() -> None:
    assert TakesTwoCoins.name == "takes two coins"
    assert "two coins more" in TakesTwoCoins().story
    assert adversaries()["takes two coins"] is TakesTwoCoins


def test_an_attack_without_a_story_or_with_a_taken_name_is_refused() -> None:
    with pytest.raises(TypeError, match="needs a docstring"):

        class Mute(Adversary):
            def attempt(self) -> None: ...

    with pytest.raises(TypeError, match="exists already"):

        class Copycat(Adversary):
            """Claims another attack's name."""

            name = "takes two coins"

            def attempt(self) -> None: ...
