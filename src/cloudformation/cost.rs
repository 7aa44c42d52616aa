//! What a template's resources cost a month, about: prices of us-east-1 on demand, and how the chat
//! uses them. An estimate to compare two templates by, not a bill.

use std::fmt;

use super::template::Template;

/// How much a stage is used.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Load {
    /// People who come every day.
    pub users: u32,
    /// Messages a day, all people together.
    pub messages_a_day: u32,
    /// People in a room, each of whom gets every message.
    pub people_in_a_room: u32,
    /// Minutes a day that each person is connected.
    pub minutes_a_day: u32,
}

impl Load {
    /// A hundred people and a thousand messages a day.
    pub const SMALL: Self =
        Self { users: 100, messages_a_day: 1_000, people_in_a_room: 10, minutes_a_day: 60 };
    /// A thousand people and ten thousand messages a day.
    pub const LARGE: Self = Self { users: 1_000, messages_a_day: 10_000, ..Self::SMALL };
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { users, messages_a_day, people_in_a_room: _, minutes_a_day: _ } = self;
        write!(f, "{users} people and {messages_a_day} messages a day")
    }
}

/// An estimate, by part.
#[derive(Debug, Clone, PartialEq)]
pub struct Cost {
    /// What costs, and how many USD a month.
    pub lines: Vec<(&'static str, f64)>,
}

impl Cost {
    /// The sum, in USD a month.
    pub fn total(&self) -> f64 {
        self.lines.iter().map(|(_, usd)| usd).sum()
    }
}

const DAYS: f64 = 30.0;
/// API Gateway: USD a message of up to 32 KB, and a minute of a connection.
const API_MESSAGE: f64 = 1.00e-6;
const API_MINUTE: f64 = 0.25e-6;
/// Lambda: USD an invocation, and a GB-second on each processor.
const LAMBDA_REQUEST: f64 = 0.20e-6;
const LAMBDA_GB_SECOND_ARM64: f64 = 0.000_013_333_4;
const LAMBDA_GB_SECOND_X86_64: f64 = 0.000_016_666_7;
/// DynamoDB: USD a write and a read unit, and a GB-month.
const TABLE_WRITE: f64 = 0.625e-6;
const TABLE_READ: f64 = 0.125e-6;
const TABLE_GB: f64 = 0.25;
/// Point-in-time recovery: USD a GB-month.
const RECOVERY_GB: f64 = 0.20;
/// CloudWatch: USD a metric that an alarm reads, ten of which are free; a GB of logs.
const ALARM_METRIC: f64 = 0.10;
const FREE_ALARM_METRICS: usize = 10;
const LOGS_GB: f64 = 0.50;
/// A dashboard; three are free.
const DASHBOARD: f64 = 3.00;
const FREE_DASHBOARDS: usize = 3;

/// What a message makes: write units (message and its first sending in a transaction, which counts
/// twice, and the sender's presence), read units (the room), a send's time, log bytes, stored bytes.
const WRITES: f64 = 5.0;
const READS: f64 = 3.0;
const SEND_SECONDS: f64 = 0.05;
const LOG_BYTES: f64 = 1_500.0;
const STORED_BYTES: f64 = 1_000.0;
/// How often a client that says nothing is heard of, in minutes: an invocation, a read and two writes.
const HEARTBEAT_MINUTES: f64 = 4.0;
const HEARTBEAT_SECONDS: f64 = 0.01;

/// What a template costs a month under a load.
pub fn monthly(template: &Template, load: Load) -> Cost {
    let messages = f64::from(load.messages_a_day) * DAYS;
    let minutes = f64::from(load.users) * f64::from(load.minutes_a_day) * DAYS;
    let beats = minutes / HEARTBEAT_MINUTES;
    let frames = messages * (1.0 + f64::from(load.people_in_a_room)) + beats * 2.0;
    let gb_seconds = (messages * SEND_SECONDS + beats * HEARTBEAT_SECONDS) * memory_gb(template);
    let stored_gb = messages * STORED_BYTES / 1e9;
    let lines = vec![
        ("API Gateway", frames * API_MESSAGE + minutes * API_MINUTE),
        ("Lambda", (messages + beats) * LAMBDA_REQUEST + gb_seconds * gb_second(template)),
        (
            "DynamoDB",
            (messages * WRITES + beats * 2.0) * TABLE_WRITE
                + (messages * READS + beats) * TABLE_READ
                + stored_gb * (TABLE_GB + recovery(template)),
        ),
        ("Logs", (messages + beats) * LOG_BYTES / 1e9 * LOGS_GB),
        ("Alarms", alarms(template)),
        (
            "Dashboards",
            beyond(count(template, "AWS::CloudWatch::Dashboard"), FREE_DASHBOARDS, DASHBOARD),
        ),
    ];
    Cost { lines }
}

fn count(template: &Template, kind: &str) -> usize {
    template.resources.values().filter(|one| one.kind == kind).count()
}

#[expect(clippy::cast_precision_loss, reason = "a template has at most 500 resources")]
fn beyond(found: usize, free: usize, price: f64) -> f64 {
    found.saturating_sub(free) as f64 * price
}

fn alarms(template: &Template) -> f64 {
    let alarms = template.resources.values().filter(|one| one.kind == "AWS::CloudWatch::Alarm");
    beyond(alarms.count(), FREE_ALARM_METRICS, ALARM_METRIC)
}

/// The functions' mean memory.
fn memory_gb(template: &Template) -> f64 {
    let functions = template.resources.values().filter(|one| one.kind == "AWS::Lambda::Function");
    let sizes: Vec<f64> =
        functions.filter_map(|one| one.properties["MemorySize"].as_f64()).collect();
    let sum: f64 = sizes.iter().sum();
    if sizes.is_empty() {
        0.0
    } else {
        sum / f64::from(u32::try_from(sizes.len()).unwrap_or(1)) / 1024.0
    }
}

fn gb_second(template: &Template) -> f64 {
    let arm = |one: &super::Resource| one.properties["Architectures"][0] == "arm64";
    let functions = template.resources.values();
    let mut functions = functions.filter(|one| one.kind == "AWS::Lambda::Function");
    if functions.any(arm) { LAMBDA_GB_SECOND_ARM64 } else { LAMBDA_GB_SECOND_X86_64 }
}

fn recovery(template: &Template) -> f64 {
    let on = |one: &super::Resource| {
        one.properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] == true
    };
    if template.resources.values().any(on) { RECOVERY_GB } else { 0.0 }
}
