"""How is an outcome said in words: headline, next step, message?"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from tunesmith.evaluation.advice_answers import CALLED
from tunesmith.evaluation.answers import CHAMPION, FEW_SHOT

MOST_SUBJECT_CHARACTERS: Final = 100
"""Amazon SNS: a subject has at most 100 ASCII characters."""

_COMPARED: Final = {CHAMPION: "the champion", FEW_SHOT: "the base model with examples"}
_HEADLINES: Final = {
    "promoted": "The tuned model is better, and in service",
    "rejected": "The tuned model was not put into service",
    "inconclusive": "The blind test cannot tell whether the tuned model is better",
    "invalid": "The data cannot be used, so nothing was trained",
    "refused": "The plan cannot work, so nothing was trained",
    "over_budget": "The cost is not covered, so nothing was trained",
    "denied": "The run was not approved, so nothing was trained",
    "advised": "Whether to tune was looked at; nothing was trained",
    "failed": "Something broke on the way",
    "": "The run is in progress",
}
_ADVISED: Final = {
    "tune": "Tune: there is something to learn, and room for it",
    "do_not": "Do not tune",
    "cannot_say": "It cannot be said yet whether to tune",
}


def headline(document: Mapping[str, Any]) -> str:
    """Say the verdict in one line, with the gain where it carries the verdict."""
    gain = gain_of(document)
    other = over(document)
    is_base = other == "the base model"
    if document["outcome"] == "advised" and document.get("advice"):
        return _ADVISED[document["advice"]["answer"]]
    if document["by_hand"] and document["outcome"] == "promoted":
        return "The tuned model was put into service by hand, whatever the verdict was"
    if gain is not None and document["outcome"] == "promoted":
        than = "" if is_base else f" than {other}"
        return f"The tuned model is better{than} by {gain['value']:.1f} points, and in service"
    if gain is not None and document["outcome"] == "rejected" and gain["high"] < gain["minimum"]:
        points = f"{signed(gain['value'])} points{'' if is_base else f' over {other}'}"
        return f"The tuned model is not better enough: {points}"
    return _HEADLINES[document["outcome"]]


def next_step(document: Mapping[str, Any]) -> str:
    """Say what a person does next."""
    champion = document["champion"]
    this = f"{document['run']} --env {document['environment']}"
    kept = next(
        (item for item in document["capacity"] if item["what"] == "model" and item["state"] == "open"), None
    )
    stays = (
        f" The model {kept['name']} is kept until {day(kept['expires'])}, then it goes by itself."
        if kept is not None and kept["expires"]
        else ""
    )
    match document["outcome"]:
        case "promoted" if champion is not None:
            return (
                "Call the champion by its ARN, or read the ARN from the parameter"
                f" {champion['parameter']}: both stay the same when the next model is promoted."
            )
        case "inconclusive" if (document["evaluation"] or {}).get("reports_only"):
            return (
                f"Check the judge: `tunesmith label {this}` makes a sheet of pairs for people to label, and"
                f" reads it back. Then `tunesmith resume {this}` decides, without asking any model again."
                + stays
            )
        case "inconclusive":
            return (
                "Enlarge the blind test by uploading more records, or ask for another minimum gain. To put"
                f" the model into service all the same: `tunesmith promote {this}`." + stays
            )
        case "refused":
            return (
                "Change the job file as the reason says, then upload it again. Where it was the account that"
                f" had to change: `tunesmith resume {this}`."
            )
        case "over_budget":
            return (
                "Raise budget.limit_usd, or train fewer records or epochs, then upload the job file again."
                f" After adding a missing price: `tunesmith resume {this}`."
            )
        case "advised":
            return _AFTER_ADVICE[(document.get("advice") or {"answer": "cannot_say"})["answer"]]
        case "denied":
            return f"Nothing was paid. To ask again, once it would be approved: `tunesmith resume {this}`."
        case "failed":
            return (
                f"Mend what the reason names, then go on with what is there: `tunesmith resume {this}`. Where"
                " Bedrock failed the job, only a change starts anew: another `seed` is enough." + stays
            )
        case _:
            return _NEXT.get(document["outcome"], "")


_NEXT: Final = {
    "rejected": (
        "Nothing was put into service. Look at the answers that went wrong, add examples like them and upload"
        " again: a changed job file or changed data starts a new run."
    ),
    "invalid": "Mend or remove the lines that the data section lists, then upload the file again.",
}
_AFTER_ADVICE: Final = {
    "tune": (
        "Take `kind: advise` out of the job file and submit it again: that run tunes. It is judged on the"
        " same blind test, on which this advice has spent nothing."
    ),
    "do_not": "Nothing was trained. Ask again when the data has changed: changed data starts a new run.",
    "cannot_say": "Do one of the things that would settle it, then submit again.",
}


def subject(document: Mapping[str, Any]) -> str:
    """Say the outcome in a mail's subject: at most 100 ASCII characters."""
    text = f"Tunesmith {document['project']}: {document['outcome'].replace('_', ' ')}"
    gain = gain_of(document)
    if document.get("advice"):
        text += f", {CALLED[document['advice']['answer']].lower()}"
    if gain is not None:
        text += f", gain {gain['value']:+.1f} points"
    return text.encode("ascii", "replace").decode()[:MOST_SUBJECT_CHARACTERS]


def message(document: Mapping[str, Any], report_uri: str) -> str:
    """Say outcome, reason, gain, cost, report and next step in a few lines."""
    lines = [headline(document) + ".", document["reason"], ""]
    gain = gain_of(document)
    if gain is not None:
        lines.append(
            f"Gain over {over(document)}: {gain['value']:+.1f} points,"
            f" {gain['level']:.3g}% interval {gain['low']:+.1f} to {gain['high']:+.1f},"
            f" needed more than {gain['minimum']:+.1f}."
        )
    cost = document["cost"]
    if cost["estimated"] is not None:
        at_least = "" if cost["actual_is_complete"] else "at least "
        lines.append(f"Cost: {at_least}{money(cost['actual'])}, estimated {money(cost['estimated'])}.")
    elif cost["actual"]:
        lines.append(f"Cost: {money(cost['actual'])}, for preparing the data on the cluster.")
    lines += [f"Report: {report_uri}", f"Run: {document['run']}", "", document["next_step"]]
    if document["environment"] == "local":
        lines += ["", STAND_IN]
    return "\n".join(lines).strip() + "\n"


def data_findings(report: Mapping[str, Any]) -> list[str]:
    """Say what the records showed together, and whether they prove anything."""
    repeated = report["repeated"]
    findings = report.get("findings", [])  # a run that was prepared before has none
    broken = {each["rule"] for each in findings}
    told = [
        report.get("task", {}).get("told", ""),
        f"{repeated['records']:,} different records are for training, each {repeated['times']:,} times,"
        " as data.repeat_to asks; validation and blind test hold each once."
        if repeated["times"] > 1
        else "",
        *(
            f"{_sentence(each['reason'].rstrip('.'))} ({each['rule']})"
            for each in findings
            if each["rule"] not in _TOLD_OF_EACH_FILE
        ),
        "" if broken & {"TD025", "TD030"} else "No near-duplicates were found.",
        "" if "TD026" in broken else "Nothing in training is like validation or blind test.",
        "The records are enough for the blind test to prove something." if report["proven"] else "",
    ]
    return [sentence for sentence in told if sentence]


_TOLD_OF_EACH_FILE: Final = ("TD024", "TD028")
STAND_IN: Final = (
    "These figures come from the local stand-in for Amazon Bedrock: a small linear model learned from the"
    " records, no language model was asked, and nothing was paid: amounts are by AWS's prices."
)


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}." if words else ""


def gain_of(document: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Find the gain, None where nothing was compared."""
    gain: Mapping[str, Any] | None = (document["evaluation"] or {}).get("gain")
    return gain


def over(document: Mapping[str, Any]) -> str:
    """Say over which model the gain is told."""
    comparator = (document["evaluation"] or {}).get("comparator", "")
    return _COMPARED.get(comparator, "the base model")


def money(usd: float | None) -> str:
    """Spell an amount of US dollars with as many decimals as it needs to be told from nothing."""
    if usd is None:
        return "not known"
    if usd == 0 or abs(usd) >= 0.1:
        return f"${usd:,.2f}"
    return f"${usd:.4f}" if abs(usd) >= 0.0001 else "under $0.0001"


def signed(value: float, decimals: int = 1) -> str:
    """Spell a difference with its sign, a true minus sign included."""
    return f"{value:+,.{decimals}f}".replace("-", "\N{MINUS SIGN}")


def price(usd: float) -> str:
    """Spell a unit price in plain decimals, all that it has."""
    return f"${format(Decimal(repr(usd)), 'f')}"


def number(value: float) -> str:
    """Spell a quantity without needless decimals."""
    return f"{value:,.0f}" if value == round(value) else f"{value:,.2f}"


def duration(seconds: float) -> str:
    """Spell a duration in its two largest units."""
    minutes, left = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [(days, "d"), (hours, "h"), (minutes, "min"), (left, "s")]
    first = next((number for number, (count, _) in enumerate(parts) if count), len(parts) - 1)
    return " ".join(f"{count} {unit}" for count, unit in parts[first : first + 2] if count) or "0 s"


def day(time: str) -> str:
    """Spell an ISO 8601 time as a day and minute of UTC."""
    return f"{time[:10]} {time[11:16]} UTC" if len(time) > 15 else time
