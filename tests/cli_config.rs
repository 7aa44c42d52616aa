//! `init` and `config`: how a configuration comes to be, and what it is told to be.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use chatctl::config::Config;
use rexpect::session::{Options, spawn_with_options};
use serde_json::Value;
use tempfile::TempDir;

const AWS: &str = "[default]\nregion = eu-central-1\n[profile work]\nregion = ap-south-1\n\
                   sso_session = corp\n[sso-session corp]\nsso_region = eu-west-1\n\
                   sso_start_url = https://corp.awsapps.com/start\n";

/// A folder of a name, in a home with AWS's files.
struct Home(TempDir);

impl Home {
    fn new() -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        fs::create_dir_all(home.path("My_Chat")).unwrap();
        fs::create_dir(home.path(".aws")).unwrap();
        fs::write(home.path(".aws/config"), AWS).unwrap();
        home
    }

    fn path(&self, below: &str) -> std::path::PathBuf {
        self.0.path().join(below)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chatctl"));
        command.args(arguments).current_dir(self.path("My_Chat")).env_clear();
        command.env("HOME", self.0.path()).env("TERM", "xterm");
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).stdin(Stdio::null()).output().unwrap()
    }

    fn text(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    fn fails(&self, arguments: &[&str]) -> (i32, String) {
        let output = self.run(arguments);
        (output.status.code().unwrap(), String::from_utf8_lossy(&output.stderr).into_owned())
    }

    fn file(&self) -> String {
        fs::read_to_string(self.path("My_Chat/chatctl.yaml")).unwrap()
    }

    fn config(&self) -> Config {
        self.file().parse().unwrap()
    }
}

#[test]
fn without_a_terminal_init_asks_nothing_and_takes_the_defaults() {
    let home = Home::new();
    fs::create_dir(home.path("My_Chat/.git")).unwrap();
    home.text(&["init"]);
    assert_eq!(home.config().project, "my-chat");
    assert!(home.config().stages.is_empty());
    assert_eq!(fs::read_to_string(home.path("My_Chat/.gitignore")).unwrap(), "/.chatctl/\n");
    let schema = fs::read_to_string(home.path("My_Chat/templates/chatctl.schema.json")).unwrap();
    assert_eq!(schema, home.text(&["config", "schema"]));
    let again: Value = serde_json::from_str(&home.text(&["init", "--output", "json"])).unwrap();
    assert_eq!(again["changed"], false);
}

#[test]
fn every_question_is_a_flag() {
    let home = Home::new();
    let certificate = "arn:aws:acm:us-east-1:123456789012:certificate/1";
    let flags = [
        "init",
        "--project",
        "talk",
        "-s",
        "prod",
        "--region",
        "eu-west-1",
        "--profile",
        "work",
        "--account",
        "012345678901",
        "--arch",
        "x86_64",
        "--domain",
        "chat.example.org",
        "--certificate",
        certificate,
        "--log-retention-days",
        "30",
        "--alarms-email",
        "ops@example.org",
        "--monthly-budget-usd",
        "20",
        "--protected",
        "false",
        "--endpoint-url",
        "http://127.0.0.1:4566",
    ];
    home.text(&flags);
    insta::assert_snapshot!(home.file());
    home.text(&["init", "-s", "pr-*", "--region", "eu-north-1"]);
    assert_eq!(home.config().stages.keys().collect::<Vec<_>>(), ["pr-*", "prod"]);
    let (code, stderr) = home.fails(&["init", "-s", "prod"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("described already, in line 11"), "{stderr}");
}

#[test]
fn a_value_that_is_none_is_refused_before_anything_is_written() {
    let home = Home::new();
    let cases: [(&[&str], &str); 5] = [
        (&["--project", "My Chat"], "is not a project's name"),
        (&["-s", "prod", "--region", "ireland"], "is not an AWS region"),
        (&["-s", "prod", "--account", "1"], "twelve digits"),
        (&["-s", "prod", "--log-retention-days", "10"], "keeps no 10 days"),
        (&["-s", "Prod"], "is not a stage's name"),
    ];
    for (flags, said) in cases {
        let (code, stderr) = home.fails(&[&["init"], flags].concat());
        assert_eq!(code, 2, "{flags:?}: {stderr}");
        assert!(stderr.contains(said), "{flags:?}: {stderr}");
        assert!(!home.path("My_Chat/chatctl.yaml").exists());
    }
}

#[test]
fn on_a_terminal_a_person_is_asked_and_answered() {
    let home = Home::new();
    let options = Options::new().timeout_ms(Some(Duration::from_secs(20).as_millis() as u64));
    let mut person = spawn_with_options(home.command(&["init", "-s", "prod"]), options).unwrap();
    let mut answer = |question: &str, keys: &str| {
        person.exp_string(question).unwrap();
        person.send(keys).unwrap();
        person.flush().unwrap();
    };
    answer("Project", "\r");
    // Down twice: past "none", to `default`, to `work`.
    answer("AWS profile", "\x1b[B\x1b[B\r");
    answer("Region", "\r");
    answer("Processor", "\x1b[B\r");
    answer("told of alarms", "not an address\r");
    answer("is not an e-mail address", "");
    answer("told of alarms", "\x15ops@example.org\r");
    answer("refuse to be deleted", "n");
    person.exp_string("written").unwrap();
    person.exp_eof().unwrap();
    let stage = home.config().stage("prod").unwrap().clone();
    assert_eq!(stage.profile.as_deref(), Some("work"));
    assert_eq!(stage.region.as_deref(), Some("ap-south-1"));
    assert_eq!(stage.settings.architecture.as_str(), "x86_64");
    assert_eq!(stage.settings.alarms_email.as_deref(), Some("ops@example.org"));
    assert_eq!(stage.settings.protection, chatctl::stack::Protection::Off);
    assert_eq!(home.config().project, "my-chat");
}

#[test]
fn every_value_is_told_with_who_has_the_last_word_on_it() {
    let home = Home::new();
    let text = "project: talk\nstages:\n  prod:\n    region: eu-west-1\n    profile: work\n    \
                domain:\n      name: chat.example.org\n      \
                certificate: arn:aws:acm:us-east-1:123456789012:certificate/1\n  pr-*: {}\n";
    fs::write(home.path("My_Chat/chatctl.yaml"), text).unwrap();
    insta::assert_snapshot!("origins", home.text(&["config", "show", "--origin", "-s", "prod"]));
    let origins = |arguments: &[&str], variables: &[(&str, &str)]| -> Value {
        let shown = [&["config", "show", "--origin", "--output", "json"], arguments].concat();
        let output = home.command(&shown).envs(variables.iter().copied()).output().unwrap();
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let ours = [("CHATCTL_REGION", "sa-east-1"), ("AWS_ACCESS_KEY_ID", "AKIA")];
    let shown = origins(&["-s", "prod"], &ours);
    assert_eq!(shown["region"]["origin"], "CHATCTL_REGION");
    assert_eq!(shown["profile"]["origin"], "chatctl.yaml:5");
    assert_eq!(shown["credentials"]["value"], "profile work, by IAM Identity Center");
    let shown = origins(&["-s", "pr-7", "--region", "us-west-2"], &ours);
    assert_eq!(shown["region"]["origin"], "--region");
    assert_eq!(shown["credentials"]["value"], "keys in the environment");
    let shown = origins(&["-s", "pr-7"], &[]);
    assert_eq!(shown["region"]["value"], "eu-central-1");
    assert_eq!(shown["region"]["origin"], "profile default in ~/.aws/config");
    let shown = origins(&[], &[("CHATCTL_PORT", "4600")]);
    assert_eq!(
        (&shown["port"]["value"], &shown["port"]["origin"]),
        (&"4600".into(), &"CHATCTL_PORT".into())
    );
}

#[test]
fn a_mistake_is_shown_at_its_line_with_what_was_meant() {
    let home = Home::new();
    let file = home.path("My_Chat/chatctl.yaml");
    let show = |text: &str| {
        fs::write(&file, text).unwrap();
        let (code, stderr) = home.fails(&["config", "validate"]);
        assert_eq!(code, 2, "{stderr}");
        stderr.replace(&*file.parent().unwrap().to_string_lossy(), "DIR")
    };
    let stderr = show("stages:\n  prod:\n    region: eu-west-1\n    logRetention: 30\n");
    insta::assert_snapshot!("unknown_key", stderr);
    let stderr = show(
        "stages:\n  prod:\n    domain:\n      name: chat.example.org\n      certificate: arn:aws:acm:eu-west-1:123456789012:certificate/1\n",
    );
    insta::assert_snapshot!("wrong_certificate", stderr);
    fs::write(&file, "stages: { prod: { region: eu-west-1 } }\n").unwrap();
    assert!(home.text(&["config", "validate"]).contains("stages local, prod"));
}

#[test]
fn the_shipped_configuration_fits_the_schema_that_ships_with_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let schema = fs::read_to_string(root.join("templates/chatctl.schema.json")).unwrap();
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let stage = &schema["definitions"]["StageText"]["properties"];
    for key in ["region", "profile", "architecture", "domain", "logRetentionDays", "endpoints"] {
        assert!(stage[key]["description"].is_string(), "{key}: {stage}");
    }
    assert_eq!(schema["additionalProperties"], false);
}
