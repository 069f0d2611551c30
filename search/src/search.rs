//! The handle: every search index of this node.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;
use stele_core::Database;
use stele_core::env::spawn;
use stele_core::record::table::{SearchIndex, Table};
use stele_core::record::{CollectionId, Token};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

use crate::document::Mapping;
use crate::error::{Error, Result};
use crate::follow::{Follower, Live, Serving};

/// How long an index that is being filled, or a position, is waited for.
const WAIT_MAX: Duration = Duration::from_secs(30);

/// Every search index of a node. Cheap to clone.
#[derive(Clone)]
pub struct Search {
    shared: Arc<Shared>,
}

struct Shared {
    db: Database,
    root: PathBuf,
    live: RwLock<BTreeMap<CollectionId, Arc<Live>>>,
    /// Mappings that were parsed, with the definitions they are of.
    mappings: RwLock<BTreeMap<CollectionId, Parsed>>,
    known: Notify,
    stop: watch::Sender<bool>,
    keeper: parking_lot::Mutex<Option<JoinHandle<()>>>,
    is_same_boot: bool,
}

/// A definition, its table's, and the mapping they make.
type Parsed = (Arc<SearchIndex>, Arc<Table>, Arc<Mapping>);

/// How a search index is doing.
#[derive(Clone, Debug)]
pub struct Status {
    /// Changes up to here can be found.
    pub visible: Token,
    /// It answers.
    pub is_ready: bool,
    /// Rows read while it was filled.
    pub filled: u64,
    /// Refreshes since the node started.
    pub refreshes: u64,
    /// Entries a search looks at.
    pub entries: u64,
    /// Why it does not get on, if it does not.
    pub trouble: Option<String>,
}

impl Search {
    /// Opens the indexes that lie in a folder and follows the feed for every
    /// search index of the schema, now and later. Must run in a runtime.
    ///
    /// # Errors
    /// When the folder cannot be made or written.
    pub fn open(db: Database, root: &Path) -> std::io::Result<Self> {
        std::fs::create_dir_all(root)?;
        let shared = Arc::new(Shared {
            db,
            root: root.to_owned(),
            live: RwLock::default(),
            mappings: RwLock::default(),
            known: Notify::new(),
            stop: watch::Sender::new(false),
            keeper: parking_lot::Mutex::default(),
            is_same_boot: note_boot(root)?,
        });
        let keeper = spawn(keep(shared.clone()));
        *shared.keeper.lock() = Some(keeper);
        Ok(Self { shared })
    }

    /// Stops: what was followed is on disk.
    pub async fn close(&self) {
        self.shared.stop.send_replace(true);
        let keeper = self.shared.keeper.lock().take();
        if let Some(keeper) = keeper {
            let _ = keeper.await;
        }
    }

    /// Where rows are read.
    pub fn database(&self) -> &Database {
        &self.shared.db
    }

    /// The search index of a table; `None` if it has none.
    pub fn of(&self, table: &Table) -> Option<Arc<SearchIndex>> {
        self.shared.db.catalog().search_of(table.id).cloned()
    }

    /// The mapping of a search index, parsed once for each definition.
    ///
    /// # Errors
    /// What is wrong with a definition that does not parse.
    pub fn mapping(
        &self,
        index: &Arc<SearchIndex>,
        table: &Arc<Table>,
    ) -> Result<Arc<Mapping>, String> {
        if let Some((known, owner, mapping)) = self.shared.mappings.read().get(&index.id)
            && Arc::ptr_eq(known, index)
            && Arc::ptr_eq(owner, table)
        {
            return Ok(mapping.clone());
        }
        let mapping = Arc::new(Mapping::of(index, table)?);
        let parsed = (index.clone(), table.clone(), mapping.clone());
        self.shared.mappings.write().insert(index.id, parsed);
        Ok(mapping)
    }

    /// Waits until changes up to `token` can be found in an index. `asked` = as
    /// soon as possible, not at the next refresh.
    pub async fn reach(&self, index: CollectionId, token: &Token, asked: bool) -> Result<()> {
        let wait = async {
            let live = self.live(index).await;
            if asked {
                live.ask();
            }
            live.reached(token).await;
        };
        tokio::select! {
            () = wait => Ok(()),
            () = self.shared.db.sleep(WAIT_MAX) => {
                let trouble = self.status(index).and_then(|status| status.trouble);
                let why = trouble.map(|why| format!(": {why}")).unwrap_or_default();
                let seconds = WAIT_MAX.as_secs();
                let message = format!("the search index has not come to {token} in {seconds} seconds{why}");
                Err(Error::Unavailable(message))
            }
        }
    }

    /// Makes every change so far visible.
    pub async fn refresh(&self, index: CollectionId) -> Result<()> {
        let positions = self.shared.db.positions();
        self.reach(index, &positions, true).await
    }

    /// What answers searches in an index, once it can.
    pub(crate) async fn serving(&self, index: CollectionId) -> Result<Serving> {
        let known = self
            .shared
            .live
            .read()
            .get(&index)
            .and_then(|live| live.serving());
        if let Some(serving) = known {
            return Ok(serving);
        }
        self.reach(index, &Token::default(), false).await?;
        let live = self.live(index).await;
        live.serving()
            .ok_or_else(|| Error::Unavailable("the search index is gone".to_owned()))
    }

    /// How an index is doing; `None` before it was looked at.
    pub fn status(&self, index: CollectionId) -> Option<Status> {
        let live = self.shared.live.read().get(&index).cloned()?;
        let serving = live.serving();
        Some(Status {
            visible: live.visible(),
            is_ready: serving.is_some(),
            filled: live.filled(),
            refreshes: live.refreshes(),
            trouble: live.trouble(),
            entries: serving.map_or(0, |serving| serving.reader.searcher().num_docs()),
        })
    }

    pub(crate) async fn live(&self, index: CollectionId) -> Arc<Live> {
        loop {
            let known = self.shared.known.notified();
            tokio::pin!(known);
            known.as_mut().enable();
            if let Some(live) = self.shared.live.read().get(&index) {
                return live.clone();
            }
            known.await;
        }
    }
}

/// Starts and ends followers as the schema says.
async fn keep(shared: Arc<Shared>) {
    let mut tasks: BTreeMap<CollectionId, JoinHandle<()>> = BTreeMap::new();
    let mut stop = shared.stop.subscribe();
    clean(&shared);
    while !*stop.borrow() {
        let positions = shared.db.positions();
        let catalog = shared.db.catalog();
        tasks.retain(|_, task| !task.is_finished());
        for search in catalog.searches() {
            if tasks.contains_key(&search.id) {
                continue;
            }
            let live = Arc::new(Live::default());
            shared.live.write().insert(search.id, live.clone());
            let follower = Follower {
                id: search.id,
                db: shared.db.clone(),
                root: shared.root.clone(),
                live,
                stop: shared.stop.subscribe(),
                is_same_boot: shared.is_same_boot,
            };
            tasks.insert(search.id, spawn(follower.run()));
        }
        shared.live.write().retain(|id, _| tasks.contains_key(id));
        shared
            .mappings
            .write()
            .retain(|id, _| tasks.contains_key(id));
        shared.known.notify_waiters();
        tokio::select! {
            () = schema_changed(&shared.db, catalog.version, positions) => {}
            _ = stop.changed() => {}
        }
    }
    for task in tasks.into_values() {
        let _ = task.await;
    }
}

async fn schema_changed(db: &Database, version: u64, mut seen: Token) {
    while db.catalog().version == version {
        db.published_after(&seen).await;
        seen = db.positions();
        // Woken by every write: once in a while is enough to look at the schema.
        db.sleep(Duration::from_millis(5)).await;
    }
}

/// Removes folders of indexes that the schema does not name.
fn clean(shared: &Shared) {
    let catalog = shared.db.catalog();
    let wanted: Vec<PathBuf> = catalog
        .searches()
        .filter_map(|search| crate::follow::Plan::of(&catalog, search.id).ok().flatten())
        .map(|plan| crate::index::Generation::folder(&shared.root, plan.id, plan.fingerprint))
        .collect();
    for found in std::fs::read_dir(&shared.root)
        .into_iter()
        .flatten()
        .flatten()
    {
        let path = found.path();
        if path.is_dir() && !wanted.contains(&path) {
            tracing::info!(folder = %path.display(), "a search index that nobody names is removed");
            let _ = std::fs::remove_dir_all(path);
        }
    }
}

/// Notes which boot of the machine this is; is it the one of the last time?
fn note_boot(root: &Path) -> std::io::Result<bool> {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let note = root.join("boot");
    let last = std::fs::read_to_string(&note).unwrap_or_default();
    let is_same = !boot.is_empty() && boot == last;
    if !is_same {
        std::fs::write(&note, &boot)?;
    }
    Ok(is_same)
}
