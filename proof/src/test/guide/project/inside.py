import os
import sys

print("inside", sys.executable, os.path.exists("/run/.containerenv") or os.path.exists("/.dockerenv"))
