//! From the manifest to the [`Stack`]: physical names given, routes and grants checked.

use super::manifest::{
    BucketEntry, FunctionEntry, IndexEntry, ParameterEntry, PurposeEntry, RoleEntry,
    RolePurposeEntry, ScheduleEntry, TableEntry,
};
use super::{
    Bucket, BucketPurpose, Function, Grant, GrantError, HttpRouteError, Index, Manifest, Parameter,
    Place, Role, RolePurpose, Schedule, Settings, Stack, StackName, Table, routes,
};

/// The manifest is well formed but does not make a stack.
#[derive(Debug, thiserror::Error)]
pub enum LowerError {
    /// A grant that is none.
    #[error("functions.{function}: {source}")]
    Grant {
        /// The function.
        function: String,
        /// What is wrong with the grant.
        source: GrantError,
    },
    /// A grant on something that the manifest does not declare.
    #[error("functions.{function}: `{grant}` names {missing}, which the manifest does not declare")]
    Undeclared {
        /// The function.
        function: String,
        /// The grant.
        grant: String,
        /// What is missing.
        missing: String,
    },
    /// A name that physical names cannot be made of.
    #[error(
        "`{0}`: tables, roles, functions and schedules are named by letters and digits, a capital first"
    )]
    Name(String),
    /// A route that the protocol does not have.
    #[error(
        "functions.{function}: there is no route `{route}`; the routes are $connect, $disconnect, $default and the protocol's actions (the HTTP API's are written `http: GET /path`)"
    )]
    UnknownRoute {
        /// The function.
        function: String,
        /// The route.
        route: String,
    },
    /// A route of the HTTP API that is none.
    #[error("functions.{function}: {source}")]
    HttpRoute {
        /// The function.
        function: String,
        /// What is wrong with the route.
        source: HttpRouteError,
    },
    /// A function on a route of each API.
    #[error(
        "functions.{function}: a function has `route` (of the WebSocket API) or `http`, not both: the two APIs hand it other events"
    )]
    TwoRoutes {
        /// The function.
        function: String,
    },
    /// Two functions on one route.
    #[error("functions.{function}: the route `{route}` has a function already")]
    RouteTaken {
        /// The later function.
        function: String,
        /// The route.
        route: String,
    },
    /// A protocol action without a function.
    #[error("the protocol's action `{0}` has no function; give one of them `route: {0}`")]
    Unserved(&'static str),
    /// A schedule that cannot be kept.
    #[error(
        "schedules.{schedule}: a schedule runs a function of the manifest that has no route, every 2 to 1440 minutes"
    )]
    Schedule {
        /// The schedule.
        schedule: String,
    },
    /// Memory or timeout outside Lambda's or API Gateway's limits.
    #[error("functions.{function}: {what} must be {range}, not {found}")]
    Limit {
        /// The function.
        function: String,
        /// `memory` or `timeout`.
        what: &'static str,
        /// What is allowed.
        range: &'static str,
        /// What was written.
        found: u32,
    },
}

/// Lowers a manifest for one project, stage and place.
///
/// # Errors
/// What keeps the manifest from being a stack.
pub fn lower(
    manifest: Manifest,
    name: StackName,
    place: Place,
    api_id: String,
    settings: Settings,
) -> Result<Stack, LowerError> {
    let Manifest { tables, parameters, buckets, roles, functions, schedules } = manifest;
    let functions = functions.0.into_iter().map(|(logical, entry)| function(&name, logical, entry));
    let stack = Stack {
        tables: tables.0.into_iter().map(|(logical, entry)| table(&name, logical, entry)).collect(),
        parameters: parameters
            .0
            .into_iter()
            .map(|(logical, entry)| parameter(&name, logical, entry))
            .collect(),
        buckets: buckets
            .0
            .into_iter()
            .map(|(logical, entry)| bucket(&name, &place, logical, entry))
            .collect(),
        roles: roles.0.into_iter().map(|(logical, entry)| role(&name, logical, entry)).collect(),
        functions: functions.collect::<Result<_, _>>()?,
        schedules: schedules
            .0
            .into_iter()
            .map(|(logical, entry)| schedule(&name, logical, entry))
            .collect(),
        name,
        place,
        api_id,
        settings,
    };
    check_names(&stack)?;
    routes::check(&stack)?;
    check_grants(&stack)?;
    check_schedules(&stack)?;
    Ok(stack)
}

fn table(name: &StackName, logical: String, entry: TableEntry) -> Table {
    let TableEntry { partition, sort, indexes, ttl } = entry;
    let index = |(name, IndexEntry { partition, sort })| Index { name, partition, sort };
    Table {
        physical: name.physical(&logical),
        logical,
        partition,
        sort,
        indexes: indexes.0.into_iter().map(index).collect(),
        ttl,
    }
}

fn parameter(name: &StackName, logical: String, entry: ParameterEntry) -> Parameter {
    let ParameterEntry::Secret { bytes } = entry;
    Parameter { physical: format!("/{}/{}/{logical}", name.project, name.stage), logical, bytes }
}

fn bucket(name: &StackName, place: &Place, logical: String, entry: BucketEntry) -> Bucket {
    let BucketEntry { purpose } = entry;
    let physical = format!("{}-{}-{logical}-{}", name.project, name.stage, place.account);
    let purpose = match purpose {
        PurposeEntry::Site => BucketPurpose::Site,
    };
    Bucket { logical, physical, purpose }
}

fn role(name: &StackName, logical: String, entry: RoleEntry) -> Role {
    let RoleEntry { purpose } = entry;
    let purpose = match purpose {
        RolePurposeEntry::Voice => RolePurpose::Voice,
    };
    Role { physical: name.physical(&logical), logical, purpose }
}

fn schedule(name: &StackName, logical: String, entry: ScheduleEntry) -> Schedule {
    let ScheduleEntry { function, minutes } = entry;
    Schedule { physical: name.physical(&logical), logical, function, minutes }
}

fn function(
    name: &StackName,
    logical: String,
    entry: FunctionEntry,
) -> Result<Function, LowerError> {
    let FunctionEntry { route, http, memory, timeout, grants } = entry;
    let limit =
        |what, range, found| LowerError::Limit { function: logical.clone(), what, range, found };
    if !(128..=10_240).contains(&memory) {
        return Err(limit("memory", "128 to 10240 MB", memory));
    }
    if !(1..=29).contains(&timeout) {
        return Err(limit("timeout", "1 to 29 seconds (API Gateway waits no longer)", timeout));
    }
    let parse = |text: &String| {
        text.parse::<Grant>()
            .map_err(|source| LowerError::Grant { function: logical.clone(), source })
    };
    Ok(Function {
        grants: grants.iter().map(parse).collect::<Result<_, _>>()?,
        route: routes::of(&logical, route, http)?,
        physical: name.physical(&logical),
        log_group: format!("/aws/lambda/{}", name.physical(&logical)),
        memory_mb: memory,
        timeout_s: timeout,
        logical,
    })
}

/// By its capital a stack's own name is told from that of a stage whose name goes on.
fn check_names(stack: &Stack) -> Result<(), LowerError> {
    let Stack { tables, roles, functions, schedules, .. } = stack;
    let names = tables.iter().map(|table| &table.logical);
    let names = names.chain(roles.iter().map(|role| &role.logical));
    let names = names.chain(functions.iter().map(|function| &function.logical));
    let mut names = names.chain(schedules.iter().map(|schedule| &schedule.logical));
    let fits = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_uppercase())
            && name.chars().all(|c| c.is_ascii_alphanumeric())
    };
    names.find(|name| !fits(name)).map_or(Ok(()), |name| Err(LowerError::Name(name.clone())))
}

fn check_schedules(stack: &Stack) -> Result<(), LowerError> {
    for Schedule { logical, physical: _, function, minutes } in &stack.schedules {
        let served = stack.function(function).is_some_and(|one| one.route.is_none());
        if !served || !(2..=1440).contains(minutes) {
            return Err(LowerError::Schedule { schedule: logical.clone() });
        }
    }
    Ok(())
}

fn check_grants(stack: &Stack) -> Result<(), LowerError> {
    for function in &stack.functions {
        for grant in &function.grants {
            if let Some(missing) = missing(stack, grant) {
                return Err(LowerError::Undeclared {
                    function: function.logical.clone(),
                    grant: grant.to_string(),
                    missing,
                });
            }
        }
    }
    Ok(())
}

/// What a grant names that the stack does not have.
fn missing(stack: &Stack, grant: &Grant) -> Option<String> {
    let (there, what) = match grant {
        Grant::Table { table, .. } => (stack.table(table).is_some(), format!("the table {table}")),
        Grant::Index { table, index } => {
            let known =
                stack.table(table).is_some_and(|t| t.indexes.iter().any(|i| i.name == *index));
            (known, format!("the index {table}/{index}"))
        }
        Grant::Parameter(name) => {
            (stack.parameters.iter().any(|p| p.logical == *name), format!("the parameter {name}"))
        }
        Grant::Invoke(target) => {
            (stack.function(target).is_some(), format!("the function {target}"))
        }
        Grant::Assume(role) => {
            (stack.roles.iter().any(|one| one.logical == *role), format!("the role {role}"))
        }
        Grant::Connections(_) | Grant::Channels(_) => (true, String::new()),
    };
    (!there).then_some(what)
}

#[cfg(test)]
mod tests {
    use chatctl_protocol::Action;

    use super::*;
    use crate::stack::{BUILT_IN_MANIFEST, Effect, LOCAL_API_ID, Route};

    fn stack(text: &str) -> Result<Stack, LowerError> {
        let name = StackName { project: "chatctl".into(), stage: "local".into() };
        lower(
            Manifest::parse(text).unwrap(),
            name,
            Place::local(),
            LOCAL_API_ID.into(),
            Settings::local(),
        )
    }

    #[test]
    fn the_built_in_manifest_is_a_stack() {
        let stack = stack(BUILT_IN_MANIFEST).unwrap();
        assert_eq!(stack.tables[0].physical, "chatctl-local-ChatConnections");
        let routes: Vec<&Route> = stack.functions.iter().filter_map(|f| f.route.as_ref()).collect();
        let keys = routes.iter().filter_map(|route| route.web_socket()).count();
        assert_eq!(keys, Action::ALL.len() + 3);
        let requests: Vec<String> = stack.http_routes().map(|(_, one)| one.to_string()).collect();
        assert_eq!(requests, ["GET /healthz"]);
    }

    #[test]
    fn the_functions_documents_have_their_golden_form() {
        let stack = stack(BUILT_IN_MANIFEST).unwrap();
        let documents: Vec<_> =
            stack.functions.iter().map(|f| (f.logical.clone(), stack.policy(f))).collect();
        insta::assert_json_snapshot!((stack.environment(), documents));
    }

    #[test]
    fn no_statement_has_a_wildcard_but_for_connections_channels_and_log_streams() {
        let stack = stack(BUILT_IN_MANIFEST).unwrap();
        for function in &stack.functions {
            for statement in stack.policy(function).statement {
                // A list of channels is the account's.
                if statement.action == ["kinesisvideo:ListSignalingChannels"] {
                    assert_eq!(statement.resource, ["*"]);
                    continue;
                }
                // A connection, a channel and a stream of a log are made as people come.
                let channels = format!("/{}/*", stack.name.channel("*"));
                let nameless =
                    ["/@connections/*", &channels, &format!(":{}:*", function.log_group)];
                let open = |arn: &str| {
                    let named = nameless.iter().find_map(|end| arn.strip_suffix(end));
                    named.unwrap_or(arn).contains('*')
                };
                assert!(!statement.resource.iter().any(|arn| open(arn)), "{statement:?}");
                assert!(
                    statement.action.iter().all(|action| !action.contains('*')),
                    "{statement:?}"
                );
            }
        }
    }

    #[test]
    fn a_role_trusts_the_functions_that_declare_it_and_nobody_else() {
        let none = BUILT_IN_MANIFEST.replace("      - assume VoiceAccess\n", "");
        let nobody = stack(&none).unwrap();
        assert_eq!(nobody.role_trust(&nobody.roles[0]).statement[0].effect, Effect::Deny);
        let one = stack(BUILT_IN_MANIFEST).unwrap();
        let role = &one.roles[0];
        let function = one.function("GetVoiceCredentialsHandler").unwrap();
        let may = one.policy(function).statement.into_iter().find(|s| s.sid == "AssumeVoiceAccess");
        assert_eq!(may.unwrap().resource, [role.arn(&one)]);
        let documents = (one.role_trust(role), one.role_policy(role));
        insta::assert_json_snapshot!("the_voice_role_has_its_golden_form", documents);
    }

    #[test]
    fn a_stage_whose_name_goes_on_is_another() {
        let name = |stage: &str| StackName { project: "chat".into(), stage: stage.into() };
        assert!(name("prod").owns("chat-prod-ChatRooms"));
        assert!(!name("prod").owns("chat-prod-eu-ChatRooms"));
        assert!(name("prod-eu").owns("chat-prod-eu-ChatRooms"));
        assert!(!name("prod").owns("other-prod-ChatRooms"));
        assert!(!name("prod-eu").channel("turn").starts_with(&name("prod").channel("")));
    }

    #[test]
    fn a_stack_that_cannot_be_is_refused_with_its_reason() {
        let broken = [
            ("route: hello", "route: hullo", "no route `hullo`"),
            ("route: ping", "route: hello", "`hello` has a function already"),
            ("http: GET /healthz", "http: GET healthz", "`GET healthz` is no HTTP route"),
            ("http: GET /healthz", "http: GET /healthz\n    route: ping", "not both"),
            (
                "  RefuseHandler:\n",
                "  RefuseHandler:\n    http: GET /healthz\n",
                "HealthHandler: the route `GET /healthz` has a function already",
            ),
            ("- put ChatDedupe", "- put ChatDupes", "the table ChatDupes"),
            (
                "- query ChatRooms/byPerson",
                "- query ChatRooms/byName",
                "the index ChatRooms/byName",
            ),
            ("- invoke RefuseHandler", "- invoke Refuser", "the function Refuser"),
            ("- invoke RefuseHandler", "- assume Voice", "the role Voice"),
            ("memory: 128", "memory: 64", "128 to 10240"),
            ("timeout: 20", "timeout: 30", "1 to 29"),
            ("minutes: 15", "minutes: 1", "2 to 1440"),
            ("function: SweepVoiceHandler", "function: PingHandler", "that has no route"),
            ("  PingHandler:", "  ping-handler:", "a capital first"),
            ("- post connections", "- shout connections", "is not a grant"),
        ];
        for (right, wrong, said) in broken {
            let error =
                stack(&BUILT_IN_MANIFEST.replacen(right, wrong, 1)).unwrap_err().to_string();
            assert!(error.contains(said), "{wrong}: {error}");
        }
    }
}
