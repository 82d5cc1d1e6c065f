"""Frames and roots as blobs carry them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layer2.primitives.errors import MalformedError, RangeError
from layer2.primitives.hashing import keccak
from layer2.primitives.kzg import BLOB_BYTES, is_blob
from layer2.rollup.protocol.blob_encoding import blob_of_roots, blobs_for, frames_in, to_blobs, unpack_blobs
from layer2.rollup.protocol.params import FIELD_BYTES, FRAME_BYTES, FRAMES_PER_BLOB, MAX_SEGMENTS

PAYLOAD = FRAMES_PER_BLOB * FRAME_BYTES


def noise(size: int) -> bytes:
    return b"".join(keccak(b"%d" % at) for at in range(-(-size // 32)))[:size]


@settings(max_examples=15)
@given(st.integers(1, 3 * PAYLOAD))
def test_data_comes_back_filled_up_to_whole_frames(size: int) -> None:
    data = noise(size)
    frames = frames_in(data)
    blobs = to_blobs(data)
    assert (frames - 1) * FRAME_BYTES < size <= frames * FRAME_BYTES
    assert len(blobs) == blobs_for(frames)
    assert all(is_blob(one) for one in blobs)
    assert unpack_blobs(blobs, frames) == data.ljust(frames * FRAME_BYTES, b"\0")


@pytest.mark.parametrize(
    ("frames", "blobs"), [(0, 0), (1, 1), (255, 1), (256, 1), (257, 2), (512, 2), (1536, 6), (1537, 7)]
)
def test_a_blob_holds_256_frames(frames: int, blobs: int) -> None:
    assert blobs_for(frames) == blobs == len(to_blobs(bytes(frames * FRAME_BYTES)))


def test_byte_i_lies_in_field_element_i_by_31_and_a_frame_is_sixteen_of_them() -> None:
    data = noise(PAYLOAD + 40)
    first, second = to_blobs(data)
    for at in (0, 30, 31, FRAME_BYTES - 1, FRAME_BYTES, PAYLOAD - 1):
        field, inside = divmod(at, FIELD_BYTES)
        assert first[32 * field + 1 + inside] == data[at]
    assert second[1:32] + second[33:42] == data[PAYLOAD:]
    assert not any(second[42:])
    assert all(not first[at] for at in range(0, BLOB_BYTES, 32))
    fields = first[512 * 7 : 512 * 8]
    frame = b"".join(fields[at + 1 : at + 32] for at in range(0, 512, 32))
    assert frame == data[7 * FRAME_BYTES : 8 * FRAME_BYTES]


def test_the_top_byte_of_a_field_element_carries_nothing() -> None:
    data = noise(3 * FRAME_BYTES)
    (blob,) = to_blobs(data)
    dirty = b"".join(bytes((at // 32 % 0x73,)) + blob[at + 1 : at + 32] for at in range(0, BLOB_BYTES, 32))
    assert is_blob(dirty)
    assert dirty != blob
    assert unpack_blobs([dirty], 3) == data


def test_what_follows_the_last_frame_is_not_read() -> None:
    (blob,) = to_blobs(noise(5 * FRAME_BYTES))
    assert unpack_blobs([blob], 2) == noise(2 * FRAME_BYTES)


@pytest.mark.parametrize(("blobs", "frames"), [(0, 1), (1, 0), (1, 257), (2, 256)])
def test_another_number_of_blobs_is_refused(blobs: int, frames: int) -> None:
    with pytest.raises(MalformedError, match="blobs for"):
        unpack_blobs([bytes(BLOB_BYTES)] * blobs, frames)


@pytest.mark.parametrize("size", [0, BLOB_BYTES - 1, BLOB_BYTES + 32])
def test_blobs_of_another_size_are_refused(size: int) -> None:
    with pytest.raises(MalformedError, match="blobs for"):
        unpack_blobs([bytes(size)], 1)


@pytest.mark.parametrize("count", [1, 2, MAX_SEGMENTS])
def test_roots_are_field_elements_as_they_are(count: int) -> None:
    roots = [b"\0" + keccak(b"%d" % at)[1:] for at in range(count)]
    blob = blob_of_roots(roots)
    assert is_blob(blob)
    assert [blob[at : at + 32] for at in range(0, 32 * count, 32)] == roots
    assert not any(blob[32 * count :])


@pytest.mark.parametrize("count", [0, MAX_SEGMENTS + 1])
def test_more_roots_than_a_blob_holds_are_refused(count: int) -> None:
    with pytest.raises(RangeError, match="roots"):
        blob_of_roots([bytes(32)] * count)
