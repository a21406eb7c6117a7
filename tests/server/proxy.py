"""A small TCP proxy between a client and a server, which can fail as networks do."""

import socket
import threading
from contextlib import suppress


class Proxy:
    """Forwards bytes to a port until it is told to fail.

    Attributes:
        port: where it listens.
        allowed: bytes from clients that still pass before it drops a connection, None for all.
        silent: whether what arrives is swallowed, in both directions.
    """

    def __init__(self, target):
        """Take the port of 127.0.0.1 to forward to."""
        self.target, self.allowed, self.silent, self.drops = target, None, False, 0
        self._pairs = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._listener.close()
        for each in [one for pair in self._pairs for one in pair]:
            _end(each)

    def _accept(self):
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                _end(near)
                continue
            self._pairs.append((near, far))
            for source, sink in ((near, far), (far, near)):
                threading.Thread(
                    target=self._forward, args=(source, sink, source is near), daemon=True
                ).start()

    def _forward(self, source, sink, upwards):
        with suppress(OSError):
            while data := source.recv(1 << 12):
                if self.silent:
                    continue
                if upwards and self.allowed is not None:
                    self.allowed -= len(data)
                    if self.allowed < 0:
                        self.drops += 1
                        break
                sink.sendall(data)
        _end(source)
        _end(sink)


def _end(connection):
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
