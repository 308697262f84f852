"""A TCP proxy between the programs and what they need, in a thread of its
own: connections can be cut, refused, late and slow."""

import asyncio
import contextlib
import socket
import struct
import threading

CHUNK = 65536
# Closing with this sends RST: to the other side the connection is broken,
# not finished.
RESET = struct.pack("ii", 1, 0)


class _Way:
    """One listener, where it leads, and what is wrong with it."""

    def __init__(self, port, target):
        self.port, self.target = port, target
        self.server = None
        self.delay, self.rate = 0.0, None
        self.writers = set()


class Proxy:
    """ways: {name: (port to listen on, port behind)}"""

    def __init__(self, ways):
        self._ways = {name: _Way(*ports) for name, ports in ways.items()}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever,
                                        daemon=True)
        self._thread.start()
        for way in self._ways.values():
            self._do(self._open(way))

    def _do(self, coroutine):
        return asyncio.run_coroutine_threadsafe(
            coroutine, self._loop).result(20)

    def names(self):
        return list(self._ways)

    def cut(self, name):
        self._do(self._cut(self._ways[name]))

    def mend(self, name):
        way = self._ways[name]
        way.delay, way.rate = 0.0, None
        self._do(self._open(way))

    def slow(self, name, delay_s=0.0, bytes_per_s=None):
        way = self._ways[name]
        way.delay, way.rate = delay_s, bytes_per_s

    def connections(self, name):
        """How many are open."""
        return len(self._ways[name].writers) // 2

    def close(self):
        for name in self._ways:
            self.cut(name)
        self._do(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    # ---- in the thread ----------------------------------------------------

    async def _end(self):
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _open(self, way):
        if way.server is None:
            way.server = await asyncio.start_server(
                lambda *ends: self._serve(way, *ends), "127.0.0.1", way.port)

    async def _cut(self, way):
        if way.server is not None:
            way.server.close()
            way.server = None
        for writer in list(way.writers):
            _reset(writer)

    async def _serve(self, way, reader, writer):
        way.writers.add(writer)
        try:
            there = await asyncio.open_connection("127.0.0.1", way.target)
        except OSError:
            way.writers.discard(writer)
            _reset(writer)
            return
        if way.server is None:  # cut meanwhile
            _reset(writer)
            _reset(there[1])
            return
        way.writers.add(there[1])
        try:
            await asyncio.gather(self._carry(way, reader, there[1]),
                                 self._carry(way, there[0], writer))
        finally:
            way.writers -= {writer, there[1]}

    async def _carry(self, way, reader, writer):
        """One direction. Chunks are late by the delay, but not by one delay
        each: they queue with the time at which they are due."""
        queue = asyncio.Queue(64)
        sender = asyncio.ensure_future(self._send(way, queue, writer))
        try:
            while data := await reader.read(CHUNK):
                await queue.put((self._loop.time() + way.delay, data))
            await queue.put((0, b""))
            await sender
        except OSError:
            sender.cancel()
            _reset(writer)
        finally:
            if not sender.done():
                sender.cancel()

    async def _send(self, way, queue, writer):
        while True:
            due, data = await queue.get()
            await asyncio.sleep(max(0.0, due - self._loop.time()))
            if not data:
                break
            for piece in _pieces(data, way.rate):
                if way.rate:
                    await asyncio.sleep(len(piece) / way.rate)
                writer.write(piece)
                with contextlib.suppress(OSError):
                    await writer.drain()
        with contextlib.suppress(OSError):
            writer.close()


def _pieces(data, rate):
    """A slow line carries a tenth of a second at a time."""
    size = max(1, int(rate / 10)) if rate else len(data)
    return [data[at:at + size] for at in range(0, len(data), size)]


def _reset(writer):
    end = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    writer.transport.abort()
