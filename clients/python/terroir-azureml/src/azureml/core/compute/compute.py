"""Compute targets: names of pools on the server's machine."""

from __future__ import annotations

import re
import sys
import time
import warnings
from typing import Any, Dict, Iterator, List, Optional

from azureml._terroir import display
from azureml._terroir.errors import ComputeTargetException, UnsupportedHere

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{1,15}\Z")


class ComputeTargetProvisioningConfiguration:
    """What a new compute target is to be."""

    def __init__(self, compute_type: Any, location: Optional[str] = None):
        self._compute_type = compute_type
        self.location = location

    def validate_configuration(self) -> None:
        """Everything is taken."""


class ComputeTargetAttachConfiguration(ComputeTargetProvisioningConfiguration):
    pass


class ComputeTarget:
    """A compute target by its name; which class it has is said by its type."""

    _compute_type = ""
    _type_of_server = ""

    def __new__(cls, workspace: Any = None, name: Optional[str] = None, **kwargs: Any) -> Any:
        if workspace is None or name is None:
            return super().__new__(cls)
        known = kwargs.get("_known") or workspace._service.get_or_none("computetargets", name)
        if known is None:
            raise ComputeTargetException(
                "ComputeTargetNotFound: Compute Target with name {} not found in provided workspace".format(name)
            )
        kind = cls if cls is not ComputeTarget else _class_of(str(known.get("type", "")))
        made = super().__new__(kind)
        made.__dict__["_known"] = known
        return made

    def __init__(self, workspace: Any = None, name: Optional[str] = None, **kwargs: Any):
        self.workspace = workspace
        self.name: str = name or ""
        self.tags = dict(kwargs.get("tags") or {})

    @property
    def type(self) -> str:
        return self._compute_type or str(self._known.get("type") or "Local")

    @property
    def id(self) -> str:
        return str(self.name)

    @property
    def provisioning_state(self) -> str:
        return str(self._known.get("provisioningState") or "Succeeded")

    @property
    def provisioning_errors(self) -> List[Any]:
        return []

    @property
    def location(self) -> str:
        return str(self.workspace.location)

    cluster_location = location

    @property
    def vm_size(self) -> Optional[str]:
        return self._known.get("vmSize")

    @property
    def _known(self) -> Dict[str, Any]:
        known: Dict[str, Any] = self.__dict__.get("_known") or {}
        return known

    @staticmethod
    def create(workspace: Any, name: str, provisioning_configuration: Any) -> "ComputeTarget":
        """Names a pool; its runs run on the server's machine."""
        if not _NAME.match(name or ""):
            raise ComputeTargetException(
                "{!r} cannot name a compute target: use 2 to 16 letters, digits and `-`, a letter first.".format(name)
            )
        validate = getattr(provisioning_configuration, "validate_configuration", None)
        if validate is not None:
            validate()
        body: Dict[str, Any] = {"type": getattr(provisioning_configuration, "_compute_type", ComputeTarget)._compute_type or "AmlCompute"}
        for attribute, key in (("vm_size", "vmSize"), ("min_nodes", "minNodes"), ("max_nodes", "maxNodes")):
            value = getattr(provisioning_configuration, attribute, None)
            if value not in (None, ""):
                body[key] = value
        known = workspace._service.put(body, "computetargets", name)
        made: ComputeTarget = ComputeTarget(workspace, name, _known=known)
        return made

    @staticmethod
    def attach(workspace: Any, name: str, attach_configuration: Any) -> "ComputeTarget":
        """Names a pool for a machine or a cluster that runs scripts: they run on the server's machine, which a warning says."""
        kind = getattr(attach_configuration, "_compute_type", ComputeTarget)
        if kind not in (RemoteCompute, DsvmCompute, AksCompute, KubernetesCompute):
            raise UnsupportedHere(
                "A compute target of the kind {} cannot be attached: runs run on the server's machine. Name a pool of it with "
                "ComputeTarget.create(workspace, {!r}, AmlCompute.provisioning_configuration()).".format(kind.__name__, name)
            )
        warnings.warn("{} names a pool of the server's machine: nothing runs on the machine or cluster that was to be attached.".format(name))
        return ComputeTarget.create(workspace, name, ComputeTargetProvisioningConfiguration(kind))

    @staticmethod
    def list(workspace: Any) -> List["ComputeTarget"]:
        return [ComputeTarget(workspace, item["name"], _known=item) for item in workspace._service.get("computetargets")["items"]]

    def wait_for_completion(
        self,
        show_output: bool = False,
        min_node_count: Optional[int] = None,
        timeout_in_minutes: Optional[float] = 25,
        is_delete_operation: bool = False,
    ) -> None:
        deadline = time.time() + 60 * (timeout_in_minutes or 25)
        if show_output:
            sys.stdout.write("Deleting" if is_delete_operation else "Creating")
        while self.provisioning_state not in ("Succeeded", "Failed") and time.time() < deadline:
            time.sleep(0.5)
            self.refresh_state()
        if show_output:
            print("\n{}\n{} wait for completion finished\n".format(self.provisioning_state, self.type))
            if isinstance(self, AmlCompute):
                print("Minimum number of nodes requested have been provisioned")
        if self.provisioning_state != "Succeeded":
            raise ComputeTargetException("The compute target {} is {}.".format(self.name, self.provisioning_state))

    def refresh_state(self) -> None:
        self.__dict__["_known"] = self.workspace._service.get("computetargets", self.name)

    def get_status(self) -> Any:
        self.refresh_state()
        return ComputeStatus(self._known)

    def serialize(self) -> Dict[str, Any]:
        return {
            "name": self.name,
            "location": self.location,
            "type": self.type,
            "provisioningState": self.provisioning_state,
            "tags": self.tags,
            "vmSize": self._known.get("vmSize"),
            "scaleSettings": {"minNodeCount": self._known.get("minNodes"), "maxNodeCount": self._known.get("maxNodes")},
        }

    def delete(self) -> None:
        self.workspace._service.delete("computetargets", self.name)

    def detach(self) -> None:
        self.delete()

    def update(
        self,
        min_nodes: Optional[int] = None,
        max_nodes: Optional[int] = None,
        idle_seconds_before_scaledown: Optional[int] = None,
        **kwargs: Any,
    ) -> None:
        """Keeps what nodes are asked for; the pool is the server's machine."""
        min_nodes, max_nodes = _count(min_nodes, "min_nodes"), _count(max_nodes, "max_nodes")
        body: Dict[str, Any] = {"type": self.type, **({"vmSize": self.vm_size} if self.vm_size else {})}
        body["minNodes"] = min_nodes if min_nodes is not None else self._known.get("minNodes") or 0
        body["maxNodes"] = max_nodes if max_nodes is not None else self._known.get("maxNodes") or 1
        self.__dict__["_known"] = self.workspace._service.put(body, "computetargets", self.name)

    def __repr__(self) -> str:
        return display.described(type(self).__name__, {"name": self.name, "type": self.type, "provisioningState": self.provisioning_state})

    def _repr_html_(self) -> str:
        return display.table({"Name": self.name, "Type": self.type, "State": self.provisioning_state})


class ComputeStatus:
    """What a compute target answered: the server's machine is one node that is always there."""

    def __init__(self, known: Dict[str, Any]):
        self._known = known
        self.allocation_state = "Steady"
        self.allocation_state_transition_time = None
        self.creation_time = None
        self.modified_time = None
        self.errors = None
        self.vm_size = known.get("vmSize")
        self.vm_priority = known.get("vmPriority") or "Dedicated"
        self.state = known.get("provisioningState")
        self.provisioning_state = known.get("provisioningState")
        self.current_node_count = 1
        self.target_node_count = 1
        self.node_state_counts = NodeStateCounts()
        self.scale_settings = ScaleSettings._of(known)

    def serialize(self) -> Dict[str, Any]:
        return {
            "currentNodeCount": self.current_node_count,
            "targetNodeCount": self.target_node_count,
            "nodeStateCounts": self.node_state_counts.serialize(),
            "allocationState": self.allocation_state,
            "allocationStateTransitionTime": self.allocation_state_transition_time,
            "errors": self.errors,
            "creationTime": self.creation_time,
            "modifiedTime": self.modified_time,
            "provisioningState": self.provisioning_state,
            "provisioningStateTransitionTime": None,
            "scaleSettings": self.scale_settings.serialize(),
            "vmPriority": self.vm_priority,
            "vmSize": self.vm_size,
        }

    def __repr__(self) -> str:
        import json

        return json.dumps(self.serialize(), indent=2)


class AmlComputeProvisioningConfiguration(ComputeTargetProvisioningConfiguration):
    def __init__(self, vm_size: str, vm_priority: str, min_nodes: Optional[int], max_nodes: Optional[int], **kwargs: Any):
        super().__init__(AmlCompute, kwargs.pop("location", None))
        self.vm_size = vm_size
        self.vm_priority = vm_priority
        self.min_nodes = _count(min_nodes, "min_nodes")
        self.max_nodes = _count(max_nodes, "max_nodes")
        self.__dict__.update(kwargs)

    def validate_configuration(self) -> None:
        if self.min_nodes is not None and self.min_nodes < 0:
            raise ComputeTargetException("Invalid provisioning configuration, min_nodes must be at least 0, not {}.".format(self.min_nodes))
        if self.max_nodes is not None and self.max_nodes < 0:
            raise ComputeTargetException("Invalid provisioning configuration, max_nodes must be at least 0, not {}.".format(self.max_nodes))


class AmlCompute(ComputeTarget):
    """A pool, as the retired service's clusters were."""

    _compute_type = "AmlCompute"

    @staticmethod
    def provisioning_configuration(
        vm_size: str = "",
        vm_priority: str = "dedicated",
        min_nodes: int = 0,
        max_nodes: Optional[int] = None,
        idle_seconds_before_scaledown: Optional[int] = None,
        admin_username: Optional[str] = None,
        admin_user_password: Optional[str] = None,
        admin_user_ssh_key: Optional[str] = None,
        vnet_resourcegroup_name: Optional[str] = None,
        vnet_name: Optional[str] = None,
        subnet_name: Optional[str] = None,
        tags: Optional[Dict[str, str]] = None,
        description: Optional[str] = None,
        remote_login_port_public_access: str = "NotSpecified",
        identity_type: Optional[str] = None,
        identity_id: Optional[List[str]] = None,
        location: Optional[str] = None,
        **kwargs: Any,
    ) -> AmlComputeProvisioningConfiguration:
        if vnet_name or subnet_name or vnet_resourcegroup_name:
            raise UnsupportedHere(
                "A compute target has no virtual network: it is the server's machine. Leave vnet_name, subnet_name and "
                "vnet_resourcegroup_name out."
            )
        made = AmlComputeProvisioningConfiguration(vm_size, vm_priority, min_nodes, max_nodes, location=location, tags=tags, description=description)
        made.validate_configuration()
        return made

    @staticmethod
    def supported_vmsizes(workspace: Any, location: Optional[str] = None) -> List[Dict[str, Any]]:
        return []

    @property
    def scale_settings(self) -> "ScaleSettings":
        return ScaleSettings._of(self._known)

    @property
    def vm_priority(self) -> str:
        return str(self._known.get("vmPriority") or "dedicated")

    @property
    def status(self) -> ComputeStatus:
        return ComputeStatus(self._known)

    def list_nodes(self) -> List[Dict[str, Any]]:
        return []

    def get_active_runs(self) -> Iterator[Any]:
        """The runs that have not ended and name this target."""
        from azureml.core.run import RUNNING_STATES, Run

        for resource in self.workspace._service.pages("runs", children=True):
            if resource.get("target") == self.name and resource.get("status") in RUNNING_STATES:
                yield Run._of_resource(self.workspace, resource)

    def add_identity(self, *args: Any, **kwargs: Any) -> None:
        """There are no identities of a cloud."""


class ScaleSettings:
    """How many nodes were asked for."""

    minimum_node_count: Optional[int] = None
    maximum_node_count: Optional[int] = None
    idle_seconds_before_scaledown: Optional[int] = None

    @staticmethod
    def _of(known: Dict[str, Any]) -> "ScaleSettings":
        settings = ScaleSettings()
        settings.minimum_node_count = known.get("minNodes")
        settings.maximum_node_count = known.get("maxNodes")
        return settings

    def serialize(self) -> Dict[str, Any]:
        idle = self.idle_seconds_before_scaledown
        return {
            "minNodeCount": self.minimum_node_count,
            "maxNodeCount": self.maximum_node_count,
            "nodeIdleTimeBeforeScaleDown": None if idle is None else "PT{}S".format(idle),
        }


class NodeStateCounts:
    """The nodes by what they do."""

    preparing_node_count = 0
    running_node_count = 0
    idle_node_count = 1
    unusable_node_count = 0
    leaving_node_count = 0
    preempted_node_count = 0

    def serialize(self) -> Dict[str, int]:
        return {
            "preparingNodeCount": self.preparing_node_count,
            "runningNodeCount": self.running_node_count,
            "idleNodeCount": self.idle_node_count,
            "unusableNodeCount": self.unusable_node_count,
            "leavingNodeCount": self.leaving_node_count,
            "preemptedNodeCount": self.preempted_node_count,
        }


class ComputeInstance(ComputeTarget):
    """A machine of one person; here the server's."""

    _compute_type = "ComputeInstance"

    @staticmethod
    def provisioning_configuration(vm_size: str = "", ssh_public_access: bool = False, **kwargs: Any) -> ComputeTargetProvisioningConfiguration:
        for argument in ("vnet_name", "subnet_name", "vnet_resourcegroup_name"):
            if kwargs.get(argument):
                raise UnsupportedHere("A compute target has no virtual network: leave {} out.".format(argument))
        made = ComputeTargetProvisioningConfiguration(ComputeInstance)
        made.__dict__["vm_size"] = vm_size
        return made

    @staticmethod
    def supported_vmsizes(workspace: Any, location: Optional[str] = None) -> List[Dict[str, Any]]:
        return []

    def start(self, wait_for_completion: bool = False, show_output: bool = False) -> None:
        """It is the server's machine, which runs."""

    stop = restart = start


class AksCompute(ComputeTarget):
    """The target of services; they run on the server's machine."""

    _compute_type = "AKS"

    class ClusterPurpose:
        DEV_TEST = "DevTest"
        FAST_PROD = "FastProd"

    @staticmethod
    def provisioning_configuration(agent_count: Optional[int] = None, vm_size: Optional[str] = None, **kwargs: Any) -> ComputeTargetProvisioningConfiguration:
        for argument in ("vnet_name", "subnet_name", "vnet_resourcegroup_name"):
            if kwargs.get(argument):
                raise UnsupportedHere("A compute target has no virtual network: leave {} out.".format(argument))
        made = ComputeTargetProvisioningConfiguration(AksCompute, kwargs.get("location"))
        made.__dict__["vm_size"] = vm_size or ""
        return made

    @staticmethod
    def attach_configuration(*args: Any, **kwargs: Any) -> ComputeTargetAttachConfiguration:
        return ComputeTargetAttachConfiguration(AksCompute)


class RemoteCompute(ComputeTarget):
    _compute_type = "VirtualMachine"

    @classmethod
    def attach_configuration(cls, *args: Any, **kwargs: Any) -> ComputeTargetAttachConfiguration:
        return ComputeTargetAttachConfiguration(cls)

    @staticmethod
    def attach(workspace: Any, name: str, attach_configuration: Any = None, **kwargs: Any) -> ComputeTarget:
        """As of a configuration; early releases named the machine here."""
        if attach_configuration is None or isinstance(attach_configuration, str):
            attach_configuration = RemoteCompute.attach_configuration()
        return ComputeTarget.attach(workspace, name, attach_configuration)


class DsvmCompute(RemoteCompute):
    """A machine for data science; here the server's."""

    @staticmethod
    def provisioning_configuration(vm_size: str = "", location: Optional[str] = None, **kwargs: Any) -> ComputeTargetProvisioningConfiguration:
        made = ComputeTargetProvisioningConfiguration(DsvmCompute, location)
        made.__dict__["vm_size"] = vm_size
        return made


class DataFactoryCompute(ComputeTarget):
    _compute_type = "DataFactory"

    @staticmethod
    def provisioning_configuration(location: Optional[str] = None) -> ComputeTargetProvisioningConfiguration:
        raise UnsupportedHere("Data Factory cannot be had here: upload data with Datastore.upload.")

    attach_configuration = provisioning_configuration


class DatabricksCompute(RemoteCompute):
    _compute_type = "Databricks"


class HDInsightCompute(RemoteCompute):
    _compute_type = "HDInsight"


class BatchCompute(RemoteCompute):
    _compute_type = "Batch"


class AdlaCompute(RemoteCompute):
    _compute_type = "DataLakeAnalytics"


class KubernetesCompute(RemoteCompute):
    _compute_type = "Kubernetes"


def _count(value: Any, argument: str) -> Optional[int]:
    """A number of nodes, which scripts also read from variables as text."""
    if value is None or value == "":
        return None
    try:
        return int(value)
    except (TypeError, ValueError):
        raise ComputeTargetException(
            "Invalid provisioning configuration, {} expected a number, {!r} found.".format(argument, value)
        ) from None


def _class_of(kind: str) -> Any:
    for known in (AmlCompute, ComputeInstance, AksCompute, RemoteCompute, KubernetesCompute):
        if known._compute_type.lower() == kind.lower():
            return known
    return ComputeTarget
