//! Grants: what a function may do, in words; one verb on one thing.

use std::str::FromStr;

/// A permission in the manifest's words, such as `get ChatRooms` or `post connections`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Grant {
    /// A verb on a table.
    Table {
        /// What is done.
        verb: TableVerb,
        /// The table's logical name.
        table: String,
    },
    /// `query TABLE/INDEX`
    Index {
        /// The table's logical name.
        table: String,
        /// The index.
        index: String,
    },
    /// A verb on open connections.
    Connections(ConnectionVerb),
    /// `read parameter NAME`
    Parameter(String),
    /// `invoke FUNCTION`
    Invoke(String),
    /// `assume ROLE`
    Assume(String),
    /// A verb on the channels of the stage's voice rooms.
    Channels(ChannelVerb),
}

/// What can be done to a table; each is one IAM action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TableVerb {
    /// Read one item by its key.
    Get,
    /// Write a whole item.
    Put,
    /// Change attributes of an item.
    Update,
    /// Remove an item.
    Delete,
    /// Read a partition.
    Query,
    /// Check an item inside a transaction.
    Check,
}

impl TableVerb {
    const ALL: [(&'static str, Self, &'static str); 6] = [
        ("get", Self::Get, "dynamodb:GetItem"),
        ("put", Self::Put, "dynamodb:PutItem"),
        ("update", Self::Update, "dynamodb:UpdateItem"),
        ("delete", Self::Delete, "dynamodb:DeleteItem"),
        ("query", Self::Query, "dynamodb:Query"),
        ("check", Self::Check, "dynamodb:ConditionCheckItem"),
    ];

    /// The IAM action.
    pub fn action(self) -> &'static str {
        self.row().2
    }

    fn word(self) -> &'static str {
        self.row().0
    }

    fn row(self) -> &'static (&'static str, Self, &'static str) {
        Self::ALL.iter().find(|(_, verb, _)| *verb == self).unwrap_or(&Self::ALL[0])
    }
}

/// What can be done to an open connection; each is one HTTP method of the @connections API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConnectionVerb {
    /// Send it a message.
    Post,
    /// Ask whether it is there.
    Inspect,
    /// Close it.
    Close,
}

impl ConnectionVerb {
    /// The HTTP method.
    pub fn method(self) -> &'static str {
        match self {
            Self::Post => "POST",
            Self::Inspect => "GET",
            Self::Close => "DELETE",
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Post => "post",
            Self::Inspect => "inspect",
            Self::Close => "close",
        }
    }
}

/// What can be done to a signaling channel of the stage; each is one IAM action, but for making one,
/// which tags it as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChannelVerb {
    /// Make one.
    Create,
    /// Find one by its name.
    Describe,
    /// Find all of them. A list of channels cannot be narrowed: it is of the whole account.
    List,
    /// Find out where one is reached.
    Locate,
    /// Have TURN credentials made.
    Relay,
    /// Mark one.
    Tag,
    /// Remove one.
    Delete,
}

impl ChannelVerb {
    const ALL: [(&'static str, Self, &'static [&'static str]); 7] = [
        (
            "create",
            Self::Create,
            &["kinesisvideo:CreateSignalingChannel", "kinesisvideo:TagResource"],
        ),
        ("describe", Self::Describe, &["kinesisvideo:DescribeSignalingChannel"]),
        ("list", Self::List, &["kinesisvideo:ListSignalingChannels"]),
        ("locate", Self::Locate, &["kinesisvideo:GetSignalingChannelEndpoint"]),
        ("relay", Self::Relay, &["kinesisvideo:GetIceServerConfig"]),
        ("tag", Self::Tag, &["kinesisvideo:TagResource"]),
        ("delete", Self::Delete, &["kinesisvideo:DeleteSignalingChannel"]),
    ];

    /// The IAM actions, the one that names the verb first.
    pub fn actions(self) -> &'static [&'static str] {
        self.row().2
    }

    fn word(self) -> &'static str {
        self.row().0
    }

    fn of(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(name, ..)| *name == word).map(|row| row.1)
    }

    fn row(self) -> &'static (&'static str, Self, &'static [&'static str]) {
        Self::ALL.iter().find(|(_, verb, _)| *verb == self).unwrap_or(&Self::ALL[0])
    }
}

/// The text is not a grant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a grant; write `get|put|update|delete|query|check TABLE`, `query TABLE/INDEX`, \
     `post|inspect|close connections`, `create|describe|list|locate|relay|tag|delete channels`, \
     `read parameter NAME`, `invoke FUNCTION` or `assume ROLE`"
)]
pub struct GrantError(pub String);

impl FromStr for Grant {
    type Err = GrantError;

    fn from_str(text: &str) -> Result<Self, GrantError> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let unknown = || GrantError(text.to_owned());
        match words[..] {
            ["read", "parameter", name] => Ok(Self::Parameter(name.to_owned())),
            ["invoke", function] => Ok(Self::Invoke(function.to_owned())),
            ["assume", role] => Ok(Self::Assume(role.to_owned())),
            ["post", "connections"] => Ok(Self::Connections(ConnectionVerb::Post)),
            ["inspect", "connections"] => Ok(Self::Connections(ConnectionVerb::Inspect)),
            ["close", "connections"] => Ok(Self::Connections(ConnectionVerb::Close)),
            [verb, "channels"] => ChannelVerb::of(verb).map(Self::Channels).ok_or_else(unknown),
            [verb, target] => table_grant(verb, target).ok_or_else(unknown),
            _ => Err(unknown()),
        }
    }
}

fn table_grant(word: &str, target: &str) -> Option<Grant> {
    let verb = TableVerb::ALL.iter().find(|(name, ..)| *name == word)?.1;
    match target.split_once('/') {
        None => Some(Grant::Table { verb, table: target.to_owned() }),
        Some((table, index)) if verb == TableVerb::Query => {
            Some(Grant::Index { table: table.to_owned(), index: index.to_owned() })
        }
        Some(_) => None,
    }
}

impl std::fmt::Display for Grant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Table { verb, table } => write!(f, "{} {table}", verb.word()),
            Self::Index { table, index } => write!(f, "query {table}/{index}"),
            Self::Connections(verb) => write!(f, "{} connections", verb.word()),
            Self::Parameter(name) => write!(f, "read parameter {name}"),
            Self::Invoke(function) => write!(f, "invoke {function}"),
            Self::Assume(role) => write!(f, "assume {role}"),
            Self::Channels(verb) => write!(f, "{} channels", verb.word()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_reads_as_it_is_written() {
        for text in [
            "get ChatRooms",
            "check ChatRooms",
            "query ChatRooms/byPerson",
            "post connections",
            "read parameter session-key",
            "invoke RefuseHandler",
            "assume VoiceAccess",
            "relay channels",
        ] {
            assert_eq!(text.parse::<Grant>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_grant_is_refused() {
        for text in ["", "scan ChatRooms", "get ChatRooms/byPerson", "post everything now", "get"] {
            assert_eq!(text.parse::<Grant>(), Err(GrantError(text.to_owned())));
        }
    }
}
