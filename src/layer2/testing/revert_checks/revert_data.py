"""Raw revert data of an exception of this library, web3, eth-tester, or Ape on either provider.

No exception type is imported, because web3 users have neither Ape nor eth-tester. The attributes of each source were
determined by experiment and are pinned by tests. Ape's own classes lose the data, so the exceptions behind them are
read.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from layer2.ethereum.errors import ContractReverted

__all__ = ["revert_data"]


def revert_data(failure: BaseException) -> bytes | None:
    """Return the bytes of a contract's revert (empty without data), or `None` if no contract reverted."""
    for link in _chain(failure):
        data = _own_data(link)
        if data is not None:
            return data
    return None


def _chain(failure: BaseException) -> Iterator[BaseException]:
    """Yield the exception and its explicit causes, without exceptions that were merely being handled."""
    seen: set[int] = set()
    link: BaseException | None = failure
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        base = getattr(link, "base_err", None)
        link = base if isinstance(base, BaseException) else link.__cause__ or _tester_origin(link)


def _tester_origin(link: BaseException) -> BaseException | None:
    """Return the original exception, because web3 raises a copy that does not lead to the failed computation."""
    return link.__context__ if _is_tester_failure(link) else None


def _is_tester_failure(link: BaseException) -> bool:
    kind = type(link)
    return kind.__name__ == "TransactionFailed" and kind.__module__.startswith("eth_tester")


def _own_data(link: BaseException) -> bytes | None:
    if isinstance(link, ContractReverted):
        return link.data
    kind = type(link)
    if kind.__module__.startswith("web3."):
        return _hex(getattr(link, "data", None))
    if _is_tester_failure(link):
        return _computation_data(link)
    if _is_foundry_call(link):
        # A failed call on foundry has no data, but its trace is a replay that ends with it.
        return _hex(getattr(getattr(link, "trace", None), "return_value", None))
    return None


def _is_foundry_call(link: BaseException) -> bool:
    base = getattr(link, "base_err", None)
    reverted = type(base).__name__ == "ProviderError" and str(base).startswith("execution reverted")
    return reverted and getattr(link, "txn", None) is None


def _computation_data(link: BaseException) -> bytes | None:
    """Return the output of the failed computation; the message is ambiguous, as a string may look like bytes."""
    frame = link.__traceback__
    while frame is not None:
        computation = frame.tb_frame.f_locals.get("computation")
        error: Any = getattr(computation, "_error", None)
        if type(error).__name__ == "Revert" and error.args and isinstance(error.args[0], bytes):
            return error.args[0]
        frame = frame.tb_next
    return None


def _hex(value: object) -> bytes | None:
    if isinstance(value, bytes):
        return bytes(value)
    if isinstance(value, str) and value.startswith("0x"):
        return bytes.fromhex(value[2:])
    return None
