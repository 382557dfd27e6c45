"""Builds of environments, followed as they go on."""

from __future__ import annotations

import collections
import sys
from typing import Any, Deque, Dict, Optional

from azureml._terroir.errors import AzureMLException, UserErrorException

_TAIL = 40


class ImageBuildDetails:
    """An image build that goes on in the workspace."""

    def __init__(self, environment: Any, workspace: Any, job: Dict[str, Any]):
        self.environment = environment
        self._workspace = workspace
        self._job = job

    @property
    def environment_name(self) -> str:
        return str(self.environment.name)

    @property
    def environment_version(self) -> Optional[str]:
        version: Optional[str] = self.environment.version
        return version

    @property
    def build_id(self) -> str:
        return str(self._job["id"])

    @property
    def status(self) -> str:
        """Queued, Running, Succeeded, Failed or Canceled."""
        self.refresh_state()
        return str(self._job["status"])

    @property
    def log_url(self) -> str:
        return str(self._workspace._service.url("jobs", self._job["id"], "log"))

    @property
    def error_response(self) -> Optional[Dict[str, Any]]:
        return self._job.get("error")

    def refresh_state(self) -> None:
        self._job = self._workspace._service.get("jobs", self._job["id"])

    def cancel(self) -> None:
        self._workspace._service.post("jobs/{}/cancel".format(self._job["id"]), None)

    def wait_for_completion(self, show_output: bool = True) -> "ImageBuildDetails":
        """Waits until the image is built, and raises when it cannot be."""
        tail: Deque[str] = collections.deque(maxlen=_TAIL)
        shown = None

        def status(now: str) -> None:
            nonlocal shown
            if show_output and now != shown:
                print("Image Build Status: {}\n".format(now))
                sys.stdout.flush()
            shown = now

        status(str(self._job["status"]))

        def line(text: str) -> None:
            tail.append(text)
            if show_output:
                print(text)
                sys.stdout.flush()

        self._workspace._service.follow("jobs", self._job["id"], line, status)
        self.refresh_state()
        status(str(self._job["status"]))
        if self._job["status"] != "Succeeded":
            raise AzureMLException(
                "Image build {}: {}\nThe end of the log, all of which is at {}:\n{}".format(
                    str(self._job["status"]).lower(), _sentence(self._job), self.log_url, "\n".join(tail)
                )
            )
        return self

    def __repr__(self) -> str:
        return "ImageBuildDetails(environment={}:{}, status={})".format(
            self.environment_name, self.environment_version, self._job["status"]
        )


def _sentence(job: Dict[str, Any]) -> str:
    error = job.get("error") or {}
    return str(error.get("detail") or error.get("title") or job["status"])


def build_local(environment: Any, workspace: Any, platform: Optional[str], **kwargs: Any) -> Any:
    use_docker = bool(kwargs.pop("useDocker", False))
    push = bool(kwargs.pop("pushImageToWorkspaceAcr", False))
    if kwargs:
        raise UserErrorException(
            "build_local has no argument {}; it knows useDocker and pushImageToWorkspaceAcr.".format(", ".join(sorted(kwargs)))
        )
    if push and not use_docker:
        raise UserErrorException("pushImageToWorkspaceAcr needs useDocker=True: only an image can be pushed.")
    if platform is not None and platform.lower() not in ("linux", "macos"):
        raise UserErrorException("Environments for {} cannot be built; use Linux.".format(platform))
    if environment.version is None:
        print("Building a non-registered environment is not supported. Registering environment.")
        environment = environment.register(workspace)
    service = workspace._service
    job = service.post(
        "builds",
        {
            "definition": environment._for_server(),
            "kind": "local",
            "useDocker": use_docker,
            "pushImageToWorkspaceAcr": push,
        },
    )
    service.follow("jobs", job["id"], lambda line: print(line, flush=True))
    job = service.get("jobs", job["id"])
    if job["status"] != "Succeeded":
        raise AzureMLException("Building the environment {}: {}".format(job["status"].lower(), _sentence(job)))
    result: Dict[str, Any] = job.get("result") or {}
    for key in ("path", "prefix", "directory", "image"):
        if result.get(key):
            return result[key]
    return result
