#!/usr/bin/python3
"""The hub's HTTPS server inside the emulated Pi: FOLDER/newer.bundle, by ranges, and whatever is
asked for named /nocturne.raucb. `serve.py FOLDER CUT FILE`: after CUT bytes (0: never) it breaks
off, and answers nobody any more; FILE says how much it has sent."""

import http.server
import json
import os
import re
import ssl
import sys
from pathlib import Path

PORT = 8443
FOLDER, CUT, TOLD = Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])


class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    sent = requests = 0

    def do_GET(self):
        with open(FOLDER / "newer.bundle", "rb") as file:
            size = os.fstat(file.fileno()).st_size
            start, last = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers["Range"]).groups()
            left = min(int(last) + 1, size) - int(start)
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{int(start) + left - 1}/{size}")
            self.send_header("Content-Length", str(left))
            self.send_header("ETag", f'"{size:x}"')
            self.end_headers()
            Answer.requests += 1
            file.seek(int(start))
            while left:
                chunk = file.read(min(left, 1 << 16))
                self.wfile.write(chunk)
                left -= len(chunk)
                Answer.sent += len(chunk)
                self.tell()
                if CUT and Answer.sent > CUT:
                    os._exit(0)

    @staticmethod
    def tell():
        new = TOLD.with_suffix(".new")
        new.write_text(json.dumps({"bytes": Answer.sent, "requests": Answer.requests}))
        new.replace(TOLD)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", PORT), Answer)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(TOLD.with_name("hub.crt"), TOLD.with_name("hub.key"))
server.socket = context.wrap_socket(server.socket, server_side=True)
Answer.tell()
server.serve_forever()
