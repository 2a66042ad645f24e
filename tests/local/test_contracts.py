"""Each patch stands on parts of moto 5.2.5: when one changes, the patch may be in the way, or needless.

After a failure: read what moto does now, see whether the patch is still needed, then note the new digest.
"""

from __future__ import annotations

import hashlib
import importlib
import inspect
import pkgutil

import pytest

from local import patches

# Prefixes of the names below, the longest first.
TASKS = "moto.stepfunctions.parser.asl.component.state.exec.state_task.service."
PREFIXES = {
    "aws_sdk": f"{TASKS}state_task_service_aws_sdk",
    "callback": f"{TASKS}state_task_service_callback",
    "tasks.": TASKS,
    "asl.": "moto.stepfunctions.parser.asl.component.",
    "parser.": "moto.stepfunctions.parser.",
}

# patch -> what it replaces or relies on, with the digest of its source
RELIED_UPON = {
    "aws_sdk_integrations": {
        "tasks.state_task_service:StateTaskService._normalise_parameters": "dece59e76fd5",
        "tasks.state_task_service:StateTaskService._normalise_response": "00e0b0a50b1d",
        "tasks.state_task_service:StateTaskService._to_sfn_cased": "dc71e67ffd33",
        "aws_sdk:StateTaskServiceAwsSdk._validate_service_integration_is_supported": "a9384771c1ce",
        "aws_sdk:StateTaskServiceAwsSdk._from_error": "43def989ab25",
        "parser.asl.utils.boto_client:boto_client_for": "1f44dc2ac8aa",
    },
    "bucket_properties": {
        "moto.s3.models:FakeBucket.create_from_cloudformation_json": "7e5138dc6239",
        "moto.s3.models:FakeBucket.update_from_cloudformation_json": "9bfc7b334895",
        "moto.s3.models:FakeBucket.set_notification_configuration": "8c08be7129e0",
    },
    "child_executions": {
        "tasks.state_task_service_sfn:StateTaskServiceSfn._build_sync_resolver": "0a833c2f9a9c",
        "tasks.state_task_service_sfn:StateTaskServiceSfn._eval_service_task": "dc94f9e92201",
        "tasks.state_task_service:StateTaskService._eval_execution": "81a8da94bfdb",
        "tasks.state_task_service_sfn:StateTaskServiceSfn._build_sync2_resolver": "fbbf50b684b9",
        "callback:StateTaskServiceCallback._eval_sync": "b8f76de4d514",
    },
    "cluster_jobs": {
        "moto.emrserverless.models:EMRServerlessBackend.start_job_run": "77a21b1a16d2",
        "moto.emrserverless.models:EMRServerlessBackend.cancel_job_run": "48f3ee0bc4c6",
        "moto.emrserverless.models:Application.__init__": "1c09fd2a1de5",
        "moto.emrserverless.models:JobRun.__init__": "c00aed1756ca",
        "tasks.state_task_service_factory:state_task_service_for": "a21a16afc5f6",
        "callback:StateTaskServiceCallback._eval_integration_pattern": "3b97ada1d4cb",
        "tasks.state_task_service:StateTaskService._eval_execution": "81a8da94bfdb",
    },
    "error_matching": {
        "asl.common.error_name.error_equals_decl:ErrorEqualsDecl._eval_body": "aeda14a0cc01",
        "asl.state.exec.state_parallel.branches_decl:BranchesDecl._eval_body": "eec2efa5fe00",
        "asl.state.exec.state_map.iteration.iteration_worker:IterationWorker._eval_job": "5f736d9451fe",
        "asl.common.error_name.custom_error_name:CustomErrorName": "40a96f8ab369",
    },
    "event_targets": {
        "moto.events.models:Rule.send_to_targets": "472e002e2dab",
        "moto.events.models:EventPattern.matches_event": "3e71eb7ff590",
    },
    "executions": {
        "parser.models:StepFunctionsParserBackend.start_execution": "0f8d9dd57baf",
        "moto.stepfunctions.models:StateMachine._handle_name_input_idempotency": "9a117fdd6df2",
        "parser.backend.execution:Execution.start": "07e927c2d5f9",
        "parser.backend.execution:Execution.stop": "16663c65db9a",
        "parser.backend.execution:BaseExecutionWorkerCommunication.terminated": "360372a6a57b",
    },
    "function_execution": {
        "moto.awslambda.models:LambdaFunction._invoke_lambda": "23ce7a8f956e",
        "moto.awslambda.models:LambdaFunction.invoke": "dadc324f30ae",
        "moto.awslambda.models:LambdaFunction.save_logs": "7045107320d5",
    },
    "function_logs": {
        "moto.awslambda.models:LambdaFunction.create_from_cloudformation_json": "65dfaf5c180c",
        "moto.awslambda.models:LambdaFunction.update_from_cloudformation_json": "6734c0f3d66e",
        "moto.awslambda.models:LambdaFunction.save_logs": "7045107320d5",
    },
    "function_versions": {
        "moto.awslambda.models:LambdaVersion.create_from_cloudformation_json": "2d8cc47a37ad",
        "moto.awslambda.models:LambdaStorage.publish_version": "b62a3d20bd8f",
    },
    "jsonata_expressions": {
        "asl.common.string.string_expression:StringJSONata._eval_body": "277b6f413214",
        "parser.asl.jsonata.jsonata:eval_jsonata_expression": "696d324549c4",
        "parser.asl.eval.variable_store:VariableStore.get": "a3b4365db1ba",
    },
    "parsed_definitions": {
        "parser.asl.parse.asl_parser:AmazonStateLanguageParser.parse": "a59a7d18760f",
    },
    "queue_triggers": {
        "moto.awslambda.models:LambdaBackend.create_event_source_mapping": "19f8125cabf7",
        "moto.sqs.models:Queue.add_message": "f27c9231c1f2",
        "moto.sqs.models:SQSBackend.receive_message": "065f3e5e7d21",
        "moto.sqs.models:Message.change_visibility": "fcde8986de13",
    },
    "quiet_failures": {
        "asl.eval_component:EvalComponent._log_failure_event_exception": "7d7aa73b14ee",
        "asl.eval_component:EvalComponent._log_exception": "2125c07bc2ee",
    },
    "refused_deletions": {
        "moto.cloudformation.models:CloudFormationBackend.delete_stack": "d0113177c342",
        "moto.s3.models:FakeBucket.delete_from_cloudformation_json": "2ed1592b3024",
        "moto.s3.models:S3Backend.delete_bucket": "5507210f9b04",
        "moto.kms.models:Key.delete": "6d326a4c157b",
        "moto.kms.models:KmsBackend.schedule_key_deletion": "1b7e09ff9b72",
    },
    "resource_updates": {
        "moto.events.models:Rule.create_from_cloudformation_json": "cd5ae4318b75",
        "moto.sns.models:Topic.update_from_cloudformation_json": "230eb90b407a",
        "moto.logs.models:LogGroup.create_from_cloudformation_json": "982ddba0eb27",
        "moto.logs.models:LogGroup.update_from_cloudformation_json": "6f03508d3969",
        "moto.dynamodb.models.table:Table.create_from_cloudformation_json": "2ade84941382",
        "moto.dynamodb.models:DynamoDBBackend.update_table_global_indexes": "e93880c7dfef",
        "moto.dynamodb.models:DynamoDBBackend.update_continuous_backups": "7409e6eb4121",
        "moto.kms.models:Key.create_from_cloudformation_json": "e3409ffb6d92",
    },
    "s3_events": {
        "moto.s3.notifications:_send_event_bridge_message": "971cee49c687",
        "moto.s3.notifications:_detail_type": "1514e8cdadf7",
    },
    "simulated_state_times": {
        "asl.state.state:CommonStateField._eval_body": "035f80caae12",
        "parser.backend.execution:Execution.get_start_execution_details": "d2b1067cddcc",
    },
    "simulated_waits": {
        "asl.state.wait.wait_function.wait_function:WaitFunction": "8a50f2fa081e",
        "asl.common.retry.retrier_decl:RetrierDecl._eval_body": "48463fff19ce",
        "asl.state.wait.wait_function.timestamp:Timestamp._get_wait_seconds": "611d040940ad",
    },
    "service_quotas": {
        "moto.servicequotas.models:ServiceQuotasBackend.get_service_quota": "afb7feae40d3",
    },
    "stack_failures": {
        "moto.cloudformation.parsing:parse_and_create_resource": "ea3c10d68d2c",
        "moto.cloudformation.parsing:parse_and_update_resource": "2ef032cfb9ed",
        "moto.cloudformation.models:CloudFormationBackend.create_stack": "dcb835c34772",
    },
    "stack_updates": {
        "moto.cloudformation.parsing:ResourceMap.update": "e34b0c357f3c",
        "moto.cloudformation.parsing:ResourceMap.delete": "4faca03385e5",
        "moto.cloudformation.parsing:ResourceMap.__getitem__": "bfa3c026d08d",
        "moto.cloudformation.models:CloudFormationBackend._resolve_update_parameters": "02438a8e3700",
        "moto.cloudformation.models:CloudFormationBackend.update_stack": "83a62d954ef0",
    },
    "state_faults": {
        "tasks.state_task_service:StateTaskService._eval_execution": "81a8da94bfdb",
        "asl.state.exec.state_task.state_task_lambda:StateTaskLambda._eval_execution": "ead6d23ce0b1",
        "asl.state.exec.execute_state:ExecutionState._evaluate_with_timeout": "c56deda08a42",
        "asl.state.exec.execute_state:ExecutionState._eval_state": "88a5f8e4c72b",
    },
    "state_machine_resources": {
        "moto.stepfunctions.models:StateMachine.create_from_cloudformation_json": "97e9fc1f9bd3",
        "moto.stepfunctions.models:StateMachine.update_from_cloudformation_json": "cb61711c12bd",
        "moto.stepfunctions.models:StateMachine.delete_from_cloudformation_json": "9db171388dd2",
        "moto.stepfunctions.models:StateMachine.get_cfn_attribute": "de60b705bd0a",
    },
    "stopped_executions": {
        "parser.asl.eval.environment:Environment.set_error": "6447409d4056",
        "parser.asl.eval.environment:Environment.set_stop": "163c10d46b1c",
        "asl.program.program:Program.eval": "6d701880064a",
        "asl.state.exec.state_parallel.branch_worker:BranchWorker._thread_routine": "1adf7318ab3c",
    },
    "unmatched_choices": {
        "asl.state.choice.state_choice:StateChoice._eval_state": "47c01743c893",
    },
    "whole_items": {"moto.dynamodb.responses:DynamoHandler.call_action": "ce5f57cf83cd"},
}
WITHOUT_SOURCE = {"accepted_resources"}  # see its own test below

REPLACED = [(patch, name, digest) for patch, parts in RELIED_UPON.items() for name, digest in parts.items()]


@pytest.mark.parametrize(
    ("patch", "name", "digest"), REPLACED, ids=[f"{one[0]}-{one[1].split(':')[1]}" for one in REPLACED]
)
def test_moto_is_what_the_patch_was_written_for(patch: str, name: str, digest: str) -> None:
    module, _, path = name.partition(":")
    for short, prefix in PREFIXES.items():
        if module.startswith(short):
            module = prefix + module.removeprefix(short)
            break
    part = importlib.import_module(module)
    for attribute in path.split("."):
        part = inspect.getattr_static(part, attribute)
    source = inspect.getsource(getattr(part, "__func__", part))
    assert hashlib.sha256(source.encode()).hexdigest()[:12] == digest


def test_every_patch_says_what_it_relies_upon() -> None:
    names = {module.name for module in pkgutil.iter_modules(patches.__path__)}
    assert names == set(RELIED_UPON) | WITHOUT_SOURCE


def test_moto_still_knows_none_of_the_accepted_resources() -> None:
    from moto.cloudformation.parsing import get_model_map

    from local.patches.accepted_resources import ACCEPTED

    assert not set(ACCEPTED) & set(get_model_map())
