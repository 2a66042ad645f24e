"""How is the ledger read and written? One DynamoDB table; conditional writes make every repeat harmless."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError

from tunesmith import ledger, names
from tunesmith.aws import clients
from tunesmith.errors import ChampionChangedError, RecordMissingError, RunClosedError, RunOpenError
from tunesmith.ledger import (
    Approval,
    Capacity,
    CapacityKind,
    CapacityState,
    Champion,
    JudgeLabels,
    Run,
    Step,
    StepRecord,
)
from tunesmith.serving.capacity import seconds_between

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_Record = TypeVar("_Record", Run, Approval, Capacity, Champion, JudgeLabels)
_SERIALIZE: Final = TypeSerializer().serialize
_DESERIALIZE: Final = TypeDeserializer().deserialize


class LedgerTable:
    """The ledger of one environment."""

    def __init__(self, table: str, client: DynamoDBClient | None = None) -> None:
        self._table = table
        self._client = client or clients.dynamodb()

    # --- runs

    def create_run(self, run: Run) -> bool:
        """Enter a run; False where it is entered already: this conditional put is the idempotency."""
        created = self._put_once(ledger.run_key(run.run), asdict(run))
        # Listed in any case: a crash may have come between the two writes of an earlier delivery.
        started = run.created if created else self.run(run.run).created
        self._put(ledger.project_run_key(run.project, started, run.run), {"run": run.run, "created": started})
        return created

    def run(self, run: str) -> Run:
        """Read a run; RecordMissingError where the ledger has none of that id."""
        found = self.find_run(run)
        if found is None:
            raise RecordMissingError(
                f"the ledger has no run {run!r}; list the known ones with `tunesmith runs`"
            )
        return found

    def find_run(self, run: str) -> Run | None:
        """Read a run; None where the ledger has none of that id."""
        item = self._get(ledger.run_key(run))
        return None if item is None else _record(Run, item)

    def require_open(self, run: str) -> Run:
        """Read a run that acting steps may still work for; RunClosedError once it is over."""
        found = self.run(run)
        if found.closed:
            raise RunClosedError(
                f"run {run} was closed at {found.closed} ({found.outcome}); nothing more is started for it"
            )
        return found

    def update_run(self, run: str, **values: Any) -> None:
        """Set attributes of a run that exists."""
        self._update(ledger.run_key(run), values)

    def close_run(self, run: str, *, outcome: str, reason: str, now: str, attempt: int | None = None) -> Run:
        """Close a run once; the first outcome stands. Returns the run as it is afterwards.

        With an attempt it is closed unless a later one has begun since.
        """
        condition, extra = "closed = :nothing", {":nothing": ""}
        given: dict[str, Any] = {} if attempt is None else {":attempt_of_closing": attempt}
        try:
            self._update(
                ledger.run_key(run),
                {"closed": now, "outcome": outcome, "reason": reason},
                condition=f"{condition} AND attempt <= :attempt_of_closing" if given else condition,
                extra={**extra, **given},
            )
        except ClientError as error:
            if not _is_condition(error):
                raise
        return self.run(run)

    def reopen_run(self, run: str, *, by_hand: str = "") -> Run:
        """Open a closed run for another execution, which adopts what exists; returns it as it is then.

        Its steps but the admission are forgotten, since the new execution goes through all of them again.
        Raises RunOpenError where the run is not closed: its execution is still at work.
        """
        found = self.run(run)
        values = {"closed": "", "outcome": "", "reason": "", "announced": "", "by_hand": by_hand}
        try:
            self._update(
                ledger.run_key(run),
                {**values, "attempt": found.attempt + 1},
                condition="closed <> :nothing AND attempt = :attempt_before",
                extra={":nothing": "", ":attempt_before": found.attempt},
            )
        except ClientError as error:
            if not _is_condition(error):
                raise
            raise RunOpenError(
                f"run {run} is still open in its execution {names.execution_name(run, found.attempt)}; "
                "wait for its end, or stop that execution first"
            ) from error
        for step in self.steps(run):
            if step.step is not Step.ADMIT:
                self._client.delete_item(TableName=self._table, Key=_item(ledger.step_key(run, step.step)))
        return self.run(run)

    def runs(self, project: str) -> list[Run]:
        """List a project's runs, latest first."""
        listed = self._query({"pk": f"PROJECT#{project}"}, prefix="RUN#")
        return [self.run(item["run"]) for item in reversed(list(listed))]

    # --- steps

    def begin_step(
        self, run: str, step: Step, now: str, summary: str = "", figures: Mapping[str, Any] | None = None
    ) -> None:
        """Record that a step began (or what it found); a repeat keeps the first start."""
        values: dict[str, Any] = {"summary": summary, "figures": dict(figures or {})}
        names = {f"#{key}": key for key in values}
        self._client.update_item(
            TableName=self._table,
            Key=_item(ledger.step_key(run, step)),
            UpdateExpression="SET started = if_not_exists(started, :now), "
            "#summary = :summary, #figures = :figures",
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=_item({":now": now, **{f":{k}": v for k, v in values.items()}}),
        )

    def steps(self, run: str) -> list[StepRecord]:
        """List a run's steps in their order."""
        return [
            StepRecord(
                step=Step(item["sk"].rsplit("#", 1)[1]),
                started=item["started"],
                summary=item["summary"],
                figures=item["figures"],
            )
            for item in self._query({"pk": f"RUN#{run}"}, prefix="STEP#")
        ]

    # --- approval

    def ask_approval(self, approval: Approval) -> None:
        """Enter what a run asks, in the place of what it asked before."""
        self._put(ledger.approval_key(approval.run), asdict(approval))

    def approval(self, run: str) -> Approval | None:
        """Read what a run asked last, and the answer; None where it never asked."""
        item = self._get(ledger.approval_key(run))
        return None if item is None else _record(Approval, item)

    def answer_approval(self, run: str, token: str, *, answer: str, by: str, now: str) -> None:
        """Enter the answer to the question of that token, unless another question has been put since."""
        try:
            self._update(
                ledger.approval_key(run),
                {"token": token, "answer": answer, "by": by, "answered": now},
                condition="#token = :token",
            )
        except ClientError as error:
            if not _is_condition(error):
                raise

    # --- labels

    def put_judge_labels(self, labels: JudgeLabels) -> None:
        """Keep what people said of a judge's pairs, in the place of what was said before."""
        self._put(ledger.judge_key(labels.project, labels.fingerprint), asdict(labels))

    def judge_labels(self, project: str, fingerprint: str) -> JudgeLabels | None:
        """Read what people said of a judge's pairs; None where nobody labelled any."""
        item = self._get(ledger.judge_key(project, fingerprint))
        return None if item is None else _record(JudgeLabels, item)

    # --- decisions

    def count_decision(self, run: Run, now: str) -> int:
        """Count a run's decision on its blind test, from 1, and return its number; a repeat keeps the first.

        Of two runs that decide at the same moment, one is counted after the other.
        """
        sealed = ledger.decision_key(run.blind_sha256, 1)["pk"]
        while True:
            counted = [item["run"] for item in self._query({"pk": sealed}, prefix="DECISION#")]
            if run.run in counted:
                return counted.index(run.run) + 1
            number = len(counted) + 1
            values = {"run": run.run, "project": run.project, "decided": now}
            if self._put_once(ledger.decision_key(run.blind_sha256, number), values):
                return number

    # --- capacity

    def enter_capacity(self, capacity: Capacity) -> Capacity:
        """Enter capacity before it is requested; returns what the ledger already had, where it had it.

        An entry that was given back is opened again: its token then belongs to a new request. The run is
        checked in the same transaction, so that nothing is entered behind a release's back: RunClosedError.
        """
        key = ledger.capacity_key(capacity.run, capacity.token)
        item = _item({**asdict(capacity), ledger.OPEN_INDEX: ledger.OPEN_MARK, **key})
        put: dict[str, Any] = {
            "TableName": self._table,
            "Item": item,
            "ConditionExpression": "attribute_not_exists(pk) OR #state = :released",
            "ExpressionAttributeNames": {"#state": "state"},
            "ExpressionAttributeValues": _item({":released": str(CapacityState.RELEASED)}),
        }
        try:
            self._client.transact_write_items(
                TransactItems=cast("Any", [{"ConditionCheck": self._is_open(capacity.run)}, {"Put": put}])
            )
        except self._client.exceptions.TransactionCanceledException:
            self.require_open(capacity.run)
            found = self._get(key)
            if found is None:
                raise  # neither closed nor entered: another writer was in the way, a repeat settles it
            return _record(Capacity, found)
        return capacity

    def enter_stray(self, capacity: Capacity) -> None:
        """Enter capacity that exists although its run is over and the ledger lists it no longer."""
        key = ledger.capacity_key(capacity.run, capacity.token)
        self._put(key, {**asdict(replace(capacity, released="")), ledger.OPEN_INDEX: ledger.OPEN_MARK})

    def capacity(self, run: str) -> list[Capacity]:
        """List all capacity that a run ever entered."""
        return [_record(Capacity, item) for item in self._query({"pk": f"RUN#{run}"}, prefix="CAPACITY#")]

    def open_capacity(self) -> list[Capacity]:
        """List everything that is not given back yet, what expires first in front."""
        items = self._query({ledger.OPEN_INDEX: ledger.OPEN_MARK}, index=ledger.OPEN_INDEX)
        return [_record(Capacity, item) for item in items]

    def update_capacity(self, run: str, token: str, **values: Any) -> None:
        """Set attributes of capacity that was entered; what is open is listed as such again."""
        if values.get("state") == CapacityState.OPEN:
            values[ledger.OPEN_INDEX] = ledger.OPEN_MARK
        self._update(ledger.capacity_key(run, token), values)

    def release_capacity(self, run: str, token: str, now: str) -> None:
        """Mark capacity as given back, which takes it out of the open index; a repeat does nothing."""
        try:
            self._client.update_item(
                TableName=self._table,
                Key=_item(ledger.capacity_key(run, token)),
                UpdateExpression="SET #state = :released, released = :now REMOVE #open",
                ConditionExpression="attribute_exists(pk) AND #state <> :released",
                ExpressionAttributeNames={"#state": "state", "#open": ledger.OPEN_INDEX},
                ExpressionAttributeValues=_item({":released": CapacityState.RELEASED, ":now": now}),
            )
        except ClientError as error:
            if not _is_condition(error):
                raise

    def past_job_seconds(self, project: str, runs: int = 20) -> list[float]:
        """List how long the jobs of a project's latest runs took that are over."""
        items = [item for run in self.runs(project)[:runs] for item in self.capacity(run.run)]
        return [
            seconds_between(item.since, item.released)
            for item in items
            if item.kind is CapacityKind.JOB and item.arn and item.released
        ]

    # --- champions

    def champion(self, project: str) -> Champion | None:
        """Read a project's champion, None before the first promotion."""
        item = self._get(ledger.champion_key(project))
        return None if item is None else _record(Champion, item)

    def put_champion(
        self, champion: Champion, *, replaces: Champion | None, only_while_open: str = ""
    ) -> None:
        """Write a project's champion in place of the one that was read; with a run, only while that is open.

        Raises ChampionChangedError where another execution wrote one in between, or the run was closed.
        """
        put: dict[str, Any] = {
            "TableName": self._table,
            "Item": _item({**asdict(champion), **ledger.champion_key(champion.project)}),
            "ConditionExpression": "attribute_not_exists(pk)",
        }
        if replaces is not None:
            put["ConditionExpression"] = "run = :run AND arn = :arn"
            put["ExpressionAttributeValues"] = _item({":run": replaces.run, ":arn": replaces.arn})
        items: list[Any] = [{"Put": put}]
        if only_while_open:
            items.append({"ConditionCheck": self._is_open(only_while_open)})
        try:
            self._client.transact_write_items(TransactItems=items)
        except self._client.exceptions.TransactionCanceledException as error:
            before = replaces.run if replaces else "absent"
            closed = f", or run {only_while_open} was closed" if only_while_open else ""
            raise ChampionChangedError(
                f"the champion of {champion.project} is no longer {before}{closed}; nothing was written"
            ) from error

    def delete_champion(self, project: str) -> None:
        """Take a project's champion out, where a first promotion had to be rolled back."""
        self._client.delete_item(TableName=self._table, Key=_item(ledger.champion_key(project)))

    # --- the table

    def _is_open(self, run: str) -> dict[str, Any]:
        return {
            "TableName": self._table,
            "Key": _item(ledger.run_key(run)),
            "ConditionExpression": "closed = :nothing",
            "ExpressionAttributeValues": _item({":nothing": ""}),
        }

    def _get(self, key: dict[str, str]) -> dict[str, Any] | None:
        answer = self._client.get_item(TableName=self._table, Key=_item(key), ConsistentRead=True)
        return _plain(answer["Item"]) if "Item" in answer else None

    def _put(self, key: dict[str, str], values: Mapping[str, Any]) -> None:
        self._client.put_item(TableName=self._table, Item=_item({**values, **key}))

    def _put_once(self, key: dict[str, str], values: Mapping[str, Any]) -> bool:
        try:
            self._client.put_item(
                TableName=self._table,
                Item=_item({**values, **key}),
                ConditionExpression="attribute_not_exists(pk)",
            )
        except ClientError as error:
            if not _is_condition(error):
                raise
            return False
        return True

    def _update(
        self,
        key: dict[str, str],
        values: Mapping[str, Any],
        condition: str = "",
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        sets = ", ".join(f"#{name} = :{name}" for name in values)
        self._client.update_item(
            TableName=self._table,
            Key=_item(key),
            UpdateExpression=f"SET {sets}",
            ConditionExpression=" AND ".join(filter(None, ["attribute_exists(pk)", condition])),
            ExpressionAttributeNames={f"#{name}": name for name in values},
            ExpressionAttributeValues=_item({**{f":{k}": v for k, v in values.items()}, **(extra or {})}),
        )

    def _query(self, key: dict[str, str], prefix: str = "", index: str = "") -> Iterator[dict[str, Any]]:
        (name, value) = next(iter(key.items()))
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            **({"IndexName": index} if index else {"ConsistentRead": True}),
            KeyConditionExpression="#key = :key" + (" AND begins_with(sk, :prefix)" if prefix else ""),
            ExpressionAttributeNames={"#key": name},
            ExpressionAttributeValues=_item({":key": value, **({":prefix": prefix} if prefix else {})}),
        )
        for page in pages:
            yield from (_plain(item) for item in page["Items"])


def _item(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _SERIALIZE(_storable(value)) for name, value in values.items()}


def _storable(value: Any) -> Any:
    """DynamoDB takes no floats: a figure is stored as the decimal that prints like it."""
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, Mapping):
        return {key: _storable(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_storable(inner) for inner in value]
    return value


def _plain(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _DESERIALIZE(value) for name, value in item.items()}


def _record(cls: type[_Record], item: Mapping[str, Any]) -> _Record:
    values = {field.name: item[field.name] for field in fields(cls) if field.name in item}
    values |= {name: int(values[name]) for name in ("attempt", "keep_days", "chosen") if name in values}
    if cls is Capacity:
        values |= {"kind": CapacityKind(values["kind"]), "state": CapacityState(values["state"])}
    return cls(**values)


def _is_condition(error: ClientError) -> bool:
    return error.response["Error"]["Code"] == "ConditionalCheckFailedException"
