//! Lists keys as S3 does: in order, in pages, folded at a delimiter. Pure.

use std::ops::Bound;

use super::store::{Object, Objects};

/// What is asked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ask<'a> {
    /// Only keys that begin so.
    pub prefix: &'a str,
    /// Folds keys that have it after the prefix; empty for none.
    pub delimiter: &'a str,
    /// Only what comes after this key or folded prefix.
    pub after: &'a str,
    /// How many keys and folded prefixes at most.
    pub limit: usize,
}

/// One page.
#[derive(Debug, Default)]
pub struct Page {
    /// The objects.
    pub objects: Vec<Object>,
    /// The folded prefixes.
    pub prefixes: Vec<String>,
    /// The last key or prefix here, where more follow.
    pub next: Option<String>,
}

/// A page of the objects.
pub fn page(objects: &Objects, ask: Ask<'_>) -> Page {
    let mut page = Page::default();
    if ask.limit == 0 {
        return page;
    }
    let from = if ask.after < ask.prefix {
        Bound::Included(ask.prefix)
    } else {
        Bound::Excluded(ask.after)
    };
    let mut last = String::new();
    for (key, object) in objects.range::<str, _>((from, Bound::Unbounded)) {
        if !key.starts_with(ask.prefix) {
            break;
        }
        let folded = fold(key, ask);
        // All keys of a folded prefix are one entry, also of the page before.
        if folded.is_some_and(|prefix| prefix == ask.after || prefix == last) {
            continue;
        }
        if page.objects.len() + page.prefixes.len() == ask.limit {
            page.next = Some(last);
            return page;
        }
        match folded {
            Some(prefix) => {
                page.prefixes.push(prefix.to_owned());
                prefix.clone_into(&mut last);
            }
            None => {
                page.objects.push(object.clone());
                key.clone_into(&mut last);
            }
        }
    }
    page
}

fn fold<'a>(key: &'a str, ask: Ask<'_>) -> Option<&'a str> {
    if ask.delimiter.is_empty() {
        return None;
    }
    let at = key[ask.prefix.len()..].find(ask.delimiter)?;
    Some(&key[..ask.prefix.len() + at + ask.delimiter.len()])
}

#[cfg(test)]
mod tests {
    use super::super::store::Attributes;
    use super::*;

    fn objects(keys: &[&str]) -> Objects {
        let object = |key: &str| Object {
            key: key.to_owned(),
            file: String::new(),
            size: 0,
            etag: String::new(),
            modified_ms: 0,
            attributes: Attributes::default(),
        };
        keys.iter().map(|key| ((*key).to_owned(), object(key))).collect()
    }

    /// Every page in turn, prefixes after keys.
    fn pages(keys: &[&str], ask: Ask<'_>) -> Vec<Vec<String>> {
        let objects = objects(keys);
        let mut after = ask.after.to_owned();
        let mut pages = Vec::new();
        loop {
            let page = page(&objects, Ask { after: &after, ..ask });
            let keys = page.objects.into_iter().map(|object| object.key);
            pages.push(keys.chain(page.prefixes).collect());
            match page.next {
                Some(next) => after = next,
                None => return pages,
            }
        }
    }

    const KEYS: [&str; 6] = ["a", "a/1", "a/2", "b/1/x", "b/2", "c"];

    #[test]
    fn pages_hold_every_key_once_and_in_order() {
        let ask = Ask { limit: 4, ..Ask::default() };
        assert_eq!(pages(&KEYS, ask), [vec!["a", "a/1", "a/2", "b/1/x"], vec!["b/2", "c"]]);
        let exact = Ask { limit: 6, ..Ask::default() };
        assert_eq!(pages(&KEYS, exact).len(), 1);
    }

    #[test]
    fn a_delimiter_folds_also_across_pages() {
        let ask = Ask { delimiter: "/", limit: 2, ..Ask::default() };
        assert_eq!(pages(&KEYS, ask), [vec!["a", "a/"], vec!["c", "b/"]]);
        let one = Ask { delimiter: "/", limit: 1, ..Ask::default() };
        assert_eq!(pages(&KEYS, one), [vec!["a"], vec!["a/"], vec!["b/"], vec!["c"]]);
    }

    #[test]
    fn a_prefix_narrows_and_folds_what_follows_it() {
        let ask = Ask { prefix: "b/", delimiter: "/", limit: 10, ..Ask::default() };
        assert_eq!(pages(&KEYS, ask), [vec!["b/2", "b/1/"]]);
        let none = Ask { prefix: "x", limit: 10, ..Ask::default() };
        assert_eq!(pages(&KEYS, none), [Vec::<String>::new()]);
    }

    #[test]
    fn listing_starts_after_a_key_that_need_not_be_there() {
        let ask = Ask { after: "a/15", limit: 10, ..Ask::default() };
        assert_eq!(pages(&KEYS, ask), [vec!["a/2", "b/1/x", "b/2", "c"]]);
    }
}
