"""Setup of `ape console`: families, roles and help. Imports are local to the function, so that no names leak."""


def ape_init_extras(accounts, chain, **_managers):
    """Return the names for the console: roles, families, `watchtower`, `help_l2` and unit conversions."""
    from layer2.ape.console import ConsoleChannels, ConsoleTower
    from layer2.ape.console_plasma import ConsolePlasmas
    from layer2.ape.console_rollup import ConsoleRollups
    from layer2.ape.help_text import help_of
    from layer2.ethereum.accounts import ROLES
    from layer2.primitives.units import format_amount, parse_amount, parse_duration

    # The console passes the account manager; the tests pass its part for test accounts.
    test_accounts = getattr(accounts, "test_accounts", accounts)
    people = {role: test_accounts[index] for index, role in enumerate(ROLES)}
    tower = ConsoleTower(people["watchtower"])

    def help_l2(family: object = None) -> None:
        """Print the help of a family (`channels`, `rollup`, `plasma`), or of all."""
        print(help_of(family))

    return {
        **people,
        "watchtower": tower,
        "channels": ConsoleChannels(chain, tower, people["operator"]),
        "rollup": ConsoleRollups(chain, people["operator"]),
        "plasma": ConsolePlasmas(chain, people["operator"]),
        "help_l2": help_l2,
        "parse_amount": parse_amount,
        "format_amount": format_amount,
        "parse_duration": parse_duration,
    }
