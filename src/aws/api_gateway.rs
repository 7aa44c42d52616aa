//! API Gateway: which APIs there are.

use aws_sdk_apigatewayv2::Client;

use super::{AwsError, Cloud, failure};

/// API Gateway's WebSocket and HTTP APIs.
#[derive(Debug, Clone)]
pub struct ApiGateway(Client);

impl ApiGateway {
    /// The service in a cloud.
    pub fn new(cloud: &Cloud) -> Self {
        Self(Client::new(&cloud.sdk))
    }

    /// Ids of the APIs of a name; a name may be used more than once.
    ///
    /// # Errors
    /// The service refused or does not answer.
    pub async fn apis_named(&self, name: &str) -> Result<Vec<String>, AwsError> {
        let (mut all, mut next) = (Vec::new(), None);
        loop {
            let page = self.0.get_apis().max_results("500").set_next_token(next).send().await;
            let page = page.map_err(failure("apigateway:GetApis"))?;
            let same = page.items().iter().filter(|api| api.name() == Some(name));
            all.extend(same.filter_map(|api| api.api_id().map(str::to_owned)));
            next = page.next_token;
            if next.is_none() {
                return Ok(all);
            }
        }
    }
}
