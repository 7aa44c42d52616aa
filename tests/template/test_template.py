"""The template before the eyes of those who know AWS's rules: AWS's own resource schemas (cfn-lint)
and a catalogue of what is known to be unsafe (checkov). No rule of either is switched off without
its reason in findings.json: those of `plain` hold everywhere, those of `full` are of what only
settings bring.
"""

import json
import pathlib
import subprocess
import sys

import pytest

FINDINGS = json.loads(
    (pathlib.Path(__file__).parent / "findings.json").read_text(encoding="utf-8")
)
REGIONS = ["us-east-1", "eu-west-1", "ap-southeast-2"]


def tool(name, *arguments):
    """A tool of this Python's own environment."""
    command = [str(pathlib.Path(sys.executable).parent / name), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_every_property_is_one_that_aws_knows(template_file):
    done = tool("cfn-lint", "--regions", *REGIONS, "--", str(template_file))
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


@pytest.fixture(scope="session")
def failed_checks(template_file):
    done = tool(
        "checkov", "-f", str(template_file), "--framework", "cloudformation",
        "--skip-download", "--quiet", "--compact", "-o", "json",
    )
    report = json.loads(done.stdout)
    report = report[0] if isinstance(report, list) else report
    assert report["summary"]["passed"] > 100, report["summary"]
    assert report["summary"]["parsing_errors"] == 0, report["summary"]
    return {(check["check_id"], check["resource"]) for check in report["results"]["failed_checks"]}


def test_every_finding_has_an_answer(project, failed_checks):
    answered = {**FINDINGS["plain"], **FINDINGS[project.stage]}
    unanswered = sorted(finding for finding in failed_checks if finding[0] not in answered)
    assert unanswered == []


def test_every_answer_has_a_finding(project, failed_checks):
    found = {check for check, _ in failed_checks}
    assert sorted(set(FINDINGS[project.stage]) - found) == []


def test_no_secret_and_no_place_is_in_a_template(template):
    text = json.dumps(template)
    assert "123456789012" not in text.replace(
        "arn:aws:acm:us-east-1:123456789012:certificate/", ""
    ), "one template is for every account"
    assert "eu-west-1" not in text, "and for every region"


def test_data_outlives_what_is_protected(project, template):
    tables = [one for one in template["Resources"].values() if one["Type"] == "AWS::DynamoDB::Table"]
    assert len(tables) >= 5
    for table in tables:
        protected = project.stage != "full"
        assert table["Properties"]["DeletionProtectionEnabled"] is protected
        assert table["DeletionPolicy"] == ("RetainExceptOnCreate" if protected else "Delete")
        assert table["UpdateReplacePolicy"] == "Retain"
        recovery = table["Properties"]["PointInTimeRecoverySpecification"]
        assert recovery == {"PointInTimeRecoveryEnabled": True}
