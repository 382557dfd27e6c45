import json
import os


def init():
    global slope
    with open(os.path.join(os.environ["AZUREML_MODEL_DIR"], "line.json")) as file:
        slope = json.load(file)["slope"]


def run(raw_data):
    return {"y": slope * json.loads(raw_data)["x"]}
