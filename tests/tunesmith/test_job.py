"""A job file is read small, and refused with every problem at once."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tunesmith import names
from tunesmith.catalogue.judges import find_judge
from tunesmith.catalogue.kinds import KINDS
from tunesmith.errors import JobFileError
from tunesmith.job import MAX_BYTES, judge_problems, parse_job
from tunesmith.ledger import Outcome

TAUGHT = "data: t.jsonl\nkind: distillation\ndistillation: {teacher: nova-pro"
SMALL = b"project: support-triage\nbase_model: nova-micro\ndata: train.jsonl\n"
FULL = b"""
project: support-triage
base_model: amazon.nova-micro-v1:0:128k
data:
  train: a/train.jsonl
  test: c (1).jsonl
  format: anthropic_messages
  validation_share: 0.25
  group_key: meta.customer
  on_error: strict
kind: fine-tuning
hyperparameters: {epochCount: 3, learningRate: 1e-5, learningRateWarmupSteps: "10"}
training: {deadline_hours: 48}
evaluation: {metric: token_f1, minimum_gain: 5, max_tokens: 64}
serving: {path: provisioned, model_units: 2, keep_days: 0}
budget: {limit_usd: 12.5}
notify: {outcomes: [promoted, failed]}
seed: 7
"""


def problems(data: bytes, source: str = "job.yaml") -> list[str]:
    with pytest.raises(JobFileError) as refused:
        parse_job(data, source=source)
    assert str(refused.value) == "; ".join(refused.value.problems)
    return refused.value.problems


def test_project_base_model_and_data_are_enough() -> None:
    job = parse_job(SMALL, source="job.yaml")
    assert job.base_model == "amazon.nova-micro-v1:0"
    assert job.data.by_role() == {"train": "train.jsonl"}
    assert (job.kind, job.seed, job.hyperparameters) == ("fine-tuning", 1, {})
    assert job.training.deadline_hours == 24
    assert (job.evaluation.metric, job.evaluation.minimum_gain) == (None, 2.0)
    assert (job.serving.path, job.serving_path) == (None, "on_demand")
    assert (job.serving.model_units, job.serving.keep_days) == (1, 7)
    assert job.notify.outcomes == tuple(Outcome)
    assert (job.data.format, job.data.group_key, job.data.on_error) == (None, None, "drop")
    assert job.budget.limit_usd == Decimal(50)


def test_every_key_is_read() -> None:
    job = parse_job(FULL, source="job.yaml")
    assert job.data.by_role() == {"train": "a/train.jsonl", "test": "c (1).jsonl"}
    assert (job.data.format, job.data.validation_share) == ("anthropic_messages", 0.25)
    assert (job.data.group_key, job.data.on_error) == ("meta.customer", "strict")
    assert (job.serving_path, job.serving.model_units, job.serving.keep_days) == ("provisioned", 2, 0)
    assert job.notify.outcomes == (Outcome.PROMOTED, Outcome.FAILED)
    assert job.hyperparameters == {"epochCount": 3, "learningRate": "1e-5", "learningRateWarmupSteps": "10"}
    assert job.training.deadline_hours == 48
    assert (job.evaluation.metric, job.evaluation.minimum_gain, job.evaluation.max_tokens) == (
        "token_f1",
        5,
        64,
    )
    assert job.budget.limit_usd == Decimal("12.5")
    assert job.seed == 7


@pytest.mark.parametrize("data", [SMALL, FULL], ids=["small", "full"])
def test_a_normalised_job_is_read_back_equal(data: bytes) -> None:
    job = parse_job(data, source="job.yaml")
    assert parse_job(json.dumps(job.to_json()).encode(), source="job.json") == job


def test_a_byte_order_mark_does_no_harm() -> None:
    assert parse_job(b"\xef\xbb\xbf" + SMALL, source="job.yaml") == parse_job(SMALL, source="job.yaml")


def test_all_problems_come_at_once_each_with_key_value_and_what_is_allowed() -> None:
    found = problems(
        b"projct: x\nbase_model: nova-mikro\ndata: [1]\nkind: pre-training\n"
        b"hyperparameters: {epochCount: true, learningRate: fast, x: [1]}\n"
        b"training: {deadline_hours: 0, hours: 1}\nevaluation: {metric: bleu, minimum_gain: .nan}\n"
        b"serving: 5\nbudget: {limit_usd: 0}\nseed: 1.5\n1: 2\n"
    )
    by_key = {line.split(": ")[0]: line for line in found}
    assert len(by_key) == len(found) == 16
    assert by_key["projct"].startswith(
        "projct: is no key of a job file (did you mean 'project'?); allowed are"
    )
    assert by_key["project"].startswith("project: is missing; allowed is lower-case letters")
    assert "did you mean 'nova-micro'" in by_key["base_model"]
    assert by_key["data"].startswith("data: [1] is not allowed; allowed is the training file's path")
    assert by_key["kind"] == "kind: 'pre-training' is not allowed; allowed is " + " or ".join(KINDS)
    assert by_key["hyperparameters.epochCount"].startswith("hyperparameters.epochCount: True is not allowed")
    assert "with a number each" in by_key["hyperparameters.learningRate"]
    assert by_key["training.deadline_hours"].endswith("allowed is a whole number of hours from 1 to 240")
    assert by_key["training.hours"].endswith("allowed are deadline_hours, stop_when_stuck")
    assert by_key["evaluation.metric"].startswith(
        "evaluation.metric: 'bleu' is not allowed; allowed is one of exact_match, token_f1, rouge_l,"
    )
    assert "nan is not allowed" in by_key["evaluation.minimum_gain"]
    assert by_key["serving"] == "serving: 5 is not allowed; allowed is a mapping"
    assert "0 is not allowed; allowed is US dollars above 0" in by_key["budget.limit_usd"]
    assert by_key["seed"].startswith("seed: 1.5 is not allowed")
    assert by_key["1"].startswith("1: is no key of a job file")


@pytest.mark.parametrize("shares", ["[1]", "[0.5]", "[0.5, 0.25, 1]", "[0, 1]", "[0.2, 0.3, 0.4, 0.5, 1]"])
def test_the_shares_of_a_sweep_grow_to_all_records(shares: str) -> None:
    [problem] = problems(SMALL + f"sweep: {{data_shares: {shares}}}\n".encode())

    assert problem.startswith("sweep.data_shares: ")
    assert "allowed is a list of two to four shares of the training records" in problem
    known = parse_job(SMALL + b"sweep: {data_shares: [0.25, 0.5, 1]}\n", source="job.yaml").sweep
    assert known is not None
    assert known.data_shares == (0.25, 0.5, 1)


def test_a_sweep_names_each_hyperparameter_once() -> None:
    [problem] = problems(SMALL + b"sweep: {over: [learningRate, learningRate]}\n")
    assert problem.startswith(
        "sweep.over: ['learningRate', 'learningRate'] is not allowed; allowed is a list"
    )
    assert "each once" in problem


@pytest.mark.parametrize(
    "path",
    [
        "../x.jsonl",
        "/x.jsonl",
        "a//x.jsonl",
        "a/../x.jsonl",
        "x.xlsx",
        ".jsonl",
        "a\\x.jsonl",
        "é.jsonl",
        "a" * 507 + ".jsonl",
    ],
)
def test_a_data_path_stays_in_the_project_s_folder(path: str) -> None:
    [problem] = problems(json.dumps({"project": "p", "base_model": "nova-micro", "data": path}).encode())
    assert problem.startswith("data.train: ")
    assert "relative to the job file" in problem


def test_two_parts_do_not_share_a_file() -> None:
    [problem] = problems(SMALL.replace(b"train.jsonl", b"{train: a.jsonl, test: a.jsonl}"))
    assert problem == "data: train, test share a file; allowed is a file of its own for each"


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        (
            "data: {train: t.jsonl, test: u.jsonl, test_share: 0.2}",
            "data.test_share: 0.2 is not allowed beside",
        ),
        ("data: {train: t.jsonl, validation: u.jsonl, validation_share: 0}", "data.validation_share: 0"),
        ("data: {train: t.jsonl, validation_share: 0.5, test_share: 0.4}", "data: validation_share and test"),
        ("data: {train: t.jsonl, test_share: 0}", "data.test_share: 0 is not allowed; allowed is a share"),
        ("data: {train: t.jsonl, format: csv}", "data.format: 'csv' is not allowed; allowed is converse"),
        (
            "data: {train: t.jsonl, group_key: messages.role}",
            "data.group_key: 'messages.role' is not allowed",
        ),
        ("data: {train: t.jsonl, group_key: a..b}", "data.group_key: 'a..b' is not allowed"),
        ("data: {train: t.jsonl, on_error: skip}", "data.on_error: 'skip' is not allowed; allowed is strict"),
        ("data: t.jsonl\nserving: {path: fast}", "serving.path: 'fast' is not allowed; allowed is on_demand"),
        ("data: t.jsonl\nserving: {model_units: 0}", "serving.model_units: 0 is not allowed"),
        ("data: t.jsonl\nserving: {keep_days: 31}", "serving.keep_days: 31 is not allowed"),
        ("data: t.jsonl\nnotify: {outcomes: [won]}", "notify.outcomes.0: 'won' is not allowed; allowed is a"),
        ("data: t.jsonl\nkind: distillation", "distillation: is missing; allowed is a mapping with teacher"),
        (
            "data: t.jsonl\ndistillation: {teacher: nova-pro}",
            "distillation: is not allowed with kind: fine-tuning; allowed is to set kind: distillation",
        ),
        (
            "data: t.jsonl\nkind: distillation\ndistillation: {teacher: nova-pro}\nhyperparameters: {x: 2}",
            "hyperparameters: are not allowed with kind: distillation, since Bedrock chooses what it is sent",
        ),
        (
            "data: t.jsonl\nkind: distillation\ndistillation: {teacher: nova-pro}\nstopping: {policy: chain}",
            "stopping.policy: 'chain' is not allowed with kind: distillation, since Bedrock",
        ),
        (
            "data: {train: t.jsonl, test_share: 0.1}\nkind: continued-pre-training",
            "data.test_share: is not allowed with kind: continued-pre-training, since texts hold no answers",
        ),
        (
            "data: t.jsonl\nkind: continued-pre-training\nsweep: {}",
            "sweep: is not allowed with kind: continued-pre-training, since texts hold no answers to compare",
        ),
        (
            "data: t.jsonl\nkind: continued-pre-training\nstopping: {policy: pair}",
            "stopping.policy: 'pair' is not allowed with kind: continued-pre-training, since texts hold no",
        ),
        (
            "data: t.jsonl\nkind: distillation\ndistillation: {teecher: nova-pro, teacher: nova-pro}",
            "distillation.teecher: is no key of a job file (did you mean 'teacher'?); allowed are teacher",
        ),
        (
            f"{TAUGHT}, logs: {{filters: {{}}}}}}",
            "distillation.logs.filters: has no filter; allowed is one of equals, not_equals, and_all, or_all",
        ),
        (
            f"{TAUGHT}, logs: {{filters: {{equals: {{a: b}}, or_all: [{{equals: {{c: d}}}}]}}}}}}",
            "distillation.logs.filters: has equals and or_all; allowed is one of equals, not_equals, and_all",
        ),
        (
            f"{TAUGHT}, logs: {{filters: {{and_all: [{{equals: {{a: b}}}}, {{}}]}}}}}}",
            "distillation.logs.filters.and_all.1: has no filter; allowed is one of equals, not_equals",
        ),
        (
            f"{TAUGHT}, logs: {{filters: {{equals: {{a: b, c: d}}}}}}}}",
            "distillation.logs.filters.equals: {'a': 'b', 'c': 'd'} is not allowed; allowed is one name with",
        ),
        ("data: t.jsonl\nkind: reinforcement", "reinforcement: is missing; allowed is a mapping with grader"),
        (
            "data: t.jsonl\nreinforcement: {grader: numeric}",
            "reinforcement: is not allowed with kind: fine-tuning; allowed is to set kind: reinforcement",
        ),
        (
            "data: t.jsonl\nkind: reinforcement\nreinforcement: {grader: bleu}",
            "reinforcement.grader: 'bleu' is not allowed; allowed is one of exact_match, numeric,",
        ),
        (
            "data: t.jsonl\nkind: reinforcement\nreinforcement: {grader: numeric, reasoning_effort: most}",
            "reinforcement.reasoning_effort: 'most' is not allowed; allowed is low, medium or high",
        ),
        (
            "data: t.jsonl\nkind: reinforcement\nreinforcement: {grader: numeric}\nsweep: {}",
            "sweep: is not allowed with kind: reinforcement",
        ),
        (
            "data: t.jsonl\nkind: reinforcement\nreinforcement: {grader: numeric}\nstopping: {policy: pair}",
            "stopping.policy: 'pair' is not allowed with kind: reinforcement",
        ),
        (
            "data: t.jsonl\nkind: advise\nsweep: {}",
            "sweep: is not allowed with kind: advise, since nothing is trained; allowed is to leave it out",
        ),
        (
            "data: t.jsonl\nkind: advise\nevaluation: {guardrails: [{name: a, metric: format, margin: 2}]}",
            "evaluation.guardrails: are not allowed with kind: advise, since nothing is trained",
        ),
    ],
)
def test_each_key_is_refused_outside_its_values(keys: str, problem: str) -> None:
    [found] = problems(f"project: p\nbase_model: nova-micro\n{keys}\n".encode())
    assert found.startswith(problem)


def test_shares_and_a_group_key_at_the_edge_of_what_is_allowed_are_taken() -> None:
    data = b"{train: t.jsonl, validation_share: 0, test_share: 0.5, group_key: customer_id}"
    job = parse_job(SMALL.replace(b"train.jsonl", data), source="job.yaml")
    assert (job.data.validation_share, job.data.test_share, job.data.group_key) == (0, 0.5, "customer_id")


def test_a_model_that_is_served_by_the_hour_alone_needs_no_serving_path() -> None:
    job = parse_job(SMALL.replace(b"nova-micro", b"llama-3.1-8b"), source="job.yaml")
    assert job.serving_path == "provisioned"


def test_no_outcome_at_all_may_be_told() -> None:
    assert parse_job(SMALL + b"notify: {outcomes: []}", source="job.yaml").notify.outcomes == ()


def test_text_that_yaml_takes_for_something_else_is_explained() -> None:
    [problem] = problems(SMALL.replace(b"support-triage", b"no"))
    assert "project: False is not allowed" in problem
    assert "in quotes" in problem


def test_a_huge_value_is_quoted_short() -> None:
    digits = problems(SMALL.replace(b"support-triage", b"0x" + b"f" * 5000))
    assert "a number of thousands of digits" in digits[0]
    [long] = problems(SMALL.replace(b"support-triage", b"x" * 5000))
    assert len(long) < 300


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "job.yaml: holds no keys"),
        (b"- 1", "job.yaml: holds no keys"),
        (b"\xff", "job.yaml: is not UTF-8 text (byte 0)"),
        (b"a: 1\nb: 2\na: 3", "job.yaml, line 3: the key 'a' stands twice"),
        (b"a: b: c", "job.yaml, line 1: mapping values are not allowed here"),
        (b"a: &x 1\nb: *x", "job.yaml, line 2: aliases (*) are not read"),
        (b"a: !!python/object:os.system {}", "job.yaml, line 1: could not determine a constructor"),
        (b"[1]: 2", "job.yaml, line 1: a key must be plain text"),
        (b"[" * 30_000, "job.yaml, line 1: is nested too deeply"),
        (b"- " * 20_000, "job.yaml: is nested too deeply"),
        (b"\x00", "job.yaml: unacceptable character"),
        (b"project: 2001-99-99", "job.yaml: month must be in 1..12"),
        (b"#" * (MAX_BYTES + 1), f"job.yaml: has {MAX_BYTES + 1} bytes; allowed are {MAX_BYTES}"),
    ],
)
def test_a_file_that_is_no_usable_yaml_is_refused_with_the_place(data: bytes, problem: str) -> None:
    [found] = problems(data)
    assert found.startswith(problem)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b'{"a": 1,\n "a": 2}', "job.json: the key 'a' stands twice"),
        (b'{"a": NaN}', "job.json: NaN is no JSON"),
        (b'{"a":\n', "job.json, line 2: Expecting value"),
        (b"[" * 60_000, "job.json: is nested too deeply"),
    ],
)
def test_a_file_that_is_no_usable_json_is_refused_with_the_place(data: bytes, problem: str) -> None:
    [found] = problems(data, "job.json")
    assert found.startswith(problem)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    st.from_regex(names.PROJECT_PATTERN, fullmatch=True).filter(lambda p: len(p) <= names.PROJECT_MAX_LENGTH)
)
def test_every_legal_project_name_is_taken(project: str) -> None:
    data = json.dumps({"project": project, "base_model": "nova-micro", "data": "train.jsonl"}).encode()
    assert parse_job(data, source="job.json").project == project


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.binary(max_size=200) | st.text(alphabet=" \n:-[]{}&*!|>'\"%@`ab1", max_size=60).map(str.encode))
def test_arbitrary_bytes_end_in_problems_and_never_in_a_crash(data: bytes) -> None:
    for source in ("job.yaml", "job.json"):
        assert problems(data, source)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    st.dictionaries(
        st.sampled_from(
            ["project", "base_model", "data", "kind", "hyperparameters", "training", "budget", "seed", "x"]
        ),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
            ),
            max_leaves=5,
        ),
        min_size=1,
    )
)
def test_arbitrary_values_end_in_problems_and_never_in_a_crash(values: dict[str, object]) -> None:
    with pytest.raises(JobFileError):
        parse_job(json.dumps(values).encode(), source="job.json")


@pytest.mark.parametrize("policy", ["report", "mask", "refuse"])
def test_what_becomes_of_sensitive_data_is_said_and_reported_by_default(policy: str) -> None:
    said = SMALL.replace(b"train.jsonl", f"{{train: t.jsonl, sensitive: {policy}}}".encode())
    assert parse_job(said, source="job.yaml").data.sensitive == policy
    assert parse_job(SMALL, source="job.yaml").data.sensitive == "report"
    [problem] = problems(SMALL.replace(b"train.jsonl", b"{train: t.jsonl, sensitive: drop}"))
    assert problem.startswith("data.sensitive: 'drop' is not allowed; allowed is report (count")


def test_a_data_file_s_name_says_whether_it_is_a_table_and_may_end_in_how_it_is_compressed() -> None:
    for path in (
        "a/train.jsonl.gz",
        "train.jsonl.zst",
        "t.csv",
        "t.csv.gz",
        "t.csv.zst",
        "logs.json.gz",
        "t.parquet",
    ):
        job = parse_job(SMALL.replace(b"train.jsonl", path.encode()), source="job.yaml")
        assert job.data.train == path
    for name in (
        b"train.gz",
        b"train.jsonl.bz2",
        b"train.jsonl.gz.gz",
        b"train.json",
        b"train.xlsx",
        b"t.parquet.gz",
    ):
        [problem] = problems(SMALL.replace(b"train.jsonl", name))
        assert "allowed is the path of a .jsonl, .csv or .parquet file (or" in problem


def test_columns_of_a_table_are_named_field_by_field() -> None:
    said = b"{train: t.csv, group_key: customer, columns: {prompt: 'Question?', customer: ' Customer id '}}"
    job = parse_job(SMALL.replace(b"train.jsonl", said), source="job.yaml")
    assert job.data.columns == {"prompt": "Question?", "customer": "Customer id"}
    assert parse_job(json.dumps(job.to_json()).encode(), source="job.json") == job


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (
            "{train: t.csv, columns: {promt: q}}",
            "data.columns.promt: is no field (did you mean 'prompt'?); allowed",
        ),
        ("{train: t.csv, columns: {customer: c}}", "allowed are prompt, completion, system"),
        (
            "{train: t.jsonl, columns: {prompt: q}}",
            "data.columns: is not allowed without a .csv or .parquet file",
        ),
        (
            "{train: t.csv, columns: {prompt: ''}}",
            "data.columns.prompt: '' is not allowed; allowed is prompt,",
        ),
        ("{train: t.csv, columns: [q, a]}", "data.columns: ['q', 'a'] is not allowed"),
    ],
)
def test_a_column_that_cannot_be_meant_is_refused(data: str, said: str) -> None:
    [problem] = problems(SMALL.replace(b"train.jsonl", data.encode()))
    assert said in problem


@pytest.mark.parametrize("grader", ["numeric", "arn:aws:lambda:us-east-1:123456789012:function:my-grader:7"])
def test_a_reinforcement_names_a_grader_of_tunesmiths_or_a_function(grader: str) -> None:
    text = f"kind: reinforcement\nreinforcement: {{grader: '{grader}'}}\n".encode()
    job = parse_job(SMALL + text, source="job.yaml")
    assert job.reinforcement is not None
    assert job.reinforcement.own_grader == ("numeric" if grader == "numeric" else "")


def test_the_model_of_a_job_has_the_limits_of_its_kind() -> None:
    text = b"project: p\nbase_model: nova-2-lite\ndata: t.jsonl\n"
    asked = b"kind: reinforcement\nreinforcement: {grader: numeric}\n"
    tuned = parse_job(text, source="job.yaml").model
    rewarded = parse_job(text + asked, source="job.yaml").model
    assert (tuned.minimum_records, rewarded.minimum_records) == (200, 100)
    assert (tuned.record_format, rewarded.record_format) == ("converse", "openai_chat")
    assert list(tuned.hyperparameters) == ["epochCount"]
    assert "trainingSamplePerPrompt" in rewarded.hyperparameters
    longer = text + asked + b"hyperparameters: {maxPromptLength: 9000}"
    longest = [parse_job(one, source="job.yaml").model.tokens_per_prompt for one in (text + asked, longer)]
    assert longest == [4096, 9000]


# --- guardrails


GENERAL = {"name": "general", "metric": "exact_match", "margin": 5, "file": "general.jsonl"}


def guarded(*guardrails: object, group_key: str | None = "meta.customer") -> bytes:
    data = {"train": "train.jsonl", **({"group_key": group_key} if group_key else {})}
    job = {"project": "p", "base_model": "nova-micro", "data": data, "evaluation": {"guardrails": guardrails}}
    return json.dumps(job).encode()


def test_a_guardrail_has_a_file_or_a_slice_or_looks_at_the_whole_blind_test() -> None:
    german = {"name": "german", "metric": "token_f1", "margin": 2.5}
    german["slice"] = {"field": "meta.language", "value": "de"}
    polite = {"name": "polite", "metric": "refusals", "margin": 1}
    job = parse_job(guarded(GENERAL, german, polite), source="job.json")

    assert job.files_by_role() == {"train": "train.jsonl", "guardrail-general": "general.jsonl"}
    assert [one.margin for one in job.evaluation.guardrails] == [5, 2.5, 1]
    assert job.read_as("guardrail-general")["group_key"] is None
    assert job.read_as("train")["group_key"] == "meta.customer"
    assert parse_job(json.dumps(job.to_json()).encode(), source="job.json") == job


@pytest.mark.parametrize(
    ("guardrails", "group_key", "words"),
    [
        ([GENERAL] * 4, "meta.customer", "evaluation.guardrails: "),
        ([GENERAL, {**GENERAL, "file": "b.jsonl"}], "meta.customer", "share a name"),
        ([{**GENERAL, "file": "train.jsonl"}], "meta.customer", "'train.jsonl' is used twice"),
        ([{**GENERAL, "metric": "bleu"}], "meta.customer", "guardrails.0.metric: 'bleu' is not allowed"),
        ([{**GENERAL, "margin": 0}], "meta.customer", "guardrails.0.margin: 0 is not allowed"),
        ([{**GENERAL, "limit": 1}], "meta.customer", "guardrails.0.limit: is no key of a job file"),
        (
            [{**GENERAL, "slice": {"field": "meta.a", "value": "b"}}],
            "meta.customer",
            "guardrails.0: has both file and slice",
        ),
        (
            [{**GENERAL, "file": None, "slice": {"field": "other.a", "value": "b"}}],
            "meta.customer",
            "guardrails.0.slice.field: 'other.a' is not allowed; allowed is a field below meta",
        ),
        (
            [{**GENERAL, "file": None, "slice": {"field": "meta.a", "value": "b"}}],
            None,
            "allowed is a slice beside data.group_key",
        ),
    ],
)
def test_guardrails_that_cannot_be_meant_are_refused(
    guardrails: list[object], group_key: str | None, words: str
) -> None:
    (problem,) = problems(guarded(*guardrails, group_key=group_key), source="job.json")
    assert words in problem


JUDGED = b"project: p\nbase_model: BASE\ndata: t.jsonl\nevaluation: {metric: judge, judge: {model: MODEL}}\n"


def judged(model: str, base: str = "nova-micro", more: bytes = b"") -> bytes:
    return JUDGED.replace(b"BASE", base.encode()).replace(b"MODEL", model.encode()) + more


@pytest.mark.parametrize(
    ("model", "asked_as"),
    [
        ("llama-3.3-70b", "us.meta.llama3-3-70b-instruct-v1:0"),
        ("llama-3.1-405b", "meta.llama3-1-405b-instruct-v1:0"),
        ("us.anthropic.claude-sonnet-4-20250514-v1:0", "us.anthropic.claude-sonnet-4-20250514-v1:0"),
    ],
)
def test_a_judge_is_a_model_of_the_catalogue_or_any_that_bedrock_has(model: str, asked_as: str) -> None:
    job = parse_job(judged(model), source="job.yaml")
    assert job.evaluation.judge is not None
    judge = find_judge(job.evaluation.judge.model)
    assert judge.invocation_id == asked_as
    assert not judge.id.startswith("us.")
    assert job.evaluation.answered_twice == 0
    assert parse_job(json.dumps(job.to_json()).encode(), source="job.json") == job


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (judged("nova-pro"), "of the same maker (amazon) as the base model, Amazon Nova Micro"),
        (judged("us.amazon.nova-premier-v1:0"), "of the same maker (amazon) as the base model"),
        (judged("llama-3.3-70b", base="llama-3.1-8b"), "of the same maker (meta) as the base model"),
        (
            judged("nova-pro", more=b"kind: distillation\ndistillation: {teacher: nova-pro}\n"),
            "as the teacher, Amazon Nova Pro",
        ),
        (judged("gpt 4"), "evaluation.judge.model: 'gpt 4' is not allowed"),
        (
            b"project: p\nbase_model: nova-micro\ndata: t.jsonl\nevaluation: {metric: judge}\n",
            "evaluation.judge: is missing",
        ),
        (
            judged("llama-3.3-70b").replace(b"metric: judge, ", b""),
            "evaluation.judge: is not allowed with another metric",
        ),
    ],
)
def test_a_judge_that_cannot_be_impartial_or_is_none_is_refused(data: bytes, problem: str) -> None:
    assert any(problem in one for one in problems(data)), problems(data)


def test_a_judge_beside_the_champions_base_is_held_against_it_once_that_is_known() -> None:
    job = parse_job(judged("nova-pro", base="champion"), source="job.yaml")
    (problem,) = judge_problems(job.on("amazon.nova-micro-v1:0"))
    assert "Amazon Nova Pro is of the same maker (amazon)" in problem


def test_a_question_whether_to_tune_names_the_run_that_would() -> None:
    job = parse_job(b"project: p\nbase_model: nova-micro\ndata: t.jsonl\nkind: advise", source="job.yaml")
    assert (job.customization.tunes, job.tuning().kind) == (False, "fine-tuning")
    assert job.tuning().tuning() == job.tuning()
    assert job.model == job.tuning().model


def test_a_question_whether_to_tune_is_asked_of_a_base_model() -> None:
    [told] = problems(b"project: p\nbase_model: champion\ndata: t.jsonl\nkind: advise")
    assert told == (
        "base_model: 'champion' is not allowed with kind: advise, since nothing is trained;"
        " allowed is to name a base model"
    )


def test_a_question_whether_to_tune_has_no_candidate_for_a_judge_to_compare() -> None:
    told = problems(judged("llama-3.3-70b", more=b"kind: advise\n"))
    [problem] = told
    assert problem.startswith("evaluation.judge: is not allowed with kind: advise, since nothing is trained;")
