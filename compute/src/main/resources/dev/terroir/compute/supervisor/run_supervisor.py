"""Starts the script of a run and sees it to its end.

Called as `python -I -S run_supervisor.py RUN_DIRECTORY` in a session of its own. Reads and removes
launch.json, keeps supervisor.json while it lives, leaves exit.json when the script has ended. A script
in a container is the command line of an engine, which also says how to stop and remove the container and
whether it ever ran.
Standard library only, Python 3.6 or later.
"""
import json
import os
import signal
import subprocess
import sys
import threading
import time

POLL = 0.05
GRACE = 5.0
CHUNK = 65536
ENGINE_PATIENCE = 60.0
ENGINE_STATUSES = (125, 126, 127)

directory = sys.argv[1]
stop_requested = threading.Event()


def path(name):
    return os.path.join(directory, name)


def write(name, value):
    temporary = path("." + name + ".tmp")
    with open(temporary, "w") as out:
        json.dump(value, out)
        out.flush()
        os.fsync(out.fileno())
    os.rename(temporary, path(name))


def now():
    seconds = time.time()
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return "%s.%03dZ" % (whole, int(seconds * 1000) % 1000)


def start_time(pid):
    """Clock ticks after boot at which a process started; with its id it names it for good."""
    try:
        with open("/proc/%d/stat" % pid) as stat:
            return stat.read().rsplit(")", 1)[1].split()[19]
    except (OSError, IndexError):
        return ""


def marked(run_id):
    """Ids of all processes that carry this run's marker in their environment."""
    marker = ("AZUREML_RUN_ID=" + run_id).encode()
    found = []
    try:
        names = os.listdir("/proc")
    except OSError:
        return found
    for name in names:
        if name.isdigit() and int(name) != os.getpid():
            try:
                with open("/proc/%s/environ" % name, "rb") as environ:
                    if marker in environ.read().split(b"\0"):
                        with open("/proc/%s/stat" % name) as stat:
                            if stat.read().rsplit(")", 1)[1].split()[0] != "Z":
                                found.append(int(name))
            except (OSError, IndexError):
                pass
    return found


def send(group, run_id, number):
    try:
        os.killpg(group, number)
    except OSError:
        pass
    for pid in marked(run_id):
        try:
            os.kill(pid, number)
        except OSError:
            pass


def end_tree(process, run_id):
    send(process.pid, run_id, signal.SIGTERM)
    deadline = time.time() + GRACE
    while time.time() < deadline:
        if process.poll() is not None and not marked(run_id):
            return
        time.sleep(POLL)
    send(process.pid, run_id, signal.SIGKILL)


def ask(engine, line, environment):
    """Runs an engine's command; says whether it succeeded."""
    try:
        return subprocess.call(
            engine[line], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, timeout=ENGINE_PATIENCE) == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def was_started(engine, environment):
    """Whether the script ran in its container; a script may end with the statuses of engines."""
    try:
        asked = subprocess.Popen(
            engine["started"], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL)
    except OSError:
        return False
    try:
        said = asked.communicate(timeout=ENGINE_PATIENCE)[0]
    except subprocess.TimeoutExpired:
        asked.kill()
        asked.communicate()
        return False
    return asked.returncode == 0 and not said.startswith(b"0001-")


def end_container(process, engine, environment):
    """Ends a container whose engine's command may not have created it yet."""
    deadline = time.time() + 2 * GRACE
    while process.poll() is None and time.time() < deadline:
        if not ask(engine, "stop", environment):
            time.sleep(4 * POLL)
            continue
        try:
            process.wait(GRACE)
        except subprocess.TimeoutExpired:
            pass
    if process.poll() is None:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except OSError:
            pass
    ask(engine, "remove", environment)


def forget(engine):
    """Removes the file of variables, which may hold secrets."""
    if engine:
        try:
            os.remove(engine["environmentFile"])
        except OSError:
            pass


def copy_log(pipe, log_file, cap):
    """Appends what the script writes to the log, up to a cap, and drains the rest."""
    written = 0
    dropped = 0
    with open(log_file, "ab", 0) as log:
        while True:
            chunk = os.read(pipe, CHUNK)
            if not chunk:
                break
            room = cap - written
            if room > 0:
                try:
                    log.write(chunk[:room])
                except OSError:
                    room = 0
                written += min(room, len(chunk))
            dropped += max(0, len(chunk) - max(room, 0))
        if dropped:
            try:
                log.write(("\n[%d more bytes of output were dropped]\n" % dropped).encode())
            except OSError:
                pass


def main():
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop_requested.set())
    with open(path("launch.json")) as launch_file:
        launch = json.load(launch_file)
    os.remove(path("launch.json"))
    run_id = launch["runId"]
    engine = launch.get("container")
    me = {"pid": os.getpid(), "startTime": start_time(os.getpid())}
    write("supervisor.json", me)
    reader, writer = os.pipe()
    result = {"outcome": "exited", "exitCode": None, "signal": None, "message": None, "leftBehind": 0}
    began = time.time()
    result["startedAt"] = now()
    try:
        if os.path.exists(path("cancel")):
            raise KeyboardInterrupt
        process = subprocess.Popen(
            launch["command"], cwd=launch["workingDirectory"], env=launch["environment"],
            stdin=subprocess.DEVNULL, stdout=writer, stderr=writer, start_new_session=True)
    except KeyboardInterrupt:
        forget(engine)
        result.update(outcome="canceled", message="canceled before its script was started", endedAt=now())
        write("exit.json", result)
        return
    except OSError as error:
        forget(engine)
        result.update(outcome="notStarted", message=str(error), endedAt=now())
        write("exit.json", result)
        return
    os.close(writer)
    me.update(scriptPid=process.pid, scriptStartTime=start_time(process.pid), startedAt=result["startedAt"])
    write("supervisor.json", me)
    logger = threading.Thread(
        target=copy_log, args=(reader, launch["logFile"], launch["logCapBytes"]), daemon=True)
    logger.start()
    while True:
        try:
            process.wait(POLL)
            break
        except subprocess.TimeoutExpired:
            pass
        if stop_requested.is_set() or os.path.exists(path("cancel")):
            result["outcome"] = "canceled"
        elif launch["timeoutSeconds"] and time.time() - began > launch["timeoutSeconds"]:
            result["outcome"] = "timedOut"
        else:
            continue
        if engine:
            end_container(process, engine, launch["environment"])
        else:
            end_tree(process, run_id)
        process.wait()
        break
    forget(engine)
    left = marked(run_id)
    if left:
        result["leftBehind"] = len(left)
        end_tree(process, run_id)
    logger.join(GRACE)
    code = process.returncode
    if code < 0:
        result["signal"] = -code
        result["exitCode"] = 128 - code
        if result["outcome"] == "exited":
            result["outcome"] = "signaled"
    else:
        result["exitCode"] = code
        if engine and result["outcome"] == "exited":
            if code in ENGINE_STATUSES and not was_started(engine, launch["environment"]):
                result.update(
                    outcome="notStarted",
                    message="the container engine could not run its image (status %d)" % code)
            elif 128 < code < 128 + 65:
                # So engines tell that a signal ended the command.
                result["signal"] = code - 128
                result["outcome"] = "signaled"
    if engine:
        ask(engine, "remove", launch["environment"])
    result["endedAt"] = now()
    write("exit.json", result)


main()
