"""prepare_dataset, check_preflight, estimate_cost: from the upload to a plan that may be paid for."""

from __future__ import annotations

import gzip
import hashlib
import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from importlib import import_module
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from check_preflight.handler import lambda_handler as check_preflight
from estimate_cost.handler import lambda_handler as estimate_cost
from local.bedrock.records import read_examples
from prepare_dataset.handler import lambda_handler as prepare_dataset
from tests.handlers.data_run import JOB, PROJECT, RUN, STEP, DataRun, records
from tests.tunesmith.dataset.converse import lines, pair
from tests.tunesmith.dataset.prepared import said as unlike
from tunesmith import names
from tunesmith.aws import clients
from tunesmith.aws.objects import Bucket, cluster_key
from tunesmith.aws.service_quotas import bedrock_quotas
from tunesmith.catalogue import find_model
from tunesmith.cost import OVERRIDE_KEY
from tunesmith.errors import AssignmentChangedError, RecordMissingError, SealBrokenError
from tunesmith.ledger import Champion, Step
from tunesmith.preflight import DEPLOYMENTS_QUOTA, UNITS_QUOTA

zstd: Any = import_module("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")
DATA = f"runs/{RUN}/data"
BLIND = f"blind/{RUN}/test.jsonl"

# --- prepare_dataset


def test_a_table_and_a_log_are_the_records_that_they_mean(data_run: DataRun) -> None:
    job = JOB.replace(
        "train.jsonl",
        "{train: train.csv.zst, validation: v.jsonl, test: test.json.gz, group_key: requestMetadata.customer,"
        " columns: {prompt: question, requestMetadata.customer: id}}",
    )
    table = "question,completion,id\n" + "".join(
        f'"{unlike(number)},\nplease",label_{number % 5},{number}\n' for number in range(60)
    )
    entries = [
        {
            "schemaType": "ModelInvocationLog",
            "input": {"inputBodyJson": {"messages": pair(unlike(number), "")["messages"][:1]}},
            "output": {
                "outputBodyJson": {"output": {"message": pair("", f"label_{number % 5}")["messages"][1]}}
            },
            "requestMetadata": {"customer": f"c{number}"},
        }
        for number in range(100, 210)
    ]
    validation = [
        {**pair(unlike(n), "label_1"), "requestMetadata": {"customer": f"v{n}"}} for n in range(300, 350)
    ]
    data_run.admitted(
        job,
        train=zstd.compress(table.encode() + b"a,b\n"),
        validation=lines(*validation),
        test=gzip.compress(lines(*entries)),
    )
    assert prepare_dataset(STEP, None) == {"outcome": "valid", "reason": ""}
    assert len(data_run.lines(f"{DATA}/train.jsonl")) == 60
    assert pair(f"{unlike(7)},\nplease", "label_2") in data_run.lines(f"{DATA}/train.jsonl")
    assert pair(unlike(107), "label_2") in data_run.lines(BLIND)
    assert len(data_run.lines(BLIND)) == 110
    [rejected] = data_run.lines(f"{DATA}/rejected.jsonl")
    assert (rejected["file"], rejected["line"], rejected["rule"]) == ("train.csv.zst", 122, "TS040")


def test_token_figures_and_the_cost_follow_what_bedrock_counts_in_a_sample(data_run: DataRun) -> None:
    data_run.tokenizer.per_word = 10
    data_run.admitted(train=records(200))
    prepare_dataset(STEP, None)
    report = data_run.artifacts.read_json(f"{DATA}/report.json")
    assert data_run.tokenizer.asked == ["amazon.nova-micro-v1:0"] * 31
    assert report["tokens"]["error"].startswith("scaled to CountTokens of 30 records")
    assert report["tokens"]["off"] < 0.2
    # Three words asked and one answered, each of ten tokens.
    train = report["split"]["train"]
    assert train["tokens"] == pytest.approx(40 * train["records"], rel=0.1)
    estimate_cost(STEP, None)
    training = data_run.artifacts.read_json(f"runs/{RUN}/estimate.json")["items"][0]
    assert f"{train['tokens']:,} tokens" in training["what"]
    bounds = [float(training[key]) / float(training["usd"]) for key in ("low_usd", "high_usd")]
    off = report["tokens"]["off"]
    # At most, a rerun of four epochs follows on the probe of five.
    assert bounds == pytest.approx([1 / (1 + off), 1.8 / (1 - off)], rel=0.01)


def test_where_tokens_are_not_counted_the_stated_estimate_stays(data_run: DataRun) -> None:
    data_run.admitted(train=records(200))
    assert prepare_dataset(STEP, None)["outcome"] == "valid"
    assert len(data_run.tokenizer.asked) == 1
    told = data_run.artifacts.read_json(f"{DATA}/report.json")["tokens"]
    assert (told["scale"], told["off"]) == (1, 0.27)
    assert told["error"].startswith("fitted to the public cl100k_base")


def test_training_records_are_repeated_on_demand_and_no_others(data_run: DataRun) -> None:
    job = JOB.replace("train.jsonl", "{train: train.jsonl, repeat_to: 1000}")
    data_run.admitted(job, train=records(100))
    prepare_dataset(STEP, None)
    parts = {name: data_run.lines(f"{DATA}/{name}.jsonl") for name in ("train", "validation")}
    different = {json.dumps(record) for record in parts["train"]}
    assert (len(different), len(parts["train"])) == (51, 20 * 51)
    assert {*Counter(map(json.dumps, parts["train"])).values()} == {20}
    assert (len(parts["validation"]), len(data_run.lines(BLIND))) == (16, 33)
    report = data_run.artifacts.read_json(f"{DATA}/report.json")
    assert report["repeated"] == {"times": 20, "records": 51}
    assert report["split"]["train"]["records"] == 1020
    assert "51 records to train, each 20 times" in data_run.step(Step.PREPARE).summary


def test_a_good_upload_is_split_and_its_blind_test_sealed(data_run: DataRun) -> None:
    data_run.admitted(train=records(100) + records(4) + b"{bad\n")
    assert prepare_dataset(STEP, None) == {"outcome": "valid", "reason": ""}
    parts = {name: data_run.lines(f"{DATA}/{name}.jsonl") for name in ("train", "validation", "rejected")}
    test = data_run.lines(BLIND)
    assert [len(parts["train"]), len(parts["validation"]), len(test)] == [51, 16, 33]
    texts = [json.dumps(record) for record in [*parts["train"], *parts["validation"], *test]]
    assert len(set(texts)) == 100
    assert all(set(record) == {"schemaVersion", "messages"} for record in test)
    assert parts["rejected"] == [
        {
            "file": "train.jsonl",
            "line": 105,
            "offset": len(records(100) + records(4)),
            "rule": "TS004",
            "reason": "Not valid JSON at column 2: Expecting property name enclosed in double quotes.",
            "excerpt": "{bad",
        }
    ]
    seal = hashlib.sha256(data_run.artifacts.read(BLIND)).hexdigest()
    assert data_run.ledger.run(RUN).blind_sha256 == seal
    assert data_run.artifacts.read_json(f"{DATA}/report.json")["blind_sha256"] == seal
    step = data_run.step(Step.PREPARE)
    assert step.started == STEP["now"]
    assert "51 records to train" in step.summary
    assert step.figures["duplicates"] == 4


def test_line_order_changes_no_byte_of_what_is_written(data_run: DataRun) -> None:
    data_run.admitted(train=records(100))
    prepare_dataset(STEP, None)
    keys = [f"{DATA}/train.jsonl", f"{DATA}/validation.jsonl", BLIND]
    before = [data_run.artifacts.read(key) for key in keys]
    pinned = data_run.ledger.run(RUN).data["train"]
    turned = b"\n".join(reversed(records(100).splitlines()))
    data_run.uploads.write(pinned["key"], turned)
    version = (data_run.uploads.head(pinned["key"]) or {})["version"]
    data_run.ledger.update_run(RUN, data={"train": {**pinned, "version": version}})
    assert prepare_dataset(STEP, None)["outcome"] == "valid"
    assert [data_run.artifacts.read(key) for key in keys] == before


def test_a_repeat_writes_the_same_and_other_content_breaks_the_seal(data_run: DataRun) -> None:
    data_run.admitted(train=records(100))
    assert prepare_dataset(STEP, None) == prepare_dataset(STEP, None)
    sealed = data_run.artifacts.read(BLIND)
    data_run.ledger.update_run(RUN, blind_sha256="0" * 64)
    with pytest.raises(SealBrokenError, match=RUN):
        prepare_dataset(STEP, None)
    assert data_run.artifacts.read(BLIND) == sealed


def test_the_pinned_version_is_read_although_the_object_changed(data_run: DataRun) -> None:
    data_run.admitted(train=records(100))
    data_run.uploads.write("datasets/triage/train.jsonl", b"{bad\n")
    assert prepare_dataset(STEP, None)["outcome"] == "valid"


def test_files_of_the_user_s_own_are_taken_as_they_are(data_run: DataRun) -> None:
    data_run.admitted(train=records(100), validation=records(20, 90), test=records(30, 105))
    assert prepare_dataset(STEP, None)["outcome"] == "valid"
    assert len(data_run.lines(BLIND)) == 30
    report = data_run.artifacts.read_json(f"{DATA}/report.json")
    assert report["left_out"] == {"train": 10, "validation": 5}
    assert {part: figures["records"] for part, figures in report["split"].items()} == {
        "train": 90,
        "validation": 15,
        "test": 30,
    }


def test_the_function_takes_what_a_cluster_prepared_without_reading_the_upload(data_run: DataRun) -> None:
    data_run.admitted(train=b"{broken\n")
    data_run.artifacts.write_json(cluster_key(RUN), {"outcome": "valid", "reason": ""})
    assert prepare_dataset(STEP, None) == {"outcome": "valid", "reason": ""}
    assert data_run.artifacts.head(f"runs/{RUN}/data/report.json") is None


def test_a_bad_dataset_is_invalid_and_nothing_is_sealed(data_run: DataRun) -> None:
    data_run.admitted(train=records(50) + b"{bad\n" * 10)
    answer = prepare_dataset(STEP, None)
    assert answer["outcome"] == "invalid"
    assert "10 of 60 records of train.jsonl (16.7%) were rejected" in answer["reason"]
    assert f"s3://artifacts/{DATA}/rejected.jsonl" in answer["reason"]
    assert len(data_run.lines(f"{DATA}/rejected.jsonl")) == 10
    assert data_run.artifacts.read_json(f"{DATA}/report.json")["outcome"] == "invalid"
    assert data_run.artifacts.keys("blind/") == []
    assert data_run.artifacts.head(f"{DATA}/train.jsonl") is None
    assert data_run.ledger.run(RUN).blind_sha256 == ""
    assert data_run.step(Step.PREPARE).summary == answer["reason"]


ASSIGNMENT = f"projects/{PROJECT}/assignment.json"
LATER_RUN = "f" * 16


def admit_another(data_run: DataRun, train: bytes) -> dict[str, str]:
    """Admit a second run of the project, with other data; give its event."""
    data_run.uploads.write(f"datasets/{PROJECT}/later.jsonl", train)
    first = data_run.ledger.run(RUN)
    version = (data_run.uploads.head(f"datasets/{PROJECT}/later.jsonl") or {})["version"]
    pinned = {**first.data["train"], "key": f"datasets/{PROJECT}/later.jsonl", "version": version}
    data_run.ledger.create_run(replace(first, run=LATER_RUN, blind_sha256="", data={"train": pinned}))
    data_run.artifacts.write(
        f"runs/{LATER_RUN}/job.json", data_run.artifacts.read(f"runs/{RUN}/job.json"), "application/json"
    )
    return {**STEP, "run": LATER_RUN}


def test_the_assignment_is_kept_with_the_project_and_a_repeat_finds_it(data_run: DataRun) -> None:
    data_run.admitted(train=records(100))
    prepare_dataset(STEP, None)
    kept = data_run.artifacts.read_json(ASSIGNMENT)
    assert Counter(kept["records"].values()) == {"train": 51, "validation": 16, "test": 33}
    keys = [f"{DATA}/train.jsonl", f"{DATA}/report.json", BLIND]
    before = [data_run.artifacts.read(key) for key in keys]
    prepare_dataset(STEP, None)
    assert [data_run.artifacts.read(key) for key in keys] == before
    assert data_run.artifacts.read_json(ASSIGNMENT) == kept


def test_a_second_run_with_more_data_moves_no_earlier_record(data_run: DataRun) -> None:
    data_run.admitted(train=records(100))
    prepare_dataset(STEP, None)
    later = admit_another(data_run, records(500))
    assert prepare_dataset(later, None)["outcome"] == "valid"
    for part in ("train", "validation"):
        earlier = set(data_run.artifacts.read(f"{DATA}/{part}.jsonl").splitlines())
        assert earlier <= set(data_run.artifacts.read(f"runs/{LATER_RUN}/data/{part}.jsonl").splitlines())
    blind = data_run.artifacts.read(f"blind/{LATER_RUN}/test.jsonl").splitlines()
    assert set(data_run.artifacts.read(BLIND).splitlines()) <= set(blind)
    assert len(blind) == 110
    # The first run's repeat is what it was, although the project's assignment has grown.
    sealed = data_run.artifacts.read(BLIND)
    prepare_dataset(STEP, None)
    assert data_run.artifacts.read(BLIND) == sealed


def test_answers_that_the_metric_cannot_be_measured_against_are_told_before_anything_is_paid(
    data_run: DataRun,
) -> None:
    data_run.admitted(JOB + "evaluation: {metric: json_fields}\n", train=records(400))

    told = prepare_dataset(STEP, None)

    assert told["outcome"] == "invalid"
    assert told["reason"].startswith(
        "evaluation.metric is json_fields, but answer 1 of the blind test does not fit it"
    )
    assert data_run.artifacts.read_json(f"{DATA}/report.json")["findings"][0]["rule"] == "TD017"
    assert data_run.ledger.run(RUN).blind_sha256 == ""
    assert data_run.artifacts.head(f"projects/{PROJECT}/assignment.json") is None


def test_an_invalid_dataset_leaves_the_assignment_as_it_was(data_run: DataRun) -> None:
    data_run.admitted(train=records(50) + b"{bad\n" * 10)
    prepare_dataset(STEP, None)
    assert data_run.artifacts.head(ASSIGNMENT) is None


def test_another_run_that_was_faster_is_taken_into_account(
    data_run: DataRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    data_run.admitted(train=records(100))
    replace_json, calls = Bucket.replace_json, []

    def slower(bucket: Bucket, key: str, value: Any, tag: str) -> bool:
        calls.append(tag)
        if len(calls) == 1:  # the other run puts all that it saw into validation
            others = dict.fromkeys(value["records"], "validation")
            bucket.write_json(key, {**value, "records": dict(list(others.items())[:10])})
            return False
        return replace_json(bucket, key, value, tag)

    monkeypatch.setattr(Bucket, "replace_json", slower)
    assert prepare_dataset(STEP, None)["outcome"] == "valid"
    assert [bool(tag) for tag in calls] == [False, True]
    kept = data_run.artifacts.read_json(ASSIGNMENT)["records"]
    assert len(data_run.lines(f"{DATA}/validation.jsonl")) == list(kept.values()).count("validation") >= 10
    assert len(kept) == 100


def test_a_project_that_others_split_all_the_time_is_a_fault(
    data_run: DataRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    data_run.admitted(train=records(100))
    monkeypatch.setattr(Bucket, "replace_json", lambda *_: False)
    with pytest.raises(AssignmentChangedError, match=f"tunesmith resume {RUN}"):
        prepare_dataset(STEP, None)
    assert data_run.artifacts.keys("blind/") == []
    assert data_run.ledger.run(RUN).blind_sha256 == ""


def test_conflicts_are_listed_and_told(data_run: DataRun) -> None:
    torn = lines(pair("torn between two", "label_1"), pair("torn between two", "label_2"))
    data_run.admitted(train=records(100) + torn)
    prepare_dataset(STEP, None)
    rejected = data_run.lines(f"{DATA}/rejected.jsonl")
    assert [(row["line"], row["rule"]) for row in rejected] == [(101, "TQ002"), (102, "TQ002")]
    assert rejected[0]["offset"] == len(records(100))
    assert data_run.step(Step.PREPARE).figures["quarantined"] == 2
    report = data_run.artifacts.read_json(f"{DATA}/report.json")
    assert (report["conflicts"]["prompts"], report["proven"]) == (1, False)


def test_a_gzip_upload_is_prepared_as_the_same_plain_one_is(data_run: DataRun) -> None:
    data_run.admitted(train=gzip.compress(records(100)))
    assert prepare_dataset(STEP, None) == {"outcome": "valid", "reason": ""}
    assert data_run.artifacts.read_json(f"{DATA}/report.json")["files"]["train"]["valid"] == 100
    assert len(data_run.lines(BLIND)) == 33


def test_an_upload_of_another_kind_is_invalid_and_says_what_it_is(data_run: DataRun) -> None:
    data_run.admitted(train=b"\xfd7zXZ\0" + bytes(range(256)))
    answer = prepare_dataset(STEP, None)
    assert answer["outcome"] == "invalid"
    assert answer["reason"].startswith("train.jsonl cannot be read: The file is compressed by xz")


SECRET = "write to ada@example.com"


@pytest.mark.parametrize(("policy", "said"), [("report", 3), ("mask", 0), ("refuse", 0)])
def test_sensitive_data_is_handled_as_the_job_file_says(data_run: DataRun, policy: str, said: int) -> None:
    held = lines(*(pair(f"{SECRET} about {number}", "label_1") for number in range(3)))
    job = JOB.replace("train.jsonl", f"{{train: train.jsonl, sensitive: {policy}}}")
    data_run.admitted(job, train=records(100) + held)
    assert prepare_dataset(STEP, None)["outcome"] == "valid"
    keys = [f"{DATA}/train.jsonl", f"{DATA}/validation.jsonl", BLIND]
    written = b"".join(map(data_run.artifacts.read, keys)).decode()
    told = data_run.artifacts.read(f"{DATA}/rejected.jsonl") + data_run.artifacts.read(f"{DATA}/report.json")
    assert (written.count(SECRET), written.count("[e-mail address]")) == (said, 3 if policy == "mask" else 0)
    assert SECRET not in told.decode()
    assert len(data_run.lines(f"{DATA}/rejected.jsonl")) == (3 if policy == "refuse" else 0)
    assert data_run.artifacts.read_json(f"{DATA}/report.json")["files"]["train"]["sensitive"] == {
        "policy": policy,
        "records": 3,
        "found": {"email": 3},
    }
    assert "3 records hold sensitive data" in data_run.step(Step.PREPARE).summary


def test_a_run_that_nobody_admitted_is_a_fault(data_run: DataRun) -> None:
    with pytest.raises(RecordMissingError):
        prepare_dataset(STEP, None)


# --- check_preflight


@dataclass
class Account:
    """Bedrock's control plane and Service Quotas with the answers that a test gives."""

    bedrock: Stubber
    quotas: Stubber

    def answers(
        self,
        models: list[dict[str, Any]],
        *,
        quotas: dict[str, float | None],
        throughputs: list[dict[str, Any]] | None = None,
        access: bool = True,
    ) -> None:
        """Give the answers in the order in which they are asked for."""
        self.bedrock.add_response("list_foundation_models", {"modelSummaries": models}, {})
        if access:
            self.bedrock.add_response("get_foundation_model_availability", AVAILABLE)
        else:
            self.bedrock.add_client_error("get_foundation_model_availability", "AccessDeniedException")
        for code, value in sorted(quotas.items()):
            asked = {"ServiceCode": "bedrock", "QuotaCode": code}
            if value is None:
                self.quotas.add_client_error(
                    "get_service_quota", "AccessDeniedException", "", 400, None, asked
                )
            else:
                self.quotas.add_response(
                    "get_service_quota", {"Quota": {"QuotaCode": code, "Value": value}}, asked
                )
        if throughputs is None:
            self.bedrock.add_response("list_custom_model_deployments", {"modelDeploymentSummaries": []}, {})
        else:
            answer = {"provisionedModelSummaries": throughputs}
            self.bedrock.add_response("list_provisioned_model_throughputs", answer, {})


AVAILABLE = {
    "modelId": "m",
    "agreementAvailability": {"status": "AVAILABLE"},
    "authorizationStatus": "AUTHORIZED",
    "entitlementAvailability": "AVAILABLE",
    "regionAvailability": "AVAILABLE",
}


@pytest.fixture
def account(data_run: DataRun) -> Iterator[Account]:
    """The account's answers."""
    with Stubber(clients.bedrock()) as bedrock, Stubber(clients.service_quotas()) as quotas:
        yield Account(bedrock, quotas)


def listed(model: str, status: str = "ACTIVE", **lifecycle: Any) -> dict[str, Any]:
    return {
        "modelArn": f"arn:aws:bedrock:us-east-1::foundation-model/{model}",
        "modelId": model,
        "customizationsSupported": ["FINE_TUNING"] if model.endswith("k") else [],
        "modelLifecycle": {"status": status, **lifecycle},
    }


def throughput(name: str, units: int, **keys: Any) -> dict[str, Any]:
    model = "arn:aws:bedrock:us-east-1:123456789012:custom-model/amazon.nova-micro-v1:0:128k/abcdefghijkl"
    now = datetime(2026, 11, 23, tzinfo=UTC)
    return {
        "provisionedModelName": name,
        "provisionedModelArn": "arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abcdefghijkl",
        "modelArn": model,
        "desiredModelArn": model,
        "foundationModelArn": "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-micro-v1:0:128k",
        "modelUnits": units,
        "desiredModelUnits": units,
        "status": "InService",
        "creationTime": now,
        "lastModifiedTime": now,
        **keys,
    }


def test_a_plan_that_can_work_is_clear(data_run: DataRun, account: Account) -> None:
    data_run.prepared(train=500)
    models = [
        listed("amazon.nova-micro-v1:0"),
        listed("amazon.nova-micro-v1:0:128k"),
        {"modelArn": "x" * 20, "modelId": "other"},
    ]
    account.answers(models, quotas={DEPLOYMENTS_QUOTA: 10.0})
    assert check_preflight(STEP, None) == {"outcome": "clear", "reason": ""}
    assert data_run.step(Step.PREFLIGHT).summary == "Amazon Nova Micro can be tuned and served"


def test_repeated_records_count_towards_what_the_model_takes(data_run: DataRun, account: Account) -> None:
    job = JOB.replace("train.jsonl", "{train: train.jsonl, repeat_to: 19990}")
    data_run.admitted(job, train=records(100))
    prepare_dataset(STEP, None)
    quotas: dict[str, float | None] = {
        DEPLOYMENTS_QUOTA: 10.0,
        find_model("nova-micro").maximum_records_quota: 20_000.0,
    }
    account.answers([listed("amazon.nova-micro-v1:0:128k")], quotas=quotas)
    answer = check_preflight(STEP, None)
    assert answer["outcome"] == "refused"
    assert "19,992 records to train on" in answer["reason"]


def test_a_plan_that_cannot_work_is_refused_with_every_problem(data_run: DataRun, account: Account) -> None:
    data_run.prepared(JOB + "hyperparameters: {epochCount: 50}", train=5)
    gone = datetime(2026, 9, 10, tzinfo=UTC)
    models = [listed("amazon.nova-micro-v1:0:128k", "LEGACY", endOfLifeTime=gone)]
    account.answers(models, quotas={DEPLOYMENTS_QUOTA: 10.0})
    answer = check_preflight(STEP, None)
    assert answer["outcome"] == "refused"
    for said in ("was retired on 2026-09-10", "needs at least 8", "from 1 to 5"):
        assert said in answer["reason"]
    assert data_run.step(Step.PREFLIGHT).figures == {"problems": 3, "not_asked": 0}


def test_model_units_in_use_are_counted_but_committed_ones_base_models_and_the_run_s_own(
    data_run: DataRun, account: Account
) -> None:
    data_run.prepared(JOB + "serving: {path: provisioned, model_units: 2}", train=500)
    base = "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-micro-v1:0:128k"
    held = [
        throughput("triage-fedcba9876543210", 3),
        throughput("committed", 5, commitmentDuration="OneMonth"),
        throughput("base", 5, modelArn=base),
        throughput("failed", 5, status="Failed"),
        throughput(names.capacity_name(PROJECT, RUN), 2),
    ]
    account.answers([listed("amazon.nova-micro-v1:0:128k")], quotas={UNITS_QUOTA: 4.0}, throughputs=held)
    answer = check_preflight(STEP, None)
    assert answer["outcome"] == "refused"
    assert "is 4 in us-east-1, and this run needs 5, 3 of which others hold now" in answer["reason"]
    account.answers([listed("amazon.nova-micro-v1:0:128k")], quotas={UNITS_QUOTA: 5.0}, throughputs=held)
    assert check_preflight(STEP, None)["outcome"] == "clear"


def test_an_account_that_tells_nothing_is_noted_and_not_refused(data_run: DataRun, account: Account) -> None:
    data_run.prepared(train=500)
    models = [listed("amazon.nova-micro-v1:0:128k")]
    account.answers(models, quotas={DEPLOYMENTS_QUOTA: None}, access=False)
    assert check_preflight(STEP, None)["outcome"] == "clear"
    step = data_run.step(Step.PREFLIGHT)
    assert "the quota L-1EF80F3E (custom model deployments) could not be read" in step.summary
    assert step.figures == {"problems": 0, "not_asked": 2}


def test_a_quota_that_was_never_changed_has_its_default(data_run: DataRun, account: Account) -> None:
    for default in (0.0, 7.0):
        account.quotas.add_client_error("get_service_quota", "NoSuchResourceException")
        account.quotas.add_response("get_aws_default_service_quota", {"Quota": {"Value": default}})
        assert bedrock_quotas([UNITS_QUOTA]) == {UNITS_QUOTA: Decimal(str(default))}
    for _ in range(2):
        account.quotas.add_client_error("get_service_quota", "NoSuchResourceException")
        account.quotas.add_client_error("get_aws_default_service_quota", "NoSuchResourceException")
    assert bedrock_quotas(["L-1", "L-2"]) == {"L-1": None, "L-2": None}
    account.quotas.add_client_error("get_service_quota", "ServiceException")
    with pytest.raises(ClientError, match="ServiceException"):
        bedrock_quotas(["L-1"])


# --- estimate_cost


def test_a_run_inside_its_budget_is_affordable(data_run: DataRun) -> None:
    data_run.prepared(train=500)
    assert estimate_cost(STEP, None) == {"outcome": "affordable", "reason": "", "tunes": True}
    estimate = data_run.artifacts.read_json(f"runs/{RUN}/estimate.json")
    assert estimate["items"][0]["what"] == "training, 5 x 50,000 tokens"
    assert data_run.ledger.run(RUN).estimated_usd == Decimal(estimate["total_usd"])
    assert data_run.step(Step.BUDGET).figures["total_usd"] == Decimal(estimate["total_usd"])
    assert data_run.step(Step.BUDGET).summary.startswith("about $2.22, between")


def test_a_run_beyond_its_budget_is_not(data_run: DataRun) -> None:
    data_run.prepared(JOB + "budget: {limit_usd: 2}", train=500)
    answer = estimate_cost(STEP, None)
    assert answer["outcome"] == "over_budget"
    assert "more than the $2.00 of budget.limit_usd" in answer["reason"]
    assert data_run.artifacts.head(f"runs/{RUN}/estimate.json") is not None


def test_an_unknown_price_stops_the_run_until_the_override_has_it(data_run: DataRun) -> None:
    data_run.prepared(JOB.replace("nova-micro", "nova-lite"), train=500)
    answer = estimate_cost(STEP, None)
    assert answer["outcome"] == "over_budget"
    assert "price of training for amazon.nova-lite-v1:0 is not known" in answer["reason"]
    assert data_run.artifacts.head(f"runs/{RUN}/estimate.json") is None
    line = answer["reason"][answer["reason"].index("- {") :]
    line = line.replace("<US dollars>", "0.002").replace("<yyyy-mm-dd>", "2026-11-01")
    data_run.uploads.write(OVERRIDE_KEY, f"prices:\n{line}".encode())
    assert estimate_cost(STEP, None)["outcome"] == "affordable"


def test_a_run_beside_a_champion_that_is_served_by_the_hour_pays_for_both(data_run: DataRun) -> None:
    job = JOB.replace("nova-micro", "nova-2-lite") + "serving: {path: provisioned}\nbudget: {limit_usd: 1000}"
    data_run.prepared(job, train=500)
    assert estimate_cost(STEP, None)["outcome"] == "affordable"
    alone = data_run.artifacts.read_json(f"runs/{RUN}/estimate.json")
    champion = Champion(
        project=PROJECT,
        run="0" * 16,
        model_arn="m",
        model_name="m",
        base_model="amazon.nova-2-lite-v1:0",
        arn="a",
        path="provisioned",
        capacity_name="c",
        capacity_run="0" * 16,
        since=STEP["now"],
    )
    data_run.ledger.put_champion(champion, replaces=None)
    estimate_cost(STEP, None)
    beside = data_run.artifacts.read_json(f"runs/{RUN}/estimate.json")
    assert Decimal(beside["total_usd"]) - Decimal(alone["total_usd"]) == Decimal("60.5")
    assert Decimal(beside["afterwards"][0]["usd"]) == 43_560


def test_an_override_that_cannot_be_read_stops_the_run(data_run: DataRun) -> None:
    data_run.prepared(train=500)
    data_run.uploads.write(OVERRIDE_KEY, b"nonsense")
    answer = estimate_cost(STEP, None)
    assert answer["outcome"] == "over_budget"
    assert "settings/prices.yaml cannot be read" in answer["reason"]


# --- images


def shown(number: int, name: str = "", bucket: str = "datasets") -> dict[str, Any]:
    uri = f"s3://{bucket}/datasets/{PROJECT}/images/{name or number}.png"
    value = pair(f"What is this? {unlike(number)}", f"label_{number % 5}")
    value["messages"][0]["content"].append(
        {"image": {"format": "png", "source": {"s3Location": {"uri": uri}}}}
    )
    return value


def test_images_are_copied_to_where_their_part_may_be_read_and_the_records_name_the_copies(
    data_run: DataRun,
) -> None:
    for number in range(100):
        data_run.uploads.write(f"datasets/{PROJECT}/images/{number}.png", b"png %d" % number)
    data_run.uploads.write(f"datasets/{PROJECT}/images/empty.png", b"")
    bad = [shown(200, "absent"), shown(201, "empty"), shown(202, bucket="others"), shown(1, "1")]
    data_run.admitted(JOB.replace("nova-micro", "nova-lite"), train=lines(*map(shown, range(100)), *bad))
    assert prepare_dataset(STEP, None) == {"outcome": "valid", "reason": ""}
    assert [row["rule"] for row in data_run.lines(f"{DATA}/rejected.jsonl")] == ["TS036", "TS037", "TS035"]
    seen = []
    keys = {"train": f"{DATA}/train.jsonl", "validation": f"{DATA}/validation.jsonl", "test": BLIND}
    for part, key in keys.items():
        for record in data_run.lines(key):
            text, image = record["messages"][0]["content"]
            uri = image["image"]["source"]["s3Location"]["uri"]
            folder = f"blind/media/{PROJECT}/" if part == "test" else f"{DATA}/media/"
            assert uri.startswith(f"s3://artifacts/{folder}")
            content = data_run.artifacts.read(uri.removeprefix("s3://artifacts/"))
            number = int(content.split()[1])
            assert unlike(number) in text["text"]
            seen.append(number)
    assert sorted(seen) == list(range(100))
    # The stand-in of Bedrock learns from the texts, and takes the rest.
    trained = data_run.artifacts.read(keys["train"])
    assert len(read_examples(trained, keys["train"], "converse")) == len(data_run.lines(keys["train"]))
    seal = hashlib.sha256(data_run.artifacts.read(BLIND)).hexdigest()
    assert data_run.ledger.run(RUN).blind_sha256 == seal
    assert prepare_dataset(STEP, None)["outcome"] == "valid"


def test_an_image_that_changed_since_breaks_the_blind_test_s_seal(data_run: DataRun) -> None:
    for number in range(100):
        data_run.uploads.write(f"datasets/{PROJECT}/images/{number}.png", b"png %d" % number)
    data_run.admitted(JOB.replace("nova-micro", "nova-lite"), train=lines(*map(shown, range(100))))
    prepare_dataset(STEP, None)
    for number in range(100):
        data_run.uploads.write(f"datasets/{PROJECT}/images/{number}.png", b"another %d" % number)
    with pytest.raises(SealBrokenError):
        prepare_dataset(STEP, None)


def test_a_distillation_on_a_log_is_split_and_trained_on_a_log_of_its_own(data_run: DataRun) -> None:
    job = (
        "project: triage\nbase_model: nova-micro\ndata: log.json.gz\nkind: distillation\ndistillation: "
        "{teacher: nova-pro, logs: {use_logged_answers: true, filters: {equals: {team: support}}}}\n"
    )
    log = [logged(number, "support" if number % 2 else "sales") for number in range(400)]
    data_run.admitted(job, train=gzip.compress(lines(*log)))

    assert prepare_dataset(STEP, None)["outcome"] == "valid"

    split = data_run.artifacts.read_json(f"runs/{RUN}/data/report.json")["split"]
    assert sum(part["records"] for part in split.values()) == 200
    trained = gzip.decompress(data_run.artifacts.read(f"runs/{RUN}/data/train-log.json.gz")).splitlines()
    asked = {
        json.loads(line)["input"]["inputBodyJson"]["messages"][0]["content"][0]["text"] for line in trained
    }
    assert len(asked) == split["train"]["records"]
    assert {json.loads(line)["modelId"] for line in trained} == {"amazon.nova-pro-v1:0"}
    blind = data_run.lines(f"blind/{RUN}/test.jsonl")
    assert not asked & {record["messages"][0]["content"][0]["text"] for record in blind}
    assert asked <= {unlike(number) for number in range(1, 400, 2)}


def logged(number: int, team: str) -> dict[str, Any]:
    """An entry of an invocation log, whose caller said for whom it asked."""
    record = pair(unlike(number), f"label_{number % 5}")
    *asked, answer = record["messages"]
    return {
        "schemaType": "ModelInvocationLog",
        "modelId": "amazon.nova-pro-v1:0",
        "requestMetadata": {"team": team},
        "input": {"inputBodyJson": {"messages": asked}},
        "output": {"outputBodyJson": {"output": {"message": answer}, "stopReason": "end_turn"}},
    }


def test_a_file_that_is_no_log_ends_a_distillation_on_logs(data_run: DataRun) -> None:
    job = (
        "project: triage\nbase_model: nova-micro\ndata: log.jsonl\nkind: distillation\n"
        "distillation: {teacher: nova-pro, logs: {}}\n"
    )
    data_run.admitted(job, train=records(200))

    answer = prepare_dataset(STEP, None)

    assert answer["outcome"] == "invalid"
    assert "200 of its lines are no entries of an invocation log" in answer["reason"]
