"""Pipes between processes: blocks of any size arrive as they were sent."""

from __future__ import annotations

import multiprocessing
import threading

import pytest

from mapper.streams.pipes import receive_block, send_block


class TestBlocks:
    @pytest.mark.parametrize("is_plain_pipe", [False, True])
    @pytest.mark.parametrize("room", [None, 10, 300_000])
    def test_what_is_sent_is_received(
        self, monkeypatch: pytest.MonkeyPatch, is_plain_pipe: bool, room: int | None
    ) -> None:
        monkeypatch.setattr("mapper.streams.pipes._IS_PLAIN_PIPE", is_plain_pipe)
        blocks = [b"", b"some", b"", b"a long one" * 25_000, b"end"]
        reading, writing = multiprocessing.Pipe(duplex=False)
        with reading, writing:
            sender = threading.Thread(target=lambda: [send_block(writing, block) for block in blocks])
            sender.start()
            given = None if room is None else memoryview(bytearray(room))
            assert [bytes(receive_block(reading, len(block), given)) for block in blocks] == blocks
            sender.join()
            writing.close()
            with pytest.raises(EOFError):
                receive_block(reading, 1, given)
