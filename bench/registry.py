"""Pulls and pushes through the registry of `terroir serve`, against Debian's docker-registry, on loopback.

Both take and serve the same image of four layers of 100 MB that do not compress; plain clients work with it: skopeo, and
curl one blob after the other. The clients show a token, which docker-registry does not ask for. Needs skopeo, curl and
docker-registry.
"""

import gzip
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

from images import registry
from measure import alternate, at_most_times, clean, run
from server import serving, workspace

LAYERS = 4
LAYER_BYTES = 100_000_000


def measure(bench):
    for program in ("skopeo", "curl", "docker-registry"):
        if shutil.which(program) is None:
            sys.exit(f"{program} is needed for the measurements of the registry; install it with the system's packages")
    work = bench.work / "registry"
    work.mkdir()
    (bench.work / "server").mkdir(exist_ok=True)
    layout = work / "layout"
    digests = make(layout)
    copied = work / "copied"
    environment = bench.environment(bench.work / "registry-home")
    directory = workspace(bench, environment, "registry")
    rows = []
    with registry(work / "peer") as theirs, serving(bench, environment, directory) as (port, token, _):
        ours = f"127.0.0.1:{port}"
        stores = {ours: directory / "registry", theirs: work / "peer" / "data"}

        def skopeo(*arguments):
            return run(["skopeo", "--insecure-policy", "copy", "--quiet", *arguments], dict(os.environ))

        def push(address):
            # A registry that has the blobs is not sent them.
            clean(stores[address])
            return skopeo("--dest-tls-verify=false", "--dest-creds", f"bench:{token}", f"oci:{layout}:bench/app:1",
                          f"docker://{address}/bench/app:1")

        def pull(address):
            clean(copied)
            return skopeo("--src-tls-verify=false", "--src-creds", f"bench:{token}",
                          f"docker://{address}/bench/app:1", f"dir:{copied}")

        def fetch(address):
            urls = [f"http://{address}/v2/bench/app/blobs/{digest}" for digest in digests]
            return run(["curl", "--silent", "--fail", "--user", f"bench:{token}",
                        *[word for url in urls for word in ("--output", "/dev/null", url)]], dict(os.environ))

        for what, client in (("skopeo pushes 400 MB", push), ("skopeo pulls 400 MB", pull),
                             ("curl reads 400 MB of blobs", fetch)):
            client(ours), client(theirs)
            mine, peer = alternate(bench.repeat, lambda: client(ours), lambda: client(theirs))
            print(f"{what}: load {os.getloadavg()[0]:.1f}", file=sys.stderr)
            rows.append(at_most_times(what, mine, peer, "docker-registry", 1.0))
    shutil.rmtree(work, ignore_errors=True)
    return rows


def make(layout):
    """An image, written as a layout.

    Returns the digests of its layers.
    """
    blobs = layout / "blobs" / "sha256"
    blobs.mkdir(parents=True)

    def keep(content):
        name = hashlib.sha256(content).hexdigest()
        (blobs / name).write_bytes(content)
        return {"digest": f"sha256:{name}", "size": len(content)}

    layers, diff_ids = [], []
    for number in range(LAYERS):
        content = os.urandom(LAYER_BYTES)
        whole = io.BytesIO()
        with tarfile.open(fileobj=whole, mode="w") as tar:
            member = tarfile.TarInfo(f"layer-{number}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        diff_ids.append("sha256:" + hashlib.sha256(whole.getvalue()).hexdigest())
        packed = gzip.compress(whole.getvalue(), compresslevel=0, mtime=0)
        layers.append({"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", **keep(packed)})
    config = {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": diff_ids}}
    manifest = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "config": {"mediaType": "application/vnd.oci.image.config.v1+json",
                           **keep(json.dumps(config).encode())}, "layers": layers}
    entry = {"mediaType": manifest["mediaType"], **keep(json.dumps(manifest).encode()),
             "annotations": {"org.opencontainers.image.ref.name": "bench/app:1"}}
    Path(layout / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))
    Path(layout / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    return [layer["digest"] for layer in layers]
