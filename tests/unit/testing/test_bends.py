"""Bends find every dynamic member, change lengths and offsets alone, and leave what was given as it was."""

from __future__ import annotations

from itertools import pairwise

from eth_abi.abi import decode, encode

from layer2.testing.fuzz.abi_mutations import bent, members, stretched

TYPES = ["uint256", "bytes", "(uint64,bytes,bytes32[])[]", "uint256[2]", "bytes32[]"]
WORDS = [bytes([number]) * 32 for number in range(1, 4)]
VALUES = (7, b"mine" * 10, ((1, b"inner", (WORDS[0],)), (2, b"", ())), (5, 6), tuple(WORDS))
DATA = encode(TYPES, VALUES)
STRANGER = b"\xee" * 96


def test_every_dynamic_member_is_found_with_its_content() -> None:
    found = {one.path: one for one in members(TYPES, DATA)}
    assert set(found) == {(1,), (2,), (2, 0), (2, 0, 1), (2, 0, 2), (2, 1), (2, 1, 1), (2, 1, 2), (4,)}
    assert found[1,].content(DATA) == VALUES[1]
    assert found[2, 0, 1].content(DATA) == b"inner"
    assert found[4,].content(DATA) == b"".join(WORDS)
    # What holds dynamic things has no content of its own.
    assert found[2,].content(DATA) is found[2, 0].content(DATA) is None


def test_static_data_has_no_member_and_can_only_be_cut_or_followed() -> None:
    data = encode(["uint256", "uint256[2]"], (1, (2, 3)))
    assert members(["uint256", "uint256[2]"], data) == []
    shapes = list(bent(["uint256", "uint256[2]"], data, attacker=STRANGER))
    assert {one.name.partition(":")[0] for one in shapes} == {"all"}
    assert all(one.data != data and (one.data in data or one.data.startswith(data)) for one in shapes)


def test_each_member_is_emptied_shortened_lengthened_and_moved_onto_each_other() -> None:
    alone = {one.name: one.data for one in bent(TYPES, DATA, attacker=STRANGER) if ";" not in one.name}
    assert DATA not in alone.values()
    for path in ("1", "4", "2.0.1"):
        names = {name for name in alone if name.startswith(f"{path}:")}
        assert {f"{path}:nothing, then the attacker's", f"{path}:behind the end"} <= names
        assert sum("onto" in name for name in names) >= 6
        assert sum("of length" in name for name in names) >= 9
    nothing = decode(TYPES, alone["1:nothing, then the attacker's"])
    assert nothing == (VALUES[0], b"", *VALUES[2:])
    assert decode(TYPES, alone["4:2 of 3, then the attacker's"])[4] == tuple(WORDS[:2])
    assert decode(TYPES, alone["4:4 of 3, then the attacker's"])[4] == (*WORDS, STRANGER[:32])
    assert decode(TYPES, alone["1:41 of 40, then the attacker's"], strict=False)[1] == b"mine" * 10 + b"\xee"
    assert decode(TYPES, alone["all:followed by the attacker's"]) == VALUES


def test_a_donor_of_words_is_counted_in_words() -> None:
    donor = {(4,): WORDS[2] + WORDS[0]}
    shapes = {one.name: one.data for one in bent(TYPES, DATA, attacker=STRANGER, donors=donor)}
    assert decode(TYPES, shapes["4:another form"])[4] == (WORDS[2], WORDS[0])


def test_a_few_of_them_hold_what_tells_most_for_every_member_and_none_twice() -> None:
    for seed, most in ((1, 0), (2, 10), (3, 50)):
        few = [one.name for one in bent(TYPES, DATA, attacker=STRANGER, most=most, seed=seed)]
        assert len(few) == len(set(few))
        for path in ("1", "2", "2.0.1", "4"):
            assert f"{path}:nothing, then the attacker's" in few
        more = [name for name in few if ";" in name]
        assert len(more) == most - most // 2
    assert few == [one.name for one in bent(TYPES, DATA, attacker=STRANGER, most=50, seed=3)]
    assert few != [one.name for one in bent(TYPES, DATA, attacker=STRANGER, most=50, seed=4)]


def test_packed_bytes_are_cut_followed_and_given_other_lengths() -> None:
    data = b"\x05hello\x00\x03bye"
    shapes = {one.name: one.data for one in stretched(data, [(0, 1), (6, 2)], attacker=STRANGER)}
    assert shapes["nothing"] == b""
    assert shapes["short by 1"] == data[:-1]
    assert shapes["without its first 2"] == data[2:]
    assert shapes["4 at 0"] == b"\x04" + data[1:]
    assert shapes["65535 at 6"] == data[:6] + b"\xff\xff" + data[8:]
    assert shapes["4 at 0 and 4 at 6"] == b"\x04" + data[1:6] + b"\x00\x04" + data[8:]
    assert shapes["4 at 0, then the attacker's"] == shapes["4 at 0"] + STRANGER
    # Those without another length come first, single lengths before pairs.
    kinds = [" and " in one for one in shapes if " at " in one]
    assert all(first <= second for first, second in pairwise(kinds))
