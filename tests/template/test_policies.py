"""The IAM documents before parliament, which knows every action and the resources that it takes."""

import json

from parliament import analyze_policy_string


def test_every_document_is_valid_and_tight(documents):
    assert len(documents) >= 13
    wrong = []
    for one in documents:
        policy = analyze_policy_string(json.dumps(one["document"]))
        wrong += [(one["role"], found.issue, found.detail) for found in policy.findings]
    assert wrong == []


def test_every_statement_has_its_reason(documents):
    for one in documents:
        for document in (one["document"], one["trust"]):
            for statement in document["Statement"]:
                assert one["reasons"][statement["Sid"]]


def test_documents_name_the_place_where_the_configuration_does(documents):
    for one in documents:
        assert "${AWS::" not in json.dumps(one), one["role"]


def test_the_template_carries_these_very_documents(project, template, documents):
    places = {
        "${AWS::Partition}": "aws",
        "${AWS::Region}": "us-east-1" if project.stage == "full" else "eu-west-1",
        "${AWS::AccountId}": "123456789012",
    }

    def filled(value):
        if isinstance(value, dict):
            if set(value) == {"Fn::Sub"}:
                text = value["Fn::Sub"]
                for name, place in places.items():
                    text = text.replace(name, place)
                return text
            return {key: filled(inner) for key, inner in value.items()}
        return [filled(inner) for inner in value] if isinstance(value, list) else value

    roles = [one["Properties"] for one in template["Resources"].values() if one["Type"] == "AWS::IAM::Role"]
    roles = {role["RoleName"]: role for role in roles if "RoleName" in role}
    for one in documents:
        role = filled(roles.pop(one["role"]))
        assert role["Policies"][0]["PolicyDocument"] == one["document"]
        assert role["AssumeRolePolicyDocument"] == one["trust"]
    assert roles == {}


def test_only_who_declares_it_takes_the_voice_role(project, documents):
    (voice,) = [one for one in documents if one.get("name") == "VoiceAccess"]
    (statement,) = voice["trust"]["Statement"]
    functions = ["GetVoiceCredentialsHandler"]
    if (project.folder / "templates").exists():
        functions.insert(0, "ConnectHandler")
    roles = [f"arn:aws:iam::123456789012:role/chat-{project.stage}-{one}" for one in functions]
    assert statement["Effect"] == "Allow"
    assert statement["Condition"] == {"ArnEquals": {"aws:PrincipalArn": roles}}
