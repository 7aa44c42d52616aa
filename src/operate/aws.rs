//! A stage on AWS: found by its CloudFormation stack, which is the only record of it.

use std::collections::BTreeMap;

use jiff::{Span, Timestamp};

use super::health::{Counted, FunctionHealth, Health, TableHealth, Traffic};
use super::{Addresses, Stage};
use crate::aws::{
    Alarm, AwsError, CloudFormation, Figure, Lambda, LiveFunction, Metrics, Question,
    StackDescription, TableState, Tables,
};
use crate::context::AwsTarget;
use crate::error::CliError;
use crate::package::frontend;
use crate::stack::Stack;

/// A stack that is deployed.
#[derive(Debug)]
pub struct Deployed {
    /// The stack as CloudFormation describes it.
    pub description: StackDescription,
    /// What the project makes of it, with the account that it is in.
    pub stack: Stack,
}

impl Deployed {
    /// The stack of a stage.
    ///
    /// # Errors
    /// There is none, it is somebody else's, or it may not be looked at.
    pub async fn find(target: &AwsTarget) -> Result<Self, CliError> {
        let name = target.stack_name();
        let found = CloudFormation::new(&target.cloud).stack(&name).await?;
        let Some(description) = found.filter(|found| found.status != "DELETE_COMPLETE") else {
            return Err(not_deployed(&target.stage, &name, target.cloud.region()));
        };
        let stage = target.in_account(account(&description.id));
        stage.check_owner(&description)?;
        Ok(Self { stack: stage.stack()?, description })
    }

    /// The stage, for whoever reads it.
    ///
    /// # Errors
    /// The stack has no outputs yet, so that nothing can be reached.
    pub fn stage(self, target: &AwsTarget) -> Result<Stage, CliError> {
        let Self { description, stack } = self;
        let addresses = addresses(&description, target)?;
        let has_site =
            description.outputs.contains_key("SiteUrl") && frontend::exists(&target.project.root);
        Ok(Stage { stack, cloud: target.cloud.clone(), addresses, has_site })
    }

    /// Where it is reached, as far as it is known yet.
    ///
    /// # Errors
    /// As [`Deployed::stage`].
    pub fn addresses(&self, target: &AwsTarget) -> Result<Addresses, CliError> {
        addresses(&self.description, target)
    }

    /// How it is: alarms, what was counted in the last hour, the code that is live.
    ///
    /// # Errors
    /// A service refused or does not answer.
    pub async fn health(&self, target: &AwsTarget) -> Result<Health, AwsError> {
        let metrics = Metrics::new(&target.cloud);
        let to = Timestamp::now();
        let from = to.checked_sub(Span::new().hours(1)).unwrap_or(to);
        let apis = (self.output("ApiId"), self.output("HttpApiId"));
        let questions = questions(&self.stack, apis);
        let prefix = self.stack.name.physical("");
        let (alarms, figures, live, tables) = futures_util::future::try_join4(
            metrics.alarms(&prefix),
            metrics.figures(&questions, (from, to)),
            live(&self.stack, target),
            tables(&self.stack, target),
        )
        .await?;
        let own = |alarm: &Alarm| self.stack.name.owns(&alarm.name);
        let alarms = alarms.into_iter().filter(own).collect();
        let counted: Counted = questions.into_iter().zip(figures).collect();
        let functions = self.stack.functions.iter().zip(live).map(|(function, live)| {
            FunctionHealth::of(function, live, self.output("CodeHash"), &counted)
        });
        let tables = self.stack.tables.iter().zip(tables);
        Ok(Health {
            stack_status: self.description.status.clone(),
            functions: functions.collect(),
            tables: tables.map(|(table, state)| TableHealth::of(table, state, &counted)).collect(),
            traffic: Traffic::of(from, &counted),
            alarms,
        })
    }

    fn output(&self, key: &str) -> &str {
        self.description.outputs.get(key).map_or("", String::as_str)
    }
}

fn not_deployed(stage: &str, name: &str, region: &str) -> CliError {
    let message =
        format!("the stage `{stage}` is not deployed: there is no stack {name} in {region}");
    CliError::failed("not-deployed", message).hint("`chatctl deploy` deploys it")
}

/// The account in a stack's ARN.
fn account(arn: &str) -> String {
    arn.split(':').nth(4).unwrap_or_default().to_owned()
}

fn addresses(found: &StackDescription, target: &AwsTarget) -> Result<Addresses, CliError> {
    let stage = &target.stage;
    let output = |key: &str| found.outputs.get(key).cloned();
    let Some(web_socket_url) = output("WebSocketUrl") else {
        let message = format!("the stage `{stage}` is not up yet: its stack is {}", found.status);
        return Err(CliError::failed("not-deployed", message)
            .hint("`chatctl attach` follows what goes on, `chatctl diagnose` says what failed"));
    };
    let site_url = output("SiteUrl").unwrap_or_default();
    Ok(Addresses {
        stage: stage.clone(),
        region: target.cloud.region().to_owned(),
        http_api_url: output("HttpApiUrl").unwrap_or_else(|| site_url.clone()),
        site_url,
        web_socket_url,
        aws_endpoint_url: target.cloud.endpoint().map(str::to_owned),
    })
}

/// The version and code that callers of each function get; none for one that is not there.
async fn live(stack: &Stack, target: &AwsTarget) -> Result<Vec<Option<LiveFunction>>, AwsError> {
    let lambda = Lambda::new(&target.cloud);
    let asked = stack.functions.iter().map(|function| lambda.live(&function.physical));
    futures_util::future::try_join_all(asked).await
}

async fn tables(stack: &Stack, target: &AwsTarget) -> Result<Vec<Option<TableState>>, AwsError> {
    let tables = Tables::new(&target.cloud);
    let asked = stack.tables.iter().map(|table| tables.state(&table.physical));
    futures_util::future::try_join_all(asked).await
}

/// Everything that is counted and of interest.
fn questions(stack: &Stack, (web_socket, http): (&str, &str)) -> Vec<Question> {
    let ask = |namespace, metric, name, value: &str, figure| Question {
        namespace,
        metric,
        dimensions: vec![(name, value.to_owned())],
        figure,
    };
    let mut all = Vec::new();
    for function in &stack.functions {
        let name = function.physical.as_str();
        let sum = |metric| ask("AWS/Lambda", metric, "FunctionName", name, Figure::Sum);
        all.extend(["Invocations", "Errors", "Throttles"].map(sum));
        all.push(ask("AWS/Lambda", "Duration", "FunctionName", name, Figure::P95));
    }
    for table in &stack.tables {
        let sum = |metric| ask("AWS/DynamoDB", metric, "TableName", &table.physical, Figure::Sum);
        all.extend(["ReadThrottleEvents", "WriteThrottleEvents"].map(sum));
    }
    let of_api = |metric, id| ask("AWS/ApiGateway", metric, "ApiId", id, Figure::Sum);
    all.extend(Traffic::METRICS.map(|metric| of_api(metric, web_socket)));
    if !http.is_empty() {
        all.extend(Traffic::HTTP_METRICS.map(|metric| of_api(metric, http)));
    }
    all
}

impl Counted {
    /// What was counted of one thing.
    pub(super) fn get(&self, metric: &'static str, of: &str) -> Option<f64> {
        self.0.get(&(metric, of.to_owned())).copied()
    }

    /// What was counted of an API: the two kinds have no metric in common.
    pub(super) fn of_api(&self, metric: &'static str) -> Option<f64> {
        self.1.get(metric).copied()
    }
}

impl FromIterator<(Question, Option<f64>)> for Counted {
    fn from_iter<T: IntoIterator<Item = (Question, Option<f64>)>>(figures: T) -> Self {
        let (mut of_things, mut of_api) = (BTreeMap::new(), BTreeMap::new());
        for (question, figure) in figures {
            let (Some(figure), Some((name, value))) = (figure, question.dimensions.first()) else {
                continue;
            };
            if *name == "ApiId" {
                of_api.insert(question.metric, figure);
            } else {
                of_things.insert((question.metric, value.clone()), figure);
            }
        }
        Self(of_things, of_api)
    }
}
