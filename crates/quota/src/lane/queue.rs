//! Who is next: start-time fair queueing over tenants, after Goyal, Vin and Cheng (1996).
//!
//! Each request is a *place* with a tag in virtual time: the start of its service if all tenants were served at once, each at
//! its weight. A tenant's next place begins where its last ended, 1/weight later, or now if that is past. The lowest tag is
//! served first, and virtual time is the tag served last. So a tenant that was idle begins now, however long the line of
//! a busy one is; and among those always waiting, turns go by weight.
//!
//! Places stand in one sorted line: the rank of a place is its index, from which the wait follows. A tenant's places are filled
//! by its waiters first come, first served; one who leaves lets those behind step forward and frees the tenant's *last* place,
//! so that leaving costs the tenant nothing.
//!
//! Owns order and bounds. Knows no rate: when the first may go, `window` tells `core`.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use tokio::time::Instant;

use crate::{Queue as Bounds, Share};

/// Virtual time for one call of weight 1. Integers, so that nothing drifts; there is room for a million million calls in
/// one busy period.
const CALL: u64 = 1 << 24;

/// So many tenants are not worth looking for those that can be forgotten.
const FEW_TENANTS: usize = 64;

/// One who waits.
#[derive(Debug)]
pub(super) struct Waiting<W> {
    pub(super) id: u64,
    /// When it came, and until when it waits.
    pub(super) since: Instant,
    pub(super) deadline: Instant,
    /// When it next looks by itself whether its turn has come.
    pub(super) alarm: Instant,
    pub(super) waiter: W,
}

/// Where a request stands, in the order of service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    tag: u64,
    /// Of those whose service begins at the same virtual time, tenants that had none lately go first: so who was refused and
    /// comes back later than told is not behind a whole round of the others.
    standing: Standing,
    number: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Standing {
    Idle,
    Busy,
}

#[derive(Debug)]
struct Tenant<W> {
    /// The virtual end of its last place.
    finish: u64,
    /// As many as waiters: the n-th place is for the n-th waiter.
    places: VecDeque<Place>,
    waiting: VecDeque<Waiting<W>>,
}

/// All who wait for one lane. A tenant is known while it waits or its last service is ahead of virtual time.
#[derive(Debug)]
pub(super) struct Queue<W> {
    bounds: Bounds,
    line: VecDeque<(Place, Arc<str>)>,
    tenants: HashMap<Arc<str>, Tenant<W>>,
    virtual_time: u64,
    next_number: u64,
    /// When so many tenants are known, those that are idle are looked for.
    forget_at: usize,
}

impl<W> Queue<W> {
    pub(super) fn new(bounds: Bounds) -> Self {
        Self { bounds, line: VecDeque::new(), tenants: HashMap::new(), virtual_time: 0, next_number: 0, forget_at: FEW_TENANTS }
    }

    pub(super) fn change_bounds(&mut self, bounds: Bounds) {
        self.bounds = bounds;
    }

    pub(super) fn len(&self) -> usize {
        self.line.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.line.is_empty()
    }

    pub(super) fn is_full(&self) -> bool {
        self.line.len() >= self.bounds.total
    }

    /// How many tenants have someone waiting.
    pub(super) fn tenants(&self) -> usize {
        self.tenants.values().filter(|tenant| !tenant.waiting.is_empty()).count()
    }

    /// Where a request of this tenant would stand now.
    pub(super) fn place(&self, share: &Share) -> Place {
        let tenant = self.tenants.get(&share.tenant);
        let finish = tenant.map_or(0, |tenant| tenant.finish);
        let idle = finish <= self.virtual_time && tenant.is_none_or(|tenant| tenant.waiting.is_empty());
        Place {
            tag: self.virtual_time.max(finish),
            standing: if idle { Standing::Idle } else { Standing::Busy },
            number: self.next_number,
        }
    }

    /// How many are before it.
    pub(super) fn rank(&self, place: Place) -> usize {
        self.line.partition_point(|(other, _)| *other < place)
    }

    /// The rank of a tenant's first waiter, if it has as many as it may.
    pub(super) fn first_of_full(&self, share: &Share) -> Option<usize> {
        let full = self.tenants.get(&share.tenant).filter(|tenant| tenant.waiting.len() >= self.bounds.per_tenant)?;
        Some(full.places.front().map_or(0, |place| self.rank(*place)))
    }

    /// Takes the place that [`Self::place`] told for this share.
    pub(super) fn insert(&mut self, share: &Share, place: Place, waiting: Waiting<W>) {
        self.next_number += 1;
        self.line.insert(self.rank(place), (place, Arc::clone(&share.tenant)));
        let tenant = self.tenants.entry(Arc::clone(&share.tenant)).or_insert_with(|| Tenant {
            finish: 0,
            places: VecDeque::new(),
            waiting: VecDeque::new(),
        });
        tenant.finish = place.tag + (CALL / u64::from(share.weight.get())).max(1);
        tenant.places.push_back(place);
        tenant.waiting.push_back(waiting);
    }

    /// Who is served next.
    pub(super) fn head(&mut self) -> Option<&mut Waiting<W>> {
        let (_, name) = self.line.front()?;
        self.tenants.get_mut(name)?.waiting.front_mut()
    }

    /// Takes out the head without serving it.
    pub(super) fn dismiss(&mut self) -> Option<Waiting<W>> {
        let name = Arc::clone(&self.line.front()?.1);
        self.remove_at(&name, 0)
    }

    /// Serves the head: virtual time goes on to its place.
    pub(super) fn serve(&mut self) -> Option<Waiting<W>> {
        let (place, name) = self.line.pop_front()?;
        self.virtual_time = self.virtual_time.max(place.tag);
        let tenant = self.tenants.get_mut(&name)?;
        tenant.places.pop_front();
        let served = tenant.waiting.pop_front();
        self.forget(&name);
        served
    }

    /// Takes out the one who would be served last.
    pub(super) fn evict(&mut self) -> Option<Waiting<W>> {
        let (_, name) = self.line.back()?;
        let (name, tenant) = (Arc::clone(name), self.tenants.get(name)?);
        self.remove_at(&name, tenant.waiting.len().checked_sub(1)?)
    }

    /// Takes out the tenant's waiter `id`, if it still waits.
    pub(super) fn remove(&mut self, tenant: &Arc<str>, id: u64) -> Option<Waiting<W>> {
        let index = self.index(tenant, id)?;
        self.remove_at(tenant, index)
    }

    /// The tenant's waiter `id` with its rank, if it still waits.
    pub(super) fn find(&mut self, tenant: &Arc<str>, id: u64) -> Option<(usize, &mut Waiting<W>)> {
        let index = self.index(tenant, id)?;
        let rank = self.rank(*self.tenants.get(tenant)?.places.get(index)?);
        Some((rank, self.tenants.get_mut(tenant)?.waiting.get_mut(index)?))
    }

    /// Goes through all who wait, in order, and takes out those of whom `keep` says no. It gets the rank that each has when
    /// those before it that are taken out are gone.
    pub(super) fn sweep(&mut self, mut keep: impl FnMut(usize, &Waiting<W>) -> bool) -> Vec<(usize, Waiting<W>)> {
        let mut out = Vec::new();
        // How many of each tenant have been seen and stay.
        let mut stay: HashMap<Arc<str>, usize> = HashMap::new();
        let mut rank = 0;
        self.line.retain(|(_, name)| {
            let Some(tenant) = self.tenants.get_mut(name) else { return false };
            let seen = stay.entry(Arc::clone(name)).or_default();
            while let Some(waiting) = tenant.waiting.get(*seen) {
                if keep(rank, waiting) {
                    *seen += 1;
                    rank += 1;
                    return true;
                }
                out.extend(tenant.waiting.remove(*seen).map(|waiting| (rank, waiting)));
                tenant.finish = tenant.places.pop_back().map_or(tenant.finish, |place| place.tag);
            }
            // Its last places were given up one by one as waiters were taken out.
            false
        });
        for name in stay.keys() {
            self.forget(name);
        }
        out
    }

    fn index(&self, tenant: &Arc<str>, id: u64) -> Option<usize> {
        // Numbers rise with time, and so along a tenant's waiters.
        self.tenants.get(tenant)?.waiting.binary_search_by_key(&id, |waiting| waiting.id).ok()
    }

    fn remove_at(&mut self, name: &Arc<str>, index: usize) -> Option<Waiting<W>> {
        let tenant = self.tenants.get_mut(name)?;
        let removed = tenant.waiting.remove(index)?;
        let last = tenant.places.pop_back()?;
        tenant.finish = last.tag;
        self.line.remove(self.rank(last));
        self.forget(name);
        Some(removed)
    }

    /// Forgets a tenant that owes nothing, and everyone when nobody waits: a busy period ends there.
    fn forget(&mut self, name: &Arc<str>) {
        if self.line.is_empty() {
            self.tenants.clear();
            self.virtual_time = 0;
        } else if self.tenants.get(name).is_some_and(|tenant| tenant.waiting.is_empty() && tenant.finish <= self.virtual_time) {
            self.tenants.remove(name);
        } else if self.tenants.len() >= self.forget_at {
            self.forget_idle();
        }
    }

    /// Forgets all whom virtual time has passed; everyone idle, if they are more than may wait. As the next time is when twice
    /// as many are known, it costs each request a constant.
    fn forget_idle(&mut self) {
        let idle = self.tenants.values().filter(|tenant| tenant.waiting.is_empty() && tenant.finish > self.virtual_time).count();
        let (now, many) = (self.virtual_time, idle > self.bounds.total);
        self.tenants.retain(|_, tenant| !tenant.waiting.is_empty() || (tenant.finish > now && !many));
        self.forget_at = FEW_TENANTS.max(2 * self.tenants.len());
    }
}
