//! The canonical form of a request, written straight into its hash.
//!
//! For S3 the path is encoded once; for every other service the path as it was sent, already
//! encoded, is encoded again.

use std::borrow::Cow;

use http::request::Parts;
use percent_encoding::{percent_decode, percent_decode_str};
use sha2::{Digest, Sha256};

use super::Service;
use super::signed::{Form, Signed};

/// Stands for the payload's hash where the payload was not signed.
pub const UNSIGNED: &str = "UNSIGNED-PAYLOAD";

/// Marks [`UNSIGNED`] in an array that otherwise holds a hash; no hash has a zero byte in it.
pub fn unsigned_payload() -> [u8; 64] {
    let mut text = [0; 64];
    text[..UNSIGNED.len()].copy_from_slice(UNSIGNED.as_bytes());
    text
}

/// Takes the canonical request piece by piece.
pub trait Sink {
    /// Takes the next piece.
    fn put(&mut self, bytes: &[u8]);
}

impl Sink for Sha256 {
    fn put(&mut self, bytes: &[u8]) {
        self.update(bytes);
    }
}

impl Sink for Vec<u8> {
    fn put(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

/// A request and what its signature covers.
pub struct Request<'a> {
    /// Method, URI and headers.
    pub parts: &'a Parts,
    /// The signature's claims.
    pub signed: &'a Signed<'a>,
    /// Whose rules for paths hold.
    pub service: Service,
    /// The payload's hash in hexadecimal, or [`unsigned_payload`].
    pub payload: &'a [u8; 64],
}

impl Request<'_> {
    /// Writes the canonical request.
    pub fn write(&self, out: &mut impl Sink) {
        out.put(self.parts.method.as_str().as_bytes());
        out.put(b"\n");
        self.path(out);
        out.put(b"\n");
        self.query(out);
        out.put(b"\n");
        self.headers(out);
        out.put(b"\n");
        out.put(self.signed.headers.as_bytes());
        out.put(b"\n");
        let length = self.payload.iter().position(|byte| *byte == 0).unwrap_or(64);
        out.put(&self.payload[..length]);
    }

    /// The canonical request as text, for the answer that explains a mismatch.
    pub fn text(&self) -> String {
        let mut text = Vec::new();
        self.write(&mut text);
        String::from_utf8_lossy(&text).into_owned()
    }

    fn path(&self, out: &mut impl Sink) {
        let path = self.parts.uri.path();
        if self.service == Service::S3 {
            let decoded: Cow<'_, [u8]> = percent_decode_str(path).into();
            encode(&decoded, true, out);
        } else {
            encode(normalise(path).as_bytes(), true, out);
        }
    }

    fn query(&self, out: &mut impl Sink) {
        let Some(query) = self.parts.uri.query().filter(|query| !query.is_empty()) else { return };
        let presigned = matches!(self.signed.form, Form::Query { .. });
        let mut pairs: Vec<(Vec<u8>, Vec<u8>)> = query
            .split('&')
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
            .filter(|(name, _)| !(name.is_empty() || presigned && *name == "X-Amz-Signature"))
            .map(|(name, value)| (recode(name), recode(value)))
            .collect();
        pairs.sort_unstable();
        for (index, (name, value)) in pairs.iter().enumerate() {
            if index > 0 {
                out.put(b"&");
            }
            out.put(name);
            out.put(b"=");
            out.put(value);
        }
    }

    fn headers(&self, out: &mut impl Sink) {
        for name in self.signed.headers.split(';') {
            out.put(name.as_bytes());
            out.put(b":");
            for (index, value) in self.parts.headers.get_all(name).iter().enumerate() {
                if index > 0 {
                    out.put(b",");
                }
                single_spaced(value.as_bytes(), out);
            }
            out.put(b"\n");
        }
    }
}

fn recode(text: &str) -> Vec<u8> {
    let decoded: Cow<'_, [u8]> = percent_decode(text.as_bytes()).into();
    let mut encoded = Vec::with_capacity(text.len());
    encode(&decoded, false, &mut encoded);
    encoded
}

/// RFC 3986's unreserved characters stay, and in a path its slashes; everything else is `%XX`.
fn encode(bytes: &[u8], path: bool, out: &mut impl Sink) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let kept = |byte: &u8| {
        byte.is_ascii_alphanumeric() || b"-._~".contains(byte) || (path && *byte == b'/')
    };
    let mut rest = bytes;
    while !rest.is_empty() {
        let run = rest.iter().position(|byte| !kept(byte)).unwrap_or(rest.len());
        out.put(&rest[..run]);
        let Some(byte) = rest.get(run) else { return };
        out.put(&[b'%', DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
        rest = &rest[run + 1..];
    }
}

/// Empty and dot segments are taken out, as signers do for every service but S3.
fn normalise(path: &str) -> Cow<'_, str> {
    if !path.contains("//") && !path.contains("/.") {
        return Cow::Borrowed(path);
    }
    let mut kept: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(kept.pop()),
            segment => kept.push(segment),
        }
    }
    let slash = if path.ends_with('/') && !kept.is_empty() { "/" } else { "" };
    Cow::Owned(format!("/{}{slash}", kept.join("/")))
}

/// A header's value without spaces around it, and with single ones within.
fn single_spaced(value: &[u8], out: &mut impl Sink) {
    let value = value.trim_ascii();
    if !value.windows(2).any(|pair| pair == b"  ") {
        return out.put(value);
    }
    let words = value.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    for (index, word) in words.enumerate() {
        if index > 0 {
            out.put(b" ");
        }
        out.put(word);
    }
}

/// A hash in lower-case hexadecimal.
pub fn hex(hash: &[u8; 32]) -> [u8; 64] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = [0; 64];
    for (pair, byte) in text.chunks_exact_mut(2).zip(hash) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    text
}
