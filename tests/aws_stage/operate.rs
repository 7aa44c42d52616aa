//! The commands that read a stage: the AWS CLI must agree with what they say, and a real chat must go
//! through the stage.

use serde_json::Value;

use crate::support::answered::Answered;
use crate::support::built_in;
use crate::support::http::ask;
use crate::trial::Trial;

fn outputs_agree(trial: &Trial) {
    let ours = trial.json(&["outputs"]);
    let stack = trial.aws(&["cloudformation", "describe-stacks", "--stack-name", "trial-try"]);
    let theirs = |key: &str| {
        let all = stack["Stacks"][0]["Outputs"].as_array().unwrap();
        all.iter().find(|one| one["OutputKey"] == key).unwrap()["OutputValue"].clone()
    };
    assert_eq!(ours["webSocketUrl"], theirs("WebSocketUrl"));
    assert_eq!(ours["siteUrl"], theirs("SiteUrl"));
    assert_eq!(ours["httpApiUrl"], theirs("HttpApiUrl"));
    assert_eq!((&ours["stage"], &ours["region"]), (&"try".into(), &"us-east-1".into()));
    assert_eq!(ours.get("secretAccessKey"), None, "only the stage local gives keys out");
}

fn status_agrees(trial: &Trial) {
    let ours = trial.json(&["status"]);
    let stack = trial.aws(&["cloudformation", "describe-stacks", "--stack-name", "trial-try"]);
    let stack = &stack["Stacks"][0];
    assert_eq!(
        (&ours["stack"]["id"], &ours["stack"]["status"]),
        (&stack["StackId"], &stack["StackStatus"])
    );
    for function in ours["functions"].as_array().unwrap() {
        let name = format!("trial-try-{}", function["handler"].as_str().unwrap());
        let asked = [
            "lambda",
            "get-function-configuration",
            "--qualifier",
            "live",
            "--function-name",
            &name,
        ];
        let theirs = trial.aws(&asked);
        assert_eq!(
            (&function["version"], &function["codeSha256"]),
            (&theirs["Version"], &theirs["CodeSha256"])
        );
        assert_eq!(function["drifted"], false, "{function}");
    }
    for table in ours["tables"].as_array().unwrap() {
        let name = table["physicalName"].as_str().unwrap();
        let theirs = trial.aws(&["dynamodb", "describe-table", "--table-name", name]);
        assert_eq!(
            (&table["status"], &table["items"]),
            (&theirs["Table"]["TableStatus"], &theirs["Table"]["ItemCount"])
        );
    }
    let theirs = trial.aws(&["cloudwatch", "describe-alarms", "--alarm-name-prefix", "trial-try-"]);
    let states = |alarms: &Value, name: &str, state: &str| {
        let alarms = alarms.as_array().cloned().unwrap_or_default();
        let mut states: Vec<_> =
            alarms.iter().map(|one| (one[name].to_string(), one[state].to_string())).collect();
        states.sort();
        states
    };
    let alarms = states(&ours["alarms"], "name", "state");
    assert_eq!(alarms, states(&theirs["MetricAlarms"], "AlarmName", "StateValue"));
}

/// The function answers through the HTTP API itself: there is no distribution before it here.
fn http_api_answers(trial: &Trial) {
    let stack = trial.aws(&["cloudformation", "describe-stacks", "--stack-name", "trial-try"]);
    let outputs = stack["Stacks"][0]["Outputs"].as_array().unwrap();
    let api = outputs.iter().find(|one| one["OutputKey"] == "HttpApiId").unwrap();
    let (endpoint, id) = (trial.server.endpoint(), api["OutputValue"].as_str().unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let asked = |method, path: &str| -> Answered {
        let url = format!("{endpoint}/_aws/execute-api/{id}/$default{path}");
        runtime.block_on(ask(method, &url, ""))
    };
    let well = asked(http::Method::GET, "/healthz");
    assert_eq!((well.status, &well.json()["stage"]), (200, &"try".into()), "{well:?}");
    assert_eq!(well.header("content-type"), "application/json");
    assert_eq!(asked(http::Method::POST, "/healthz").status, 404);
}

/// MiniStack has no Kinesis Video Streams: a real chat goes through, up to the first voice room.
fn smoke_passes_but_for_channels(trial: &Trial) {
    let smoke = trial.run(&["smoke", "--keep", "--output", "ndjson"]);
    let said = String::from_utf8_lossy(&smoke.stdout);
    let last: Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
    assert_eq!(
        (&last["failed"]["step"], &last["steps"]),
        (&"voice-start".into(), &12.into()),
        "{said}"
    );
}

#[test]
fn what_is_deployed_is_read_as_the_aws_cli_reads_it_and_a_chat_goes_through() {
    let trial = Trial::new();
    assert_eq!(trial.json(&["status"])["state"], "notDeployed");
    let early = trial.run(&["outputs"]);
    assert_eq!(early.status.code(), Some(1), "{}", String::from_utf8_lossy(&early.stderr));
    let deployed = trial.run(&["deploy", "--yes"]);
    let said = String::from_utf8_lossy(&deployed.stderr);
    assert!(deployed.status.success(), "{said}\n{}", trial.server.log());
    outputs_agree(&trial);
    status_agrees(&trial);
    http_api_answers(&trial);

    smoke_passes_but_for_channels(&trial);
    let messages = trial.json(&["scan", "ChatMessages"]);
    let texts: Vec<_> = messages.as_array().unwrap().iter().map(|row| &row["message"]).collect();
    assert_eq!(texts, ["first words", "an answer"], "{messages}");
    let findings = trial.json(&["scan"]);
    let tables = built_in::stack().tables.len();
    assert_eq!(findings.as_array().unwrap().len(), tables, "{findings}");

    let lines = trial.json(&["logs", "send", "--since", "5m"]);
    let lines = lines.as_array().unwrap();
    let sent = lines.iter().filter(|line| line["message"].to_string().contains("sendMessage done"));
    assert_eq!(sent.count(), 3, "two messages, one of them twice: {lines:?}");
}
