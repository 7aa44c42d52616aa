"""DynamoDB, as botocore's models and names of errors have it."""

import pytest


def item(id, at, **rest):
    return {"id": {"S": id}, "at": {"S": at}, **rest}


def test_an_item_is_written_read_changed_and_deleted(aws, table):
    dynamodb = aws("dynamodb")
    key = item("a", "1")
    dynamodb.put_item(TableName=table, Item=item("a", "1", owner={"S": "o"}, n={"N": "1"}))
    got = dynamodb.get_item(TableName=table, Key=key, ConsistentRead=True)
    assert got["Item"]["n"] == {"N": "1"}
    updated = dynamodb.update_item(
        TableName=table,
        Key=key,
        UpdateExpression="SET #n = #n + :one",
        ExpressionAttributeNames={"#n": "n"},
        ExpressionAttributeValues={":one": {"N": "1"}},
        ReturnValues="ALL_NEW",
    )
    assert updated["Attributes"]["n"] == {"N": "2"}
    deleted = dynamodb.delete_item(TableName=table, Key=key, ReturnValues="ALL_OLD")
    assert deleted["Attributes"]["owner"] == {"S": "o"}
    assert "Item" not in dynamodb.get_item(TableName=table, Key=key)


def test_a_failed_condition_is_named_and_brings_the_item(aws, table, error):
    dynamodb = aws("dynamodb")
    dynamodb.put_item(TableName=table, Item=item("a", "1", owner={"S": "first"}))
    code, status, answer = error(
        dynamodb.put_item,
        TableName=table,
        Item=item("a", "1", owner={"S": "second"}),
        ConditionExpression="attribute_not_exists(id)",
        ReturnValuesOnConditionCheckFailure="ALL_OLD",
    )
    assert (code, status) == ("ConditionalCheckFailedException", 400)
    assert answer["Item"]["owner"] == {"S": "first"}


def test_a_cancelled_transaction_gives_a_reason_for_each_part(aws, table, error):
    dynamodb = aws("dynamodb")
    dynamodb.put_item(TableName=table, Item=item("a", "1"))
    put = {"TableName": table, "Item": item("b", "1")}
    taken = {
        "TableName": table,
        "Item": item("a", "1"),
        "ConditionExpression": "attribute_not_exists(id)",
    }
    code, status, answer = error(
        dynamodb.transact_write_items, TransactItems=[{"Put": put}, {"Put": taken}]
    )
    assert (code, status) == ("TransactionCanceledException", 400)
    assert [reason["Code"] for reason in answer["CancellationReasons"]] == [
        "None",
        "ConditionalCheckFailed",
    ]
    assert "Item" not in dynamodb.get_item(TableName=table, Key=item("b", "1"))


def test_a_transaction_is_all_or_nothing_and_its_token_counts_once(aws, table, unique, error):
    dynamodb = aws("dynamodb")
    count = {
        "Update": {
            "TableName": table,
            "Key": item("count", "1"),
            "UpdateExpression": "ADD n :one",
            "ExpressionAttributeValues": {":one": {"N": "1"}},
        }
    }
    for _ in range(2):
        dynamodb.transact_write_items(TransactItems=[count], ClientRequestToken=unique)
    got = dynamodb.get_item(TableName=table, Key=item("count", "1"))
    assert got["Item"]["n"] == {"N": "1"}
    other = {"Delete": {"TableName": table, "Key": item("count", "1")}}
    code, _, _ = error(
        dynamodb.transact_write_items, TransactItems=[other], ClientRequestToken=unique
    )
    assert code == "IdempotentParameterMismatchException"


def test_a_query_is_paged_in_order_and_backwards(aws, table):
    dynamodb = aws("dynamodb")
    for n in range(25):
        dynamodb.put_item(TableName=table, Item=item("a", f"{n:03}", owner={"S": "o"}))
    ask = {
        "TableName": table,
        "KeyConditionExpression": "id = :id AND #at >= :from",
        "ExpressionAttributeNames": {"#at": "at"},
        "ExpressionAttributeValues": {":id": {"S": "a"}, ":from": {"S": "005"}},
    }
    pages = list(dynamodb.get_paginator("query").paginate(**ask, PaginationConfig={"PageSize": 7}))
    assert len(pages) == 3
    found = [row["at"]["S"] for page in pages for row in page["Items"]]
    assert found == [f"{n:03}" for n in range(5, 25)]
    last = dynamodb.query(**ask, ScanIndexForward=False, Limit=1)
    assert last["Items"][0]["at"] == {"S": "024"}
    owned = dynamodb.query(
        TableName=table,
        IndexName="byOwner",
        KeyConditionExpression="#o = :o",
        ExpressionAttributeNames={"#o": "owner"},
        ExpressionAttributeValues={":o": {"S": "o"}},
        Select="COUNT",
    )
    assert owned["Count"] == 25


def test_batches_write_and_read(aws, table):
    dynamodb = aws("dynamodb")
    puts = [{"PutRequest": {"Item": item("a", str(n))}} for n in range(25)]
    written = dynamodb.batch_write_item(RequestItems={table: puts})
    assert written["UnprocessedItems"] == {}
    keys = [item("a", str(n)) for n in range(25)]
    read = dynamodb.batch_get_item(RequestItems={table: {"Keys": keys}})
    assert len(read["Responses"][table]) == 25


def test_what_is_not_there_is_a_resource_not_found(aws, error):
    dynamodb = aws("dynamodb")
    missing = {"TableName": "no-such-table"}
    for call, rest in [
        (dynamodb.get_item, {"Key": item("a", "1")}),
        (dynamodb.describe_table, {}),
        (dynamodb.delete_table, {}),
    ]:
        code, status, _ = error(call, **missing, **rest)
        assert (code, status) == ("ResourceNotFoundException", 400)


def test_a_table_that_is_there_is_in_use(aws, table, error):
    code, _, _ = error(
        aws("dynamodb").create_table,
        TableName=table,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )
    assert code == "ResourceInUseException"


@pytest.mark.parametrize(
    "change",
    [
        {"Item": {"id": {"S": "a"}}},
        {"Item": {"id": {"S": ""}, "at": {"S": "1"}}},
        {"Item": {"id": {"N": "1"}, "at": {"S": "1"}}},
        {"Item": item("a", "1", big={"S": "x" * 400 * 1024})},
        {"Item": item("a", "1"), "ConditionExpression": "nonsense ("},
        {"Item": item("a", "1"), "ExpressionAttributeValues": {":unused": {"S": "x"}}},
    ],
    ids=["no sort key", "empty key", "wrong type", "400 KB", "syntax", "unused value"],
)
def test_what_dynamodb_refuses_is_refused(aws, table, error, change):
    code, status, _ = error(aws("dynamodb").put_item, TableName=table, **change)
    assert (code, status) == ("ValidationException", 400)


def test_a_transaction_has_at_most_100_parts_and_none_twice(aws, table, error):
    dynamodb = aws("dynamodb")
    puts = [{"Put": {"TableName": table, "Item": item("a", str(n))}} for n in range(101)]
    assert error(dynamodb.transact_write_items, TransactItems=puts)[0] == "ValidationException"
    twice = [puts[0], puts[0]]
    assert error(dynamodb.transact_write_items, TransactItems=twice)[0] == "ValidationException"
    dynamodb.transact_write_items(TransactItems=puts[:100])


def test_the_stacks_tables_are_there_under_the_accounts_arns(aws, outputs, prefix):
    dynamodb = aws("dynamodb")
    names = [
        name
        for page in dynamodb.get_paginator("list_tables").paginate()
        for name in page["TableNames"]
    ]
    assert f"{prefix}ChatRooms" in names
    table = dynamodb.describe_table(TableName=f"{prefix}ChatRooms")["Table"]
    arn = f"arn:aws:dynamodb:{outputs['region']}:000000000000:table/{prefix}ChatRooms"
    assert table["TableArn"] == arn
    assert table["TableStatus"] == "ACTIVE"
    assert dynamodb.describe_table(TableName=arn)["Table"]["TableName"] == f"{prefix}ChatRooms"
    backups = dynamodb.describe_continuous_backups(TableName=f"{prefix}ChatRooms")
    assert backups["ContinuousBackupsDescription"]["ContinuousBackupsStatus"] == "ENABLED"
    ttl = dynamodb.describe_time_to_live(TableName=f"{prefix}ChatRooms")
    assert ttl["TimeToLiveDescription"]["TimeToLiveStatus"] == "ENABLED"
    assert dynamodb.describe_limits()["AccountMaxReadCapacityUnits"] > 0
    assert dynamodb.describe_endpoints()["Endpoints"]
