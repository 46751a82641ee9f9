//! The writer thread: it numbers the events, makes all waiting appends durable with one sync, makes them visible to readers, and
//! only then acknowledges them.
//!
//! After a failed write every later append is refused until the store is opened again, which replays the actual log. See also
//! `wal::file` and `gate`.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};

use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::Shared;
use super::gate::{Job, Stopped};
use super::view::View;
use crate::disk::Disk;
use crate::error::{AppendError, StorageError};
use crate::event::NewEvent;
use crate::ids::{GroupId, StreamId};
use crate::memtable::{Batch, Memtable, Numbered};
use crate::ordinals::Ordinals;
use crate::wal::file::LogFile;

/// Maximum size of a group of appends: a larger group would not make the sync cheaper.
const GROUP_BYTES: usize = 4 << 20;

/// A command for the writer, executed in order.
#[derive(Debug)]
pub(crate) enum Command {
    Append(Append),
    /// Hand all events in memory to the flusher, and return the generation to wait for.
    Freeze(mpsc::Sender<Result<u64, Stopped>>),
    Stop,
}

/// An append that waits to become durable.
#[derive(Debug)]
pub(crate) struct Append {
    pub(super) group: GroupId,
    pub(super) stream: StreamId,
    pub(super) ingestion_ms: i64,
    pub(super) events: Vec<NewEvent>,
    /// Receives the result when the append is durable and visible, or failed.
    pub(super) done: oneshot::Sender<Result<(), AppendError>>,
    /// Its share of the queue, released when it is done.
    pub(super) _place: OwnedSemaphorePermit,
}

impl Append {
    fn bytes(&self) -> usize {
        self.events.iter().map(|event| event.message.len()).sum()
    }
}

/// The state of the writer thread.
#[derive(Debug)]
pub(crate) struct Writer {
    pub(super) shared: Arc<Shared>,
    pub(super) disk: Disk,
    pub(super) log_directory: PathBuf,
    pub(super) log: LogFile,
    pub(super) last_sequence: u64,
    pub(super) ordinals: Ordinals,
    pub(super) memtable_bytes: usize,
}

impl Writer {
    /// Runs until the store is stopped.
    pub(super) fn run(mut self, commands: &Receiver<Command>) {
        // The replayed log may already fill a memtable.
        self.freeze_if_full();
        let mut held = None;
        while let Some(command) = held.take().or_else(|| commands.recv().ok()) {
            match command {
                Command::Append(first) => held = self.append_group(first, commands),
                // The caller may have dropped the receiver.
                Command::Freeze(answer) => drop(answer.send(self.freeze())),
                Command::Stop => break,
            }
        }
        if self.shared.gate.failure().is_none() {
            // The seal is optional: without it the end of the log is checked more carefully.
            let _ = self.log.seal();
        }
    }

    /// Appends `first` and the waiting appends after it. Returns another command that it received.
    fn append_group(&mut self, first: Append, commands: &Receiver<Command>) -> Option<Command> {
        let mut bytes = first.bytes();
        let mut group = vec![first];
        let mut held = None;
        while bytes < GROUP_BYTES {
            match commands.try_recv() {
                Ok(Command::Append(append)) => {
                    bytes += append.bytes();
                    group.push(append);
                }
                Ok(other) => {
                    held = Some(other);
                    break;
                }
                Err(_) => break,
            }
        }
        self.commit(group);
        self.freeze_if_full();
        held
    }

    fn commit(&mut self, group: Vec<Append>) {
        if let Some(cause) = self.shared.gate.failure() {
            return refuse(group.into_iter().map(|append| append.done), &cause);
        }
        let mut batches = Vec::with_capacity(group.len());
        let mut acknowledge = Vec::with_capacity(group.len());
        let mut numbered = Ok(());
        for append in group {
            let Append { group, stream, ingestion_ms, events, done, _place } = append;
            acknowledge.push((done, _place));
            let first_ordinal = match self.ordinals.take(&self.shared.catalogue, stream, events.len()) {
                Ok(first_ordinal) => first_ordinal,
                Err(error) => {
                    numbered = numbered.and(Err(error));
                    continue;
                }
            };
            let first_sequence = self.last_sequence + 1;
            self.last_sequence += events.len() as u64;
            let batch = Batch { group, stream, ingestion_ms, first_sequence, events };
            self.log.add(&batch);
            batches.push(Numbered { batch, first_ordinal });
        }
        if let Err(error) = numbered.and_then(|()| self.log.commit()) {
            let cause = Arc::new(error);
            self.shared.gate.fail(Arc::clone(&cause));
            return refuse(acknowledge.into_iter().map(|(done, _)| done), &cause);
        }
        let groups: HashSet<GroupId> = batches.iter().map(|numbered| numbered.batch.group).collect();
        self.shared.view().active.add(batches);
        self.shared.show_up_to(self.last_sequence);
        for group in groups {
            self.shared.subscriptions.notify(group, self.last_sequence);
        }
        for (done, _place) in acknowledge {
            // The caller may have dropped the receiver.
            let _ = done.send(Ok(()));
        }
    }

    fn freeze_if_full(&mut self) {
        if self.shared.view().active.bytes() >= self.memtable_bytes {
            // The gate keeps a failure, so that the next append gets it.
            let _ = self.freeze();
        }
    }

    /// Hands the active memtable to the flusher, after waiting for the previous one.
    fn freeze(&mut self) -> Result<u64, Stopped> {
        let active = Arc::clone(&self.shared.view().active);
        if active.last_sequence() == 0 {
            return Ok(self.shared.gate.submitted());
        }
        self.shared.gate.wait_until_idle()?;
        // All previous memtables are in segments now, and counted in the catalogue.
        self.ordinals.retain(&active.streams());
        self.turn_log().map_err(|error| {
            let cause = Arc::new(error);
            self.shared.gate.fail(Arc::clone(&cause));
            Stopped::Failed(cause)
        })?;
        self.shared.change_view(|view| View {
            active: Arc::new(Memtable::default()),
            frozen: Some(Arc::clone(&active)),
            manifest: Arc::clone(&view.manifest),
            covered: view.covered,
        });
        Ok(self.shared.gate.submit(Job { memtable: active, first_kept_file: self.log.number() }))
    }

    fn turn_log(&mut self) -> Result<(), StorageError> {
        self.log = LogFile::create(&self.disk, &self.log_directory, self.log.number() + 1)?;
        Ok(())
    }
}

fn refuse(waiting: impl Iterator<Item = oneshot::Sender<Result<(), AppendError>>>, cause: &Arc<StorageError>) {
    for done in waiting {
        let _ = done.send(Err(AppendError::Poisoned { cause: Arc::clone(cause) }));
    }
}
