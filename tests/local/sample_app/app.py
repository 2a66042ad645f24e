"""Two small stacks that use every kind of resource which Tunesmith's own stacks use."""

import json

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_dynamodb as ddb
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn

app = cdk.App()
greeting = app.node.try_get_context("greeting") or "hello"

storage = cdk.Stack(app, "sample-storage")
table = ddb.Table(
    storage,
    "Table",
    partition_key=ddb.Attribute(name="pk", type=ddb.AttributeType.STRING),
    sort_key=ddb.Attribute(name="sk", type=ddb.AttributeType.STRING),
    billing_mode=ddb.BillingMode.PAY_PER_REQUEST,
    removal_policy=cdk.RemovalPolicy.DESTROY,
)
bucket = s3.Bucket(
    storage, "Uploads", versioned=True, enforce_ssl=True, removal_policy=cdk.RemovalPolicy.DESTROY
)
notified = bucket.node.default_child
assert isinstance(notified, s3.CfnBucket)
notified.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
    event_bridge_configuration=s3.CfnBucket.EventBridgeConfigurationProperty(event_bridge_enabled=True)
)
topic = sns.Topic(storage, "Topic", enforce_ssl=True)

work = cdk.Stack(app, "sample-work")


def function(name: str, **environment: str) -> lambda_.Function:
    return lambda_.Function(
        work,
        name,
        runtime=lambda_.Runtime.PYTHON_3_13,
        handler=f"{name}.handler.lambda_handler",
        code=lambda_.Code.from_asset("functions"),
        timeout=cdk.Duration.seconds(2 if name == "greet_run" else 30),
        environment=environment,
        current_version_options=lambda_.VersionOptions(removal_policy=cdk.RemovalPolicy.RETAIN),
    )


greet = function("greet_run", GREETING=greeting)
take = function("take_upload", TABLE=table.table_name)

dead_letters = sqs.Queue(work, "DeadLetters")
queue = sqs.Queue(
    work,
    "Uploads",
    visibility_timeout=cdk.Duration.minutes(3),
    dead_letter_queue=sqs.DeadLetterQueue(queue=dead_letters, max_receive_count=2),
)
take.add_event_source(sources.SqsEventSource(queue, batch_size=5, report_batch_item_failures=True))
table.grant_read_write_data(take)
events.Rule(
    work,
    "Uploaded",
    event_pattern=events.EventPattern(
        source=["aws.s3"], detail_type=["Object Created"], detail={"bucket": {"name": [bucket.bucket_name]}}
    ),
    targets=[targets.SqsQueue(queue)],
)


def machine(name: str, definition: dict[str, object], **substitutions: str) -> sfn.StateMachine:
    return sfn.StateMachine(
        work,
        name,
        state_machine_name=f"sample-{name.lower()}",
        definition_body=sfn.DefinitionBody.from_string(json.dumps(definition)),
        definition_substitutions=substitutions,
    )


greeter = machine(
    "Greeter",
    {
        "QueryLanguage": "JSONata",
        "StartAt": "Greet",
        "States": {
            "Greet": {"Type": "Task", "Resource": "${GreetRunArn}", "Next": "Rest", "TimeoutSeconds": 60},
            "Rest": {
                "Type": "Wait",
                "Seconds": "{% $states.context.Execution.Input.(rest ? rest : 0) %}",
                "End": True,
            },
        },
    },
    GreetRunArn=greet.current_version.function_arn,
)
cleaner = machine(
    "Cleaner",
    {
        "QueryLanguage": "JSONata",
        "StartAt": "Note",
        "States": {
            "Note": {
                "Type": "Task",
                "Resource": "arn:aws:states:::dynamodb:updateItem",
                "Arguments": {
                    "TableName": "${TableName}",
                    "Key": {"pk": {"S": "{% 'STOPPED#' & $states.input.execution %}"}, "sk": {"S": "META"}},
                    "UpdateExpression": "SET #status = :status",
                    "ExpressionAttributeNames": {"#status": "status"},
                    "ExpressionAttributeValues": {":status": {"S": "{% $states.input.status %}"}},
                },
                "TimeoutSeconds": 60,
                "End": True,
            }
        },
    },
    TableName=table.table_name,
)
events.Rule(
    work,
    "Stopped",
    event_pattern=events.EventPattern(
        source=["aws.states"],
        detail_type=["Step Functions Execution Status Change"],
        detail={"status": ["ABORTED", "TIMED_OUT", "FAILED"], "stateMachineArn": [greeter.state_machine_arn]},
    ),
    targets=[
        targets.SfnStateMachine(
            cleaner,
            input=events.RuleTargetInput.from_object(
                {
                    "execution": events.EventField.from_path("$.detail.name"),
                    "status": events.EventField.from_path("$.detail.status"),
                    "told": f"It was {events.EventField.from_path('$.detail.status')}.",
                }
            ),
        )
    ],
)
alarm = cloudwatch.Alarm(
    work,
    "DeadLetterAlarm",
    metric=dead_letters.metric_approximate_number_of_messages_visible(),
    threshold=1,
    evaluation_periods=1,
)
cloudwatch.Dashboard(work, "Dashboard", widgets=[[cloudwatch.AlarmStatusWidget(alarms=[alarm])]])

cdk.CfnOutput(work, "GreetArn", value=greet.current_version.function_arn)
cdk.CfnOutput(work, "QueueUrl", value=queue.queue_url)
cdk.CfnOutput(work, "DeadLettersUrl", value=dead_letters.queue_url)
cdk.CfnOutput(storage, "Bucket", value=bucket.bucket_name)
cdk.CfnOutput(storage, "TableName", value=table.table_name)
cdk.CfnOutput(storage, "TopicArn", value=topic.topic_arn)
app.synth()
