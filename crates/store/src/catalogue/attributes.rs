//! The class and the tags of groups.
//!
//! Keys of tags have a prefix that no other attribute has. See also `delete`.

use std::collections::BTreeMap;

use redb::{ReadableTable, WriteTransaction};

use super::list::GroupClass;
use super::snapshot::Snapshot;
use super::tables::GROUP_ATTRIBUTES;
use super::{Catalogue, group_id, insert_group};
use crate::error::{CatalogueError, StorageError};
use crate::ids::GroupId;

/// Maximum number of tags of a group, as for any resource of AWS.
pub(crate) const MAX_TAGS: usize = 50;

const CLASS: &str = "class";
const TAG: &str = "tag/";
/// The first key after all keys that begin with [`TAG`].
const AFTER_TAGS: &str = "tag0";

/// Tags by their keys.
pub type Tags = BTreeMap<String, String>;

impl GroupClass {
    fn as_text(self) -> &'static str {
        match self {
            GroupClass::Standard => "standard",
            GroupClass::InfrequentAccess => "infrequent access",
            GroupClass::Delivery => "delivery",
        }
    }

    fn of_text(text: &str) -> Option<GroupClass> {
        let all = [GroupClass::Standard, GroupClass::InfrequentAccess, GroupClass::Delivery];
        all.into_iter().find(|class| class.as_text() == text)
    }
}

impl Snapshot {
    pub(super) fn class(&self, group: GroupId) -> Result<GroupClass, StorageError> {
        let stored = self.attributes.get((group.0, CLASS)).map_err(StorageError::catalogue)?;
        let Some(stored) = stored else { return Ok(GroupClass::default()) };
        let damaged = || redb::Error::Corrupted(format!("the class of group {}", group.0));
        GroupClass::of_text(stored.value()).ok_or_else(damaged).map_err(StorageError::catalogue)
    }

    pub(crate) fn tags(&self, group: GroupId) -> Result<Tags, StorageError> {
        let range = self.attributes.range((group.0, TAG)..(group.0, AFTER_TAGS)).map_err(StorageError::catalogue)?;
        let mut tags = Tags::new();
        for row in range {
            let (key, value) = row.map_err(StorageError::catalogue)?;
            tags.insert(key.value().1.strip_prefix(TAG).unwrap_or_default().to_owned(), value.value().to_owned());
        }
        Ok(tags)
    }
}

impl Catalogue {
    /// Adds a group with a class and tags. Durable when it returns.
    pub(crate) fn create_group_with(
        &self,
        group: &str,
        now_ms: i64,
        class: GroupClass,
        tags: &Tags,
    ) -> Result<(), CatalogueError> {
        let transaction = self.begin()?;
        if !insert_group(&transaction, group, now_ms)? {
            return Err(CatalogueError::GroupExists { group: group.to_owned() });
        }
        let id = group_id(&transaction, group)?.unwrap_or_default();
        if class != GroupClass::default() {
            let mut attributes = transaction.open_table(GROUP_ATTRIBUTES).map_err(StorageError::catalogue)?;
            attributes.insert((id, CLASS), class.as_text()).map_err(StorageError::catalogue)?;
        }
        set_tags(&transaction, id, group, tags, &[])?;
        Ok(transaction.commit()?)
    }

    /// Sets some tags of a group and removes others. Durable when it returns.
    pub(crate) fn change_tags(&self, group: &str, set: &Tags, remove: &[String]) -> Result<(), CatalogueError> {
        let transaction = self.begin()?;
        let id = group_id(&transaction, group)?.ok_or_else(|| CatalogueError::GroupNotFound { group: group.to_owned() })?;
        set_tags(&transaction, id, group, set, remove)?;
        Ok(transaction.commit()?)
    }
}

fn set_tags(transaction: &WriteTransaction, id: u64, group: &str, set: &Tags, remove: &[String]) -> Result<(), CatalogueError> {
    let change = || -> Result<usize, redb::Error> {
        let mut attributes = transaction.open_table(GROUP_ATTRIBUTES)?;
        for key in remove {
            attributes.remove((id, format!("{TAG}{key}").as_str()))?;
        }
        for (key, value) in set {
            attributes.insert((id, format!("{TAG}{key}").as_str()), value.as_str())?;
        }
        Ok(attributes.range((id, TAG)..(id, AFTER_TAGS))?.take(MAX_TAGS + 1).count())
    };
    let tags = change().map_err(StorageError::catalogue)?;
    // The transaction is dropped without a change.
    if tags > MAX_TAGS { Err(CatalogueError::TooManyTags { group: group.to_owned() }) } else { Ok(()) }
}
