"""The loop of the service goes on after what passes, and ends with what does not."""

from __future__ import annotations

import time
from collections.abc import Callable

from layer2.api.plasma.payments_service import PlasmaService
from layer2.plasma.payments.chain.events import BlockSubmitted
from layer2.plasma.payments.operator.operator import Operator
from layer2.plasma.protocol.blocks import Header

from .conftest import PAYER, Ground, pay


def until(true: Callable[[], bool]) -> bool:
    for _ in range(500):
        if true():
            return True
        time.sleep(0.01)
    return False


def test_deposits_that_are_gone_for_a_while_do_not_end_the_loop(operator: Operator, ground: Ground) -> None:
    operator.submit(pay(ground.deposit(PAYER)))
    operator.step()
    ground.take_back(2)
    with PlasmaService(operator, interval=0.01) as service:
        assert until(lambda: service.failure is not None and "removed deposits" in service.failure)
        ground.deposit(PAYER)
        assert until(lambda: service.failure is None and len(ground.posted()) == 1)


def test_a_block_of_somebody_else_ends_it_and_it_says_so(operator: Operator, ground: Ground) -> None:
    ground.add(BlockSubmitted(1, Header(bytes(31) + b"\1", 5, 1)))
    with PlasmaService(operator, interval=0.01) as service:
        assert until(lambda: service.failure is not None)
        assert service.health()["ok"] is False
        assert operator.halted is not None
