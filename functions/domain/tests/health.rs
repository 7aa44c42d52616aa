//! What a stage says of itself.

mod double;

use chatctl_domain::health::{About, handle};
use chatctl_domain::{HttpAnswer, Report};
use double::Double;
use serde_json::{Value, json};

async fn asked(double: &Double) -> (Report, u16, Value) {
    let about = About { stage: "prod", version: "1.2.3" };
    let (report, HttpAnswer { status, body }) = handle(double, about).await;
    (report, status, serde_json::from_str(&body).unwrap())
}

#[tokio::test]
async fn a_stage_that_reads_its_table_is_well() {
    let double = Double::new();
    let (report, status, body) = asked(&double).await;
    assert_eq!((status, body), (200, json!({"status": "ok", "stage": "prod", "version": "1.2.3"})));
    assert_eq!(report, Report::default());
    assert_eq!(double.state().counts["connection"], 1, "one read is enough");
}

#[tokio::test]
async fn a_stage_whose_table_fails_or_is_silent_is_unavailable_and_says_no_more() {
    let double = Double::new();
    double.state().broken.insert("connection");
    let (report, status, body) = asked(&double).await;
    assert_eq!((status, &body["code"]), (503, &json!("Unavailable")));
    assert!(!body["message"].as_str().unwrap().contains("broken"), "{body}");
    assert_eq!(report.fault.as_deref(), Some("connection is broken"));

    double.state().stuck = true;
    let (report, status, _) = asked(&double).await;
    assert_eq!((status, report.fault.as_deref()), (503, Some("the table is silent for 3 s")));
}
