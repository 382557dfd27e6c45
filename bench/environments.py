"""Definition to ready environment, against uv with everything cached and against pip with nothing cached."""

import re
import shutil
from pathlib import Path

from measure import at_most_more, alternate, clean, run, times_faster


def definitions(bench):
    """Each requirement set as a saved environment directory and the plain requirements of the same packages."""
    home = bench.work / "home-definitions"
    for requirements in sorted(bench.sets.glob("*/requirements.txt")):
        name = requirements.parent.name
        directory = bench.work / "definitions" / name
        if not directory.exists():
            run(bench.terroir("environment", "create", "-n", name, "-f", requirements, "-d", directory),
                bench.environment(home))
            # Both sides install the same packages: the scoring stack is ours alone, so it is left out.
            document = directory / "conda_dependencies.yml"
            document.write_text(re.sub(r"(?m)^ *- azureml-defaults\n", "", document.read_text()))
        yield name, directory, requirements


def measure_warm(bench):
    rows = []
    for name, directory, requirements in definitions(bench):
        home = bench.work / "home-warm"
        environment = bench.environment(home)
        venv = bench.work / "venv-warm"

        def ours():
            clean(home / "data" / "prefixes")
            return run(bench.terroir("environment", "install", "-d", directory), environment)

        def peer():
            clean(venv)
            made = run([str(bench.peers.uv), "venv", "--quiet", str(venv)], environment)
            filled = run([str(bench.peers.uv), "pip", "install", "--quiet", "--python", str(venv / "bin" / "python"),
                          "-r", str(requirements)], environment)
            made.seconds += filled.seconds
            made.peak_mib = max(made.peak_mib, filled.peak_mib)
            return made

        ours(), peer()  # fill the caches
        mine, theirs = alternate(bench.repeat, ours, peer)
        rows.append(at_most_more(f"install, warm: {name}", mine, theirs, "uv", 300))
    return rows


def measure_cold(bench):
    rows = []
    repeat = max(1, min(3, bench.repeat))
    for name, directory, requirements in definitions(bench):
        home, cache, venv = (bench.work / part for part in ("home-cold", "cache-cold", "venv-cold"))

        def ours():
            clean(home), clean(cache)
            return run(bench.terroir("environment", "install", "-d", directory),
                       bench.environment(home, UV_CACHE_DIR=cache))

        def peer():
            clean(venv)
            environment = bench.environment(home, PIP_NO_CACHE_DIR="1")
            made = run([str(bench.peers.python), "-m", "venv", str(venv)], environment)
            filled = run([str(venv / "bin" / "python"), "-m", "pip", "install", "--quiet", "-r", str(requirements)],
                         environment)
            made.seconds += filled.seconds
            return made

        mine, theirs = alternate(repeat, ours, peer)
        rows.append(times_faster(f"install, nothing cached: {name}", mine, theirs, "pip", 3))
    for leftover in ("home-cold", "cache-cold", "venv-cold"):
        shutil.rmtree(bench.work / leftover, ignore_errors=True)
    return rows
