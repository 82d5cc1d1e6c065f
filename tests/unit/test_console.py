from __future__ import annotations

import pytest
from IPython.core.interactiveshell import InteractiveShell

from layer2.ape import help_text, ipython
from layer2.channels.party.errors import BalanceTooLow
from layer2.primitives.contract_errors import ModelledRevert


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch) -> InteractiveShell:
    monkeypatch.setattr(ipython, "banner", lambda: "layer2 console")
    made = InteractiveShell(colors="nocolor")
    ipython.load_ipython_extension(made)
    made.user_ns["BalanceTooLow"] = BalanceTooLow
    return made


def test_an_expected_error_is_one_line(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    shell.run_cell('raise BalanceTooLow("side A has 1 ether", hint="deposit more")')
    said = capsys.readouterr()
    assert "Traceback" not in said.out
    assert said.err == "BalanceTooLow: side A has 1 ether; deposit more\n"


def test_another_error_keeps_its_traceback(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    shell.run_cell('raise KeyError("x")')
    assert "Traceback" in capsys.readouterr().out


def test_the_whole_traceback_is_there_on_demand(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    shell.run_cell('raise BalanceTooLow("side A has 1 ether")')
    capsys.readouterr()
    shell.run_line_magic("tb", "")
    assert "Traceback" in capsys.readouterr().out


def test_hashes_are_shown_in_hex_and_text_as_it_is(shell: InteractiveShell) -> None:
    shown = shell.display_formatter.formatters["text/plain"]
    assert shown(b"\xab" * 32) == "0x" + "ab" * 32
    assert shown(b"secret") == "b'secret'"


class NotOver(ModelledRevert):
    MEANING = "The window is still open"


def test_the_name_of_an_error_stands_there_once() -> None:
    assert ipython.one_line_of(NotOver()) == "NotOver: The window is still open"
    assert ipython.one_line_of(BalanceTooLow("a\nb")) == "BalanceTooLow: a b"


@pytest.mark.parametrize("topic", [None, "channels", "rollup", "plasma"])
def test_the_help_fits_a_terminal(topic: str | None) -> None:
    assert max(map(len, help_text.help_of(topic).splitlines())) <= 80


def test_help_of_one_family_leaves_out_the_others() -> None:
    assert "l2.wallet" in help_text.help_of("rollup")
    assert "ch.pay" not in help_text.help_of("rollup")
    assert help_text.help_of("nonsense") == help_text.HELP
