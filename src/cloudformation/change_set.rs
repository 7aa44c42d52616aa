//! What a change set says, and what that means for data.
//!
//! Plain types: reading them off an SDK is `aws`, showing them is the terminal's.

use std::fmt;
use std::str::FromStr;

use super::template::Template;

/// A change set's changes, in CloudFormation's order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChangeSet {
    /// One a resource.
    pub changes: Vec<ResourceChange>,
}

/// What becomes of one resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceChange {
    /// Its logical id.
    pub logical_id: String,
    /// Its physical id; none before it is made.
    pub physical_id: Option<String>,
    /// Its type.
    pub kind: String,
    /// What is done.
    pub action: Action,
    /// Whether another one takes its place.
    pub replacement: Replacement,
    /// Which parts change: `Properties`, `Tags`, `Metadata`, a policy.
    pub scope: Vec<String>,
    /// The properties that change.
    pub properties: Vec<PropertyChange>,
    /// What becomes of what was there, if CloudFormation says so.
    pub policy_action: Option<PolicyAction>,
}

/// A property that changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PropertyChange {
    /// Its name, such as `KeySchema`.
    pub name: String,
    /// Whether its change alone replaces the resource.
    pub recreation: Replacement,
}

/// What is done to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Made.
    Add,
    /// Changed.
    Modify,
    /// Removed from the stack.
    Remove,
    /// Taken into the stack.
    Import,
    /// Decided while it happens, for resources of nested stacks.
    Dynamic,
}

/// Whether a resource, or a property's change, brings another physical one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Replacement {
    /// No.
    #[default]
    Never,
    /// It depends on what other changes turn out to be.
    Perhaps,
    /// Yes.
    Always,
}

/// What becomes of the physical resource that was there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyAction {
    /// It is deleted.
    Delete,
    /// It stays, outside of the stack.
    Retain,
    /// It is deleted after a snapshot.
    Snapshot,
    /// Another one is made, then it is deleted.
    ReplaceAndDelete,
    /// Another one is made; it stays, outside of the stack.
    ReplaceAndRetain,
    /// Another one is made, then it is deleted after a snapshot.
    ReplaceAndSnapshot,
}

/// A word that CloudFormation does not use in that place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no word of a change set")]
pub struct UnknownWord(pub String);

impl FromStr for Action {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        Ok(match word {
            "Add" => Self::Add,
            "Modify" => Self::Modify,
            "Remove" => Self::Remove,
            "Import" => Self::Import,
            "Dynamic" => Self::Dynamic,
            _ => return Err(UnknownWord(word.to_owned())),
        })
    }
}

impl FromStr for Replacement {
    type Err = UnknownWord;

    /// Both `Replacement` (`True`) and `RequiresRecreation` (`Always`) are read.
    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        Ok(match word {
            "" | "False" | "Never" => Self::Never,
            "Conditional" | "Conditionally" => Self::Perhaps,
            "True" | "Always" => Self::Always,
            _ => return Err(UnknownWord(word.to_owned())),
        })
    }
}

impl FromStr for PolicyAction {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        Ok(match word {
            "Delete" => Self::Delete,
            "Retain" => Self::Retain,
            "Snapshot" => Self::Snapshot,
            "ReplaceAndDelete" => Self::ReplaceAndDelete,
            "ReplaceAndRetain" => Self::ReplaceAndRetain,
            "ReplaceAndSnapshot" => Self::ReplaceAndSnapshot,
            _ => return Err(UnknownWord(word.to_owned())),
        })
    }
}

/// Data that a change set takes out of service or destroys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AtStake {
    /// The resource that holds it, by which somebody must name it to go on.
    pub logical_id: String,
    /// Its physical id.
    pub physical_id: Option<String>,
    /// What would become of it.
    pub fate: Fate,
    /// The properties to blame; none where it is removed.
    pub because: Vec<String>,
}

/// What would become of data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Deleted, with all its rows.
    Deleted,
    /// Kept, but outside of the stack: nothing reads it any more.
    LetGo,
    /// An empty one takes its place; the old one is deleted.
    ReplacedAndDeleted,
    /// An empty one takes its place; the old one is kept outside of the stack.
    ReplacedAndLetGo,
    /// It may be replaced; CloudFormation decides while it happens.
    PerhapsReplaced,
}

impl Fate {
    /// Whether rows are destroyed for good.
    pub fn destroys(self) -> bool {
        matches!(self, Self::Deleted | Self::ReplacedAndDeleted)
    }
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Deleted => "it is deleted, with all its rows",
            Self::LetGo => {
                "it leaves the stack; its rows are kept, but nothing reads them any more"
            }
            Self::ReplacedAndDeleted => "an empty one takes its place, and it is deleted",
            Self::ReplacedAndLetGo => {
                "an empty one takes its place; its rows are kept, but nothing reads them any more"
            }
            Self::PerhapsReplaced => "an empty one may take its place",
        })
    }
}

/// The types whose resources hold what cannot be made again.
const DATA: [&str; 1] = ["AWS::DynamoDB::Table"];

/// Whether a type's resources hold what cannot be made again. The site's bucket does not: its files
/// are built from the project.
pub fn holds_data(kind: &str) -> bool {
    DATA.contains(&kind)
}

impl ChangeSet {
    /// The data that would be lost or put out of service. `before` is the template that is deployed:
    /// where CloudFormation does not say what becomes of a resource, its policies do.
    pub fn at_stake(&self, before: &Template) -> Vec<AtStake> {
        let data = self.changes.iter().filter(|change| holds_data(&change.kind));
        data.filter_map(|change| {
            let fate = fate(change, before)?;
            let to_blame = |one: &&PropertyChange| {
                fate != Fate::Deleted && one.recreation != Replacement::Never
            };
            Some(AtStake {
                logical_id: change.logical_id.clone(),
                physical_id: change.physical_id.clone(),
                fate,
                because: change
                    .properties
                    .iter()
                    .filter(to_blame)
                    .map(|p| p.name.clone())
                    .collect(),
            })
        })
        .collect()
    }
}

fn fate(change: &ResourceChange, before: &Template) -> Option<Fate> {
    let kept = |policy: Option<&str>| {
        policy.is_some_and(|policy| policy.starts_with("Retain") || policy == "Snapshot")
    };
    let deployed = before.resources.get(&change.logical_id);
    match (change.action, change.replacement) {
        (Action::Remove, _) => Some(match change.policy_action {
            Some(PolicyAction::Delete) => Fate::Deleted,
            Some(_) => Fate::LetGo,
            None if kept(deployed.and_then(|one| one.deletion_policy.as_deref())) => Fate::LetGo,
            None => Fate::Deleted,
        }),
        (Action::Modify, Replacement::Always) => Some(match change.policy_action {
            Some(PolicyAction::ReplaceAndDelete | PolicyAction::Delete) => Fate::ReplacedAndDeleted,
            Some(_) => Fate::ReplacedAndLetGo,
            None if kept(deployed.and_then(|one| one.update_replace_policy.as_deref())) => {
                Fate::ReplacedAndLetGo
            }
            None => Fate::ReplacedAndDeleted,
        }),
        (Action::Modify, Replacement::Perhaps) => Some(Fate::PerhapsReplaced),
        (Action::Modify, Replacement::Never)
        | (Action::Add | Action::Import | Action::Dynamic, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn change(kind: &str, action: Action, replacement: Replacement) -> ResourceChange {
        let property =
            |name: &str, recreation| PropertyChange { name: name.to_owned(), recreation };
        ResourceChange {
            logical_id: "Rooms".to_owned(),
            physical_id: Some("chat-prod-Rooms".to_owned()),
            kind: kind.to_owned(),
            action,
            replacement,
            scope: vec!["Properties".to_owned()],
            properties: vec![
                property("KeySchema", Replacement::Always),
                property("Tags", Replacement::Never),
            ],
            policy_action: None,
        }
    }

    fn deployed(policies: (Option<&str>, Option<&str>)) -> Template {
        let (deletion, replace) = policies;
        let table = json!({
            "Type": "AWS::DynamoDB::Table",
            "DeletionPolicy": deletion,
            "UpdateReplacePolicy": replace,
        });
        Template::parse(&json!({"Resources": {"Rooms": table}}).to_string()).unwrap()
    }

    fn fates(change: ResourceChange, before: &Template) -> Vec<Fate> {
        let set = ChangeSet { changes: vec![change] };
        set.at_stake(before).into_iter().map(|one| one.fate).collect()
    }

    #[test]
    fn only_data_is_at_stake() {
        let before = deployed((None, None));
        for kind in ["AWS::S3::Bucket", "AWS::Lambda::Function", "AWS::Logs::LogGroup"] {
            assert_eq!(fates(change(kind, Action::Remove, Replacement::Never), &before), []);
        }
        let table = |action| change("AWS::DynamoDB::Table", action, Replacement::Never);
        assert_eq!(fates(table(Action::Add), &before), []);
        assert_eq!(fates(table(Action::Modify), &before), []);
    }

    #[test]
    fn policies_decide_where_cloudformation_does_not_say() {
        let removed = || change("AWS::DynamoDB::Table", Action::Remove, Replacement::Never);
        let replaced = || change("AWS::DynamoDB::Table", Action::Modify, Replacement::Always);
        let bare = deployed((None, None));
        let kept = deployed((Some("RetainExceptOnCreate"), Some("Retain")));
        assert_eq!(fates(removed(), &bare), [Fate::Deleted]);
        assert_eq!(fates(removed(), &kept), [Fate::LetGo]);
        assert_eq!(fates(replaced(), &bare), [Fate::ReplacedAndDeleted]);
        assert_eq!(fates(replaced(), &kept), [Fate::ReplacedAndLetGo]);
        let perhaps = change("AWS::DynamoDB::Table", Action::Modify, Replacement::Perhaps);
        assert_eq!(fates(perhaps, &kept), [Fate::PerhapsReplaced]);
    }

    #[test]
    fn what_cloudformation_says_counts_more_than_the_old_template() {
        let kept = deployed((Some("Retain"), Some("Retain")));
        let mut removed = change("AWS::DynamoDB::Table", Action::Remove, Replacement::Never);
        removed.policy_action = Some(PolicyAction::Delete);
        assert_eq!(fates(removed, &kept), [Fate::Deleted]);
        let mut replaced = change("AWS::DynamoDB::Table", Action::Modify, Replacement::Always);
        replaced.policy_action = Some(PolicyAction::ReplaceAndRetain);
        assert_eq!(fates(replaced, &deployed((None, None))), [Fate::ReplacedAndLetGo]);
    }

    #[test]
    fn the_property_to_blame_is_named() {
        let replaced = change("AWS::DynamoDB::Table", Action::Modify, Replacement::Always);
        let found = ChangeSet { changes: vec![replaced] }.at_stake(&deployed((None, None)));
        assert_eq!(found[0].because, ["KeySchema"]);
        assert!(found[0].fate.destroys());
    }

    #[test]
    fn cloudformations_words_are_read() {
        assert_eq!("Modify".parse(), Ok(Action::Modify));
        assert_eq!("Conditional".parse(), Ok(Replacement::Perhaps));
        assert_eq!("True".parse(), Ok(Replacement::Always));
        assert_eq!("Always".parse(), Ok(Replacement::Always));
        assert_eq!("ReplaceAndRetain".parse(), Ok(PolicyAction::ReplaceAndRetain));
        assert_eq!("Explode".parse::<Action>(), Err(UnknownWord("Explode".to_owned())));
    }
}
