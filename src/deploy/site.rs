//! The site's files: what is to be there, what changed, and the order in which it goes there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use futures_util::{StreamExt, TryStreamExt, stream};
use ignore::WalkBuilder;
use sha2::{Digest, Sha256};

use super::plan::{Action, Change, Kind};
use super::record::{FileRecord, SiteRecord};
use super::{DeployError, Event, OnEvent};
use crate::aws::{Bucket, Object};
use crate::package::fingerprint::hex;

/// The runtime configuration, which the web app reads before anything else.
const CONFIG: &str = "config.json";
/// The page.
pub(super) const INDEX: &str = "index.html";
/// How many files travel at once.
const PARALLEL: usize = 8;

/// A file of the site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SiteFile {
    key: String,
    content: Content,
    record: FileRecord,
}

impl SiteFile {
    /// Its key.
    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// Its contents' SHA-256, in hex.
    pub(super) fn sha256(&self) -> &str {
        &self.record.sha256
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Content {
    Path(PathBuf),
    Bytes(Vec<u8>),
}

/// Every file of a built site, with its runtime configuration. A file whose length and time are as
/// they were is not read again.
pub(super) fn files(
    folder: &Path,
    config: Vec<u8>,
    known: &SiteRecord,
) -> Result<Vec<SiteFile>, DeployError> {
    let mut files = Vec::new();
    for entry in WalkBuilder::new(folder).standard_filters(false).build().flatten() {
        let path = entry.path();
        let Some(key) = path.strip_prefix(folder).ok().and_then(Path::to_str) else { continue };
        if path.is_file() && key != CONFIG {
            let record = record(path, known.files.get(key))
                .map_err(DeployError::io(path.display().to_string()))?;
            files.push(SiteFile {
                key: key.to_owned(),
                content: Content::Path(path.to_owned()),
                record,
            });
        }
    }
    let record = FileRecord { sha256: sha256(&config), stamp: (config.len() as u64, 0) };
    files.push(SiteFile { key: CONFIG.to_owned(), content: Content::Bytes(config), record });
    files.sort_by(|a, b| (rank(&a.key), &a.key).cmp(&(rank(&b.key), &b.key)));
    Ok(files)
}

fn record(path: &Path, known: Option<&FileRecord>) -> std::io::Result<FileRecord> {
    let metadata = std::fs::metadata(path)?;
    let modified = metadata.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
    let stamp = (metadata.len(), u64::try_from(modified.as_nanos()).unwrap_or(u64::MAX));
    match known {
        Some(known) if known.stamp == stamp => Ok(known.clone()),
        _ => Ok(FileRecord { sha256: sha256(&std::fs::read(path)?), stamp }),
    }
}

fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Assets first: a page that is there finds everything it names. The configuration before the page.
fn rank(key: &str) -> u8 {
    match key {
        _ if is_hashed(key) => 0,
        CONFIG => 2,
        INDEX => 3,
        _ => 1,
    }
}

/// Names in `assets/` carry the hash of their contents.
pub(super) fn is_hashed(key: &str) -> bool {
    key.starts_with("assets/")
}

/// The changes of a site, by file.
pub(super) fn changes(bucket: &str, files: &[SiteFile], known: &SiteRecord) -> Vec<Change> {
    let empty = BTreeMap::new();
    let known = if known.bucket == bucket { &known.files } else { &empty };
    let change = |action, name: &str| Change {
        action,
        kind: Kind::File,
        name: name.to_owned(),
        detail: String::new(),
        loses_data: false,
    };
    let mut changes: Vec<Change> = files
        .iter()
        .filter_map(|file| match known.get(&file.key) {
            None => Some(change(Action::Add, &file.key)),
            Some(old) if old.sha256 != file.record.sha256 => {
                Some(change(Action::Change, &file.key))
            }
            Some(_) => None,
        })
        .collect();
    let stays = |key: &str| files.iter().any(|file| file.key == key);
    changes.extend(known.keys().filter(|key| !stays(key)).map(|key| change(Action::Remove, key)));
    changes
}

/// Puts the files there that changed, then removes those that are no more and that nothing keeps.
pub(super) async fn publish(
    bucket: &Bucket,
    files: Vec<SiteFile>,
    known: &SiteRecord,
    kept: &dyn Fn(&str) -> bool,
    on_event: OnEvent<'_>,
) -> Result<SiteRecord, DeployError> {
    let there = bucket.keys().await?;
    let has = |file: &SiteFile| {
        let same = known.files.get(&file.key).is_some_and(|old| old.sha256 == file.record.sha256);
        same && known.bucket == bucket.name() && there.contains(&file.key)
    };
    let (mut fresh, mut last): (Vec<&SiteFile>, Vec<&SiteFile>) = (Vec::new(), Vec::new());
    for file in files.iter().filter(|file| !has(file)) {
        if rank(&file.key) < rank(CONFIG) { fresh.push(file) } else { last.push(file) }
    }
    let uploads = fresh.into_iter().map(|file| upload(bucket, file, on_event));
    stream::iter(uploads).buffer_unordered(PARALLEL).try_collect::<()>().await?;
    for file in last {
        upload(bucket, file, on_event).await?;
    }
    let stays = |key: &str| kept(key) || files.iter().any(|file| file.key == key);
    for key in there.iter().filter(|key| !stays(key)) {
        bucket.delete(key).await?;
        on_event(Event::FileRemoved { key: key.clone() });
    }
    let files = files.into_iter().map(|file| (file.key, file.record)).collect();
    Ok(SiteRecord { bucket: bucket.name().to_owned(), files })
}

async fn upload(
    bucket: &Bucket,
    file: &SiteFile,
    on_event: OnEvent<'_>,
) -> Result<(), DeployError> {
    let body = match &file.content {
        Content::Bytes(bytes) => bytes.clone(),
        Content::Path(path) => {
            std::fs::read(path).map_err(DeployError::io(path.display().to_string()))?
        }
    };
    bucket
        .put(Object {
            key: &file.key,
            body,
            content_type: &content_type(&file.key),
            cache_control: cache(&file.key),
        })
        .await?;
    on_event(Event::FileUploaded { key: file.key.clone() });
    Ok(())
}

fn content_type(key: &str) -> String {
    let guess = mime_guess::from_path(key).first_or_octet_stream();
    let is_text =
        guess.type_() == "text" || ["javascript", "json"].contains(&guess.subtype().as_str());
    if is_text {
        format!("{}; charset=utf-8", guess.essence_str())
    } else {
        guess.essence_str().to_owned()
    }
}

fn cache(key: &str) -> &'static str {
    if is_hashed(key) { "public, max-age=31536000, immutable" } else { "no-cache" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(entries: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (key, text) in entries {
            let path = folder.path().join(key);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        folder
    }

    #[test]
    fn assets_go_first_and_the_page_last() {
        let folder = site(&[
            ("index.html", "page"),
            ("favicon.svg", "icon"),
            ("assets/a-1.js", "x"),
            ("config.json", "built"),
        ]);
        let files = files(folder.path(), b"{}".to_vec(), &SiteRecord::default()).unwrap();
        let keys: Vec<_> = files.iter().map(|file| file.key.as_str()).collect();
        assert_eq!(keys, ["assets/a-1.js", "favicon.svg", "config.json", "index.html"]);
        assert_eq!(files[2].content, Content::Bytes(b"{}".to_vec()));
    }

    #[test]
    fn only_what_changed_is_a_change() {
        let folder = site(&[("index.html", "page"), ("assets/a-1.js", "x")]);
        let first = files(folder.path(), b"{}".to_vec(), &SiteRecord::default()).unwrap();
        let known = SiteRecord {
            bucket: "site".into(),
            files: first.iter().map(|file| (file.key.clone(), file.record.clone())).collect(),
        };
        assert!(changes("site", &first, &known).is_empty());
        assert_eq!(changes("other", &first, &known).len(), 3);
        std::fs::remove_file(folder.path().join("assets/a-1.js")).unwrap();
        std::fs::write(folder.path().join("index.html"), "new page").unwrap();
        let second = files(folder.path(), b"{}".to_vec(), &known).unwrap();
        let changed: Vec<_> =
            changes("site", &second, &known).into_iter().map(|c| (c.action, c.name)).collect();
        assert_eq!(
            changed,
            [
                (Action::Change, "index.html".to_owned()),
                (Action::Remove, "assets/a-1.js".to_owned())
            ]
        );
    }

    #[test]
    fn types_and_caching_are_what_browsers_need() {
        assert_eq!(content_type("assets/a-1.js"), "text/javascript; charset=utf-8");
        assert_eq!(content_type("index.html"), "text/html; charset=utf-8");
        assert_eq!(content_type("config.json"), "application/json; charset=utf-8");
        assert_eq!(content_type("a.woff2"), "font/woff2");
        assert!(cache("assets/a-1.js").contains("immutable"));
        assert_eq!(cache("index.html"), "no-cache");
    }
}
