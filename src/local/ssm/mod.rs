//! The parameter store: AWS's JSON protocol over one file that only its owner can read.

mod request;
mod store;

use std::io;
use std::path::Path;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::answer::{Answer, Call, answer};
use super::credentials::{Caller, random};
use super::iam::{Access, Denied};
use crate::stack::Place;
use request::{Delete, Describe, Get, GetMany, Put};
use store::{Kind, Parameter, Store};

/// A standard parameter holds 4 KB.
const VALUE_BYTES: usize = 4_096;

/// The parameters of a stage; clones share them.
#[derive(Clone)]
pub struct Ssm {
    store: Arc<Store>,
    access: Access,
    place: Place,
}

/// Why a call is refused.
struct Refusal {
    code: &'static str,
    message: Option<String>,
}

impl Refusal {
    fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: Some(message.into()) }
    }

    /// SSM says nothing more about a parameter that is not there.
    fn not_found() -> Self {
        Self { code: "ParameterNotFound", message: None }
    }
}

impl From<Denied> for Refusal {
    fn from(denied: Denied) -> Self {
        Self::new("AccessDeniedException", denied.message)
    }
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Self::new("InternalServerError", format!("the parameters cannot be kept: {error}"))
    }
}

impl Ssm {
    /// Opens the file, or begins without one; its folder is made for the owner alone.
    ///
    /// # Errors
    /// The file cannot be read or is not what was written.
    pub fn open(path: &Path, place: &Place, access: Access) -> io::Result<Self> {
        Ok(Self { store: Arc::new(Store::open(path)?), access, place: place.clone() })
    }

    /// Makes a secret of so many random bytes, in base64, unless there is one. Says whether it did.
    ///
    /// # Errors
    /// There is no randomness, or the file cannot be written.
    pub fn ensure_secret(&self, name: &str, bytes: usize) -> io::Result<bool> {
        if self.store.get(name).is_some() {
            return Ok(false);
        }
        let value = STANDARD.encode(random(bytes)?);
        self.store.put(name, Parameter::new(Kind::SecureString, value))?;
        Ok(true)
    }

    /// Answers a call of the API.
    pub async fn handle(&self, call: Call) -> Answer {
        let target = call.parts.headers.get("x-amz-target").and_then(|target| target.to_str().ok());
        let operation = target.and_then(|target| target.strip_prefix("AmazonSSM."));
        match self.run(operation.unwrap_or_default(), &call.caller, &call.body) {
            Ok(body) => respond(StatusCode::OK, &body),
            Err(Refusal { code, message }) => {
                let mut body = json!({"__type": code});
                if let Some(message) = message {
                    body["message"] = message.into();
                }
                let internal = code == "InternalServerError";
                let status = if internal { 500 } else { 400 };
                respond(StatusCode::from_u16(status).unwrap_or_default(), &body)
            }
        }
    }

    fn run(&self, operation: &str, caller: &Caller, body: &[u8]) -> Result<Value, Refusal> {
        match operation {
            "GetParameter" => self.get(caller, &read(body)?),
            "GetParameters" => self.get_many(caller, &read(body)?),
            "PutParameter" => self.put(caller, read(body)?),
            "DeleteParameter" => self.delete(caller, &read(body)?),
            "DescribeParameters" => self.describe(caller, &read(body)?),
            _ => Err(Refusal { code: "UnknownOperationException", message: None }),
        }
    }

    fn get(&self, caller: &Caller, get: &Get) -> Result<Value, Refusal> {
        let selected = self.selected(&get.name);
        self.access.check(caller, "ssm:GetParameter", &self.arn(selected.name))?;
        let parameter = self.store.get(selected.name).ok_or_else(Refusal::not_found)?;
        if selected.version.is_some_and(|version| version != parameter.version) {
            return Err(Refusal::new(
                "ParameterVersionNotFound",
                format!(
                    "Systems Manager could not find version {} of {}. Verify the version and \
                         try again.",
                    selected.version.unwrap_or_default(),
                    selected.name
                ),
            ));
        }
        Ok(json!({"Parameter": self.shown(selected.name, &parameter, get.with_decryption)?}))
    }

    fn get_many(&self, caller: &Caller, get: &GetMany) -> Result<Value, Refusal> {
        if get.names.is_empty() || get.names.len() > 10 {
            return Err(Refusal::new(
                "ValidationException",
                "1 validation error detected: Value at 'names' failed to satisfy constraint: \
                 Member must have length less than or equal to 10 and at least 1",
            ));
        }
        let (mut parameters, mut invalid) = (Vec::new(), Vec::new());
        for name in &get.names {
            let selected = self.selected(name);
            self.access.check(caller, "ssm:GetParameters", &self.arn(selected.name))?;
            match self.store.get(selected.name) {
                Some(found) if selected.version.is_none_or(|version| version == found.version) => {
                    parameters.push(self.shown(selected.name, &found, get.with_decryption)?);
                }
                _ => invalid.push(name),
            }
        }
        Ok(json!({"Parameters": parameters, "InvalidParameters": invalid}))
    }

    fn put(&self, caller: &Caller, put: Put) -> Result<Value, Refusal> {
        self.access.check(caller, "ssm:PutParameter", &self.arn(&put.name))?;
        check_name(&put.name)?;
        if put.value.is_empty() || put.value.len() > VALUE_BYTES {
            return Err(Refusal::new(
                "ValidationException",
                "Standard tier parameters support a parameter value of 1 to 4096 characters.",
            ));
        }
        let existing = self.store.get(&put.name);
        let kind = match (&existing, put.kind.as_deref()) {
            (Some(_), _) if !put.overwrite => {
                return Err(Refusal::new(
                    "ParameterAlreadyExists",
                    "The parameter already exists. To overwrite this value, set the overwrite \
                     option in the request to true.",
                ));
            }
            (Some(existing), None) => existing.kind,
            (None, None) => {
                let message = "A parameter type is required when you create a parameter.";
                return Err(Refusal::new("ValidationException", message));
            }
            (_, Some(kind)) => Kind::named(kind).ok_or_else(|| {
                Refusal::new("UnsupportedParameterType", format!("No parameter type {kind}."))
            })?,
        };
        let mut parameter = Parameter::new(kind, put.value);
        parameter.version = existing.map_or(1, |existing| existing.version + 1);
        let version = parameter.version;
        self.store.put(&put.name, parameter)?;
        Ok(json!({"Version": version, "Tier": "Standard"}))
    }

    fn delete(&self, caller: &Caller, delete: &Delete) -> Result<Value, Refusal> {
        self.access.check(caller, "ssm:DeleteParameter", &self.arn(&delete.name))?;
        if self.store.remove(&delete.name)? { Ok(json!({})) } else { Err(Refusal::not_found()) }
    }

    fn describe(&self, caller: &Caller, describe: &Describe) -> Result<Value, Refusal> {
        self.access.check(caller, "ssm:DescribeParameters", &self.place.arn("ssm", "*"))?;
        let after = describe.next_token.as_deref().unwrap_or_default();
        let limit = usize::from(describe.max_results.unwrap_or(50).clamp(1, 50));
        let mut found = self.store.after(after);
        found.retain(|(name, parameter)| {
            describe.parameter_filters.iter().all(|filter| filter.fits(name, parameter.kind))
        });
        let more = found.len() > limit;
        found.truncate(limit);
        let mut answer = json!({"Parameters": found.iter().map(|(name, parameter)| json!({
            "Name": name,
            "ARN": self.arn(name),
            "Type": parameter.kind,
            "LastModifiedDate": parameter.modified_s,
            "Version": parameter.version,
            "Tier": "Standard",
            "Policies": [],
            "DataType": "text",
        })).collect::<Vec<_>>()});
        if let Some((name, _)) = found.last().filter(|_| more) {
            answer["NextToken"] = name.as_str().into();
        }
        Ok(answer)
    }

    /// A secret that is not to be decrypted shows as what it is on AWS: bytes that say nothing.
    fn shown(&self, name: &str, parameter: &Parameter, decrypt: bool) -> io::Result<Value> {
        let value = match parameter.kind {
            Kind::SecureString if !decrypt => STANDARD.encode(random(96)?),
            _ => parameter.value.clone(),
        };
        Ok(json!({
            "Name": name,
            "Type": parameter.kind,
            "Value": value,
            "Version": parameter.version,
            "LastModifiedDate": parameter.modified_s,
            "ARN": self.arn(name),
            "DataType": "text",
        }))
    }

    fn arn(&self, name: &str) -> String {
        self.place.arn("ssm", &format!("parameter/{}", name.trim_start_matches('/')))
    }

    /// A parameter is asked for by name, or by ARN, and a version may follow a colon.
    fn selected<'a>(&self, asked: &'a str) -> Selected<'a> {
        let prefix = self.place.arn("ssm", "parameter");
        let name = asked.strip_prefix(prefix.as_str()).unwrap_or(asked);
        match name.split_once(':').and_then(|(name, version)| Some((name, version.parse().ok()?))) {
            Some((name, version)) => Selected { name, version: Some(version) },
            None => Selected { name, version: None },
        }
    }
}

struct Selected<'a> {
    name: &'a str,
    version: Option<u64>,
}

fn check_name(name: &str) -> Result<(), Refusal> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_.-/".contains(c);
    if name.is_empty() || name.len() > 1_011 || !name.chars().all(allowed) {
        return Err(Refusal::new(
            "ValidationException",
            "Parameter name: can't be empty and may use letters, numbers and the characters \
             _ . - / only.",
        ));
    }
    Ok(())
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|error| {
        let code = if error.is_data() { "ValidationException" } else { "SerializationException" };
        Refusal::new(code, error.to_string())
    })
}

fn respond(status: StatusCode, body: &Value) -> Answer {
    answer(status, "application/x-amz-json-1.1", body.to_string())
}

#[cfg(test)]
mod tests;
