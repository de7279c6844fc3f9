//! The fast engine: code is decoded once, kept by physical page, and run by handlers that call on.
//!
//! * [`op`]: a decoded instruction: handler, operands, and how many instructions are left to the
//!   end of its run.
//! * [`page`]: the decoded instructions of one physical page, indexed by halfword.
//! * [`cache`]: all decoded pages, within a fixed budget.
//! * [`build`]: from instructions to decoded runs.
//! * [`handlers`]: what each decoded instruction does.
//! * [`host`]: the few lines that touch guest RAM through host addresses.
//! * [`run`]: entering decoded code and coming back with an exact step count.
//!
//! # How counting works
//! On entering a *run* (a straight line up to a jump or branch) its length is taken off the
//! steps that may still be made. Whoever leaves in the middle knows from its own `left` how
//! many were not made. So each point in the code has its exact step at no cost in between.
//!
//! # Why a handler may call the next
//! In optimised builds the call at a handler's end becomes a jump. Nothing depends on
//! that: a stretch is at most [`super::run`]'s few thousand steps long, and so is the depth.

mod build;
mod cache;
mod handlers;
mod host;
mod op;
mod page;
mod run;

pub use run::Threaded;
