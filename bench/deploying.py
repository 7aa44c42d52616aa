"""Deploying a stage: chatctl beside the AWS CLI, SAM, osls and CDK, interleaved, medians.

Every tool deploys the same template and zip to a MiniStack of its own, with the bucket for the zip made
before. After each step the server is asked whether the stage is as it should be; a tool that left
something else fails the run. Requests are counted in runs of their own, through a proxy.
"""

import argparse
import collections
import contextlib
import functools
import http.client
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3
import botocore.exceptions

from beside import BIN, KEYS, measure, medians, ministack, ministack_version, write

STACK, FUNCTION, BUCKET = "bench-prod", "bench-prod-SendMessageHandler", "bench-artifacts"
MEMORY = {"before": 256, "after": 512}
OTHERS = pathlib.Path("bench/others").resolve()
STEPS = ("first", "no change", "one function", "code only", "delete")


class Project:
    """A project whose build hands over a binary that is there, and what the other tools need of it."""

    def __init__(self, folder, binaries):
        self.folder, self.chatctl = folder, binaries / "chatctl"
        (folder / "templates").mkdir()
        (folder / "bin").mkdir()
        shutil.copy(binaries / "bootstrap", folder / "bootstrap")
        built = json.dumps({"reason": "compiler-artifact", "target": {"name": "bootstrap"},
                            "executable": str(folder / "bootstrap")})
        for name, says in (("cargo", "cargo 1.95.0"), ("rustc", "rustc 1.95.0")):
            tool = folder / "bin" / name
            tool.write_text(f"#!/bin/sh\n[ \"$1\" = --version ] && exec echo {says}\necho '{built}'\n")
            tool.chmod(0o755)
        for when in MEMORY:
            self.memory(when)
            self.server("http://127.0.0.1:1")
            synth = subprocess.run([self.chatctl, "synth", "-s", "prod"], cwd=folder, env=self.environment(), check=True,
                                   capture_output=True)
            template = json.loads(synth.stdout)
            (folder / f"{when}.json").write_text(json.dumps(template))
            for resource in template["Resources"].values():
                if resource["Type"] == "AWS::Lambda::Function":
                    resource["Properties"]["Code"] = str(folder / "code.zip")
            (folder / f"{when}-packed.json").write_text(json.dumps(template))
        self.resources = len(template["Resources"])
        self.pack()

    def memory(self, when):
        manifest = pathlib.Path("templates/stack.yaml").read_text()
        changed, count = re.subn(r"(?m)^(  SendMessageHandler:\n(?:    .*\n)*?    memory: )\d+$", rf"\g<1>{MEMORY[when]}",
                                 manifest)
        assert count == 1, "SendMessageHandler has its memory in the manifest"
        (self.folder / "templates/stack.yaml").write_text(changed)

    def server(self, url):
        (self.folder / "chatctl.yaml").write_text(
            "project: bench\nstages:\n  prod:\n    region: us-east-1\n    architecture: x86_64\n    protected: false\n"
            f"    endpoints:\n      aws: {url}\n      connections: {url}/_aws/execute-api/{{api}}/prod\n"
            f"      webSocket: {url.replace('http', 'ws')}/_aws/execute-api/{{api}}/prod\n")

    def other_code(self, mark):
        with open(self.folder / "bootstrap", "ab") as binary:
            binary.write(mark)
        self.pack()

    def pack(self):
        with zipfile.ZipFile(self.folder / "code.zip", "w", zipfile.ZIP_DEFLATED) as packed:
            packed.write(self.folder / "bootstrap", "bootstrap")

    def environment(self, url="http://127.0.0.1:1"):
        return {**KEYS, "PATH": f"{self.folder}/bin:{BIN}:/usr/bin:/bin", "HOME": str(self.folder), "AWS_ENDPOINT_URL": url,
                "STACK": STACK, "CODE_BUCKET": BUCKET, "CODE_KEY": "code.zip", "SAM_CLI_POLL_DELAY": "0.1",
                "SAM_CLI_TELEMETRY": "0", "SLS_AWS_MONITORING_FREQUENCY": "100", "SLS_TELEMETRY_DISABLED": "1",
                "CI": "1", "CDK_DISABLE_CLI_TELEMETRY": "1", "NODE_PATH": str(OTHERS / "node_modules")}


def ours(project, url, step):
    when = "before" if step in ("first", "no change") else "after"
    project.memory(when)
    project.server(url)
    base = [project.chatctl, "-s", "prod"]
    if step == "delete":
        return [[*base, "teardown", "--yes"]]
    return [[*base, "deploy", "--yes", *(["--code-only"] if step == "code only" else ["--only", "functions"])]]


def aws_cli(project, url, step):
    packed = str(project.folder / "packaged.json")
    if step == "delete":
        return [["aws", "cloudformation", "delete-stack", "--stack-name", STACK],
                ["aws", "cloudformation", "wait", "stack-delete-complete", "--stack-name", STACK]]
    if step == "code only":
        return [["aws", "lambda", "update-function-code", "--function-name", FUNCTION, "--zip-file",
                 f"fileb://{project.folder}/code.zip"]]
    when = "after" if step == "one function" else "before"
    return [["aws", "cloudformation", "package", "--template-file", str(project.folder / f"{when}-packed.json"),
             "--s3-bucket", BUCKET, "--use-json", "--output-template-file", packed],
            ["aws", "cloudformation", "deploy", "--template-file", packed, "--stack-name", STACK, "--s3-bucket", BUCKET,
             "--capabilities", "CAPABILITY_NAMED_IAM", "--no-fail-on-empty-changeset", "--parameter-overrides",
             f"CodeBucket={BUCKET}", "CodeKey=code.zip"]]


def sam(program, project, url, step):
    if step == "delete":
        return [[program, "delete", "--stack-name", STACK, "--no-prompts", "--region", "us-east-1"]]
    if step == "code only":
        return None
    when = "after" if step == "one function" else "before"
    return [[program, "deploy", "--template-file", str(project.folder / f"{when}-packed.json"), "--stack-name", STACK,
             "--s3-bucket", BUCKET, "--capabilities", "CAPABILITY_NAMED_IAM", "--no-confirm-changeset",
             "--no-fail-on-empty-changeset", "--region", "us-east-1", "--parameter-overrides",
             f"CodeBucket={BUCKET} CodeKey=code.zip"]]


def osls(project, url, step):
    if step == "code only":
        return None
    folder = project.folder / "osls"
    folder.mkdir(exist_ok=True)
    shutil.copy(OTHERS / "serverless.yml", folder)
    template = json.loads((project.folder / ("after.json" if step == "one function" else "before.json")).read_text())
    for parameter, value in (("CodeBucket", BUCKET), ("CodeKey", "code.zip")):
        template["Parameters"][parameter]["Default"] = value
    (folder / "template.json").write_text(json.dumps(template))
    program = [OTHERS / "node_modules/.bin/osls", "remove" if step == "delete" else "deploy"]
    return [[str(part) for part in program]]


def cdk(project, url, step):
    if step == "code only":
        return None
    when = "after" if step == "one function" else "before"
    app = ["--app", f"env TEMPLATE={project.folder}/{when}.json node {OTHERS}/cdk.js", "--output",
           str(project.folder / "cdk.out")]
    program = str(OTHERS / "node_modules/.bin/cdk")
    if step == "delete":
        return [[program, "destroy", *app, "--force"]]
    return [[program, "deploy", *app, "--require-approval", "never", "--progress", "events"]]


def services(url):
    """Makes clients of a server's services."""
    return functools.partial(boto3.client, endpoint_url=url, region_name="us-east-1", aws_access_key_id="test",
                             aws_secret_access_key="test")


def warm(client):
    """Asks for each service once. MiniStack imports a service when it is first asked for, and all of them, for
    seconds, when it is asked for one that it has not: Kinesis Video, whose channels `teardown` looks for."""
    looks = {"sts": "get_caller_identity", "cloudformation": "describe_stacks", "lambda": "list_functions",
             "dynamodb": "list_tables", "iam": "list_roles", "logs": "describe_log_groups", "s3": "list_buckets",
             "cloudwatch": "describe_alarms", "ssm": "describe_parameters", "apigatewayv2": "get_apis",
             "cloudfront": "list_distributions", "kinesisvideo": "list_signaling_channels"}
    for service, look in looks.items():
        with contextlib.suppress(botocore.exceptions.ClientError):
            getattr(client(service), look)()


def check(name, step, url, resources):
    """The stage is as it should be after a step, whoever made it so."""
    client = services(url)
    try:
        found = client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]["StackStatus"]
    except botocore.exceptions.ClientError:
        found = "none"
    if step == "delete":
        wanted = found in ("none", "DELETE_COMPLETE")
    else:
        memory = client("lambda").get_function_configuration(FunctionName=FUNCTION)["MemorySize"]
        there = len(client("cloudformation").describe_stack_resources(StackName=STACK)["StackResources"])
        after = step in ("one function", "code only")
        wanted = found.endswith("_COMPLETE") and memory == MEMORY["after" if after else "before"] and there >= resources
        found = f"{found}, {memory} MB, {there} of {resources} resources"
    if not wanted:
        sys.exit(f"{name}, {step}: {found}")


def step_of(name, commands, environment, folder):
    """One step, which may be several commands: its time and CPU are theirs together."""
    rows = [measure(command, environment, lambda _: 0, folder) for command in commands]
    return sum(row[0] for row in rows), sum(row[1] for row in rows), max(row[2] for row in rows)


def play(name, tool, project, through=None):
    """A whole life on a fresh server. `through` may put something between the tool and the server."""
    with tempfile.TemporaryDirectory() as folder:
        server, url = ministack(folder)
        try:
            warm(services(url))
            s3 = services(url)("s3")
            s3.create_bucket(Bucket=BUCKET)
            if name in ("osls", "CDK"):
                s3.upload_file(str(project.folder / "code.zip"), BUCKET, "code.zip")
            seen = through(url) if through else url
            figures = {}
            for step in STEPS:
                if step == "code only":
                    project.other_code(name.encode())
                commands = tool(project, seen, step)
                if commands is None:
                    continue
                figures[step] = step_of(name, commands, project.environment(seen), project.folder / (
                    "osls" if name == "osls" else ""))
                check(name, step, url, project.resources)
            return figures
        finally:
            server.terminate()
            server.wait()


class Counter:
    """A proxy that counts the requests that pass through it."""

    def __init__(self, to):
        self.seen, host = collections.Counter(), to.removeprefix("http://")
        counter = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def forward(self):
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length) if length else chunked(self)
                target = http.client.HTTPConnection(host)
                counter.seen["all"] += 1
                headers = {key: value for key, value in self.headers.items() if key.lower() != "transfer-encoding"}
                target.request(self.command, self.path, body, headers)
                answer = target.getresponse()
                said = answer.read()
                self.send_response(answer.status)
                for key, value in answer.getheaders():
                    if key.lower() not in ("content-length", "transfer-encoding", "connection", "date", "server"):
                        self.send_header(key, value)
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(said)

            do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = forward

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"


def chunked(handler):
    """A body sent in chunks, put together."""
    if handler.headers.get("Transfer-Encoding") != "chunked":
        return b""
    parts = []
    while size := int(handler.rfile.readline().split(b";")[0], 16):
        parts.append(handler.rfile.read(size))
        handler.rfile.readline()
    handler.rfile.readline()
    return b"".join(parts)


def requests(name, tool, project):
    """How many requests each step makes."""
    counters, counts = [], {}

    def through(url):
        counters.append(Counter(url))
        return counters[0].url

    def counted(project, url, step):
        counts[step] = counters[0].seen["all"]
        return tool(project, url, step)

    play(name, counted, project, through)
    marks = [counts[step] for step in STEPS] + [counters[0].seen["all"]]
    return {step: after - before for step, before, after in zip(STEPS, marks, marks[1:])}


def cell(value, pattern):
    return "–" if value is None else pattern.format(value)


def section(arguments):
    tools = {"`chatctl`": ours, "AWS CLI, package and deploy": aws_cli,
             "SAM": functools.partial(sam, str(arguments.sam)), "osls": osls, "CDK": cdk}
    lives = {name: [] for name in tools}
    with tempfile.TemporaryDirectory() as folder:
        project = Project(pathlib.Path(folder).resolve(), arguments.binaries.resolve())
        for _ in range(arguments.rounds):
            for name, tool in tools.items():
                lives[name].append(play(name, tool, project))
        asked = {name: requests(name, tool, project) for name, tool in tools.items()}
    figures = {name: {step: medians([life[step] for life in all_lives]) for step in all_lives[0]}
               for name, all_lives in lives.items()}
    rows = []
    for name, steps in figures.items():
        walls = " | ".join(cell(steps[step][0] if step in steps else None, "{:.2f}") for step in STEPS)
        rows.append(f"| {name} | {walls} | {asked[name]['first']} / {asked[name]['no change']} "
                    f"| {steps['no change'][1]:.2f} | {max(row[2] for row in steps.values()):.0f} |")
    mine = figures["`chatctl`"]
    aims = [(f"{step}, s", aim, mine[step][0]) for step, aim in zip(STEPS, (0.6, 0.12, 0.3, 0.12, 0.4))]
    aims += [("requests, first", 24, asked["`chatctl`"]["first"]), ("requests, no change", 8, asked["`chatctl`"]["no change"]),
             ("CPU s, no change", 0.05, mine["no change"][1]), ("memory, MB", 40, max(row[2] for row in mine.values()))]
    reached = "\n".join(f"| {name} | {aim} | {value:.3g} | {'reached' if value <= aim else '**not reached**'} |"
                        for name, aim, value in aims)
    return f"""## Deploying to AWS

Written by `bench/deploying` on {time.strftime('%Y-%m-%d %H:%M UTC', time.gmtime())}: {arguments.rounds} rounds, interleaved, medians; {os.cpu_count()} cores,
MiniStack {ministack_version()}, a fresh one for each life of a stage of {project.resources} resources, its services loaded. Seconds from command to prompt, each tool with its
own fastest polling:

|  | {' | '.join(STEPS)} | requests, first / no change | CPU s, no change | memory, MB |
|---|{'---|' * (len(STEPS) + 3)}
{chr(10).join(rows)}

Every tool deploys the template that `chatctl synth` writes. osls and CDK find the zip in its bucket; the others
upload it. `chatctl` also makes its artifact bucket and the session key, and removes both at the end. One function is a
change of its memory. Code only is `deploy --code-only`, which gives all functions their new version, beside
`aws lambda update-function-code` for one of them.

|  | aim | measured |  |
|---|---|---|---|
{reached}
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binaries", type=pathlib.Path, required=True)
    parser.add_argument("--sam", type=pathlib.Path, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write", type=pathlib.Path)
    arguments = parser.parse_args()
    text = section(arguments)
    print(text)
    if arguments.write:
        write(arguments.write, "deploying", text)


main()
