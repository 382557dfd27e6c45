"""A scoring request through a Terroir service, against the same inference server with nothing before it."""

import http.client
import json
import os
import signal
import socket
import statistics
import subprocess
import time

from measure import Row, run

SCORE = """\
import json
def init():
    pass
def run(data):
    return sum(json.loads(data)["data"])
"""
BODY = json.dumps({"data": [1, 2, 3]}).encode()
WARM_UP, REQUESTS = 200, 2000


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def ask(connection):
    begin = time.perf_counter()
    connection.request("POST", "/score", body=BODY, headers={"Content-Type": "application/json"})
    answer = connection.getresponse()
    body = answer.read()
    seconds = time.perf_counter() - begin
    if answer.status != 200 or json.loads(body) != 6:
        raise RuntimeError(f"{answer.status} {body!r}")
    return seconds


def await_port(port):
    for _ in range(600):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/")
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise RuntimeError(f"nothing healthy on port {port}")


def measure(bench):
    home = bench.work / "home-scoring"
    environment = bench.environment(home)
    source = bench.work / "scoring"
    source.mkdir(exist_ok=True)
    (source / "score.py").write_text(SCORE)
    (bench.work / "scoring-requirements.txt").write_text("azureml-defaults\n")
    directory = bench.work / "scoring-environment"
    run(bench.terroir("environment", "create", "-n", "scoring", "-f", bench.work / "scoring-requirements.txt",
                      "-d", directory), environment)
    run(bench.terroir("environment", "register", "-d", directory), environment)
    run(bench.terroir("environment", "install", "-n", "scoring"), environment)
    prefix = subprocess.run(bench.terroir("environment", "path", "-n", "scoring"), env=environment, check=True,
                            capture_output=True, text=True).stdout.strip()
    port, alone_port = free_port(), free_port()
    alone = subprocess.Popen([prefix + "/bin/azmlinfsrv", "--entry_script", str(source / "score.py"),
                              "--port", str(alone_port), "--health_port", str(alone_port)],
                             env=dict(environment, PATH=prefix + "/bin:" + os.environ["PATH"]),
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        run(bench.terroir("model", "deploy", "-n", "bench-service", "--es", "score.py", "--sd", source,
                          "-e", "scoring", "--port", port), environment)
        await_port(port), await_port(alone_port)
        mine, theirs = [], []
        # A connection for each request, as most clients of scoring services do, and the two sides in turn.
        for number in range(WARM_UP + REQUESTS):
            for target, times in ((port, mine), (alone_port, theirs)) if number % 2 else (
                    (alone_port, theirs), (port, mine)):
                connection = http.client.HTTPConnection("127.0.0.1", target, timeout=30)
                seconds = ask(connection)
                connection.close()
                if number >= WARM_UP:
                    times.append(seconds)
        ours, peer = (statistics.median(times) * 1000 for times in (mine, theirs))
        return [Row("scoring request, median", ours, peer, "azmlinfsrv alone", "+1 ms", ours - peer <= 1,
                    samples={"ours_p99": sorted(mine)[int(len(mine) * 0.99)] * 1000,
                             "peer_p99": sorted(theirs)[int(len(theirs) * 0.99)] * 1000})]
    finally:
        os.killpg(alone.pid, signal.SIGTERM)
        alone.wait()
        run(bench.terroir("service", "delete", "-n", "bench-service"), environment, check=False)
