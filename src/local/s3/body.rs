//! Reads a body whole, and checks it against every checksum that the client sent.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use s3s::checksum::ChecksumHasher;
use s3s::crypto::{Checksum as _, Md5};
use s3s::dto::{Checksum, ChecksumAlgorithm, PutObjectInput, StreamingBlob, UploadPartInput};
use s3s::{S3Error, S3ErrorCode, S3Result, TrailingHeaders, s3_error};

use super::store::hex;

/// One object or part at most; larger ones go in parts.
const BODY_BYTES: usize = 1 << 30;

/// The algorithms by the names that headers and descriptions have for them.
const ALGORITHMS: [&str; 5] = ["crc32", "crc32c", "crc64nvme", "sha1", "sha256"];

/// What the client says about the body.
#[derive(Default)]
pub struct Claims {
    md5: Option<String>,
    algorithm: Option<ChecksumAlgorithm>,
    sums: BTreeMap<String, String>,
    trailers: Option<TrailingHeaders>,
}

/// A body as it arrived.
pub struct Received {
    /// The content.
    pub content: Bytes,
    /// Its MD5 sum in hexadecimal, which is its entity tag.
    pub md5: String,
    /// The checksums that were asked for, in base64, by algorithm.
    pub sums: BTreeMap<String, String>,
}

impl Claims {
    /// What a whole object's request says.
    pub fn of_object(input: &PutObjectInput, trailers: Option<TrailingHeaders>) -> Self {
        let sums = Checksum {
            checksum_crc32: input.checksum_crc32.clone(),
            checksum_crc32c: input.checksum_crc32c.clone(),
            checksum_crc64nvme: input.checksum_crc64nvme.clone(),
            checksum_sha1: input.checksum_sha1.clone(),
            checksum_sha256: input.checksum_sha256.clone(),
            checksum_type: None,
        };
        let algorithm = input.checksum_algorithm.clone();
        Self { md5: input.content_md5.clone(), algorithm, sums: by_name(sums), trailers }
    }

    /// What a part's request says.
    pub fn of_part(input: &UploadPartInput, trailers: Option<TrailingHeaders>) -> Self {
        let sums = Checksum {
            checksum_crc32: input.checksum_crc32.clone(),
            checksum_crc32c: input.checksum_crc32c.clone(),
            checksum_crc64nvme: input.checksum_crc64nvme.clone(),
            checksum_sha1: input.checksum_sha1.clone(),
            checksum_sha256: input.checksum_sha256.clone(),
            checksum_type: None,
        };
        let algorithm = input.checksum_algorithm.clone();
        Self { md5: input.content_md5.clone(), algorithm, sums: by_name(sums), trailers }
    }

    /// A hasher for every algorithm that a header or a trailer names.
    fn hasher(&self) -> ChecksumHasher {
        let asked = |name: &str| {
            let algorithm = self.algorithm.as_ref().map(|one| one.as_str().to_ascii_lowercase());
            self.sums.contains_key(name) || algorithm.as_deref() == Some(name)
        };
        ChecksumHasher {
            crc32: asked("crc32").then(Default::default),
            crc32c: asked("crc32c").then(Default::default),
            crc64nvme: asked("crc64nvme").then(Default::default),
            sha1: asked("sha1").then(Default::default),
            sha256: asked("sha256").then(Default::default),
        }
    }

    /// Reads the body.
    ///
    /// # Errors
    /// It broke off, is too large, or is not what the client says.
    pub async fn receive(mut self, body: Option<StreamingBlob>) -> S3Result<Received> {
        let mut body = body.ok_or_else(|| s3_error!(IncompleteBody))?;
        let mut hasher = self.hasher();
        let mut md5 = Md5::new();
        let mut content = BytesMut::new();
        while let Some(chunk) = body.next().await {
            let chunk =
                chunk.map_err(|cause| S3Error::with_source(S3ErrorCode::IncompleteBody, cause))?;
            if content.len() + chunk.len() > BODY_BYTES {
                return Err(s3_error!(EntityTooLarge));
            }
            hasher.update(&chunk);
            md5.update(&chunk);
            content.extend_from_slice(&chunk);
        }
        self.read_trailers();
        let (md5, sums) = (md5.finalize(), by_name(hasher.finalize()));
        self.check(&md5, &sums)?;
        Ok(Received { content: content.freeze(), md5: hex(&md5), sums })
    }

    /// Trailers come after the body, and so do their sums.
    fn read_trailers(&mut self) {
        let Some(trailers) = self.trailers.take().and_then(|trailers| trailers.take()) else {
            return;
        };
        for name in ALGORITHMS {
            let header = format!("x-amz-checksum-{name}");
            if let Some(sum) = trailers.get(&header).and_then(|sum| sum.to_str().ok()) {
                self.sums.insert(name.to_owned(), sum.to_owned());
            }
        }
    }

    fn check(&self, md5: &[u8], sums: &BTreeMap<String, String>) -> S3Result<()> {
        if self.md5.as_ref().is_some_and(|claimed| *claimed != STANDARD.encode(md5)) {
            return Err(s3_error!(
                BadDigest,
                "The Content-MD5 you specified did not match what we received."
            ));
        }
        for (name, claimed) in &self.sums {
            if sums.get(name) != Some(claimed) {
                return Err(s3_error!(
                    BadDigest,
                    "The {} you specified did not match the calculated checksum.",
                    name.to_ascii_uppercase()
                ));
            }
        }
        Ok(())
    }
}

fn by_name(sums: Checksum) -> BTreeMap<String, String> {
    let Checksum {
        checksum_crc32,
        checksum_crc32c,
        checksum_crc64nvme,
        checksum_sha1,
        checksum_sha256,
        checksum_type: _,
    } = sums;
    let sums =
        [checksum_crc32, checksum_crc32c, checksum_crc64nvme, checksum_sha1, checksum_sha256];
    ALGORITHMS.iter().zip(sums).filter_map(|(name, sum)| Some(((*name).to_owned(), sum?))).collect()
}
