"""Which error a test means when several contracts have one of that name."""

from __future__ import annotations

import pytest

from layer2.testing.revert_checks.expected import find_error


def test_one_error_that_contracts_name_differently_is_found_by_its_arguments() -> None:
    for name in ("signer", "owner"):
        assert [part["name"] for part in find_error("InvalidSignature", None, [name]).inputs] == [name]


def test_arguments_that_nobody_has_find_no_other_error() -> None:
    codec = find_error("InsufficientTransfer", None, ["thief"])
    assert codec.signature == "InsufficientTransfer(address,uint256,uint256)"
    assert "thief" not in {part["name"] for part in codec.inputs}
    with pytest.raises(AssertionError, match="several errors 'InvalidSignature'"):
        find_error("InvalidSignature", None, ["thief"])


def test_two_errors_of_one_name_are_asked_for_by_arguments_or_signature() -> None:
    with pytest.raises(AssertionError, match="several errors 'UnauthorizedCaller'"):
        find_error("UnauthorizedCaller", None)
    assert find_error("UnauthorizedCaller", None, ["caller"]).signature == "UnauthorizedCaller(address)"
    assert find_error("UnauthorizedCaller", None, ["caller", "need"]).signature == "UnauthorizedCaller(address,address)"
    assert find_error("UnauthorizedCaller(address caller)", None).signature == "UnauthorizedCaller(address)"
