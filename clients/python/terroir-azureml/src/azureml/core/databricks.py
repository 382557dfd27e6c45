"""Libraries of a Databricks cluster: carried in a definition, nothing is done with them."""

from __future__ import annotations

from typing import Any, List, Optional

from azureml.core._sections import Member, Section, constant


class MavenLibrary(Section):
    coordinates: Any
    repo: str
    exclusions: List[Any]

    _MEMBERS = (
        Member("coordinates", "coordinates", constant(None)),
        Member("repo", "repo", constant("")),
        Member("exclusions", "exclusions", list),
    )

    def __init__(self, coordinates: Optional[str] = None, repo: Optional[str] = None, exclusions: Optional[List[str]] = None):
        super().__init__()
        self.__dict__.update(coordinates=coordinates, repo=repo or "", exclusions=exclusions or [])


class PyPiLibrary(Section):
    package: Any
    repo: str

    _MEMBERS = (Member("package", "package", constant(None)), Member("repo", "repo", constant("")))

    def __init__(self, package: Optional[str] = None, repo: Optional[str] = None):
        super().__init__()
        self.__dict__.update(package=package, repo=repo or "")


class RCranLibrary(PyPiLibrary):
    pass


class JarLibrary(Section):
    library: Any

    _MEMBERS = (Member("library", "library", constant(None)),)

    def __init__(self, library: Optional[str] = None):
        super().__init__()
        self.__dict__.update(library=library)


class EggLibrary(JarLibrary):
    pass


class DatabricksCluster(Section):
    existing_cluster_id: Any
    spark_version: Any
    node_type: Any
    instance_pool_id: Any
    num_workers: Any
    min_workers: Any
    max_workers: Any
    spark_env_variables: Any
    spark_conf: Any
    init_scripts: Any

    _MEMBERS = tuple(
        Member(attribute, key, constant(None))
        for attribute, key in (
            ("existing_cluster_id", "existingClusterId"),
            ("spark_version", "sparkVersion"),
            ("node_type", "nodeType"),
            ("instance_pool_id", "instancePoolId"),
            ("num_workers", "numWorkers"),
            ("min_workers", "minWorkers"),
            ("max_workers", "maxWorkers"),
            ("spark_env_variables", "sparkEnvVariables"),
            ("spark_conf", "sparkConf"),
            ("init_scripts", "initScripts"),
        )
    )


class DatabricksSection(Section):
    maven_libraries: List[Any]
    pypi_libraries: List[Any]
    rcran_libraries: List[Any]
    jar_libraries: List[Any]
    egg_libraries: List[Any]

    _MEMBERS = (
        Member("maven_libraries", "mavenLibraries", list, MavenLibrary, True),
        Member("pypi_libraries", "pypiLibraries", list, PyPiLibrary, True),
        Member("rcran_libraries", "rcranLibraries", list, RCranLibrary, True),
        Member("jar_libraries", "jarLibraries", list, JarLibrary, True),
        Member("egg_libraries", "eggLibraries", list, EggLibrary, True),
    )
    _HARMLESS = ("cluster",)

    def __init__(self, _skip_defaults: bool = False, **kwargs: Any):
        super().__init__()
        self.__dict__["cluster"] = None
        for key, value in kwargs.items():
            setattr(self, key, value)
