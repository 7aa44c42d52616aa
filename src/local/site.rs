//! Serves the web app from its bucket, as the distribution before the bucket does on AWS: content
//! types, caching, and the headers that keep a browser safe.
//!
//! A path is only ever the key of an object, so no path leads anywhere else.

use http::header::{
    ACCEPT, ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderName,
    IF_NONE_MATCH, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use percent_encoding::percent_decode_str;

use super::answer::{Answer, answer, empty};
use super::s3::{S3, StoredObject};

const INDEX: &str = "index.html";

/// On every answer. `connect-src` names the schemes of WebSockets because older browsers' `'self'`
/// does not.
const SECURITY: [(HeaderName, &str); 7] = [
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data:; \
         media-src 'self' blob:; worker-src 'self' blob:; object-src 'none'; base-uri 'none'; \
         form-action 'self'; frame-ancestors 'none'",
    ),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    (REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("permissions-policy"), "microphone=(self), camera=(), geolocation=()"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// What a person sees who went astray.
const LOST: &str = "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
    <meta name=\"viewport\" content=\"width=device-width\">\n<title>Nothing here</title>\n\
    <h1>Nothing here</h1>\n<p>There is no such page. <a href=\"/\">To the chat</a></p>\n\
    <p>If this stage has no web app yet, <code>chatctl deploy</code> publishes it.</p>\n</html>\n";

/// An answer with the headers that keep a browser safe, as the distribution puts them on everything
/// that it serves.
pub fn secured(mut answer: Answer) -> Answer {
    for (name, value) in SECURITY {
        answer.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    answer
}

/// The web app of a stage; clones share it.
#[derive(Clone)]
pub struct Site {
    s3: S3,
    bucket: std::sync::Arc<str>,
}

impl Site {
    /// Serves the objects of this bucket.
    pub fn new(s3: S3, bucket: &str) -> Self {
        Self { s3, bucket: bucket.into() }
    }

    /// Answers a request. The body of an answer to `HEAD` is for the connection to leave out.
    pub async fn handle(&self, parts: &Parts) -> Answer {
        secured(self.find(parts).await)
    }

    async fn find(&self, parts: &Parts) -> Answer {
        if !matches!(parts.method, Method::GET | Method::HEAD) {
            let mut answer = empty(StatusCode::METHOD_NOT_ALLOWED);
            answer.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return answer;
        }
        let key = key(parts.uri.path());
        match self.read(key.clone()).await {
            Ok(Some(object)) => present(&parts.headers, &key, object),
            Ok(None) => not_found(parts),
            Err(()) => empty(StatusCode::INTERNAL_SERVER_ERROR),
        }
    }

    async fn read(&self, key: String) -> Result<Option<StoredObject>, ()> {
        let site = self.clone();
        let read = tokio::task::spawn_blocking(move || site.s3.read_object(&site.bucket, &key));
        match read.await {
            Ok(Ok(found)) => Ok(found),
            Ok(Err(error)) => {
                tracing::warn!(%error, "the site's file cannot be read");
                Err(())
            }
            Err(error) => {
                tracing::warn!(%error, "the reading of the site's file failed");
                Err(())
            }
        }
    }
}

/// The key that a path names.
fn key(path: &str) -> String {
    let path = percent_decode_str(path).decode_utf8_lossy();
    match path.strip_prefix('/').unwrap_or(&path) {
        "" => INDEX.to_owned(),
        key => key.to_owned(),
    }
}

/// Whether a person goes there with a browser.
fn is_navigation(parts: &Parts) -> bool {
    let accept = parts.headers.get(ACCEPT).and_then(|accept| accept.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

/// The app's own routes are fragments, which never come here: what is no file is nothing.
fn not_found(parts: &Parts) -> Answer {
    let (kind, text) = match is_navigation(parts) {
        true => ("text/html; charset=utf-8", LOST),
        false => ("text/plain; charset=utf-8", "Nothing here.\n"),
    };
    let mut answer = answer(StatusCode::NOT_FOUND, kind, text);
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

fn present(asked: &HeaderMap, key: &str, object: StoredObject) -> Answer {
    let tag = format!("\"{}\"", object.etag);
    let mut answer = if has_already(asked, &tag) {
        empty(StatusCode::NOT_MODIFIED)
    } else {
        answer(StatusCode::OK, "application/octet-stream", object.content)
    };
    let headers = answer.headers_mut();
    let mut insert = |name, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    insert(ETAG, &tag);
    insert(CACHE_CONTROL, cache_rule(key, object.cache_control.as_deref()));
    insert(CONTENT_TYPE, &content_type(key, object.content_type.as_deref()));
    answer
}

/// Whether a tag is among those of `If-None-Match`; weak ones count (RFC 9110, 13.1.2).
fn has_already(asked: &HeaderMap, tag: &str) -> bool {
    let tags = asked.get_all(IF_NONE_MATCH).iter().filter_map(|tags| tags.to_str().ok());
    let mut tags = tags.flat_map(|tags| tags.split(',')).map(str::trim);
    tags.any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one) == tag)
}

/// Files under `assets/` carry their content's hash in their name; the page names them, so the page
/// itself is asked for anew each time.
fn cache_rule<'a>(key: &str, stored: Option<&'a str>) -> &'a str {
    match key {
        INDEX => "no-cache",
        "config.json" => "no-store",
        key if key.starts_with("assets/") => "public, max-age=31536000, immutable",
        _ => stored.unwrap_or("no-cache"),
    }
}

/// As it was stored, or by the name's ending; text is UTF-8.
fn content_type(key: &str, stored: Option<&str>) -> String {
    let by_name = || mime_guess::from_path(key).first_or_octet_stream().essence_str().to_owned();
    let kind = stored.map_or_else(by_name, str::to_owned);
    let text = kind.starts_with("text/") || kind == "application/json";
    if text && !kind.contains("charset") { format!("{kind}; charset=utf-8") } else { kind }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;
    use crate::local::credentials::{Credentials, Keys};
    use crate::local::iam::Access;

    /// A site of a few files, put as `s3` puts them.
    fn site() -> (Site, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let credentials = Credentials::new(Keys::generate_user().unwrap());
        let access = Access::new("000000000000", |_| {});
        let s3 = S3::open(folder.path(), credentials, access).unwrap();
        s3.ensure_bucket("site").unwrap();
        for (key, content) in [
            ("index.html", "<!doctype html>"),
            ("config.json", "{}"),
            ("assets/app-1a2b.js", "export {}"),
            ("icon.svg", "<svg/>"),
        ] {
            s3.put_for_tests("site", key, content);
        }
        (Site::new(s3, "site"), folder)
    }

    async fn ask(site: &Site, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = http::Request::get(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        site.handle(&request.body(()).unwrap().into_parts().0).await
    }

    fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
        answer.headers()[name].to_str().unwrap()
    }

    #[tokio::test]
    async fn files_have_their_types_and_cache_rules() {
        let (site, _folder) = site();
        for (path, kind, cache) in [
            ("/", "text/html; charset=utf-8", "no-cache"),
            ("/index.html", "text/html; charset=utf-8", "no-cache"),
            ("/config.json", "application/json; charset=utf-8", "no-store"),
            (
                "/assets/app-1a2b.js",
                "text/javascript; charset=utf-8",
                "public, max-age=31536000, immutable",
            ),
            ("/icon.svg?v=1", "image/svg+xml", "no-cache"),
        ] {
            let answer = ask(&site, path, &[]).await;
            assert_eq!(answer.status(), StatusCode::OK, "{path}");
            assert_eq!(header(&answer, "content-type"), kind, "{path}");
            assert_eq!(header(&answer, "cache-control"), cache, "{path}");
        }
    }

    #[tokio::test]
    async fn every_answer_is_safe_for_browsers() {
        let (site, _folder) = site();
        for path in ["/", "/assets/none.js"] {
            let answer = ask(&site, path, &[]).await;
            let policy = header(&answer, "content-security-policy");
            assert!(policy.starts_with("default-src 'self'; connect-src 'self' ws: wss:;"));
            assert!(!policy.contains("unsafe"));
            assert!(policy.contains("frame-ancestors 'none'"));
            assert_eq!(header(&answer, "x-content-type-options"), "nosniff");
            assert_eq!(header(&answer, "x-frame-options"), "DENY");
            assert!(header(&answer, "permissions-policy").contains("microphone=(self)"));
            assert_eq!(header(&answer, "cross-origin-opener-policy"), "same-origin");
        }
    }

    #[tokio::test]
    async fn what_a_browser_has_already_is_not_sent_again() {
        let (site, _folder) = site();
        let first = ask(&site, "/", &[]).await;
        let tag = header(&first, "etag").to_owned();
        for known in [tag.clone(), format!("\"x\", W/{tag}"), "*".to_owned()] {
            let again = ask(&site, "/", &[("if-none-match", &known)]).await;
            assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
            assert_eq!(header(&again, "etag"), tag);
            assert!(again.into_body().collect().await.unwrap().to_bytes().is_empty());
        }
        let other = ask(&site, "/", &[("if-none-match", "\"x\"")]).await;
        assert_eq!(other.status(), StatusCode::OK);
    }

    #[tokio::test]
    async fn what_is_no_file_is_nothing_and_a_person_is_shown_the_way() {
        let (site, _folder) = site();
        let page = [("accept", "text/html,application/xhtml+xml")];
        for path in ["/rooms/42", "/local", "/assets/none.js"] {
            let answer = ask(&site, path, &page).await;
            assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
            let shown = answer.into_body().collect().await.unwrap().to_bytes();
            assert!(std::str::from_utf8(&shown).unwrap().contains("<a href=\"/\">"), "{path}");
            let answer = ask(&site, path, &[("accept", "*/*")]).await;
            assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
            assert_eq!(header(&answer, "content-type"), "text/plain; charset=utf-8", "{path}");
        }
    }

    #[tokio::test]
    async fn no_path_leads_out_of_the_bucket() {
        let (site, folder) = site();
        std::fs::write(folder.path().join("secret"), "s").unwrap();
        for path in [
            "/../secret",
            "/%2e%2e/secret",
            "/..%2fsecret",
            "/site/../secret",
            "//etc/passwd",
            "/bucket.json",
            "/%00",
        ] {
            let answer = ask(&site, path, &[]).await;
            assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
        }
    }

    #[tokio::test]
    async fn nothing_but_reading_is_allowed() {
        let (site, _folder) = site();
        let request = http::Request::post("/").body(()).unwrap();
        let answer = site.handle(&request.into_parts().0).await;
        assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(header(&answer, "allow"), "GET, HEAD");
    }
}
