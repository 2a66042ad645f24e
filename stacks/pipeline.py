"""Which functions and state machines are there, what starts them, and what may each of them touch?"""

from __future__ import annotations

from dataclasses import fields
from typing import Any, Final

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from stacks import grants
from stacks.components.function import Function, package, pascal_case
from stacks.components.spark import SparkCluster, limits_of
from stacks.components.workflow import Workflow
from stacks.environment import Environment
from stacks.storage import StorageStack
from tunesmith import names
from tunesmith.settings import NO_CLUSTER, function_settings

CLUSTER: Final = "cluster"
"""The machine that is deployed where the environment has a cluster, and nowhere else."""
MACHINES: Final = (
    "swap", "open", "release", "job", "judge", "train", "evaluate", "serve", CLUSTER, "pipeline", "reap",
)  # fmt: skip
"""The state machines, each behind those that it starts."""

CHILDREN: Final = {
    "judge": ("open",),
    "train": ("job", "judge"),
    "evaluate": ("open",),
    "release": ("swap",),
    "serve": ("swap",),
    "pipeline": (CLUSTER, "train", "evaluate", "serve", "release"),
    "reap": ("release",),
}
CALLS: Final = {
    "pipeline": (
        "prepare_dataset",
        "check_preflight",
        "estimate_cost",
        "ask_approval",
        "decide_promotion",
    ),
    "open": ("plan_capacity",),
    "job": ("plan_job", "watch_job", "conclude_job"),
    "judge": ("answer_validation",),
    "train": ("plan_round",),
    "evaluate": ("plan_evaluation", "choose_examples", "answer_shard", "rate_shard", "score_answers"),
    "serve": ("plan_serving", "smoke_test", "record_champion", "restore_champion"),
    "release": ("plan_release", "write_report"),
    "reap": ("find_overdue",),
}
TOLD_OF_PIPELINE: Final = ("admit_upload", "find_overdue")
"""The functions that know the pipeline's ARN; they are made behind it."""
EVALUATION: Final = CALLS["evaluate"]
"""The functions that open the blind test; they share the role that its bucket policy names."""
TRAINING: Final = (*CALLS["train"], *CALLS["job"], *CALLS["judge"])
"""The functions that decide on training; each is denied every blind test, by name."""

GRADER: Final = "grade_answers"
"""The function that Bedrock calls while it trains by reinforcement; no machine does."""

LARGE: Final = (
    "prepare_dataset", "conclude_job", "answer_validation", *EVALUATION, "decide_promotion", "smoke_test",
    "write_report",
)  # fmt: skip
"""The functions that work on records: they get 2 GiB and 15 minutes, the others 512 MiB and 5 minutes."""

SPOOLS: Final = {"prepare_dataset": 2048}
"""MiB of disk, where the 512 that each function has may not do: texts wait there to be compared."""

_NUMERIC: Final = ("requirements.txt", "requirements-statistics.txt")
PACKAGES: Final = {
    "prepare_dataset": (*_NUMERIC, "requirements-dataset.txt"),
    "decide_promotion": _NUMERIC,
    "plan_round": _NUMERIC,
    "choose_examples": _NUMERIC,
    "answer_shard": _NUMERIC,
    "score_answers": _NUMERIC,
}
"""What the functions with more than requirements.txt hold: numpy for near-duplicates, the bootstrap and the
search for examples."""

WRITES: Final = {
    "admit_upload": ("runs/*/job.json", "rejections/*"),
    "prepare_dataset": ("runs/*/data/*", "blind/*", "projects/*/assignment.json"),
    "estimate_cost": ("runs/*/estimate.json", "runs/*/question.json", "runs/*/plan.json", "runs/*/plan.html"),
    "plan_round": ("runs/*/training/plan.json",),
    "plan_job": ("runs/*/training/shares/*",),
    "watch_job": ("runs/*/training/watch/*",),
    "conclude_job": ("runs/*/training/jobs/*",),
    "answer_validation": ("runs/*/training/answers/*", "runs/*/training/judged/*"),
    "decide_promotion": ("runs/*/evaluation/verdict.json", "runs/*/evaluation/advice.json"),
    "write_report": (
        "runs/*/report.json",
        "runs/*/report.html",
        "runs/*/model_card.json",
        "runs/*/model_card.html",
    ),
}
"""What each function writes into the artifacts bucket; they all read below `runs/`."""

PRICES: Final = "settings/prices.yaml"


class PipelineStack(cdk.Stack):
    """From an upload to a champion."""

    def __init__(self, scope: Construct, *, environment: Environment, storage: StorageStack) -> None:
        super().__init__(
            scope,
            f"{environment.prefix}-pipeline",
            env=environment.target,
            termination_protection=environment.retain_data,
            description="Tunesmith: functions, state machines and what starts them",
        )
        if not environment.bundle_packages:
            self.node.set_context("aws:cdk:bundling-stacks", [])
        self.add_stack_dependency(storage)
        self._environment, self._storage = environment, storage

        self.training_role = self._training_role()
        self.evaluation_role = iam.Role(
            self,
            "EvaluationRole",
            role_name=environment.evaluation_role_name,
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
        )
        self.dead_letters = self._queue("DeadLetters", retention_period=cdk.Duration.days(14))

        self._code = package("requirements.txt")
        self._codes = {name: package(*lists) for name, lists in PACKAGES.items()}
        self.functions: dict[str, Function] = {}
        self.workflows: dict[str, Workflow] = {}
        for name in function_settings():
            if name not in TOLD_OF_PIPELINE:
                self._add_function(name)
        has_cluster = environment.cluster.enabled
        self.cluster = self._cluster() if has_cluster else None
        for name in MACHINES:
            if name == CLUSTER and not has_cluster:
                continue
            self._add_workflow(name)
            if name == "pipeline":
                for told in TOLD_OF_PIPELINE:
                    self._add_function(told)

        self._admit_uploads()
        self._release_after_failures()
        self._tell_the_command()
        self._grant_records()
        if self.cluster:
            self._grant_cluster(self.cluster)
        self._grant_marks()
        self._grant_calls()
        self._grant_bedrock()

    # --- parts

    def _add_function(self, name: str) -> None:
        large, evaluates = name in LARGE, name in EVALUATION
        self.functions[name] = Function(
            self,
            name=name,
            environment=self._environment,
            code=self._codes.get(name, self._code),
            log_key=self._storage.data_key,
            variables=self._variables(name),
            memory_mb=2048 if large else 512,
            timeout=cdk.Duration.minutes(15 if large else 5),
            storage_mb=SPOOLS.get(name),
            role=self.evaluation_role if evaluates else None,
        )

    def _variables(self, name: str) -> dict[str, str]:
        pipeline = self.workflows.get("pipeline")
        cluster = self._environment.cluster
        known = {
            "environment": self._environment.name,
            "account": self.account,
            "cluster": limits_of(cluster).spelled() if cluster.enabled else NO_CLUSTER,
            "ledger_table": self._storage.ledger.table_name,
            "artifacts_bucket": self._storage.artifacts_bucket.bucket_name,
            "dataset_bucket": self._storage.dataset_bucket.bucket_name,
            "topic_arn": self._storage.topic.topic_arn,
            "pipeline_arn": pipeline.arn if pipeline else "",
            "training_role_arn": self.training_role.role_arn,
            "model_key_arn": self._storage.model_key.key_arn,
            # A version, so that a job in progress is graded to its end as it was begun.
            "grader_arn": self.functions[GRADER].version_arn if GRADER in self.functions else "",
        }
        settings = function_settings()[name]
        return settings(**{field.name: known[field.name] for field in fields(settings)}).to_environment()

    def _add_workflow(self, name: str) -> None:
        known = {
            f"{pascal_case(function)}Arn": self.functions[function].version_arn
            for function in CALLS.get(name, ())
        }
        # A cluster that is not deployed is never started: prepare_dataset does not know of it.
        known["ClusterMachineArn"] = NO_CLUSTER
        known |= {
            f"{child.capitalize()}MachineArn": self.workflows[child].arn for child in self._children(name)
        }
        known |= {
            "LedgerTableName": self._storage.ledger.table_name,
            "TopicArn": self._storage.topic.topic_arn,
        }
        known |= self.cluster.substitutions if self.cluster else {}
        self.workflows[name] = Workflow(
            self,
            name=name,
            environment=self._environment,
            log_key=self._storage.data_key,
            substitutions=known,
        )

    def _children(self, name: str) -> list[str]:
        """List the deployed machines that a machine starts."""
        return [child for child in CHILDREN.get(name, ()) if child in self.workflows]

    def _cluster(self) -> SparkCluster:
        variables = {**self._variables("prepare_dataset"), "TUNESMITH_CLUSTER": NO_CLUSTER}
        return SparkCluster(
            self, environment=self._environment, log_key=self._storage.data_key, variables=variables
        )

    def _training_role(self) -> iam.Role:
        jobs = self.format_arn(service="bedrock", resource="model-customization-job", resource_name="*")
        return iam.Role(
            self,
            "TrainingRole",
            description="What Bedrock may do while it trains a model for Tunesmith",
            assumed_by=iam.ServicePrincipal(
                "bedrock.amazonaws.com",
                conditions={
                    "StringEquals": {"aws:SourceAccount": self.account},
                    "ArnEquals": {"aws:SourceArn": jobs},
                },
            ),
        )

    def _queue(self, construct_id: str, **options: Any) -> sqs.Queue:
        # Encrypted by SQS itself: EventBridge then needs no grant on a key of ours.
        return sqs.Queue(
            self, construct_id, encryption=sqs.QueueEncryption.SQS_MANAGED, enforce_ssl=True, **options
        )

    def _admit_uploads(self) -> None:
        """Lead uploads through a queue: called by EventBridge itself, a function that crashes loses them."""
        admit = self.functions["admit_upload"].function
        self.uploads = self._queue(
            "Uploads",
            visibility_timeout=cdk.Duration.minutes(30),  # six times the function's timeout, as Lambda asks
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead_letters, max_receive_count=5),
        )
        events.Rule(
            self,
            "UploadRule",
            description="Uploads below datasets/ are looked at by admit_upload",
            event_pattern=events.EventPattern(
                source=["aws.s3"],
                detail_type=["Object Created"],
                detail={
                    "bucket": {"name": [self._storage.dataset_bucket.bucket_name]},
                    "object": {"key": [{"prefix": "datasets/"}]},
                },
            ),
            targets=[targets.SqsQueue(self.uploads, dead_letter_queue=self.dead_letters)],
        )
        admit.add_event_source(sources.SqsEventSource(self.uploads, report_batch_item_failures=True))

    def _release_after_failures(self) -> None:
        """Start a release when a pipeline execution was stopped, ran too long or failed, even in its own."""
        events.Rule(
            self,
            "ReleaseRule",
            description="A pipeline execution that was stopped or failed gives back what it opened",
            event_pattern=events.EventPattern(
                source=["aws.states"],
                detail_type=["Step Functions Execution Status Change"],
                detail={
                    "stateMachineArn": [self.workflows["pipeline"].arn],
                    "status": ["ABORTED", "FAILED", "TIMED_OUT"],
                },
            ),
            targets=[
                targets.SfnStateMachine(
                    self.workflows["release"].machine,
                    input=events.RuleTargetInput.from_object(
                        {"run": events.EventField.from_path("$.detail.name")}
                    ),
                    dead_letter_queue=self.dead_letters,
                )
            ],
        )

    def _tell_the_command(self) -> None:
        """Write down what is deployed where the `tunesmith` command looks."""
        deployment = {
            "environment": self._environment.name,
            "region": self.region,
            "account": self.account,
            "dataset_bucket": self._storage.dataset_bucket.bucket_name,
            "artifacts_bucket": self._storage.artifacts_bucket.bucket_name,
            "ledger_table": self._storage.ledger.table_name,
            "pipeline_arn": self.workflows["pipeline"].arn,
            "release_arn": self.workflows["release"].arn,
            "serve_arn": self.workflows["serve"].arn,
            "reap_arn": self.workflows["reap"].arn,
            "topic_arn": self._storage.topic.topic_arn,
        }
        ssm.StringParameter(
            self,
            "Deployment",
            parameter_name=names.deployment_parameter(self._environment.name),
            description="What is deployed, for the tunesmith command",
            string_value=self.to_json_string(deployment),
        )

    # --- who may touch what

    def _grant_records(self) -> None:
        """Uploads, records, ledger, messages."""
        storage, ledger = self._storage, self._storage.ledger
        apart = (*EVALUATION, GRADER)
        roles = {name: function.role for name, function in self.functions.items() if name not in apart}
        for role in [*roles.values(), self.evaluation_role]:
            grants.use_ledger(role, ledger)
            grants.use_key(role, storage.data_key)
        for name, role in roles.items():
            grants.read_objects(role, storage.artifacts_arn, "runs/*")
            if name in WRITES:
                grants.write_objects(role, storage.artifacts_arn, *WRITES[name])
        for name in TRAINING:
            grants.deny_blind_tests(roles[name], storage.artifacts_arn)
        for name in ("admit_upload", "prepare_dataset"):
            grants.read_objects(roles[name], storage.dataset_arn, "datasets/*")
        grants.read_objects(roles["prepare_dataset"], storage.artifacts_arn, "projects/*/assignment.json")
        for role in (
            *(roles[name] for name in ("estimate_cost", "plan_capacity", "answer_validation")),
            self.evaluation_role,
        ):
            grants.read_objects(role, storage.dataset_arn, PRICES)

        grants.read_objects(self.evaluation_role, storage.artifacts_arn, "runs/*", "blind/*")
        grants.write_objects(
            self.evaluation_role, storage.artifacts_arn, "runs/*/answers/*", "runs/*/evaluation/*"
        )
        grants.read_objects(roles["admit_upload"], storage.artifacts_arn, "rejections/*")
        for name in ("admit_upload", "ask_approval"):
            grants.publish(roles[name], storage.topic)
        for name in ("plan_release", "find_overdue"):
            grants.list_open_capacity(roles[name], ledger)
        for name in ("restore_champion", "plan_release"):
            grants.delete_ledger_records(roles[name], ledger)

    def _grant_cluster(self, cluster: SparkCluster) -> None:
        """What prepare_dataset may do with records, and no more; and its machine may run it."""
        storage, role = self._storage, cluster.role
        grants.use_ledger(role, storage.ledger)
        grants.use_key(role, storage.data_key)
        grants.read_objects(role, storage.artifacts_arn, "runs/*", "projects/*/assignment.json")
        grants.write_objects(role, storage.artifacts_arn, *WRITES["prepare_dataset"])
        grants.read_objects(role, storage.dataset_arn, "datasets/*")
        grants.read_objects(self.functions["prepare_dataset"].role, storage.dataset_arn, PRICES)
        grants.run_cluster_jobs(self.workflows[CLUSTER].role, cluster.application.attr_arn, role)

    def _grant_marks(self) -> None:
        """What states write down and tell by themselves."""
        storage, ledger = self._storage, self._storage.ledger
        release = self.workflows["release"].role
        for role in (release, self.workflows["job"].role):
            grants.publish(role, storage.topic)
        for role in (release, *(self.workflows[name].role for name in ("open", "judge", "train"))):
            grants.mark_ledger_records(role, ledger)
            grants.use_key(role, storage.data_key)
        stable_names = names.champion_parameter(self._environment.name, "*")
        for role in (self.workflows["serve"].role, release):
            grants.set_parameters(role, stable_names)

    def _grant_calls(self) -> None:
        """Functions and machines that machines call."""
        for name, workflow in self.workflows.items():
            if name in CALLS:
                grants.call_functions(
                    workflow.role, [self.functions[called].function for called in CALLS[name]]
                )
            if name in CHILDREN:
                children = [self.workflows[child] for child in self._children(name)]
                grants.run_children(workflow.role, {child.full_name: child.machine for child in children})
        grants.start_machine(self.functions["admit_upload"].role, self.workflows["pipeline"].machine)
        grants.watch_executions(self.functions["find_overdue"].role, self.workflows["pipeline"].full_name)

    def _grant_bedrock(self) -> None:
        """Models, jobs, deployments; and what Bedrock itself may do on our behalf."""
        storage, environment = self._storage, self._environment.name
        job, judge, train, opens, swap, release = (
            self.workflows[name].role for name in ("job", "judge", "train", "open", "swap", "release")
        )
        grants.create_jobs(job, self.training_role, storage.model_key)
        for role in (job, release):
            grants.watch_jobs(role)
            grants.stop_jobs(role, environment)
        grants.open_capacity(opens, storage.model_key)
        grants.swap_models(swap, storage.model_key, environment)
        grants.delete_capacity(release, environment)
        grants.delete_deployments(judge, environment)
        grants.delete_models(train, environment)

        grants.count_tokens(self.functions["prepare_dataset"].role)
        grants.ask_for_models(self.functions["check_preflight"].role)
        grants.watch_jobs(self.functions["conclude_job"].role)
        grants.watch_jobs(self.functions["watch_job"].role)
        grants.watch_jobs(self.functions["plan_release"].role)
        grants.watch_models(self.functions["plan_release"].role)
        grants.list_capacity(self.functions["find_overdue"].role)
        grants.ask_candidates(self.evaluation_role, storage.model_key)
        grants.ask_base_models(self.evaluation_role)
        for name in ("smoke_test", "answer_validation"):
            grants.ask_candidates(self.functions[name].role, storage.model_key)

        grants.train_on_records(self.training_role, storage.artifacts_arn)
        grants.use_key(self.training_role, storage.data_key)
        # A distillation's teacher is asked by the training role.
        grants.ask_base_models(self.training_role)
        # A reinforcement's grader too, once preflight has tried it.
        for role in (self.training_role, self.functions["check_preflight"].role):
            grants.call_functions(role, [self.functions[GRADER].function])
            grants.ask_functions(role, self._environment.graders)
        # A user's own metric is tried on training records, and is sent blind ones by the evaluation alone.
        for role in (self.evaluation_role, self.functions["check_preflight"].role):
            grants.ask_functions(role, self._environment.metrics)
