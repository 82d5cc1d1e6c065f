"""Loads `ape console` with the families, the roles and help. Everything is imported inside, so that nothing leaks."""


def ape_init_extras(accounts, chain, **_managers):
    """The names of the console: roles, the families, `watchtower`, `help_l2`, and units through strings."""
    from layer2.ape.console import HELP, ConsoleChannels, ConsoleTower
    from layer2.ape.console_plasma import ConsolePlasmas
    from layer2.ape.console_rollup import ConsoleRollups
    from layer2.cli.common.dev_accounts import ROLES
    from layer2.primitives.units import format_amount, parse_amount, parse_duration

    # The console hands in the manager, the tests its part for test accounts.
    test_accounts = getattr(accounts, "test_accounts", accounts)
    people = {role: test_accounts[index] for index, role in enumerate(ROLES)}
    tower = ConsoleTower(people["watchtower"])

    def help_l2() -> None:
        """Print what can be typed."""
        print(HELP)

    return {
        **people,
        "watchtower": tower,
        "channels": ConsoleChannels(chain, tower),
        "rollup": ConsoleRollups(chain),
        "plasma": ConsolePlasmas(chain),
        "help_l2": help_l2,
        "parse_amount": parse_amount,
        "format_amount": format_amount,
        "parse_duration": parse_duration,
    }
