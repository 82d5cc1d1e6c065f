"""Every deliberate error has a stable code and prints as one line."""

from __future__ import annotations

import pytest

from layer2.primitives.errors import (
    FatalError,
    InputError,
    Layer2Error,
    MalformedError,
    RangeError,
    RecoverableError,
    SignatureError,
)


def test_a_message_without_a_hint_prints_alone() -> None:
    error = Layer2Error("payer has 1 wei, needs 2")
    assert str(error) == "payer has 1 wei, needs 2"
    assert error.hint is None


def test_a_hint_follows_the_message() -> None:
    error = RangeError("payer has 1 wei, needs 2", hint="deposit more")
    assert str(error) == "payer has 1 wei, needs 2; deposit more"


def test_a_message_of_several_lines_prints_as_one() -> None:
    assert str(Layer2Error("node said:\n  no\t\troom")) == "node said: no room"


def test_the_code_comes_from_the_class_name() -> None:
    class PeerTimedOut(RecoverableError):
        pass

    assert PeerTimedOut.code == "peer-timed-out"
    assert PeerTimedOut("late").code == "peer-timed-out"
    assert MalformedError.code == "malformed-error"


def test_a_code_set_by_hand_stays_and_is_not_inherited() -> None:
    class Refused(InputError):
        code = "no-thanks"

    class RefusedTwice(Refused):
        pass

    assert Refused.code == "no-thanks"
    assert RefusedTwice.code == "refused-twice"


@pytest.mark.parametrize("kind", [MalformedError, SignatureError, RangeError])
def test_bad_input_can_be_recovered_from(kind: type[Layer2Error]) -> None:
    assert issubclass(kind, InputError)
    assert issubclass(kind, RecoverableError)
    assert not issubclass(kind, FatalError)


def test_fatal_and_recoverable_do_not_overlap() -> None:
    assert not issubclass(FatalError, RecoverableError)
    assert issubclass(FatalError, Layer2Error)
