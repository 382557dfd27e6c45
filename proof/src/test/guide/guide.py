"""Runs every code block of the guide that defines the mission, in the guide's order.

usage: guide.py GUIDE CORRECTIONS PROJECT

The blocks run in one namespace, as somebody types them into a notebook that lies in PROJECT. CORRECTIONS is the list of
the guide's slips, each with its reason; one that does not apply is an error. What the guide leaves open (a data store
`ds`, a `compute_target`, the files it names) is bound before the block that needs it, and what a block claims is
checked after it.
"""

import contextlib
import io
import json
import os
import re
import shlex
import subprocess
import sys
import time
import traceback
from pathlib import Path

FENCE = re.compile(r"^``` ?(python|azurecli-interactive)\n(.*?)^```$", re.M | re.S)


class Tee(io.StringIO):
    """Keeps what is printed and shows it."""

    def write(self, text):
        sys.__stdout__.write(text)
        return super().write(text)

    def flush(self):
        sys.__stdout__.flush()


def blocks(guide):
    """The code blocks: language, code, line of the guide."""
    text = guide.read_text(encoding="utf-8")
    return [(match[1], match[2], text.count("\n", 0, match.start(2)) + 1) for match in FENCE.finditer(text)]


def corrected(number, code, corrections):
    for item in corrections:
        if item["block"] == number:
            if item["find"] not in code:
                raise SystemExit(f"the correction of block {number} does not apply: {item['find']!r}: {item['reason']}")
            code = code.replace(item["find"], os.path.expandvars(item["put"]))
    return code


# -- what the guide leaves open, by the block that needs it ---------------------------------------------------------


def before(number, space):
    from azureml.core import Datastore, Environment, Experiment
    from azureml.core.compute import AmlCompute, ComputeTarget

    ws = space.get("ws")
    if number == 13:
        # The loop of block 2 has left the name of an environment in `env`.
        space["env"] = Environment.get(workspace=ws, name="AzureML-Minimal")
    if number == 19:
        space["environment"] = Environment.get(workspace=ws, name="AzureML-Minimal")
    if number == 20:
        # Block 18 left an interpreter that only its image has; the guide begins again with a new environment.
        del space["myenv"]
    if number == 21:
        store = Datastore.get(ws, "workspaceblobstore")
        store.upload_files(["data/points.csv"], relative_root="data", target_path="points", show_progress=False)
        space["ds"] = store.path("points")
        space["compute_target"] = ComputeTarget.create(
            ws, "cpu-cluster", AmlCompute.provisioning_configuration(vm_size="STANDARD_D2_V2", max_nodes=1))
        space["compute_target"].wait_for_completion(show_output=True)
        space["experiment"] = Experiment(workspace=ws, name="estimator")
    if number == 22:
        # `myenv` is the environment of block 20; the run whose model is deployed is the estimator's.
        space["run"].wait_for_completion(show_output=True)


# -- what the guide claims ------------------------------------------------------------------------------------------


def after(number, space, printed):
    from azureml.core import Environment

    ws = space.get("ws")
    if number == 1:
        assert space["env"].name == "AzureML-Minimal" and isinstance(space["env"].version, str)
    elif number == 2:
        assert isinstance(space["envs"], dict)
        assert "Name AzureML-Minimal" in printed and "azureml-defaults" in printed, printed
    elif number == 4:
        assert space["myenv"].python.conda_dependencies is not None
        assert "humanize" in space["myenv"].python.conda_dependencies.serialize_to_string()
    elif number == 5:
        text = space["myenv"].python.conda_dependencies.serialize_to_string()
        assert "greeter" in text, text
    elif number == 6:
        assert Path("saved/azureml_environment.json").is_file() and Path("saved/conda_dependencies.yml").is_file()
        assert space["newenv"].name == "myenv"
    elif number == 7:
        assert space["run"].get_status() == "Completed", space["run"].get_details()
        assert "hello from the example" in printed, printed
        assert printed.startswith("RunId: "), printed
        assert space["run"].get_metrics() == {"answer": 42}, space["run"].get_metrics()
        assert space["run"].get_environment().python.conda_dependencies is not None
    elif number == 8:
        assert list(space["myenv"].python.conda_dependencies.conda_packages)[-1] == "numpy==1.17.0"
        assert "pillow" in list(space["myenv"].python.conda_dependencies.pip_packages)
        space["last"] = space["myenv"]
    elif number == 10:
        assert Environment.get(ws, "myenv").version == "1"
    elif number == 11:
        restored = space["restored_environment"]
        assert restored.name == "myenv" and restored.version == "1"
        assert restored.environment_variables == {"MESSAGE": "Hello from Azure Machine Learning"}
        # Numpy of a channel and pillow of the index are one environment, which is what block 8 promises.
        built = restored.build_local(workspace=ws)
        assert built is not None
    elif number == 12:
        assert space["used"].name
    elif number == 13:
        assert "Image Build Status: Succeeded" in printed, printed
        assert space["env"].get_image_details(ws).image_exist
    elif number == 14:
        assert space["build"] is not None
    elif number == 16:
        details = run_in_container(ws, space["myenv"])
        assert details["status"] == "Completed", details
    elif number == 17:
        # The text was the first of the two ways; it runs as well as the file.
        from_file = space["myenv"].docker.base_dockerfile
        for steps in (space["dockerfile"], from_file):
            trial = space["myenv"].clone("from-dockerfile")
            trial.docker.base_image = None
            trial.docker.base_dockerfile = steps
            build = trial.register(ws).build(ws)
            build.wait_for_completion(show_output=True)
            assert trial.get_image_details(ws).image_exist
    elif number == 18:
        details = run_in_container(ws, space["myenv"])
        assert details["status"] == "Completed", details
    elif number == 19:
        assert space["details"].image_exist and space["details"].repository.startswith("azureml/azureml_")
        assert "FROM" in space["details"].dockerfile
    elif number == 20:
        run = space["run"]
        run.wait_for_completion()
        assert run.get_status() == "Completed"
        assert run.get_environment().name == "myenv"
    elif number == 22:
        service = space["service"]
        service.wait_for_deployment(show_output=True)
        assert service.state == "Healthy", (service.state, service.get_logs())
        answer = service.run(json.dumps({"data": [[1.0], [2.0]]}))
        assert answer == {"labels": [0, 1]}, answer
        service.delete()
    elif number == 25:
        names = {item["name"] for item in json.loads(printed)}
        assert {"clienv", "myenv", "AzureML-Minimal"} <= names, names
    elif number == 26:
        assert Path("downloaddir/azureml_environment.json").is_file()


def run_in_container(ws, environment):
    from azureml.core import Experiment, ScriptRunConfig

    config = ScriptRunConfig(source_directory=".", script="inside.py")
    config.run_config.target = "local"
    config.run_config.environment = environment
    run = Experiment(ws, "containers").submit(config)
    run.wait_for_completion(show_output=True, raise_on_error=False)
    return run.get_details()


# -- running --------------------------------------------------------------------------------------------------------


def run_command(code):
    for line in code.strip().splitlines():
        words = shlex.split(line)
        words[0] = os.environ.get("GUIDE_AZ", words[0])
        done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, timeout=300)
        print(done.stdout, end="")
        if done.returncode != 0:
            raise RuntimeError(f"{line}: exit code {done.returncode}")


def main(guide, corrections, project):
    os.chdir(project)
    listed = json.loads(corrections.read_text(encoding="utf-8"))["corrections"]
    found = blocks(guide)
    for item in listed:
        if not 1 <= item["block"] <= len(found):
            raise SystemExit(f"a correction names block {item['block']} of {len(found)}")
    space, failed = {"__name__": "__main__"}, []
    only = int(os.environ.get("GUIDE_UNTIL", len(found)))
    for number, (language, code, line) in enumerate(found, 1):
        if number > only:
            break
        print(f"\n== block {number}, line {line}", flush=True)
        code = corrected(number, code, listed)
        begun = time.monotonic()
        tee = Tee()
        try:
            before(number, space)
            with contextlib.redirect_stdout(tee):
                if language == "python":
                    exec(compile(code, f"block {number} of the guide", "exec"), space)
                else:
                    run_command(code)
            after(number, space, tee.getvalue())
        except BaseException:
            traceback.print_exc(file=sys.stdout)
            print(code)
            failed.append(f"block {number} (line {line} of the guide)")
        print(f"-- block {number}: {time.monotonic() - begun:.1f} s", flush=True)
    if failed:
        raise SystemExit("failed: " + ", ".join(failed))
    print(f"\nall {len(found)} blocks of the guide ran")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve(), Path(sys.argv[3]).resolve())
