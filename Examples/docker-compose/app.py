"""A service that reads its token at the moment of use, from the file that it was told of."""

import hashlib
import http.server
import os


def token():
    """Today's token."""
    with open(os.environ["TIKTOK_ACCESS_TOKEN_FILE"], encoding="utf-8") as file:
        return file.read()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        # A token in a log is a token lost; eight digits of its digest tell two of them apart.
        mark = hashlib.sha256(token().encode()).hexdigest()[:8]
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"token {mark}, account {os.environ['TIKTOK_OPEN_ID']}, process {os.getpid()}\n".encode())

    def log_message(self, format, *args):
        pass


host, port = os.environ["LISTEN"].split(":")
http.server.ThreadingHTTPServer((host, int(port)), Handler).serve_forever()
