import json
import os


def init():
    global bound
    with open(os.path.join(os.environ["AZUREML_MODEL_DIR"], "model.pkl")) as file:
        bound = json.load(file)["bound"]


def run(raw_data):
    return {"labels": [int(row[0] > bound) for row in json.loads(raw_data)["data"]]}
