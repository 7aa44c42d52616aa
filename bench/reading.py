"""Reading logs and tables: chatctl beside the AWS CLI and boto3, interleaved, medians.

The logs come from a server of CloudWatch's protocol with 100,000 events in 20 groups, the tables from
MiniStack with 100,000 items of 300 bytes. Every answer is counted: a tool that loses one fails the run.
"""

import argparse
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor

from beside import BIN, KEYS, measure, medians, ministack, ministack_version, write

GROUPS, EVENTS, ITEMS = 20, 100_000, 100_000

BOTO_LOGS = """
import boto3, sys
logs, count = boto3.client('logs', endpoint_url=sys.argv[1]), 0
for group in sys.argv[2:]:
    for page in logs.get_paginator('filter_log_events').paginate(logGroupName=group):
        for event in page['events']:
            print(event['timestamp'], group, event['message'])
"""
BOTO_SCAN = """
import boto3, json, sys
from boto3.dynamodb.types import TypeDeserializer
plain = TypeDeserializer().deserialize
tables = boto3.client('dynamodb', endpoint_url=sys.argv[1])
for page in tables.get_paginator('scan').paginate(TableName=sys.argv[2]):
    for item in page['Items']:
        print(json.dumps({name: plain(value) for name, value in item.items()}, default=str))
"""


def lines(file):
    return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))


def times_of(pattern):
    return lambda file: len(re.findall(pattern, file.read()))


def project(folder, binaries):
    """A project of 20 functions, deployed on this machine: its names are what is read."""
    manifest = pathlib.Path("templates/stack.yaml").read_text()
    more = GROUPS - len(re.findall(r"^  \w+Handler:$", manifest, re.M))
    extra = "".join(f"  Extra{n}Handler:\n    memory: 128\n    timeout: 10\n    grants: []\n" for n in range(more))
    (folder / "templates").mkdir()
    (folder / "templates/stack.yaml").write_text(manifest.replace("functions:\n", f"functions:\n{extra}", 1))
    (folder / "chatctl.yaml").write_text("project: reading\n")
    (folder / "bin").mkdir()
    built = json.dumps({"reason": "compiler-artifact", "target": {"name": "bootstrap"},
                        "executable": str(binaries / "bootstrap")})
    for name, says in (("cargo", "cargo 1.95.0"), ("rustc", "rustc 1.95.0")):
        tool = folder / "bin" / name
        tool.write_text(f"#!/bin/sh\n[ \"$1\" = --version ] && exec echo {says}\necho '{built}'\n")
        tool.chmod(0o755)
    return {"PATH": f"{folder}/bin:/usr/bin:/bin", "CHATCTL_PORT": "0", "CHATCTL_CONFIG": str(folder / "chatctl.yaml"),
            "CHATCTL_STATE_DIR": str(folder / "state")}


def post(url, operation, body):
    request = urllib.request.Request(url, json.dumps(body).encode(), {
        "X-Amz-Target": f"DynamoDB_20120810.{operation}", "Content-Type": "application/x-amz-json-1.0",
        "Authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/dynamodb/aws4_request, "
                         "SignedHeaders=host, Signature=0"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def fill(url, table):
    post(url, "CreateTable", {
        "TableName": table, "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in ("roomId", "messageId")],
        "KeySchema": [{"AttributeName": "roomId", "KeyType": "HASH"}, {"AttributeName": "messageId", "KeyType": "RANGE"}]})

    def batch(first):
        put = [{"PutRequest": {"Item": {
            "roomId": {"S": f"room{at % 500:04}"}, "messageId": {"S": f"01JD{at:022}"}, "userId": {"S": "Alice"},
            "personId": {"S": f"{at:032x}"}, "timestamp": {"N": str(1700000000000 + at)}, "message": {"S": "x" * 170},
        }}} for at in range(first, first + 25)]
        post(url, "BatchWriteItem", {"RequestItems": {table: put}})

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(batch, range(0, ITEMS, 25)))


def two_at_a_time(aws, url, groups):
    command = f"printf '%s\\n' {' '.join(groups)} | xargs -n1 -P2 {aws} --endpoint-url {url} " \
              "logs filter-log-events --output json --log-group-name"
    return ["/bin/sh", "-c", command]


def one_by_one(aws, url, groups):
    command = "; ".join(f"{aws} --endpoint-url {url} logs filter-log-events --output json --log-group-name {group}"
                        for group in groups)
    return ["/bin/sh", "-c", command]


def rounds(count, tools, expected):
    """Interleaved, so that a slow moment of the machine meets all of them."""
    all_figures = {name: [] for name in tools}
    for _ in range(count):
        for name, (command, environment, counts) in tools.items():
            wall, cpu, memory, found = measure(command, environment, counts)
            if found != expected:
                sys.exit(f"{name}: {found} of {expected}")
            all_figures[name].append((wall, cpu, memory))
    return {name: medians(figures) for name, figures in all_figures.items()}


def table(figures, floor):
    rows = ["|  | wall, s | CPU, s | memory, MB |", "|---|---|---|---|"]
    rows += [f"| {name} | {wall:.2f} | {cpu:.2f} | {memory:.0f} |" for name, (wall, cpu, memory) in figures.items()]
    rows.append(f"| the server alone, asked over bare HTTP | {floor:.2f} |  |  |")
    return "\n".join(rows)


def raw(url, target, bodies, token, more):
    """What the server itself takes: the same questions over one connection, answers not looked at."""
    import http.client
    connection = http.client.HTTPConnection(url.removeprefix("http://"))
    started = time.perf_counter()
    for body in bodies:
        while True:
            connection.request("POST", "/", json.dumps(body), {
                "X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.1",
                "Authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/dynamodb/aws4_request, "
                                 "SignedHeaders=host, Signature=0"})
            answer = connection.getresponse().read()
            if more not in answer[-400:]:
                break
            body = {**body, token: json.loads(answer)[more.decode().strip('"')]}
    return time.perf_counter() - started


def section(arguments):
    binaries = arguments.binaries.resolve()
    chatctl, aws = str(binaries / "chatctl"), str(BIN / "aws")
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        stage = project(folder, binaries)
        subprocess.run([chatctl, "deploy", "--yes"], env=stage, check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        servers = []
        try:
            found = subprocess.run([chatctl, "status", "--output", "json"], env=stage, check=True, capture_output=True)
            found = json.loads(found.stdout)
            groups = [f"/aws/lambda/reading-local-{one['handler']}" for one in found["functions"]]
            assert len(groups) == GROUPS, groups
            generator = subprocess.Popen([binaries / "log-generator", *groups], stdout=subprocess.PIPE, text=True)
            servers.append(generator)
            logs_url = generator.stdout.readline().strip()
            server, tables_url = ministack(folder)
            servers.append(server)
            name = "reading-local-ChatMessages"
            fill(tables_url, name)
            python = {**os.environ, **KEYS}
            ours = [chatctl, "--endpoint-url"]
            events, items = times_of(rb'"eventId"'), times_of(rb'"messageId"')
            logs = rounds(arguments.rounds, {
                "`chatctl logs`": ([*ours, logs_url, "logs"], stage, lines),
                "`chatctl logs --output ndjson`": ([*ours, logs_url, "logs", "--output", "ndjson"], stage, lines),
                "`aws logs filter-log-events`, 20 times": (one_by_one(aws, logs_url, groups), python, events),
                "the same, two at a time": (two_at_a_time(aws, logs_url, groups), python, events),
                "a loop with boto3": ([sys.executable, "-c", BOTO_LOGS, logs_url, *groups], python, lines),
            }, EVENTS)
            logs_floor = statistics.median(raw(logs_url, "Logs_20140328.FilterLogEvents",
                                               [{"logGroupName": group} for group in groups], "nextToken",
                                               b'"nextToken"') for _ in range(arguments.rounds))
            scans = rounds(arguments.rounds, {
                "`chatctl scan --output ndjson`": ([*ours, tables_url, "scan", "ChatMessages", "--output", "ndjson"],
                                                   stage, lines),
                "`chatctl scan --output json`": ([*ours, tables_url, "scan", "ChatMessages", "--output", "json"],
                                                 stage, items),
                "`aws dynamodb scan`": ([aws, "--endpoint-url", tables_url, "dynamodb", "scan", "--output", "json",
                                         "--table-name", name], python, items),
                "a loop with boto3": ([sys.executable, "-c", BOTO_SCAN, tables_url, name], python, lines),
            }, ITEMS)
            scans_floor = statistics.median(raw(tables_url, "DynamoDB_20120810.Scan", [{"TableName": name}],
                                                "ExclusiveStartKey", b'"LastEvaluatedKey"')
                                            for _ in range(arguments.rounds))
        finally:
            for server in servers:
                server.terminate()
                server.wait()
            subprocess.run([chatctl, "teardown", "--yes"], env=stage, stderr=subprocess.DEVNULL)
    version = subprocess.run([aws, "--version"], capture_output=True, text=True).stdout.split()[0]
    best = (logs["`chatctl logs`"][0], *scans["`chatctl scan --output ndjson`"][:2])
    aims = "\n".join(f"| {name} | {aim} | {value:.2f} | {'reached' if value <= aim else '**not reached**'} |"
                     for name, aim, value in zip(("`logs`, s", "`scan`, s", "`scan`, CPU s"), (0.6, 3.8, 0.6), best))
    return f"""## Reading logs and tables

Written by `bench/reading` on {time.strftime('%Y-%m-%d %H:%M UTC', time.gmtime())}: {arguments.rounds} rounds, interleaved, medians; {os.cpu_count()} cores,
{version}. Every answer is counted, and a tool that loses one fails the run.

100,000 events of 20 log groups, from a server of CloudWatch's protocol:

{table(logs, logs_floor)}

100,000 items of 300 bytes to JSON, from MiniStack {ministack_version()}:

{table(scans, scans_floor)}

|  | aim | measured |  |
|---|---|---|---|
{aims}
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binaries", type=pathlib.Path, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write", type=pathlib.Path)
    arguments = parser.parse_args()
    text = section(arguments)
    print(text)
    if arguments.write:
        write(arguments.write, "reading", text)


main()
