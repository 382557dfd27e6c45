"""Definition to image, against a Dockerfile built by buildah with pip and with uv.

Both sides get the same wheels from the same index on loopback, the same base image, and write an OCI layout on the same
disk. Needs root (or a user namespace that buildah accepts), buildah and mmdebstrap; Debian's docker-registry for the row
about a registry.
"""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
import zipfile
from pathlib import Path

from index import Index
from measure import Row, alternate, at_most, clean, run, times_faster

A = ["scikit-learn", "pandas", "matplotlib", "scipy", "flask"]
ONE_MORE = "humanize"
CONTAINERS = """\
[engine]
runtime="runc"
[containers]
netns="host"
default_ulimits=["nofile=1024:1024","nproc=1024:1024"]
"""


class Images:
    """What all rows share: a base image, wheels, and a definition for each set."""

    def __init__(self, bench):
        self.bench = bench
        for program in ("buildah", "mmdebstrap"):
            if shutil.which(program) is None:
                sys.exit(f"{program} is needed for the measurements of images; install it with the system's packages")
        self.work = bench.work / "images"
        self.work.mkdir()
        (self.work / "containers.conf").write_text(CONTAINERS)
        self.variables = dict(os.environ, CONTAINERS_CONF=str(self.work / "containers.conf"))
        self.buildah = ["buildah", "--root", str(self.work / "storage"), "--runroot", str(self.work / "run"),
                        "--storage-driver", "overlay"]
        self.base = self.make_base()
        self.wheels = self.work / "wheels"
        large = (bench.sets / "large" / "requirements-pinned.txt").read_text()
        self.sets = {"A": "\n".join(A) + "\n", "B": "\n".join(A + [ONE_MORE]) + "\n", "C": large}
        for name, text in self.sets.items():
            folder = self.work / "sets" / name
            folder.mkdir(parents=True)
            (folder / "requirements.txt").write_text(text)
            subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--only-binary=:all:",
                            "--python-version", "3.11", "--platform", "manylinux2014_x86_64", "--platform",
                            "manylinux_2_28_x86_64", "--dest", str(self.wheels), "-r",
                            str(folder / "requirements.txt")], check=True)
        # What only a Python before 3.11.3, such as the base image's, needs of C.
        subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(self.wheels),
                        "async-timeout"], check=True)
        self.index = Index(self.wheels)
        for name in self.sets:
            self.define(self.work / "sets" / name, name)

    def make_base(self):
        """A Debian with its own Python, as an OCI layout and in buildah's storage."""
        tar = self.work / "base.tar"
        subprocess.run(["mmdebstrap", "--quiet", "--variant=minbase", "--include=python3,python3-venv,ca-certificates",
                        "bookworm", str(tar)], check=True)
        container = self.call("from", "scratch")
        self.call("add", container, str(tar), "/")
        self.call("commit", "--quiet", container, "base:1")
        self.call("rm", container)
        self.call("push", "--quiet", "base:1", f"oci:{self.work / 'base'}:1")
        tar.unlink()
        return f"oci:{self.work / 'base'}:1"

    def call(self, *arguments):
        return subprocess.run([*self.buildah, *arguments], check=True, capture_output=True, text=True,
                              env=self.variables).stdout.strip()

    def define(self, folder, name):
        """A saved environment of just these packages: the scoring stack would be ours alone."""
        directory = folder / "environment"
        run(self.bench.terroir("environment", "create", "-n", name.lower(), "-f", folder / "requirements.txt", "-d",
                               directory, "--python", "3.11"), self.environment("define"))
        document = directory / "conda_dependencies.yml"
        document.write_text("".join(line for line in document.read_text().splitlines(keepends=True)
                                    if line.strip() != "- azureml-defaults"))

    def environment(self, home):
        folder = self.work / home
        return self.bench.environment(folder, PIP_INDEX_URL=self.index.url, UV_CACHE_DIR=folder / "uv",
                                      PIP_CONFIG_FILE="/dev/null")

    def command(self, name, target, *more):
        return self.bench.terroir("image", "build", "-d", self.work / "sets" / name / "environment", "--base", self.base,
                                  "--to", target, "--quiet", *more)

    def terroir(self, name, home, layout, *more):
        return run(self.command(name, f"oci:{layout}:{name.lower()}", *more), self.environment(home))

    def dockerfile(self, name, tool, bytecode, cached):
        mounts = f"--mount=type=cache,target=/root/.cache,id={tool} " if cached else ""
        if tool == "pip":
            install = (f"RUN python3 -m venv /opt/env\nRUN {mounts}/opt/env/bin/pip install --quiet "
                       f"--index-url {self.index.url} {'' if bytecode else '--no-compile '}"
                       f"{'' if cached else '--no-cache-dir '}-r /requirements.txt")
        else:
            install = (f"RUN uv venv --quiet --python /usr/bin/python3 /opt/env\nRUN {mounts}uv pip install --quiet "
                       f"--python /opt/env/bin/python --index-url {self.index.url} --link-mode copy "
                       f"{'--compile-bytecode ' if bytecode else '--no-compile '}"
                       f"{'' if cached else '--no-cache '}-r /requirements.txt")
        folder = self.work / "contexts" / f"{name}-{tool}-{bytecode}-{cached}"
        if not folder.exists():
            folder.mkdir(parents=True)
            (folder / "requirements.txt").write_text(self.sets[name])
            (folder / "Dockerfile").write_text(f"FROM localhost/base:1\nCOPY requirements.txt /\n{install}\n")
        return folder

    def peer(self, name, tool, bytecode, layout, cached=False):
        """`buildah bud` and the push of its result, as one figure."""
        context = self.dockerfile(name, tool, bytecode, cached)
        made = run([*self.buildah, "bud", "--quiet", "--isolation=chroot", "--layers" if cached else "--no-cache",
                    "--volume", f"{self.bench.peers.uv}:/usr/local/bin/uv:ro",
                    "-t", "measured:1", str(context)], self.variables)
        pushed = run([*self.buildah, "push", "--quiet", "measured:1", f"oci:{layout}:{name.lower()}"], self.variables)
        made.seconds += pushed.seconds
        return made

    def forget(self):
        """Takes away what the last round's build of a peer left."""
        subprocess.run([*self.buildah, "rmi", "--force", "measured:1"], env=self.variables, capture_output=True)


def measure(bench):
    images = Images(bench)
    with images.index:
        return rows_of(images, bench)


def rows_of(images, bench):
    rows = []
    repeat = max(1, min(3, bench.repeat))
    aims = {("pip", False): 10, ("uv", False): 4, ("pip", True): 4, ("uv", True): 2}
    for name in ("A", "C"):
        for (tool, bytecode), factor in aims.items():
            layout = {"ours": images.work / "layout-ours", "peer": images.work / "layout-peer"}

            def ours():
                clean(images.work / "home"), clean(layout["ours"])
                return images.terroir(name, "home", layout["ours"], *([] if bytecode else ["--no-bytecode"]))

            def peer():
                clean(layout["peer"]), images.forget()
                return images.peer(name, tool, bytecode, layout["peer"])

            mine, theirs = alternate(repeat, ours, peer)
            words = "byte-code" if bytecode else "no byte-code"
            rows.append(times_faster(f"image {name}, nothing cached, {words}", mine, theirs, f"buildah + {tool}",
                                     factor))
    rows += one_more(images, repeat)
    rows += unchanged(images, bench.repeat)
    rows.append(shared(images))
    if shutil.which("docker-registry"):
        rows.append(pushed(images))
    rows += shares(images, bench)
    shutil.rmtree(images.work, ignore_errors=True)
    return rows


def one_more(images, repeat):
    """B after A, every cache warm: the tools' own and the layers'."""
    rows = []
    for tool in ("pip", "uv"):
        def ours():
            clean(images.work / "home"), clean(images.work / "layout-ours")
            images.terroir("A", "home", images.work / "layout-ours")
            return images.terroir("B", "home", images.work / "layout-ours")

        def peer():
            clean(images.work / "layout-peer"), images.forget()
            images.peer("A", tool, True, images.work / "layout-peer", cached=True)
            return images.peer("B", tool, True, images.work / "layout-peer", cached=True)

        mine, theirs = alternate(repeat, ours, peer)
        rows.append(times_faster("image B after A, caches warm", mine, theirs, f"buildah + {tool}", 30))
    return rows


def unchanged(images, repeat):
    clean(images.work / "layout-ours")
    images.terroir("A", "home", images.work / "layout-ours")
    mine = [images.terroir("A", "home", images.work / "layout-ours") for _ in range(repeat)]
    printed = subprocess.run(
        [str(images.bench.peers.java), "-cp", str(images.bench.root / "cli" / "target" / "dist" / "lib" / "*"),
         str(images.bench.root / "bench" / "Unchanged.java"), str(images.work / "sets" / "A" / "environment"), images.base,
         f"oci:{images.work / 'layout-ours'}:a"],
        env=images.environment("home"), check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    inside = float(printed)
    return [at_most("image A again, unchanged", mine, 250),
            Row("image A again, unchanged, in a running process", inside, 10, "aim", "at most 10 ms", inside <= 10)]


def shared(images):
    """Bytes of C that a place which holds A still needs."""
    layout = images.work / "layout-shared"
    images.terroir("A", "home", layout)
    before = blobs(layout)
    sample = images.terroir("C", "home", layout)
    new = sum(size for name, size in blobs(layout).items() if name not in before)
    return Row("image C where A is: new bytes of the whole", new / 1e6, size_of(layout, "c") / 1e6, "image", "reported",
               True, "MB", sample.peak_mib)


def pushed(images):
    """Bytes of C that are sent to a registry which holds A."""
    with registry(images.work / "registry") as address:
        environment = images.environment("home")
        for name in ("A", "C"):
            printed = subprocess.run(images.command(name, f"docker://{address}/bench/{name.lower()}:1"), env=environment,
                                     check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
        outcome = json.loads(printed)
    return Row("image C to a registry that holds A: sent of the whole", outcome["sentBytes"] / 1e6,
               outcome["size"] / 1e6, "image", "reported", True, "MB")


@contextlib.contextmanager
def registry(folder):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = "127.0.0.1:%d" % free.getsockname()[1]
    folder.mkdir()
    settings = folder / "config.yml"
    settings.write_text(f"version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {folder}/data}}}}\n"
                        f"http: {{addr: '{address}'}}\n")
    process = subprocess.Popen(["docker-registry", "serve", str(settings)], stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://{address}/v2/").read()
                break
            time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait()


def shares(images, bench):
    """What the parts of making C take alone on one core, beside all processor time of a build with nothing cached."""
    clean(images.work / "home"), clean(images.work / "layout-ours")
    whole = images.terroir("C", "home", images.work / "layout-ours").cpu_seconds
    wheels = sorted(images.wheels.glob("*.whl"))
    pins = dict(line.lower().replace("_", "-").split("==") for line in images.sets["C"].splitlines() if "==" in line)
    chosen = []
    for wheel in wheels:
        name, version = wheel.name.split("-")[:2]
        if pins.get(name.lower().replace("_", "-").replace(".", "-")) == version:
            chosen.append(wheel)
    printed = subprocess.run([str(bench.peers.java), str(bench.root / "bench" / "Limits.java"), *map(str, chosen),
                              str(images.work)], check=True, stdout=subprocess.PIPE, text=True).stdout
    parts = {name: float(value) for name, value in (line.split() for line in printed.splitlines())}
    tree = images.work / "tree"
    for wheel in chosen:
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(tree)
    begin = os.times()
    subprocess.run([sys.executable, "-m", "compileall", "-q", "-j", "1", str(tree)], stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    end = os.times()
    parts["compiling"] = end.children_user + end.children_system - begin.children_user - begin.children_system
    return [Row(f"image C, {name}: alone on one core, of all processor time", seconds, whole, "build", "reported", True,
                "s") for name, seconds in parts.items()]


def size_of(layout, tag):
    index = json.loads((layout / "index.json").read_text())
    digest = next(item["digest"] for item in index["manifests"]
                  if item.get("annotations", {}).get("org.opencontainers.image.ref.name") == tag)
    manifest = json.loads((layout / "blobs" / digest.replace(":", "/")).read_text())
    return sum(layer["size"] for layer in manifest["layers"])


def blobs(layout):
    return {file.name: file.stat().st_size for file in (layout / "blobs" / "sha256").iterdir()}
