"""The parameter store."""


def test_a_parameter_is_put_read_and_deleted(aws, unique, error):
    ssm = aws("ssm")
    name = f"/test/{unique}"
    assert ssm.put_parameter(Name=name, Value="1", Type="SecureString")["Version"] == 1
    got = ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]
    assert (got["Value"], got["Type"], got["Version"]) == ("1", "SecureString", 1)
    assert got["ARN"].endswith(f":parameter{name}")
    assert got["LastModifiedDate"].year > 2000
    assert ssm.get_parameter(Name=name)["Parameter"]["Value"] != "1"
    assert error(ssm.put_parameter, Name=name, Value="2")[0] == "ParameterAlreadyExists"
    assert ssm.put_parameter(Name=name, Value="2", Overwrite=True)["Version"] == 2
    many = ssm.get_parameters(Names=[name, "/test/none"], WithDecryption=True)
    assert [one["Value"] for one in many["Parameters"]] == ["2"]
    assert many["InvalidParameters"] == ["/test/none"]
    ssm.delete_parameter(Name=name)
    assert error(ssm.get_parameter, Name=name)[:2] == ("ParameterNotFound", 400)
    assert error(ssm.delete_parameter, Name=name)[:2] == ("ParameterNotFound", 400)


def test_parameters_are_listed_in_pages(aws, unique):
    ssm = aws("ssm")
    names = [f"/test/{unique}/{n}" for n in range(5)]
    for name in names:
        ssm.put_parameter(Name=name, Value="v", Type="String")
    filters = [{"Key": "Name", "Option": "BeginsWith", "Values": [f"/test/{unique}/"]}]
    pages = ssm.get_paginator("describe_parameters").paginate(
        ParameterFilters=filters, PaginationConfig={"PageSize": 2}
    )
    found = [one["Name"] for page in pages for one in page["Parameters"]]
    assert found == names
    for name in names:
        ssm.delete_parameter(Name=name)


def test_the_stages_key_is_there(aws, outputs):
    name = f"/{outputs.get('project', 'chatctl')}/{outputs['stage']}/session-key"
    got = aws("ssm").get_parameter(Name=name, WithDecryption=True)["Parameter"]
    assert got["Type"] == "SecureString"
    assert len(got["Value"]) >= 43
