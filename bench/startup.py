"""Start-up of the command line, as multiples of `java -version` of the same JDK."""

import json
import subprocess

from measure import alternate, at_most_times, run


def measure(bench):
    home = bench.work / "home-startup"
    environment = bench.environment(home)
    definition = bench.work / "startup-definition"
    run(bench.terroir("environment", "scaffold", "-n", "startup", "-d", definition), environment)
    document = definition / "conda_dependencies.yml"
    for number in range(50):
        text = document.read_text().splitlines()
        saved = json.loads((definition / "azureml_environment.json").read_text())
        saved["name"] = f"environment-{number:02}"
        (definition / "azureml_environment.json").write_text(json.dumps(saved, indent=4))
        document.write_text("\n".join(text) + "\n")
        run(bench.terroir("environment", "register", "-d", definition), environment)
    small = bench.work / "startup-built"
    (bench.work / "one.txt").write_text("six\n")
    run(bench.terroir("environment", "create", "-n", "built", "-f", bench.work / "one.txt", "-d", small), environment)
    run(bench.terroir("environment", "install", "-d", small), environment)
    subprocess.run(bench.terroir("environment", "path", "-d", small), env=environment, check=True,
                   stdout=subprocess.DEVNULL)

    rows = []
    repeat = max(15, bench.repeat)
    for what, command, factor in [
        ("terroir --version", ["--version"], 2.5),
        ("environment list (50)", ["environment", "list"], 4),
        ("environment path (built)", ["environment", "path", "-d", small], 5),
    ]:
        mine, theirs = alternate(repeat, lambda: run(bench.terroir(*command), environment),
                                 lambda: run([str(bench.peers.java), "-version"], environment))
        rows.append(at_most_times(what, mine, theirs, "java -version", factor))
    return rows
