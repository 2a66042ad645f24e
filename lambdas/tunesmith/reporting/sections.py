"""What stands below the verdict? One function per section; each gives nothing where nothing is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from tunesmith.dataset import KINDS, POLICIES
from tunesmith.evaluation.metrics_registry import METRICS, metric_title
from tunesmith.evaluation.scores import SHOWN_BESIDE
from tunesmith.reporting import judge_section
from tunesmith.reporting.charts import Estimate, curve_chart, forest_chart, models_chart
from tunesmith.reporting.words import data_findings, day, duration, money, number, price


def comparison(evaluation: Mapping[str, Any] | None) -> str:
    """Show the models on the blind test: metric, gain, lengths, speed, price."""
    if evaluation is None or not all("value" in model for model in evaluation["models"]):
        return ""
    metric = metric_title(evaluation["metric"])
    models = evaluation["models"]
    charts = (
        f"<figure><h3>{escape(_capitalized(metric))} per model, in per cent</h3>"
        f"{models_chart(models, f'{metric} of each model with its 95% interval')}</figure>"
    )
    if any(one["gain"] for one in evaluation["comparisons"]):
        charts += (
            "<figure><h3>Gain of the candidate, in percentage points</h3>"
            f"{_gains(evaluation)}<figcaption>Dashed: an interval has to lie to the right of it. The verdict"
            f" hangs on {escape(evaluation['comparator'])}.</figcaption></figure>"
        )
    lost = (
        f" {evaluation['lost']:,} records were lost to failed calls and left out."
        if evaluation["lost"]
        else ""
    )
    return (
        "<section><h2>Comparison on the blind test</h2>"
        f'<p class="muted">{evaluation["n"]:,} records that training never saw, answered by every model.'
        f"{lost}</p>"
        f'<div class="pair">{charts}</div>{_models_table(evaluation, metric)}{_who_else(evaluation)}'
        f'{judge_section.judged(evaluation)}<p class="muted">{escape(_method(evaluation))}</p>'
        f"{_replays(evaluation)}</section>"
    )


def service(champion: Mapping[str, Any] | None) -> str:
    """Show the champion and how it is called."""
    if champion is None:
        return ""
    model = "this run's model" if champion["is_this_run"] else f"the model of run {champion['run']}"
    previous = (
        f"<dt>Kept for a rollback</dt><dd>{escape(champion['previous'])}</dd>" if champion["previous"] else ""
    )
    call = (
        f'arn = boto3.client("ssm").get_parameter(Name="{champion["parameter"]}")["Parameter"]["Value"]\n'
        'boto3.client("bedrock-runtime").converse(\n'
        '    modelId=arn, messages=[{"role": "user", "content": [{"text": "..."}]}]\n)'
    )
    return (
        "<section><h2>In service</h2>"
        f"<p>The champion is {escape(model)}, since {escape(day(champion['since']))}.</p>"
        f'<dl class="facts"><dt>ARN to call</dt><dd><code>{escape(champion["arn"])}</code></dd>'
        f"<dt>Parameter with the ARN</dt><dd><code>{escape(champion['parameter'])}</code></dd>"
        f"<dt>Custom model</dt><dd><code>{escape(champion['model_arn'])}</code></dd>{previous}</dl>"
        f"<pre>{escape(call)}</pre></section>"
    )


def training(section: Mapping[str, Any]) -> str:
    """Show each customization job with its curves, and how it came to the model that was kept."""
    if not section["jobs"]:
        return ""
    told = "".join(
        f"<li>{escape(decision['why'])} <small>{escape(day(decision['at']))}</small></li>"
        for decision in section["decisions"]
    )
    decisions = f"<ol>{told}</ol>" if told else ""
    if section["continues"]:
        decisions = (
            f"<p>It goes on from {escape(section['continues'])}. What that model and those before it were"
            f" trained on stays in training: none of it is in the blind test.</p>{decisions}"
        )
    rows = "".join(
        f"<tr><th>{escape(choice['name'])}</th>{_figure_cell(choice['value'])}"
        f'<td class="after">{escape(choice["why"])}</td></tr>'
        for choice in section["hyperparameters"]
    )
    chosen = (
        '<table><thead><tr><th>Hyperparameter</th><th class="n">Value</th><th class="after">Why</th></tr>'
        f"</thead><tbody>{rows}</tbody></table>"
        if rows
        else ""
    )
    jobs = "".join(map(_job, section["jobs"]))
    return f"<section><h2>Training</h2>{decisions}{chosen}{jobs}</section>"


def data(report: Mapping[str, Any] | None) -> str:
    """Show what came in, what was rejected and why, and how it was split."""
    if report is None:
        return ""
    split = report["split"]
    total = sum(part["records"] for part in split.values())
    names = {"train": "training", "validation": "validation", "test": "blind test"}
    bar = "".join(
        f'<span class="s{number}" style="flex:{part["records"]}"></span>'
        for number, part in enumerate(split.values())
        if part["records"]
    )
    parts = "".join(
        f'<span><i class="s{number}"></i>{escape(names.get(name, name))} <b>{part["records"]:,}</b></span>'
        for number, (name, part) in enumerate(split.items())
    )
    shares = f'<div class="share">{bar}</div><div class="parts">{parts}</div>' if total else ""
    files = "".join(_file(file) for file in report["files"].values())
    where = (
        '<p class="muted">Every line that was rejected or quarantined: '
        f"<code>{escape(report['rejected_uri'])}</code></p>"
    )
    found = "".join(f"<li>{escape(sentence)}</li>" for sentence in data_findings(report))
    return (
        f"<section><h2>Data</h2>{shares}{files}<ul>{found}</ul>"
        f"{where if _any_problem(report) else ''}</section>"
    )


def cost(section: Mapping[str, Any]) -> str:
    """Show the estimate and what was paid, item by item."""
    if not section["items"]:
        return ""
    rows = "".join(
        f"<tr><th>{escape(item['what'])}<br><small>{_quantity(item)}</small></th>"
        f"{_amounts(*(_paid(item[name]) for name in ('estimated_usd', 'actual_usd', 'running_usd')))}</tr>"
        for item in section["items"]
    )
    bounds = f"Expected between {money(section['low'])} and {money(section['high'])}"
    if section["estimated"] is None:
        bounds = "The run ended before it was estimated"
    notes = "".join(f'<p class="muted">{escape(note)}</p>' for note in section["notes"])
    more = "" if section["actual_is_complete"] else " or more"
    return (
        "<section><h2>Cost</h2>"
        f'<p class="muted">{bounds}; the limit was {money(section["limit"])}.</p>'
        '<table class="stack"><thead><tr><th>Item</th><th class="n">Estimated</th><th class="n">Actual</th>'
        f'<th class="n">Running total</th></tr></thead><tbody>{rows}<tr class="sum"><th>Together</th>'
        f"{_amounts(money(section['estimated']), money(section['actual']) + more)}"
        f"<td></td></tr></tbody></table>{notes}</section>"
    )


def capacity(items: Sequence[Mapping[str, Any]]) -> str:
    """Show everything that costs or cost money, and when it goes."""
    if not items:
        return ""
    rows = "".join(
        f"<tr><th>{escape(item['what'])} <code>{escape(item['name'])}</code></th>"
        f'<td data-label="For">{escape(item["purpose"])}</td><td data-label="State">{_state(item)}</td>'
        f'<td data-label="Costs">{_rate(item)}</td><td data-label="Goes">{_goes(item)}</td></tr>'
        for item in items
    )
    return (
        '<section><h2>Capacity</h2><p class="muted">Everything of this run that costs or cost money.</p>'
        '<table class="stack"><thead><tr><th>What</th><th>For</th><th>State</th><th>Costs</th><th>Goes</th>'
        f"</tr></thead><tbody>{rows}</tbody></table></section>"
    )


def steps(items: Sequence[Mapping[str, Any]]) -> str:
    """Show the run's steps with what each found and how long it took."""
    longest = max((item["seconds"] for item in items), default=0) or 1
    rows = "".join(
        f'<li><b>{escape(item["name"])}</b><span class="took">{escape(duration(item["seconds"]))}</span>'
        f"<p>{escape(item['summary'])}</p>"
        f'<span class="bar" style="width:{100 * item["seconds"] / longest:.1f}%"></span></li>'
        for item in items
    )
    return f'<section><h2>Steps</h2><ol class="steps">{rows}</ol></section>' if items else ""


def _gains(evaluation: Mapping[str, Any]) -> str:
    rows = [
        Estimate(
            label=f"over {one['comparator']}{', informs only' if one['informs'] else ''}",
            value=one["gain"]["value"],
            low=one["gain"]["low"],
            high=one["gain"]["high"],
            limit=None if one["informs"] else one["gain"]["minimum"],
            stands_out=one["comparator"] == evaluation["comparator"],
        )
        for one in evaluation["comparisons"]
        if one["gain"]
    ]
    return forest_chart(rows, "gain of the candidate over each model, against what is needed")


def _models_table(evaluation: Mapping[str, Any], metric: str) -> str:
    models = evaluation["models"]
    lines = {
        _capitalized(metric): [f"{model['value']:.1f}%" for model in models],
        **_read_leniently(models),
        **{
            _capitalized(METRICS[other].title): [f"{model[other]:.1f}%" for model in models]
            for other in SHOWN_BESIDE
            if other != evaluation["metric"]
        },
        "Records": [f"{evaluation['n']:,}" for _ in models],
        "Output tokens, mean": [f"{model['output_tokens_mean']:.1f}" for model in models],
        "Input tokens, mean": [f"{model['input_tokens_mean']:.1f}" for model in models],
        "Latency, median": [f"{model['latency_ms_median']:,.0f} ms" for model in models],
        "Latency, 95th percentile": [f"{model['latency_ms_p95']:,.0f} ms" for model in models],
        "Cost of 1,000 answers": [_by_token(model, "cost_usd_per_1000") for model in models],
        "Cost of 1,000 right answers": [_by_token(model, "cost_usd_per_1000_right") for model in models],
    }
    head = "".join(f'<th class="n">{escape(model["label"])}</th>' for model in models)
    rows = "".join(
        f"<tr><th>{escape(name)}</th>{''.join(map(_figure_cell, texts))}</tr>"
        for name, texts in lines.items()
    )
    return f"<table><thead><tr><th></th>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _by_token(model: Mapping[str, Any], name: str) -> str:
    if not model["cost_usd_per_1000"]:
        return "by the hour"
    return "–" if model[name] is None else money(model[name])


def _who_else(evaluation: Mapping[str, Any]) -> str:
    """Say how the examples were chosen, and which model hardly answered."""
    told = [
        f"{name} hardly answered and is not compared: {error}."
        for name, error in evaluation.get("silent", {}).items()
    ]
    chosen = evaluation.get("examples")
    if chosen:
        means = ", ".join(f"{number}: {100 * mean:.1f}%" for number, mean in chosen["scores"].items())
        how = (
            f"chosen on {chosen['validation_records']:,} validation records ({means})"
            if means
            else f"not chosen, since {chosen['validation_records']:,} validation records are too few"
        )
        told.append(
            f"few_shot is the base model behind the {chosen['number']} training records most like each"
            f" question; their number was {how}."
        )
    return "".join(f'<p class="muted">{escape(sentence)}</p>' for sentence in told)


def _read_leniently(models: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    if not any("lenient" in model for model in models):
        return {}
    texts = [f"{model['lenient']:.1f}%" if "lenient" in model else "" for model in models]
    return {"The same, found in words around it": texts}


def _capitalized(words: str) -> str:
    """Begin with a capital and leave the rest, `F1` included, as it is."""
    return words[:1].upper() + words[1:]


def _figure_cell(text: str) -> str:
    return f'<td class="n">{escape(text)}</td>'


def _method(evaluation: Mapping[str, Any]) -> str:
    if not evaluation["method"]:
        return ""
    method = f"The gain's interval is {evaluation['method']}."
    if evaluation["only_candidate_right"] is not None:
        method += (
            f" The candidate alone was right on {evaluation['only_candidate_right']:,} records,"
            f" {evaluation['comparator']} alone on {evaluation['only_comparator_right']:,}."
        )
    return method


def _replays(evaluation: Mapping[str, Any]) -> str:
    """Say what the verdict makes of these scores when the true gain is known."""
    if not evaluation["replays"]:
        return ""
    told = "; ".join(
        f"{_planted(one['gain'])} {one['promoted']:,} of {one['times']:,} are promoted"
        for one in evaluation["replays"]
    )
    return (
        '<p class="muted">Replays of these very scores, records drawn anew and a known gain planted over'
        f" {escape(evaluation['comparator'])}: {escape(told)}.</p>"
    )


def _planted(gain: float) -> str:
    return f"with a true gain of {gain:+.1f} points" if gain else "of equal models"


def _job(job: Mapping[str, Any]) -> str:
    chart = curve_chart(job["curves"]["training"], job["curves"]["validation"], job["measure"])
    key = "".join(
        f'<span><i class="{kind[0]}"></i>{kind} {job["measure"]}</span>'
        for kind in ("validation", "training")
        if job["curves"][kind]
    )
    figure = f'<figure><div class="key">{key}</div>{chart}</figure>' if chart else ""
    settings = ", ".join(f"{name} {value}" for name, value in job["hyperparameters"].items())
    told = [job["reason"], *job["notes"]] if job["reason"] else job["notes"]
    told = [
        *told,
        *(f"Watcher, {day(one['at'])}: {one['action']}, {one['reason']}." for one in job["watched"]),
    ]
    notes = "".join(f'<p class="muted">{escape(note)}</p>' for note in told)
    became = "kept" if job["chosen"] else job["status"].lower()
    times = (
        f"<dt>Submitted</dt><dd>{escape(day(job['submitted']))}</dd><dt>Ended</dt><dd>{escape(day(job['ended']))}</dd>"
        if job["submitted"]
        else ""
    )
    share = f"{100 * job['data_share']:g}% of the training records"
    read = f"<dt>Trained on</dt><dd>{share}</dd>" if job["data_share"] < 1 else ""
    score = f"<dt>On validation records</dt><dd>{job['score']:.1f}</dd>" if job["score"] is not None else ""
    return (
        f'<div class="pair">{figure}<div><dl class="facts">'
        f"<dt>Job</dt><dd>{escape(job['name'])}, {became}</dd>"
        f"<dt>Why</dt><dd>{escape(job['why'])}</dd>"
        f"<dt>Hyperparameters</dt><dd>{escape(settings) or 'none sent'}</dd>"
        f"{read}{times}{_last_points(job['curves'], job['measure'])}{score}"
        f"<dt>Cost</dt><dd>{money(job['cost_usd'])}</dd></dl>{notes}</div></div>"
    )


def _last_points(curves: Mapping[str, Sequence[Sequence[float]]], measure: str) -> str:
    facts = ""
    if curves["training"]:
        first = f", {curves['training'][0][2]:.4g} at first" if measure == "reward" else ""
        facts += f"<dt>Last training {measure}</dt><dd>{curves['training'][-1][2]:.4g}{first}</dd>"
    if curves["validation"]:
        choose = max if measure == "reward" else min
        best = choose(curves["validation"], key=lambda point: point[2])
        facts += f"<dt>Last validation {measure}</dt><dd>{curves['validation'][-1][2]:.4g}"
        facts += f" (best {best[2]:.4g} at step {best[0]:,})</dd>"
    return facts


def _file(file: Mapping[str, Any]) -> str:
    duplicates = file["duplicates"]
    counted = f"{file['records']:,} records, {file['valid']:,} valid, {file['rejected']:,} rejected"
    if duplicates["exact"]:
        counted += f", {duplicates['exact']:,} exact duplicates"
    if duplicates["conflicts"]:
        counted += f", {number(duplicates['conflicts'])} prompts with different answers"
    examples = {problem["rule"]: problem for problem in reversed(file["problems"])}
    rows = "".join(
        f"<tr><th>{escape(rule)}</th>{_figure_cell(f'{count:,}')}"
        f'<td class="after">{_example(examples.get(rule))}</td></tr>'
        for rule, count in file["by_rule"].items()
    )
    table = (
        '<table><thead><tr><th>Rule</th><th class="n">Lines</th><th class="after">First example</th></tr>'
        f"</thead><tbody>{rows}</tbody></table>"
    )
    return (
        f'<p class="file"><code>{escape(file["file"])}</code>: {counted}.{_sensitive(file)}</p>'
        f"{table if rows else ''}"
    )


def _sensitive(file: Mapping[str, Any]) -> str:
    told = file.get("sensitive")
    if not told or not told["found"]:
        return ""
    found = ", ".join(f"{KINDS[kind]} {count:,}" for kind, count in told["found"].items())
    return escape(f" {told['records']:,} hold sensitive data, {POLICIES[told['policy']]}: {found}.")


def _example(problem: Mapping[str, Any] | None) -> str:
    return f"line {problem['line']:,}: {escape(problem['reason'])}" if problem else ""


def _any_problem(report: Mapping[str, Any]) -> bool:
    return any(file["by_rule"] for file in report["files"].values())


def _quantity(item: Mapping[str, Any]) -> str:
    per = " per 1,000" if item["unit"] == "tokens" else ""
    quantity = f"{number(item['quantity'])} {item['unit']} at {price(item['price_usd'])}{per}"
    return escape(f"{quantity}; {item['source']}")


def _amounts(*amounts: str) -> str:
    """Make the cells of a row of costs; on a narrow page each names its column."""
    labels = ("Estimated", "Actual", "Running total")
    return "".join(
        f'<td class="n" data-label="{label}">{amount}</td>'
        for label, amount in zip(labels, amounts, strict=False)
    )


def _paid(usd: float | None) -> str:
    return "–" if usd is None else money(usd)


def _state(item: Mapping[str, Any]) -> str:
    words = {
        "requested": "asked for",
        "open": "open",
        "kept": "could not be given back",
        "released": "given back",
    }
    problem = f": {item['problem']}" if item["problem"] else ""
    return escape(words[item["state"]] + problem)


def _rate(item: Mapping[str, Any]) -> str:
    if item["usd_per_month"]:
        return f"{money(item['usd_per_month'])} a month"
    return f"{money(item['usd_per_hour'])} an hour" if item["usd_per_hour"] else "nothing while idle"


def _goes(item: Mapping[str, Any]) -> str:
    if item["state"] == "released":
        return "gone"
    return escape(day(item["expires"])) if item["expires"] else "stays in service"
