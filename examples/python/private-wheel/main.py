"""Builds a wheel of one's own package, keeps it in the workspace and uses it in a run."""

import glob
import os
import subprocess
import sys
import tempfile

from azureml.core import Environment, Experiment, ScriptRunConfig, Workspace
from azureml.core.conda_dependencies import CondaDependencies

here = os.path.dirname(os.path.abspath(__file__))

ws = Workspace.create(name="examples", exist_ok=True)

with tempfile.TemporaryDirectory() as folder:
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder,
         os.path.join(here, "package")],
        check=True)
    (wheel,) = glob.glob(os.path.join(folder, "*.whl"))
    url = Environment.add_private_pip_wheel(workspace=ws, file_path=wheel, exist_ok=True)
print("kept at", url)

dependencies = CondaDependencies.create(python_version="3.11", pip_packages=["azureml-defaults"])
dependencies.add_pip_package(url)
env = Environment("with-private-wheel")
env.python.conda_dependencies = dependencies

run = Experiment(ws, "private-wheel").submit(
    ScriptRunConfig(source_directory=os.path.join(here, "src"), script="use.py", environment=env))
run.wait_for_completion(show_output=True)
assert run.get_metrics()["style"] == "house style 1.0"
