"""Conda packages: solving and installing beside rattler alone, images beside rattler in a Dockerfile.

No public channel is needed: a channel is made of real wheels and of this machine's own Python, and lies on the disk for
both sides. The peer is py-rattler of the same version, called by a program of a few lines. Solve times need the index of a
real channel: `TERROIR_BENCH_REPODATA` names a `repodata.json`, also with `.bz2`; it is taken for linux-64.
"""

import bz2
import json
import os
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

from images import CONTAINERS
from measure import Row, alternate, at_most_more, clean, run, times_faster

RATTLER_VERSION = "0.28.0"
WHEELS = ["numpy==1.26.4", "pandas==2.2.3", "scipy==1.13.1", "scikit-learn==1.5.2", "matplotlib==3.9.2", "flask==3.0.3"]
ONE_MORE = "humanize==4.11.0"

PEER = """\
import asyncio, os, sys
from pathlib import Path
import rattler

async def main(channel, prefix, cache, specs):
    records = await rattler.solve([rattler.Channel(channel)], specs,
                                  gateway=rattler.Gateway(cache_dir=Path(cache) / "repodata"),
                                  platforms=["linux-64", "noarch"],
                                  virtual_packages=rattler.VirtualPackage.detect())
    if prefix != "-":
        await rattler.install(records, prefix, cache_dir=Path(cache) / "packages", show_progress=False)

asyncio.run(main(*sys.argv[1:4], sys.argv[4:]))
# Threads of rattler's may outlive the loop and abort the interpreter that is being taken down.
os._exit(0)
"""


class Conda:
    """What all rows share: a channel, the peer, a base image."""

    def __init__(self, bench):
        self.bench = bench
        self.work = bench.work / "conda"
        self.work.mkdir()
        venv = self.work / "rattler"
        subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
        subprocess.run([str(venv / "bin" / "pip"), "install", "--quiet", f"py-rattler=={RATTLER_VERSION}"], check=True)
        self.python = venv / "bin" / "python"
        self.script = self.work / "peer.py"
        self.script.write_text(PEER)
        wheels = self.work / "wheels"
        subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--only-binary=:all:", "--dest", str(wheels),
                        *WHEELS, ONE_MORE], check=True)
        self.packages = sorted(wheel.name.split("-")[0].lower().replace("_", "-") for wheel in wheels.glob("*.whl"))
        self.channel = self.work / "channel"
        self.make_channel(sorted(wheels.glob("*.whl")))
        self.specs = ["python", *(name for name in self.packages if name != "humanize")]

    def make_channel(self, wheels):
        subprocess.run(["mvn", "-q", "-B", "-ntp", "-pl", "samples", "-am", "-DskipTests", "package"],
                       cwd=self.bench.root, check=True, stdout=subprocess.DEVNULL)
        classes = [self.bench.root / "samples" / "target" / "classes",
                   self.bench.root / "cli" / "target" / "dist" / "lib" / "*"]
        subprocess.run([str(self.bench.peers.java), "-cp", ":".join(map(str, classes)),
                        str(self.bench.root / "bench" / "Channel.java"), str(self.channel), sys.executable,
                        *map(str, wheels)], check=True)

    def define(self, name, specs):
        directory = self.work / "sets" / name
        directory.mkdir(parents=True)
        document = directory / "environment.yml"
        document.write_text(f"channels:\n- {self.channel.as_uri()}\n- nodefaults\ndependencies:\n"
                            + "".join(f"- {spec}\n" for spec in specs))
        run(self.bench.terroir("environment", "create", "-n", name, "-f", document, "-d", directory / "saved"),
            self.environment("define"))
        return directory / "saved"

    def environment(self, home):
        return self.bench.environment(self.work / home, TERROIR_RATTLER=self.python, PIP_CONFIG_FILE="/dev/null")

    def peer(self, prefix, cache, specs):
        return run([str(self.python), str(self.script), self.channel.as_uri(), str(prefix), str(self.work / cache),
                    *specs], dict(os.environ))


def measure(bench):
    conda = Conda(bench)
    rows = overhead(conda)
    if shutil.which("buildah") and shutil.which("mmdebstrap"):
        rows += images(conda)
    else:
        print("buildah and mmdebstrap are needed for the measurements of images", file=sys.stderr)
    rows += solving(conda)
    clean(conda.work)
    return rows


def overhead(conda):
    """The same solve and install, packages extracted before: what a command takes beside rattler's own work."""
    saved = conda.define("all", conda.specs)

    def lock():
        return run(conda.bench.terroir("environment", "lock", "-d", saved, "--update", "--quiet"),
                   conda.environment("home"))

    def solve():
        return conda.peer("-", "peer-cache", conda.specs)

    def install():
        clean(conda.work / "home" / "data" / "prefixes")
        return run(conda.bench.terroir("environment", "install", "-d", saved, "--quiet"), conda.environment("home"))

    def installed():
        clean(conda.work / "prefix")
        return conda.peer(conda.work / "prefix", "peer-cache", conda.specs)

    lock(), solve()
    mine, theirs = alternate(conda.bench.repeat, lock, solve)
    rows = [at_most_more("conda: lock", mine, theirs, "py-rattler solve", 300)]
    install(), installed()
    mine, theirs = alternate(conda.bench.repeat, install, installed)
    rows.append(at_most_more("conda: install, packages cached", mine, theirs, "py-rattler solve, install", 300))
    return rows


def images(conda):
    work = conda.work
    (work / "containers.conf").write_text(CONTAINERS)
    variables = dict(os.environ, CONTAINERS_CONF=str(work / "containers.conf"))
    buildah = ["buildah", "--root", str(work / "storage"), "--runroot", str(work / "run"), "--storage-driver", "overlay"]

    def call(*arguments):
        return subprocess.run([*buildah, *arguments], check=True, capture_output=True, text=True,
                              env=variables).stdout.strip()

    # The peer's base has a Python to run rattler with; ours needs none, and takes the same.
    tar = work / "base.tar"
    subprocess.run(["mmdebstrap", "--quiet", "--variant=minbase", "--include=python3,python3-venv,ca-certificates",
                    "bookworm", str(tar)], check=True)
    container = call("from", "scratch")
    call("add", container, str(tar), "/")
    call("commit", "--quiet", container, "base:1")
    call("rm", container)
    call("push", "--quiet", "base:1", f"oci:{work / 'base'}:1")
    tar.unlink()

    one_more = conda.specs + ["humanize"]
    saved = {"all": work / "sets" / "all" / "saved", "more": conda.define("more", one_more)}
    layouts = {side: work / f"layout-{side}" for side in ("ours", "peer")}

    def ours(name="all", fresh=True, bytecode=False):
        if fresh:
            clean(work / "home-image"), clean(layouts["ours"])
        return run(conda.bench.terroir("image", "build", "-d", saved[name], "--base", f"oci:{work / 'base'}:1", "--to",
                                       f"oci:{layouts['ours']}:{name}", "--quiet",
                                       *([] if bytecode else ["--no-bytecode"])), conda.environment("home-image"))

    def peer(specs=conda.specs, cached=False):
        if not cached:
            clean(layouts["peer"])
        context = work / "context"
        clean(context)
        context.mkdir()
        (context / "peer.py").write_text(PEER)
        mounts = "--mount=type=cache,target=/cache,id=rattler " if cached else ""
        site = next((conda.python.parent.parent / "lib").glob("python*")) / "site-packages"
        (context / "Dockerfile").write_text(
            "FROM localhost/base:1\nCOPY peer.py /\n"
            f"RUN {mounts}PYTHONPATH=/rattler python3 /peer.py file:///channel /opt/env /cache {' '.join(specs)}"
            f"{'' if cached else ' && rm -rf /cache'}\n")
        subprocess.run([*buildah, "rmi", "--force", "measured:1"], env=variables, capture_output=True)
        made = run([*buildah, "bud", "--quiet", "--isolation=chroot", "--layers" if cached else "--no-cache",
                    "--volume", f"{site}:/rattler:ro", "--volume", f"{conda.channel}:/channel:ro", "-t", "measured:1",
                    str(context)], variables)
        pushed = run([*buildah, "push", "--quiet", "measured:1", f"oci:{layouts['peer']}:1"], variables)
        made.seconds += pushed.seconds
        return made

    repeat = max(1, min(3, conda.bench.repeat))
    mine, theirs = alternate(repeat, ours, peer)
    rows = [times_faster("conda image, nothing cached, no byte-code", mine, theirs, "buildah + py-rattler", 3)]

    def ours_more():
        ours()
        return ours("more", fresh=False)

    def peer_more():
        peer(cached=True)
        return peer(one_more, cached=True)

    mine, theirs = alternate(repeat, ours_more, peer_more)
    rows.append(times_faster("conda image, one package more, caches warm", mine, theirs, "buildah + py-rattler", 30))
    return rows


def solving(conda):
    """Solving over a real channel's index, and what of it is not rattler's."""
    index = os.environ.get("TERROIR_BENCH_REPODATA")
    if not index:
        return []
    channel = conda.work / "real"
    (channel / "linux-64").mkdir(parents=True)
    (channel / "noarch").mkdir()
    data = json.loads((bz2.open if index.endswith(".bz2") else open)(index, "rb").read())
    for records in (data["packages"], data.get("packages.conda", {})):
        for record in records.values():
            record["subdir"] = "linux-64"
    data["info"] = {"subdir": "linux-64"}
    (channel / "linux-64" / "repodata.json").write_text(json.dumps(data))
    (channel / "noarch" / "repodata.json").write_text('{"info": {"subdir": "noarch"}, "packages": {}}')
    specs = json.loads(os.environ.get("TERROIR_BENCH_SPECS", '["python", "numpy", "pandas"]'))
    directory = conda.work / "sets" / "real"
    directory.mkdir(parents=True)
    (directory / "environment.yml").write_text(
        f"channels:\n- {channel.as_uri()}\n- nodefaults\ndependencies:\n" + "".join(f"- {item}\n" for item in specs))
    run(conda.bench.terroir("environment", "create", "-n", "real", "-f", directory / "environment.yml", "-d",
                            directory / "saved"), conda.environment("define"))

    def ours():
        return run(conda.bench.terroir("environment", "lock", "-d", directory / "saved", "--update", "--quiet"),
                   conda.environment("home"))

    def peer():
        return run([str(conda.python), str(conda.script), channel.as_uri(), "-", str(conda.work / "peer-cache"), *specs],
                   dict(os.environ))

    def importing():
        return run([str(conda.python), "-c", "import rattler"], dict(os.environ))

    def nothing():
        return run(conda.bench.terroir("--version"), conda.environment("home"))

    ours(), peer()
    mine, theirs = alternate(conda.bench.repeat, ours, peer)
    rows = [at_most_more(f"conda: lock over {len(data['packages'])} records", mine, theirs, "py-rattler solve", 300)]
    imported, started = alternate(conda.bench.repeat, importing, nothing)
    rows.append(Row("conda: of that, starting Python and rattler, and Terroir (`--version`)",
                    statistics.median(item.seconds for item in imported) * 1000,
                    statistics.median(item.seconds for item in started) * 1000, "Terroir's start", "reported", True))
    return rows
