//! Kinesis Video: the signaling channels of a stage, found by their tags.

use std::time::Duration;

use aws_sdk_kinesisvideo::Client;
use aws_sdk_kinesisvideo::types::{ChannelInfo, ChannelNameCondition, ComparisonOperator, Status};
use backon::{ExponentialBuilder, Retryable};
use futures_util::{StreamExt, TryStreamExt, stream};

use super::{AwsError, Cloud, failure};

/// How many channels are looked at side by side; Kinesis Video takes 50 requests a second.
const AT_ONCE: usize = 8;

/// Signaling channels.
#[derive(Debug, Clone)]
pub struct Channels(Client);

/// A signaling channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// When it was made, ms since the epoch.
    pub created_ms: i64,
}

impl Channels {
    /// The service in a cloud.
    pub fn new(cloud: &Cloud) -> Self {
        Self(Client::new(&cloud.sdk))
    }

    /// The channels whose names begin so and that carry all of these tags, by name.
    ///
    /// # Errors
    /// The service refused or does not answer.
    pub async fn tagged(
        &self,
        prefix: &str,
        tags: &[(&str, &str)],
    ) -> Result<Vec<Channel>, AwsError> {
        let named = self.named(prefix).await?;
        let own = |channel: Channel| async move {
            Ok(self.has(&channel.arn, tags).await?.then_some(channel))
        };
        let looked = stream::iter(named).map(own).buffered(AT_ONCE);
        looked.try_filter_map(|own| async move { Ok(own) }).try_collect().await
    }

    async fn named(&self, prefix: &str) -> Result<Vec<Channel>, AwsError> {
        let condition = ChannelNameCondition::builder()
            .comparison_operator(ComparisonOperator::BeginsWith)
            .comparison_value(prefix)
            .build();
        let (mut all, mut next) = (Vec::new(), None);
        loop {
            let list = || async {
                let list = self.0.list_signaling_channels().set_next_token(next.clone());
                let list = list.channel_name_condition(condition.clone()).send().await;
                list.map_err(failure("kinesisvideo:ListSignalingChannels"))
            };
            let page = patiently(list).await?;
            let stays = |info: &&ChannelInfo| info.channel_status != Some(Status::Deleting);
            all.extend(page.channel_info_list().iter().filter(stays).filter_map(|info| {
                Some(Channel {
                    name: info.channel_name()?.to_owned(),
                    arn: info.channel_arn()?.to_owned(),
                    // Rounded: on the wire it is a fraction of seconds.
                    created_ms: (info.creation_time()?.as_secs_f64() * 1000.0).round() as i64,
                })
            }));
            next = page.next_token;
            if next.is_none() {
                return Ok(all);
            }
        }
    }

    /// A channel that has gone meanwhile has no tags.
    async fn has(&self, arn: &str, tags: &[(&str, &str)]) -> Result<bool, AwsError> {
        let list = || async {
            let list = self.0.list_tags_for_resource().resource_arn(arn).send().await;
            list.map_err(failure("kinesisvideo:ListTagsForResource"))
        };
        let page = match patiently(list).await {
            Err(error) if error.is_not_found() => return Ok(false),
            page => page?,
        };
        let Some(found) = page.tags else { return Ok(tags.is_empty()) };
        Ok(tags.iter().all(|(key, value)| found.get(*key).is_some_and(|it| it == value)))
    }

    /// Deletes a channel; one that is not there is deleted already.
    ///
    /// # Errors
    /// The service refused or does not answer.
    pub async fn delete(&self, arn: &str) -> Result<(), AwsError> {
        let delete = || async {
            let delete = self.0.delete_signaling_channel().channel_arn(arn).send().await;
            delete.map_err(failure("kinesisvideo:DeleteSignalingChannel"))
        };
        match patiently(delete).await {
            Err(error) if !error.is_not_found() => Err(error),
            _ => Ok(()),
        }
    }
}

/// Kinesis Video says that a request was one too many in a way that SDKs do not try again after.
async fn patiently<T, F: Future<Output = Result<T, AwsError>>>(
    ask: impl FnMut() -> F,
) -> Result<T, AwsError> {
    let pauses = ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(250))
        .with_max_times(6)
        .with_jitter();
    let too_many = |error: &AwsError| error.code.as_deref() == Some("ClientLimitExceededException");
    ask.retry(pauses).sleep(tokio::time::sleep).when(too_many).await
}
