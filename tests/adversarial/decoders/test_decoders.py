"""Whatever comes, every decoder of the library answers with a value or a typed error, and in time.

Decoders are found by name and by the types that they take. A new one that takes bytes, text, numbers or JSON values is
tried at once; one that needs more is missed by the first test here until it is told how it is called.
"""

from __future__ import annotations

import gzip
import io
import itertools
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

import pytest
from tests.support.campaign import NIGHTLY, SEED

from layer2.api.http.json_fields import listed
from layer2.api.plasma.coins_routes import _Handlers as CoinHandlers
from layer2.api.plasma.payments_routes import _Handlers as PlasmaHandlers
from layer2.api.rollup.routes import _Handlers as RollupHandlers
from layer2.channels.protocol import json_codec as wire
from layer2.channels.protocol.proofs import Payment
from layer2.ethereum.abi import select
from layer2.ethereum.artifacts import load_artifact, load_manifest
from layer2.ethereum.assets import Asset
from layer2.ethereum.deployments import Registry
from layer2.ethereum.reverts import ErrorDecoder
from layer2.plasma.common.operator_journal import OperatorJournal as PlasmaPromises
from layer2.plasma.common.watcher.journal import KIND as WATCH
from layer2.plasma.common.watcher.journal import WatcherStore
from layer2.plasma.payments.chain.exit_proof_file import load_kits, parse
from layer2.plasma.payments.utxo.checkpoint import CheckpointStore
from layer2.plasma.payments.utxo.utxo_set import UtxoSet
from layer2.plasma.payments.wallet.wallet_store import KIND as PURSE
from layer2.plasma.payments.wallet.wallet_store import WalletStore
from layer2.primitives.errors import MalformedError
from layer2.primitives.json_text import parse_json
from layer2.rollup.derivation.snapshot import Snapshot
from layer2.rollup.sequencer.journal import SequencerJournal as RollupPromises
from layer2.rollup.state.signature_oracle import Signatures
from layer2.store.journal import Journal
from layer2.testing.fuzz.decoders import Decoder, decoders, is_plain, try_out

SECONDS = 8.0 if NIGHTLY else 0.06
SAMPLES = Path(__file__).with_name("samples.json.gz")
FOUND: dict[str, Decoder] = decoders()
PLAIN = sorted(key for key, one in FOUND.items() if is_plain(one))

NEVER_REFUSED = {
    "layer2.channels.contract.channel_view:PostedClaim.decode": "any word of a slot is a claim",
    "layer2.ethereum.reverts:decode_revert": "what it does not know it says so",
    "layer2.api.http.errors:error_of": "what cannot be read is an error too: Unreachable",
    "layer2.plasma.protocol.packed:read": "lanes of numbers: each is one",
    "layer2.plasma.protocol.packed:split": "verdicts, one a row",
    "layer2.plasma.payments.model.environment:recovered": "nobody, where there is no signature",
    "layer2.rollup.protocol.compressed_amounts:unpack_amount": "any number is an amount",
    "layer2.rollup.state.commitments:unpack_roots": "whole words; the caller counts them",
}
"""Decoders that read whatever comes, and why that is right."""
TOLD_MORE: dict[str, Callable[..., Any]] = {
    # Without the kinds that are expected it refuses every record.
    "layer2.channels.protocol.json_codec:decode": lambda text: wire.decode(text, *get_args(wire.Record)),
}
"""Decoders that are tried with more than what they must be given."""

OWNER = "0x" + "11" * 20
ROOT: Any = SimpleNamespace(connection=SimpleNamespace(chain_id=1), address=OWNER)


def good(key: str) -> dict[int, list[Any]]:
    """What a decoder was given while the library was used properly: `tools/decoder_samples.py` wrote it down."""
    kept: dict[str, dict[str, list[Any]]] = json.loads(gzip.decompress(SAMPLES.read_bytes()))
    return {
        int(place): [
            bytes.fromhex(one["hex"]) if isinstance(one, dict) and set(one) == {"hex"} else one for one in rows
        ]
        for place, rows in kept.get(key, {}).items()
    }


def call_of(key: str) -> Callable[..., Any]:
    return TOLD_MORE.get(key, FOUND[key].call)


# ---------------------------------------------------------------------------- those that need more than an input


def written(folder: Path, read: Callable[[Path], Any]) -> Callable[[bytes], Any]:
    """A reader of files, given bytes."""

    def call(data: bytes) -> Any:
        path = folder / "file"
        path.write_bytes(data)
        return read(path)

    return call


def journal_of(
    folder: Path, kind: str, streams: tuple[str, ...], read: Callable[[Journal], Any]
) -> Callable[[bytes], Any]:
    """The reader of a journal, given one row in each of its streams (in turn) that somebody else wrote."""
    turn = itertools.count()

    def call(data: bytes) -> Any:
        path = folder / f"{next(turn)}.journal"
        with Journal(path, kind=kind) as journal:
            journal.append_durable(streams[next(turn) % len(streams)], data)
            return read(journal)

    return call


def wallet_store(folder: Path) -> Callable[[bytes], Any]:
    streams = ("coin", "gone", "sign", "place", "exit", "game", "since", "doubt", "end", "join", "free", "what")
    turn = itertools.count()

    def call(data: bytes) -> Any:
        path = folder / f"{next(turn)}.purse"
        with Journal(path, kind=PURSE) as journal:
            journal.append_durable(streams[next(turn) % len(streams)], data)
        made = WalletStore(path, "here", OWNER)
        made.close()

    return call


def watched(folder: Path) -> Callable[[bytes], Any]:
    def read(journal: Journal) -> None:
        WatcherStore(journal, "here").replay(lambda *_: None, lambda *_: None)

    return journal_of(folder, WATCH, ("news", "verdict"), read)


def contract_events() -> Callable[[bytes], Any]:
    codecs = [
        one
        for name in load_manifest()["contractTypes" if "contractTypes" in load_manifest() else "contracts"]
        for one in select(load_artifact(name).abi, "event")
    ]
    turn = itertools.count()

    def call(data: bytes) -> Any:
        codec = codecs[next(turn) % len(codecs)]
        topics = [codec.topic, *(data[at : at + 32].ljust(32, b"\0") for at in range(0, 32 * (len(data) % 4), 32))]
        return codec.decode_event(topics, data)

    return call


def functions(what: str) -> Callable[[bytes], Any]:
    codecs = [one for name in ("ChannelHub", "Rollup", "RootChain", "CoinChain")
              for one in select(load_artifact(name).abi, "function")]  # fmt: skip
    turn = itertools.count()
    return lambda data: getattr(codecs[next(turn) % len(codecs)], what)(data)


def handlers(kind: type[Any], what: str) -> Callable[[Any], Any]:
    return lambda data: getattr(kind, what)(kind.__new__(kind), data)


def recorded(folder: Path) -> Callable[[bytes], Any]:
    registry = Registry(folder)

    def call(data: bytes) -> Any:
        path = folder / "1" / "Rollup.json"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
        return registry.load(1, "Rollup", SimpleNamespace(chain_id=1, code=lambda *_: b"\1"))  # type: ignore[arg-type]

    return call


def frozen(folder: Path) -> Callable[[bytes], Any]:
    checkpoints = CheckpointStore(folder, "here", "test")
    name = "ledger.frozen"

    def call(data: bytes) -> Any:
        for path in [*folder.iterdir()] or [folder / name]:
            path.write_bytes(data)
        return checkpoints.load()

    return call


MORE: dict[str, tuple[Callable[[Path], Callable[..., Any]], tuple[str, ...]]] = {
    "layer2.api.plasma.coins_routes:_Handlers.read_bytes": (lambda _: handlers(CoinHandlers, "read_bytes"), ("bytes",)),
    "layer2.api.plasma.coins_routes:_Handlers.read_rows": (lambda _: handlers(CoinHandlers, "read_rows"), ("Any",)),
    "layer2.api.plasma.payments_routes:_Handlers.read_bytes": (
        lambda _: handlers(PlasmaHandlers, "read_bytes"),
        ("bytes",),
    ),
    "layer2.api.plasma.payments_routes:_Handlers.read_rows": (
        lambda _: handlers(PlasmaHandlers, "read_rows"),
        ("Any",),
    ),
    "layer2.api.rollup.routes:_Handlers.read_bytes": (lambda _: handlers(RollupHandlers, "read_bytes"), ("bytes",)),
    "layer2.api.rollup.routes:_Handlers.read_rows": (lambda _: handlers(RollupHandlers, "read_rows"), ("Any",)),
    "layer2.api.http.json_fields:listed": (lambda _: lambda data: listed(data, "rows", 10, lambda _: b""), ("Any",)),
    "layer2.ethereum.abi:Codec.decode_event": (lambda _: contract_events(), ("bytes",)),
    "layer2.ethereum.abi:Codec.decode_inputs": (lambda _: functions("decode_inputs"), ("bytes",)),
    "layer2.ethereum.abi:Codec.decode_outputs": (lambda _: functions("decode_outputs"), ("bytes",)),
    "layer2.ethereum.assets:Asset.parse": (lambda _: Asset(OWNER, 6, "USD").parse, ("str | int",)),  # type: ignore[arg-type]
    "layer2.ethereum.deployments:Registry.load": (recorded, ("bytes",)),
    "layer2.ethereum.reverts:ErrorDecoder.decode": (
        lambda _: ErrorDecoder(load_artifact("ChannelHub").abi).decode,
        ("bytes",),
    ),
    "layer2.plasma.payments.chain.exit_proof_file:load_kits": (
        lambda folder: written(folder, lambda path: load_kits(path, ROOT)),
        ("bytes",),
    ),
    "layer2.plasma.payments.chain.exit_proof_file:parse": (lambda _: lambda text: parse(text, ROOT), ("str",)),
    "layer2.plasma.payments.utxo.checkpoint:CheckpointStore.load": (frozen, ("bytes",)),
    "layer2.plasma.payments.utxo.utxo_set:UtxoSet.unpack": (
        lambda _: lambda rows: UtxoSet().unpack(rows),
        ("Sequence[bytes]",),
    ),
    "layer2.plasma.common.operator_journal:OperatorJournal.read": (
        lambda folder: journal_of(
            folder,
            "plasma operator",
            ("txs", "block", "undo", "drop", "what"),
            lambda journal: PlasmaPromises(journal, 1, OWNER).read(),
        ),
        ("bytes",),
    ),
    "layer2.plasma.payments.wallet.wallet_store:WalletStore": (wallet_store, ("bytes",)),
    "layer2.plasma.common.watcher.journal:WatcherStore": (watched, ("bytes",)),
    "layer2.rollup.state.signature_oracle:Signatures.recover": (
        lambda _: Signatures.__new__(Signatures).recover,
        ("bytes", "bytes"),
    ),
    "layer2.rollup.sequencer.journal:SequencerJournal.read": (
        lambda folder: journal_of(
            folder,
            "rollup sequencer",
            ("owner", "txs", "key", "drop", "what"),
            lambda one: RollupPromises(one, 1, OWNER).read(),
        ),
        ("bytes",),
    ),
    "layer2.rollup.derivation.snapshot:Snapshot.load": (lambda folder: written(folder, Snapshot.load), ("bytes",)),
}

NONE = {
    "layer2.api.http.submissions:Submissions.read_bytes": "abstract: its subclasses are tried",
    "layer2.api.http.submissions:Submissions.read_rows": "abstract: its subclasses are tried",
    "layer2.node.intake:records_in": "of an event that was decoded before",
    "layer2.node.event_log:EventCodec.decode": "abstract: its implementations are tried",
    "layer2.node.intake:RecordCodec.decode": "by the journals of operator and sequencer, which are tried",
    "layer2.plasma.payments.wallet.wallet_store:_Rows.decode": "by WalletStore, which is tried",
    "layer2.plasma.common.operator_journal:_Codec.decode": "by OperatorJournal.read, which is tried",
    "layer2.rollup.sequencer.journal:_Codec.decode": "by SequencerJournal.read, which is tried",
    "layer2.channels.contract.hub:HubContract.decode": "of a Log that was read before, by Codec.decode_event",
    "layer2.channels.party.opening_intents:OpeningIntents.recover": "a verb; what it reads is ChannelKey.decode's",
    "layer2.channels.model.base:Call.load": "of the pure model, in which nobody is hostile",
    "layer2.channels.party.party:Party.recover": "a verb: it starts a new journal",
    "layer2.channels.contract.channel_view:ChannelView.decode": "of words of an ABI: Codec.decode_outputs is tried",
    "layer2.cli.plasma.recover:recover_": "a command",
    "layer2.cli.common.command_registry:_VerbGroup.parse_args": "of a command line, by click",
    "layer2.ethereum.connection:Connection.from_provider": "makes a connection",
    "layer2.ethereum.contract:Contract.decode_log": "of a Log that was read before, by Codec.decode_event",
    "layer2.ethereum.cursor:_log_from_json": "inside of Cursor.from_bytes",
    "layer2.plasma.common.block_store:BodyStore.load": "checks a checksum, then split_body, which is tried",
    "layer2.plasma.common.block_store:BodyStore.records": "checks a checksum, then split_body, which is tried",
    "layer2.plasma.facade:DevnetWallet.split": "a verb",
    "layer2.rollup.wallet.sale_safety:owner_of": "looks up what the replica has read of the chain",
    "layer2.plasma.payments.utxo.owner_index:Owners.unpack": "inside of Ledger.unpack",
    "layer2.plasma.payments.utxo.columns:Segment.unpack": "inside of Ledger.unpack",
    "layer2.plasma.payments.wallet.recovery:recover": "a verb",
    "layer2.plasma.payments.wallet.wallet:Wallet.split": "a verb",
    "layer2.plasma.payments.watcher.proof_index:Evidence.records": "by number",
    "layer2.rollup.state.signature_oracle:SignatureOracle.recover": "a protocol: its implementations are tried",
    "layer2.rollup.state.overlay:StateOverlay.read": "by number, in memory",
    "layer2.rollup.state.columns:AccountColumns.read": "by number, in memory",
    "layer2.store.journal:Journal.read": "checks the whole chain of checksums when it is opened",
    **{
        f"layer2.plasma.{chain}.watcher.watched_blocks:{blocks}.{name}": "by a decoder of bodies, which is tried"
        for chain, blocks in (("coins", "CoinBlocks"), ("common", "WatchedBlocks"), ("payments", "PaymentBlocks"))
        for name in ("load", "read_body")
    },
    "layer2.primitives.contract_errors:ModelledRevert.from_revert": "of what ErrorDecoder.decode has read",
}


def test_every_decoder_is_tried_or_has_a_reason_not_to_be() -> None:
    missed = sorted(key for key in FOUND if key not in PLAIN and key not in MORE and key not in NONE)
    assert missed == [], f"tell test_decoders.py how these are called (MORE), or why not (NONE): {missed}"
    assert len(PLAIN) > 70
    assert set(TOLD_MORE) | set(NEVER_REFUSED) <= set(PLAIN)


def test_no_reason_is_given_for_what_is_gone() -> None:
    assert sorted(key for key in NONE if key not in FOUND) == []
    # Two are classes that read their journals when they are opened.
    assert sorted(key for key in MORE if key not in FOUND and "." in key.rpartition(":")[2]) == []


@pytest.mark.parametrize("key", PLAIN)
def test_a_decoder_answers_whatever_comes(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    tried = try_out(key, call_of(key), FOUND[key].takes, SECONDS, good(key), SEED)
    assert tried.fall is None, tried.fall
    assert tried.inputs == tried.read + tried.refused >= 40
    # Below the surface: it has read some, and refused some.
    assert tried.read > 0, "it has read nothing: tools/decoder_samples.py must know a test that uses it"
    assert tried.refused > 0 or key in NEVER_REFUSED


def test_the_tries_are_many_and_reach_below_the_surface() -> None:
    tried = [try_out(key, call_of(key), FOUND[key].takes, SECONDS, good(key), SEED) for key in PLAIN]
    assert sum(one.inputs for one in tried) > 15_000
    assert sum(one.read > 0 and one.refused > 0 for one in tried) >= 30


@pytest.mark.parametrize("key", sorted(MORE))
def test_a_reader_of_files_journals_and_bodies_answers_whatever_comes(key: str, tmp_path: Path) -> None:
    build, takes = MORE[key]
    tried = try_out(key, build(tmp_path), takes, 3 * SECONDS, good(key), SEED)
    assert tried.fall is None, tried.fall
    assert tried.inputs >= 40


# ------------------------------------------------------------------------------------------- the trial can fail


def bad_length(data: bytes) -> bytes:
    size = data[0] if data else 0
    if len(data) < size:
        raise MalformedError("too short")
    return bytes((data[size],))


def bad_words(text: str) -> bytes:
    return text.encode()


def bad_number(value: object) -> str:
    if not isinstance(value, int):
        raise MalformedError("no number")
    return f"{value}"


def bad_time(data: bytes) -> None:
    if len(data) > 60_000:
        time.sleep(3.2)


@pytest.mark.parametrize(
    ("call", "takes", "what"),
    [
        (bad_length, ("bytes",), "IndexError"),
        (bad_words, ("str",), "UnicodeEncodeError"),
        (bad_number, ("Any",), "ValueError"),
        (bad_time, ("bytes",), "took"),
    ],
)
def test_a_decoder_that_falls_is_found(call: Callable[..., Any], takes: tuple[str, ...], what: str) -> None:
    fall = try_out("bad", call, takes, 5.0).fall
    assert fall is not None
    assert what in fall.what


# ------------------------------------------------------------------------------------------------- JSON of others


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "nul",
        "[" * 100_000,
        '{"a":' * 100_000,
        "[" * 65 + "]" * 65,
        "NaN",
        "Infinity",
        "[1.5]",
        "1e3",
        "[" + "9" * 5_000 + "]",
        '{"a": 1, "a": 2}',
        '"\\ud800"',
        '{"\\uDFFF": 1}',
        "\ufeff{}",
        '"' + "x" * 10,
        b"\xff",
        b"\xed\xa0\x80",
        '{"a": "\\u12"}',
        "[1,]",
        "{} {}",
    ],
    ids=range(21),
)
def test_text_that_is_not_plain_json_is_refused(text: str | bytes) -> None:
    with pytest.raises(MalformedError):
        parse_json(text)


def test_plain_json_is_read() -> None:
    value = {"a": [1, "\u00e9", None, True, {"b": str(1 << 300)}], "pair": "\U0001f600"}
    assert parse_json(json.dumps(value)) == value
    assert parse_json(json.dumps(value, ensure_ascii=False).encode()) == value
    assert parse_json("[" * 64 + "]" * 64)
    assert parse_json('{"x": 1.5}', floats=True) == {"x": 1.5}
    assert parse_json('"[[[[' + "[" * 1_000 + '"') == "[[[[" + "[" * 1_000


def calls_of_loads() -> Iterator[str]:
    source = Path(__file__).resolve().parents[3] / "src" / "layer2"
    for path in sorted(source.rglob("*.py")):
        if "json.loads(" in path.read_text() or "json.load(" in path.read_text():
            yield path.relative_to(source).as_posix()


def test_nobody_reads_json_of_others_by_the_interpreters_own_reader() -> None:
    """It recurses: one line of brackets from a stranger ended the process with SIGSEGV."""
    own = {"primitives/json_text.py", "plasma/payments/chain/exit_proof_file.py", "ethereum/artifacts.py"}
    assert {name for name in calls_of_loads() if not name.startswith("testing/")} == own


def test_a_line_of_brackets_from_the_peer_is_a_typed_error() -> None:
    for deep, words in ((50_000, "deep"), (200_000, "at most 100,000 are read")):
        with pytest.raises(MalformedError, match=words):
            wire.decode('{"layer2":' + "[" * deep, Payment)
