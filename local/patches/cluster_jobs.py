"""EMR Serverless: applications from templates, jobs that run, and `startJobRun.sync`, which waits for one.

In moto every job has succeeded when it starts, and Step Functions' integration passes `.sync` on to nobody.
A job is billed as its driver alone, by the wall clock.
"""

from __future__ import annotations

import threading
import time
import zipfile
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError
from moto.core.common_models import CloudFormationModel
from moto.core.exceptions import ServiceException as MotoError
from moto.emrserverless.models import (
    Application,
    EMRServerlessBackend,
    JobRun,
    emrserverless_backends,
)
from moto.logs.models import logs_backends
from moto.s3.models import s3_backends
from moto.stepfunctions.parser.api import HistoryEventType, TaskFailedEventDetails
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task import state_task_factory
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.resource import ResourceCondition
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_batch import (
    StateTaskServiceCallback,
)
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails
from moto.stepfunctions.parser.asl.utils.boto_client import boto_client_for
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str

from local.spark_jobs import SparkJob, Submission

SERVICE = "emr-serverless"
_OVER = ("SUCCESS", "FAILED", "CANCELLED")
_PARAMETERS = {
    "ApplicationId",
    "ClientToken",
    "ConfigurationOverrides",
    "ExecutionRoleArn",
    "ExecutionTimeoutMinutes",
    "JobDriver",
    "Name",
    "Tags",
}
_START = threading.Lock()
_RUNNING: dict[str, SparkJob] = {}
_LOG_GROUPS: dict[str, str] = {}
"""The log group of each application that has one."""


def apply(endpoint: str) -> None:
    """Let jobs run, and Step Functions wait for them."""
    start = EMRServerlessBackend.start_job_run
    cancel = EMRServerlessBackend.cancel_job_run
    make_task = state_task_factory.state_task_service_for

    def start_once(self: EMRServerlessBackend, application_id: str, client_token: str, **more: Any) -> JobRun:
        with _START:
            for known in self.job_runs.get(application_id, []):
                if known.client_token == client_token:
                    return known
            job = start(self, application_id=application_id, client_token=client_token, **more)
            job.state = "RUNNING"
            _RUNNING[job.id] = SparkJob(
                Submission.of(job.job_driver or {}), fetch=_reader(self), endpoint=endpoint
            )
        threading.Thread(target=_run, args=(self, job), daemon=True).start()
        return job

    def cancel_and_end(self: EMRServerlessBackend, application_id: str, job_run_id: str) -> tuple[str, str]:
        answer = cancel(self, application_id, job_run_id)
        if job_run_id in _RUNNING:
            _RUNNING[job_run_id].cancel()
        return answer

    EMRServerlessBackend.start_job_run = start_once
    EMRServerlessBackend.cancel_job_run = cancel_and_end
    state_task_factory.state_task_service_for = lambda service_name: (
        _Task() if service_name == SERVICE else make_task(service_name)
    )


def close() -> None:
    """End every job that still runs."""
    for job in list(_RUNNING.values()):
        job.cancel()


class ClusterApplication(CloudFormationModel):
    """`AWS::EMRServerless::Application`, which moto makes by API alone."""

    def __init__(self, application: Application) -> None:
        self.application = application

    @property
    def physical_resource_id(self) -> str:
        """What Ref gives."""
        return str(self.application.id)

    @staticmethod
    def cloudformation_name_type() -> str:
        """The property that names it."""
        return "Name"

    @staticmethod
    def cloudformation_type() -> str:
        """Its type in templates."""
        return "AWS::EMRServerless::Application"

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        """Tell what GetAtt knows."""
        return attr in ("Arn", "ApplicationId")

    def get_cfn_attribute(self, attribute_name: str) -> str:
        """Return what GetAtt gives."""
        return str(self.application.arn if attribute_name == "Arn" else self.application.id)

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **_: Any
    ) -> ClusterApplication:
        """Create the application where jobs are started."""
        properties = cloudformation_json["Properties"]
        most = {name.lower(): size for name, size in properties.get("MaximumCapacity", {}).items()}
        make: Any = Application  # what moto types as text are structures
        application = make(
            name=properties.get("Name", resource_name),
            release_label=properties["ReleaseLabel"],
            application_type=properties["Type"],
            client_token="",
            account_id=account_id,
            region_name=region_name,
            initial_capacity={},
            maximum_capacity=most or None,
            tags={tag["Key"]: tag["Value"] for tag in properties.get("Tags", [])},
            auto_start_configuration=None,
            auto_stop_configuration=None,
            network_configuration=None,
        )
        logging = properties.get("MonitoringConfiguration", {}).get("CloudWatchLoggingConfiguration", {})
        if logging.get("LogGroupName"):
            _LOG_GROUPS[application.id] = logging["LogGroupName"]
        emrserverless_backends[account_id][region_name].applications[application.id] = application
        return cls(application)

    @classmethod
    def update_from_cloudformation_json(
        cls, original_resource: ClusterApplication, *_: Any, **__: Any
    ) -> ClusterApplication:
        """Keep the application: nothing here goes by its settings."""
        return original_resource

    @classmethod
    def delete_from_cloudformation_json(
        cls, resource_name: str, _: Any, account_id: str, region_name: str
    ) -> None:
        """Take it away."""
        emrserverless_backends[account_id][region_name].applications.pop(resource_name, None)


class _Task(StateTaskServiceCallback):
    """`emr-serverless:startJobRun`, and its `.sync`."""

    def __init__(self) -> None:
        super().__init__({ResourceCondition.WaitForTaskToken, ResourceCondition.Sync})
        self._job: JobRun | None = None

    def _get_supported_parameters(self) -> set[str] | None:
        return _PARAMETERS if self.resource.api_action == "startJobRun" else None

    def _eval_execution(self, env: Environment) -> None:
        try:
            super()._eval_execution(env)
        finally:
            job, self._job = self._job, None
            if job is not None and job.state not in _OVER:
                job.state = "CANCELLED"
                _RUNNING[job.id].cancel()

    def _eval_service_task(self, env: Environment, **parts: Any) -> None:
        part = parts["resource_runtime_part"]
        client: Any = boto_client_for(region=part.region, service=SERVICE)
        answer = client.start_job_run(**parts["normalised_parameters"])
        answer.pop("ResponseMetadata", None)
        if self.resource.condition == ResourceCondition.Sync:
            backend = emrserverless_backends[part.account][part.region]
            self._job = backend.get_job_run(answer["applicationId"], answer["jobRunId"])
        env.stack.append(answer)

    def _build_sync_resolver(self, env: Environment, **_: Any) -> Callable[[], Any]:
        env.stack.pop()
        job = self._job
        assert job is not None
        return lambda: self._outcome(env, job) if job.state in _OVER else None

    def _outcome(self, env: Environment, job: JobRun) -> dict[str, Any]:
        told = {
            "ApplicationId": job.application_id,
            "JobRunId": job.id,
            "Name": job.name,
            "State": job.state,
            "StateDetails": job.state_details or "",
        }
        if job.state == "SUCCESS":
            return told
        failed = StatesErrorName(typ=StatesErrorNameType.StatesTaskFailed)
        raise FailureEventException(self._failure(env, failed, to_json_str(told)))

    def _from_error(self, env: Environment, ex: Exception) -> FailureEvent:
        if isinstance(ex, ClientError):
            error = ex.response["Error"]
            return self._failure(env, CustomErrorName(f"EMRServerless.{error['Code']}"), error["Message"])
        return super()._from_error(env, ex)

    def _failure(self, env: Environment, error: Any, cause: str) -> FailureEvent:
        details = TaskFailedEventDetails(
            resource=self._get_sfn_resource(),
            resourceType=self._get_sfn_resource_type(),
            error=error.error_name,
            cause=cause,
        )
        return FailureEvent(
            env=env,
            error_name=error,
            event_type=HistoryEventType.TaskFailed,
            event_details=EventDetails(taskFailedEventDetails=details),
        )


def _run(backend: EMRServerlessBackend, job: JobRun) -> None:
    started = time.monotonic()
    try:
        ended = _RUNNING[job.id].run(60.0 * job.execution_timeout_minutes)
        said, reason, success = ended.log, ended.reason, ended.code == 0
    except (OSError, ValueError, MotoError, zipfile.BadZipFile) as error:
        # A job that cannot even be submitted fails like any other.
        said = reason = f"{type(error).__name__}: {error}"
        success = False
    hours = (time.monotonic() - started) / 3600
    sizes = Submission.of(job.job_driver or {}).driver_size()
    names = ("vCPUHour", "memoryGBHour", "storageGBHour")
    job.billed_resource_utilization = {name: size * hours for name, size in zip(names, sizes, strict=True)}
    _log(backend, job, said)
    if job.state not in _OVER:
        job.state_details = "" if success else reason
        job.state = "SUCCESS" if success else "FAILED"


def _log(backend: EMRServerlessBackend, job: JobRun, said: str) -> None:
    group = _LOG_GROUPS.get(job.application_id)
    if not group:
        return
    logs = logs_backends[backend.account_id][backend.region_name]
    logs.ensure_log_group(group)
    stream = f"applications/{job.application_id}/jobs/{job.id}/SPARK_DRIVER/stderr"
    logs.create_log_stream(group, stream)
    now = int(time.time() * 1000)
    logs.put_log_events(group, stream, [{"timestamp": now, "message": line} for line in said.splitlines()])


def _reader(backend: EMRServerlessBackend) -> Callable[[str], bytes]:
    def read(uri: str) -> bytes:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        content: bytes = s3_backends[backend.account_id][backend.partition].get_object(bucket, key).value
        return content

    return read
