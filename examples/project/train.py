import argparse
import json
import os

parser = argparse.ArgumentParser()
parser.add_argument("--slope", type=float)
slope = parser.parse_args().slope
print(os.environ["GREETING"], "from", os.environ["AZUREML_RUN_ID"])
with open("outputs/line.json", "w") as out:
    json.dump({"slope": slope}, out)
