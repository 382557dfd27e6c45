"""The server: its start, many clients at once on both databases, a full workspace. What Python's client costs is in
client.py, pulls are in registry.py.

Aims: first answer under 1 s after the start; 200 clients for a minute with no error; a workspace of 10,000 environments
of 20 versions as fast as an empty one. TERROIR_BENCH_SECONDS shortens the minute, TERROIR_BENCH_ENVIRONMENTS the full
workspace.
"""

import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

from measure import Row

SECONDS = float(os.environ.get("TERROIR_BENCH_SECONDS", "60"))
CLIENTS = 200
ENVIRONMENTS = int(os.environ.get("TERROIR_BENCH_ENVIRONMENTS", "10000"))
VERSIONS = 20


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Connection:
    """One kept-alive connection of one client."""

    def __init__(self, port, token):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.headers = {"Authorization": "Bearer " + token, "Content-Type": "application/json"}

    def ask(self, method, path, body=None):
        begin = time.perf_counter()
        self.connection.request(method, path, body=None if body is None else json.dumps(body).encode(),
                                headers=self.headers)
        answer = self.connection.getresponse()
        data = answer.read()
        seconds = time.perf_counter() - begin
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {data[:300]!r}")
        return seconds, json.loads(data) if data else None


@contextlib.contextmanager
def serving(bench, environment, directory):
    """A server of a workspace, its port, a token, and how long its first answer took."""
    made = subprocess.run(bench.terroir("token", "create", "--name", "bench", "--role", "owner", "--workspace",
                                        str(directory)),
                          env=environment, check=True, capture_output=True, text=True)
    token = json.loads(made.stdout)["secret"]
    port = free_port()
    begin = time.perf_counter()
    process = subprocess.Popen(bench.terroir("serve", "--workspace", str(directory), "--listen", f"127.0.0.1:{port}"),
                               env=environment, stdout=subprocess.DEVNULL, stderr=open(str(directory) + ".log", "w"))
    try:
        while True:
            try:
                Connection(port, token).ask("GET", "/api/v1")
                break
            except OSError:
                if process.poll() is not None or time.perf_counter() - begin > 60:
                    raise RuntimeError(Path(str(directory) + ".log").read_text())
                time.sleep(0.005)
        yield port, token, time.perf_counter() - begin
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def workspace(bench, environment, name, *more):
    directory = bench.work / "server" / name
    subprocess.run(bench.terroir("workspace", "create", "-n", name, "--directory", str(directory), "--no-config", *more),
                   env=environment, check=True, stdout=subprocess.DEVNULL)
    return directory


def definition(name, number):
    return {"name": name, "environmentVariables": {"N": str(number)},
            "python": {"userManagedDependencies": False, "condaDependencies":
                       {"dependencies": ["python=3.11", {"pip": ["azureml-defaults", f"tool=={number}"]}]}}}


def storm(port, token):
    """Many clients that list and register: all latencies, and the errors."""
    latencies, errors = {"list": [], "get": [], "register": []}, []
    until = time.perf_counter() + SECONDS

    def client(number):
        connection, turn = Connection(port, token), 0
        while time.perf_counter() < until:
            turn += 1
            try:
                own = f"client-{number}"
                seconds, _ = connection.ask("POST", "/api/v1/environments", definition(own, turn % 7))
                latencies["register"].append(seconds)
                seconds, _ = connection.ask("GET", f"/api/v1/environments/{own}/versions/latest")
                latencies["get"].append(seconds)
                seconds, _ = connection.ask("GET", "/api/v1/environments?limit=50")
                latencies["list"].append(seconds)
            except Exception as error:  # Counted, whatever it is.
                errors.append(repr(error))
                connection = Connection(port, token)

    threads = [threading.Thread(target=client, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return latencies, errors


def quantile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else float("nan")


def medians(port, token, name, count=200):
    connection = Connection(port, token)
    result = {}
    for what, ask in {
        "list": lambda turn: connection.ask("GET", "/api/v1/environments?limit=20"),
        "get": lambda turn: connection.ask("GET", f"/api/v1/environments/{name}/versions/latest"),
        "register": lambda turn: connection.ask("POST", "/api/v1/environments", definition("new-" + name, turn)),
    }.items():
        times = [ask(turn)[0] for turn in range(count)]
        result[what] = statistics.median(times[count // 4:])
    return result


def fill(directory):
    """Writes the records of a workspace that has been used for long."""
    database = sqlite3.connect(directory / "workspace.db")
    row = database.execute("SELECT hash, definition, created_at FROM environment WHERE name = 'seed'").fetchone()
    with database:
        for number in range(ENVIRONMENTS):
            name = f"e{number:05d}"
            text = row[1].replace('"seed"', f'"{name}"')
            database.executemany(
                "INSERT INTO environment (name, version, ordinal, hash, definition, created_at) VALUES (?, ?, ?, ?, ?, ?)",
                [(name, str(version), version, row[0], text, row[2]) for version in range(1, VERSIONS + 1)])
    database.close()


def measure_start(bench, environment):
    directory = workspace(bench, environment, "start")
    times = []
    for _ in range(bench.repeat):
        with serving(bench, environment, directory) as (_, _, seconds):
            times.append(seconds)
    median = statistics.median(times)
    return [Row("server: start to first answer", median * 1000, 1000, "aim", "under 1 s", median < 1)]


def measure_storm(bench, environment):
    rows = []
    with contextlib.ExitStack() as stack:
        bases = {"SQLite": []}
        address = stack.enter_context(postgres(bench))
        if address:
            bases["PostgreSQL"] = ["--database", address]
        for database, more in bases.items():
            directory = workspace(bench, environment, "storm-" + database.lower(), *more)
            with serving(bench, environment, directory) as (port, token, _):
                latencies, errors = storm(port, token)
            count = sum(map(len, latencies.values()))
            print(f"{database}: {count} requests in {SECONDS:.0f} s, {len(errors)} errors; " + ", ".join(
                f"{what} median {statistics.median(times) * 1000:.0f} ms, 99th of 100 {quantile(times, 0.99) * 1000:.0f} ms"
                for what, times in latencies.items() if times) + "".join("\n" + error for error in errors[:3]),
                file=sys.stderr)
            rows.append(Row(f"{CLIENTS} clients, {SECONDS:.0f} s, {database}: errors of {count}", len(errors), 0, "aim",
                            "none", not errors, unit=""))
            for what, times in latencies.items():
                if not times:
                    continue  # Every one failed, which is said above.
                rows.append(Row(f"  {what}, 99th of 100 ({database})", quantile(times, 0.99) * 1000,
                                statistics.median(times) * 1000, "median", "reported", True))
    return rows


@contextlib.contextmanager
def postgres(bench):
    """A PostgreSQL of its own on loopback, or None where none is installed."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not programs:
        print("no PostgreSQL here: measured with SQLite only", file=sys.stderr)
        yield None
        return
    folder = bench.work / "postgres"
    folder.mkdir()
    prefix = []
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
        for parent in folder.parents:
            if parent == Path("/tmp"):
                break
            parent.chmod(0o711)
        prefix = ["runuser", "-u", "postgres", "--"]
    port = free_port()
    subprocess.run(prefix + [str(programs[-1]), "-D", str(folder / "data"), "-A", "trust", "-U", "terroir"], check=True,
                   stdout=subprocess.DEVNULL, cwd="/")
    server = subprocess.Popen(prefix + [str(programs[-1].with_name("postgres")), "-D", str(folder / "data"), "-p", str(port),
                                        "-c", "listen_addresses=127.0.0.1", "-k", str(folder)],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")
    try:
        for _ in range(200):
            done = subprocess.run([str(programs[-1].with_name("createdb")), "-h", "127.0.0.1", "-p", str(port), "-U",
                                   "terroir", "bench"], stderr=subprocess.DEVNULL)
            if done.returncode == 0:
                break
            time.sleep(0.1)
        yield f"postgresql://terroir@127.0.0.1:{port}/bench"
    finally:
        server.terminate()
        server.wait(30)


def measure_full(bench, environment):
    empty = workspace(bench, environment, "empty")
    full = workspace(bench, environment, "full")
    results = {}
    for directory in (empty, full):
        with serving(bench, environment, directory) as (port, token, _):
            connection = Connection(port, token)
            for name in ["seed", *(f"seed-{number:02d}" for number in range(20))]:  # Each lists a whole page.
                connection.ask("POST", "/api/v1/environments", definition(name, 0))
    fill(full)
    for name, directory in (("empty", empty), ("full", full)):
        with serving(bench, environment, directory) as (port, token, _):
            results[name] = medians(port, token, "seed")
    return [Row(f"{what} among {ENVIRONMENTS} x {VERSIONS} environments", results["full"][what] * 1000,
                results["empty"][what] * 1000, "empty workspace", "as fast (1.5 x)",
                results["full"][what] < 1.5 * results["empty"][what] + 0.001)
            for what in ("list", "get", "register")]


def measure(bench):
    environment = bench.environment(bench.work / "home-server")
    (bench.work / "server").mkdir()
    rows = measure_start(bench, environment)
    rows += measure_storm(bench, environment)
    rows += measure_full(bench, environment)
    return rows
