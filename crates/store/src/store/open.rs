//! Opens a directory as a running store: lock, catalogue, segments, log, threads.
//!
//! Removes only remains of a crash: unfinished segments, the one segment that was written but not registered, covered log files.
//! Any other inconsistency is an error. See also `wal::replay` and `flush`.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::mpsc;
use std::sync::{Arc, Mutex, RwLock};
use std::thread::JoinHandle;

use tokio::sync::Semaphore;

use super::flush::Flusher;
use super::gate::FlushGate;
use super::subscriptions::Subscriptions;
use super::view::{Manifest, View};
use super::writer::Writer;
use super::{Running, Shared, Store};
use crate::catalogue::Catalogue;
use crate::disk::{Disk, numbered_files};
use crate::error::{OpenError, StorageError};
use crate::lock::DirectoryLock;
use crate::memtable::Batch;
use crate::options::Options;
use crate::ordinals::Ordinals;
use crate::segment::cache::SegmentCache;
use crate::segment::{self, SegmentInfo};
use crate::wal::file::LogFile;
use crate::wal::replay::{Replayed, replay};

const LOG_DIRECTORY: &str = "log";
const SEGMENT_DIRECTORY: &str = "segments";

pub(super) fn open(disk: Disk, directory: &Path, options: &Options) -> Result<Store, OpenError> {
    let places = Places::create(&disk, directory)?;
    let lock = DirectoryLock::take(&disk, directory)?;
    let catalogue = Catalogue::open(&disk, directory, options.cache_bytes)?;
    let (covered, segments) = catalogue.manifest()?;
    let next_segment = segments.last().map_or(1, |segment| segment.number + 1);
    check_segments(&disk, &places.segments, &segments, next_segment)?;
    let mut ordinals = Ordinals::default();
    let number = |batch: &Batch| ordinals.take(&catalogue, batch.stream, batch.events.len());
    let Replayed { memtable, last_sequence, next_file } = replay(&disk, &places.log, covered, number)?;
    let log = LogFile::create(&disk, &places.log, next_file)?;
    let mut manifest = Manifest::default();
    segments.iter().for_each(|segment| manifest.add(segment));
    let view = View { active: Arc::new(memtable), frozen: None, manifest: Arc::new(manifest), covered };
    let shared = Arc::new(Shared {
        catalogue,
        view: RwLock::new(Arc::new(view)),
        gate: FlushGate::default(),
        segments: SegmentCache::new(disk.clone(), places.segments.clone(), options.index_cache_bytes, options.block_cache_bytes),
        last_sequence: AtomicU64::new(last_sequence),
        subscriptions: Subscriptions::default(),
    });
    let flusher = Flusher {
        shared: Arc::clone(&shared),
        disk: disk.clone(),
        log_directory: places.log.clone(),
        segment_directory: places.segments,
        next_segment,
        block_bytes: options.block_bytes,
    };
    let memtable_bytes = options.memtable_bytes;
    let writer =
        Writer { shared: Arc::clone(&shared), disk, log_directory: places.log, log, last_sequence, ordinals, memtable_bytes };
    start(directory, options, lock, shared, writer, flusher)
}

fn start(
    directory: &Path,
    options: &Options,
    lock: DirectoryLock,
    shared: Arc<Shared>,
    writer: Writer,
    flusher: Flusher,
) -> Result<Store, OpenError> {
    let (commands, received) = mpsc::channel();
    let queue_bytes = options.queue_bytes.clamp(1, Semaphore::MAX_PERMITS);
    // Created before the threads: if the second cannot be started, dropping it stops the first.
    let running = Running {
        shared,
        commands,
        queue: Arc::new(Semaphore::new(queue_bytes)),
        queue_bytes,
        writer: Mutex::default(),
        flusher: Mutex::default(),
        _lock: lock,
    };
    let flusher = spawn("log-flusher", directory, move || flusher.run())?;
    *crate::sync::lock(&running.flusher) = Some(flusher);
    let writer = spawn("log-writer", directory, move || writer.run(&received))?;
    *crate::sync::lock(&running.writer) = Some(writer);
    Ok(Store { running: Arc::new(running) })
}

fn spawn(name: &str, directory: &Path, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, StorageError> {
    let thread = std::thread::Builder::new().name(name.to_owned()).spawn(run);
    thread.map_err(StorageError::io("start a thread for", directory))
}

struct Places {
    log: PathBuf,
    segments: PathBuf,
}

impl Places {
    fn create(disk: &Disk, directory: &Path) -> Result<Places, StorageError> {
        let places = Places { log: directory.join(LOG_DIRECTORY), segments: directory.join(SEGMENT_DIRECTORY) };
        for path in [directory, &places.log, &places.segments] {
            disk.create_directory(path)?;
        }
        Ok(places)
    }
}

/// Removes the remains of a crashed flush, and checks that the registered segments exist.
fn check_segments(disk: &Disk, directory: &Path, segments: &[SegmentInfo], next_segment: u64) -> Result<(), StorageError> {
    for (_, path) in numbered_files(directory, segment::TEMPORARY_EXTENSION)? {
        disk.remove(&path)?;
    }
    for (number, path) in numbered_files(directory, segment::EXTENSION)? {
        let registered = segments.binary_search_by_key(&number, |segment| segment.number).is_ok();
        if number == next_segment {
            disk.remove(&path)?;
        } else if !registered {
            return Err(StorageError::corrupt(&path, 0, "the catalogue has no such segment"));
        }
    }
    for segment in segments {
        let path = segment::path(directory, segment.number);
        let length = std::fs::metadata(&path).map_err(StorageError::io("inspect", &path))?.len();
        if length != segment.bytes {
            return Err(StorageError::corrupt(&path, length, "its length differs from the catalogue"));
        }
    }
    Ok(())
}
