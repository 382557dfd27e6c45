"""Brings a saved environment folder of the retired service along, changes it, and runs a script in it."""

import os

from azureml.core import Environment, Experiment, ScriptRunConfig, Workspace

here = os.path.dirname(os.path.abspath(__file__))

ws = Workspace.create(name="examples", exist_ok=True)

env = Environment.load_from_directory(path=os.path.join(here, "environment"))
print("loaded", env.name, env.python.conda_dependencies.serialize_to_string(), sep="\n")
env.python.conda_dependencies.add_pip_package("tabulate==0.9.0")
registered = env.register(workspace=ws)

config = ScriptRunConfig(source_directory=os.path.join(here, "src"), script="report.py")
config.run_config.target = "local"
config.run_config.environment = registered
run = Experiment(ws, "saved-environment").submit(config)
run.wait_for_completion(show_output=True)

used = run.get_environment()
print("ran in", used.name, used.version)
assert used.version == registered.version
run.download_file("outputs/report.txt", output_file_path=os.path.join(here, "report.txt"))
with open(os.path.join(here, "report.txt")) as file:
    print(file.read())
