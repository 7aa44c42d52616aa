//! Each operation: read its request, ask IAM, run it, write its answer.

use std::sync::PoisonError;
use std::time::Instant;

use dynoxide::Database;
use http::request::Parts;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::arns::Arns;
use super::demands::{self, Demand};
use super::errors::Failure;
use super::{DynamoDb, fixed};
use crate::local::credentials::Caller;

/// One call.
pub struct Run<'a> {
    /// The tables and IAM.
    pub cloud: &'a DynamoDb,
    /// Who asks.
    pub caller: &'a Caller,
    /// The operation's name.
    pub operation: &'a str,
    /// Its request in JSON.
    pub body: &'a [u8],
}

/// Which ARNs an answer may carry.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Plane {
    /// Items: whatever looks like an ARN is somebody's data.
    Data,
    /// Tables: their ARNs are to be the account's.
    Control,
}

/// What a request of the database can be.
trait Request: DeserializeOwned + Send + 'static {}
impl<T: DeserializeOwned + Send + 'static> Request for T {}

/// What an answer of the database can be.
trait Response: Serialize + Send + 'static {}
impl<T: Serialize + Send + 'static> Response for T {}

/// Writes the answer of a call that the database has answered.
type Writing = Box<dyn FnOnce() -> Result<Vec<u8>, Failure> + Send>;

/// A call that was read and allowed.
type Prepared = Box<dyn FnOnce(&Database) -> Result<Writing, Failure> + Send>;

impl Run<'_> {
    /// The answer's JSON. Only the call itself waits for its turn at the database: reading requests
    /// and writing answers goes on beside it.
    pub async fn run(&self, parts: &Parts) -> Result<Vec<u8>, Failure> {
        let prepared = match self.items().or_else(|failure| self.unless_known(failure)) {
            Err(Failure::UnknownOperation) => return self.account(parts),
            prepared => prepared?,
        };
        let writing = {
            let _turn = self.cloud.turn.lock().await;
            prepared(&self.cloud.database)?
        };
        writing()
    }

    /// Looks among the tables' operations for one that is none of the items'.
    fn unless_known(&self, failure: Failure) -> Result<Prepared, Failure> {
        match failure {
            Failure::UnknownOperation => self.tables(),
            failure => Err(failure),
        }
    }

    fn items(&self) -> Result<Prepared, Failure> {
        match self.operation {
            "GetItem" => {
                self.data(|r| demands::table("dynamodb:GetItem", &r.table_name), Database::get_item)
            }
            "PutItem" => {
                self.data(|r| demands::table("dynamodb:PutItem", &r.table_name), Database::put_item)
            }
            "UpdateItem" => self.data(
                |r| demands::table("dynamodb:UpdateItem", &r.table_name),
                Database::update_item,
            ),
            "DeleteItem" => self.data(
                |r| demands::table("dynamodb:DeleteItem", &r.table_name),
                Database::delete_item,
            ),
            "Query" => self.data(
                |r| demands::index("dynamodb:Query", &r.table_name, r.index_name.as_deref()),
                Database::query,
            ),
            "Scan" => self.data(
                |r| demands::index("dynamodb:Scan", &r.table_name, r.index_name.as_deref()),
                Database::scan,
            ),
            "BatchGetItem" => self.data(demands::batch_get, Database::batch_get_item),
            "BatchWriteItem" => self.data(demands::batch_write, Database::batch_write_item),
            "TransactGetItems" => self.data(demands::transact_get, Database::transact_get_items),
            "TransactWriteItems" => {
                let tokens = self.cloud.tokens.clone();
                self.data(demands::transact_write, move |database, request| {
                    let mut tokens = tokens.lock().unwrap_or_else(PoisonError::into_inner);
                    tokens.once(request, Instant::now(), |r| database.transact_write_items(r))
                })
            }
            "ExecuteStatement" => self
                .data(|r| demands::statements([r.statement.as_str()]), Database::execute_statement),
            "ExecuteTransaction" => self.data(
                |r| demands::statements(r.transact_statements.iter().map(|s| s.statement.as_str())),
                Database::execute_transaction,
            ),
            "BatchExecuteStatement" => self.data(
                |r| demands::statements(r.statements.iter().map(|s| s.statement.as_str())),
                Database::batch_execute_statement,
            ),
            _ => Err(Failure::UnknownOperation),
        }
    }

    fn tables(&self) -> Result<Prepared, Failure> {
        match self.operation {
            "CreateTable" => self.control(
                |r| demands::table("dynamodb:CreateTable", &r.table_name),
                Database::create_table,
            ),
            "DeleteTable" => self.control(
                |r| demands::table("dynamodb:DeleteTable", &r.table_name),
                Database::delete_table,
            ),
            "DescribeTable" => self.control(
                |r| demands::table("dynamodb:DescribeTable", &r.table_name),
                Database::describe_table,
            ),
            "UpdateTable" => self.control(
                |r| demands::table("dynamodb:UpdateTable", &r.table_name),
                Database::update_table,
            ),
            "ListTables" => {
                self.control(|_| demands::table("dynamodb:ListTables", "*"), Database::list_tables)
            }
            "UpdateTimeToLive" => self.control(
                |r| demands::table("dynamodb:UpdateTimeToLive", &r.table_name),
                Database::update_time_to_live,
            ),
            "DescribeTimeToLive" => self.control(
                |r| demands::table("dynamodb:DescribeTimeToLive", &r.table_name),
                Database::describe_time_to_live,
            ),
            "TagResource" => self
                .control(|_| demands::table("dynamodb:TagResource", "*"), Database::tag_resource),
            "UntagResource" => self.control(
                |_| demands::table("dynamodb:UntagResource", "*"),
                Database::untag_resource,
            ),
            "ListTagsOfResource" => self.control(
                |_| demands::table("dynamodb:ListTagsOfResource", "*"),
                Database::list_tags_of_resource,
            ),
            _ => self.streams(),
        }
    }

    fn streams(&self) -> Result<Prepared, Failure> {
        match self.operation {
            "ListStreams" => self
                .control(|_| demands::table("dynamodb:ListStreams", "*"), Database::list_streams),
            "DescribeStream" => self.control(
                |_| demands::table("dynamodb:DescribeStream", "*/stream/*"),
                Database::describe_stream,
            ),
            "GetShardIterator" => self.control(
                |_| demands::table("dynamodb:GetShardIterator", "*/stream/*"),
                Database::get_shard_iterator,
            ),
            "GetRecords" => self.control(
                |_| demands::table("dynamodb:GetRecords", "*/stream/*"),
                Database::get_records,
            ),
            _ => Err(Failure::UnknownOperation),
        }
    }

    fn account(&self, parts: &Parts) -> Result<Vec<u8>, Failure> {
        let answer = match self.operation {
            "DescribeEndpoints" => fixed::endpoints(parts),
            "DescribeLimits" => {
                let demand = ("dynamodb:DescribeLimits", "*".to_owned());
                self.cloud.authorise(self.caller, &[demand])?;
                fixed::limits()
            }
            "DescribeContinuousBackups" => {
                let request: fixed::TableOnly = self.read()?;
                let demands =
                    demands::table("dynamodb:DescribeContinuousBackups", &request.table_name);
                self.cloud.authorise(self.caller, &demands)?;
                fixed::continuous_backups(&self.cloud.database, &request.table_name)?
            }
            _ => return Err(Failure::UnknownOperation),
        };
        Ok(answer.to_string().into_bytes())
    }

    fn data<Req: Request, Resp: Response>(
        &self,
        demands: impl FnOnce(&Req) -> Vec<Demand>,
        call: impl FnOnce(&Database, Req) -> dynoxide::Result<Resp> + Send + 'static,
    ) -> Result<Prepared, Failure> {
        self.prepare(Plane::Data, demands, call)
    }

    fn control<Req: Request, Resp: Response>(
        &self,
        demands: impl FnOnce(&Req) -> Vec<Demand>,
        call: impl FnOnce(&Database, Req) -> dynoxide::Result<Resp> + Send + 'static,
    ) -> Result<Prepared, Failure> {
        self.prepare(Plane::Control, demands, call)
    }

    fn prepare<Req: Request, Resp: Response>(
        &self,
        plane: Plane,
        demands: impl FnOnce(&Req) -> Vec<Demand>,
        call: impl FnOnce(&Database, Req) -> dynoxide::Result<Resp> + Send + 'static,
    ) -> Result<Prepared, Failure> {
        let request = self.read()?;
        if *self.caller != Caller::Operator {
            self.cloud.authorise(self.caller, &demands(&request))?;
        }
        let arns = self.cloud.arns.clone();
        Ok(Box::new(move |database| {
            let response = call(database, request)?;
            Ok(Box::new(move || write(&response, plane, &arns)))
        }))
    }

    fn read<Req: DeserializeOwned>(&self) -> Result<Req, Failure> {
        serde_json::from_slice(self.body)
            .map_err(|error| Failure::unreadable(self.operation, &error))
    }
}

/// The answer in JSON.
fn write(response: &impl Serialize, plane: Plane, arns: &Arns) -> Result<Vec<u8>, Failure> {
    let internal = |error: serde_json::Error| {
        Failure::Database(dynoxide::DynoxideError::InternalServerError(error.to_string()))
    };
    match plane {
        Plane::Data => serde_json::to_vec(response).map_err(internal),
        Plane::Control => {
            serde_json::to_string(response).map(|text| arns.outbound(&text)).map_err(internal)
        }
    }
}
