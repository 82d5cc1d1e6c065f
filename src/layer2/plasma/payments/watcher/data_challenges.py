"""Data challenges: request a withheld block's transaction, respond to requests of others, and freeze the chain."""

from __future__ import annotations

from layer2.plasma.common.watcher.actions import Plan
from layer2.plasma.payments.watcher.watched_blocks import PaymentBlocks
from layer2.primitives.hashing import keccak

__all__ = ["questions"]


def questions(blocks: PaymentBlocks, asker: bytes, after: int | None, now: int) -> list[Plan]:
    """Return due plans: a challenge of the oldest withheld block, responses to open challenges, and freezes.

    Args:
        asker: seed of the challenged transaction's index; different watchers challenge different transactions.
        after: seconds that a block's body may be missing before it is challenged; None for no challenges.
    """
    view, profile = blocks.view, blocks.root_chain.profile
    if view.frozen:
        return []
    missing = blocks.missing()
    plans = []
    for (number, index), one in view.questions.items():
        if not one.until:
            continue
        subject = number.to_bytes(5, "big") + index.to_bytes(4, "big")
        proof = None if number in missing else blocks.evidence.proof(number, index)
        if proof is not None:
            plans.append(Plan("showData", subject, (proof.as_tuple(),), profile.data_bond, one.until))
        elif now >= one.until:
            plans.append(Plan("freeze", subject, (number, index), profile.data_bond, now + 1))
    if missing and after is not None:
        number = missing[0]
        header = view.headers[number]
        asked = any(at == number for at, _ in view.questions)
        if not asked and now - header.time >= after:
            # Each watcher requests a different transaction, so that the operator cannot prepare the response.
            index = int.from_bytes(keccak(asker + header.hash)[:8], "big") % header.count
            word = header.time << 32 | header.count
            arguments = (number, index, header.root, word)
            subject = number.to_bytes(5, "big") + index.to_bytes(4, "big")
            value = profile.data_bond
            plans.append(Plan("challengeData", subject, arguments, value, now + 1, value=value))
    return plans
