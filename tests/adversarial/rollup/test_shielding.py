"""What cannot be handled hides nothing behind it, and what is idle asks for nothing: the challenger under strain."""

from __future__ import annotations

import pytest

from layer2.cli.common.daemons import Daemon, NotDone, Troubles, run_daemons
from layer2.ethereum.errors import ConnectionFailed
from layer2.ethereum.sender import Sender
from layer2.primitives.errors import FatalError
from layer2.rollup.l1.blob_sources import Blobs
from layer2.rollup.state.commitments import Status
from layer2.rollup.validator.challenger import Challenger
from layer2.rollup.validator.proposer import Proposer
from layer2.store.blob_archive import Archive
from layer2.store.errors import JournalError
from layer2.testing.adversaries.rollup.fraud_corpus import assert_roots, right_roots

from .test_bad_times import funded


def lie(l2, person, mark: int):
    """An assertion over the whole inbox that ends in a root of nothing."""
    replica = l2.challenger.replica
    replica.step()
    roots = right_roots(replica, replica.final(), len(replica.entries))
    roots[-1] = b"\0" + bytes(30) + bytes((mark,))
    claim = assert_roots(l2, replica.final(), len(replica.entries), roots, Sender(l2.connection, person))
    replica.step()
    return claim


class Unprovable(Challenger):
    """Fails at one claim with what no program expects."""

    def __init__(self, *args) -> None:
        super().__init__(*args)
        self.stone = b""
        self.failure: Exception = IndexError("tuple index out of range")

    def prove(self, claim, segment):
        if claim.id == self.stone:
            raise self.failure
        return super().prove(claim, segment)


@pytest.fixture
def challenger(l2, chain, people) -> Unprovable:
    return Unprovable(l2.rollup, Sender(chain, people.challenger), l2.replica())


@pytest.mark.parametrize("failure", [IndexError("tuple index out of range"), ConnectionFailed("no answer to this")])
def test_one_claim_that_cannot_be_handled_shields_none_behind_it(l2, chain, people, challenger, failure) -> None:
    funded(l2, people)
    first, second, third = (lie(l2, people.attacker, mark) for mark in (1, 2, 3))
    challenger.stone, challenger.failure = second.id, failure
    assert len(challenger.step()) == 2
    chain.mine(l2.profile.reveal_blocks)
    assert len(challenger.step()) == 2
    standing = [l2.rollup.status(one.id)[2] for one in (first, second, third)]
    assert standing == [Status.INVALID, Status.OPEN, Status.INVALID]
    assert challenger.faults == {second.id: str(failure)}
    # Once it can be handled, it is, and nothing is complained of any more.
    challenger.stone = b""
    challenger.step()
    chain.mine(l2.profile.reveal_blocks)
    challenger.step()
    assert challenger.faults == {}
    assert l2.rollup.status(second.id)[2] is Status.INVALID


def test_a_chain_that_does_not_answer_ends_the_step(l2, chain, people, challenger, monkeypatch) -> None:
    funded(l2, people)
    challenger.stone, challenger.failure = lie(l2, people.attacker, 1).id, ConnectionFailed("away")

    def away() -> int:
        raise ConnectionFailed("away")

    monkeypatch.setattr(chain, "block_number", away)
    with pytest.raises(ConnectionFailed):
        challenger.step()


class Listening:
    """A node that counts what it is asked."""

    def __init__(self, backend) -> None:
        self._backend = backend
        self.asked: list[str] = []

    def __getattr__(self, name: str):
        found = getattr(self._backend, name)
        if callable(found):
            self.asked.append(name)
        return found


@pytest.mark.parametrize("chain", ["tester"], indirect=True)
def test_an_idle_step_asks_the_chain_as_much_after_many_assertions_as_after_few(
    l2, chain, people, challenger, monkeypatch
) -> None:
    funded(l2, people)
    proposer = Proposer(l2.rollup, Sender(chain, people.stranger), l2.replica())

    def asked() -> int:
        challenger.step()
        proposer.step()
        listening = Listening(chain.backend)
        with monkeypatch.context() as patch:
            patch.setattr(chain, "backend", listening)
            assert challenger.step() == []
            assert proposer.step() == []
        return len(listening.asked)

    l2.settle()
    few = asked()
    for _ in range(6):
        l2.wallet(people.payer).deposit(1)
        l2.post()
        l2.settle()
    for _ in range(4):
        l2.wallet(people.payer).deposit(1)
        l2.post()
        l2.proposer.step()
    assert len(l2.replica().claims) == 1
    assert asked() <= few + 1  # the time, now that something may become due
    assert len(challenger.replica.claims) == 12


def test_a_proof_announced_at_the_last_moment_convicts_and_one_announced_too_late_is_worthless(
    l2, chain, people, challenger
) -> None:
    """The real window: what is announced in the last `revealBlocks` can be shown only when it is final already."""
    funded(l2, people)
    timely, late = lie(l2, people.attacker, 1), lie(l2, people.attacker, 2)
    challenger.replica.step()
    assert challenger.last_moment(timely) == l2.rollup.status(timely.id)[1] + l2.profile.window - 12 * (
        l2.profile.reveal_blocks + 2
    )
    challenger.stone = late.id
    chain.advance(challenger.last_moment(timely) - chain.timestamp() - 1)
    assert len(challenger.step()) == 1
    for _ in range(l2.profile.reveal_blocks):
        chain.advance(12)
    challenger.stone = b""
    # It shows the one and announces the other, with less than `revealBlocks` of the window left.
    assert len(challenger.step()) == 2
    assert l2.rollup.status(timely.id)[2] is Status.INVALID
    assert chain.timestamp() > challenger.last_moment(late)
    for _ in range(l2.profile.reveal_blocks + 1):
        chain.advance(12)
    l2.rollup.finalize(Sender(chain, people.attacker), late)
    challenger.step()
    assert l2.rollup.status(late.id)[2] is Status.FINAL


# ----------------------------------------------------------------------------------------------------------- the loop


def rounds(*steps):
    """A step that does one thing after the other, and then fails for good."""
    rest = iter(steps)

    def step() -> list[str]:
        one = next(rest)
        if isinstance(one, Exception):
            raise one
        return [one]

    return step


@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), IndexError("7"), ConnectionFailed("away")])
def test_what_one_daemon_fails_with_stops_no_other_and_is_told_and_costs_the_exit_code(capsys, failure) -> None:
    with pytest.raises(type(failure)):
        run_daemons(
            [Daemon("state", rounds(failure), quiet=True), Daemon("challenger", rounds("convicted"))], 0, once=True
        )
    out = capsys.readouterr().out
    assert "challenger  convicted" in out
    assert "not done, retrying" in out


def test_trouble_without_an_error_costs_the_exit_code_too(capsys) -> None:
    troubles = Troubles()
    daemon = Daemon("challenger", lambda: ["one done"], trouble=lambda: ["another not"])
    with pytest.raises(NotDone, match="another not"):
        run_daemons([daemon], 0, once=True, troubles=troubles)
    assert troubles.lines() == ["challenger: another not"]
    assert "TROUBLE another not" in capsys.readouterr().out
    run_daemons([Daemon("challenger", lambda: [])], 0, once=True)


def test_a_daemon_that_must_not_go_on_is_left_out_and_the_others_go_on(capsys) -> None:
    class Broken(FatalError):
        pass

    seen = []

    def step() -> list[str]:
        seen.append(1)
        if len(seen) == 3:
            import signal

            signal.raise_signal(signal.SIGTERM)
        return []

    fatal = Daemon("sequencer", rounds(Broken("its journal is damaged")))
    with pytest.raises(Broken):
        run_daemons([fatal, Daemon("challenger", step)], 0)
    assert len(seen) == 3
    assert capsys.readouterr().out.count("ended: its journal is damaged") == 1


def test_a_full_disk_keeps_no_blob_and_holds_nothing_up(l2, chain, people) -> None:
    class Full(Archive):
        def put(self, key: bytes, data: bytes) -> None:
            raise JournalError("archive: database or disk is full")

    class Source:
        def fetch(self, versioned_hash: bytes, block: int) -> bytes | None:
            return blob

    from layer2.primitives.kzg import hash_of_blob
    from layer2.rollup.protocol.blob_encoding import to_blobs

    (blob,) = to_blobs(bytes(496))
    blobs = Blobs([Source()], Full())
    assert blobs.get(hash_of_blob(blob), 1) == blob
    assert "disk is full" in blobs.refused
    blobs.keep(blob)
    assert Blobs([Source()]).refused == ""
