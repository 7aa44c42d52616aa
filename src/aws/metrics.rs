//! CloudWatch: alarms and what was counted.

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{
    AlarmType, Dimension, Metric, MetricAlarm, MetricDataQuery, MetricDataResult, MetricStat,
};
use jiff::Timestamp;

use super::{AwsError, Cloud, failure};

/// What GetMetricData takes at once.
const QUESTIONS: usize = 500;
/// Counts of five minutes are added up: the service keeps those for two months.
const PERIOD_S: i32 = 300;

/// The metrics and alarms.
#[derive(Debug, Clone)]
pub struct Metrics(Client);

/// An alarm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alarm {
    /// Its name.
    pub name: String,
    /// `OK`, `ALARM` or `INSUFFICIENT_DATA`.
    pub state: String,
    /// Why, in the service's words.
    pub reason: String,
    /// Since when.
    pub since: Option<Timestamp>,
}

/// A figure that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Such as `AWS/Lambda`.
    pub namespace: &'static str,
    /// Such as `Errors`.
    pub metric: &'static str,
    /// Such as `FunctionName` and the function's name.
    pub dimensions: Vec<(&'static str, String)>,
    /// How its values become one.
    pub figure: Figure,
}

/// How values of a stretch of time become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Figure {
    /// All of them together.
    Sum,
    /// The worst of the 95th percentiles of five minutes.
    P95,
}

impl Metrics {
    /// The metrics of a cloud.
    pub fn new(cloud: &Cloud) -> Self {
        Self(Client::new(&cloud.sdk))
    }

    /// The alarms whose names begin with a prefix, by name.
    ///
    /// # Errors
    /// The service refused or does not answer.
    pub async fn alarms(&self, prefix: &str) -> Result<Vec<Alarm>, AwsError> {
        let (mut all, mut next) = (Vec::new(), None);
        loop {
            let asked = self.0.describe_alarms().alarm_name_prefix(prefix);
            let asked = asked.alarm_types(AlarmType::MetricAlarm).set_next_token(next).send();
            let page = asked.await.map_err(failure("cloudwatch:DescribeAlarms"))?;
            all.extend(page.metric_alarms().iter().map(alarm));
            next = page.next_token;
            if next.is_none() {
                all.sort_by(|a, b| a.name.cmp(&b.name));
                return Ok(all);
            }
        }
    }

    /// Whether there is a dashboard of a name.
    ///
    /// # Errors
    /// The service refused or does not answer.
    pub async fn has_dashboard(&self, name: &str) -> Result<bool, AwsError> {
        let asked = self.0.get_dashboard().dashboard_name(name).send().await;
        match asked.map_err(failure("cloudwatch:GetDashboard")) {
            Ok(_) => Ok(true),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The figures of these questions in a stretch of time, in their order; none where nothing was
    /// counted.
    ///
    /// # Errors
    /// The service refused or does not answer.
    pub async fn figures(
        &self,
        questions: &[Question],
        (from, to): (Timestamp, Timestamp),
    ) -> Result<Vec<Option<f64>>, AwsError> {
        let mut figures = vec![None; questions.len()];
        for (part, questions) in questions.chunks(QUESTIONS).enumerate() {
            let queries: Vec<_> = questions.iter().enumerate().map(query).collect();
            let mut next = None;
            loop {
                let asked = self.0.get_metric_data().set_metric_data_queries(Some(queries.clone()));
                let asked = asked.start_time(time(from)).end_time(time(to)).set_next_token(next);
                let page = asked.send().await.map_err(failure("cloudwatch:GetMetricData"))?;
                for result in page.metric_data_results() {
                    let Some(at) = position(result).filter(|at| *at < questions.len()) else {
                        continue;
                    };
                    let whole = &mut figures[part * QUESTIONS + at];
                    for value in result.values() {
                        *whole = Some(questions[at].figure.with(*whole, *value));
                    }
                }
                next = page.next_token;
                if next.is_none() {
                    break;
                }
            }
        }
        Ok(figures)
    }
}

impl Figure {
    fn with(self, before: Option<f64>, value: f64) -> f64 {
        match (self, before) {
            (_, None) => value,
            (Self::Sum, Some(before)) => before + value,
            (Self::P95, Some(before)) => before.max(value),
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Sum => "Sum",
            Self::P95 => "p95",
        }
    }
}

fn query((at, question): (usize, &Question)) -> MetricDataQuery {
    let Question { namespace, metric, dimensions, figure } = question;
    let dimensions = dimensions
        .iter()
        .map(|(name, value)| Dimension::builder().name(*name).value(value).build())
        .collect();
    let metric = Metric::builder()
        .namespace(*namespace)
        .metric_name(*metric)
        .set_dimensions(Some(dimensions))
        .build();
    let stat = MetricStat::builder().metric(metric).period(PERIOD_S).stat(figure.as_str()).build();
    MetricDataQuery::builder().id(format!("q{at}")).metric_stat(stat).build()
}

fn position(result: &MetricDataResult) -> Option<usize> {
    result.id()?.strip_prefix('q')?.parse().ok()
}

fn alarm(alarm: &MetricAlarm) -> Alarm {
    let since = alarm.state_updated_timestamp();
    Alarm {
        name: alarm.alarm_name().unwrap_or_default().to_owned(),
        state: alarm.state_value().map(|state| state.as_str().to_owned()).unwrap_or_default(),
        reason: alarm.state_reason().unwrap_or_default().to_owned(),
        since: since.and_then(|time| Timestamp::from_second(time.secs()).ok()),
    }
}

fn time(time: Timestamp) -> DateTime {
    DateTime::from_secs(time.as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_add_up_and_percentiles_are_the_worst() {
        let all = |figure: Figure| {
            [1.0, 5.0, 2.0].into_iter().fold(None, |whole, value| Some(figure.with(whole, value)))
        };
        assert_eq!(all(Figure::Sum), Some(8.0));
        assert_eq!(all(Figure::P95), Some(5.0));
    }
}
