"""Resources that nothing here acts on: accepted with a name and an ARN, so that templates can refer to them.

Policies on buckets, queues and topics are not enforced, and alarms, schedules and budgets never fire.
"""

from __future__ import annotations

from typing import Any

from moto.cloudformation import parsing
from moto.core.common_models import CloudFormationModel

# Each with the service and the prefix of its ARN.
ACCEPTED = {
    "AWS::Bedrock::ModelInvocationLoggingConfiguration": ("bedrock", ""),
    "AWS::Budgets::Budget": ("budgets", "budget/"),
    "AWS::CDK::Metadata": ("cdk", ""),
    "AWS::CloudWatch::Alarm": ("cloudwatch", "alarm:"),
    "AWS::CloudWatch::CompositeAlarm": ("cloudwatch", "alarm:"),
    "AWS::Lambda::EventInvokeConfig": ("lambda", "event-invoke-config:"),
    "AWS::Logs::MetricFilter": ("logs", "metric-filter:"),
    "AWS::Logs::QueryDefinition": ("logs", "query-definition:"),
    "AWS::S3::BucketPolicy": ("s3", ""),
    "AWS::SNS::TopicPolicy": ("sns", ""),
    "AWS::SQS::QueuePolicy": ("sqs", ""),
    "AWS::Scheduler::Schedule": ("scheduler", "schedule/default/"),
    "AWS::Scheduler::ScheduleGroup": ("scheduler", "schedule-group/"),
}

# Python forgets a class that nobody refers to, and moto finds these by asking Python.
_MODELS: list[type[CloudFormationModel]] = []


def apply() -> None:
    """Register a model for each accepted type that moto does not know."""
    known = {model.cloudformation_type() for model in CloudFormationModel.__subclasses__()}
    for type_name, (service, prefix) in ACCEPTED.items():
        if type_name not in known:
            _MODELS.append(_model(type_name, service, prefix))
    for cached in (parsing.get_model_list, parsing.get_model_map, parsing.get_name_type_map):
        cached.cache_clear()


def _model(type_name: str, service: str, prefix: str) -> type[CloudFormationModel]:
    class Accepted(CloudFormationModel):
        def __init__(self, name: str, account_id: str, region_name: str) -> None:
            self.name = name
            self.arn = f"arn:aws:{service}:{region_name}:{account_id}:{prefix}{name}"

        @property
        def physical_resource_id(self) -> str:
            return self.name

        @staticmethod
        def cloudformation_name_type() -> str:
            return "AlarmName" if service == "cloudwatch" else "Name"

        @staticmethod
        def cloudformation_type() -> str:
            return type_name

        @classmethod
        def has_cfn_attr(cls, attr: str) -> bool:
            return attr == "Arn"

        def get_cfn_attribute(self, attribute_name: str) -> str:
            return self.arn

        @classmethod
        def create_from_cloudformation_json(
            cls, resource_name: str, _: Any, account_id: str, region_name: str, **__: Any
        ) -> Accepted:
            return cls(resource_name, account_id, region_name)

        @classmethod
        def update_from_cloudformation_json(cls, original_resource: Accepted, *_: Any, **__: Any) -> Accepted:
            return original_resource

        @classmethod
        def delete_from_cloudformation_json(cls, *_: Any, **__: Any) -> None:
            return None

    return Accepted
