"""What does `cdk synth` build? The three stacks of one environment (`-c env=dev`), checked by cdk-nag."""

import json
from pathlib import Path

from aws_cdk import App, Validations
from cdk_nag import AwsSolutionsChecks

from stacks.environment import read_environment
from stacks.operations import OperationsStack
from stacks.pipeline import PipelineStack
from stacks.storage import StorageStack

# The cdk command passes this context itself; given here as well, `python app.py` builds the same without it.
context = json.loads(Path(__file__).with_name("cdk.json").read_text())["context"]
# CDK's own look at the templates doubles the time; cfn-lint takes it in `make check`.
app = App(context=context, builtin_cloud_formation_validation=False)
environment = read_environment(app.node)

storage = StorageStack(app, environment=environment)
pipeline = PipelineStack(app, environment=environment, storage=storage)
OperationsStack(app, environment=environment, storage=storage, pipeline=pipeline)

Validations.of(app).add_plugins(AwsSolutionsChecks(app))
app.synth()
