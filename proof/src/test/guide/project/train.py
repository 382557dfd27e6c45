import os

from azureml.core import Run

Run.get_context().log("accuracy", 0.9)
print("trained in", os.environ["AZUREML_RUN_ID"])
