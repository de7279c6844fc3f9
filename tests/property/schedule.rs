//! The run queue against a plain list of threads and what they do; the order against a search through all of them;
//! and the promised shares against simulations of harts that pick, run and put back.

use kernel_core::schedule::{Leave, Node, Scheduler, State};
use proptest::prelude::*;
use std::collections::BTreeMap;

const JOBS: usize = 4;
const PROCESSES: usize = 6;
const THREADS: usize = 12;
const HARTS: usize = 4;
const QUANTUM: u64 = 1000;
/// Threads in the test of the order alone.
const COUNT: usize = 40;

fn nodes(count: usize) -> Vec<Node> {
    vec![Node::default(); count]
}

#[derive(Clone, Debug)]
enum Operation {
    AddJob(usize, u32),
    AddProcess(usize, usize, u32),
    AddThread(usize, usize, u32),
    RemoveJob(usize),
    RemoveProcess(usize),
    RemoveThread(usize),
    Move(usize, usize),
    Weight(usize, u32),
    Affinity(usize, u64),
    Ready(usize),
    PutBack(usize),
    Yield(usize),
    Block(usize),
    Pick(usize),
    Account(usize, u64),
}

fn operations() -> impl Strategy<Value = Vec<Operation>> {
    use Operation::*;
    // One more than there are, so that numbers of nothing occur too.
    let (jobs, processes, threads) = (0..=JOBS, 0..=PROCESSES, 0..=THREADS);
    let weight = || prop_oneof![Just(1024), Just(0), 1..5000_u32, Just(u32::MAX)];
    let ticks = prop_oneof![9 => 0..5000_u64, 1 => any::<u64>()];
    let harts = prop_oneof![4 => 0..16_u64, 1 => Just(u64::MAX)];
    let one = prop_oneof![
        2 => (jobs.clone(), weight()).prop_map(|(n, w)| AddJob(n, w)),
        3 => (processes.clone(), jobs.clone(), weight()).prop_map(|(n, j, w)| AddProcess(n, j, w)),
        6 => (threads.clone(), processes.clone(), weight()).prop_map(|(n, p, w)| AddThread(n, p, w)),
        1 => jobs.clone().prop_map(RemoveJob),
        1 => processes.clone().prop_map(RemoveProcess),
        2 => threads.clone().prop_map(RemoveThread),
        2 => (processes.clone(), jobs).prop_map(|(p, j)| Move(p, j)),
        1 => (processes, weight()).prop_map(|(p, w)| Weight(p, w)),
        3 => (threads.clone(), harts).prop_map(|(t, harts)| Affinity(t, harts)),
        12 => threads.clone().prop_map(Ready),
        5 => threads.clone().prop_map(PutBack),
        2 => threads.clone().prop_map(Yield),
        3 => threads.clone().prop_map(Block),
        8 => prop_oneof![8 => 0..HARTS, 1 => Just(64), 1 => Just(usize::MAX)].prop_map(Pick),
        6 => (threads, ticks).prop_map(|(t, ticks)| Account(t, ticks)),
    ];
    prop::collection::vec(one, 0..250)
}

/// What there is and what it does, without any order.
#[derive(Default)]
struct Model {
    jobs: Vec<usize>,
    /// Process to job.
    processes: BTreeMap<usize, usize>,
    /// Thread to process, state and affinity.
    threads: BTreeMap<usize, (usize, State, u64)>,
}

impl Model {
    fn may_run(&self, hart: usize) -> Vec<usize> {
        let permitted = |(_, state, harts): &(usize, State, u64)| {
            *state == State::Ready && hart < 64 && harts >> hart & 1 == 1
        };
        let found = self.threads.iter().filter(|(_, thread)| permitted(thread));
        found.map(|(number, _)| *number).collect()
    }

    fn change(&mut self, thread: usize, from: &[State], to: State) {
        if let Some((_, state, _)) = self.threads.get_mut(&thread)
            && from.contains(state)
        {
            *state = to;
        }
    }

    /// Does an operation that says whether it was done.
    fn structure(&mut self, operation: &Operation) -> Option<bool> {
        Some(match *operation {
            Operation::AddJob(job, _) => {
                let fits = job < JOBS && !self.jobs.contains(&job);
                self.jobs.extend(fits.then_some(job));
                fits
            }
            Operation::AddProcess(process, job, _) => {
                let free = process < PROCESSES && !self.processes.contains_key(&process);
                let fits = free && self.jobs.contains(&job);
                self.processes.extend(fits.then_some((process, job)));
                fits
            }
            Operation::AddThread(thread, process, _) => {
                let free = thread < THREADS && !self.threads.contains_key(&thread);
                let fits = free && self.processes.contains_key(&process);
                let new = (thread, (process, State::Blocked, u64::MAX));
                self.threads.extend(fits.then_some(new));
                fits
            }
            Operation::RemoveJob(job) => {
                let fits = self.jobs.contains(&job) && self.processes.values().all(|of| *of != job);
                self.jobs.retain(|other| !fits || *other != job);
                fits
            }
            Operation::RemoveProcess(process) => {
                let childless = self.threads.values().all(|thread| thread.0 != process);
                childless && self.processes.remove(&process).is_some()
            }
            Operation::RemoveThread(thread) => self.threads.remove(&thread).is_some(),
            Operation::Move(process, job) => {
                let fits = self.jobs.contains(&job) && self.processes.contains_key(&process);
                self.processes.extend(fits.then_some((process, job)));
                fits
            }
            _ => return None,
        })
    }

    fn state(&mut self, operation: &Operation) {
        match *operation {
            Operation::Affinity(thread, harts) => {
                if let Some(found) = self.threads.get_mut(&thread) {
                    found.2 = harts;
                }
            }
            Operation::Ready(thread) => self.change(thread, &[State::Blocked], State::Ready),
            Operation::PutBack(thread) | Operation::Yield(thread) => {
                self.change(thread, &[State::Running], State::Ready);
            }
            Operation::Block(thread) => {
                self.change(thread, &[State::Ready, State::Running], State::Blocked);
            }
            _ => {}
        }
    }
}

/// Does the operation, and gives what it said, if it says whether it was done.
fn perform(scheduler: &mut Scheduler, operation: &Operation) -> Option<bool> {
    match *operation {
        Operation::AddJob(job, weight) => Some(scheduler.add_job(job, weight)),
        Operation::AddProcess(process, job, weight) => {
            Some(scheduler.add_process(process, job, weight))
        }
        Operation::AddThread(thread, process, weight) => {
            Some(scheduler.add_thread(thread, process, weight))
        }
        Operation::RemoveJob(job) => Some(scheduler.remove_job(job)),
        Operation::RemoveProcess(process) => Some(scheduler.remove_process(process)),
        Operation::RemoveThread(thread) => Some(scheduler.remove_thread(thread)),
        Operation::Move(process, job) => Some(scheduler.move_process(process, job)),
        _ => {
            match *operation {
                Operation::Weight(process, weight) => {
                    scheduler.set_weight_of_process(process, weight);
                }
                Operation::Affinity(thread, harts) => scheduler.set_affinity(thread, harts),
                Operation::Ready(thread) => scheduler.ready(thread),
                Operation::PutBack(thread) => scheduler.put_back(thread),
                Operation::Yield(thread) => scheduler.yield_to_siblings(thread),
                Operation::Block(thread) => scheduler.block(thread),
                Operation::Account(thread, ticks) => scheduler.account(thread, ticks),
                _ => {}
            }
            None
        }
    }
}

fn compare(scheduler: &Scheduler, model: &Model) -> Result<(), TestCaseError> {
    prop_assert_eq!(scheduler.check(), Ok(()));
    for thread in 0..=THREADS {
        let expected = model.threads.get(&thread).map_or(State::Vacant, |t| t.1);
        prop_assert_eq!(scheduler.state(thread), expected);
    }
    let ready = model.threads.values().filter(|t| t.1 == State::Ready);
    prop_assert_eq!(scheduler.ready_count(), ready.count());
    for hart in (0..HARTS).chain([63, 64, usize::MAX]) {
        prop_assert_eq!(
            scheduler.has_ready_for(hart),
            !model.may_run(hart).is_empty()
        );
    }
    for (woken, running) in [(0, 1), (1, 0), (2, THREADS), (3, 3)] {
        let states = [woken, running].map(|thread| scheduler.state(thread));
        prop_assert!(
            states == [State::Ready, State::Running] || !scheduler.should_preempt(woken, running)
        );
    }
    Ok(())
}

proptest! {
    #[test]
    fn knows_what_every_thread_does(operations in operations()) {
        let (mut jobs, mut processes, mut threads) = (nodes(JOBS), nodes(PROCESSES), nodes(THREADS));
        let mut scheduler = Scheduler::new(&mut jobs, &mut processes, &mut threads, QUANTUM);
        let mut model = Model::default();
        for operation in operations {
            if let Operation::Pick(hart) = operation {
                let permitted = model.may_run(hart);
                let picked = scheduler.pick(hart);
                prop_assert_eq!(picked.is_some(), !permitted.is_empty());
                if let Some(thread) = picked {
                    prop_assert!(permitted.contains(&thread), "{} was picked of {:?}", thread, permitted);
                    model.change(thread, &[State::Ready], State::Running);
                }
            } else {
                model.state(&operation);
                prop_assert_eq!(perform(&mut scheduler, &operation), model.structure(&operation));
            }
            compare(&scheduler, &model)?;
        }
    }

    /// No credit ever expires here (the quantum is endless), so the virtual runtime of a thread is what it was charged.
    #[test]
    fn picks_the_least_in_order_of_arrival(steps in prop::collection::vec((0..4_u8, 0..40_usize, 0..6_u64, 0..4_usize), 0..400)) {
        let (mut jobs, mut processes, mut threads) = (nodes(1), nodes(1), nodes(COUNT));
        let mut scheduler = Scheduler::new(&mut jobs, &mut processes, &mut threads, u64::MAX);
        scheduler.add_job(0, 1024);
        scheduler.add_process(0, 0, 1024);
        // Virtual runtime, arrival, harts; and whether it is in the queue.
        let mut model: Vec<(u64, u64, u64, bool)> = Vec::new();
        let mut arrivals = 0;
        for thread in 0..COUNT {
            scheduler.add_thread(thread, 0, 1024);
            scheduler.ready(thread);
            arrivals += 1;
            model.push((0, arrivals, u64::MAX, true));
        }
        for (kind, thread, ticks, hart) in steps {
            arrivals += 1;
            match kind {
                0 => {
                    scheduler.account(thread, ticks);
                    model[thread].0 += ticks;
                    model[thread].1 = arrivals;
                }
                1 if scheduler.state(thread) == State::Running => {
                    scheduler.put_back(thread);
                    model[thread].1 = arrivals;
                    model[thread].3 = true;
                }
                2 => {
                    scheduler.set_affinity(thread, ticks);
                    model[thread].2 = ticks;
                }
                _ => {
                    let permitted = |thread: &usize| model[*thread].3 && model[*thread].2 >> hart & 1 == 1;
                    let least = (0..COUNT).filter(permitted).min_by_key(|thread| (model[*thread].0, model[*thread].1));
                    prop_assert_eq!(scheduler.pick(hart), least);
                    if let Some(least) = least {
                        model[least].3 = false;
                    }
                }
            }
            prop_assert_eq!(scheduler.check(), Ok(()));
        }
    }

    /// To leave in one go is to be charged, then to yield, to be put back or to block: the same threads are picked ever after.
    #[test]
    fn to_leave_is_to_be_charged_and_then_what_is_said(steps in prop::collection::vec((0..3_u8, 0..3000_u64, 0..THREADS), 0..200)) {
        let (mut jobs, mut processes, mut threads) = (nodes(8), nodes(64), nodes(256));
        let mut one = World::new(&mut jobs, &mut processes, &mut threads, &[vec![1, 1, 3], vec![1], vec![2]]);
        let (mut jobs, mut processes, mut threads) = (nodes(8), nodes(64), nodes(256));
        let mut other = World::new(&mut jobs, &mut processes, &mut threads, &[vec![1, 1, 3], vec![1], vec![2]]);
        for (how, ticks, woken) in steps {
            let picked = one.scheduler.pick(0);
            prop_assert_eq!(picked, other.scheduler.pick(0));
            if let Some(thread) = picked {
                let how = [Leave::PutBack, Leave::Yield, Leave::Block][usize::from(how)];
                one.scheduler.leave(thread, ticks, how);
                other.scheduler.account(thread, ticks);
                match how {
                    Leave::PutBack => other.scheduler.put_back(thread),
                    Leave::Yield => other.scheduler.yield_to_siblings(thread),
                    Leave::Block => other.scheduler.block(thread),
                }
            }
            one.scheduler.ready(woken);
            other.scheduler.ready(woken);
            prop_assert_eq!(one.scheduler.check(), Ok(()));
        }
    }

    /// Whatever the hierarchy, one hart that is never idle and quanta of random length: siblings stay together.
    #[test]
    fn shares_are_even_at_every_level(shape in prop::collection::vec(prop::collection::vec(1..5_usize, 1..4), 1..4), seed in any::<u64>()) {
        let (mut jobs, mut processes, mut threads) = (nodes(4), nodes(16), nodes(64));
        let mut world = World::new(&mut jobs, &mut processes, &mut threads, &shape);
        let mut random = seed;
        for _ in 0..4000 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            world.run(&[0], 1 + (random >> 33) % QUANTUM);
        }
        prop_assert_eq!(world.scheduler.check(), Ok(()));
        // Of two siblings the one that has had more was picked when it had had no more than the other.
        prop_assert!(world.spread(|path| Some(path.0)) <= QUANTUM);
        for job in 0..shape.len() {
            prop_assert!(world.spread(|path| (path.0 == job).then_some(path.1)) <= QUANTUM);
        }
    }
}

/// Harts that do nothing but run endless threads, and how long each has run.
struct World<'a> {
    scheduler: Scheduler<'a>,
    /// Job and process of each thread.
    paths: Vec<(usize, usize)>,
    ran: Vec<u64>,
}

impl<'a> World<'a> {
    /// Jobs of processes of so many threads, all ready.
    fn new(
        jobs: &'a mut [Node],
        processes: &'a mut [Node],
        threads: &'a mut [Node],
        shape: &[Vec<usize>],
    ) -> Self {
        let mut world = Self {
            scheduler: Scheduler::new(jobs, processes, threads, QUANTUM),
            paths: Vec::new(),
            ran: Vec::new(),
        };
        let mut process = 0;
        for (job, sizes) in shape.iter().enumerate() {
            assert!(world.scheduler.add_job(job, 1024));
            for size in sizes {
                assert!(world.scheduler.add_process(process, job, 1024));
                for _ in 0..*size {
                    world.add(job, process, 1024);
                }
                process += 1;
            }
        }
        world
    }

    fn add(&mut self, job: usize, process: usize, weight: u32) -> usize {
        let thread = self.paths.len();
        assert!(self.scheduler.add_thread(thread, process, weight));
        self.scheduler.ready(thread);
        self.paths.push((job, process));
        self.ran.push(0);
        thread
    }

    /// All these harts pick, run so long at the same time, and put back.
    fn run(&mut self, harts: &[usize], ticks: u64) -> Vec<Option<usize>> {
        let picked: Vec<_> = harts
            .iter()
            .map(|hart| self.scheduler.pick(*hart))
            .collect();
        for thread in picked.iter().flatten() {
            self.scheduler.account(*thread, ticks);
            self.scheduler.put_back(*thread);
            self.ran[*thread] += ticks;
        }
        assert_eq!(self.scheduler.check(), Ok(()));
        picked
    }

    fn run_for(&mut self, harts: &[usize], quanta: usize) {
        for _ in 0..quanta {
            self.run(harts, QUANTUM);
        }
    }

    /// How much more the first of the siblings had than the last; `sibling` names the one that a thread is part of.
    fn spread(&self, sibling: impl Fn(&(usize, usize)) -> Option<usize>) -> u64 {
        let mut sums = BTreeMap::new();
        for (path, ran) in self.paths.iter().zip(&self.ran) {
            if let Some(name) = sibling(path) {
                *sums.entry(name).or_insert(0) += ran;
            }
        }
        let (least, most) = (sums.values().min(), sums.values().max());
        most.unwrap_or(&0) - least.unwrap_or(&0)
    }

    fn ran_by(&self, job: usize) -> u64 {
        let own = |thread: &usize| self.paths[*thread].0 == job;
        (0..self.ran.len())
            .filter(own)
            .map(|thread| self.ran[thread])
            .sum()
    }

    fn ran_by_process(&self, process: usize) -> u64 {
        let own = |thread: &usize| self.paths[*thread].1 == process;
        (0..self.ran.len())
            .filter(own)
            .map(|thread| self.ran[thread])
            .sum()
    }
}

#[track_caller]
fn assert_near(actual: u64, expected: u64, percent: u64) {
    let off = actual.abs_diff(expected);
    assert!(
        off * 100 <= expected * percent,
        "{actual} is not within {percent} % of {expected}"
    );
}

macro_rules! world {
    ($world:ident, $shape:expr) => {
        let (mut jobs, mut processes, mut threads) = (nodes(8), nodes(64), nodes(256));
        let mut $world = World::new(&mut jobs, &mut processes, &mut threads, $shape);
    };
}

const ONE_HART: &[usize] = &[0];
const FOUR_HARTS: &[usize] = &[0, 1, 2, 3];

#[test]
fn eight_processes_of_one_thread_get_an_eighth_each() {
    world!(world, &[vec![1; 8]]);
    world.run_for(ONE_HART, 1000);
    for ran in &world.ran {
        assert_near(*ran, 1000 * QUANTUM / 8, 2);
    }
}

#[test]
fn a_hundred_threads_get_no_more_than_one_in_another_process() {
    world!(world, &[vec![100, 1]]);
    world.run_for(ONE_HART, 2000);
    assert_near(world.ran_by_process(0), 1000 * QUANTUM, 2);
    assert_near(world.ran_by_process(1), 1000 * QUANTUM, 2);
    for ran in &world.ran[..100] {
        assert_eq!(*ran, 10 * QUANTUM);
    }
}

#[test]
fn twenty_processes_get_no_more_than_one_in_another_job() {
    world!(world, &[vec![1; 20], vec![1]]);
    world.run_for(ONE_HART, 1000);
    assert_near(world.ran_by(0), 500 * QUANTUM, 2);
    assert_near(world.ran_by(1), 500 * QUANTUM, 2);
}

#[test]
fn nine_hogs_share_four_harts() {
    for shape in [vec![vec![9]], vec![vec![1; 9]]] {
        world!(world, &shape);
        world.run_for(FOUR_HARTS, 900);
        for ran in &world.ran {
            assert_near(*ran, 900 * QUANTUM * 4 / 9, 1);
        }
    }
}

/// Harts are never in step: each is busy until its own time, and the next free one picks.
#[test]
fn nine_hogs_share_four_harts_out_of_step() {
    world!(world, &[vec![1; 9]]);
    let mut busy = [(0_u64, None); 4];
    for turn in 0..4000_u64 {
        let hart = (0..4).min_by_key(|hart| busy[*hart].0).unwrap();
        let (now, last) = busy[hart];
        if let Some((thread, ticks)) = last {
            world.scheduler.account(thread, ticks);
            world.scheduler.put_back(thread);
            world.ran[thread] += ticks;
        }
        let ticks = QUANTUM - turn * 7919 % 400;
        let thread = world.scheduler.pick(hart).unwrap();
        busy[hart] = (now + ticks, Some((thread, ticks)));
        assert_eq!(world.scheduler.check(), Ok(()));
    }
    let total: u64 = world.ran.iter().sum();
    for ran in &world.ran {
        assert_near(*ran, total / 9, 1);
    }
}

#[test]
fn weights_are_shares() {
    world!(world, &[vec![1, 1]]);
    world.scheduler.set_weight_of_process(0, 2048);
    world.run_for(ONE_HART, 3000);
    assert_near(world.ran[0], 2000 * QUANTUM, 3);
    assert_near(world.ran[1], 1000 * QUANTUM, 3);

    world!(world, &[vec![0]]);
    let heavy = world.add(0, 0, 2048);
    let light = world.add(0, 0, 1024);
    world.run_for(ONE_HART, 3000);
    assert_near(world.ran[heavy], 2000 * QUANTUM, 3);
    assert_near(world.ran[light], 1000 * QUANTUM, 3);
}

/// One turn of the light one puts it 16 quanta behind: that is the heavy one's share, and not credit to expire.
#[test]
fn steep_weights_are_shares_too() {
    for harts in [ONE_HART, &[0, 1]] {
        world!(world, &[vec![1; 2 * harts.len()]]);
        for light in 0..harts.len() {
            world.scheduler.set_weight_of_process(light, 64);
        }
        world.run_for(harts, 3400);
        for (thread, ran) in world.ran.iter().enumerate() {
            let shares = if thread < harts.len() { 1 } else { 16 };
            assert_near(*ran, shares * 200 * QUANTUM, 3);
        }
    }
}

/// Charges far below a tick of virtual runtime are not lost.
#[test]
fn short_turns_of_heavy_processes_are_charged_in_full() {
    world!(world, &[vec![1, 1]]);
    world.scheduler.set_weight_of_process(0, 1024 * 50);
    for _ in 0..51_000 {
        world.run(ONE_HART, 1);
    }
    assert_near(world.ran[0], 50_000, 3);
    assert_near(world.ran[1], 1000, 3);
}

#[test]
fn what_was_picked_goes_behind_its_equals() {
    world!(world, &[vec![2, 1], vec![1]]);
    let mut order = Vec::new();
    for _ in 0..8 {
        order.extend(world.run(ONE_HART, 0).into_iter().flatten());
    }
    assert_eq!(order, [0, 3, 2, 3, 1, 3, 2, 3]);
}

#[test]
fn a_yield_lets_another_run_even_if_the_yielding_one_is_in_credit() {
    for shape in [vec![vec![2]], vec![vec![1, 1]], vec![vec![1], vec![1]]] {
        world!(world, &shape);
        world.scheduler.block(1);
        world.run_for(ONE_HART, 50);
        world.scheduler.ready(1);
        assert_eq!(world.scheduler.pick(0), Some(1));
        world.scheduler.yield_to_siblings(1);
        assert_eq!(world.scheduler.pick(0), Some(0));
        world.scheduler.yield_to_siblings(0);
        assert_eq!(world.scheduler.pick(0), Some(1));
    }
}

/// The sleeper shares with hogs as a thread of their process, as a process of their job, and as a job.
#[test]
fn a_sleeper_runs_when_it_wakes_but_saves_up_only_one_quantum() {
    let shapes = [vec![vec![1, 1]], vec![vec![1], vec![1]], vec![vec![2]]];
    for shape in shapes {
        world!(world, &shape);
        let (hog, sleeper) = (0, 1);
        world.scheduler.block(sleeper);
        for _ in 0..20 {
            world.run_for(ONE_HART, 100);
            let running = world.scheduler.pick(0).unwrap();
            assert_eq!(running, hog);
            world.scheduler.account(hog, QUANTUM / 2);
            world.scheduler.ready(sleeper);
            assert!(world.scheduler.should_preempt(sleeper, hog));
            world.scheduler.put_back(hog);
            assert_eq!(world.scheduler.pick(0), Some(sleeper));
            world.scheduler.account(sleeper, QUANTUM / 10);
            world.scheduler.block(sleeper);
        }
        // After a long sleep it never blocks again: one quantum of credit, then turns.
        world.scheduler.ready(sleeper);
        let before = world.ran.clone();
        for quantum in 1..50 {
            world.run(ONE_HART, QUANTUM);
            let [hog, sleeper] = [hog, sleeper].map(|thread| world.ran[thread] - before[thread]);
            assert!(
                sleeper <= hog + 2 * QUANTUM,
                "{sleeper} to {hog} after {quantum}"
            );
        }
    }
}

/// The credit to the tick: the sleeper is ahead by a quantum and not more.
#[test]
fn the_credit_of_a_sleeper_is_one_quantum() {
    world!(world, &[vec![1, 1]]);
    world.scheduler.block(1);
    world.run_for(ONE_HART, 100);
    world.scheduler.ready(1);
    let mut turns = 0;
    while world.run(ONE_HART, 1)[0] == Some(1) {
        turns += 1;
    }
    assert_eq!(turns, QUANTUM, "the other one had its place first");
}

#[test]
fn a_hog_that_runs_alone_without_a_pick_is_still_caught_up_with_in_a_quantum() {
    world!(world, &[vec![1, 1]]);
    world.scheduler.block(1);
    assert_eq!(world.scheduler.pick(0), Some(0));
    world.scheduler.account(0, 500 * QUANTUM);
    world.scheduler.ready(1);
    world.scheduler.put_back(0);
    world.run_for(ONE_HART, 20);
    assert!(world.ran[0] >= 9 * QUANTUM, "{:?}", world.ran);
}

/// The one that held the others' credit back is gone, and the next one has not been charged since.
#[test]
fn credit_is_measured_from_what_runs_now() {
    world!(world, &[vec![1, 1, 1]]);
    world.scheduler.block(2);
    assert_eq!(world.scheduler.pick(0), Some(0));
    world.scheduler.account(0, 50 * QUANTUM);
    world.scheduler.put_back(0);
    world.scheduler.block(1);
    assert_eq!(world.scheduler.pick(0), Some(0));
    world.scheduler.ready(2);
    world.scheduler.put_back(0);
    world.run_for(ONE_HART, 20);
    assert!(world.ran[0] >= 9 * QUANTUM, "{:?}", world.ran);
}

/// Two threads share a hart and so progress at half the speed of one that has another hart to itself:
/// a new one beside the two must not wait until they are where the fast one is.
#[test]
fn a_new_thread_starts_where_the_slowest_are() {
    world!(world, &[vec![3]]);
    for (thread, harts) in [1, 1, 2].into_iter().enumerate() {
        world.scheduler.set_affinity(thread, harts);
    }
    world.run_for(&[0, 1], 1000);
    let new = world.add(0, 0, 1024);
    world.scheduler.set_affinity(new, 1);
    world.run_for(&[0, 1], 30);
    assert_near(world.ran[new], 10 * QUANTUM, 10);
}

#[test]
fn a_small_lead_does_not_preempt() {
    for shape in [vec![vec![2]], vec![vec![1, 1]], vec![vec![1], vec![1]]] {
        world!(world, &shape);
        assert_eq!(world.scheduler.pick(0), Some(0));
        world.scheduler.account(0, QUANTUM / 10);
        assert!(!world.scheduler.should_preempt(1, 0));
        world.scheduler.account(0, QUANTUM / 10);
        assert!(world.scheduler.should_preempt(1, 0));
        assert!(!world.scheduler.should_preempt(0, 1));
    }
}

#[test]
fn new_processes_in_a_row_get_one_share() {
    world!(world, &[vec![1]]);
    world.run_for(ONE_HART, 100);
    let before = world.ran[0];
    let mut others = 0;
    while others < 100 {
        world.scheduler.add_process(1, 0, 1024);
        world.scheduler.add_thread(1, 1, 1024);
        world.scheduler.ready(1);
        loop {
            let thread = world.scheduler.pick(0).unwrap();
            world.scheduler.account(thread, QUANTUM);
            if thread == 1 {
                break;
            }
            world.ran[0] += QUANTUM;
            world.scheduler.put_back(thread);
        }
        others += 1;
        assert!(world.scheduler.remove_thread(1) && world.scheduler.remove_process(1));
    }
    assert_near(world.ran[0] - before, 100 * QUANTUM, 3);
}

/// A job that could use only one of four harts has no claim to all of them later.
#[test]
fn what_a_job_could_not_use_is_not_saved_up() {
    world!(world, &[vec![1], vec![1; 20]]);
    world.run_for(FOUR_HARTS, 1000);
    assert_near(world.ran_by(0), 1000 * QUANTUM, 1);
    assert_near(world.ran_by(1), 3000 * QUANTUM, 1);
    for _ in 0..7 {
        world.add(0, 0, 1024);
    }
    let before = world.ran_by(1);
    world.run_for(FOUR_HARTS, 20);
    assert_near(world.ran_by(1) - before, 40 * QUANTUM, 15);
}

#[test]
fn affinity_is_respected_and_leaves_no_hart_idle() {
    world!(world, &[vec![3], vec![1, 1]]);
    let affinity = [0b0001, 0b0001, 0b1110, 0b0010, 0b1111];
    for (thread, harts) in affinity.iter().enumerate() {
        world.scheduler.set_affinity(thread, *harts);
    }
    for _ in 0..1000 {
        let picked = world.run(FOUR_HARTS, QUANTUM);
        for (hart, thread) in picked.iter().enumerate() {
            assert!(thread.is_none_or(|thread| affinity[thread] >> hart & 1 == 1));
        }
        assert!(picked[0].is_some() && picked[1].is_some());
    }
    assert_near(world.ran[0] + world.ran[1], 1000 * QUANTUM, 1);
    assert!(world.ran.iter().all(|ran| *ran >= 300 * QUANTUM));
}

#[test]
fn a_moved_process_takes_its_place_among_the_new_siblings() {
    world!(world, &[vec![1, 1], vec![1]]);
    world.scheduler.block(2);
    world.run_for(ONE_HART, 1000);
    world.scheduler.ready(2);
    assert!(world.scheduler.move_process(0, 1));
    let before = world.ran.clone();
    world.run_for(ONE_HART, 1000);
    let ran = |thread: usize| world.ran[thread] - before[thread];
    assert_near(ran(1), 500 * QUANTUM, 2);
    assert_near(ran(0), 250 * QUANTUM, 2);
    assert_near(ran(2), 250 * QUANTUM, 2);
}
