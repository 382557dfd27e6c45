"""The script of a pipeline: runs its steps, each when those before it have ended.

It is sent to the server beside the native client, and runs there as the script of the pipeline's run, so that it needs neither
this package nor the process that submitted it.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
import shutil
import tempfile
import time
from typing import Any, Dict, Iterator, List, Mapping, Optional

import terroir
from terroir import driving
from terroir.runs import FINAL

FINGERPRINT = "azureml.stepFingerprint"
OUTPUTS = "azureml.stepOutputs"
STEP_RUN_ID = "{step-run-id}"
_SHOWN_LINES = 20
_FIRST_LOOK_SECONDS = 0.2
_HERE = os.path.dirname(os.path.abspath(__file__))
_WORD = re.compile(r"'(\{pipeline-[^{}']+\})'")


def words_of(parameters: Mapping[str, Any]) -> Dict[str, Any]:
    """What stands in the place of the words of parameters."""
    words: Dict[str, Any] = {}
    for name, value in parameters.items():
        parts = value if isinstance(value, dict) else {None: value}
        for part, one in parts.items():
            words["{pipeline-parameter:%s}" % (name if part is None else "%s:%s" % (name, part))] = one
    return words


def texts(arguments: Any) -> Any:
    """Arguments as texts."""
    return arguments if not isinstance(arguments, list) else [value if isinstance(value, str) else str(value) for value in arguments]


class Step:
    """A step on its way."""

    def __init__(self, document: Mapping[str, Any]):
        self.document = document
        self.id = str(document["id"])
        self.name = str(document["name"])
        self.status = "Waiting"
        self.run: Optional[terroir.Run] = None
        self.outputs: Dict[str, Any] = {}
        self.error: Optional[str] = None

    def is_over(self) -> bool:
        return self.status in (*FINAL, "Skipped")


class Pipeline(driving.Drive):
    """One run of a pipeline, from its first step to its last."""

    def __init__(self, parent: terroir.Run, plan: Mapping[str, Any]):
        super().__init__(parent, plan)
        template = plan["template"]
        self.steps = {step["id"]: Step(step) for step in template["steps"]}
        self.words = words_of({**template["parameters"], **plan["parameters"]})
        self.is_continuing = bool(plan["continueOnStepFailure"])
        self.is_stopped = False

    def run(self) -> None:
        """Works it off. Raises SystemExit when a step has failed that others would have to wait for."""
        pause, before = _FIRST_LOOK_SECONDS, ""
        while not self.is_stopped and not all(step.is_over() for step in self.steps.values()):
            for step in self.steps.values():
                if step.status == "Waiting":
                    self._begin(step)
                elif step.run is not None and not step.is_over():
                    self._look(step)
            failed = self._failed()
            if failed and not self.is_continuing:
                self.stop()
                # Who looks at the run reads what has failed.
                self.parent.fail(failed[0].error)
                raise SystemExit(failed[0].error)
            now = " ".join(step.status for step in self.steps.values())
            pause = min(driving.LOOK_SECONDS, pause * 1.3) if now == before else _FIRST_LOOK_SECONDS
            before = now
            if any(not step.is_over() for step in self.steps.values()):
                time.sleep(pause)
        failed = self._failed()
        print("{} of {} steps have completed.".format(sum(step.status == "Completed" for step in self.steps.values()), len(self.steps)), flush=True)
        if failed:
            print("Other steps went on, as continue_on_step_failure says, though {} failed.".format(", ".join(step.name for step in failed)), flush=True)

    def stop(self) -> None:
        """Ends it and its steps."""
        self.is_stopped = True
        for step in self.steps.values():
            if step.run is not None and not step.is_over():
                self.cancel(step.run)
                step.status = "Canceled"

    def _failed(self) -> List[Step]:
        return [step for step in self.steps.values() if step.error is not None]

    def _fail(self, step: Step, status: str, why: str) -> None:
        step.status = status
        step.error = "The step {} {}".format(step.name, why)
        print(step.error, flush=True)

    # One step

    def _begin(self, step: Step) -> None:
        before = [self.steps[one] for one in step.document["after"]]
        if any(one.status in ("Failed", "Canceled", "Skipped") for one in before):
            step.status = "Skipped"
            print("{}: skipped, since what it takes is not there".format(step.name), flush=True)
            return
        if not all(one.status == "Completed" for one in before):
            return
        try:
            self._submit(step)
        except terroir.Unavailable as e:
            driving.say_gone(e)
        except terroir.TerroirError as e:
            self._fail(step, "Failed", "cannot be submitted: {}".format(e))

    def _submit(self, step: Step) -> None:
        words = {**self.words, **self._output_words()}
        saved = driving.replaced(step.document["saved"], words)
        for name, definition in saved.items():
            words["{pipeline-dataset:%s}" % name] = self._registered(definition)
        configuration = self._configuration(step.document["configuration"], words)
        search = step.document.get("search")
        if search is not None:
            search = {**driving.replaced(search, words), "configuration": self._configuration(search["configuration"], words)}
            search["experiment"] = self.plan["experiment"]
        properties = driving.replaced(step.document["properties"], words)
        fingerprint = self._fingerprint(step, configuration, properties, search, saved, words)
        run_id = "{}_{}".format(self.parent.id, step.id)
        body = {
            "experiment": self.plan["experiment"],
            "displayName": step.name,
            "properties": {
                **properties,
                "azureml.runsource": "azureml.StepRun",
                "azureml.nodeid": step.id,
                "azureml.pipelinerunid": self.parent.id,
                "azureml.moduleName": step.name,
                "StepType": step.document["type"],
                FINGERPRINT: fingerprint,
            },
        }
        if step.document["allowReuse"] and not self.plan["regenerateOutputs"] and self._reuse(step, run_id, body, fingerprint):
            return
        snapshot = step.document["snapshot"] if search is None else self._snapshot(driving.replaced(search, {STEP_RUN_ID: run_id}))
        step.run = self.submit(
            run_id,
            {**body, "kind": "script", "snapshot": snapshot, "configuration": driving.configuration_of(configuration, run_id)},
        )
        step.status = "Running"
        step.outputs = driving.replaced(step.document["outputs"], {**words, driving.RUN_ID: run_id})
        print("{}: submitted as {}".format(step.name, run_id), flush=True)

    @staticmethod
    def _configuration(template: Mapping[str, Any], words: Mapping[str, Any]) -> Dict[str, Any]:
        """A configuration with values in the place of words; in a line of a shell they are quoted as words of it."""
        command = template.get("command")
        made: Dict[str, Any] = driving.replaced({key: value for key, value in template.items() if key != "command"}, words)
        made["arguments"] = texts(made.get("arguments"))
        if isinstance(command, str):
            quoted = _WORD.sub(lambda found: shlex.quote(str(words[found.group(1)])) if found.group(1) in words else found.group(0), command)
            made["command"] = driving.replaced(quoted, words)
        variables = made.get("environmentVariables")
        if variables:
            made["environmentVariables"] = {key: value if isinstance(value, str) else str(value) for key, value in variables.items()}
        return made

    def _output_words(self) -> Dict[str, Any]:
        return {
            "{pipeline-output:%s:%s}" % (step.id, name): place["path"]
            for step in self.steps.values()
            if step.status == "Completed"
            for name, place in step.outputs.items()
        }

    def _registered(self, definition: Mapping[str, Any]) -> str:
        """A dataset of data between steps, as a script finds it."""
        client = self.parent.client
        name = "_saved_" + _digest(definition)[:24]
        try:
            made = client.get(terroir.path("datasets", name, "versions", "latest"))
        except terroir.NotFound:
            made = client.post("/datasets", {"name": name, "definition": definition, "createNewVersion": False})
        return "{}:{}".format(made["name"], made["version"])

    def _snapshot(self, search: Mapping[str, Any]) -> str:
        """The script of a search for parameters with what it is told."""
        with tempfile.TemporaryDirectory() as folder:
            shutil.copy(os.path.join(_HERE, "search.py"), os.path.join(folder, "drive.py"))
            shutil.copytree(os.path.join(_HERE, "terroir"), os.path.join(folder, "terroir"), ignore=shutil.ignore_patterns("__pycache__"))
            with open(os.path.join(folder, "plan.json"), "w", encoding="utf-8") as stream:
                json.dump(search, stream, indent=2)
            return str(self.parent.client.upload_snapshot(folder))

    def _look(self, step: Step) -> None:
        assert step.run is not None
        try:
            status = step.run.status
            if status not in FINAL:
                return
            if status == "Completed":
                step.outputs = {name: {**place, "state": self._state(place)} for name, place in step.outputs.items()}
                step.run.change(properties={OUTPUTS: json.dumps(step.outputs)})
                step.status = status
                print("{}: completed".format(step.name), flush=True)
            else:
                why = step.run.document.get("error")
                if status == "Failed":
                    self._show_end(step)
                self._fail(step, status, "has failed, as run {}{}".format(step.run.id, ": {}".format(why) if why else "") if status == "Failed" else "was canceled")
        except terroir.Unavailable as e:
            driving.say_gone(e)

    @staticmethod
    def _show_end(step: Step) -> None:
        """Shows what the script of a step said last."""
        assert step.run is not None
        try:
            for name in list(step.run.document.get("logFiles") or {})[:1]:
                place = terroir.path("runs", step.run.id, "files", *name.split("/"))
                lines = step.run.client.get_bytes(place).decode("utf-8", "replace").splitlines()
                print("{}: the end of {}:".format(step.name, name), flush=True)
                print("\n".join("    " + line for line in lines[-_SHOWN_LINES:]), flush=True)
        except terroir.TerroirError as e:
            print("{}: its log cannot be shown: {}".format(step.name, e), flush=True)

    # Reuse

    def _fingerprint(
        self, step: Step, configuration: Mapping[str, Any], properties: Any, search: Optional[Mapping[str, Any]], saved: Any, words: Any
    ) -> str:
        """What decides what a step leaves: its script, configuration, environment, and the files that it takes."""
        variables = {key: value for key, value in (configuration.get("environmentVariables") or {}).items() if key != "MASTER_PORT"}
        told = {key: value for key, value in (search or {}).items() if key not in ("sets", "experiment")}
        places = [*_places(configuration), *_places(told.get("configuration") or {})]
        for place in [*driving.replaced(step.document["reads"], words), *(path for one in saved.values() for path in one.get("paths") or [])]:
            if place not in places:
                places.append(place)
        return _digest({
            "snapshot": step.document["snapshot"],
            "configuration": {**configuration, "environmentVariables": variables},
            "properties": properties,
            "search": told,
            "outputs": step.document["outputs"],
            "version": step.document.get("version"),
            "inputs": [[place, self._state(place)] for place in places],
        })

    def _state(self, place: Mapping[str, Any]) -> str:
        """A digest of the names, sizes and times of the files at a place of a datastore."""
        path = str(place.get("path") or "").strip("/")
        fixed = path.split("*")[0].rsplit("/", 1)[0] if "*" in path else path
        items = self.parent.client.get(terroir.path("datastores", place["datastore"], "files"), prefix=fixed or None)["items"]
        return _digest(sorted(
            [item["name"], item["size"], item.get("modifiedAt")]
            for item in items
            if not fixed or item["name"] == fixed or item["name"].startswith(fixed + "/")
        ))

    def _reuse(self, step: Step, run_id: str, body: Mapping[str, Any], fingerprint: str) -> bool:
        """Hands on what a former run of the same step has left, if it is all there."""
        client = self.parent.client
        for former in client.pages("/runs", children=True, status="Completed", property=["{}={}".format(FINGERPRINT, fingerprint)]):
            properties = former.get("properties") or {}
            if OUTPUTS not in properties or former["runId"] == run_id:
                continue
            outputs = json.loads(properties[OUTPUTS])
            if any(self._state(place) != place["state"] for place in outputs.values()):
                continue
            source = properties.get("azureml.reusedrunid") or former["runId"]
            reused = {
                **body["properties"],
                OUTPUTS: properties[OUTPUTS],
                "azureml.isreused": "true",
                "azureml.reusedrunid": source,
                "azureml.reusedpipelinerunid": properties.get("azureml.reusedpipelinerunid") or str(former.get("parentRunId")),
            }
            run = self.submit(run_id, {**body, "kind": "interactive", "properties": reused})
            if run.status not in FINAL:
                run.complete()
            step.run = run
            step.outputs = outputs
            step.status = "Completed"
            print("{}: reused, since nothing that it depends on has changed since {}".format(step.name, source), flush=True)
            return True
        return False


def _digest(document: Any) -> str:
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode("utf-8")).hexdigest()


def _places(configuration: Mapping[str, Any]) -> Iterator[Dict[str, Any]]:
    """The places of datastores that a run is given."""
    for reference in (configuration.get("dataReferences") or {}).values():
        if reference.get("mode") != "upload":
            yield {"datastore": reference["dataStoreName"], "path": reference.get("pathOnDataStore") or ""}
    for data in (configuration.get("data") or {}).values():
        location = data.get("dataLocation") or {}
        yield from ((location.get("dataset") or {}).get("definition") or {}).get("paths") or []
        if location.get("dataPath"):
            yield {"datastore": location["dataPath"]["datastoreName"], "path": location["dataPath"].get("relativePath") or ""}


if __name__ == "__main__":
    driving.drive(Pipeline, __file__)
