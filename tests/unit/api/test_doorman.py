"""Who is let in when there are too many, and who gives way: by address, by what it has asked, by how long ago."""

from __future__ import annotations

from typing import Any, cast

from aiohttp import web

from layer2.api.http.connection_limits import Client, ConnectionLimiter


class Guest:
    """A connection as the doorman sees it."""

    def __init__(self, group: str, since: float = 0.0, *, asking: bool = False, answered: bool = False) -> None:
        self.group, self.since, self.asking, self.answered = group, since, asking, answered
        self.is_cut = False

    def cut(self) -> None:
        self.is_cut = True


def door(most: int, most_per_address: int) -> ConnectionLimiter:
    return ConnectionLimiter(cast(web.Server, None), most, most_per_address)


def admits(doorman: ConnectionLimiter, guest: Guest) -> bool:
    return doorman.admits(cast(Client, guest))


def let_in(doorman: ConnectionLimiter, *guests: Guest) -> list[Any]:
    assert all(admits(doorman, one) for one in guests)
    return list(guests)


def test_an_address_has_so_many_connections_and_gives_way_to_itself_alone() -> None:
    doorman = door(10, 2)
    mine, theirs = let_in(doorman, Guest("a", 1), Guest("a", 2)), let_in(doorman, Guest("b", 0))
    assert admits(doorman, Guest("a", 3))
    # Of its own the oldest, and not the other's, which is older still.
    assert [one.is_cut for one in (*mine, *theirs)] == [True, False, False]


def test_so_many_connections_in_all_give_way_whosever_they_are() -> None:
    doorman = door(3, 3)
    guests = let_in(doorman, Guest("a", 2), Guest("b", 1), Guest("c", 3))
    assert admits(doorman, Guest("d", 4))
    assert [one.is_cut for one in guests] == [False, True, False]


def test_who_has_never_asked_gives_way_before_who_has() -> None:
    doorman = door(3, 3)
    guests = let_in(doorman, Guest("a", 1, answered=True), Guest("b", 5), Guest("c", 2, answered=True))
    for at, gone in enumerate((1, 0, 2)):
        assert admits(doorman, Guest("d", 9 + at, asking=True))
        assert guests[gone].is_cut
        assert sum(one.is_cut for one in guests) == at + 1


def test_who_is_being_answered_stays_and_a_newcomer_is_turned_away() -> None:
    doorman = door(2, 2)
    guests = let_in(doorman, Guest("a", 1, asking=True), Guest("b", 2, asking=True))
    assert not admits(doorman, Guest("c", 3))
    assert not any(one.is_cut for one in guests)
    guests[1].asking = False
    assert admits(doorman, Guest("c", 3))
    assert [one.is_cut for one in guests] == [False, True]


def test_an_address_that_is_being_answered_on_all_its_lines_gets_no_other() -> None:
    doorman = door(10, 2)
    let_in(doorman, Guest("a", 1, asking=True), Guest("a", 2, asking=True), Guest("b", 0))
    assert not admits(doorman, Guest("a", 3))
    assert admits(doorman, Guest("b", 3))
