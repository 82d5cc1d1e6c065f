"""Data challenges: asking to have a withheld block shown, showing what others ask for, freezing in the end."""

from __future__ import annotations

from layer2.plasma.common.watcher.actions import Plan
from layer2.plasma.payments.watcher.sync import WatchState
from layer2.primitives.hashing import keccak

__all__ = ["questions"]


def questions(watcher: WatchState, asker: bytes, after: int | None, now: int) -> list[Plan]:
    """What is due: a question for the oldest withheld block, answers to open ones, the end of overdue ones.

    Args:
        asker: who asks; each asks for another transaction.
        after: seconds that a block may be missing before it is asked for; None asks for none.
    """
    view, profile = watcher.view, watcher.root_chain.profile
    if view.frozen:
        return []
    missing = watcher.missing()
    plans = []
    for (number, index), one in view.questions.items():
        if not one.until:
            continue
        subject = number.to_bytes(5, "big") + index.to_bytes(4, "big")
        proof = None if number in missing else watcher.evidence.proof(number, index)
        if proof is not None:
            plans.append(Plan("showData", subject, (proof.as_tuple(),), profile.data_bond, one.until))
        elif now >= one.until:
            plans.append(Plan("freeze", subject, (number, index), profile.data_bond, now + 1))
    if missing and after is not None:
        number = missing[0]
        header = view.headers[number]
        asked = any(at == number for at, _ in view.questions)
        if not asked and now - header.time >= after:
            # Each watcher another one: what is shown of it cannot be prepared.
            index = int.from_bytes(keccak(asker + header.hash)[:8], "big") % header.count
            word = header.time << 32 | header.count
            arguments = (number, index, header.root, word)
            subject = number.to_bytes(5, "big") + index.to_bytes(4, "big")
            value = profile.data_bond
            plans.append(Plan("challengeData", subject, arguments, value, now + 1, value=value))
    return plans
