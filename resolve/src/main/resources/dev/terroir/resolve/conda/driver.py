"""Drives rattler for Terroir: one request as JSON on standard input, one answer as JSON on standard
output, progress as JSON lines on standard error.

A request names its `operation`; the answer holds `result` or `error`. Credentials come in the
request only and are never written anywhere.
"""

import asyncio
import datetime
import json
import os
import subprocess
import sys
import tempfile
import threading
import zipfile
from pathlib import Path

import rattler
from rattler import (
    Channel,
    ChannelPriority,
    Gateway,
    MatchSpec,
    MultiSource,
    PackageName,
    PackageRecord,
    RepoDataRecord,
    SourceConfig,
    SparseRepoData,
    fetch_repo_data,
)
from rattler.exceptions import SolverError
from rattler.networking import (
    AddHeadersMiddleware,
    AuthenticationMiddleware,
    Client,
    MirrorMiddleware,
    OciMiddleware,
    RetryMiddleware,
    S3Middleware,
)


class Failure(Exception):
    """An answer that is an error: what kind, which words, and what else is known."""

    def __init__(self, kind, message, **more):
        super().__init__(message)
        self.answer = {"kind": kind, "message": message, **more}


# Of two threads that want to answer the first does.
ANSWERING = threading.Lock()


def finish(answer):
    """Answers and ends the process at once, whatever rattler's threads are at."""
    ANSWERING.acquire()
    json.dump(answer, sys.stdout)
    sys.stdout.flush()
    os._exit(0)


def say(**event):
    print(json.dumps(event), file=sys.stderr, flush=True)


def client(request):
    """A client with the request's mirrors, headers and time-out, and the user's own store."""
    middlewares = [RetryMiddleware(request.get("retries", 2))]
    if request.get("mirrors"):
        middlewares.append(MirrorMiddleware(request["mirrors"]))
    headers = request.get("headers") or []
    if headers:

        def header(host, path):
            for entry in headers:
                if host == entry["host"] and path.startswith(entry["path"]):
                    return {"Authorization": entry["value"]}
            return None

        middlewares.append(AddHeadersMiddleware(header))
    middlewares += [AuthenticationMiddleware(), OciMiddleware(), S3Middleware()]
    return Client(middlewares, user_agent="terroir", timeout=request.get("timeoutSeconds", 300))


def gateway(request):
    return Gateway(
        cache_dir=request["repodataCache"],
        default_config=SourceConfig(
            sharded_enabled=request.get("sharded", True),
            cache_action="force-cache-only" if request.get("offline") else "cache-or-fetch",
        ),
        client=client(request),
    )


def sources(request, subdirs, lacking=()):
    """The channels in their order; several under one name have one priority."""
    result = []
    for channel in request["channels"]:
        parts = [part for url in channel["urls"] for part in parts_of(url, subdirs, lacking)]
        if channel.get("name") is not None:
            result.append(MultiSource(channel["name"], parts))
        elif len(parts) == 1:
            result.append(parts[0])
        else:
            result.append(MultiSource(channel["urls"][0], parts))
    return result


def parts_of(url, subdirs, lacking):
    """A channel; one without one of the subdirs has just the packages of the others."""
    channel = Channel(url)
    if url.startswith("file://"):
        folder = Path(url_path(url))
        there = [subdir for subdir in subdirs if has_repodata(folder / subdir)]
        plain = [subdir for subdir in there if (folder / subdir / "repodata.json").is_file()]
        if there and len(there) < len(subdirs) and plain == there:
            return [
                SparseRepoData(channel, subdir, folder / subdir / "repodata.json")
                for subdir in there
            ]
    return lacking.get(url, [channel]) if lacking else [channel]


async def without_missing(request, subdirs):
    """For channels on servers that have one of the subdirs only: that one's packages."""
    found = {}
    for channel in request["channels"]:
        for url in channel["urls"]:
            there = []
            for subdir in subdirs:
                try:
                    there += await fetch_repo_data(
                        channels=[Channel(url)],
                        platforms=[rattler.Subdir(subdir)],
                        cache_path=request["repodataCache"],
                        callback=None,
                        client=client(request),
                    )
                except Exception as error:
                    if "404" not in str(error):
                        raise
            if there and len(there) < len(subdirs):
                found[url] = there
    return found


def url_path(url):
    from urllib.parse import unquote, urlsplit

    return unquote(urlsplit(url).path)


def has_repodata(folder):
    return any(
        (folder / name).is_file()
        for name in ("repodata.json", "repodata.json.zst", "repodata_shards.msgpack.zst")
    )


def parsed(specs):
    """Match specs, or a failure that names all that are none."""
    result, wrong = [], []
    for index, text in enumerate(specs):
        try:
            result.append(MatchSpec(text, strict=False))
        except Exception as error:  # rattler raises several kinds for bad text
            wrong.append({"index": index, "spec": text, "message": str(error)})
    if wrong:
        raise Failure("spec", "match specs that cannot be read", specs=wrong)
    return result


def virtual(texts):
    packages = []
    for text in texts:
        name, version, build = (text.split("=") + ["0", "0"])[:3]
        packages.append(
            rattler.virtual_package.GenericVirtualPackage(
                PackageName(name), rattler.Version(version), rattler.BuildString(build)
            )
        )
    return packages


def detected():
    overrides = rattler.VirtualPackageOverrides.from_env()
    found = []
    for package in rattler.VirtualPackage.detect(overrides):
        generic = package.into_generic()
        found.append(f"{generic.name.normalized}={generic.version}={generic.build_string}")
    return sorted(found)


def stated(machine, more):
    """What a machine offers, with some of it told by the user."""
    names = {entry.split("=")[0] for entry in more}
    rest = [entry for entry in machine if entry.split("=")[0] not in names]
    return sorted(rest + [entry if entry.count("=") == 2 else f"{entry}=0" for entry in more])


def record_json(record):
    """A record as the lock holds it."""
    raw = json.loads(record.to_json())
    return {
        "name": record.name.normalized,
        "version": str(record.version),
        "build": str(raw.get("build", "")),
        "buildNumber": record.build_number,
        "subdir": record.subdir,
        "channel": record.channel,
        "url": record.url,
        "sha256": record.sha256.hex() if record.sha256 else None,
        "md5": record.md5.hex() if record.md5 else None,
        "size": -1 if record.size is None else record.size,
        "depends": record.depends,
        "constrains": record.constrains,
        "noarch": "python" if record.noarch.python else "generic" if record.noarch.generic else None,
        "sitePackagesPath": record.python_site_packages_path,
        "license": record.license,
        "timestamp": raw.get("timestamp", -1),
    }


def record_of(data):
    record = PackageRecord(
        name=data["name"],
        version=data["version"],
        build=rattler.BuildString(data["build"]),
        build_number=data["buildNumber"],
        subdir=data["subdir"],
        noarch=data["noarch"],
        depends=data["depends"],
        constrains=data["constrains"],
        sha256=bytes.fromhex(data["sha256"]) if data["sha256"] else None,
        md5=bytes.fromhex(data["md5"]) if data["md5"] else None,
        size=None if data["size"] < 0 else data["size"],
        license=data["license"],
        python_site_packages_path=data.get("sitePackagesPath"),
    )
    if data["timestamp"] >= 0:
        record.timestamp = datetime.datetime.fromtimestamp(
            data["timestamp"] / 1000, tz=datetime.timezone.utc
        )
    return RepoDataRecord(record, data["url"].rsplit("/", 1)[-1], data["url"], data["channel"])


async def unreachable(request, subdirs):
    """Which channels cannot be read, each with the reason."""
    failures = []
    for channel in request["channels"]:
        for url in channel["urls"]:
            one = {**request, "channels": [{"urls": [url]}]}
            try:
                await gateway(one).names(sources(one, subdirs), platforms=subdirs)
            except Exception as error:
                failures.append({"channel": url, "message": str(error)})
    return failures


async def solve(request):
    subdirs = [request["subdir"], "noarch"]
    specs = parsed(request["specs"])
    constraints = parsed(request.get("constraints", []))
    machine = request.get("virtualPackages")
    machine = stated(detected() if machine is None else machine, request.get("stated", []))
    priority = {
        "strict": ChannelPriority.Strict,
        "flexible": ChannelPriority.Flexible,
        "disabled": ChannelPriority.Disabled,
    }[request["channelPriority"]]

    async def solved(lacking):
        return await rattler.solve(
            sources=sources(request, subdirs, lacking),
            specs=specs,
            gateway=gateway(request),
            platforms=subdirs,
            virtual_packages=virtual(machine),
            channel_priority=priority,
            constraints=constraints,
            timeout=datetime.timedelta(seconds=request.get("solveSeconds", 600)),
            add_pip_as_python_dependency=request.get("addPip", False),
        )

    try:
        try:
            records = await solved({})
        except SolverError:
            raise
        except Exception as error:
            lacking = {}
            if "could not find subdir" in str(error) and not request.get("offline"):
                lacking = await without_missing(request, subdirs)
            if not lacking:
                raise
            records = await solved(lacking)
    except SolverError as error:
        raise Failure("unsolvable", str(error), virtualPackages=machine) from error
    except Exception as error:
        failures = await unreachable(request, subdirs)
        if failures:
            raise Failure("channel", str(error), channels=failures) from error
        raise
    return {"packages": [record_json(record) for record in records], "virtualPackages": machine}


async def contents(request):
    """The paths inside packages."""
    streams = client(request)
    limit = asyncio.Semaphore(8)
    answer = {}

    async def one(url):
        async with limit:
            answer[url] = await paths(url, streams)

    await asyncio.gather(*(one(url) for url in request["urls"]))
    return {"paths": answer}


async def paths(url, streams):
    from rattler.package_streaming import extract, fetch_raw_package_file_from_url

    if url.startswith("file://"):
        archive = url_path(url)
        if not os.path.isfile(archive):
            raise Failure("archive", "no such file", url=url)
        with tempfile.TemporaryDirectory(prefix="terroir-conda-") as folder:
            try:
                if archive.endswith(".conda"):
                    archive = only_info(archive, folder)
                await asyncio.to_thread(extract, archive, folder)
            except Exception as error:
                raise Failure("archive", str(error), url=url) from error
            return listed(lambda name: (Path(folder) / name).read_bytes())
    try:
        found = await fetch_raw_package_file_from_url(streams, url, "info/paths.json")
        return listed(lambda name: found)
    except Exception:
        try:
            found = await fetch_raw_package_file_from_url(streams, url, "info/files")
            return found.decode("utf-8", "replace").split("\n")
        except Exception as error:
            raise Failure("archive", str(error), url=url) from error


# A zstd frame of nothing: RFC 8878, section 3.1.1.
NOTHING = bytes.fromhex("28b52ffd240001000099e9d851")


def only_info(archive, folder):
    """A package of the same information and without content, which is read much faster."""
    small = os.path.join(folder, os.path.basename(archive))
    with zipfile.ZipFile(archive) as whole, zipfile.ZipFile(small, "w") as part:
        for name in whole.namelist():
            part.writestr(name, NOTHING if name.startswith("pkg-") else whole.read(name))
    return small


def listed(read):
    try:
        return [entry["_path"] for entry in json.loads(read("info/paths.json"))["paths"]]
    except (OSError, KeyError, ValueError):
        return read("info/files").decode("utf-8", "replace").split("\n")


class Reporter:
    """Tells how an installation goes, and looks at each package before it is linked."""

    def __init__(self, records, cache):
        self.records = {record["name"]: record for record in records}
        self.cache = Path(cache)
        self.sizes = {}
        self.total = sum(max(0, record["size"]) for record in records)
        self.count = len(records)
        self.linked = 0

    def on_transaction_start(self, total_operations):
        self.count = total_operations

    def on_transaction_operation_start(self, operation):
        pass

    def on_populate_cache_start(self, operation, package_name):
        return operation

    def on_validate_start(self, cache_entry):
        return cache_entry

    def on_validate_complete(self, validate_idx):
        pass

    def on_download_start(self, cache_entry):
        return cache_entry

    def on_download_progress(self, download_idx, progress, total):
        self.sizes[download_idx] = progress

    def on_download_completed(self, download_idx):
        say(event="fetched", bytes=sum(self.sizes.values()), total=self.total)

    def on_populate_cache_complete(self, cache_entry):
        pass

    def on_unlink_start(self, operation, package_name):
        return operation

    def on_unlink_complete(self, index):
        pass

    def on_link_start(self, operation, package_name):
        # rattler waits for the answer, but takes no exception for one.
        try:
            record = self.records[package_name]
            check_links(package_folder(self.cache, record), record)
        except Failure as failure:
            finish({"error": failure.answer})
        except Exception as error:
            finish({"error": {"kind": "other", "message": f"{type(error).__name__}: {error}"}})
        return operation

    def on_link_complete(self, index):
        self.linked += 1
        say(event="linked", packages=self.linked, total=self.count)

    def on_transaction_operation_complete(self, operation):
        pass

    def on_transaction_complete(self):
        pass

    def on_post_link_start(self, package_name, script_path):
        return 0

    def on_post_link_complete(self, index, success):
        pass

    def on_pre_unlink_start(self, package_name, script_path):
        return 0

    def on_pre_unlink_complete(self, index, success):
        pass


def package_folder(cache, record):
    """Where rattler has unpacked a package."""
    folder = cache / f"{record['name']}-{record['version']}-{record['build']}"
    if not folder.is_dir():
        raise Failure("archive", "what was unpacked of it is not there", url=record["url"])
    return folder


def check_links(folder, record):
    """Refuses a package with a symbolic link to somewhere outside of the environment."""
    try:
        noarch = json.loads((folder / "info" / "index.json").read_bytes()).get("noarch")
    except (OSError, ValueError, AttributeError) as error:
        raise Failure("archive", str(error), url=record["url"]) from error
    left = [""]
    while left:
        above = left.pop()
        with os.scandir(folder / above) as entries:
            for entry in entries:
                path = f"{above}{entry.name}"
                if entry.is_symlink():
                    why = strays(path, os.readlink(entry.path), noarch == "python")
                    if why:
                        raise Failure("refused", why, path=printable(path), url=record["url"])
                elif entry.is_dir(follow_symlinks=False):
                    left.append(path + "/")


def strays(path, target, is_noarch_python):
    """Why a link must not be made. Its way up has to come first, so that no other link can bend
    it."""
    if not target or printable(target) != target:
        return "it is a link to nowhere"
    if target.startswith("/"):
        return f"it is a link to `{target}`, which is absolute"
    depth = path.count("/")
    # `site-packages` becomes a folder two levels down.
    if is_noarch_python and path.startswith("site-packages/"):
        depth += 2
    is_down = False
    for part in target.split("/"):
        if part == "..":
            depth -= 1
            if is_down or depth < 0:
                return f"it is a link to `{target}`, which leads out of it"
        elif part not in ("", "."):
            is_down = True
    return None


def printable(text):
    return "".join(c if c >= " " and c != "\x7f" and not "\ud800" <= c < "\ue000" else "?" for c in text)


async def install(request):
    """Makes a prefix; runs the link scripts of the named packages only."""
    records = request["records"]
    prefix = Path(request["prefix"])
    prefix.mkdir(parents=True, exist_ok=True)
    wanted = [record_of(record) for record in records]
    specs = parsed(request.get("specs", []))
    try:
        await rattler.install(
            records=wanted,
            target_prefix=prefix,
            cache_dir=request["packageCache"],
            platform=rattler.Subdir(request["subdir"]),
            execute_link_scripts=False,
            client=client(request),
            # This version hands them on as they are, and so takes its inner objects only.
            requested_specs=[spec._match_spec for spec in specs],
            reporter=Reporter(records, request["packageCache"]),
        )
    except Exception as error:
        raise Failure("install", str(error)) from error
    skipped = []
    for record in records:
        script = prefix / "bin" / f".{record['name']}-post-link.sh"
        if script.is_file():
            if record["name"] in request.get("linkScripts", []):
                post_link(prefix, script, record)
            else:
                skipped.append(record["name"])
    return {"skippedLinkScripts": skipped}


def post_link(prefix, script, record):
    environment = {
        **os.environ,
        "PREFIX": str(prefix),
        "ROOT_PREFIX": str(prefix),
        "PKG_NAME": record["name"],
        "PKG_VERSION": record["version"],
        "PKG_BUILDNUM": str(record["buildNumber"]),
        "PATH": f"{prefix / 'bin'}:{os.environ.get('PATH', '/usr/bin:/bin')}",
    }
    done = subprocess.run(
        ["/bin/bash", "-e", str(script)],
        env=environment,
        cwd=prefix,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    if done.returncode != 0:
        raise Failure(
            "link-script",
            done.stdout.decode("utf-8", "replace").strip(),
            package=record["name"],
            exitCode=done.returncode,
        )


OPERATIONS = {
    "solve": solve,
    "contents": contents,
    "install": install,
}


def main():
    request = json.load(sys.stdin)
    try:
        answer = {"result": asyncio.run(OPERATIONS[request["operation"]](request))}
    except Failure as failure:
        answer = {"error": failure.answer}
    except Exception as error:
        answer = {"error": {"kind": "other", "message": f"{type(error).__name__}: {error}"}}
    # Threads of rattler's may still run, and must not find the interpreter half taken down.
    finish(answer)


if __name__ == "__main__":
    main()
