"""A service that takes its token from its environment, and so is started anew when there is a new one."""

import hashlib
import http.server
import os

TOKEN = os.environ["TIKTOK_ACCESS_TOKEN"]


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        # A token in a log is a token lost; eight digits of its digest tell two of them apart.
        mark = hashlib.sha256(TOKEN.encode()).hexdigest()[:8]
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"token {mark}, account {os.environ['TIKTOK_OPEN_ID']}\n".encode())

    def log_message(self, format, *args):
        pass


host, port = os.environ["LISTEN"].split(":")
http.server.ThreadingHTTPServer((host, int(port)), Handler).serve_forever()
