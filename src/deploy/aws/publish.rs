//! The site on AWS: files to the bucket, the configuration from the stack's outputs, copies at the
//! edge dropped where they are out of date.
//!
//! What was published is written down in the artifact bucket, so that any machine knows it. Assets
//! that no page names any more stay for a week: a browser that loaded the page before may still ask.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::artifacts::Artifacts;
use super::prepare::Parts;
use super::{Prepared, Stage};
use crate::aws::{Bucket, CloudFront};
use crate::deploy::plan::Change;
use crate::deploy::record::{self, FileRecord, SiteRecord};
use crate::deploy::site::{self, SiteFile};
use crate::deploy::{DeployError, Event, OnEvent};
use crate::package::frontend;

/// The record's key, after the stage's folder.
const RECORD: &str = "site.json";
/// How long an asset stays that no page names any more.
const KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);

/// The stack's outputs.
pub(super) type Outputs = BTreeMap<String, String>;

/// What is published.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Published {
    /// The stack whose bucket it is; another one of the same name has an empty bucket.
    stack: String,
    /// The files' SHA-256 by key.
    files: BTreeMap<String, String>,
    /// Assets that no page names any more, and since when.
    #[serde(default)]
    stale: BTreeMap<String, Timestamp>,
}

impl Published {
    fn record(&self) -> SiteRecord {
        let file = |(key, sha256): (&String, &String)| {
            (key.clone(), FileRecord { sha256: sha256.clone(), stamp: (0, 0) })
        };
        SiteRecord { bucket: String::new(), files: self.files.iter().map(file).collect() }
    }
}

/// What is published for a stack.
pub(super) async fn published(
    artifacts: &Artifacts,
    stack: Option<&str>,
    parts: Parts,
) -> Result<Published, DeployError> {
    let (Some(stack), true) = (stack, parts.site()) else { return Ok(Published::default()) };
    let text = artifacts.bucket().get(&key(artifacts)).await?;
    // One that cannot be read is no worse than none: everything is published again.
    let known: Option<Published> = text.and_then(|text| serde_json::from_slice(&text).ok());
    let none = Published { stack: stack.to_owned(), ..Published::default() };
    Ok(known.filter(|known| known.stack == stack).unwrap_or(none))
}

fn key(artifacts: &Artifacts) -> String {
    artifacts.folder() + RECORD
}

/// The files that are to be there, given the stack's outputs.
pub(super) fn files(stage: &Stage, outputs: &Outputs) -> Result<Vec<SiteFile>, DeployError> {
    let output = |name: &str| outputs.get(name).map(String::as_str).unwrap_or_default();
    let config = json!({
        "stage": stage.name,
        "region": stage.cloud.region(),
        "webSocketUrl": output("WebSocketUrl"),
        "voice": {"transport": stage.config.settings.voice.transport.as_str()},
    });
    let known = record::site(&stage.folder());
    let folder = frontend::output(&stage.project.root);
    site::files(&folder, format!("{config:#}\n").into_bytes(), &known)
}

/// What publishing would change.
pub(super) fn changes(files: &[SiteFile], published: &Published) -> Vec<Change> {
    site::changes("", files, &published.record())
}

/// Publishes what changed.
pub(super) async fn publish(
    prepared: &mut Prepared,
    stack: &str,
    outputs: &Outputs,
    on_event: OnEvent<'_>,
) -> Result<bool, DeployError> {
    let Prepared { stage, artifacts, published, site, .. } = prepared;
    let Some(bucket) = outputs.get("SiteBucket").filter(|_| !site.is_empty()) else {
        return Ok(false);
    };
    if published.stack != stack {
        *published = Published { stack: stack.to_owned(), ..Published::default() };
    }
    let files = files(stage, outputs)?;
    let changes = changes(&files, published);
    if changes.is_empty() {
        return Ok(false);
    }
    let out_of_date = out_of_date(&changes, published);
    let now = Timestamp::now();
    let next = next(&files, published, stack, now);
    let kept = |key: &str| next.stale.contains_key(key);
    let bucket = Bucket::new(&stage.cloud, bucket);
    let known = SiteRecord { bucket: bucket.name().to_owned(), ..published.record() };
    let record = site::publish(&bucket, files, &known, &kept, on_event).await?;
    if let Some(distribution) = outputs.get("DistributionId").filter(|_| !out_of_date.is_empty()) {
        let token = ulid::Ulid::new().to_string();
        CloudFront::new(&stage.cloud).invalidate(distribution, &out_of_date, &token).await?;
        on_event(Event::Invalidated { paths: out_of_date });
    }
    let text = serde_json::to_vec(&next).unwrap_or_default();
    artifacts.bucket().upload(&key(artifacts), "application/json", Bytes::from(text)).await?;
    // A cache of this machine's: without it the files are read once more.
    let _ = record::set_site(&stage.folder(), &record);
    Ok(true)
}

/// Paths of which the edge may have copies that are wrong now. Names of assets carry their hash.
fn out_of_date(changes: &[Change], published: &Published) -> Vec<String> {
    let mut paths = Vec::new();
    for change in changes.iter().filter(|change| !site::is_hashed(&change.name)) {
        if published.files.contains_key(&change.name) {
            paths.push(format!("/{}", change.name));
            if change.name == site::INDEX {
                paths.push("/".to_owned());
            }
        }
    }
    paths
}

/// What will be published once these files are.
fn next(files: &[SiteFile], before: &Published, stack: &str, now: Timestamp) -> Published {
    let files: BTreeMap<String, String> =
        files.iter().map(|file| (file.key().to_owned(), file.sha256().to_owned())).collect();
    let gone = before.files.keys().filter(|key| site::is_hashed(key));
    let since = |key: &String| *before.stale.get(key).unwrap_or(&now);
    let stale = gone
        .chain(before.stale.keys())
        .filter(|key| !files.contains_key(*key) && now.duration_since(since(key)) < KEPT)
        .map(|key| (key.clone(), since(key)))
        .collect();
    Published { stack: stack.to_owned(), files, stale }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn published(files: &[&str], stale: &[(&str, Timestamp)]) -> Published {
        Published {
            stack: "s".into(),
            files: files.iter().map(|key| ((*key).to_owned(), "old".to_owned())).collect(),
            stale: stale.iter().map(|(key, since)| ((*key).to_owned(), *since)).collect(),
        }
    }

    #[test]
    fn an_asset_stays_a_week_after_its_last_page() {
        let now: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        let before = published(
            &["index.html", "about.html", "assets/b-2.js"],
            &[
                ("assets/a-1.js", now - SignedDuration::from_hours(24)),
                ("assets/0.js", now - SignedDuration::from_hours(8 * 24)),
            ],
        );
        let after = next(&[], &before, "s", now);
        let stale: Vec<&str> = after.stale.keys().map(String::as_str).collect();
        assert_eq!(stale, ["assets/a-1.js", "assets/b-2.js"]);
        assert_eq!(after.stale["assets/a-1.js"], now - SignedDuration::from_hours(24));
    }

    #[test]
    fn only_copies_that_may_exist_are_dropped() {
        let change = |name: &str| Change {
            action: crate::deploy::plan::Action::Change,
            kind: crate::deploy::plan::Kind::File,
            name: name.into(),
            detail: String::new(),
            loses_data: false,
        };
        let changes = [change("assets/b-2.js"), change("index.html"), change("new.txt")];
        let paths = out_of_date(&changes, &published(&["index.html", "assets/a-1.js"], &[]));
        assert_eq!(paths, ["/index.html", "/"]);
        assert!(out_of_date(&changes, &Published::default()).is_empty());
    }
}
