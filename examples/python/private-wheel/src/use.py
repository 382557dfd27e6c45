from azureml.core import Run
from house_style import STYLE

print(STYLE)
Run.get_context().log("style", STYLE)
