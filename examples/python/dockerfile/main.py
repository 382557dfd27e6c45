"""Runs a script in a container whose base image a Dockerfile describes. EXAMPLE_BASE names another base than Debian's."""

import os

from azureml.core import Environment, Experiment, ScriptRunConfig, Workspace
from azureml.core.conda_dependencies import CondaDependencies
from azureml.core.runconfig import DockerConfiguration

here = os.path.dirname(os.path.abspath(__file__))

ws = Workspace.create(name="examples", exist_ok=True)

env = Environment("with-dockerfile")
env.docker.base_image = None
env.docker.base_dockerfile = """
FROM {}
RUN echo "made by a step of the Dockerfile" > /etc/made-by
""".format(os.environ.get("EXAMPLE_BASE", "docker.io/library/debian:12"))
env.python.conda_dependencies = CondaDependencies.create(
    python_version=os.environ.get("EXAMPLE_PYTHON", "3.11"), pip_packages=["humanize==4.11.0"])

build = env.register(ws).build(ws)
build.wait_for_completion(show_output=True)
details = env.get_image_details(ws)
print("image", details.image, "exists", details.image_exist)

config = ScriptRunConfig(
    source_directory=os.path.join(here, "src"),
    script="look.py",
    environment=env,
    docker_runtime_config=DockerConfiguration(use_docker=True),
)
run = Experiment(ws, "dockerfile").submit(config)
run.wait_for_completion(show_output=True)
run.download_file("outputs/made-by.txt", output_file_path=os.path.join(here, "made-by.txt"))
with open(os.path.join(here, "made-by.txt")) as file:
    assert file.read() == "made by a step of the Dockerfile\n"
