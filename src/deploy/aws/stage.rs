//! A stage on AWS: what it is called there, and what it is made of.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::aws::{Cloud, StackDescription};
use crate::config::{Project, StageConfig};
use crate::deploy::DeployError;
use crate::stack::{BucketPurpose, Place, Stack, StackName};

/// The tag of the project.
pub const PROJECT_TAG: &str = "chatctl:project";
/// The tag of the stage.
pub const STAGE_TAG: &str = "chatctl:stage";
/// The tag of the program's version.
const VERSION: &str = "chatctl:version";

/// A stage in its account.
#[derive(Debug, Clone)]
pub struct Stage {
    /// The project.
    pub project: Project,
    /// The stage's name.
    pub name: String,
    /// What `chatctl.yaml` says of it.
    pub config: StageConfig,
    /// AWS's APIs.
    pub cloud: Cloud,
    /// The account, by number.
    pub account: String,
}

impl Stage {
    /// The name of its CloudFormation stack.
    pub fn stack_name(&self) -> String {
        format!("{}-{}", self.project.config.project, self.name)
    }

    /// What every physical name of the stage begins with.
    pub fn prefix(&self) -> String {
        format!("{}-", self.stack_name())
    }

    /// Whether a physical name is one of its own.
    pub fn owns(&self, physical: &str) -> bool {
        self.named().owns(physical)
    }

    /// What the names of its signaling channels begin with.
    pub fn channel_prefix(&self) -> String {
        self.named().channel("")
    }

    fn named(&self) -> StackName {
        StackName { project: self.project.config.project.clone(), stage: self.name.clone() }
    }

    /// The path of its parameters.
    pub fn parameter_path(&self) -> String {
        format!("/{}/{}", self.project.config.project, self.name)
    }

    /// The name of the bucket where the project's stages in this account and region keep what they
    /// deploy.
    pub fn artifact_bucket(&self) -> String {
        let region = self.cloud.region();
        format!("{}-artifacts-{}-{region}", self.project.config.project, self.account)
    }

    /// The name of the bucket of its site.
    pub fn site_bucket(&self) -> Option<String> {
        let stack = self.stack().ok()?;
        stack.bucket(BucketPurpose::Site).map(|bucket| bucket.physical.clone())
    }

    /// The tags of everything that is made for it.
    pub fn tags(&self) -> BTreeMap<String, String> {
        BTreeMap::from([
            (PROJECT_TAG.to_owned(), self.project.config.project.clone()),
            (STAGE_TAG.to_owned(), self.name.clone()),
            (VERSION.to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
        ])
    }

    /// The tags of what the project's stages share.
    pub fn shared_tags(&self) -> BTreeMap<String, String> {
        let mut tags = self.tags();
        tags.remove(STAGE_TAG);
        tags
    }

    /// The folder on this machine for what can be made again.
    pub fn folder(&self) -> PathBuf {
        self.project.root.join(".chatctl").join(&self.name)
    }

    /// The stack that the project describes for it.
    ///
    /// # Errors
    /// The manifest makes no stack.
    pub fn stack(&self) -> Result<Stack, DeployError> {
        let place = Place { region: self.cloud.region().to_owned(), account: self.account.clone() };
        Ok(self.project.stack_for(&self.name, place, self.config.settings.clone())?)
    }

    /// Refuses a stack that only shares the stage's name.
    ///
    /// # Errors
    /// Its tags are not the stage's.
    pub fn check_owner(&self, stack: &StackDescription) -> Result<(), DeployError> {
        let is = |tag: &str, value: &str| stack.tags.get(tag).is_some_and(|found| found == value);
        if is(PROJECT_TAG, &self.project.config.project) && is(STAGE_TAG, &self.name) {
            return Ok(());
        }
        Err(DeployError::Foreign { stack: self.stack_name() })
    }
}
