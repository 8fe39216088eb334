// What Swift does not see of the system's library: functions of a variable number of arguments or behind _GNU_SOURCE, and
// the size of what was allocated.
#pragma once

#include <stddef.h>
#include <stdint.h>

/// Makes this process, until it runs another program, one whose memory other processes of its user cannot read (prctl(2)),
/// and of which no core file is written (core(5)).
void clinux_forbid_dumps(void);

/// The number of the mount that an open file was reached by; -1 before Linux 5.8.
int64_t clinux_mount_id(int descriptor);

/// Whether a folder is on a file system that is in memory (tmpfs or ramfs, statfs(2)).
int clinux_is_in_memory(const char *path);

/// `free` and `realloc`, which wipe what they give back: for libraries that copy secrets and let them lie.
void clinux_free(void *memory);
void *clinux_realloc(void *memory, size_t size);

/// Wipes 32 KiB of the stack below the caller, and the vector registers that copies go through.
void clinux_wipe_traces(void);
