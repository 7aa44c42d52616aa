//! Buckets and objects on disk, indexed in memory.
//!
//! A bucket is a folder. An object is a file of content under a name of its own, and a description
//! under the hash of its key, so that every key that S3 takes is possible. Putting the description
//! in place is the moment at which an object exists, so a process that dies leaves whole objects.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What an object says about itself.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Attributes {
    pub content_type: Option<String>,
    pub cache_control: Option<String>,
    pub content_encoding: Option<String>,
    pub content_disposition: Option<String>,
    pub content_language: Option<String>,
    pub website_redirect: Option<String>,
    /// `x-amz-meta-…`
    pub metadata: BTreeMap<String, String>,
    /// Checksums by the algorithm's name, in base64.
    pub checksums: BTreeMap<String, String>,
}

/// An object's description.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Object {
    pub key: String,
    /// The file of the content, in the bucket's folder.
    pub file: String,
    pub size: u64,
    /// Without quotes.
    pub etag: String,
    pub modified_ms: u64,
    pub attributes: Attributes,
}

impl Object {
    /// When it was written.
    pub fn modified(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(self.modified_ms)
    }
}

/// The objects of a bucket by key, in S3's order: that of the keys' bytes.
pub type Objects = BTreeMap<String, Object>;

#[derive(Debug, Default, Serialize, Deserialize)]
struct Bucket {
    created_ms: u64,
    #[serde(skip)]
    objects: Objects,
}

/// Why a bucket is not removed.
#[derive(Debug, PartialEq, Eq)]
pub enum Removal {
    /// It is gone.
    Removed,
    /// There is none.
    NoSuchBucket,
    /// It has objects.
    NotEmpty,
}

const DESCRIPTION: &str = "bucket.json";
const UPLOADS: &str = ".uploads";

/// Every bucket.
pub struct Store {
    root: PathBuf,
    buckets: Mutex<BTreeMap<String, Bucket>>,
}

impl Store {
    /// Reads the folder; sweeps out what a process that died left half done.
    ///
    /// # Errors
    /// The folder cannot be read or is not what was written.
    pub fn open(root: &Path) -> io::Result<Self> {
        fs::create_dir_all(root.join(UPLOADS))?;
        let mut buckets = BTreeMap::new();
        for entry in fs::read_dir(root)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name != UPLOADS {
                buckets.insert(name, load(&entry.path())?);
            }
        }
        Ok(Self { root: root.to_owned(), buckets: Mutex::new(buckets) })
    }

    /// Where unfinished uploads are.
    pub fn uploads(&self) -> PathBuf {
        self.root.join(UPLOADS)
    }

    /// Makes a bucket; says whether there was none.
    pub fn create_bucket(&self, name: &str) -> io::Result<bool> {
        let mut buckets = self.lock();
        if buckets.contains_key(name) {
            return Ok(false);
        }
        let folder = self.root.join(name);
        fs::create_dir_all(&folder)?;
        let bucket = Bucket { created_ms: now_ms(), objects: Objects::new() };
        place(&folder, DESCRIPTION, &serde_json::to_vec(&bucket)?)?;
        buckets.insert(name.to_owned(), bucket);
        Ok(true)
    }

    /// Removes a bucket that is empty.
    pub fn remove_bucket(&self, name: &str) -> io::Result<Removal> {
        let mut buckets = self.lock();
        match buckets.get(name) {
            None => Ok(Removal::NoSuchBucket),
            Some(bucket) if !bucket.objects.is_empty() => Ok(Removal::NotEmpty),
            Some(_) => {
                fs::remove_dir_all(self.root.join(name))?;
                buckets.remove(name);
                Ok(Removal::Removed)
            }
        }
    }

    /// The buckets and when they were made.
    pub fn buckets(&self) -> Vec<(String, SystemTime)> {
        let buckets = self.lock();
        let made = |bucket: &Bucket| UNIX_EPOCH + Duration::from_millis(bucket.created_ms);
        buckets.iter().map(|(name, bucket)| (name.clone(), made(bucket))).collect()
    }

    /// Whether there is such a bucket.
    pub fn has_bucket(&self, name: &str) -> bool {
        self.lock().contains_key(name)
    }

    /// Looks at the objects of a bucket.
    pub fn look<T>(&self, bucket: &str, look: impl FnOnce(&Objects) -> T) -> Option<T> {
        self.lock().get(bucket).map(|bucket| look(&bucket.objects))
    }

    /// An object's description.
    pub fn find(&self, bucket: &str, key: &str) -> Option<Object> {
        self.look(bucket, |objects| objects.get(key).cloned()).flatten()
    }

    /// An object and its content. One that is replaced in between is looked up again.
    pub fn read(&self, bucket: &str, key: &str) -> io::Result<Option<(Object, Vec<u8>)>> {
        loop {
            let Some(object) = self.find(bucket, key) else { return Ok(None) };
            match fs::read(self.root.join(bucket).join(&object.file)) {
                Ok(content) => return Ok(Some((object, content))),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    if self.find(bucket, key).is_some_and(|now| now.file == object.file) {
                        return Err(error);
                    }
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Puts an object, written by `write`, in place of any of the same key. `None` where there is no
    /// such bucket.
    pub fn put(
        &self,
        bucket: &str,
        key: &str,
        etag: &str,
        attributes: Attributes,
        write: impl FnOnce(&mut fs::File) -> io::Result<()>,
    ) -> io::Result<Option<Object>> {
        if !self.has_bucket(bucket) {
            return Ok(None);
        }
        let folder = self.root.join(bucket);
        let name = format!("{}.data", ulid::Ulid::new());
        let mut file = fs::File::create_new(folder.join(&name))?;
        write(&mut file)?;
        let object = Object {
            key: key.to_owned(),
            size: file.metadata()?.len(),
            file: name,
            etag: etag.to_owned(),
            modified_ms: now_ms(),
            attributes,
        };
        let mut buckets = self.lock();
        let Some(known) = buckets.get_mut(bucket) else { return Ok(None) };
        place(&folder, &description(key), &serde_json::to_vec(&object)?)?;
        if let Some(old) = known.objects.insert(key.to_owned(), object.clone()) {
            fs::remove_file(folder.join(old.file))?;
        }
        Ok(Some(object))
    }

    /// Removes an object, if there is one. `None` where there is no such bucket.
    pub fn remove(&self, bucket: &str, key: &str) -> io::Result<Option<()>> {
        let mut buckets = self.lock();
        let Some(known) = buckets.get_mut(bucket) else { return Ok(None) };
        if let Some(old) = known.objects.remove(key) {
            let folder = self.root.join(bucket);
            fs::remove_file(folder.join(description(key)))?;
            fs::remove_file(folder.join(old.file))?;
        }
        Ok(Some(()))
    }

    /// A std mutex: nothing is awaited while it is held.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Bucket>> {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn load(folder: &Path) -> io::Result<Bucket> {
    let mut bucket: Bucket = read_json(&folder.join(DESCRIPTION))?;
    let mut contents = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("json") if name != DESCRIPTION => {
                let object: Object = read_json(&path)?;
                bucket.objects.insert(object.key.clone(), object);
            }
            Some("data") => contents.push(name),
            Some("new") => fs::remove_file(&path)?,
            _ => {}
        }
    }
    let owned: std::collections::HashSet<_> =
        bucket.objects.values().map(|object| &object.file).collect();
    for orphan in contents.iter().filter(|name| !owned.contains(name)) {
        fs::remove_file(folder.join(orphan))?;
    }
    Ok(bucket)
}

fn read_json<T: DeserializeOwned>(path: &Path) -> io::Result<T> {
    Ok(serde_json::from_slice(&fs::read(path)?)?)
}

/// Writes beside the file and takes its place.
pub fn place(folder: &Path, name: &str, content: &[u8]) -> io::Result<()> {
    let beside = folder.join(format!("{}.new", ulid::Ulid::new()));
    fs::File::create_new(&beside)?.write_all(content)?;
    fs::rename(beside, folder.join(name))
}

fn description(key: &str) -> String {
    format!("{}.json", hex(&Sha256::digest(key)))
}

/// Bytes in lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Milliseconds since the epoch.
pub fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}
