//! `templates/stack.yaml` as it is written: logical names, grants as words, nothing resolved.

use serde::Deserialize;
use serde_yaml::Mapping;

/// The parsed manifest. Maps keep the order in which people wrote them.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    pub(super) tables: Ordered<TableEntry>,
    pub(super) parameters: Ordered<ParameterEntry>,
    pub(super) buckets: Ordered<BucketEntry>,
    #[serde(default)]
    pub(super) roles: Ordered<RoleEntry>,
    pub(super) functions: Ordered<FunctionEntry>,
    #[serde(default)]
    pub(super) schedules: Ordered<ScheduleEntry>,
}

/// The manifest is not of its form.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct ManifestError {
    /// What is wrong.
    pub message: String,
    /// Line and column, from 1, where the parser knows them.
    pub position: Option<(usize, usize)>,
}

impl Manifest {
    /// Parses the manifest's text.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        serde_yaml::from_str(text).map_err(|error| ManifestError {
            position: error.location().map(|at| (at.line(), at.column())),
            message: error.to_string(),
        })
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TableEntry {
    pub partition: String,
    pub sort: Option<String>,
    #[serde(default)]
    pub indexes: Ordered<IndexEntry>,
    pub ttl: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct IndexEntry {
    pub partition: String,
    pub sort: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, tag = "kind", rename_all = "lowercase")]
pub(super) enum ParameterEntry {
    Secret { bytes: u16 },
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BucketEntry {
    pub purpose: PurposeEntry,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum PurposeEntry {
    Site,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RoleEntry {
    pub purpose: RolePurposeEntry,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum RolePurposeEntry {
    Voice,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FunctionEntry {
    pub route: Option<String>,
    pub http: Option<String>,
    pub memory: u32,
    pub timeout: u32,
    pub grants: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ScheduleEntry {
    pub function: String,
    pub minutes: u32,
}

/// A YAML map in its written order, names unique.
#[derive(Debug, Clone)]
pub(super) struct Ordered<T>(pub Vec<(String, T)>);

impl<T> Default for Ordered<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: serde::de::DeserializeOwned> Deserialize<'de> for Ordered<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        let map = Mapping::deserialize(deserializer)?;
        let entry = |(name, value): (serde_yaml::Value, serde_yaml::Value)| {
            let name: String = serde_yaml::from_value(name).map_err(D::Error::custom)?;
            let value = serde_yaml::from_value(value)
                .map_err(|error| D::Error::custom(format!("{name}: {error}")))?;
            Ok((name, value))
        };
        map.into_iter().map(entry).collect::<Result<_, _>>().map(Self)
    }
}
