"""A check as SARIF 2.1.0, which code hosts show beside the code.

Source: OASIS, Static Analysis Results Interchange Format (SARIF) Version 2.1.0, 2020.
"""

import json
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from lossbench.audit.check.faults import REASONS, Fault
from lossbench.audit.check.location import Location, location_of
from lossbench.audit.check.outcome import Outcome

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"
FINGERPRINT = "lossbenchFault/v1"


def as_sarif(outcome: Outcome) -> str:
    """A run with a rule for each reason and a result for each fault; accepted ones are there, and suppressed."""
    locations = {card.name: location_of(card.title) for card in outcome.cards}
    rules = list(REASONS)
    driver = {
        "name": "lossbench",
        "version": version("lossbench"),
        "rules": [{"id": rule, "shortDescription": {"text": REASONS[rule]}} for rule in rules],
    }
    results = [_result(fault, rules.index(fault.reason), locations, outcome) for fault in outcome.found_faults]
    notes = [{"level": "error", "message": {"text": f"{card.title}: {card.refused}"}} for card in outcome.refused]
    invocation = {"executionSuccessful": not notes, "toolExecutionNotifications": notes}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "invocations": [invocation], "results": results}
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, ensure_ascii=False, indent=1) + "\n"


def _result(fault: Fault, rule: int, locations: Mapping[str, Location | None], outcome: Outcome) -> dict[str, Any]:
    accepted = [{"kind": "external", "justification": "accepted by the baseline"}]
    result: dict[str, Any] = {
        "ruleId": fault.reason,
        "ruleIndex": rule,
        "level": "error",
        "message": {"text": str(fault)},
        "partialFingerprints": {FINGERPRINT: " / ".join(fault.key)},
        "suppressions": [] if fault in outcome.new else accepted,
    }
    location = locations[fault.loss]
    if location is not None:
        physical = {"artifactLocation": {"uri": location.path, "uriBaseId": "%SRCROOT%"}, "region": {"startLine": location.line}}
        result["locations"] = [{"physicalLocation": physical}]
    return result
