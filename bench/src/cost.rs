//! What messages would cost on AWS: counted requests times list prices (us-east-1, on demand).

use crate::counts::Action;

/// USD for an API Gateway WebSocket message of up to 32 KB, in or out.
const GATEWAY_MESSAGE: f64 = 1.00e-6;
/// USD for a Lambda request.
const LAMBDA_REQUEST: f64 = 0.20e-6;
/// USD for a GB-second on arm64.
const LAMBDA_GB_SECOND: f64 = 0.000_013_333_4;
/// USD for a DynamoDB read unit: 4 KB read consistently.
const READ_UNIT: f64 = 0.125e-6;
/// USD for a DynamoDB write unit: 1 KB.
const WRITE_UNIT: f64 = 0.625e-6;

/// GB-seconds of a message: 256 MB for 50 ms, which leaves room for AWS's slower network.
const GB_SECONDS: f64 = 0.25 * 0.050;
/// Bytes of a membership row, of which a member query reads one for each connection.
const MEMBER_ROW: f64 = 220.0;

/// USD for 1,000 messages, by service.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    /// API Gateway: the message in, the posts out.
    pub gateway: f64,
    /// Lambda.
    pub lambda: f64,
    /// DynamoDB.
    pub dynamodb: f64,
}

impl Cost {
    /// The cost of an action as it was counted, in a room of so many members.
    pub fn of_thousand(action: &Action, members: usize) -> Self {
        let posts = action.of("execute-api:POST") as f64;
        let invocations = action.invocations as f64;
        let query_units = (members as f64 * MEMBER_ROW / 4096.0).ceil();
        let reads =
            action.of("dynamodb:GetItem") as f64 + action.of("dynamodb:Query") as f64 * query_units;
        let single_writes = ["PutItem", "UpdateItem", "DeleteItem"]
            .iter()
            .map(|name| action.of(&format!("dynamodb:{name}")) as f64)
            .sum::<f64>();
        // The message and its dedupe row, each twice the price for being one transaction.
        let writes = single_writes + action.of("dynamodb:TransactWriteItems") as f64 * 4.0;
        Self {
            gateway: 1000.0 * (1.0 + posts) * GATEWAY_MESSAGE,
            lambda: 1000.0 * invocations * (LAMBDA_REQUEST + GB_SECONDS * LAMBDA_GB_SECOND),
            dynamodb: 1000.0 * (reads * READ_UNIT + writes * WRITE_UNIT),
        }
    }

    /// All together.
    pub fn total(self) -> f64 {
        self.gateway + self.lambda + self.dynamodb
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn posts_dominate() {
        let requests =
            [("execute-api:POST", 11), ("dynamodb:TransactWriteItems", 1), ("dynamodb:Query", 1)];
        let requests = requests.into_iter().map(|(name, count)| (name.to_owned(), count)).collect();
        let action = Action { label: "send".to_owned(), invocations: 1, requests };
        let cost = Cost::of_thousand(&action, 10);
        assert!((cost.gateway - 0.012).abs() < 1e-9, "{cost:?}");
        assert!((cost.dynamodb - (0.000_125 + 0.0025)).abs() < 1e-9, "{cost:?}");
        assert!(cost.gateway / cost.total() > 0.75);
    }
}
