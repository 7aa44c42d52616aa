//! Reads a table in parallel segments; rows are passed on as pages come.

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
    /// How many parts are read at the same time.
    pub segments: i32,
    /// At most so many rows.
    pub limit: Option<usize>,
}

impl Read<'_> {
    /// Passes every row to `take`, until it fails or the limit is reached.
    pub(super) async fn rows<E: From<AwsError>>(
        &self,
        tables: &Tables,
        mut take: impl FnMut(Row) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut left = self.limit.unwrap_or(usize::MAX);
        let first = (0..self.segments).map(|segment| self.page(tables, segment, None));
        let mut pages: FuturesUnordered<_> = first.collect();
        while let Some(page) = pages.next().await {
            let (segment, ScanPage { rows, next }) = page?;
            for row in rows {
                if left == 0 {
                    return Ok(());
                }
                left -= 1;
                take(row)?;
            }
            if let Some(next) = next.filter(|_| left > 0) {
                pages.push(self.page(tables, segment, Some(next)));
            }
        }
        Ok(())
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
            page_size: few.and_then(|limit| i32::try_from(limit).ok()),
        };
        Ok((segment, tables.scan(&request, from).await?))
    }
}
