"""The lists of commands are printed without the commands: they fit what is there, and each other."""

from __future__ import annotations

import inspect
import pkgutil
import subprocess
import sys

import click
import pytest

import layer2.cli
from layer2.cli import main
from layer2.cli.common.command_registry import CHANNELS, COINS, PLASMA, ROLLUP, CommandRegistry
from layer2.cli.common.options import chain_options

FAMILIES = [CHANNELS, ROLLUP, PLASMA, COINS]
GROUPS = [("channels",), ("rollup",), ("plasma",), ("plasma", "coin")]
WIDEST = 50


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(words)
    captured = capsys.readouterr()
    return int(ended.value.code or 0), captured.out, captured.err


@pytest.mark.parametrize("family", FAMILIES, ids=lambda one: one.family)
def test_every_listed_command_stands_in_the_module_that_the_list_names(family: CommandRegistry) -> None:
    for name, one in family.listed.items():
        function = inspect.unwrap(family.function(name))
        assert function.__module__ == f"layer2.cli.{one.module}", name
        assert inspect.getdoc(function), name


def test_no_module_is_listed_that_is_not_there() -> None:
    modules = {
        one.name.removeprefix("layer2.cli.") for one in pkgutil.walk_packages(layer2.cli.__path__, "layer2.cli.")
    }
    assert {one.module for family in FAMILIES for one in family.listed.values()} <= modules


@pytest.mark.parametrize("family", FAMILIES, ids=lambda one: one.family)
def test_a_command_that_is_not_listed_cannot_be_added(family: CommandRegistry) -> None:
    with pytest.raises(ValueError, match="in no list of contents"):
        family.verb("unheard-of")


@pytest.mark.parametrize("family", FAMILIES, ids=lambda one: one.family)
def test_summaries_are_short_and_no_two_say_the_same(family: CommandRegistry) -> None:
    summaries = [one.summary for one in family.listed.values()]
    assert all(0 < len(one) <= WIDEST and not one.endswith(".") for one in summaries)
    assert len(set(summaries)) == len(summaries)


@pytest.mark.parametrize("group", GROUPS, ids=" ".join)
def test_the_list_of_a_group_is_whole_and_nothing_in_it_is_cut(
    capsys: pytest.CaptureFixture[str], group: tuple[str, ...]
) -> None:
    code, out, _ = run(capsys, *group, "--help")
    family = next(one for one in FAMILIES if one.family == group[-1])
    assert code == 0
    assert all(f"  {name} " in out and one.summary in out for name, one in family.listed.items())
    assert all(f"\n{heading}:\n" in out for heading in family.contents)
    assert "..." not in out.partition("\n\n")[2]


@pytest.mark.parametrize("group", GROUPS, ids=" ".join)
def test_the_list_of_a_group_loads_no_chain_library(group: tuple[str, ...]) -> None:
    script = f"import sys; from layer2.cli.app import _run; _run({[*group, '--help']!r}); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert not {"web3", "numba", "eth_account", "layer2.rollup", "layer2.plasma"} & set(done.stdout.split())


@pytest.mark.parametrize(
    ("words", "needed", "others"),
    [
        (
            "channels show",
            "layer2.channels.party.party",
            {"layer2.rollup.state.columns", "layer2.plasma.payments.wallet"},
        ),
        (
            "plasma balance",
            "layer2.plasma.payments.wallet.wallet",
            {"layer2.rollup.state.columns", "layer2.channels.party.party"},
        ),
        (
            "plasma operator",
            "layer2.plasma.payments.operator.operator",
            {"layer2.rollup.state.columns", "layer2.channels.party.party"},
        ),
    ],
)
def test_a_command_loads_what_it_needs_and_no_other_family(words: str, needed: str, others: set[str]) -> None:
    arguments = [*words.split(), "--help"]
    script = f"import sys; from layer2.cli.app import _run; _run({arguments!r}); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert needed in loaded
    assert not ({"numba"} | others) & loaded


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (("rolup",), "did you mean rollup?"),
        (("rollup", "blance"), "did you mean balance?"),
        (("plasma", "coin", "recieve"), "did you mean receive?"),
        (("channels", "setle"), "did you mean settle or sweep?"),
    ],
)
def test_a_slip_is_answered_with_what_was_meant(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], meant: str
) -> None:
    code, out, err = run(capsys, *words)
    assert (code, out) == (2, "")
    assert meant in err


def test_a_word_that_resembles_none_is_answered_with_where_the_list_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert "has no command 'zzz'; see layer2 plasma coin --help" in run(capsys, "plasma", "coin", "zzz")[2]


@pytest.mark.parametrize("family", FAMILIES, ids=lambda one: one.family)
def test_every_command_of_a_group_can_be_made(family: CommandRegistry) -> None:
    group = family.build(chain_options)
    context = click.Context(group)
    made = [group.get_command(context, name) for name in group.list_commands(context)]
    assert all(made)
    assert group.get_command(context, "unheard-of") is None
