"""The lists of commands are printed without the commands: they fit what is there, and each other."""

from __future__ import annotations

import inspect
import pkgutil
import shlex
import subprocess
import sys

import click
import pytest

import layer2.cli
from layer2.cli import main
from layer2.cli.common.command_index import EXAMPLES
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
    with pytest.raises(ValueError, match="is not in the command index"):
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


@pytest.mark.parametrize("group", GROUPS, ids=" ".join)
def test_the_help_of_a_group_ends_with_examples_and_variables(
    capsys: pytest.CaptureFixture[str], group: tuple[str, ...]
) -> None:
    _, out, _ = run(capsys, *group, "--help")
    assert f"  layer2 {' '.join(group)} " in out.partition("\nExamples:\n")[2]
    assert all(variable in out for variable in ("LAYER2_NETWORK", "LAYER2_ACCOUNT", "LAYER2_HOME"))


@pytest.mark.parametrize("family", FAMILIES, ids=lambda one: one.family)
def test_the_examples_are_commands_with_their_options(family: CommandRegistry) -> None:
    group = family.build(chain_options)
    for line in EXAMPLES[family.family]:
        name, *rest = shlex.split(line)
        command = group.get_command(click.Context(group), name)
        assert command is not None, line
        command.make_context(name, rest)


@pytest.mark.parametrize(
    "words",
    [
        ("channels", "--network", "http://127.0.0.1:1", "--as", "payer", "show"),
        ("channels", "--network=http://127.0.0.1:1", "--json", "show"),
        ("channels", "show", "--network", "http://127.0.0.1:1"),
        ("plasma", "--network", "http://127.0.0.1:1", "coin", "list"),
        ("plasma", "coin", "--network", "http://127.0.0.1:1", "list"),
    ],
    ids=" ".join,
)
def test_options_of_every_command_may_stand_before_its_name(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    assert run(capsys, *words) == (
        2, "", "layer2: no node answers at http://127.0.0.1:1; start one: layer2 devnet\n"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("channels", "--nonsense", "show"), "No such option: --nonsense"),
        (("channels", "--deposit", "1 ether", "open"), "No such option: --deposit"),
        (("channels", "--json"), "No such option: --json"),
        (("channels", "--json", "shwo"), "did you mean show?"),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, tuple) else "",
)
def test_other_options_before_a_command_are_refused(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    code, _, err = run(capsys, *words)
    assert (code, said in err) == (2, True)


def test_a_negative_amount_is_called_so_and_an_unknown_option_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    assert "negative amount" in run(capsys, "channels", "pay", "last", "-1 ether")[2]
    assert "No such option: -x" in run(capsys, "channels", "pay", "last", "-x")[2]


def test_the_help_names_variables_completion_and_the_first_commands(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, "--help")
    said = " ".join(out.split())
    assert all(word in said for word in ("layer2 devnet", "LAYER2_NETWORK", "_LAYER2_COMPLETE"))
    summaries = [line for line in out.partition("Commands:\n")[2].partition("\n\n")[0].splitlines()]
    assert all(len(line) <= 80 for line in summaries)


@pytest.mark.parametrize("group", ["bench", "demo"])
def test_the_help_of_what_lies_beside_the_library_loads_no_chain_library(group: str) -> None:
    script = f"import sys; from layer2.cli.app import _run; _run([{group!r}, '--help']); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert not {"web3", "numba", "eth_account", "rich", "layer2.rollup", "layer2.plasma"} & set(done.stdout.split())
