"""Steps of services that there are none of here: they can be imported, and say what to use when one is made."""

from __future__ import annotations

from azureml.pipeline.core._refused import Refused


class DatabricksStep(Refused):
    _WHY = "run the script with a PythonScriptStep; it may call Databricks with Databricks' own client."


class DataTransferStep(Refused):
    _WHY = "datastores are folders of the workspace: copy with a PythonScriptStep, or with Datastore.upload before the pipeline runs."


class AdlaStep(Refused):
    _WHY = "Azure Data Lake Analytics has ended: query with pandas, DuckDB or Spark in a PythonScriptStep."


class AutoMLStep(Refused):
    _WHY = "search among models with HyperDriveStep, or with a package such as FLAML or auto-sklearn in a PythonScriptStep."


class AutoMLStepRun(AutoMLStep):
    pass


class AzureBatchStep(Refused):
    _WHY = "run the program with a CommandStep."


class ModuleStep(Refused):
    _WHY = "make a PythonScriptStep of the module's script."


class RScriptStep(Refused):
    _WHY = "run it with CommandStep(command='Rscript script.R'), in an environment that has R."


class KustoStep(Refused):
    _WHY = "query with Kusto's own client in a PythonScriptStep."


class SynapseSparkStep(Refused):
    _WHY = "run Spark of this machine in a PythonScriptStep whose environment has pyspark."
