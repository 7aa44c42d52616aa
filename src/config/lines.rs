//! Where each key of `chatctl.yaml` stands. The parser of values forgets that once it has succeeded.

use std::collections::BTreeMap;

use marked_yaml::types::{MarkedMappingNode, Node};

/// The line of every key, from 1, by its path: `stages.prod.region`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lines(BTreeMap<String, usize>);

impl Lines {
    /// The lines of a text's keys; none where the text is no map.
    pub fn of(text: &str) -> Self {
        let mut lines = Self::default();
        if let Ok(Node::Mapping(map)) = marked_yaml::parse_yaml(0, text) {
            lines.add("", &map);
        }
        lines
    }

    fn add(&mut self, above: &str, map: &MarkedMappingNode) {
        for (key, value) in map.iter() {
            let path = format!("{above}{}", key.as_str());
            if let Some(start) = key.span().start() {
                self.0.insert(path.clone(), start.line());
            }
            if let Node::Mapping(below) = value {
                self.add(&format!("{path}."), below);
            }
        }
    }

    /// The line of a key.
    pub fn get(&self, path: &str) -> Option<usize> {
        self.0.get(path).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_found_where_it_stands() {
        let text = "# first\nproject: chat\nstages:\n  prod:\n    region: eu-west-1\n    \
                    domain: { name: a.b, certificate: c }\n  'pr-*': {}\n";
        let lines = Lines::of(text);
        let cases = [
            ("project", Some(2)),
            ("stages.prod", Some(4)),
            ("stages.prod.region", Some(5)),
            ("stages.prod.domain.name", Some(6)),
            ("stages.pr-*", Some(7)),
            ("stages.prod.profile", None),
        ];
        for (path, line) in cases {
            assert_eq!(lines.get(path), line, "{path}");
        }
        assert_eq!(Lines::of(""), Lines::default());
        assert_eq!(Lines::of("- a\n"), Lines::default());
    }
}
