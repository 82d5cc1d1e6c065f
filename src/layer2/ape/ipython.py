"""IPython extension of the ape console: a banner, one line for an expected error, and bytes in hex.

`ape-config.yaml` loads it: `console: plugins: [layer2.ape.ipython]`.
"""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any

from ape.exceptions import ApeException
from ape_console.plugin import custom_exception_handler

from layer2.primitives.errors import Layer2Error

__all__ = ["banner", "load_ipython_extension", "one_line_of"]


def load_ipython_extension(ipython: Any) -> None:
    """Install the exception handler and the display of bytes, and print the banner."""
    ipython.set_custom_exc((ApeException, Layer2Error), _handle)
    ipython.display_formatter.formatters["text/plain"].for_type(bytes, _show_bytes)
    print(banner())


def banner() -> str:
    """Return the first lines of the console: the chain, the accounts, the families and the help."""
    import ape

    from layer2.ethereum.accounts import ROLES
    from layer2.primitives.units import format_amount

    provider = ape.networks.active_provider
    lines = ["layer2 console"]
    if provider is not None:
        lines[0] += f" on {provider.network.choice}, chain {provider.chain_id}"
        if provider.network.is_dev:
            test_accounts = [ape.accounts.test_accounts[index] for index in range(len(ROLES))]
            least = min(int(one.balance) for one in test_accounts) // 10**18 * 10**18
            lines.append(f"accounts  {', '.join(ROLES)} ({format_amount(least)} each)")
    lines.append("families  channels, rollup, plasma")
    lines.append("help      help_l2(), or help_l2(channels) for one family; %tb shows the last traceback in full")
    return "\n".join(lines)


def one_line_of(error: Layer2Error) -> str:
    """Return the error's class and message in one line."""
    name, text = type(error).__name__, " ".join(str(error).split())
    return text if text.startswith(f"{name}:") else f"{name}: {text}"


def _handle(
    shell: Any, kind: type[BaseException], error: BaseException, trace: TracebackType, tb_offset: int | None = None
) -> None:
    # `%tb` reads these.
    sys.last_type, sys.last_value, sys.last_traceback = kind, error, trace
    if isinstance(error, Layer2Error):
        print(one_line_of(error), file=sys.stderr)
    else:
        custom_exception_handler(shell, kind, error, trace, tb_offset)  # type: ignore[no-untyped-call]


def _show_bytes(value: bytes, printer: Any, cycle: bool) -> None:
    # Hashes and addresses are read in hex; any other bytes stay as Python shows them.
    printer.text(f"0x{value.hex()}" if len(value) in (20, 32) else repr(value))
