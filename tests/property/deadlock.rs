//! Deadlocks against the definition, tried on every set of threads there is.

use kernel_core::deadlock::{Graph, Need, find, find_component};
use proptest::prelude::*;

const THREADS: usize = 8;
const PROCESSES: usize = 4;
const MAILBOXES: usize = 4;

#[derive(Clone, Debug, Default)]
struct Thread {
    process: usize,
    waits: Option<(usize, Need)>,
}

/// A graph written down.
#[derive(Clone, Debug, Default)]
struct World {
    threads: Vec<Option<Thread>>,
    /// For each process: handles, as mailbox and what they can satisfy.
    handles: Vec<Vec<(usize, Need)>>,
    in_flight: Vec<usize>,
}

impl Graph for World {
    fn threads(&self) -> usize {
        self.threads.len()
    }
    fn waits(&self, thread: usize) -> Option<(usize, Need)> {
        self.threads[thread]
            .as_ref()
            .expect("asked about nobody")
            .waits
    }
    fn exists(&self, thread: usize) -> bool {
        self.threads[thread].is_some()
    }
    fn process(&self, thread: usize) -> usize {
        self.threads[thread]
            .as_ref()
            .expect("asked about nobody")
            .process
    }
    fn processes(&self) -> usize {
        self.handles.len()
    }
    fn holds(&self, process: usize, mailbox: usize, need: Need) -> bool {
        self.handles[process].contains(&(mailbox, need))
    }
    fn in_flight(&self, mailbox: usize) -> bool {
        self.in_flight.contains(&mailbox)
    }
}

impl World {
    /// The definition, word by word.
    fn is_deadlock(&self, set: u64) -> bool {
        let is_in = |thread: usize| set >> thread & 1 != 0;
        let all_in = |process: usize| {
            (0..self.threads.len()).all(|thread| !self.is_of(thread, process) || is_in(thread))
        };
        (0..64).filter(|thread| is_in(*thread)).all(|thread| {
            let Some(Some(Thread {
                waits: Some((mailbox, need)),
                ..
            })) = self.threads.get(thread)
            else {
                return false;
            };
            let travels = *need == Need::Message && self.in_flight.contains(mailbox);
            let mut holders =
                (0..self.handles.len()).filter(|process| self.holds(*process, *mailbox, *need));
            !travels && holders.all(all_in)
        })
    }

    fn is_of(&self, thread: usize, process: usize) -> bool {
        self.threads[thread]
            .as_ref()
            .is_some_and(|thread| thread.process == process)
    }

    /// All deadlocks together.
    fn largest(&self) -> u64 {
        (0..1 << self.threads.len())
            .filter(|set| self.is_deadlock(*set))
            .fold(0, |union, set| union | set)
    }

    /// The smallest deadlock that a thread is in.
    fn smallest_with(&self, thread: usize) -> u64 {
        (0..1 << self.threads.len())
            .filter(|set| set >> thread & 1 != 0 && self.is_deadlock(*set))
            .min_by_key(|set: &u64| set.count_ones())
            .unwrap_or(0)
    }

    fn find(&self) -> Vec<usize> {
        let mut set = vec![u64::MAX; self.threads.len() / 64 + 1];
        let found = find(self, &mut set);
        let members: Vec<usize> = (0..set.len() * 64)
            .filter(|thread| set[thread / 64] >> (thread % 64) & 1 != 0)
            .collect();
        assert_eq!(found, members.len());
        members
    }
}

fn need() -> impl Strategy<Value = (usize, Need)> {
    let need = prop_oneof![2 => Just(Need::Message), 1 => Just(Need::Room)];
    (0..MAILBOXES, need)
}

/// Worlds in which most threads wait and handles are few, or there would hardly ever be a deadlock.
fn world() -> impl Strategy<Value = World> {
    let thread = (0..PROCESSES, prop::option::weighted(0.85, need()))
        .prop_map(|(process, waits)| Thread { process, waits });
    let threads = prop::collection::vec(prop::option::weighted(0.9, thread), 0..=THREADS);
    let handles = prop::collection::vec(prop::collection::vec(need(), 0..4), PROCESSES);
    let in_flight = prop_oneof![
        3 => Just(Vec::new()),
        1 => prop::collection::vec(0..MAILBOXES, 0..2),
    ];
    (threads, handles, in_flight).prop_map(|(threads, handles, in_flight)| World {
        threads,
        handles,
        in_flight,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn finds_the_union_of_all_deadlocks(world in world(), garbage in any::<[u64; 2]>()) {
        let mut set = garbage;
        let found = find(&world, &mut set);
        prop_assert_eq!(set, [world.largest(), 0]);
        prop_assert_eq!(found, set[0].count_ones() as usize);
        prop_assert!(world.is_deadlock(set[0]), "the union is one itself");
    }

    #[test]
    fn a_component_is_the_smallest_deadlock_with_the_thread(world in world(), thread in 0..THREADS + 60) {
        let mut set = [0];
        find(&world, &mut set);
        let is_member = thread < THREADS && set[0] >> thread & 1 != 0;
        let found = find_component(&world, &mut set, thread);
        prop_assert_eq!(set[0], if is_member { world.smallest_with(thread) } else { 0 });
        prop_assert_eq!(found, set[0].count_ones() as usize);
    }

    #[test]
    fn a_short_set_invents_nothing(world in world(), garbage in any::<[u64; 1]>()) {
        prop_assert_eq!(find(&world, &mut []), 0);
        prop_assert_eq!(find_component(&world, &mut [], 0), 0);
        // Not what the component is for, but it must come to an end.
        find_component(&world, &mut garbage.clone(), 3);
    }
}

/// Philosopher `i` holds the first of two forks and waits for the second. A fork is a mailbox with one message, which is
/// given back by sending it; both neighbours have handles for both directions.
fn dining(philosophers: usize) -> World {
    let fork = |at: usize| at % philosophers;
    World {
        threads: (0..philosophers)
            .map(|at| Thread {
                process: at,
                waits: Some((fork(at + 1), Need::Message)),
            })
            .map(Some)
            .collect(),
        handles: (0..philosophers)
            .map(|at| {
                let both = |fork| [(fork, Need::Message), (fork, Need::Room)];
                [both(fork(at)), both(fork(at + 1))].concat()
            })
            .collect(),
        in_flight: Vec::new(),
    }
}

#[test]
fn dining_philosophers() {
    let mut world = dining(5);
    assert_eq!(world.find(), [0, 1, 2, 3, 4]);

    // One has a deadline, or eats: he will put his forks down.
    if let Some(thread) = &mut world.threads[2] {
        thread.waits = None;
    }
    assert_eq!(world.find(), []);

    // One is gone, and closed his handles: his fork is there no more, and the others wait for each other still.
    world.threads[2] = None;
    world.handles[2].clear();
    assert_eq!(world.find(), [0, 1, 3, 4]);

    // An onlooker who could bring a fork breaks it; one who waits for something that never comes does not.
    let mut world = dining(5);
    world.handles.push(vec![(1, Need::Message)]);
    world.threads.push(Some(Thread {
        process: 5,
        waits: None,
    }));
    assert_eq!(world.find(), []);
    world.threads[5] = Some(Thread {
        process: 5,
        waits: Some((9, Need::Message)),
    });
    world.handles[5].push((9, Need::Message));
    assert_eq!(world.find(), [0, 1, 2, 3, 4, 5]);
    world.in_flight.push(9);
    assert_eq!(world.find(), []);
}

#[test]
fn two_that_fill_each_others_mailboxes() {
    let sender = |process, mailbox| {
        Some(Thread {
            process,
            waits: Some((mailbox, Need::Room)),
        })
    };
    let mut world = World {
        threads: vec![sender(0, 1), sender(1, 0)],
        handles: vec![vec![(0, Need::Room)], vec![(1, Need::Room)]],
        // A send handle under way makes no room.
        in_flight: vec![0, 1],
    };
    assert_eq!(world.find(), [0, 1]);
    // A second thread that runs, in the same process as the receiver, can take a message out.
    world.threads.push(Some(Thread {
        process: 1,
        waits: None,
    }));
    assert_eq!(world.find(), []);
}

#[test]
fn two_deadlocks_are_found_together_and_told_apart() {
    let mut world = dining(6);
    // Threads 0 to 2 around forks 0 to 2, threads 3 to 5 around forks 3 to 5; thread 6 waits for the first three.
    for at in 0..6 {
        let table = at / 3 * 3;
        let next = table + (at + 1) % 3;
        world.handles[at] = vec![(at, Need::Message), (next, Need::Message)];
        if let Some(thread) = &mut world.threads[at] {
            thread.waits = Some((next, Need::Message));
        }
    }
    world.threads.push(Some(Thread {
        process: 6,
        waits: Some((0, Need::Message)),
    }));
    world.handles.push(Vec::new());
    assert_eq!(world.find(), [0, 1, 2, 3, 4, 5, 6]);
    for (thread, members) in [(0, 0b111_u64), (5, 0b11_1000), (6, 0b100_0111)] {
        let mut set = [0];
        find(&world, &mut set);
        assert_eq!(
            find_component(&world, &mut set, thread),
            members.count_ones() as usize
        );
        assert_eq!(set, [members]);
    }
}

/// More threads and processes than are remembered as done: slower, with the same result. Each waits for the one before it, so that what
/// happens to the first reaches the last by as many steps as there are.
#[test]
fn long_chains_come_to_an_end() {
    const LENGTH: usize = 1060;
    let mut world = World {
        threads: (0..LENGTH)
            .map(|at| Thread {
                process: at,
                waits: Some((at, Need::Message)),
            })
            .map(Some)
            .collect(),
        handles: (0..LENGTH)
            .map(|at| vec![((at + LENGTH - 1) % LENGTH, Need::Message)])
            .collect(),
        in_flight: Vec::new(),
    };
    let mut set = vec![0; LENGTH / 64 + 1];
    assert_eq!(find(&world, &mut set), LENGTH);
    assert_eq!(find_component(&world, &mut set, LENGTH - 1), LENGTH);
    assert_eq!(find_component(&world, &mut set, LENGTH), 0);
    for runs in [0, LENGTH - 1] {
        let mut world = world.clone();
        world.threads[runs] = Some(Thread {
            process: runs,
            waits: None,
        });
        assert_eq!(find(&world, &mut set), 0);
    }
    world.in_flight.push(7);
    assert_eq!(find(&world, &mut set), 0);
}
