"""Submitting a run whose environment is ready, against running the script by hand in that environment."""

import subprocess

from measure import alternate, at_most_more, run

TRAIN = """\
import json, os, sys
os.makedirs("outputs", exist_ok=True)
total = sum(i * i for i in range(200_000))
with open("outputs/result.json", "w") as out:
    json.dump({"total": total}, out)
print("trained", total)
"""


def measure(bench):
    home = bench.work / "home-runs"
    environment = bench.environment(home)
    project = bench.work / "project"
    project.mkdir(exist_ok=True)
    (project / "train.py").write_text(TRAIN)
    (bench.work / "train-requirements.txt").write_text("six\n")
    directory = bench.work / "train-environment"
    run(bench.terroir("environment", "create", "-n", "train", "-f", bench.work / "train-requirements.txt",
                      "-d", directory), environment)
    run(bench.terroir("environment", "register", "-d", directory), environment)
    run(bench.terroir("environment", "install", "-n", "train"), environment)
    prefix = subprocess.run(bench.terroir("environment", "path", "-n", "train"), env=environment, check=True,
                            capture_output=True, text=True).stdout.strip()
    mine, theirs = alternate(
        max(10, bench.repeat),
        lambda: run(bench.terroir("run", "submit-script", "-e", "bench", "--environment", "train",
                                  "--source", project, "train.py"), environment, cwd=project),
        lambda: run([prefix + "/bin/python", "train.py"], environment, cwd=project))
    return [at_most_more("run submitted and completed", mine, theirs, "python train.py", 300)]
