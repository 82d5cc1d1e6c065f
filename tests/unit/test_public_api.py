"""The public API: names that users type are short, documented, and load no chain library before they are used."""

from __future__ import annotations

import ast
import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGES = ["layer2", "layer2.channels", "layer2.rollup", "layer2.plasma"]


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_is_there_and_documented(package: str) -> None:
    module = importlib.import_module(package)
    assert len(module.__all__) > 8
    for name in module.__all__:
        found = getattr(module, name)
        assert isinstance(found, str) or inspect.getdoc(found), name


@pytest.mark.parametrize("package", PACKAGES)
def test_type_checkers_see_the_names_that_are_offered(package: str) -> None:
    module = importlib.import_module(package)
    source = Path(inspect.getfile(module)).read_text(encoding="utf-8")
    (checking,) = (node for node in ast.parse(source).body if isinstance(node, ast.If))
    seen = {alias.name for node in checking.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert seen == set(module.__all__) - {"__version__"}


@pytest.mark.parametrize("package", PACKAGES)
def test_a_name_that_is_not_public_is_an_attribute_error(package: str) -> None:
    with pytest.raises(AttributeError, match="no attribute 'unheard_of'"):
        importlib.import_module(package).unheard_of  # noqa: B018


@pytest.mark.parametrize("package", PACKAGES)
def test_importing_a_package_loads_no_chain_library(package: str) -> None:
    script = f"import sys, {package}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert not {"web3", "eth_account", "eth_abi", "numba", "numpy"} & set(loaded)
