//! The zip that Lambda takes: one file named `bootstrap`, and the same bytes for the same binary on
//! any machine. Lambda knows a zip by its SHA-256, so equal bytes mean that nothing has to change.

use std::io::{Cursor, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::fingerprint::hex;

/// The name that Lambda starts in a custom runtime.
const NAME: &str = "bootstrap";
/// Who may do what with it: everybody may read and start it.
const MODE: u32 = 0o755;
/// The most that deflate does. The bytes depend on the compressor: flate2 with its pure Rust
/// back end, which gives the same ones on every processor.
const LEVEL: i64 = 9;

/// A zip for Lambda.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Archive {
    /// The file.
    pub bytes: Vec<u8>,
    /// What it is known by.
    pub sha256: CodeHash,
}

/// The SHA-256 of a zip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeHash([u8; 32]);

impl CodeHash {
    /// The hash of a file's bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// In hex, as keys in S3 and logical ids carry it.
    pub fn hex(&self) -> String {
        hex(&self.0)
    }

    /// In base64, as Lambda tells it (`CodeSha256`).
    pub fn base64(&self) -> String {
        STANDARD.encode(self.0)
    }

    /// The hash that a text in hex tells.
    pub fn from_hex(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        if text.len() != 2 * bytes.len() || !text.is_ascii() {
            return None;
        }
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()?;
        }
        Some(Self(bytes))
    }
}

/// Packs a binary.
///
/// # Errors
/// It is too large for a zip.
pub fn zip(bootstrap: &[u8]) -> std::io::Result<Archive> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(LEVEL))
        .last_modified_time(DateTime::default())
        .unix_permissions(MODE);
    let mut writer = ZipWriter::new(Cursor::new(Vec::with_capacity(bootstrap.len() / 2)));
    writer.start_file(NAME, options)?;
    writer.write_all(bootstrap)?;
    let bytes = writer.finish()?.into_inner();
    Ok(Archive { sha256: CodeHash::of(&bytes), bytes })
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    /// Bytes that compress like a program: runs, repetitions and noise.
    fn program() -> Vec<u8> {
        (0..200_000_u32)
            .map(|n| if n % 7 < 4 { (n / 64) as u8 } else { (n.wrapping_mul(n) >> 9) as u8 })
            .collect()
    }

    #[test]
    fn the_same_binary_is_the_same_zip_at_any_time_on_any_machine() {
        let first = zip(&program()).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(2100));
        assert_eq!(zip(&program()).unwrap(), first);
        // A new compressor would update every function of every stage: let that be a decision.
        assert_eq!(
            first.sha256.hex(),
            "3b33a281b3eb71a872997c666b6b0d344143638ea8c7cebf99186b6ce89d8dd1"
        );
    }

    #[test]
    fn it_holds_one_program_that_anybody_may_start() {
        let archive = zip(&program()).unwrap();
        let mut zip = zip::ZipArchive::new(Cursor::new(archive.bytes)).unwrap();
        assert_eq!(zip.len(), 1);
        let mut file = zip.by_index(0).unwrap();
        assert_eq!(file.name().unwrap(), "bootstrap");
        assert_eq!(file.unix_mode().map(|mode| mode & 0o777), Some(0o755));
        assert_eq!(file.last_modified(), Some(DateTime::default()));
        let mut unpacked = Vec::new();
        file.read_to_end(&mut unpacked).unwrap();
        assert_eq!(unpacked, program());
    }

    #[test]
    fn a_hash_reads_as_it_is_written() {
        let hash = CodeHash::of(b"");
        assert_eq!(hash.base64(), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
        assert_eq!(CodeHash::from_hex(&hash.hex()), Some(hash));
        assert_eq!(CodeHash::from_hex("47DE"), None);
        assert_eq!(CodeHash::from_hex(&"ä".repeat(32)), None);
    }
}
