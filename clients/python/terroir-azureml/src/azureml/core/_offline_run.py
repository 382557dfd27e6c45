"""The run of a script that nobody submitted: it only prints."""

from __future__ import annotations

import uuid
from typing import Any, Dict, List, Optional

from azureml._terroir.errors import RunEnvironmentException
from azureml.core._run_logging import Logging, secrets


class _OfflineRun(Logging):
    """What `Run.get_context` answers outside of a run. It has no experiment: asking for it is an AttributeError."""

    def __init__(self, parent: Optional["_OfflineRun"] = None, run_id: Optional[str] = None):
        self._id = run_id or "OfflineRun_{}".format(uuid.uuid4())
        self._parent = parent
        self._tags: Dict[str, Any] = {}
        self._properties: Dict[str, Any] = {}
        self._metrics: Dict[str, Any] = {}
        self._status = "Running"
        self.display_name: Optional[str] = None
        self.description: Optional[str] = None

    id = property(lambda self: self._id)
    _run_id = property(lambda self: self._id)
    number = property(lambda self: 0)
    parent = property(lambda self: self._parent)
    tags = property(lambda self: dict(self._tags))
    properties = property(lambda self: dict(self._properties))
    status = property(lambda self: self._status)
    name = property(lambda self: self.display_name)
    type = property(lambda self: "OfflineRun")
    input_datasets = property(lambda self: {})
    output_datasets = property(lambda self: {})

    def _send(self, kind: str, name: str, value: Any, description: Optional[str], step: Optional[int]) -> None:
        print("Attempted to log {} metric {}:\n{}".format(kind, name, value))

    def flush(self, timeout_seconds: int = 300) -> None:
        """Nothing to send."""

    def tag(self, key: str, value: Any = None) -> None:
        self._tags[key] = value

    def set_tags(self, tags: Dict[str, Any]) -> None:
        self._tags.update(tags)

    def get_tags(self) -> Dict[str, Any]:
        return dict(self._tags)

    def remove_tags(self, tags: Any) -> None:
        for key in [tags] if isinstance(tags, str) else tags:
            self._tags.pop(key, None)

    def add_properties(self, properties: Dict[str, Any]) -> None:
        self._properties.update(properties)

    def get_properties(self) -> Dict[str, Any]:
        return dict(self._properties)

    def get_metrics(self, name: Optional[str] = None, recursive: bool = False, run_type: Any = None, populate: bool = False) -> Dict[str, Any]:
        return {}

    def get_status(self) -> str:
        return self._status

    def get_details(self) -> Dict[str, Any]:
        return {"runId": self._id, "target": "local", "status": self._status}

    def get_file_names(self) -> List[str]:
        return []

    def get_children(self, *args: Any, **kwargs: Any) -> Any:
        return iter(())

    def upload_file(self, name: str, path_or_stream: Any, datastore_name: Optional[str] = None) -> None:
        print("Attempted to upload file {} from {}".format(name, path_or_stream))

    def upload_files(self, names: List[str], paths: List[str], *args: Any, **kwargs: Any) -> None:
        for name, path in zip(names, paths):
            self.upload_file(name, path)

    def upload_folder(self, name: str, path: str, datastore_name: Optional[str] = None) -> None:
        print("Attempted to upload folder {} from {}".format(name, path))

    def download_file(self, name: str, *args: Any, **kwargs: Any) -> None:
        print("Attempted to download file {}".format(name))

    def download_files(self, *args: Any, **kwargs: Any) -> None:
        print("Attempted to download files")

    def register_model(self, model_name: str, model_path: Optional[str] = None, **kwargs: Any) -> None:
        print("Attempted to register model {} from {}".format(model_name, model_path or model_name))

    def child_run(self, name: Optional[str] = None, run_id: Optional[str] = None, outputs: Any = None) -> "_OfflineRun":
        made = _OfflineRun(self, run_id)
        made.display_name = name
        return made

    def create_children(self, count: Optional[int] = None, tag_key: Optional[str] = None, tag_values: Any = None) -> List["_OfflineRun"]:
        children = [self.child_run() for _ in range(count if count is not None else len(tag_values or []))]
        for child, value in zip(children, tag_values or []):
            child.tag(tag_key or "", value)
        return children

    def get_secret(self, name: str) -> str:
        found = secrets([name])[name]
        if found is None:
            raise RunEnvironmentException("There is no run here that has the secret {0}; set it as the variable {0}.".format(name))
        return found

    def get_secrets(self, secrets: List[str]) -> Dict[str, str]:
        return {name: self.get_secret(name) for name in secrets}

    def get_environment(self) -> None:
        raise RunEnvironmentException("An offline run has no environment of its own.")

    def get_portal_url(self) -> str:
        return "Not available in offline mode"

    def start(self) -> None:
        self._status = "Running"

    def complete(self, *args: Any, **kwargs: Any) -> None:
        self._status = "Completed"

    def fail(self, error_details: Any = None, error_code: Any = None, **kwargs: Any) -> None:
        self._status = "Failed"

    def cancel(self) -> None:
        self._status = "Canceled"

    def wait_for_completion(self, *args: Any, **kwargs: Any) -> Dict[str, Any]:
        return self.get_details()

    def __enter__(self) -> "_OfflineRun":
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if kind is None:
            self.complete()
        else:
            self.fail(error)

    def __repr__(self) -> str:
        return "Run(Experiment: offline,\nId: {},\nType: OfflineRun,\nStatus: {})".format(self._id, self._status)


