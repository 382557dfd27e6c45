"""Trains a classifier in a run, registers its model and serves it, all in one environment."""

import json
import os
import sys

from azureml.core import Environment, Experiment, ScriptRunConfig, Workspace
from azureml.core.conda_dependencies import CondaDependencies
from azureml.core.model import InferenceConfig, Model
from azureml.core.webservice import AciWebservice

here = os.path.dirname(os.path.abspath(__file__))

ws = Workspace.create(name="examples", exist_ok=True)

env = Environment("sklearn-example")
env.python.conda_dependencies = CondaDependencies.create(
    python_version="3.11", pip_packages=["azureml-defaults", "scikit-learn", "joblib"])
env.environment_variables = {"GREETING": "hello"}
env = env.register(workspace=ws)
print("registered", env.name, env.version)

config = ScriptRunConfig(
    source_directory=os.path.join(here, "src"),
    script="train.py",
    arguments=["--alpha", 0.5],
    compute_target="local",
    environment=env,
)
run = Experiment(ws, "digits").submit(config, tags={"example": "train-and-deploy"})
run.wait_for_completion(show_output=True)
metrics = run.get_metrics()
print("accuracy", metrics["accuracy"])
assert metrics["accuracy"] > 0.8 and len(metrics["loss"]) == 5

model = run.register_model(model_name="digits", model_path="outputs/model.joblib", tags={"alpha": "0.5"})
print("model", model.name, model.version)

service = Model.deploy(
    workspace=ws,
    name="digits",
    models=[model],
    inference_config=InferenceConfig(
        entry_script="score.py", source_directory=os.path.join(here, "src"), environment=env),
    deployment_config=AciWebservice.deploy_configuration(cpu_cores=1, memory_gb=1, auth_enabled=True),
    overwrite=True,
)
service.wait_for_deployment(show_output=True)
print(service.state, service.scoring_uri)
try:
    answer = service.run(json.dumps({"data": [[0.0] * 64, [16.0] * 64]}))
    print("answer", answer)
    assert len(answer["labels"]) == 2
    primary, secondary = service.get_keys()
    assert primary != secondary
    if service.state != "Healthy":
        sys.exit(service.get_logs())
finally:
    service.delete()
