//! Uploads in parts: a folder for each until it is completed or aborted.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use s3s::crypto::{Checksum as _, Md5};
use serde::{Deserialize, Serialize};

use super::store::{Attributes, Object, Store, hex, now_ms, place};

/// All parts but the last hold 5 MB at least.
const PART_BYTES: u64 = 5 * 1024 * 1024;

/// An upload's description.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Upload {
    #[serde(skip)]
    pub id: String,
    pub bucket: String,
    pub key: String,
    pub begun_ms: u64,
    pub attributes: Attributes,
}

/// A part that arrived.
#[derive(Debug, Clone)]
pub struct Part {
    pub number: u32,
    pub etag: String,
    pub size: u64,
    pub modified: SystemTime,
    path: PathBuf,
}

/// Why an upload cannot be completed.
#[derive(Debug)]
pub enum Incomplete {
    /// The parts are not named in ascending order.
    Order,
    /// A part is missing, or another than named.
    Part,
    /// A part before the last is under 5 MB.
    Small,
    /// The bucket is gone.
    Bucket,
    /// The disk failed.
    Io(io::Error),
}

impl From<io::Error> for Incomplete {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

const DESCRIPTION: &str = "upload.json";

/// The uploads of a store.
#[derive(Clone)]
pub struct Uploads(pub Arc<Store>);

impl Uploads {
    /// Begins one; its id.
    pub fn begin(&self, bucket: &str, key: &str, attributes: Attributes) -> io::Result<String> {
        let id = ulid::Ulid::new().to_string();
        let folder = self.folder(&id);
        fs::create_dir_all(&folder)?;
        let (bucket, key) = (bucket.to_owned(), key.to_owned());
        let upload = Upload { id: id.clone(), bucket, key, begun_ms: now_ms(), attributes };
        place(&folder, DESCRIPTION, &serde_json::to_vec(&upload)?)?;
        Ok(id)
    }

    /// The upload of an id, if it is for this object.
    pub fn find(&self, id: &str, bucket: &str, key: &str) -> Option<Upload> {
        // An id is part of a path, so it must be one that `begin` could have made.
        id.parse::<ulid::Ulid>().ok()?;
        self.load(id).filter(|upload| upload.bucket == bucket && upload.key == key)
    }

    /// The uploads into a bucket, by key.
    pub fn list(&self, bucket: &str) -> io::Result<Vec<Upload>> {
        let mut uploads = Vec::new();
        for entry in fs::read_dir(self.0.uploads())? {
            let id = entry?.file_name().to_string_lossy().into_owned();
            uploads.extend(self.load(&id).filter(|upload| upload.bucket == bucket));
        }
        uploads.sort_by(|one, other| (&one.key, &one.id).cmp(&(&other.key, &other.id)));
        Ok(uploads)
    }

    fn load(&self, id: &str) -> Option<Upload> {
        let text = fs::read(self.folder(id).join(DESCRIPTION)).ok()?;
        let mut upload: Upload = serde_json::from_slice(&text).ok()?;
        id.clone_into(&mut upload.id);
        Some(upload)
    }

    /// Keeps a part, in place of any of the same number.
    pub fn put_part(&self, id: &str, number: u32, md5: &str, content: &[u8]) -> io::Result<()> {
        let old = self.parts(id)?.into_iter().filter(|part| part.number == number);
        let name = format!("{number:05}-{md5}.part");
        place(&self.folder(id), &name, content)?;
        for part in old.filter(|part| part.etag != md5) {
            fs::remove_file(part.path)?;
        }
        Ok(())
    }

    /// The parts that arrived, by number.
    pub fn parts(&self, id: &str) -> io::Result<Vec<Part>> {
        let mut parts = Vec::new();
        for entry in fs::read_dir(self.folder(id))? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let named = name.strip_suffix(".part").and_then(|name| name.split_once('-'));
            let Some((number, etag)) = named else { continue };
            let Ok(number) = number.parse() else { continue };
            let file = entry.metadata()?;
            let (size, modified) = (file.len(), file.modified()?);
            parts.push(Part { number, etag: etag.to_owned(), size, modified, path: entry.path() });
        }
        parts.sort_by_key(|part| part.number);
        Ok(parts)
    }

    /// Makes the object of the named parts, given as numbers and entity tags.
    pub fn complete(
        &self,
        upload: &Upload,
        named: &[(u32, Option<String>)],
    ) -> Result<Object, Incomplete> {
        let parts = self.named_parts(&upload.id, named)?;
        let mut md5 = Md5::new();
        for part in &parts {
            md5.update(&bytes_of(&part.etag));
        }
        let etag = format!("{}-{}", hex(&md5.finalize()), parts.len());
        let attributes = upload.attributes.clone();
        let object = self.0.put(&upload.bucket, &upload.key, &etag, attributes, |file| {
            parts
                .iter()
                .try_for_each(|part| io::copy(&mut fs::File::open(&part.path)?, file).map(drop))
        })?;
        self.end(&upload.id)?;
        object.ok_or(Incomplete::Bucket)
    }

    fn named_parts(
        &self,
        id: &str,
        named: &[(u32, Option<String>)],
    ) -> Result<Vec<Part>, Incomplete> {
        if !named.is_sorted_by(|one, next| one.0 < next.0) {
            return Err(Incomplete::Order);
        }
        let present = self.parts(id)?;
        let found = named.iter().map(|(number, etag)| {
            let part = present.iter().find(|part| part.number == *number);
            part.filter(|part| etag.as_ref().is_none_or(|etag| *etag == part.etag)).cloned()
        });
        let parts = found.collect::<Option<Vec<_>>>().ok_or(Incomplete::Part)?;
        let Some((_, before)) = parts.split_last() else { return Err(Incomplete::Part) };
        if before.iter().any(|part| part.size < PART_BYTES) {
            return Err(Incomplete::Small);
        }
        Ok(parts)
    }

    /// Forgets an upload and its parts.
    pub fn end(&self, id: &str) -> io::Result<()> {
        fs::remove_dir_all(self.folder(id))
    }

    fn folder(&self, id: &str) -> PathBuf {
        self.0.uploads().join(id)
    }
}

/// The bytes of a hexadecimal text that this store wrote.
fn bytes_of(hex: &str) -> Vec<u8> {
    let pairs = (0..hex.len()).step_by(2).filter_map(|at| hex.get(at..at + 2));
    pairs.filter_map(|pair| u8::from_str_radix(pair, 16).ok()).collect()
}
