"""How does the stand-in take moto's place? Its response classes and backends replace moto's."""

from __future__ import annotations

import atexit
import contextlib
import json
import threading
from collections.abc import Callable
from functools import cache
from typing import Final

import moto.backends
import moto.bedrock.models
import moto.bedrock.responses
import moto.bedrock.urls
import moto.bedrockruntime.urls
from moto.ssm.models import ssm_backends

from local import faults
from local.bedrock import api
from local.bedrock.account import Account
from local.bedrock.base_models import foundation_models
from local.bedrock.errors import BedrockError
from local.bedrock.foundation import FoundationModel
from local.bedrock.region import Fault, Region, SimulatedClock, Surroundings

TICK_SECONDS: Final = 0.25
"""Real seconds between two looks at the running jobs, so that they end though nobody asks."""

_ticking = threading.Event()
_list_modules = moto.backends.list_of_moto_modules


def take_over(
    clock: SimulatedClock,
    *,
    account: Account | None = None,
    models: Callable[[], list[FoundationModel]] = foundation_models,
    endpoint: str = "",
) -> None:
    """Replace moto's Bedrock; call it before the first request, and again for another clock."""
    Region.surroundings = Surroundings(
        clock, models, account or Account(), faults.take, read_faults, endpoint
    )
    for module in (moto.bedrock.models, moto.bedrock.responses):
        vars(module)["bedrock_backends"] = api.regions
    moto.bedrock.urls.url_paths.clear()
    moto.bedrock.urls.url_paths["{0}/.*$"] = api.ControlPlane.dispatch
    moto.bedrockruntime.urls.url_paths["{0}/.*$"] = api.Runtime.dispatch
    if not _ticking.is_set():
        _ticking.set()
        # moto lists its own folder at every request, a quarter of a call's time
        moto.backends.list_of_moto_modules = cache(lambda: tuple(_list_modules()))
        threading.Thread(target=_tick, name="bedrock-jobs", daemon=True).start()
        atexit.register(_end)


def read_faults(project: str, area: str) -> Fault:
    """Return what is set for a project's jobs, answers, deployments or swaps, and so never used up.

    `job`: `ends` ("Failed"), `message`, `hang`, `metrics` ("missing", "corrupt" or "early": while it
    trains), `learns` (false), `growth` (of the rate with each step), `seconds` (that training takes) and
    `stopping_seconds` (that its stop takes).
    `deployment` and `swap`: `ends`, `message`, `hang`. `deployment` and `throughput`: `seconds`, in place of
    what creating them takes. `answers`: `waver`, the share of a custom model's answers that are drawn at
    random from all that it knows, anew each time it is asked.
    """
    parameter = ssm_backends[faults.ACCOUNT][faults.REGION].get_parameter(
        f"/tunesmith-local/faults/{project}"
    )
    fault: Fault = {} if parameter is None else json.loads(parameter.value).get(area, {})
    return fault


def _tick() -> None:
    pause = threading.Event()
    while not pause.wait(TICK_SECONDS):
        for region in list(Region.every):
            # settings that cannot be read are told to whoever asks
            with region.lock, contextlib.suppress(BedrockError):
                api.advance(region)


def _end() -> None:
    for region in list(Region.every):
        region.reset()
