"""The native Python client over loopback: a call of the server, and what logging costs the script that logs."""

import json
import os
import signal
import subprocess
import sys

from measure import Sample, at_most

CALLS, LOGS = 300, 10_000

#: Measures in a process of its own, as a script would; prints seconds.
GET = """\
import json, sys, time, terroir
client = terroir.connect(workspace_directory=sys.argv[1])
terroir.Workspace(client).register({"name": "bench", "python": {"userManagedDependencies": True}})
def call():
    begin = time.perf_counter()
    client.get("/environments/bench/versions/latest")
    return time.perf_counter() - begin
for _ in range(50):
    call()
print(json.dumps([call() for _ in range(%d)]))
""" % CALLS

LOG = """\
import json, sys, time, terroir
run = terroir.Workspace(terroir.connect(workspace_directory=sys.argv[1])).start("bench")
begin = time.perf_counter()
for step in range(%d):
    run.log("loss", step / 7, step)
called = time.perf_counter() - begin
if not run.flush(60) or len(run.metrics()) != %d:
    sys.exit("not everything arrived")
print(json.dumps([called, time.perf_counter() - begin]))
run.complete()
""" % (LOGS, LOGS)


def measure(bench):
    home = bench.work / "home-client"
    environment = bench.environment(home, TERROIR_COMMAND=bench.root / "terroir",
                                    PYTHONPATH=bench.root / "clients" / "python" / "terroir" / "src")
    subprocess.run(bench.terroir("workspace", "create", "--name", "bench", "--no-config"), env=environment, check=True,
                   stdout=subprocess.DEVNULL)
    directory = home / "data" / "workspaces" / "bench"

    def script(text):
        done = subprocess.run([sys.executable, "-c", text, str(directory)], env=environment, check=True,
                              stdout=subprocess.PIPE, universal_newlines=True)
        return json.loads(done.stdout)

    try:
        calls = [Sample(seconds, 0) for seconds in script(GET)]
        logged = [script(LOG) for _ in range(bench.repeat)]
    finally:
        process = json.loads((directory / "server" / "server.json").read_text())["pid"]
        os.kill(process, signal.SIGTERM)
    return [
        at_most("Environment.get from Python", calls, 5),
        at_most("10,000 run.log calls, for the script", [Sample(one[0], 0) for one in logged], 1000),
        at_most("10,000 run.log calls, until all are read back", [Sample(one[1], 0) for one in logged], 10_000),
    ]
