"""A program that is ready at once."""

import os
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer


class Ready(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


if last_words := os.environ.get("LAST_WORDS"):
    sys.exit(last_words)
HTTPServer(("127.0.0.1", int(os.environ["FAKE_PORT"])), Ready).serve_forever()
