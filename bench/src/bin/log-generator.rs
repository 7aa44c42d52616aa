//! A server of CloudWatch Logs' protocol with 100,000 events in groups whose names are the arguments;
//! prints its URL and serves until it is ended.

#[path = "../../../tests/support/log_generator.rs"]
mod generator;

use std::collections::HashMap;
use std::io::Write;

use generator::{Generator, Hardships, now_ms, past};

const EVENTS: usize = 100_000;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let names: Vec<String> = std::env::args().skip(1).collect();
    let now = now_ms();
    let say = |at: usize| {
        format!(
            r#"{{"level":"INFO","message":"sendMessage done","connectionId":"JC1dgf9yoAMCK-g=","requestId":"{at:036}","durationMs":{}}}"#,
            at % 40
        )
    };
    let count = EVENTS / names.len().max(1);
    let groups: HashMap<_, _> = names
        .into_iter()
        .map(|name| (name, past(count, (now - 500_000, now - 1_000), say)))
        .collect();
    let generator = Generator::new(groups, Hardships::default());
    let (url, serving) = generator.serve().await;
    println!("{url}");
    // The reader may have closed the pipe after the first line, and that is all it wanted.
    std::io::stdout().flush().ok();
    serving.await;
}
