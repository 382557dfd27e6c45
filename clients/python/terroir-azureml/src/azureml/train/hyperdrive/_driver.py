"""The script of a search: submits its runs, ends those that a policy ends, and names the best one.

It is sent to the server beside the native client, and runs there as the script of the parent run, so that it needs neither this
package nor the process that submitted it.
"""

from __future__ import annotations

import json
import math
import os
import shlex
import statistics
import time
from typing import Any, Dict, List, Mapping, Optional

import terroir
from terroir import driving
from terroir.runs import FINAL


def better(values: List[float], is_maximized: bool) -> float:
    """The best of some values."""
    return max(values) if is_maximized else min(values)


def is_ended(policy: Mapping[str, Any], values: Mapping[str, List[float]], over: Mapping[str, bool], run: str, count: int, is_maximized: bool) -> bool:
    """Whether a policy ends a run that has logged the primary metric `count` times.

    `values` has what each run has logged, `over` which of them have ended.
    """
    settings = policy.get("properties") or {}
    if policy["name"] == "Default" or count < max(1, settings["delay_evaluation"]) or count % settings["evaluation_interval"]:
        return False
    sign = 1.0 if is_maximized else -1.0
    own = sign * better(values[run][:count], is_maximized)
    others = {other: [sign * value for value in logged] for other, logged in values.items() if logged}
    if policy["name"] == "Bandit":
        best = max(max(logged[:count]) for logged in others.values())
        if settings.get("slack_amount") is not None:
            return bool(own < best - settings["slack_amount"])
        slack = float(settings["slack_factor"])
        # As best / (1 + slack) for what is maximized, best * (1 + slack) for what is minimized; also where values are negative.
        return own < best - abs(best) * (slack / (1 + slack) if is_maximized else slack)
    if policy["name"] == "MedianStopping":
        return own < statistics.median(statistics.fmean(logged[:count]) for logged in others.values())
    compared = [
        max(logged[:count])
        for other, logged in others.items()
        if len(logged) >= count and (other == run or not (settings.get("exclude_finished_jobs") and over.get(other)))
    ]
    worst = len(compared) * settings["truncation_percentage"] // 100
    # Those that are as good as the one before the line stay.
    return own < sorted(compared)[worst] if worst < len(compared) else False


def words(parameters: Mapping[str, Any]) -> List[str]:
    """The arguments of a script that hold parameters."""
    made = []
    for name, value in parameters.items():
        made += [name if name.startswith("-") else "--" + name, _word(value)]
    return made


def _word(value: Any) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return value if isinstance(value, str) else json.dumps(value) if isinstance(value, (list, dict)) else str(value)


class Search(driving.Drive):
    """One search, from its first run to its last."""

    def __init__(self, parent: terroir.Run, plan: Mapping[str, Any]):
        super().__init__(parent, plan)
        self.is_maximized = plan["goal"] == "maximize"
        self.open: Dict[str, terroir.Run] = {}
        # Those of former searches are compared with as runs that have ended.
        self.former: Dict[str, List[float]] = plan["former"]
        self.values: Dict[str, List[float]] = {}
        self.over: Dict[str, bool] = dict.fromkeys(self.former, True)
        self.statuses: List[str] = []
        self.looked: Dict[str, int] = {}
        self.is_stopped = False

    def run(self) -> None:
        """Works it off. Raises SystemExit when no run has succeeded."""
        until = time.monotonic() + 60 * self.plan["maxDurationMinutes"]
        sets = list(enumerate(self.plan["sets"]))
        while (sets or self.open) and not self.is_stopped:
            while sets and len(self.open) < self.plan["maxConcurrentRuns"] and not self.is_stopped:
                try:
                    self._submit(*sets[0])
                except terroir.Unavailable as e:
                    driving.say_gone(e)
                    break
                del sets[0]
            time.sleep(driving.LOOK_SECONDS)
            for child in list(self.open):
                self._look(child)
            if time.monotonic() > until:
                print("The search has taken {} minutes, which is its limit: it ends.".format(self.plan["maxDurationMinutes"]), flush=True)
                self.stop()
        self._summarize()

    def stop(self) -> None:
        """Ends it and its runs."""
        self.is_stopped = True
        for child in list(self.open.values()):
            self.cancel(child)

    def _submit(self, number: int, parameters: Mapping[str, Any]) -> None:
        child = "{}_{}".format(self.parent.id, number)
        configuration = driving.configuration_of(self.plan["configuration"], child)
        more = words(parameters)
        # Runs that go on with the outputs of former ones; the references in their arguments stay open for the shell.
        resumed = (self.plan.get("resumed") or {}).get(str(number)) or {}
        configuration["dataReferences"] = {**(configuration.get("dataReferences") or {}), **resumed.get("dataReferences", {})}
        if configuration.get("command"):
            configuration["command"] = " ".join([configuration["command"], *map(shlex.quote, more), *resumed.get("arguments", [])])
        else:
            configuration["arguments"] = [*(configuration.get("arguments") or []), *more, *resumed.get("arguments", [])]
        shown = json.dumps(parameters)
        body = {
            "experiment": self.plan["experiment"],
            "kind": "script",
            "snapshot": self.plan["snapshot"],
            "configuration": configuration,
            "tags": {"hyperparameters": shown},
            "properties": self.plan["properties"],
        }
        self.parent.change(tags={child: shown})
        self.open[child] = self.submit(child, body)
        self.values[child] = []
        print("Submitted {} with {}".format(child, shown), flush=True)

    def _look(self, child: str) -> None:
        run = self.open[child]
        try:
            status = run.status
            self.values[child] = self._logged(run)
        except terroir.Unavailable as e:
            driving.say_gone(e)
            return
        if status in FINAL:
            self.over[child] = True
            self.statuses.append(status)
            del self.open[child]
            print("{} is {}; {} = {}".format(child, status, self.plan["metric"], self._best(child)), flush=True)
            return
        count = len(self.values[child])
        for reached in range(self.looked.get(child, 0) + 1, count + 1):
            self.looked[child] = reached
            if is_ended(self.plan["policy"], {**self.former, **self.values}, self.over, child, reached, self.is_maximized):
                print("The policy {} ends {} at interval {}".format(self.plan["policy"]["name"], child, reached), flush=True)
                self.cancel(run)
                break

    def _logged(self, run: terroir.Run) -> List[float]:
        values: List[float] = []
        for item in run.metrics(self.plan["metric"]):
            found = item["value"] if isinstance(item["value"], list) else [item["value"]]
            values += [float(one) for one in found if isinstance(one, (int, float)) and math.isfinite(one)]
        return values

    def _best(self, child: str) -> Optional[float]:
        return better(self.values[child], self.is_maximized) if self.values.get(child) else None

    def _summarize(self) -> None:
        found = {child: value for child, value in ((child, self._best(child)) for child in self.values) if value is not None}
        if found:
            best = (max if self.is_maximized else min)(found, key=lambda child: found[child])
            self.parent.change(properties={"best_child_run_id": best, "score": str(found[best])})
            print("The best is {}: {} = {}".format(best, self.plan["metric"], found[best]), flush=True)
            self._keep(best)
        if self.statuses and all(status == "Failed" for status in self.statuses):
            raise SystemExit("All of the {} runs have failed.".format(len(self.statuses)))

    def _keep(self, best: str) -> None:
        """Lays down what a step of a pipeline is to hand on: what the runs have logged, or files of the best one."""
        for name, wanted in (self.plan.get("results") or {}).items():
            place = os.environ["AZUREML_DATAREFERENCE_" + name]
            os.makedirs(os.path.dirname(place), exist_ok=True)
            if wanted["type"] == "Metrics":
                with open(place, "w", encoding="utf-8") as stream:
                    json.dump({child: self._metrics(child) for child in self.values}, stream)
            else:
                self._fetch(terroir.Run(self.parent.client, best), wanted.get("file"), place)

    def _metrics(self, child: str) -> Dict[str, List[Any]]:
        logged: Dict[str, List[Any]] = {}
        for item in terroir.Run(self.parent.client, child).metrics():
            value = item["value"]
            logged.setdefault(item["name"], []).extend(value if isinstance(value, list) else [value])
        return logged

    @staticmethod
    def _fetch(run: terroir.Run, file: Optional[str], place: str) -> None:
        wanted = file or "outputs"
        names = run.files()
        if wanted in names:
            run.download(wanted, place)
            return
        inside = [name for name in names if name.startswith(wanted.rstrip("/") + "/")]
        if not inside:
            raise SystemExit("The best run, {}, has no {} among its files.".format(run.id, wanted))
        for name in inside:
            run.download(name, os.path.join(place, *name[len(wanted.rstrip("/")) + 1 :].split("/")))


if __name__ == "__main__":
    driving.drive(Search, __file__)
