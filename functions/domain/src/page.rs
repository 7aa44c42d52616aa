//! How much one frame carries.

use serde::Serialize;

/// Bytes of JSON for a page's list: API Gateway takes 131,072 for the whole frame.
pub(crate) const PAGE_BYTES: usize = 120_000;

/// How many of these, from the first on, fit in a page.
pub(crate) fn fitting<'a, T: Serialize + 'a>(items: impl Iterator<Item = &'a T>) -> usize {
    items
        .scan(0, |bytes, item| {
            *bytes += serde_json::to_vec(item).map_or(0, |json| json.len() + 1);
            Some(*bytes)
        })
        .take_while(|bytes| *bytes <= PAGE_BYTES)
        .count()
}
