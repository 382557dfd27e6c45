import os

import humanize
from tabulate import tabulate

os.makedirs("outputs", exist_ok=True)
table = tabulate([["bytes", humanize.naturalsize(123456789)]], headers=["what", "how much"])
print(table)
with open("outputs/report.txt", "w") as file:
    file.write(table + "\n")
