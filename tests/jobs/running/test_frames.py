"""What executor and runner say to each other: put together from pieces, and not waited for beyond its limit."""

from __future__ import annotations

import pytest

from longshore.jobs.running.frames import FrameError, FrameReader, pack


def test_frames_come_whole_from_pieces() -> None:
    reader = FrameReader()
    sent = pack({"kind": "done"}, b"12") + pack({"kind": "ready"})
    found = [frame for byte in sent for frame in reader.feed(bytes([byte]))]
    assert found == [({"kind": "done"}, b"12"), ({"kind": "ready"}, b"")]


@pytest.mark.parametrize("frame", [pack({"kind": "done"}, b"x" * 101), pack({"kind": "x" * 101})])
def test_a_frame_over_its_limit_is_refused_by_its_first_bytes(frame: bytes) -> None:
    with pytest.raises(FrameError):
        FrameReader(most_bytes=100).feed(frame[:8])
