"""TensorBoard over what runs write below `logs`; TensorBoard itself is started when it is there."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
import threading
import time
from typing import Any, Dict, Iterable, Optional

from azureml._terroir.errors import OptionalDependencyMissingException, UserErrorException

__all__ = ["Tensorboard"]

_LOOK_SECONDS = 5.0
_PREFIX = "logs/"


class Tensorboard:
    """Downloads the logs of runs as they come and shows them by TensorBoard."""

    def __init__(self, runs: Any, local_root: Optional[str] = None, port: int = 6006):
        self._runs = list(runs) if isinstance(runs, Iterable) else [runs]
        if not self._runs or not all(hasattr(run, "get_file_names") for run in self._runs):
            raise UserErrorException("Tensorboard expected runs, {!r} found.".format(runs))
        self._root = os.fspath(local_root) if local_root is not None else tempfile.mkdtemp(prefix="tensorboard-")
        self._port = port
        self._sizes: Dict[str, int] = {}
        self._program: Optional["subprocess.Popen[bytes]"] = None
        self._is_stopped = threading.Event()

    def _download(self) -> bool:
        """Gets what is new; answers whether more may come."""
        is_more = False
        for run in self._runs:
            is_more = run.get_status() not in ("Completed", "Failed", "Canceled") or is_more
            for item in run._service.get("runs", run.id, "files")["items"]:
                name = str(item["name"])
                place = os.path.join(self._root, run.id, *name.split("/"))
                if name.startswith(_PREFIX) and ".." not in name.split("/") and self._sizes.get(place) != item.get("size"):
                    os.makedirs(os.path.dirname(place), exist_ok=True)
                    run._service.get_file(place, "runs", run.id, "files", *name.split("/"))
                    self._sizes[place] = item.get("size") or -1
        return is_more

    def start(self, start_browser: bool = False) -> str:
        """Starts it; answers its address."""
        if self._program is not None:
            raise UserErrorException("TensorBoard is started already: call stop() first.")
        if importlib.util.find_spec("tensorboard") is None:
            raise OptionalDependencyMissingException("TensorBoard is not installed in {}: install tensorboard there.".format(sys.executable))
        is_more = self._download()
        command = [sys.executable, "-m", "tensorboard.main", "--logdir", self._root, "--port", str(self._port)]
        self._program = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._is_stopped.clear()
        if is_more:
            threading.Thread(target=self._follow, name="tensorboard", daemon=True).start()
        address = "http://localhost:{}/".format(self._port)
        print(address)
        if start_browser:
            import webbrowser

            webbrowser.open(address)
        return address

    def _follow(self) -> None:
        while not self._is_stopped.wait(_LOOK_SECONDS):
            if not self._download():
                return

    def stop(self) -> None:
        """Ends it; what was downloaded stays."""
        self._is_stopped.set()
        if self._program is not None:
            self._program.terminate()
            deadline = time.monotonic() + 10
            while self._program.poll() is None and time.monotonic() < deadline:
                time.sleep(0.1)
            if self._program.poll() is None:
                self._program.kill()
            self._program.wait()
            self._program = None
