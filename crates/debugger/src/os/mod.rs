//! What the debugger knows of Fawn: its processes, threads, jobs, mailboxes and queues, read from the kernel's own
//! tables with the help of the layout note in its image. Nothing of it runs in the guest.

mod layout;
mod mailbox;
mod process;
mod schedule;
mod syscall;
mod view;
mod waiting;

pub use layout::{Layout, Name};
pub use mailbox::{MailboxView, MessageView};
pub use process::{Descriptor, JobView, ProcessView, RegionView, ThreadView};
pub use schedule::{Node, Queue};
pub use syscall::{Call, call_name, call_number, describe_call};
pub use view::Fawn;
pub use waiting::{Deadlock, Waits};
