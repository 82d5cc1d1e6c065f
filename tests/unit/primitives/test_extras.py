"""A missing optional package names its extra; any other failed import stays what it is."""

from __future__ import annotations

import importlib

import pytest

from layer2.primitives.errors import InputError
from layer2.primitives.extras import ExtraMissing, needs


def test_a_missing_package_is_one_line_with_its_extra() -> None:
    text = r"^absent_package is not installed; pip install 'layer2\[rollup\]'$"
    with pytest.raises(ExtraMissing, match=text), needs("rollup"):
        importlib.import_module("absent_package.part")


def test_callers_catch_it_as_an_import_error_or_as_one_of_ours() -> None:
    assert issubclass(ExtraMissing, ImportError)
    assert issubclass(ExtraMissing, InputError)


def test_a_fault_of_this_project_is_not_a_missing_extra() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"layer2\.absent") as failed, needs("rollup"):
        importlib.import_module("layer2.absent")
    assert not isinstance(failed.value, ExtraMissing)


def test_a_broken_package_is_not_a_missing_one() -> None:
    with pytest.raises(ImportError, match="cannot import") as failed, needs("rollup"):
        raise ImportError("cannot import name", name="numpy")
    assert not isinstance(failed.value, ExtraMissing)


def test_what_is_installed_is_imported() -> None:
    with needs("rollup"):
        assert importlib.import_module("json")
