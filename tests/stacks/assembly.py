"""How are templates made and read in tests? `app.py` as the cdk command runs it, and look-ups by type."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
BUDGET_USD = 250
GRADERS = ["my-grader"]
METRICS = ["my-metric"]
Resource = dict[str, Any]


@dataclass(frozen=True)
class Template:
    """One stack's template."""

    path: Path

    @cached_property
    def body(self) -> dict[str, Any]:
        """The whole template."""
        body: dict[str, Any] = json.loads(self.path.read_text())
        return body

    def resources(self, kind: str) -> dict[str, Resource]:
        """All resources of a type, by logical id."""
        return {key: value for key, value in self.body["Resources"].items() if value["Type"] == kind}

    def properties(self, kind: str) -> list[dict[str, Any]]:
        """The properties of all resources of a type."""
        return [resource["Properties"] for resource in self.resources(kind).values()]

    def only(self, kind: str, prefix: str) -> dict[str, Any]:
        """The properties of the one resource of a type whose logical id starts so."""
        (found,) = (value for key, value in self.resources(kind).items() if key.startswith(prefix))
        properties: dict[str, Any] = found["Properties"]
        return properties


@dataclass(frozen=True)
class Assembly:
    """What one synthesis left."""

    folder: Path
    environment: str

    def template(self, stack: str) -> Template:
        """The template of one of the three stacks."""
        return Template(self.folder / f"tunesmith-{self.environment}-{stack}.template.json")

    @property
    def templates(self) -> dict[str, Template]:
        """All three templates."""
        return {stack: self.template(stack) for stack in ("storage", "pipeline", "operations")}


def run_app(folder: Path, context: dict[str, Any], code: str = "") -> subprocess.CompletedProcess[str]:
    """Run app.py (after some other code) as the cdk command does."""
    command = [sys.executable, "-c", f"{code}\nimport runpy; runpy.run_path('app.py', run_name='__main__')"]
    binaries = str(Path(sys.executable).parent)
    environment = os.environ | {
        "PATH": binaries + os.pathsep + os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "lambdas")]),
        "CDK_OUTDIR": str(folder),
        "CDK_CONTEXT_JSON": json.dumps(context),
    }
    return subprocess.run(command, cwd=ROOT, env=environment, text=True, capture_output=True, check=False)


def synthesize(folder: Path, environment: str, region: str = "us-east-1") -> Assembly:
    """Synthesize one environment, without packages, so that no index is asked.

    Budget, graders and metrics are set, and prod has the cluster.
    """
    written = json.loads((ROOT / "cdk.json").read_text())["context"]["environments"]
    if environment != "local":
        written[environment] |= {"monthly_budget_usd": BUDGET_USD, "graders": GRADERS, "metrics": METRICS}
    if environment == "prod":
        written[environment]["cluster"]["enabled"] = True
    context = {
        "env": environment,
        "region": region,
        "environments": written,
        "aws:cdk:bundling-stacks": [],
    }
    done = run_app(folder, context)
    assert done.returncode == 0, done.stderr[-4000:]
    return Assembly(folder, environment)


def statements(template: Template) -> Iterator[tuple[str, dict[str, Any]]]:
    """Walk the statements of all identity policies, each with the logical ids of its roles."""
    for policy in template.properties("AWS::IAM::Policy"):
        roles = " ".join(role["Ref"] for role in policy["Roles"])
        yield from ((roles, statement) for statement in policy["PolicyDocument"]["Statement"])


def listed(value: Any) -> list[Any]:
    """Read what IAM writes as one value or as a list."""
    return value if isinstance(value, list) else [value]


def spelled(value: Any) -> str:
    """Flatten an ARN: references stand in angle brackets."""
    match value:
        case {"Fn::Join": [delimiter, parts]}:
            return str(delimiter).join(spelled(part) for part in parts)
        case {"Fn::GetAtt": [resource, attribute]}:
            return f"<{resource}.{attribute}>"
        case {"Fn::ImportValue": name} | {"Ref": name}:
            return f"<{name}>"
        case {"Fn::Sub": text}:
            return str(text)
    return str(value)
