"""Finds every function of the library that decodes external data, and calls it with malformed inputs.

A decoder is found by its name and its parameter types, so that new ones are tried without being listed. One rule
applies to all: for any input, a decoder returns a value or raises a typed error in time.
"""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
import random
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import layer2
from layer2.primitives.errors import Layer2Error

__all__ = [
    "GONE",
    "WORDS",
    "Decoder",
    "Fall",
    "Tried",
    "changed",
    "decoders",
    "hostile_bytes",
    "hostile_texts",
    "hostile_values",
    "places",
    "try_out",
]

_NAME = re.compile(
    r"^(decode|parse|read|from|load|unpack|split|records|opened)(_\w+)?$"
    r"|^(to_address|address_bytes|bytes_of|number_of|listed|recover\w*|to_compact|error_of|owner_of)$"
    r"|_(from|of)_(json|bytes|text|packed)$"
)
# `load_ipython_extension` has the name that IPython wants and decodes nothing.
_PASSED_OVER = ("layer2.testing", "layer2.artifacts", "layer2.ape.ipython")
SLOW = 3.0
"""Maximum seconds of a response: the longest time for which one input of some megabytes may block a service."""


@dataclass(frozen=True, slots=True)
class Decoder:
    """A decoding function; `takes` lists the annotations of its required parameters."""

    key: str
    call: Callable[..., Any]
    takes: tuple[str, ...]
    is_method: bool


@dataclass(frozen=True, slots=True)
class Fall:
    """An input for which the decoder raised no typed error, or took too long."""

    key: str
    given: str
    what: str


@dataclass(slots=True)
class Tried:
    """Results of trying a decoder: the numbers of all inputs, of decoded ones and of rejected ones."""

    inputs: int = 0
    read: int = 0
    refused: int = 0
    fall: Fall | None = None


def decoders() -> dict[str, Decoder]:
    """Return every decoder of the library by module and name."""
    found: dict[str, Decoder] = {}
    for info in pkgutil.walk_packages(layer2.__path__, "layer2."):
        if info.name.startswith(_PASSED_OVER):
            continue
        module = importlib.import_module(info.name)
        for name, thing in list(vars(module).items()):
            if inspect.isclass(thing) and thing.__module__ == info.name:
                for inner, member in list(vars(thing).items()):
                    _note(found, f"{info.name}:{name}.{inner}", inner, member, getattr(thing, inner, None))
            elif inspect.isfunction(thing) and thing.__module__ == info.name:
                _note(found, f"{info.name}:{name}", name, thing, thing)
    return found


def _note(found: dict[str, Decoder], key: str, name: str, member: Any, call: Any) -> None:
    plain = member.__func__ if isinstance(member, classmethod | staticmethod) else member
    if not inspect.isfunction(plain) or not _NAME.search(name) or inspect.isabstract(plain):
        return
    rows = list(inspect.signature(plain).parameters.values())
    is_method = bool(rows) and rows[0].name == "self"
    rows = rows[1:] if rows and rows[0].name in ("self", "cls") else rows
    needed = [one for one in rows if one.default is one.empty and one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)]
    found[key] = Decoder(key, call, tuple(str(one.annotation) for one in needed), is_method)


# -------------------------------------------------------------------------------------------------------- inputs


def hostile_bytes(samples: list[bytes], chance: random.Random) -> Iterator[bytes]:
    """Yield bytes endlessly: simple malformed ones, then valid ones with changed lengths, bits and pieces."""
    yield from (b"", b"\0", b"\xff", b"{", b"[" * 100_000, b'{"a":' * 100_000, b"\0" * 70_000, b"\xff" * 70_000)
    for size in (1, 2, 19, 20, 21, 31, 32, 33, 39, 63, 64, 65, 66, 95, 96, 97, 128, 131, 496, 4_096, 65_535, 65_536):
        yield from (bytes(size), b"\xff" * size, chance.randbytes(size))
    for tag in range(256):
        yield bytes((tag,)) + chance.randbytes(chance.randrange(200))
    yield from samples
    for one in samples:
        for at in sorted({*range(min(len(one), 60)), *(chance.randrange(len(one) or 1) for _ in range(40))}):
            yield one[:at]
            for value in (0, 1, 0x7F, 0x80, 0xFF):
                yield one[:at] + bytes((value,)) + one[at + 1 :]
            yield one[:at] + b"\xff\xff\xff\xff" + one[at + 4 :]
        yield from (one + b"\0", one + one, one * 3, b"\0" + one, one[1:])
    while True:
        if not samples or chance.random() < 0.2:
            yield chance.randbytes(chance.choice((3, 17, 40, 66, 107, 120, 300, 2_000)))
            continue
        data = bytearray(chance.choice(samples))
        for _ in range(chance.randrange(1, 5)):
            at, way = chance.randrange(len(data) + 1), chance.randrange(5)
            if way == 0:
                data[at : at + 1] = chance.randbytes(1)
            elif way == 1:
                del data[at : at + chance.choice((1, 2, 4, 20, 32))]
            elif way == 2:
                data[at:at] = chance.randbytes(chance.choice((1, 2, 4, 20, 32)))
            elif way == 3:
                data[at : at + 4] = chance.choice((b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff"))
            elif data:
                other = chance.choice(samples)
                data[at:] = other[chance.randrange(len(other) + 1) :]
        yield bytes(data)


_NUMBERS: tuple[Any, ...] = (
    0, 1, -1, True, False, 255, 256, 1 << 32, (1 << 64) - 1, 1 << 64, -(1 << 64), 1 << 128, 1 << 256, 1 << 20_000, 0.0,
    0.5, -0.0, 1e308, float("nan"), float("inf"),
)  # fmt: skip
WORDS: tuple[str, ...] = (
    "", " ", "0", "-1", "1e3", "0x", "0x0", "0xzz", "0x 1", "٣", "\ud800", "\0", "x" * 70_000, "9" * 5_000,
    "0x" + "f" * 40, "0x" + "00" * 20, "0x" + "11" * 32, "0x" + "22" * 64, "0x" + "22" * 65, "0x" + "ff" * 70_000,
    "null", "é" * 20,
)  # fmt: skip
"""Text in place of a number, an address or bytes."""


def _deep(levels: int, kind: str) -> Any:
    made: Any = 0
    for _ in range(levels):
        made = [made] if kind == "list" else {"a": made}
    return made


def hostile_values(samples: list[Any], chance: random.Random) -> Iterator[Any]:
    """Yield values that a JSON parser may or may not return: first alone, then in every place of valid values."""
    plain: list[Any] = [None, *_NUMBERS, *WORDS, [], {}, [None], {"": None}, [[]], [{}], {"a": []}, b"", b"\xff" * 40]
    plain += [_deep(500, "list"), _deep(500, "dict"), [0] * 70_000, {str(n): n for n in range(70_000)}, object(), ()]
    yield from plain
    yield from samples
    for one in samples:
        for path in places(one):
            for value in plain:
                yield changed(one, path, value)
            yield changed(one, path, GONE)
    if not samples:
        return
    while True:
        one = chance.choice(samples)
        for _ in range(chance.randrange(1, 4)):
            paths = list(places(one))
            one = changed(one, chance.choice(paths), chance.choice([*plain, GONE])) if paths else one
        yield one


GONE = object()
"""Marker that removes a place instead of replacing its value."""
Path = tuple[Any, ...]


def places(value: Any, before: Path = ()) -> Iterator[Path]:
    """Yield every place within a JSON value, for lists the first three."""
    if isinstance(value, dict):
        for key in list(value)[:40]:
            yield (*before, key)
            yield from places(value[key], (*before, key))
    elif isinstance(value, list):
        for at in range(min(len(value), 3)):
            yield (*before, at)
            yield from places(value[at], (*before, at))


def changed(value: Any, path: Path, to: Any) -> Any:
    """Return the value with one place replaced."""
    if not path:
        return to
    copy = dict(value) if isinstance(value, dict) else list(value)
    if len(path) == 1 and to is GONE:
        del copy[path[0]]
    else:
        copy[path[0]] = changed(copy[path[0]], path[1:], to)
    return copy


def hostile_texts(samples: list[str], chance: random.Random) -> Iterator[str]:
    """Yield text: words, JSON of every kind of wrong value, and valid text with changed characters."""
    yield from WORDS
    yield from ("{", "[" * 100_000, '{"a":' * 100_000, "[" * 60 + "]" * 60, '"' * 70_001, "NaN", "[NaN]", "-Infinity")
    yield from ("[" + "9" * 5_000 + "]", "[" + "0," * 70_000 + "0]", '{"a": 1, "a": 2}', "\ufeff{}", "[1.5e999]", "{}")
    objects = []
    for one in samples:
        yield one
        try:
            objects.append(json.loads(one))
        except ValueError:
            continue
    for value in hostile_values(objects, chance) if objects else ():
        try:
            yield json.dumps(value)
        except (TypeError, ValueError, RecursionError):
            continue
        if chance.random() < 0.02:
            break
    while True:
        text = list(chance.choice(samples)) if samples else list("0x12")
        for _ in range(chance.randrange(1, 5)):
            at = chance.randrange(len(text) + 1)
            if chance.random() < 0.5:
                text[at : at + chance.randrange(3)] = chance.choice('{}[]",:0123456789abcdefx-.eE \ud800\0é')
            else:
                del text[at : at + chance.choice((1, 1, 8))]
        yield "".join(text)


def _integers(samples: list[Any], chance: random.Random) -> Iterator[int]:
    yield from (one for one in _NUMBERS if type(one) is int)
    while True:
        yield chance.getrandbits(chance.choice((1, 8, 16, 32, 64, 65, 128, 256, 300))) * chance.choice((1, 1, 1, -1))


def _rows(samples: list[Any], chance: random.Random) -> Iterator[list[bytes]]:
    yield from ([], [b""], [b""] * 70_000)
    for one in hostile_bytes([part for row in samples for part in row], chance):
        yield [one]
        yield [one] * chance.randrange(1, 4)


_KINDS: dict[str, Callable[[list[Any], random.Random], Iterator[Any]]] = {
    "bytes": hostile_bytes,
    "str": hostile_texts,
    "str | int": hostile_values,
    "str | bytes": hostile_bytes,
    "int": _integers,
    "Any": hostile_values,
    "object": hostile_values,
    "Mapping[str, Any]": hostile_values,
    "Sequence[bytes]": _rows,
}


def is_plain(one: Decoder) -> bool:
    """Return True if a decoder can be tried directly: it is not a method, and its parameter types are known here."""
    return not one.is_method and bool(one.takes) and all(kind in _KINDS for kind in one.takes)


def try_out(
    key: str,
    call: Callable[..., Any],
    takes: tuple[str, ...],
    seconds: float,
    samples: Mapping[int, list[Any]] | None = None,
    seed: int = 1,
) -> Tried:
    """Call a decoder with malformed inputs for `seconds`, and at least with the simple ones of each parameter.

    Valid samples are tried first and unchanged, so that their mutations reach deep into the decoder.

    Args:
        takes: Types of the parameters, see `Decoder`.
        samples: Valid values by parameter position, as recorded during use of the library.
    """
    chance, done, known = random.Random(seed), Tried(), samples or {}
    good = [known.get(place) or [_ORDINARY.get(kind, b"")] for place, kind in enumerate(takes)]
    feeds = [_KINDS[kind](_fitting(kind, known.get(place, ())), chance) for place, kind in enumerate(takes)]
    for sample in zip(*good, strict=False):
        if done.fall is None:
            _one(key, call, list(sample), done)
    until, least = time.monotonic() + seconds, 40
    while done.fall is None and (time.monotonic() < until or done.inputs < least):
        progress = False
        for place, feed in enumerate(feeds):
            value = next(feed, GONE)
            if value is GONE:
                continue
            progress = True
            given = [value if at == place else chance.choice(good[at]) for at in range(len(takes))]
            _one(key, call, given, done)
        if not progress:
            break
    return done


def _fitting(kind: str, rows: Iterable[Any]) -> list[Any]:
    """Return samples, with text encoded to bytes if the parameter also accepts bytes."""
    return [one.encode() if "bytes" in kind and isinstance(one, str) else one for one in rows]


_ORDINARY: dict[str, Any] = {"bytes": bytes(32), "str": "0x" + "11" * 20, "int": 1, "str | int": 1}


def _one(key: str, call: Callable[..., Any], given: list[Any], done: Tried) -> None:
    done.inputs += 1
    begun = time.monotonic()
    try:
        found = call(*given)
        if inspect.isgenerator(found):
            for _ in found:
                pass
        done.read += 1
    except Layer2Error as error:
        str(error)
        done.refused += 1
    except Exception as error:
        done.fall = Fall(key, _short(given), f"{type(error).__name__}: {str(error)[:200]}")
    if time.monotonic() - begun > SLOW:
        done.fall = Fall(key, _short(given), f"took {time.monotonic() - begun:.1f} s")


def _short(given: list[Any]) -> str:
    try:
        return f"{given!r:.300}"
    except (ValueError, RecursionError):
        return "something that cannot be shown"
