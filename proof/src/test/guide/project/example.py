from azureml.core import Run

run = Run.get_context()
print("hello from the example")
run.log("answer", 42)
