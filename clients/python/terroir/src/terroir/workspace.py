"""A workspace in Python's own terms; everything that it cannot do is one call of its client away."""

import os
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence, Union

from .client import Client, FileName, connect
from .errors import TerroirError
from .paths import file_path, path
from .runs import Run
from .snapshot import digest_of, files_of, send_missing

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

    def archive(self, name: str, version: str, archived: bool = True) -> Dict[str, Any]:
        """Takes a version out of lists, or back in; it stays usable."""
        changed: Dict[str, Any] = self.client.patch(path("environments", name, "versions", version),
                                                    {"archived": archived})
        return changed

    def image_details(self, environment: Choice) -> Dict[str, Any]:
        """What is known of the environment's image: ``imageExistsInRegistry``, ``dockerImage``, ``ingredients``.

        Nothing is built.
        """
        return self._post("/definitions/image", chosen(environment))

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

    # -- models and services ----------------------------------------------------------------------------------------

    def models(self, name: Optional[str] = None, latest: bool = False) -> Iterator[Dict[str, Any]]:
        """Models, by name, newest version first."""
        return self.client.pages("/models", name=name, latest=latest)

    def model(self, name: str, version: Union[int, str] = "latest") -> Dict[str, Any]:
        """A version of a model. Raises NotFound."""
        found: Dict[str, Any] = self.client.get(path("models", name, "versions", version))
        return found

    def register_model(self, name: str, source: FileName, **more: Any) -> Dict[str, Any]:
        """Registers a file or a folder of this machine under the next version of a name.

        ``more`` are members of the registration: ``tags``, ``properties``, ``description``, ``modelFramework``.
        """
        place = Path(os.path.abspath(os.fspath(source)))
        files = [(place.name, place)] if place.is_file() else list(files_of(place, ignore=False))
        if not files:
            raise TerroirError("file-not-found", "there is no file at %s" % place)
        entries: List[Dict[str, Any]] = []
        by_digest: Dict[str, Path] = {}
        for relative, file in files:
            digest, size = digest_of(file)
            by_digest.setdefault(digest, file)
            entries.append({"path": relative, "digest": digest, "size": size})
        send_missing(self.client, by_digest)
        return self._post("/models", dict(more, name=name, files=entries, isFolder=place.is_dir()))

    def download_model(self, name: str, target: FileName, version: Union[int, str] = "latest") -> Path:
        """Writes the files of a model below a folder."""
        number = self.model(name, version)["version"]  # One and the same, also when another is registered meanwhile.
        place = path("models", name, "versions", number, "files")
        for item in self.client.get(place)["items"]:
            self.client.download(place + "/" + file_path(item["name"]), _below(Path(target), item["name"]))
        return Path(target)

    def services(self) -> List[Dict[str, Any]]:
        """Services, by name."""
        items: List[Dict[str, Any]] = self.client.get("/services")["items"]
        return items

    def service(self, name: str) -> Dict[str, Any]:
        """A service. Raises NotFound."""
        found: Dict[str, Any] = self.client.get(path("services", name))
        return found

    def deploy(
        self,
        name: str,
        source_directory: FileName,
        entry_script: str,
        environment: Choice,
        models: Sequence[str] = (),
        deployment: Optional[Mapping[str, Any]] = None,
        overwrite: bool = False,
    ) -> Dict[str, Any]:
        """Deploys a scoring script with models (``name:version``) and returns the job; `client.wait_job` waits."""
        return self._post("/services", {
            "name": name,
            "models": list(models),
            "inference": {
                "entryScript": entry_script,
                "snapshot": self.client.upload_snapshot(source_directory, ignore=False),
                "environment": chosen(environment),
            },
            "deployment": dict(deployment or {}),
            "overwrite": overwrite,
        })

    def delete_service(self, name: str) -> None:
        """Ends a service with everything that belongs to it."""
        self.client.delete(path("services", name))

    # -- data -------------------------------------------------------------------------------------------------------

    def datastores(self) -> List[Dict[str, Any]]:
        """Datastores; `isDefault` marks the default one."""
        items: List[Dict[str, Any]] = self.client.get("/datastores")["items"]
        return items

    def put_datastore(self, name: str, folder: Optional[str] = None, is_default: Optional[bool] = None) -> Dict[str, Any]:
        """Registers a folder of the server's machine as a datastore, or one below the workspace when none is named."""
        body = {"path": folder, "isDefault": is_default}
        made: Dict[str, Any] = self.client.put(path("datastores", name),
                                               {key: value for key, value in body.items() if value is not None})
        return made

    def upload(self, datastore: str, name: str, source: FileName, overwrite: bool = False) -> None:
        """Writes a file into a datastore. Raises Conflict when it is there and not ``overwrite``."""
        self.client.upload(path("datastores", datastore, "files") + "/" + file_path(name), source, overwrite=overwrite)

    def download(self, datastore: str, name: str, target: FileName) -> Path:
        """Writes a file of a datastore to this machine."""
        return self.client.download(path("datastores", datastore, "files") + "/" + file_path(name), target)

    def datasets(self, name: Optional[str] = None) -> Iterator[Dict[str, Any]]:
        """The latest version of every dataset, or all versions of one."""
        return self.client.pages("/datasets", name=name)

    def register_dataset(self, name: str, definition: Mapping[str, Any], **more: Any) -> Dict[str, Any]:
        """Registers a dataset, such as ``{"paths": [{"datastore": …, "path": …}]}``."""
        return self._post("/datasets", dict(more, name=name, definition=dict(definition)))

    # -- accounts; owners only --------------------------------------------------------------------------------------

    def tokens(self) -> List[Dict[str, Any]]:
        """Tokens without their secrets. Raises Forbidden for others than owners."""
        items: List[Dict[str, Any]] = self.client.get("/tokens")["items"]
        return items

    def create_token(self, name: str, role: str, expires_in_seconds: Optional[int] = None) -> Dict[str, Any]:
        """Makes a token; only this answer ever holds its ``secret``. ``role`` is reader, contributor or owner."""
        body: Dict[str, Any] = {"name": name, "role": role}
        if expires_in_seconds is not None:
            body["expiresInSeconds"] = expires_in_seconds
        return self._post("/tokens", body)

    def revoke_token(self, token_id: str) -> None:
        """Revokes a token."""
        self.client.delete(path("tokens", token_id))

    def _post(self, place: str, body: Mapping[str, Any]) -> Dict[str, Any]:
        answer: Dict[str, Any] = self.client.post(place, body)
        return answer


def chosen(environment: Choice) -> Dict[str, Any]:
    """An environment as requests name it: ``NAME``, ``NAME:VERSION``, or a definition."""
    if isinstance(environment, str):
        name, _, version = environment.partition(":")
        return {"name": name, "version": version} if version else {"name": name}
    return {"definition": dict(environment)}


def _below(folder: Path, name: str) -> Path:
    """A file's place below a folder; what a server names must not lead out of it."""
    place = folder.joinpath(*name.split("/"))
    if ".." in name.split("/") or name.startswith("/") or place == folder:
        raise TerroirError("invalid-answer", "the server names a file outside of the model's folder: `%s`" % name)
    return place
