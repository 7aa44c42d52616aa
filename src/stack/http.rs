//! Routes of the HTTP API: a method and a path, as the manifest writes them and API Gateway takes them.

use std::fmt;
use std::str::FromStr;

/// A method that a route can have. `OPTIONS` is none: the site and the API have one origin, so no
/// browser ever asks beforehand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HttpMethod {
    /// Reads.
    Get,
    /// Adds, or does something.
    Post,
    /// Writes anew.
    Put,
    /// Changes.
    Patch,
    /// Removes.
    Delete,
}

impl HttpMethod {
    const ALL: [Self; 5] = [Self::Get, Self::Post, Self::Put, Self::Patch, Self::Delete];

    /// The method as HTTP writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// A route of the HTTP API, such as `GET /healthz` or `POST /rooms/{roomId}/join`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpRoute {
    /// The method.
    pub method: HttpMethod,
    segments: Vec<Segment>,
}

/// What stands between two slashes of a route's path.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    /// These very characters.
    Literal(String),
    /// Anything but a slash, told to the function under this name.
    Parameter(String),
}

/// The text is no route of an HTTP API.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no HTTP route; write GET, POST, PUT, PATCH or DELETE and a path that begins with a \
     word, such as `GET /api/rooms` or `POST /rooms/{{roomId}}/join`"
)]
pub struct HttpRouteError(pub String);

impl HttpRoute {
    /// The path as API Gateway takes it: `/rooms/{roomId}/join`.
    pub fn path(&self) -> String {
        self.joined(|name| format!("{{{name}}}"))
    }

    /// The path as the site's front door knows it, before API Gateway: `/rooms/*/join`.
    pub fn pattern(&self) -> String {
        self.joined(|_| "*".to_owned())
    }

    /// How many of the path's segments are fixed; of two routes for one path, API Gateway takes the
    /// one with more.
    pub fn literals(&self) -> usize {
        self.segments.iter().filter(|one| matches!(one, Segment::Literal(_))).count()
    }

    /// The parameters of a request's path with their values as they stand there; none if the path is
    /// not the route's.
    pub fn parameters<'a>(&'a self, path: &'a str) -> Option<Vec<(&'a str, &'a str)>> {
        let mut found = Vec::new();
        let mut given = path.strip_prefix('/')?.split('/');
        for segment in &self.segments {
            match (segment, given.next()?) {
                (Segment::Literal(word), value) if word == value => {}
                (Segment::Parameter(name), value) if !value.is_empty() => {
                    found.push((&**name, value))
                }
                _ => return None,
            }
        }
        given.next().is_none().then_some(found)
    }

    fn joined(&self, parameter: impl Fn(&str) -> String) -> String {
        let part = |segment: &Segment| match segment {
            Segment::Literal(word) => format!("/{word}"),
            Segment::Parameter(name) => format!("/{}", parameter(name)),
        };
        self.segments.iter().map(part).collect()
    }
}

impl fmt::Display for HttpRoute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method.as_str(), self.path())
    }
}

impl FromStr for HttpRoute {
    type Err = HttpRouteError;

    fn from_str(text: &str) -> Result<Self, HttpRouteError> {
        read(text).ok_or_else(|| HttpRouteError(text.to_owned()))
    }
}

fn read(text: &str) -> Option<HttpRoute> {
    let (method, path) = text.split_once(' ')?;
    let method = HttpMethod::ALL.into_iter().find(|one| one.as_str() == method)?;
    let segments = path.strip_prefix('/')?.split('/').map(segment).collect::<Option<Vec<_>>>()?;
    // Under a parameter at the root lies the whole site.
    matches!(segments.first(), Some(Segment::Literal(_))).then_some(HttpRoute { method, segments })
}

/// Letters, digits, `-`, `_`, `.`: what no way to the function writes differently.
fn segment(text: &str) -> Option<Segment> {
    let is_word = |text: &str, also: &[char]| {
        !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || also.contains(&c))
    };
    match text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        Some(name) => is_word(name, &['_']).then(|| Segment::Parameter(name.to_owned())),
        None => is_word(text, &['-', '_', '.']).then(|| Segment::Literal(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(text: &str) -> HttpRoute {
        text.parse().unwrap()
    }

    #[test]
    fn a_route_reads_as_it_is_written() {
        for text in ["GET /healthz", "POST /rooms/{roomId}/join", "DELETE /a/b-c/d_e/f.json"] {
            assert_eq!(route(text).to_string(), text);
        }
        assert_eq!(route("POST /rooms/{roomId}/join").pattern(), "/rooms/*/join");
    }

    #[test]
    fn what_is_no_route_is_refused() {
        for text in [
            "",
            "GET",
            "/healthz",
            "get /healthz",
            "OPTIONS /healthz",
            "GET healthz",
            "GET /",
            "GET //a",
            "GET /a/",
            "GET  /a",
            "GET /a b",
            "GET /{page}",
            "GET /a/{b+}",
            "GET /a/{}",
            "GET /a/*",
        ] {
            let refused = text.parse::<HttpRoute>();
            assert_eq!(refused, Err(HttpRouteError(text.to_owned())));
        }
    }

    #[test]
    fn a_path_is_the_routes_or_not() {
        let fixed = route("GET /healthz");
        assert_eq!(fixed.parameters("/healthz"), Some(vec![]));
        for other in ["/", "/healthz/", "/health", "/healthz/x", "healthz", "/HEALTHZ"] {
            assert_eq!(fixed.parameters(other), None, "{other}");
        }
        let named = route("POST /rooms/{roomId}/join");
        assert_eq!(named.parameters("/rooms/a%2Fb/join"), Some(vec![("roomId", "a%2Fb")]));
        assert_eq!(named.parameters("/rooms//join"), None);
        assert_eq!((named.literals(), fixed.literals()), (2, 1));
    }
}
