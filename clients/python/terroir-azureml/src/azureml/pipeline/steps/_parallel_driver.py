"""The script of a ParallelRunStep: hands batches to processes that have the entry script loaded, and collects what they answer.

It lies beside the entry script, in the environment that the step names, and needs nothing there but Python; tables are read with
the packages of that environment.
"""

from __future__ import annotations

import argparse
import importlib.util
import inspect
import io
import multiprocessing
import os
import sys
import threading
import time
import traceback
from typing import Any, Dict, List, Optional, Sequence, Tuple

_UNITS = {"K": 1024, "M": 1024**2, "G": 1024**3}
_POLL_SECONDS = 0.2


def size_of(text: Optional[str], is_rows: bool) -> int:
    """The size of a batch: a number of files, or of bytes of rows such as 10KB."""
    if not text:
        return 1024**2 if is_rows else 10
    plain = text.strip().upper().rstrip("B")
    factor = _UNITS.get(plain[-1:], 1)
    try:
        size = int(float(plain.rstrip("KMG")) * factor)
    except ValueError:
        raise SystemExit("mini_batch_size expected a number, such as 5 files or 10KB of rows, {!r} found.".format(text)) from None
    if size < 1:
        raise SystemExit("mini_batch_size expected at least 1, {!r} found.".format(text))
    return size


def files_of(place: str) -> List[str]:
    """All files below a folder, or the one file that it is."""
    if os.path.isfile(place):
        return [place]
    return sorted(os.path.join(folder, file) for folder, _, files in os.walk(place, followlinks=True) for file in files)


class Batch:
    """Files or rows, and the values of partition keys that all of them have."""

    def __init__(self, items: Any, partition: Optional[Dict[str, Any]] = None):
        self.items = items
        self.partition = partition


class MiniBatchContext:
    """What `run(mini_batch, mini_batch_context)` is told of a batch."""

    def __init__(self, number: int, partition: Optional[Dict[str, Any]]):
        self.minibatch_index = str(number)
        self.partition_key_value = partition
        self.dataset = None


def batches_of_files(places: Sequence[str], size: int) -> List[Batch]:
    every = [file for place in places for file in files_of(place)]
    return [Batch(every[start : start + size]) for start in range(0, len(every), size)]


def partitions_of_files(places: Sequence[str], text: str, keys: Sequence[str]) -> List[Batch]:
    """A batch for each set of values that the paths of files have for some keys."""
    from azureml.data._columns import PartitionFormat

    format = PartitionFormat(text + "*" if text.endswith("/") else text)
    found: Dict[Tuple[Any, ...], Batch] = {}
    for place in places:
        for file in files_of(place):
            values = format.values(file)
            named = tuple(values[key] for key in keys)
            found.setdefault(named, Batch([], dict(zip(keys, named)))).items.append(file)
    return list(found.values())


def batches_of_rows(names: Sequence[str], size: int, keys: Sequence[str]) -> List[Batch]:
    """Data frames of about so many bytes of text, or one for each set of values of some columns."""
    from azureml.core import Run

    run = Run.get_context(allow_offline=False)
    found: List[Batch] = []
    for name in names:
        frame = run.input_datasets[name].to_pandas_dataframe()
        if keys:
            for values, group in frame.groupby(list(keys), sort=True):
                named = values if isinstance(values, tuple) else (values,)
                found.append(Batch(group.reset_index(drop=True), dict(zip(keys, named))))
        elif len(frame):
            each = max(1, len(frame.to_csv(index=False)) // len(frame))
            count = max(1, size // each)
            found += [Batch(frame.iloc[start : start + count].reset_index(drop=True)) for start in range(0, len(frame), count)]
    return found


def text_of(answer: Any) -> Tuple[int, str]:
    """How many items an answer has, and the lines that they become."""
    if hasattr(answer, "to_csv") and hasattr(answer, "columns"):
        out = io.StringIO()
        answer.to_csv(out, index=False, header=False, sep=" ")
        return len(answer), out.getvalue()
    if answer is None:
        raise TypeError("run() expected to answer a list or a data frame, None found")
    items = list(answer)
    return len(items), "".join("{}\n".format(item) for item in items)


def work(connection: Any, entry: str, words: List[str], variables: Dict[str, str]) -> None:
    """A process: loads the entry script, then works off batches until it is told to end."""
    os.environ.update(variables)
    sys.argv = [entry, *words]
    folder = os.path.dirname(os.path.abspath(entry))
    sys.path.insert(0, folder)
    try:
        spec = importlib.util.spec_from_file_location(os.path.splitext(os.path.basename(entry))[0], entry)
        assert spec is not None and spec.loader is not None
        module: Any = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
        if hasattr(module, "init"):
            module.init()
    except BaseException:
        connection.send(("broken", traceback.format_exc()))
        return
    connection.send(("ready", ""))
    is_told = len(inspect.signature(module.run).parameters) > 1
    while True:
        taken = connection.recv()
        if taken is None:
            if hasattr(module, "shutdown"):
                module.shutdown()
            sys.stdout.flush()
            return
        try:
            number, items, partition = taken
            context = [MiniBatchContext(number, partition)] if is_told else []
            connection.send(("done", text_of(module.run(items, *context))))
        except BaseException:
            connection.send(("failed", traceback.format_exc()))


class Worker(threading.Thread):
    """One process and the batches that it takes, until there are none left."""

    def __init__(self, job: "Job"):
        super().__init__(daemon=True)
        self.job = job
        self.process: Any = None
        self.connection: Any = None

    def run(self) -> None:
        try:
            while not self.job.is_over():
                taken = self.job.take()
                if taken is None:
                    time.sleep(_POLL_SECONDS)
                    continue
                number, batch = taken
                if self.process is None and not self._begin():
                    return
                self._work(number, batch)
        finally:
            self._end()

    def _begin(self) -> bool:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=work, args=(theirs, self.job.entry, self.job.words, self.job.variables), daemon=False)
        self.process.start()
        theirs.close()
        state, said = self._answer(None)
        if state == "ready":
            return True
        self.job.fail("The entry script cannot be loaded, or its init() has failed:\n{}".format(said))
        return False

    def _work(self, number: int, batch: Batch) -> None:
        self.connection.send((number, batch.items, batch.partition))
        state, said = self._answer(self.job.timeout)
        if state == "done":
            self.job.done(number, batch, *said)
            return
        if state in ("gone", "late"):
            self._kill()
        self.job.failed(number, batch, said)

    def _answer(self, seconds: Optional[float]) -> Tuple[str, Any]:
        until = None if seconds is None else time.monotonic() + seconds
        while not self.connection.poll(_POLL_SECONDS):
            if not self.process.is_alive() and not self.connection.poll(0):
                return "gone", "its process has ended with code {}".format(self.process.exitcode)
            if self.job.error is not None:
                return "gone", "the step has failed"
            if until is not None and time.monotonic() > until:
                return "late", "run() has taken more than run_invocation_timeout, {} s".format(seconds)
        try:
            answer: Tuple[str, Any] = self.connection.recv()
            return answer
        except EOFError:
            return "gone", "its process has ended"

    def _kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.join()
        self.process = None

    def _end(self) -> None:
        if self.process is None:
            return
        try:
            self.connection.send(None)
            self.process.join(30 if self.job.error is None else 0)
        except OSError:
            pass
        self._kill()


class Job:
    """All batches with what came of them."""

    def __init__(self, batches: Sequence[Batch], options: argparse.Namespace, words: List[str], variables: Dict[str, str]):
        self.entry = options.entry_script
        self.words = words
        self.variables = variables
        self.timeout = options.timeout
        self.error: Optional[str] = None
        self._options = options
        self._open = list(enumerate(batches))
        self._count = len(batches)
        self._tried: Dict[int, int] = {}
        self._texts: Dict[int, str] = {}
        self._failed_batches = 0
        self._failed_items = 0
        self._lock = threading.Lock()

    def is_over(self) -> bool:
        with self._lock:
            return self.error is not None or len(self._texts) + self._failed_batches == self._count

    def take(self) -> Optional[Tuple[int, Batch]]:
        with self._lock:
            return self._open.pop(0) if self._open else None

    def fail(self, why: str) -> None:
        with self._lock:
            self.error = self.error or why

    def done(self, number: int, batch: Batch, items: int, text: str) -> None:
        with self._lock:
            self._texts[number] = text
            self._failed_items += max(0, len(batch.items) - items)
            print("Batch {} of {}: {} of {} items".format(number + 1, self._count, items, len(batch.items)), flush=True)
            self._judge()

    def failed(self, number: int, batch: Batch, why: str) -> None:
        with self._lock:
            self._tried[number] = self._tried.get(number, 0) + 1
            print("Batch {} of {} has failed, try {} of {}: {}".format(number + 1, self._count, self._tried[number], self._options.max_try, why), flush=True)
            if self._tried[number] < self._options.max_try:
                self._open.append((number, batch))
                return
            self._failed_batches += 1
            self._failed_items += len(batch.items)
            self._judge()

    def _judge(self) -> None:
        threshold = self._options.error_threshold
        if 0 <= threshold < self._failed_items:
            self.error = "{} items have failed, which is more than error_threshold, {}.".format(self._failed_items, threshold)
        allowed = self._options.allowed_failed_count
        if allowed is not None and 0 <= allowed < self._failed_batches:
            self.error = "{} batches have failed, which is more than allowed_failed_count, {}.".format(self._failed_batches, allowed)
        percent = self._options.allowed_failed_percent
        if percent is not None and self._failed_batches * 100 > percent * self._count:
            self.error = "{} of {} batches have failed, which is more than allowed_failed_percent, {}.".format(self._failed_batches, self._count, percent)

    def text(self) -> str:
        """What was answered, in the order of the batches."""
        return "".join(self._texts[number] for number in sorted(self._texts))


def read_options(words: Sequence[str]) -> Tuple[argparse.Namespace, List[str]]:
    """The options of this script, and the arguments of the entry script behind `--`."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--entry-script", required=True)
    parser.add_argument("--error-threshold", type=int, default=-1)
    parser.add_argument("--output-action", default="append_row")
    parser.add_argument("--timeout", type=float, default=60)
    parser.add_argument("--max-try", type=int, default=3)
    parser.add_argument("--mini-batch-size")
    parser.add_argument("--processes", type=int)
    parser.add_argument("--file-name", default="parallel_run_step.txt")
    parser.add_argument("--allowed-failed-count", type=int)
    parser.add_argument("--allowed-failed-percent", type=float)
    parser.add_argument("--logging-level")
    parser.add_argument("--output")
    parser.add_argument("--partition-format")
    parser.add_argument("--partition-key", action="append", default=[])
    parser.add_argument("--files", action="append", default=[])
    parser.add_argument("--rows", action="append", default=[])
    cut = list(words).index("--")
    return parser.parse_args(words[:cut]), list(words[cut + 1 :])


def main() -> None:
    options, words = read_options(sys.argv[1:])
    variables = {"AZUREML_PARALLEL_LOGGING_LEVEL": options.logging_level or "INFO"}
    if options.output:
        os.makedirs(options.output, exist_ok=True)
        variables["AZUREML_BI_OUTPUT_PATH"] = options.output
    batches: List[Batch] = []
    if options.files and options.partition_key:
        batches += partitions_of_files(options.files, options.partition_format, options.partition_key)
    elif options.files:
        batches += batches_of_files(options.files, size_of(options.mini_batch_size, False))
    if options.rows:
        batches += batches_of_rows(options.rows, size_of(options.mini_batch_size, True), options.partition_key)
    job = Job(batches, options, words, variables)
    count = max(1, min(options.processes or os.cpu_count() or 1, len(batches)))
    print("{} batches for {} processes".format(len(batches), count), flush=True)
    workers = [Worker(job) for _ in range(count)] if batches else []
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if job.error is not None:
        raise SystemExit(job.error)
    if options.output and options.output_action == "append_row":
        with open(os.path.join(options.output, options.file_name), "w", encoding="utf-8") as stream:
            stream.write(job.text())


if __name__ == "__main__":
    main()
