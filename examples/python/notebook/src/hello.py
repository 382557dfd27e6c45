from azureml.core import Run

print("hello from the script")
Run.get_context().log("answer", 42)
