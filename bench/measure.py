"""Timing of whole processes, alternately for both sides, and the report."""

import os
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, List, Optional

UV_VERSION = "0.13.9"


@dataclass
class Sample:
    seconds: float
    peak_mib: float
    cpu_seconds: float = 0.0


@dataclass
class Row:
    """One line of the report: what was measured, both medians, the aim and whether it was met."""

    what: str
    ours: float
    peer: float
    peer_name: str
    aim: str
    met: bool
    unit: str = "ms"
    peak_mib: float = 0.0
    samples: dict = field(default_factory=dict)


@dataclass
class Peers:
    python: Path  # a plain interpreter with pip
    uv: Path
    java: Path


@dataclass
class Bench:
    root: Path
    work: Path
    sets: Path
    repeat: int
    peers: Peers

    def terroir(self, *arguments) -> List[str]:
        return [str(self.root / "terroir"), *map(str, arguments)]

    def environment(self, home: Path, **extra) -> dict:
        variables = dict(os.environ, TERROIR_HOME=str(home), TERROIR_UV=str(self.peers.uv),
                         UV_CACHE_DIR=str(self.work / "uv-cache"))
        variables.update({name: str(value) for name, value in extra.items()})
        return variables


def fetch_peers(root: Path, work: Path) -> Peers:
    subprocess.run([str(root / "terroir"), "--version"], check=True, stdout=subprocess.DEVNULL)
    venv = work / "peers"
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
    subprocess.run([str(venv / "bin" / "pip"), "install", "--quiet", f"uv=={UV_VERSION}"], check=True)
    return Peers(python=Path(sys.executable), uv=venv / "bin" / "uv", java=find_java(root))


def find_java(root: Path) -> Path:
    """The JDK that the launcher uses, so that start-up is compared on one machine's one Java."""
    found = subprocess.run([str(root / "terroir"), "doctor", "--output", "json"], capture_output=True, text=True)
    import json
    home = json.loads(found.stdout)["java"]["home"]
    return Path(home) / "bin" / "java"


def run(command: List[str], environment: dict, cwd: Optional[Path] = None, check: bool = True) -> Sample:
    """Runs a process to its end: wall time from start to exit, and the largest resident set of it and its children."""
    with open(os.devnull, "wb") as nothing, open(Path(environment.get("TMPDIR", "/tmp")) / f"bench-{os.getpid()}.err",
                                                   "w+b") as errors:
        begin = time.perf_counter()
        process = subprocess.Popen(command, env=environment, cwd=cwd, stdout=nothing, stderr=errors,
                                   stdin=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        if check and process.returncode != 0:
            errors.seek(0)
            raise RuntimeError(f"{command} ended with {process.returncode}:\n{errors.read().decode(errors='replace')}")
    os.unlink(errors.name)
    return Sample(seconds, usage.ru_maxrss / 1024, usage.ru_utime + usage.ru_stime)


def alternate(repeat: int, ours: Callable[[], Sample], peer: Callable[[], Sample]):
    """Both sides in turn, the order swapped each round, so that a busy minute falls on both."""
    mine, theirs = [], []
    for round_number in range(repeat):
        first, second = ((ours, mine), (peer, theirs)) if round_number % 2 == 0 else ((peer, theirs), (ours, mine))
        first[1].append(first[0]())
        second[1].append(second[0]())
    return mine, theirs


def median_ms(samples: List[Sample]) -> float:
    return statistics.median(sample.seconds for sample in samples) * 1000


def peak(samples: List[Sample]) -> float:
    return max(sample.peak_mib for sample in samples)


def at_most_more(what, ours, peer, peer_name, milliseconds) -> Row:
    """A row whose aim is to take at most so many milliseconds more than the peer."""
    mine, theirs = median_ms(ours), median_ms(peer)
    return Row(what, mine, theirs, peer_name, f"+{milliseconds} ms", mine - theirs <= milliseconds,
               peak_mib=peak(ours), samples=raw(ours, peer))


def at_most_times(what, ours, peer, peer_name, factor) -> Row:
    mine, theirs = median_ms(ours), median_ms(peer)
    return Row(what, mine, theirs, peer_name, f"at most {factor} x", mine <= factor * theirs,
               peak_mib=peak(ours), samples=raw(ours, peer))


def times_faster(what, ours, peer, peer_name, factor) -> Row:
    mine, theirs = median_ms(ours), median_ms(peer)
    return Row(what, mine, theirs, peer_name, f"{factor} x faster", mine * factor <= theirs,
               peak_mib=peak(ours), samples=raw(ours, peer))


def at_most(what, ours, milliseconds) -> Row:
    """A row without a peer, whose aim is a time."""
    mine = median_ms(ours)
    return Row(what, mine, milliseconds, "aim", f"at most {milliseconds} ms", mine <= milliseconds, peak_mib=peak(ours),
               samples=raw(ours, []))


def raw(ours, peer):
    return {"ours": [round(s.seconds * 1000, 2) for s in ours], "peer": [round(s.seconds * 1000, 2) for s in peer]}


def table(rows: List[Row]) -> str:
    lines = ["| measured | Terroir | peer | ratio | difference | aim | met | peak memory |",
             "|---|---|---|---|---|---|---|---|"]
    for row in rows:
        digits = 2 if row.ours < 10 else 0
        ratio = f"{row.ours / row.peer:.2f}" if row.peer else "–"  # An aim of none has no ratio.
        lines.append(
            f"| {row.what} | {row.ours:.{digits}f} {row.unit} | {row.peer_name} {row.peer:.{digits}f} {row.unit} "
            f"| {ratio} | {row.ours - row.peer:+.{digits}f} {row.unit} | {row.aim} "
            f"| {'yes' if row.met else 'NO'} | {f'{row.peak_mib:.0f} MiB' if row.peak_mib else '–'} |")
    return "\n".join(lines)


def clean(path: Path):
    shutil.rmtree(path, ignore_errors=True)
