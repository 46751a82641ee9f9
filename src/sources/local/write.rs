//! Writes to the local source: [`WriteSource`] over the store.

use async_trait::async_trait;
use logmark_store::put::{self, Accepted, Candidate};
use logmark_store::{AppendError, CatalogueError, GroupClass, NewEvent, Store};

use super::Local;
use super::queries::TableFiles;
use crate::auth::permit::Permit;
use crate::domain::time::Millis;
use crate::domain::write_operations::{
    self as domain, ChangeTags, CreateGroup, CreateStream, DeleteDefinition, DeleteGroup, DeleteStream, DeleteTable,
    ListDefinitions, ListTables, LogClass, LookupTable, PutEvents, PutRules, ReadTable, ReadTags, Rejected, SaveDefinition,
    SaveTable, SetRetention, TableBody, Tags,
};
use crate::sources::SourceError;
use crate::sources::write::{EventSink, WriteError, WriteSource};

/// The kind of the documents that hold saved queries, and the most of them (the quota of CloudWatch Logs in one region).
const DEFINITIONS: &str = "query definition";
const MOST_DEFINITIONS: usize = 1000;

impl From<CatalogueError> for WriteError {
    fn from(error: CatalogueError) -> Self {
        match error {
            CatalogueError::GroupExists { .. } | CatalogueError::StreamExists { .. } => Self::Exists,
            CatalogueError::TooManyTags { .. } => Self::TooMany("A log group has at most 50 tags.".to_owned()),
            CatalogueError::TooManyDocuments { kind: DEFINITIONS, most } => {
                Self::TooMany(format!("At most {most} queries can be saved."))
            }
            other => Self::Source(other.into()),
        }
    }
}

impl From<AppendError> for WriteError {
    fn from(error: AppendError) -> Self {
        Self::Source(match error {
            AppendError::GroupNotFound { .. } => SourceError::NotFound,
            AppendError::StreamNotFound { .. } => SourceError::StreamNotFound,
            other => SourceError::Store(other.to_string()),
        })
    }
}

impl Local {
    /// Runs a change on a blocking thread.
    async fn change<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Store) -> Result<T, CatalogueError> + Send + 'static,
    ) -> Result<T, WriteError> {
        let store = self.store.clone();
        let done = tokio::task::spawn_blocking(move || work(&store)).await;
        let broken = |_| WriteError::Source(SourceError::Store("a change of the store panicked".to_owned()));
        done.map_err(broken)?.map_err(WriteError::from)
    }

    /// Works with lookup tables where blocking is allowed.
    async fn with_tables<T: Send + 'static>(
        &self,
        work: impl FnOnce(&TableFiles, &Store) -> Result<T, WriteError> + Send + 'static,
    ) -> Result<T, WriteError> {
        let (store, tables) = (self.store.clone(), self.queries.table_files());
        let done = tokio::task::spawn_blocking(move || work(&tables, &store)).await;
        done.map_err(|_| WriteError::Source(SourceError::Store("the work with a lookup table panicked".to_owned())))?
    }
}

#[async_trait]
impl EventSink for Local {
    /// Creates the group too: a local store belongs to the operator of this service.
    async fn add_events(&self, create: &Permit<CreateStream>, put: Permit<PutEvents>, now: Millis) -> Result<(), WriteError> {
        let op = create.op().clone();
        self.change(move |store| {
            let of_existing = |created| match created {
                Err(CatalogueError::GroupExists { .. } | CatalogueError::StreamExists { .. }) => Ok(()),
                other => other,
            };
            of_existing(store.create_group(op.group.as_str(), now.0))?;
            of_existing(store.create_stream(op.group.as_str(), op.stream.as_str(), now.0))
        })
        .await?;
        self.put_events(put, now).await.map(drop)
    }
}

#[async_trait]
impl WriteSource for Local {
    async fn create_group(&self, permit: &Permit<CreateGroup>, now: Millis) -> Result<(), WriteError> {
        let op = permit.op().clone();
        let class = match op.class {
            LogClass::Standard => GroupClass::Standard,
            LogClass::InfrequentAccess => GroupClass::InfrequentAccess,
            LogClass::Delivery => GroupClass::Delivery,
        };
        self.change(move |store| store.create_group_with(op.group.as_str(), now.0, class, &op.tags)).await
    }

    async fn delete_group(&self, permit: &Permit<DeleteGroup>) -> Result<(), WriteError> {
        let op = permit.op().clone();
        self.change(move |store| store.delete_group(op.group.as_str())).await
    }

    async fn create_stream(&self, permit: &Permit<CreateStream>, now: Millis) -> Result<(), WriteError> {
        let op = permit.op().clone();
        self.change(move |store| store.create_stream(op.group.as_str(), op.stream.as_str(), now.0)).await
    }

    async fn delete_stream(&self, permit: &Permit<DeleteStream>) -> Result<(), WriteError> {
        let op = permit.op().clone();
        self.change(move |store| store.delete_stream(op.group.as_str(), op.stream.as_str())).await
    }

    async fn set_retention(&self, permit: &Permit<SetRetention>) -> Result<(), WriteError> {
        let op = permit.op().clone();
        self.change(move |store| store.set_retention(op.group.as_str(), op.days)).await
    }

    async fn change_tags(&self, permit: &Permit<ChangeTags>) -> Result<(), WriteError> {
        let op = permit.op().clone();
        self.change(move |store| store.change_tags(op.group.as_str(), &op.set, &op.remove)).await
    }

    async fn tags(&self, permit: &Permit<ReadTags>) -> Result<Tags, WriteError> {
        let op = permit.op().clone();
        self.change(move |store| store.tags(op.group.as_str())).await
    }

    async fn put_events(&self, permit: Permit<PutEvents>, now: Millis) -> Result<Option<Rejected>, WriteError> {
        let PutEvents { group, stream, events, rules, .. } = permit.into_op();
        let named = (group.clone(), stream.clone());
        let found = self.change(move |store| {
            let is_there = store.stream(named.0.as_str(), named.1.as_str())?.is_some();
            Ok(store.group(named.0.as_str())?.map(|group| (group.retention_days, is_there)))
        });
        let (retention, is_there) = found.await?.ok_or(SourceError::NotFound)?;
        if !is_there {
            return Err(SourceError::StreamNotFound.into());
        }
        let accepted = accepted(&events, rules, now, retention)?;
        let (skipped, kept) = (accepted.events.start, accepted.events.len());
        let kept = events.into_iter().skip(skipped).take(kept);
        let kept: Vec<NewEvent> = kept.map(|event| NewEvent { timestamp: event.timestamp, message: event.message }).collect();
        if !kept.is_empty() {
            self.store.append(group.as_str(), stream.as_str(), kept, now.0).await?;
        }
        Ok(accepted.rejected.map(|rejected| Rejected {
            too_new_start: rejected.too_new_start,
            too_old_end: rejected.too_old_end,
            expired_end: rejected.expired_end,
        }))
    }

    async fn definitions(&self, _permit: &Permit<ListDefinitions>) -> Result<Vec<(String, Vec<u8>)>, WriteError> {
        self.change(|store| store.documents(DEFINITIONS)).await
    }

    async fn save_definition(&self, permit: &Permit<SaveDefinition>) -> Result<(), WriteError> {
        let op = permit.op().clone();
        self.change(move |store| store.put_document(DEFINITIONS, &op.id, &op.document, MOST_DEFINITIONS)).await
    }

    async fn delete_definition(&self, permit: &Permit<DeleteDefinition>) -> Result<bool, WriteError> {
        let op = permit.op().clone();
        self.change(move |store| store.delete_document(DEFINITIONS, &op.id)).await
    }

    async fn tables(&self, _permit: &Permit<ListTables>) -> Result<Vec<LookupTable>, WriteError> {
        self.with_tables(|tables, store| tables.list(store)).await
    }

    async fn table(&self, permit: &Permit<ReadTable>) -> Result<(LookupTable, TableBody), WriteError> {
        let name = permit.op().name.clone();
        self.with_tables(move |tables, store| tables.read(store, &name)).await
    }

    async fn save_table(&self, permit: Permit<SaveTable>) -> Result<LookupTable, WriteError> {
        let SaveTable { name, change, .. } = permit.into_op();
        self.with_tables(move |tables, store| tables.save(store, &name, change)).await
    }

    async fn delete_table(&self, permit: &Permit<DeleteTable>) -> Result<bool, WriteError> {
        let name = permit.op().name.clone();
        self.with_tables(move |tables, store| tables.delete(store, &name)).await
    }
}

/// The outcome of a batch.
fn accepted(events: &[domain::NewEvent], rules: PutRules, now: Millis, retention: Option<u32>) -> Result<Accepted, WriteError> {
    match rules {
        PutRules::Import => Ok(Accepted { events: 0..events.len(), rejected: None }),
        PutRules::CloudWatch => {
            let candidate = |event: &domain::NewEvent| Candidate { timestamp: event.timestamp, bytes: event.message.len() };
            let candidates: Vec<Candidate> = events.iter().map(candidate).collect();
            put::check(&candidates, now.0, retention).map_err(|error| WriteError::Invalid(error.to_string()))
        }
    }
}
