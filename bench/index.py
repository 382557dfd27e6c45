"""A package index on loopback: the wheels of a folder, with hashes, sizes and metadata files as the large indexes give.

Specifications: the simple repository API in HTML and JSON, and metadata files beside wheels.
"""

import hashlib
import http.server
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

JSON = "application/vnd.pypi.simple.v1+json"


class Index:
    """The server in a process of its own; use it in a `with` statement."""

    def __init__(self, wheels: Path):
        self.process = subprocess.Popen([sys.executable, __file__, str(wheels)], stdout=subprocess.PIPE, text=True)
        self.url = f"http://127.0.0.1:{self.process.stdout.readline().strip()}/simple/"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def describe(wheel: Path) -> dict:
    with zipfile.ZipFile(wheel) as archive:
        name = next(n for n in archive.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", n))
        metadata = archive.read(name)
    return {"filename": wheel.name, "url": f"/files/{wheel.name}", "size": wheel.stat().st_size,
            "hashes": {"sha256": hashlib.sha256(wheel.read_bytes()).hexdigest()},
            "core-metadata": {"sha256": hashlib.sha256(metadata).hexdigest()}, "metadata": metadata}


def serve(wheels: Path):
    files = {wheel.name: describe(wheel) for wheel in sorted(wheels.glob("*.whl"))}
    projects = {}
    for item in files.values():
        project = re.sub(r"[-_.]+", "-", item["filename"].split("-")[0]).lower()
        projects.setdefault(project, []).append({key: value for key, value in item.items() if key != "metadata"})

    class Handler(http.server.SimpleHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1 << 16

        def log_message(self, *_):
            pass

        def do_GET(self):
            parts = self.path.strip("/").split("/")
            if parts[0] == "files" and parts[1] in files:
                self.path = "/" + parts[1]
                super().do_GET()
            elif parts[0] == "files" and parts[1].removesuffix(".metadata") in files:
                self.answer("application/octet-stream", files[parts[1].removesuffix(".metadata")]["metadata"])
            elif parts[0] == "simple" and len(parts) == 2 and parts[1] in projects:
                page(self, parts[1], projects[parts[1]])
            else:
                self.send_error(404)

        def answer(self, media_type, content):
            self.send_response(200)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), lambda *arguments: Handler(*arguments, directory=str(wheels)))
    print(server.server_port, flush=True)
    server.serve_forever()


def page(handler, project, items):
    if JSON in handler.headers.get("Accept", ""):
        document = {"meta": {"api-version": "1.1"}, "name": project, "files": items,
                    "versions": sorted({item["filename"].split("-")[1] for item in items})}
        handler.answer(JSON, json.dumps(document).encode())
    else:
        links = [f'<a href="{item["url"]}#sha256={item["hashes"]["sha256"]}" '
                 f'data-core-metadata="sha256={item["core-metadata"]["sha256"]}">{item["filename"]}</a><br>'
                 for item in items]
        handler.answer("text/html", ("<!DOCTYPE html><html><body>" + "\n".join(links) + "</body></html>").encode())


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
