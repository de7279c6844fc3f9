//! The frame pool: whoever holds a charge gets a frame, whatever the others do.

use kernel_core::frame::{Account, ChargeError, FrameError, FrameNumber, FramePool, FrameRecord};
use proptest::prelude::*;

const BASE: FrameNumber = FrameNumber(0x8_0000);
const ACCOUNTS: usize = 3;

#[derive(Clone, Debug)]
enum Operation {
    Charge {
        account: usize,
        frames: u64,
    },
    Uncharge {
        account: usize,
        frames: u64,
    },
    Transfer {
        from: usize,
        to: usize,
        frames: u64,
    },
    /// Takes a frame against a charge that is not used up.
    Take {
        account: usize,
    },
    /// Shares another account's frame (fork), if this one has a charge for it.
    Share {
        account: usize,
        pick: usize,
    },
    Release {
        account: usize,
        pick: usize,
    },
}

fn operations() -> impl Strategy<Value = Vec<Operation>> {
    let account = || 0..ACCOUNTS;
    let one = prop_oneof![
        2 => (account(), 0..8u64).prop_map(|(account, frames)| Operation::Charge { account, frames }),
        1 => (account(), 0..8u64).prop_map(|(account, frames)| Operation::Uncharge { account, frames }),
        1 => (account(), account(), 0..5u64).prop_map(|(from, to, frames)| Operation::Transfer { from, to, frames }),
        4 => account().prop_map(|account| Operation::Take { account }),
        2 => (account(), any::<usize>()).prop_map(|(account, pick)| Operation::Share { account, pick }),
        2 => (account(), any::<usize>()).prop_map(|(account, pick)| Operation::Release { account, pick }),
    ];
    prop::collection::vec(one, 0..150)
}

/// The pool and what each account holds: one entry a reference.
struct World<'a> {
    pool: FramePool<'a>,
    accounts: [Account; ACCOUNTS],
    held: [Vec<FrameNumber>; ACCOUNTS],
    reserve: u64,
}

impl World<'_> {
    fn has_unused_charge(&self, account: usize) -> bool {
        (self.held[account].len() as u64) < self.accounts[account].charged
    }

    fn apply(&mut self, operation: &Operation) -> Result<(), TestCaseError> {
        match *operation {
            Operation::Charge { account, frames } => self.charge(account, frames)?,
            Operation::Uncharge { account, frames } => {
                let unused = self.accounts[account].charged - self.held[account].len() as u64;
                let frames = frames.min(unused);
                prop_assert_eq!(
                    self.pool.uncharge(&mut self.accounts[account], frames),
                    frames
                );
            }
            Operation::Transfer { from, to, frames } if from != to => {
                self.transfer(from, to, frames)?
            }
            Operation::Transfer { .. } => {}
            Operation::Take { account } => {
                if self.has_unused_charge(account) {
                    let frame = self.pool.take();
                    prop_assert!(frame.is_ok(), "a charged frame was refused: {frame:?}");
                    let frame = frame.unwrap();
                    prop_assert!(
                        !self.held.iter().flatten().any(|other| *other == frame),
                        "a frame was handed out twice"
                    );
                    self.held[account].push(frame);
                }
            }
            Operation::Share { account, pick } => {
                let all: Vec<_> = self.held.iter().flatten().copied().collect();
                if self.has_unused_charge(account) && !all.is_empty() {
                    let frame = all[pick % all.len()];
                    prop_assert_eq!(self.pool.share(frame), Ok(()));
                    self.held[account].push(frame);
                }
            }
            Operation::Release { account, pick } => {
                if !self.held[account].is_empty() {
                    let pick = pick % self.held[account].len();
                    let frame = self.held[account].swap_remove(pick);
                    let last = !self.held.iter().flatten().any(|other| *other == frame);
                    prop_assert_eq!(self.pool.release(frame), Ok(last));
                }
            }
        }
        self.check()
    }

    fn charge(&mut self, account: usize, frames: u64) -> Result<(), TestCaseError> {
        let before = self.accounts;
        let ordinary: u64 = before
            .iter()
            .filter(|account| !account.privileged)
            .map(|account| account.charged)
            .sum();
        let all: u64 = before.iter().map(|account| account.charged).sum();
        let expected = if before[account].charged + frames > before[account].limit {
            Err(ChargeError::JobLimit)
        } else if all + frames > self.pool.total()
            || !before[account].privileged
                && ordinary + frames > self.pool.total().saturating_sub(self.reserve)
        {
            Err(ChargeError::OutOfFrames)
        } else {
            Ok(())
        };
        prop_assert_eq!(
            self.pool.charge(&mut self.accounts[account], frames),
            expected
        );
        let gained = if expected.is_ok() { frames } else { 0 };
        prop_assert_eq!(
            self.accounts[account].charged,
            before[account].charged + gained
        );
        Ok(())
    }

    /// Moves as many frames as are held, with their charges.
    fn transfer(&mut self, from: usize, to: usize, frames: u64) -> Result<(), TestCaseError> {
        let frames = frames.min(self.held[from].len() as u64);
        let before = self.accounts;
        let (mut source, mut target) = (before[from], before[to]);
        if self.pool.transfer(&mut source, &mut target, frames).is_ok() {
            let kept = self.held[from].len() - frames as usize;
            let moved = self.held[from].split_off(kept);
            self.held[to].extend(moved);
            prop_assert_eq!(source.charged + frames, before[from].charged);
            prop_assert_eq!(target.charged, before[to].charged + frames);
        } else {
            prop_assert_eq!((source, target), (before[from], before[to]));
        }
        (self.accounts[from], self.accounts[to]) = (source, target);
        Ok(())
    }

    fn check(&self) -> Result<(), TestCaseError> {
        prop_assert_eq!(self.pool.check(), Ok(()));
        prop_assert_eq!(
            self.pool.charged(),
            self.accounts
                .iter()
                .map(|account| account.charged)
                .sum::<u64>()
        );
        for frame in self.held.iter().flatten() {
            let holders = self
                .held
                .iter()
                .flatten()
                .filter(|other| *other == frame)
                .count();
            prop_assert_eq!(self.pool.references(*frame) as usize, holders);
        }
        Ok(())
    }
}

proptest! {
    #[test]
    fn a_charge_is_always_honoured(
        ranges in prop::collection::vec((0..40u64, 0..20u64), 1..4),
        reserve in 0..6u64,
        limits in prop::array::uniform3(0..40u64),
        operations in operations(),
    ) {
        let mut records = vec![FrameRecord::default(); 48];
        let mut pool = FramePool::new(&mut records, BASE, reserve);
        let mut owned = std::collections::BTreeSet::new();
        for (start, length) in ranges {
            let wanted: Vec<u64> = (start..start + length).filter(|at| *at < 48).collect();
            let fresh = wanted.iter().filter(|at| !owned.contains(*at)).count() as u64;
            prop_assert_eq!(pool.add_range(FrameNumber(BASE.0 + start), FrameNumber(BASE.0 + start + length)), fresh);
            owned.extend(wanted);
        }
        prop_assert_eq!(pool.total(), owned.len() as u64);
        let accounts = [Account::new(limits[0], false), Account::new(limits[1], false), Account::new(limits[2], true)];
        let mut world = World { pool, accounts, held: Default::default(), reserve };
        for operation in &operations {
            world.apply(operation)?;
        }
        for account in 0..ACCOUNTS {
            while !world.held[account].is_empty() {
                world.apply(&Operation::Release { account, pick: 0 })?;
            }
            let charged = world.accounts[account].charged;
            world.apply(&Operation::Uncharge { account, frames: charged })?;
        }
        prop_assert_eq!((world.pool.in_use(), world.pool.charged()), (0, 0), "the count did not return to where it was");
    }
}

#[test]
fn what_is_not_in_use_is_refused() {
    let mut records = vec![FrameRecord::default(); 4];
    let mut pool = FramePool::new(&mut records, BASE, 0);
    pool.add_range(FrameNumber(0), FrameNumber(BASE.0 + 2));
    assert_eq!(pool.take(), Err(FrameError::Uncharged));
    for number in [0, BASE.0 - 1, BASE.0, BASE.0 + 3, BASE.0 + 4, u64::MAX] {
        assert_eq!(pool.release(FrameNumber(number)), Err(FrameError::NotInUse));
        assert_eq!(pool.share(FrameNumber(number)), Err(FrameError::NotInUse));
    }
    assert_eq!(pool.check(), Ok(()));
}

#[test]
fn the_reserve_is_for_the_privileged() {
    let mut records = vec![FrameRecord::default(); 10];
    let mut pool = FramePool::new(&mut records, BASE, 3);
    pool.add_range(BASE, FrameNumber(BASE.0 + 10));
    let (mut bomb, mut shell) = (Account::new(u64::MAX, false), Account::new(u64::MAX, true));
    assert_eq!(pool.charge(&mut bomb, 8), Err(ChargeError::OutOfFrames));
    assert_eq!(pool.charge(&mut bomb, 7), Ok(()));
    assert_eq!(pool.available(), 0);
    assert_eq!(pool.charge(&mut shell, 3), Ok(()));
    assert_eq!(pool.charge(&mut shell, 1), Err(ChargeError::OutOfFrames));
    assert_eq!(
        pool.charge(&mut shell, u64::MAX),
        Err(ChargeError::JobLimit),
        "no sum wraps around"
    );
}
