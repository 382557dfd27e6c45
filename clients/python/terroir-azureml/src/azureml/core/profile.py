"""How long a model takes to answer."""

from __future__ import annotations

import sys
import time
import uuid
from datetime import datetime, timezone
from typing import Any, Dict, List, Optional, Sequence

from azureml._terroir.errors import UserErrorException, WebserviceException

__all__ = ["ModelProfile"]


class ModelProfile:
    """A service that answers each row of a dataset once, and what was measured meanwhile.

    Requests are timed; the processor and memory that a service takes are not measured, so nothing is recommended.
    """

    def __init__(
        self,
        workspace: Any,
        name: str,
        models: Sequence[Any],
        inference_config: Any,
        input_dataset: Any,
        cpu: Optional[float] = None,
        memory_in_gb: Optional[float] = None,
        description: Optional[str] = None,
    ):
        from azureml.core.webservice.aci import AciWebservice

        if not hasattr(input_dataset, "to_pandas_dataframe"):
            raise UserErrorException("input_dataset expected a tabular dataset with one column of requests, {!r} found.".format(input_dataset))
        self.workspace = workspace
        self.name = name
        self.description = description
        self.created_time = datetime.now(timezone.utc)
        self.state = "Running"
        self.error: Optional[str] = None
        self._models = [model if isinstance(model, str) else model.id for model in models]
        self._dataset = input_dataset
        self._requested = (cpu, memory_in_gb)
        self._seconds: List[float] = []
        self._total = 0
        from azureml.core._inference import deploy

        config = AciWebservice.deploy_configuration(cpu_cores=cpu, memory_gb=memory_in_gb)
        self._service = deploy(workspace, "profile-{}".format(uuid.uuid4().hex[:12]), models, inference_config, config, None, False, False)

    def wait_for_completion(self, show_output: bool = False) -> None:
        """Sends the requests one after the other, and ends the service."""
        if self.state != "Running":
            return
        if show_output:
            sys.stdout.write("Running")
            sys.stdout.flush()
        try:
            self._service.wait_for_deployment()
            frame = self._dataset.to_pandas_dataframe()
            if len(frame.columns) != 1:
                raise UserErrorException("The dataset of requests has {} columns; one is expected.".format(len(frame.columns)))
            last: Optional[WebserviceException] = None
            for request in frame.iloc[:, 0]:
                self._total += 1
                begun = time.monotonic()
                try:
                    self._service.run(str(request))
                    self._seconds.append(time.monotonic() - begun)
                except WebserviceException as e:
                    last = e
            self.state = "Succeeded" if self._seconds else "Failed"
            if not self._seconds:
                self.error = last.message if last is not None else "The dataset has no requests."
        except Exception as e:
            self.state = "Failed"
            self.error = str(e)
            raise
        finally:
            self._service.delete()
            if show_output:
                print("\n{}".format(self.state))
        if self.state == "Failed":
            raise WebserviceException("The profile {} failed: {}".format(self.name, self.error))

    def get_details(self) -> Dict[str, Any]:
        """What was measured; what was not is left out."""
        details: Dict[str, Any] = {
            "name": self.name,
            "createdTime": self.created_time.isoformat(),
            "state": self.state,
            "modelIds": list(self._models),
            "requestedCpu": self._requested[0],
            "requestedMemoryInGB": self._requested[1],
            "totalQueries": float(self._total),
        }
        if self._total:
            details["successQueriesPercentage"] = 100.0 * len(self._seconds) / self._total
        if self._seconds:
            details["averageLatencyInMs"] = 1000.0 * sum(self._seconds) / len(self._seconds)
        if self.error is not None:
            details["error"] = self.error
        return details

    def serialize(self) -> Dict[str, Any]:
        return self.get_details()

    def __repr__(self) -> str:
        return "ModelProfile(name={}, state={})".format(self.name, self.state)
