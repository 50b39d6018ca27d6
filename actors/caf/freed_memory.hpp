// What the allocator keeps of freed memory.
#pragma once

namespace pmmc {

/// Gives freed memory back to the system at once: jemalloc keeps its pages for seconds, in case
/// they are wanted again, and where large buffers grow and go it keeps several times their size.
/// Their next use has to get them anew, so this is for rare cases. Nothing happens in a program
/// that has another allocator. Any thread.
void give_freed_memory_back();

} // namespace pmmc
