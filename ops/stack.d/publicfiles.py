"""The CA's public files over HTTP: certificates and CRLs, nothing else.

Run as a program it serves one directory; imported, it starts and stops that
program as a component of the stack.
"""

import http.server
import os
import sys
import urllib.request

if __name__ != "__main__":
    import process

NAME = "public"
TYPES = {
    ".crl": "application/pkix-crl",
    ".cer": "application/pkix-cert",
    ".crt": "application/pkix-cert",
    ".der": "application/pkix-cert",
    ".pem": "application/x-pem-file",
}


class Handler(http.server.SimpleHTTPRequestHandler):
    """GET of plain files with a known suffix; no listing."""

    extensions_map = TYPES

    def list_directory(self, path):
        self.send_error(404)

    def send_head(self):
        name = os.path.basename(self.path)
        if name and (name.startswith(".")
                     or os.path.splitext(name)[1] not in TYPES):
            self.send_error(404)
            return None
        return super().send_head()

    def do_GET(self):
        if self.path == "/":
            self.send_response(204)
            self.end_headers()
        else:
            super().do_GET()


def url(home):
    return f"http://{home.address('public')}"


def start(home):
    if process.known(home, NAME):
        return
    process.spawn(home, NAME, [
        sys.executable, "-B", os.path.abspath(__file__),
        str(home.port("public")), home.path("ca")])


def _answers(home):
    try:
        with urllib.request.urlopen(url(home) + "/", timeout=2) as answer:
            return answer.status == 204
    except OSError:
        return False


def wait(home):
    process.wait_until(home, NAME, lambda: _answers(home), 10)


def stop(home):
    return process.stop(home, NAME)


def main():
    port, folder = int(sys.argv[1]), sys.argv[2]
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", port),
        lambda *a, **k: Handler(*a, directory=folder, **k))
    server.serve_forever()


if __name__ == "__main__":
    main()
