//! The heap: `alloc` works in every program, in every thread.

use core::alloc::{GlobalAlloc, Layout};
use core::ptr::{NonNull, null_mut};

use abi::syscall::Syscall;
use linked_list_allocator::Heap;

use crate::sync::Mutex;
use crate::syscall::call;

/// By how much the heap grows, at least.
const STEP: usize = 64 << 10;

struct Allocator(Mutex<Heap>);

#[global_allocator]
static ALLOCATOR: Allocator = Allocator(Mutex::new(Heap::empty()));

/// Moves the heap's end up; where it was.
fn grow(bytes: usize) -> Option<usize> {
    let now = call(Syscall::Brk, [0; 4]).ok()?;
    let wanted = now.checked_add(bytes as u64)?;
    let end = call(Syscall::Brk, [wanted, 0, 0, 0]).ok()?;
    (end == wanted).then_some(now as usize)
}

fn allocate(heap: &mut Heap, layout: Layout) -> Option<NonNull<u8>> {
    if let Ok(place) = heap.allocate_first_fit(layout) {
        return Some(place);
    }
    let needed = layout.size() + layout.align() + 64;
    let bytes = needed.checked_next_multiple_of(STEP)?;
    let start = grow(bytes)?;
    if heap.size() == 0 {
        // SAFETY: the kernel has just given this memory to the program, and nobody else has it.
        unsafe { heap.init(start as *mut u8, bytes) };
    } else {
        // SAFETY: nothing but this moves the heap's end, so that the new memory follows the old.
        unsafe { heap.extend(bytes) };
    }
    heap.allocate_first_fit(layout).ok()
}

// SAFETY: the heap hands out each piece of memory once, behind a lock.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        allocate(&mut self.0.lock(), layout).map_or(null_mut(), NonNull::as_ptr)
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        if let Some(place) = NonNull::new(place) {
            // SAFETY: the caller's promise: it came from `alloc` with this layout.
            unsafe { self.0.lock().deallocate(place, layout) };
        }
    }
}
