//! Reads a table in parallel segments; rows are passed on page by page as they come.

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use crate::aws::{AwsError, Condition, Cursor, Row, ScanPage, ScanRequest, Tables};

/// What is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Read<'a> {
    /// The physical name.
    pub table: &'a str,
    /// Which rows.
    pub condition: Option<&'a Condition>,
    /// Which attributes, as dotted paths; all if none is named.
    pub fields: &'a [String],
    /// How many parts are read at the same time.
    pub segments: i32,
    /// At most so many rows.
    pub limit: Option<usize>,
}

impl Read<'_> {
    /// Passes every page of rows to `take`, with the number of its segment, until it fails or the
    /// limit is reached. Pages of one segment come in their order.
    pub(super) async fn pages<E: From<AwsError>>(
        &self,
        tables: &Tables,
        mut take: impl FnMut(usize, Vec<Row>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut left = self.limit.unwrap_or(usize::MAX);
        let first = (0..self.segments).map(|segment| self.page(tables, segment, None));
        let mut pages: FuturesUnordered<_> = first.collect();
        while let Some(page) = pages.next().await {
            let (segment, ScanPage { mut rows, next }) = page?;
            rows.truncate(left);
            left -= rows.len();
            if let Some(next) = next.filter(|_| left > 0) {
                pages.push(self.page(tables, segment, Some(next)));
            }
            take(usize::try_from(segment).unwrap_or_default(), rows)?;
            if left == 0 {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Every row, in the order of segments: the same table reads the same each time.
    pub(super) async fn all(&self, tables: &Tables) -> Result<Vec<Row>, AwsError> {
        let mut segments = vec![Vec::new(); usize::try_from(self.segments).unwrap_or(1)];
        self.pages::<AwsError>(tables, |segment, rows| {
            segments[segment].extend(rows);
            Ok(())
        })
        .await?;
        Ok(segments.into_iter().flatten().collect())
    }

    async fn page(
        &self,
        tables: &Tables,
        segment: i32,
        from: Option<Cursor>,
    ) -> Result<(i32, ScanPage), AwsError> {
        // Without a condition every item that is looked at is a row, so no more than the limit are.
        let few = self.limit.filter(|_| self.condition.is_none());
        let request = ScanRequest {
            table: self.table,
            segment: (segment, self.segments),
            condition: self.condition,
            fields: self.fields,
            page_size: few.and_then(|limit| i32::try_from(limit).ok()),
        };
        Ok((segment, tables.scan(&request, from).await?))
    }
}
