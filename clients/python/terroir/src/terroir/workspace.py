"""A workspace in Python's own terms; everything that it cannot do is one call of its client away."""

from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence, Union

from .client import Client, FileName, connect, path
from .runs import Run

Choice = Union[str, Mapping[str, Any]]


class Workspace:
    """The environments, runs, models and services of a workspace."""

    def __init__(self, client: Optional[Client] = None) -> None:
        """That of ``client``, else the one that :func:`terroir.connect` finds."""
        self.client = client or connect()

    def __repr__(self) -> str:
        return "<terroir.Workspace %s>" % self.name

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.client.about()["workspace"])

    # -- environments -----------------------------------------------------------------------------------------------

    def environments(self, prefix: Optional[str] = None) -> Iterator[Dict[str, Any]]:
        """The latest version of every name, curated ones included."""
        return self.client.pages("/environments", prefix=prefix)

    def environment(self, name: str, version: Optional[str] = None, label: Optional[str] = None) -> Dict[str, Any]:
        """A version, the latest when none is named."""
        found: Dict[str, Any] = self.client.get(path("environments", name, "versions", version or "latest"),
                                                label=label)
        return found

    def versions(self, name: str) -> Iterator[Dict[str, Any]]:
        """All versions of a name in the order registered."""
        return self.client.pages(path("environments", name, "versions"))

    def register(self, definition: Mapping[str, Any]) -> Dict[str, Any]:
        """Registers a definition; one equal to the latest of its name gets no new version."""
        registered: Dict[str, Any] = self.client.post("/environments", definition)
        return registered

    def label(self, name: str, version: str, labels: Sequence[str]) -> Dict[str, Any]:
        """Points labels at a version."""
        changed: Dict[str, Any] = self.client.patch(path("environments", name, "versions", version),
                                                    {"labels": list(labels)})
        return changed

    def build(self, environment: Choice, kind: str = "image", **more: Any) -> Dict[str, Any]:
        """Begins to build an environment (a name, or a definition) and returns the job; `client.wait_job` waits."""
        return self._post("/builds", dict(chosen(environment), kind=kind, **more))

    def lock(self, environment: Choice, **more: Any) -> Dict[str, Any]:
        """The lock of an environment; resolved when there is none yet."""
        answer = self._post("/locks", dict(chosen(environment), **more))
        if "kind" in answer and "status" in answer:
            result: Dict[str, Any] = self.client.wait_job(answer)["result"]
            return result
        return answer

    # -- runs -------------------------------------------------------------------------------------------------------

    def submit(
        self,
        experiment: str,
        source_directory: FileName,
        script: str,
        arguments: Sequence[Any] = (),
        environment: Optional[Choice] = None,
        target: str = "local",
        tags: Optional[Mapping[str, str]] = None,
    ) -> Run:
        """Submits a script with its folder and returns the run, whose environment is made on the way."""
        configuration: Dict[str, Any] = {"script": script, "arguments": [str(one) for one in arguments],
                                         "target": target}
        if isinstance(environment, str):
            name, _, version = environment.partition(":")
            configuration["environmentName"] = name
            if version:
                configuration["environmentVersion"] = version
        elif environment is not None:
            configuration["environment"] = dict(environment)
        document = self._post("/runs", {
            "experiment": experiment,
            "snapshot": self.client.upload_snapshot(source_directory),
            "configuration": configuration,
            "tags": dict(tags or {}),
        })
        return Run(self.client, document["runId"], document)

    def start(self, experiment: str, tags: Optional[Mapping[str, str]] = None) -> Run:
        """Starts an interactive run, which `complete` or `fail` of it ends."""
        document = self._post("/runs", {"experiment": experiment, "kind": "interactive", "tags": dict(tags or {})})
        return Run(self.client, document["runId"], document)

    def run(self, run_id: str) -> Run:
        """A run. Raises NotFound."""
        run = Run(self.client, run_id)
        run.refresh()
        return run

    def runs(self, experiment: Optional[str] = None, **query: Any) -> Iterator[Run]:
        """Runs, newest first."""
        for document in self.client.pages("/runs", experiment=experiment, **query):
            yield Run(self.client, document["runId"], document)

    # -- the rest ---------------------------------------------------------------------------------------------------

    def models(self, name: Optional[str] = None, latest: bool = False) -> Iterator[Dict[str, Any]]:
        """Models, by name, newest version first."""
        return self.client.pages("/models", name=name, latest=latest)

    def services(self) -> List[Dict[str, Any]]:
        """Services, by name."""
        items: List[Dict[str, Any]] = self.client.get("/services")["items"]
        return items

    def datastores(self) -> List[Dict[str, Any]]:
        """Datastores; `isDefault` marks the default one."""
        items: List[Dict[str, Any]] = self.client.get("/datastores")["items"]
        return items

    def _post(self, place: str, body: Mapping[str, Any]) -> Dict[str, Any]:
        answer: Dict[str, Any] = self.client.post(place, body)
        return answer


def chosen(environment: Choice) -> Dict[str, Any]:
    """An environment as requests name it: ``NAME``, ``NAME:VERSION``, or a definition."""
    if isinstance(environment, str):
        name, _, version = environment.partition(":")
        return {"name": name, "version": version} if version else {"name": name}
    return {"definition": dict(environment)}
