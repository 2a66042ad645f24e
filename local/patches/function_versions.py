"""`Ref` of a function version is its ARN, which pins a state machine to it; in moto it is the logical id."""

from __future__ import annotations

from typing import Any

from moto.awslambda.models import LambdaVersion
from moto.awslambda.utils import get_backend


def apply() -> None:
    """Publish the version, and remember its ARN."""

    def create(
        cls: type[LambdaVersion],
        resource_name: str,
        cloudformation_json: dict[str, Any],
        account_id: str,
        region_name: str,
        **_: Any,
    ) -> LambdaVersion:
        published = get_backend(account_id, region_name).publish_version(
            cloudformation_json["Properties"]["FunctionName"]
        )
        version = LambdaVersion({"Version": published.version})
        version.arn = published.function_arn
        return version

    LambdaVersion.create_from_cloudformation_json = classmethod(create)  # type: ignore[arg-type]
    LambdaVersion.physical_resource_id = property(lambda self: self.arn)
    LambdaVersion.has_cfn_attr = classmethod(lambda _, name: name in ("Version", "FunctionArn"))
    LambdaVersion.get_cfn_attribute = lambda self, name: str(self.version) if name == "Version" else self.arn
