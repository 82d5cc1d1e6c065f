"""The bench of the transition measures what it says: executed transfers, and the hashes that no way leads around."""

from __future__ import annotations

import random

from layer2.rollup.protocol.params import ACCOUNT_DEPTH
from layer2_bench.rate_transition import blob, hashes_of, run_transition


def counted(segments: list[set[int]]) -> int:
    """Leaves, nodes above them and the state root, written down one by one."""
    return sum(
        1 + len({(level, one >> level) for one in ids for level in range(ACCOUNT_DEPTH + 1)}) for ids in segments
    )


def test_the_needed_hashes_are_the_nodes_above_the_written_leaves() -> None:
    for law in ("uniform", "zipf"):
        frames, ids = blob(500, law, 3, seed=random.Random(law).randrange(100))
        halves = ids.reshape(6, 27, 2)
        segments = [{*halves[at].flatten().tolist(), int(halves[at // 2 * 2][0][0])} for at in range(6)]
        assert hashes_of(ids) == counted(segments)
        assert [len(frame) for frame in frames] == [496] * 3


def test_a_small_run_reports_every_figure() -> None:
    result = run_transition(sizes=(100, 1_000), rounds=1, frames=4)
    assert result["transfers"] == 4 * 54
    for accounts in (100, 1_000):
        for law in ("uniform", "zipf"):
            one = result["accounts"][accounts][law]
            assert one["transfers_per_second"] > 1_000
            assert 0 < one["ratio_to_limit"] < 2
    assert result["accounts"][1_000]["uniform"]["hashes_per_transfer"] > 8
    assert 20 < result["rss_mib"] < 1_000
